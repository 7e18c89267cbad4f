#include "overlay/old_envelopes.hpp"

#include <gtest/gtest.h>
#include <set>
#include <string>
#include <vector>

#include "base/limits.hpp"
#include "client/datagram_size.hpp"
#include "wire/gossiperl/codec.hpp"

namespace grapevine::overlay {
namespace {

using namespace wire::gossiperl;

OldEnvelopes envelopes(std::string_view key = "key", std::uint8_t secret = 1) {
    OldEnvelopes::Secret bytes{};
    bytes.fill(secret);
    return {key, bytes};
}
const Letter kEvent{"id", DigestEvent{"member_in", "a", 7}};

TEST(OldEnvelopes, what_is_sealed_opens) {
    OldEnvelopes ours = envelopes();
    const auto letter = envelopes("key", 2).open(ours.seal(kEvent));
    ASSERT_TRUE(letter);
    EXPECT_EQ(letter->id, "id");
    EXPECT_EQ(std::get<DigestEvent>(letter->message), std::get<DigestEvent>(kEvent.message));
}

TEST(OldEnvelopes, counts_what_passes) {
    OldEnvelopes ours = envelopes();
    const Bytes datagram = ours.seal(kEvent);
    (void)ours.open(datagram);
    (void)ours.open(datagram);
    EXPECT_EQ(ours.counters().datagrams_sent, 1U);
    EXPECT_EQ(ours.counters().bytes_sent, datagram.size());
    EXPECT_EQ(ours.counters().datagrams_received, 2U);
    EXPECT_EQ(ours.counters().bytes_received, 2 * datagram.size());
    EXPECT_EQ(ours.counters().dropped_size, 0U);
    EXPECT_EQ(ours.counters().dropped_undecodable, 0U);
}

TEST(OldEnvelopes, a_length_that_no_datagram_has_is_dropped_and_counted) {
    OldEnvelopes ours = envelopes();
    const std::vector<std::size_t> lengths{
        0, 1, 16, 31, 33, 47, kOldDatagramBytesMax, kOldDatagramBytesMax / 16 * 16 + 16};
    for (const std::size_t length : lengths) EXPECT_FALSE(ours.open(Bytes(length))) << length;
    EXPECT_EQ(ours.counters().dropped_size, lengths.size());
    EXPECT_EQ(ours.counters().dropped_undecodable, 0U);
}

TEST(OldEnvelopes, another_key_and_garbage_are_undecodable) {
    OldEnvelopes ours = envelopes();
    EXPECT_FALSE(ours.open(envelopes("another key").seal(kEvent)));
    EXPECT_FALSE(ours.open(Bytes(64)));
    EXPECT_EQ(ours.counters().dropped_undecodable, 2U);
}

TEST(OldEnvelopes, opens_by_the_new_key_once_it_is_set) {
    OldEnvelopes ours = envelopes("old");
    const Bytes old = ours.seal(kEvent);
    ours.set_key("new");
    EXPECT_FALSE(ours.open(old));
    EXPECT_TRUE(ours.open(envelopes("new").seal(kEvent)));
}

TEST(OldEnvelopes, no_iv_comes_twice) {
    OldEnvelopes ours = envelopes();
    std::set<Bytes> ivs;
    for (int i = 0; i < 1000; ++i) {
        const Bytes datagram = ours.seal(kEvent);
        ivs.emplace(datagram.begin(), datagram.begin() + 16);
    }
    EXPECT_EQ(ivs.size(), 1000U);
}

TEST(OldEnvelopes, the_secret_decides_the_ivs) {
    EXPECT_EQ(envelopes("key", 1).seal(kEvent), envelopes("key", 1).seal(kEvent));
    EXPECT_NE(envelopes("key", 1).seal(kEvent), envelopes("key", 2).seal(kEvent));
}

TEST(OldEnvelopes, one_byte_above_what_a_datagram_carries_is_counted) {
    OldEnvelopes ours = envelopes();
    std::size_t size = 48'900;
    const auto letter = [&] { return make_application("id", "order", Bytes(size)); };
    while (client::datagram_bytes(letter()) <= kOldDatagramBytesMax) ++size;
    EXPECT_GT(ours.seal(letter()).size(), kOldDatagramBytesMax);
    EXPECT_EQ(ours.counters().oversize, 1U);
    EXPECT_EQ(ours.counters().datagrams_sent, 0U);
    --size;
    EXPECT_LE(ours.seal(letter()).size(), kOldDatagramBytesMax);
    EXPECT_EQ(ours.counters().oversize, 1U);
    EXPECT_EQ(ours.counters().datagrams_sent, 1U);
}

// What the sessions compute before they answer is what comes out of codec and cipher.
TEST(OldEnvelopes, a_datagram_is_as_long_as_was_foreseen) {
    OldEnvelopes ours = envelopes();
    for (std::size_t length = 0; length < 200; ++length) {
        const std::string text(length, 'x');
        const std::vector<std::string> types(length % 7, text);
        const std::vector<DigestMember> members(length % 5, {text, "127.0.0.1", 6666, 7});
        const std::vector<Letter> letters{
            {"id", DigestAck{"daemon", 7, text, members}},
            {"id", DigestSubscribeAck{7, text, types}},
            {"id", DigestUnsubscribeAck{7, text, types}},
            {text, DigestEvent{"member_in", text, 7}},
            {text, DigestForwardedAck{text, "id", "local"}},
            make_application(text, "order", Bytes(length)),
        };
        for (const Letter& letter : letters) {
            EXPECT_EQ(ours.seal(letter).size(), client::datagram_bytes(letter))
                << payload_type(letter.message) << " " << length;
        }
    }
}

}  // namespace
}  // namespace grapevine::overlay
