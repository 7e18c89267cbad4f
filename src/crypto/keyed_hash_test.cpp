#include "crypto/keyed_hash.hpp"

#include <gtest/gtest.h>
#include <numeric>

#include "base/reader.hpp"

namespace grapevine::crypto {
namespace {

KeyedHash::Key counting_key() {
    KeyedHash::Key key{};
    std::iota(key.begin(), key.end(), std::uint8_t{0});
    return key;
}

Bytes counting(std::size_t size) {
    Bytes bytes(size);
    std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
    return bytes;
}

std::string text(const KeyedHash::Value& value) {
    Bytes bytes;
    Writer writer(bytes);
    writer.integer(value.high);
    writer.integer(value.low);
    return to_hex(bytes);
}

// The vectors of the reference implementation (vectors_siphash128 in vectors.h).
TEST(KeyedHash, gives_the_vectors_of_its_authors) {
    const KeyedHash hash;
    EXPECT_EQ(text(hash(counting_key(), counting(0))), "a3817f04ba25a8e66df67214c7550293");
    EXPECT_EQ(text(hash(counting_key(), counting(1))), "da87c1d86b99af44347659119b22fc45");
    EXPECT_EQ(text(hash(counting_key(), counting(15))), "5493e99933b0a8117e08ec0f97cfc3d9");
}

TEST(KeyedHash, depends_on_the_key_and_not_on_what_was_hashed_before) {
    const KeyedHash hash;
    const auto once = hash(counting_key(), counting(20));
    KeyedHash::Key other = counting_key();
    other[3] ^= 1;
    EXPECT_NE(hash(other, counting(20)), once);
    EXPECT_EQ(hash(counting_key(), counting(20)), once);
}

}  // namespace
}  // namespace grapevine::crypto
