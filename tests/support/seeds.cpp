#include "support/seeds.hpp"

#include <cstdlib>
#include <gtest/gtest.h>
#include <string>

namespace grapevine::testing {

bool is_soak() {
    const char* soak = std::getenv("GRAPEVINE_SOAK");
    return soak != nullptr && std::string(soak) == "1";
}

namespace {

/// A sanitizer looks at the code that runs, which is the same for every seed, and takes ten times
/// as long: a quarter of the seeds is enough for it. The plain build runs them all.
std::uint64_t for_this_build(std::uint64_t count) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return (count + 3) / 4;
#else
    return count;
#endif
}

}  // namespace

void for_each_seed(std::uint64_t quick_count, const std::function<void(std::uint64_t)>& run) {
    std::uint64_t first = 1;
    std::uint64_t last = is_soak() ? 10 * quick_count : for_this_build(quick_count);
    if (const char* only = std::getenv("GRAPEVINE_SEED")) {
        first = last = std::strtoull(only, nullptr, 10);
    }
    const ::testing::TestInfo& test = *::testing::UnitTest::GetInstance()->current_test_info();
    for (std::uint64_t seed = first; seed <= last; ++seed) {
        SCOPED_TRACE("replay: GRAPEVINE_SEED=" + std::to_string(seed) + " <this program> " +
                     "--gtest_filter=" + test.test_suite_name() + "." + test.name());
        run(seed);
        if (::testing::Test::HasFailure()) return;
    }
}

}  // namespace grapevine::testing
