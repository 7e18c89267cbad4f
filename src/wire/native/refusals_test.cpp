#include <functional>
#include <gtest/gtest.h>

#include "wire/native/codec.hpp"
#include "wire/rules.hpp"
#include "wire/testing/samples.hpp"

// What the decoder refuses, and why: each limit at limit + 1, each rule broken once. The bytes are
// written field by field here, because the encoder would assert.
namespace grapevine::wire::native {
namespace {

using Code = Error::Code;
using Fill = std::function<void(Writer&)>;

constexpr std::uint64_t kSomebody = 0x1122334455667788;

Bytes framed(SectionType type, const Fill& fill) {
    Bytes body;
    Writer writer(body);
    fill(writer);
    Bytes bytes;
    Writer frame(bytes);
    frame.integer(static_cast<std::uint8_t>(type));
    frame.sized_bytes(body);
    return bytes;
}

/// "malformed record.name", or "accepted".
std::string verdict(const Bytes& bytes) {
    const auto decoded = decode(bytes);
    if (decoded) return "accepted";
    return std::string(to_string(decoded.error().code)) + " " + std::string(decoded.error().field);
}

std::string verdict(SectionType type, const Fill& fill) {
    return verdict(framed(type, fill));
}

void append(Bytes& out, const Bytes& more) {
    out.insert(out.end(), more.begin(), more.end());
}

// -- Packets --

TEST(Refusals, a_packet_holds_as_many_sections_as_the_limit_says) {
    Bytes bytes;
    for (std::size_t index = 0; index < kSectionsMax; ++index) {
        append(bytes, framed(SectionType::nack, [](Writer& w) { w.integer(std::uint32_t{1}); }));
    }
    EXPECT_EQ(verdict(bytes), "accepted");
    append(bytes, framed(SectionType::nack, [](Writer& w) { w.integer(std::uint32_t{1}); }));
    EXPECT_EQ(verdict(bytes), "over limit packet.sections");
}

TEST(Refusals, skipped_and_padding_sections_count_too) {
    for (const std::uint8_t type : Bytes{0x80, 0x81}) {
        Bytes bytes;
        for (std::size_t index = 0; index <= kSectionsMax; ++index) append(bytes, {type, 0});
        EXPECT_EQ(verdict(bytes), "over limit packet.sections");
    }
}

TEST(Refusals, a_packet_holds_four_pings) {
    Packet packet(kPingsPerDatagramMax, Ping{});
    Bytes bytes = encode(packet);
    EXPECT_EQ(verdict(bytes), "accepted");
    append(bytes, encode({Ping{}}));
    EXPECT_EQ(verdict(bytes), "over limit packet.pings");
}

TEST(Refusals, a_packet_ends_at_its_limit) {
    Bytes bytes;
    pad_to(bytes, kPacketBytesMax);
    EXPECT_EQ(verdict(bytes), "accepted");
    bytes.clear();
    pad_to(bytes, kPacketBytesMax + 1);
    EXPECT_EQ(verdict(bytes), "over limit packet");
}

TEST(Refusals, an_unknown_section_is_skipped_only_if_its_type_says_so) {
    const auto decoded = decode(Bytes{0xff, 2, 'h', 'i', 4, 4, 0, 0, 0, 5});
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->skipped_count, 1U);
    ASSERT_EQ(decoded->packet.size(), 1U);
    EXPECT_EQ(std::get<Nack>(decoded->packet[0]).sequence, ProbeSequence(5));
    EXPECT_EQ(verdict(Bytes{0x7f, 2, 'h', 'i'}), "unsupported section.type");
    EXPECT_EQ(verdict(Bytes{0x00, 0}), "unsupported section.type");
    EXPECT_EQ(verdict(Bytes{30, 0}), "unsupported section.type");
}

TEST(Refusals, a_length_has_one_form_and_lies_about_nothing) {
    EXPECT_EQ(verdict(Bytes{4, 0x84, 0x00, 0, 0, 0, 5}), "malformed section.length");
    EXPECT_EQ(verdict(Bytes{4, 5, 0, 0, 0, 5}), "truncated section.length");
    EXPECT_EQ(verdict(Bytes{4, 0xff, 0xff, 0x03}), "over limit section.length");
    EXPECT_EQ(verdict(Bytes{4, 5, 0, 0, 0, 5, 0}), "malformed section");
    EXPECT_EQ(verdict(Bytes{4, 3, 0, 0, 0}), "truncated nack.sequence");
    EXPECT_EQ(verdict(Bytes{2, 5, 0, 0, 0, 5, 0}), "truncated ack.shift_ms");
}

TEST(Refusals, padding_is_zeros) {
    EXPECT_EQ(verdict(Bytes{0x80, 2, 0, 0}), "accepted");
    EXPECT_EQ(verdict(Bytes{0x80, 2, 0, 1}), "malformed padding");
}

// -- Probes and rumors --

TEST(Refusals, nobody_cannot_be_asked_about) {
    EXPECT_EQ(verdict(SectionType::ping_req,
                      [](Writer& w) {
                          w.integer(std::uint32_t{1});
                          w.integer(std::uint64_t{0});
                      }),
              "malformed ping_req.target");
}

Fill accusation(std::uint64_t member, std::uint8_t status, std::uint64_t accuser,
                std::vector<std::uint64_t> voters = {}) {
    return [=](Writer& w) {
        w.integer(std::uint8_t{2});
        w.integer(member);
        w.integer(std::uint32_t{1});
        w.integer(status);
        w.integer(accuser);
        w.integer(static_cast<std::uint8_t>(voters.size()));
        for (const std::uint64_t voter : voters) {
            w.integer(voter);
            w.integer(std::uint8_t{0});
            w.bytes(Signature{});
        }
    };
}

std::string push_verdict(const Fill& items) {
    return verdict(SectionType::rumor_push, [&](Writer& w) {
        w.integer(std::uint32_t{1});
        items(w);
    });
}

TEST(Refusals, an_accusation_names_two_members_and_says_suspect_or_dead) {
    EXPECT_EQ(push_verdict(accusation(kSomebody, 1, 2)), "accepted");
    EXPECT_EQ(push_verdict(accusation(kSomebody, 2, 2)), "accepted");
    EXPECT_EQ(push_verdict(accusation(kSomebody, 0, 2)), "malformed accusation.status");
    EXPECT_EQ(push_verdict(accusation(kSomebody, 3, 2)), "malformed accusation.status");
    EXPECT_EQ(push_verdict(accusation(kSomebody, 200, 2)), "malformed accusation.status");
    EXPECT_EQ(push_verdict(accusation(0, 1, 2)), "malformed accusation.member");
    EXPECT_EQ(push_verdict(accusation(kSomebody, 1, 0)), "malformed accusation.accuser");
}

TEST(Refusals, votes_come_from_different_members_and_not_from_the_accused) {
    EXPECT_EQ(push_verdict(accusation(kSomebody, 1, 2, {2, 3, 4})), "accepted");
    EXPECT_EQ(push_verdict(accusation(kSomebody, 1, 2, {3})), "accepted") << "not the accuser's";
    EXPECT_EQ(push_verdict(accusation(kSomebody, 1, 2, {2, 3, 4, 5})),
              "over limit accusation.votes");
    EXPECT_EQ(push_verdict(accusation(kSomebody, 1, 2, {2, 3, 2})), "malformed accusation.vote");
    EXPECT_EQ(push_verdict(accusation(kSomebody, 1, 2, {0})), "malformed accusation.vote");
    EXPECT_EQ(push_verdict(accusation(kSomebody, 1, 2, {kSomebody})), "malformed accusation.vote");
    EXPECT_EQ(push_verdict([](Writer& w) {
                  accusation(kSomebody, 1, 2)(w);
                  accusation(kSomebody, 1, 2, {2})(w);
                  accusation(kSomebody, 2, 2)(w);
              }),
              "accepted")
        << "items follow upon votes";
}

TEST(Refusals, a_push_has_one_item_at_least_and_known_ones_only) {
    EXPECT_EQ(push_verdict([](Writer&) {}), "malformed rumor_push.items");
    EXPECT_EQ(push_verdict([](Writer& w) { w.integer(std::uint8_t{5}); }),
              "unsupported rumor_push.item");
    EXPECT_EQ(push_verdict([](Writer& w) { w.integer(std::uint8_t{0xff}); }),
              "unsupported rumor_push.item");
}

TEST(Refusals, a_push_has_as_many_items_as_feedback_has_bits) {
    // An empty delta is the smallest item: 14 bytes, so that 65 fit a packet.
    const auto items = [](std::size_t count) {
        return [=](Writer& w) {
            for (std::size_t index = 0; index < count; ++index) {
                w.integer(std::uint8_t{3});
                w.integer(kSomebody);
                for (int field = 0; field < 5; ++field) w.integer(std::uint8_t{0});
            }
        };
    };
    EXPECT_EQ(push_verdict(items(kRumorsPerPushMax)), "accepted");
    EXPECT_EQ(push_verdict(items(kRumorsPerPushMax + 1)), "over limit rumor_push.items");
}

TEST(Refusals, a_record_in_a_push_is_no_longer_than_a_record_can_be) {
    EXPECT_EQ(push_verdict([](Writer& w) {
                  w.integer(std::uint8_t{1});
                  w.sized_bytes(Bytes(kEncodedRecordBytesMax + 1));
              }),
              "over limit rumor_push.record");
}

// -- Deltas --

struct RawItem {
    std::uint64_t version = 1;
    std::string key = "key";
    std::uint64_t mark = 1;  ///< 0: a tombstone; otherwise one more than the value's length.
};

std::string delta_verdict(std::uint64_t member, std::uint8_t flags, std::uint64_t from,
                          std::uint64_t to, const std::vector<RawItem>& items) {
    return verdict(SectionType::state_delta, [&](Writer& w) {
        w.integer(member);
        w.integer(flags);
        w.varint(from);
        w.varint(to);
        w.varint(0);
        w.varint(items.size());
        for (const RawItem& item : items) {
            w.varint(item.version);
            w.sized_text(item.key);
            w.varint(item.mark);
            if (item.mark > 1) w.bytes(Bytes(item.mark - 1, 'v'));
        }
    });
}

TEST(Refusals, a_delta_climbs_from_its_lower_bound_to_its_upper) {
    EXPECT_EQ(delta_verdict(kSomebody, 1, 3, 5, {{4}, {5}}), "accepted");
    EXPECT_EQ(delta_verdict(kSomebody, 0, 3, 3, {}), "accepted");
    EXPECT_EQ(delta_verdict(0, 0, 3, 5, {{4}}), "malformed state_delta.member");
    EXPECT_EQ(delta_verdict(kSomebody, 2, 3, 5, {{4}}), "malformed state_delta.flags");
    EXPECT_EQ(delta_verdict(kSomebody, 0, 5, 3, {}), "malformed state_delta.to");
    EXPECT_EQ(delta_verdict(kSomebody, 0, 3, 5, {{3}}), "malformed state_item.version");
    EXPECT_EQ(delta_verdict(kSomebody, 0, 3, 5, {{6}}), "malformed state_item.version");
    EXPECT_EQ(delta_verdict(kSomebody, 0, 3, 5, {{5}, {4}}), "malformed state_item.version");
    EXPECT_EQ(delta_verdict(kSomebody, 0, 3, 5, {{4}, {4}}), "malformed state_item.version");
    EXPECT_EQ(delta_verdict(kSomebody, 0, 0, 5, {{0}}), "malformed state_item.version");
}

TEST(Refusals, keys_and_values_of_a_delta_have_limits) {
    EXPECT_EQ(delta_verdict(kSomebody, 0, 0, 1, {{1, std::string(kRecordKeyBytesMax, 'k')}}),
              "accepted");
    EXPECT_EQ(delta_verdict(kSomebody, 0, 0, 1, {{1, std::string(kRecordKeyBytesMax + 1, 'k')}}),
              "over limit state_item.key");
    EXPECT_EQ(delta_verdict(kSomebody, 0, 0, 1, {{1, ""}}), "malformed state_item.key");
    EXPECT_EQ(delta_verdict(kSomebody, 0, 0, 1, {{1, "a\nb"}}), "malformed state_item.key");
    EXPECT_EQ(delta_verdict(kSomebody, 0, 0, 1, {{1, "k", kRecordValueBytesMax + 1}}), "accepted");
    EXPECT_EQ(delta_verdict(kSomebody, 0, 0, 1, {{1, "k", kRecordValueBytesMax + 2}}),
              "over limit state_item.value");
    EXPECT_EQ(delta_verdict(kSomebody, 0, 0, 1, {{1, "k", 0}}), "accepted");
}

TEST(Refusals, a_count_is_not_believed_before_its_items_are_seen) {
    EXPECT_EQ(verdict(SectionType::state_delta,
                      [](Writer& w) {
                          w.integer(kSomebody);
                          w.integer(std::uint8_t{0});
                          for (int field = 0; field < 3; ++field) w.varint(0);
                          w.varint(UINT64_MAX);
                      }),
              "truncated state_delta.items");
}

// -- Anti-entropy --

TEST(Refusals, a_bucket_that_is_listed_is_not_zero) {
    const auto digest = [](std::uint64_t bucket) {
        return verdict(SectionType::sync_digest, [=](Writer& w) {
            w.integer(std::uint64_t{4});
            w.integer(bucket);
        });
    };
    EXPECT_EQ(digest(1), "accepted");
    EXPECT_EQ(digest(0), "malformed sync_digest.bucket");
}

std::string entries_verdict(std::uint8_t bucket, std::uint64_t after, std::uint64_t up_to,
                            const std::vector<std::uint64_t>& members,
                            std::uint64_t incarnation = 1) {
    return verdict(SectionType::sync_entries, [&](Writer& w) {
        w.integer(bucket);
        w.integer(after);
        w.integer(up_to);
        for (const std::uint64_t member : members) {
            w.integer(member);
            w.varint(incarnation);
            w.varint(0);
            w.varint(1);
        }
    });
}

TEST(Refusals, entries_climb_within_their_range) {
    EXPECT_EQ(entries_verdict(63, 10, 20, {11, 20}), "accepted");
    EXPECT_EQ(entries_verdict(63, 10, 10, {}), "accepted");
    EXPECT_EQ(entries_verdict(kSyncBuckets, 10, 20, {}), "malformed sync_entries.bucket");
    EXPECT_EQ(entries_verdict(0, 20, 10, {}), "malformed sync_entries.up_to");
    EXPECT_EQ(entries_verdict(0, 10, 20, {10}), "malformed sync_entry.member");
    EXPECT_EQ(entries_verdict(0, 10, 20, {21}), "malformed sync_entry.member");
    EXPECT_EQ(entries_verdict(0, 10, 20, {12, 12}), "malformed sync_entry.member");
    EXPECT_EQ(entries_verdict(0, 10, 20, {13, 12}), "malformed sync_entry.member");
    EXPECT_EQ(entries_verdict(0, 10, 20, {13}, std::uint64_t{1} << 32),
              "over limit sync_entry.incarnation");
}

TEST(Refusals, a_pull_asks_for_somebody) {
    const auto pull = [](std::uint64_t member, std::uint8_t flags) {
        return verdict(SectionType::sync_pull, [=](Writer& w) {
            w.integer(member);
            w.integer(flags);
            w.varint(0);
            w.varint(0);
        });
    };
    EXPECT_EQ(pull(kSomebody, 1), "accepted");
    EXPECT_EQ(pull(kSomebody, 2), "malformed sync_pull.flags");
    EXPECT_EQ(pull(0, 1), "malformed sync_pull.member");
    EXPECT_EQ(verdict(SectionType::sync_pull, [](Writer&) {}), "malformed sync_pull.items");
}

// -- Events --

struct RawFragment {
    std::uint64_t publisher = kSomebody;
    std::uint64_t sequence = 1;
    std::string topic = "t";
    std::uint64_t total = 0;
    std::uint64_t index = 0;
    std::size_t payload = 0;
    std::uint8_t flags = 0;
    std::uint64_t channel = 0;
};

std::string fragment_verdict(const RawFragment& raw) {
    return verdict(SectionType::event_fragment, [&](Writer& w) {
        w.integer(raw.publisher);
        w.integer(std::uint32_t{1});
        w.varint(raw.channel);
        w.varint(raw.sequence);
        w.integer(std::uint64_t{0});
        w.sized_text(raw.topic);
        w.integer(raw.flags);
        w.integer(std::uint8_t{255});
        w.varint(raw.total);
        w.varint(raw.index);
        w.bytes(Bytes(raw.payload, 'p'));
    });
}

TEST(Refusals, an_event_has_a_publisher_a_number_and_a_topic) {
    EXPECT_EQ(fragment_verdict({}), "accepted");
    EXPECT_EQ(fragment_verdict({.publisher = 0}), "malformed event.publisher");
    EXPECT_EQ(fragment_verdict({.sequence = 0}), "malformed event.sequence");
    EXPECT_EQ(fragment_verdict({.topic = ""}), "malformed event.topic");
    EXPECT_EQ(fragment_verdict({.topic = "a\x7f"}), "malformed event.topic");
    EXPECT_EQ(fragment_verdict({.topic = std::string(kTopicBytesMax, 't')}), "accepted");
    EXPECT_EQ(fragment_verdict({.topic = std::string(kTopicBytesMax + 1, 't')}),
              "over limit event.topic");
}

TEST(Refusals, an_event_has_two_flags_and_a_channel_of_32_bits) {
    EXPECT_EQ(fragment_verdict({.flags = 3, .channel = UINT32_MAX}), "accepted");
    EXPECT_EQ(fragment_verdict({.flags = 4}), "unsupported event.flags");
    EXPECT_EQ(fragment_verdict({.channel = std::uint64_t{UINT32_MAX} + 1}),
              "over limit event.stream");
}

TEST(Refusals, a_fragment_has_the_length_that_its_place_demands) {
    const std::uint64_t two = kFragmentBytesMax + 10;
    EXPECT_EQ(fragment_verdict({.total = two, .index = 0, .payload = kFragmentBytesMax}),
              "accepted");
    EXPECT_EQ(fragment_verdict({.total = two, .index = 1, .payload = 10}), "accepted");
    EXPECT_EQ(fragment_verdict({.total = two, .index = 1, .payload = 9}),
              "malformed event.payload");
    EXPECT_EQ(fragment_verdict({.total = two, .index = 1, .payload = 11}),
              "malformed event.payload");
    EXPECT_EQ(fragment_verdict({.total = two, .index = 0, .payload = 10}),
              "malformed event.payload");
    EXPECT_EQ(fragment_verdict({.total = two, .index = 2, .payload = 0}), "malformed event.index");
    EXPECT_EQ(fragment_verdict({.total = 0, .index = 0, .payload = 1}), "malformed event.payload");
    EXPECT_EQ(fragment_verdict({.total = 0, .index = 1}), "malformed event.index");
}

TEST(Refusals, the_largest_event_is_one_mebibyte) {
    const std::size_t last = kEventPayloadBytesMax - (kFragmentsMax - 1) * kFragmentBytesMax;
    EXPECT_EQ(fragment_verdict(
                  {.total = kEventPayloadBytesMax, .index = kFragmentsMax - 1, .payload = last}),
              "accepted");
    EXPECT_EQ(fragment_verdict({.total = kEventPayloadBytesMax + 1}),
              "over limit event.total_bytes");
    EXPECT_EQ(fragment_verdict({.total = kEventPayloadBytesMax, .index = kFragmentsMax}),
              "over limit event.index");
}

TEST(Refusals, a_frontier_is_a_range_or_empty) {
    const auto frontier = [](std::uint64_t publisher, std::uint64_t lowest, std::uint64_t highest,
                             std::uint8_t flags = 0) {
        return verdict(SectionType::event_frontier, [=](Writer& w) {
            w.integer(flags);
            w.integer(publisher);
            w.integer(std::uint32_t{1});
            w.varint(0);
            w.varint(lowest);
            w.varint(highest);
        });
    };
    EXPECT_EQ(frontier(kSomebody, 3, 9), "accepted");
    EXPECT_EQ(frontier(kSomebody, 10, 9), "accepted") << "nothing retained";
    EXPECT_EQ(frontier(kSomebody, 1, 0), "accepted") << "nothing published";
    EXPECT_EQ(frontier(kSomebody, UINT64_MAX, UINT64_MAX), "accepted");
    EXPECT_EQ(frontier(kSomebody, 11, 9), "malformed event_frontier.lowest");
    EXPECT_EQ(frontier(kSomebody, 0, 9), "malformed event_frontier.lowest");
    EXPECT_EQ(frontier(0, 3, 9), "malformed event_frontier.publisher");
    EXPECT_EQ(frontier(kSomebody, 3, 9, 2), "malformed event_frontier.flags");
    EXPECT_EQ(verdict(SectionType::event_frontier, [](Writer& w) { w.integer(std::uint8_t{1}); }),
              "accepted")
        << "a question without an offer";
}

using RawRange = std::array<std::uint64_t, 4>;

std::string request_verdict(std::uint64_t publisher, const std::vector<RawRange>& ranges) {
    return verdict(SectionType::event_request, [&](Writer& w) {
        w.integer(publisher);
        w.integer(std::uint32_t{1});
        w.varint(0);
        for (const RawRange& range : ranges) {
            for (const std::uint64_t field : range) w.varint(field);
        }
    });
}

TEST(Refusals, a_request_names_whole_events_or_parts_of_one) {
    EXPECT_EQ(request_verdict(kSomebody, {{1, 9, 0, 0}, {4, 4, 3, 2}}), "accepted");
    EXPECT_EQ(request_verdict(0, {{1, 9, 0, 0}}), "malformed event_request.publisher");
    EXPECT_EQ(request_verdict(kSomebody, {}), "malformed event_request.ranges");
    EXPECT_EQ(request_verdict(kSomebody, {{0, 9, 0, 0}}), "malformed event_request.first");
    EXPECT_EQ(request_verdict(kSomebody, {{9, 8, 0, 0}}), "malformed event_request.last");
    EXPECT_EQ(request_verdict(kSomebody, {{1, 9, 0, 1}}), "malformed event_request.last");
    EXPECT_EQ(request_verdict(kSomebody, {{1, 1, 1, 0}}), "malformed event_request.fragment_first");
    EXPECT_EQ(request_verdict(kSomebody, {{1, 1, 0, kFragmentsMax}}), "accepted");
    EXPECT_EQ(request_verdict(kSomebody, {{1, 1, 1, kFragmentsMax}}),
              "over limit event_request.fragment_count");
    EXPECT_EQ(request_verdict(kSomebody, {{1, 1, 0, kFragmentsMax + 1}}),
              "over limit event_request.fragment_count");
    EXPECT_EQ(request_verdict(kSomebody, {{1, 1, kFragmentsMax + 1, 1}}),
              "over limit event_request.fragment_first");
}

TEST(Refusals, a_request_has_thirty_two_ranges) {
    std::vector<RawRange> ranges(kRequestRangesMax, RawRange{1, 1, 0, 0});
    EXPECT_EQ(request_verdict(kSomebody, ranges), "accepted");
    ranges.push_back({1, 1, 0, 0});
    EXPECT_EQ(request_verdict(kSomebody, ranges), "over limit event_request.ranges");
}

}  // namespace
}  // namespace grapevine::wire::native
