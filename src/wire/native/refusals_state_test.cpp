#include <functional>
#include <gtest/gtest.h>

#include "wire/native/codec.hpp"
#include "wire/rules.hpp"
#include "wire/size.hpp"

// What the decoder refuses in the sections about shared state (FORMAT.md, 6.24 and 6.25): each
// limit at limit + 1, each rule broken once. The bytes are written field by field, because the
// encoder would assert.
namespace grapevine::wire::native {
namespace {

using Fill = std::function<void(Writer&)>;

constexpr std::uint8_t kFine = 8;
constexpr std::uint8_t kEnd = 16;
constexpr std::uint8_t kFingerprint = 1;
constexpr std::uint8_t kIds = 2;
constexpr std::uint8_t kAsk = 3;
constexpr std::uint8_t kEqual = 4;
constexpr std::uint8_t kCounted = 5;

/// "malformed state.bound", or "accepted".
std::string verdict(SectionType type, const Fill& fill) {
    Bytes body;
    Writer writer(body);
    fill(writer);
    Bytes bytes;
    Writer frame(bytes);
    frame.integer(static_cast<std::uint8_t>(type));
    frame.sized_bytes(body);
    const auto decoded = decode(bytes);
    if (decoded) return "accepted";
    return std::string(to_string(decoded.error().code)) + " " + std::string(decoded.error().field);
}

/// A section whose lower bound is 0.
std::string ranges_verdict(const Fill& ranges, std::uint8_t is_reply = 0, std::uint64_t total = 1) {
    return verdict(SectionType::state_ranges, [&](Writer& w) {
        w.integer(std::uint32_t{9});
        w.integer(is_reply);
        w.varint(total);
        w.bytes(Bytes{0, 0});
        ranges(w);
    });
}

/// One range with a bound of this form.
std::string bound_verdict(const Bytes& bound) {
    return ranges_verdict([&](Writer& w) { w.bytes(bound); });
}

void write_ids(Writer& w, std::size_t count) {
    w.varint(count);
    for (std::size_t index = 0; index < count; ++index) w.integer(std::uint64_t{index});
}

TEST(Refusals, a_comparison_has_one_to_128_ranges) {
    const auto verdict_of = [](std::size_t count) {
        return ranges_verdict([=](Writer& w) {
            for (std::size_t index = 0; index < count; ++index) w.bytes(Bytes{0, 1});
        });
    };
    EXPECT_EQ(verdict_of(0), "malformed state_ranges.ranges");
    EXPECT_EQ(verdict_of(1), "accepted");
    EXPECT_EQ(verdict_of(kStateRangesMax), "accepted");
    EXPECT_EQ(verdict_of(kStateRangesMax + 1), "over limit state_ranges.ranges");
}

TEST(Refusals, a_member_has_no_more_entries_than_the_limit_says) {
    const auto verdict_of = [](std::uint64_t total) {
        return ranges_verdict([](Writer& w) { w.integer(kEnd); }, 0, total);
    };
    EXPECT_EQ(verdict_of(kStateCellsMax), "accepted");
    EXPECT_EQ(verdict_of(kStateCellsMax + 1), "over limit state_ranges.total");
}

TEST(Refusals, a_comparison_is_a_request_or_a_reply) {
    const Fill to_the_end = [](Writer& w) { w.integer(kEnd); };
    EXPECT_EQ(ranges_verdict(to_the_end, 1), "accepted");
    EXPECT_EQ(ranges_verdict(to_the_end, 2), "malformed state_ranges.flags");
}

TEST(Refusals, answers_stand_in_replies_and_asks_in_requests) {
    const Fill list = [](Writer& w) {
        w.integer(static_cast<std::uint8_t>(kEnd | kIds));
        write_ids(w, 1);
    };
    const auto sum = [](std::uint8_t kind, const Bytes& count) {
        return [=](Writer& w) {
            w.integer(static_cast<std::uint8_t>(kEnd | kind));
            w.bytes(Bytes(16, 7));
            w.bytes(count);
        };
    };
    EXPECT_EQ(ranges_verdict(sum(kFingerprint, {}), 0), "accepted");
    EXPECT_EQ(ranges_verdict(sum(kFingerprint, {}), 1), "malformed state_ranges.kind");
    EXPECT_EQ(ranges_verdict(sum(kCounted, {1}), 1), "accepted");
    EXPECT_EQ(ranges_verdict(sum(kCounted, {1}), 0), "malformed state_ranges.kind");
    const Fill ask = [](Writer& w) { w.integer(static_cast<std::uint8_t>(kEnd | kAsk)); };
    const Fill equal = [](Writer& w) { w.integer(static_cast<std::uint8_t>(kEnd | kEqual)); };
    EXPECT_EQ(ranges_verdict(equal, 1), "accepted");
    EXPECT_EQ(ranges_verdict(equal, 0), "malformed state_ranges.kind");
    EXPECT_EQ(ranges_verdict(list, 1), "accepted");
    EXPECT_EQ(ranges_verdict(list, 0), "malformed state_ranges.kind");
    EXPECT_EQ(ranges_verdict(ask, 0), "accepted");
    EXPECT_EQ(ranges_verdict(ask, 1), "malformed state_ranges.kind");
}

TEST(Refusals, a_range_lists_128_ids) {
    const auto verdict_of = [](std::size_t count) {
        return ranges_verdict(
            [=](Writer& w) {
                w.integer(static_cast<std::uint8_t>(kEnd | kIds));
                write_ids(w, count);
            },
            1);
    };
    EXPECT_EQ(verdict_of(0), "accepted");
    EXPECT_EQ(verdict_of(kStateIdsMax), "accepted");
    EXPECT_EQ(verdict_of(kStateIdsMax + 1), "over limit state.ids");
}

TEST(Refusals, a_range_counts_no_more_entries_than_the_limit_says) {
    const auto verdict_of = [](std::uint64_t count) {
        return ranges_verdict(
            [=](Writer& w) {
                w.integer(static_cast<std::uint8_t>(kEnd | kCounted));
                w.bytes(Bytes(16, 7));
                w.varint(count);
            },
            1);
    };
    EXPECT_EQ(verdict_of(kStateCellsMax), "accepted");
    EXPECT_EQ(verdict_of(kStateCellsMax + 1), "over limit state.count");
}

TEST(Refusals, what_a_range_says_is_there_whole) {
    EXPECT_EQ(ranges_verdict([](Writer& w) {
                  w.integer(static_cast<std::uint8_t>(kEnd | kFingerprint));
                  w.integer(std::uint64_t{1});
                  w.integer(std::uint32_t{1});
              }),
              "truncated state.fingerprint");
    EXPECT_EQ(ranges_verdict(
                  [](Writer& w) {
                      w.integer(static_cast<std::uint8_t>(kEnd | kIds));
                      w.varint(2);
                      w.integer(std::uint64_t{1});
                  },
                  1),
              "truncated state.ids");
}

TEST(Refusals, bounds_climb) {
    EXPECT_EQ(bound_verdict({0, 0}), "malformed state.bound") << "the lower bound again";
    EXPECT_EQ(bound_verdict({kFine, 0, 1, 0}), "accepted");
    EXPECT_EQ(bound_verdict({kFine, 0, 7, 0, kFine, 0, 8, 0}), "accepted");
    EXPECT_EQ(bound_verdict({kFine, 0, 7, 0, kFine, 0, 7, 0}), "malformed state.bound");
    EXPECT_EQ(bound_verdict({kFine, 0, 7, 0, kFine, 0, 6, 0}), "malformed state.bound");
    EXPECT_EQ(bound_verdict({kFine, 0, 7, 1, 9, kFine, 0, 7, 1, 8}), "malformed state.bound");
    EXPECT_EQ(bound_verdict({kFine, 1, 7, 0, 0, 0}), "malformed state.bound");
}

TEST(Refusals, nothing_follows_the_end) {
    EXPECT_EQ(bound_verdict({0, 5, kEnd}), "accepted");
    EXPECT_EQ(bound_verdict({kEnd, kEnd}), "malformed section");
    EXPECT_EQ(bound_verdict({kEnd, 0, 5}), "malformed section");
}

TEST(Refusals, a_bound_has_one_form) {
    EXPECT_EQ(bound_verdict({0x20, 1}), "malformed state.bound") << "unknown bit";
    EXPECT_EQ(bound_verdict({6, 1}), "malformed state.bound") << "unknown kind";
    EXPECT_EQ(bound_verdict({kEnd | kFine, 1, 1, 0}), "malformed state.bound");
    EXPECT_EQ(bound_verdict({kFine, 1, 0, 0}), "malformed state.bound") << "whole milliseconds";
    EXPECT_EQ(bound_verdict({kFine, 1, 0, 1, 0}), "malformed state.bound") << "zero at the end";
    EXPECT_EQ(bound_verdict({kFine, 1, 0, 2, 0, 1}), "accepted");
    EXPECT_EQ(bound_verdict({kFine, 1, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8}), "accepted");
    EXPECT_EQ(bound_verdict({kFine, 1, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9}), "malformed state.bound");
    EXPECT_EQ(bound_verdict({kFine, 1, 0, 3, 1, 2}), "truncated state.bound");
    EXPECT_EQ(bound_verdict({kFine, 1, 0xff, 0xff, 0x03, 0}), "accepted");
    EXPECT_EQ(bound_verdict({kFine, 1, 0x80, 0x80, 0x04, 0}), "over limit state.bound");
}

TEST(Refusals, a_bound_lies_in_the_48_bits_of_time) {
    // 2^48 - 1 and 2^48, and the last of stamps, which only the end has.
    const Bytes last = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f};
    const auto with = [&](std::uint8_t head, const Bytes& milliseconds, const Bytes& rest) {
        Bytes bound{head};
        bound.insert(bound.end(), milliseconds.begin(), milliseconds.end());
        bound.insert(bound.end(), rest.begin(), rest.end());
        return bound_verdict(bound);
    };
    EXPECT_EQ(with(0, last, {}), "accepted");
    EXPECT_EQ(with(0, {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40}, {}), "over limit state.bound");
    EXPECT_EQ(with(0, last, {0, 1}), "over limit state.bound") << "the sum counts";
    EXPECT_EQ(with(kFine, last, {0xfe, 0xff, 0x03, 1, 5}), "accepted");
    EXPECT_EQ(with(kFine, last, {0xff, 0xff, 0x03, 0}), "malformed state.bound");
    EXPECT_EQ(with(kFine, last, {0xff, 0xff, 0x03, 1, 5}), "malformed state.bound");
}

TEST(Refusals, the_lower_bound_is_of_no_range) {
    const auto verdict_of = [](const Bytes& lower) {
        return verdict(SectionType::state_want, [&](Writer& w) {
            w.bytes(lower);
            w.bytes(Bytes{kEnd | kIds, 1, 0, 0, 0, 0, 0, 0, 0, 1});
        });
    };
    EXPECT_EQ(verdict_of({0, 5}), "accepted");
    EXPECT_EQ(verdict_of({kFine, 5, 1, 0}), "accepted");
    EXPECT_EQ(verdict_of({kAsk, 5}), "malformed state.bound");
    EXPECT_EQ(verdict_of({kEnd}), "malformed state.bound");
}

TEST(Refusals, a_want_has_ids_and_skips) {
    const auto verdict_of = [](const Bytes& range) {
        return verdict(SectionType::state_want, [&](Writer& w) {
            w.bytes(Bytes{0, 0});
            w.bytes(range);
        });
    };
    EXPECT_EQ(verdict_of({kEnd}), "accepted");
    EXPECT_EQ(verdict_of({}), "malformed state_want.ranges");
    EXPECT_EQ(verdict_of({kEnd | kIds, 0}), "malformed state_want.ids");
    EXPECT_EQ(verdict_of({kEnd | kAsk}), "malformed state_want.kind");
    EXPECT_EQ(verdict_of({kEnd | kEqual}), "malformed state_want.kind");
    EXPECT_EQ(ranges_verdict([](Writer& w) { w.integer(kEnd); }), "accepted") << "only a skip";
    Bytes fingerprint(17, 0);
    fingerprint[0] = kEnd | kFingerprint;
    EXPECT_EQ(verdict_of(fingerprint), "malformed state_want.kind");
    Bytes many;
    for (std::size_t index = 0; index <= kStateRangesMax; ++index) {
        many.insert(many.end(), {0, 1});
    }
    EXPECT_EQ(verdict_of(many), "over limit state_want.ranges");
}

}  // namespace
}  // namespace grapevine::wire::native
