#include "client/uuid.hpp"

#include <gtest/gtest.h>

namespace grapevine::client {
namespace {

TEST(Uuid, has_the_form_of_version_4) {
    EXPECT_EQ(uuid_text(std::array<std::uint8_t, 16>{}), "00000000-0000-4000-8000-000000000000");
    std::array<std::uint8_t, 16> bits{};
    bits.fill(0xff);
    EXPECT_EQ(uuid_text(bits), "ffffffff-ffff-4fff-bfff-ffffffffffff");
}

TEST(Uuid, keeps_the_other_bits_in_order) {
    EXPECT_EQ(uuid_text({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}),
              "00010203-0405-4607-8809-0a0b0c0d0e0f");
}

TEST(Uuid, of_random_bits_differ) {
    Random random(1);
    const std::string first = uuid_text(random);
    EXPECT_EQ(first.size(), 36U);
    EXPECT_NE(first, uuid_text(random));
}

}  // namespace
}  // namespace grapevine::client
