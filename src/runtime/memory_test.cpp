#include "runtime/memory.hpp"

#include <algorithm>
#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace grapevine::runtime {
namespace {

/// Resident kilobytes that have a file behind them.
long resident_file_kilobytes() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("RssFile:")) return std::stol(line.substr(8));
    }
    return -1;
}

TEST(StartupMemory, IsSmallerAfterItsRelease) {
    const long before = resident_file_kilobytes();
    release_startup_memory();
    EXPECT_LT(resident_file_kilobytes(), before);
}

TEST(StartupMemory, CodeThatWasReleasedStillRuns) {
    std::vector<int> numbers(1000);
    int next = 0;
    std::generate(numbers.begin(), numbers.end(), [&next] { return next++ * 7919 % 1000; });
    release_startup_memory();
    std::sort(numbers.begin(), numbers.end());
    EXPECT_EQ(numbers.front(), 0);
    EXPECT_EQ(numbers.back(), 999);
    EXPECT_THROW(std::stol("none"), std::invalid_argument);
}

}  // namespace
}  // namespace grapevine::runtime
