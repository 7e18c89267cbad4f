#include "daemon/overlay_spec.hpp"

#include <gtest/gtest.h>

namespace grapevine::daemon {
namespace {

TEST(OverlaySpec, seeds_as_people_write_them_are_accepted) {
    for (const char* seed : {"10.0.0.5:9471", "[::1]:1", "seed.example.org:65535", "host:9471"}) {
        EXPECT_TRUE(check_seed(seed)) << seed;
    }
}

TEST(OverlaySpec, what_cannot_be_a_seed_is_refused_with_the_form_that_can) {
    for (const char* seed : {"", "host", "host:", ":9471", "host:0", "host:65536", "host:94x",
                             "::1:9471", "[::1:9471", "ho st:1", "http://host:1", "10.0.0:1"}) {
        const auto outcome = check_seed(seed);
        ASSERT_FALSE(outcome) << seed;
        EXPECT_EQ(outcome.error().field, "seeds");
        EXPECT_NE(outcome.error().cure.find("HOST:PORT"), std::string::npos);
    }
}

TEST(OverlaySpec, a_seed_is_as_long_as_a_host_name_can_be_and_no_longer) {
    EXPECT_TRUE(check_seed(std::string(256, 'a') + ":65535"));
    EXPECT_FALSE(check_seed(std::string(257, 'a') + ":65535"));
}

}  // namespace
}  // namespace grapevine::daemon
