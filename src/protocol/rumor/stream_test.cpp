#include "protocol/rumor/stream.hpp"

#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "base/limits.hpp"

namespace grapevine::protocol {
namespace {

constexpr wire::StreamId kStream{MemberId{7}, Epoch{1}};

wire::EventFragment fragment(std::uint64_t sequence, std::size_t total, std::uint16_t index = 0,
                             std::string topic = "t") {
    const std::size_t size = fragment_bytes_of(total, index);
    auto bytes = std::make_shared<const Bytes>(size, static_cast<std::uint8_t>(index));
    return {kStream,
            EventSequence{sequence},
            WallTime{1},
            std::move(topic),
            static_cast<std::uint32_t>(total),
            index,
            fragment_count_of(total),
            {bytes, 0, size}};
}

struct Fixture {
    Stream stream{kStream, 1, Stream::Start::told};
    Load load;

    Stream::Verdict feed(const wire::EventFragment& part) {
        Stream::Completed completed;
        EXPECT_TRUE(stream.learn(part.sequence.value()));
        return stream.accept(part, kNobody, load, completed);
    }
    /// "1 2 [3-5] 6": deliveries and gaps in the order in which they are told.
    std::string take() {
        std::string told;
        while (auto ready = stream.take(load)) {
            if (!told.empty()) told += ' ';
            if (const auto* event = std::get_if<SharedEvent>(&*ready)) {
                told += std::to_string((*event)->sequence.value());
            } else {
                const auto& lost = std::get<Stream::Lost>(*ready);
                told += '[' + std::to_string(lost.first) + '-' + std::to_string(lost.last) + ']';
            }
        }
        stream.check_invariants();
        return told;
    }
};

using Verdict = Stream::Verdict;

TEST(Fragments, cover_an_event_with_nothing_over) {
    EXPECT_EQ(fragment_count_of(0), 1);
    EXPECT_EQ(fragment_bytes_of(0, 0), 0U);
    EXPECT_EQ(fragment_count_of(kFragmentBytesMax), 1);
    EXPECT_EQ(fragment_count_of(kFragmentBytesMax + 1), 2);
    EXPECT_EQ(fragment_bytes_of(kFragmentBytesMax + 1, 1), 1U);
    EXPECT_EQ(fragment_count_of(kEventPayloadBytesMax), kFragmentsMax);
}

TEST(Stream, waits_for_the_hole_and_tells_in_order) {
    Fixture f;
    EXPECT_EQ(f.feed(fragment(2, 5)), Verdict::complete);
    EXPECT_EQ(f.feed(fragment(3, 5)), Verdict::complete);
    EXPECT_EQ(f.take(), "");
    EXPECT_TRUE(f.stream.is_behind());
    EXPECT_EQ(f.stream.hole_end(), 1U);
    EXPECT_EQ(f.feed(fragment(1, 5)), Verdict::complete);
    EXPECT_EQ(f.take(), "1 2 3");
    EXPECT_FALSE(f.stream.is_behind());
    EXPECT_EQ(f.load.waiting_bytes, 0U);
}

TEST(Stream, what_was_told_or_waits_is_a_duplicate) {
    Fixture f;
    f.feed(fragment(1, 5));
    f.take();
    f.feed(fragment(3, 5));
    f.take();
    EXPECT_EQ(f.feed(fragment(1, 5)), Verdict::duplicate);
    EXPECT_EQ(f.feed(fragment(3, 5)), Verdict::duplicate);
}

TEST(Stream, holes_given_up_one_after_the_other_are_one_gap) {
    Fixture f;
    f.feed(fragment(5, 5));
    f.take();
    f.stream.give_up(2, f.load);
    EXPECT_EQ(f.take(), "") << "not told before it is known where the gap ends";
    f.stream.give_up(4, f.load);
    EXPECT_EQ(f.take(), "[1-4] 5");
}

TEST(Stream, a_gap_with_nothing_known_behind_it_is_told_at_once) {
    Fixture f;
    f.stream.learn(3);
    f.stream.give_up(3, f.load);
    EXPECT_EQ(f.take(), "[1-3]");
    EXPECT_EQ(f.stream.highest(), 3U);
    EXPECT_EQ(f.stream.lowest(), 4U) << "nothing to offer";
}

TEST(Stream, a_late_arrival_of_what_was_given_up_is_a_duplicate) {
    Fixture f;
    f.feed(fragment(4, 5));
    f.take();
    f.stream.give_up(2, f.load);
    EXPECT_EQ(f.feed(fragment(2, 5)), Verdict::duplicate) << "given up, not yet told";
    EXPECT_EQ(f.feed(fragment(3, 5)), Verdict::complete);
    EXPECT_EQ(f.take(), "[1-2] 3 4");
    EXPECT_EQ(f.feed(fragment(1, 5)), Verdict::duplicate);
}

TEST(Stream, one_that_began_before_us_does_not_tell_what_was_never_ours) {
    Fixture f;
    f.stream = Stream(kStream, 1, Stream::Start::untold);
    f.feed(fragment(5, 5));
    f.stream.give_up(4, f.load);
    EXPECT_EQ(f.take(), "5");
    f.feed(fragment(7, 5));
    f.stream.give_up(6, f.load);
    EXPECT_EQ(f.take(), "[6-6] 7") << "but what is missed later is told";
}

TEST(Stream, assembles_fragments_in_any_order) {
    Fixture f;
    const std::size_t total = 2 * kFragmentBytesMax + 10;
    EXPECT_EQ(f.feed(fragment(1, total, 2)), Verdict::partial);
    EXPECT_EQ(f.feed(fragment(1, total, 0)), Verdict::partial);
    EXPECT_EQ(f.feed(fragment(1, total, 0)), Verdict::duplicate);
    EXPECT_EQ(f.load.assemblies, 1U);
    Stream::Completed whole;
    EXPECT_EQ(f.stream.accept(fragment(1, total, 1), kNobody, f.load, whole), Verdict::complete);
    EXPECT_EQ(whole.pushed_by, kNobody);
    const SharedEvent event = whole.event;
    ASSERT_EQ(event->payload->size(), total);
    EXPECT_EQ((*event->payload)[0], 0);
    EXPECT_EQ((*event->payload)[kFragmentBytesMax], 1);
    EXPECT_EQ(event->payload->back(), 2);
    EXPECT_EQ(f.load.assemblies, 0U);
    EXPECT_EQ(f.take(), "1");
}

TEST(Stream, an_event_of_which_one_part_came_unasked_was_pushed) {
    Fixture f;
    const std::size_t total = 2 * kFragmentBytesMax;
    wire::EventFragment first = fragment(1, total, 0);
    first.hops = 4;
    wire::EventFragment second = fragment(1, total, 1);
    second.hops = 255;
    Stream::Completed whole;
    f.stream.learn(1);
    EXPECT_EQ(f.stream.accept(first, MemberId{9}, f.load, whole), Verdict::partial);
    EXPECT_EQ(f.stream.accept(second, kNobody, f.load, whole), Verdict::complete);
    EXPECT_EQ(whole.pushed_by, MemberId{9});
    EXPECT_EQ(whole.event->hops, 5) << "on the way of the one who pushed it";
    EXPECT_EQ(hops_after(254), 255);
    EXPECT_EQ(hops_after(255), 255) << "it stays there";
}

TEST(Stream, fragments_at_odds_with_the_known_ones_are_refused) {
    Fixture f;
    f.feed(fragment(1, 2 * kFragmentBytesMax, 0));
    EXPECT_EQ(f.feed(fragment(1, 2 * kFragmentBytesMax, 1, "other")), Verdict::conflict);
    EXPECT_EQ(f.feed(fragment(1, 3 * kFragmentBytesMax, 1)), Verdict::conflict);
    EXPECT_EQ(f.feed(fragment(1, 5)), Verdict::conflict);
    EXPECT_EQ(f.feed(fragment(1, 2 * kFragmentBytesMax, 1)), Verdict::complete);
}

TEST(Stream, one_assembly_above_the_limit_is_refused_and_half_is_kept_for_heads) {
    Fixture f;
    for (std::uint64_t sequence = 2; sequence <= 1 + kAssembliesMax / 2; ++sequence) {
        EXPECT_EQ(f.feed(fragment(sequence, 2000, 0)), Verdict::partial);
    }
    EXPECT_EQ(f.feed(fragment(100, 2000, 0)), Verdict::full);
    EXPECT_EQ(f.feed(fragment(1, 2000, 0)), Verdict::partial);
    f.load.assemblies = kAssembliesMax;
    Stream other(kStream, 1, Stream::Start::told);
    Stream::Completed whole;
    other.learn(1);
    EXPECT_EQ(other.accept(fragment(1, 2000, 0), kNobody, f.load, whole), Verdict::full);
}

TEST(Stream, what_waits_is_bounded_but_the_head_always_fits) {
    Fixture f;
    f.load.waiting_bytes = kWaitingBytesMax - 5;
    EXPECT_EQ(f.feed(fragment(2, 5)), Verdict::complete);
    EXPECT_EQ(f.feed(fragment(3, 6)), Verdict::full);
    EXPECT_EQ(f.feed(fragment(1, 6)), Verdict::complete);
    EXPECT_EQ(f.take(), "1 2");
}

TEST(Stream, giving_up_drops_what_was_assembled) {
    Fixture f;
    f.feed(fragment(1, 2000, 0));
    f.feed(fragment(3, 5));
    f.stream.give_up(2, f.load);
    EXPECT_EQ(f.load.assemblies, 0U);
    EXPECT_EQ(f.take(), "[1-2] 3");
}

TEST(Stream, a_claim_too_far_ahead_is_not_believed) {
    Fixture f;
    EXPECT_TRUE(f.stream.learn(1 + kSequenceAheadMax));
    EXPECT_FALSE(f.stream.learn(2 + kSequenceAheadMax));
    EXPECT_FALSE(f.stream.learn(~std::uint64_t{0}));
    EXPECT_EQ(f.stream.known(), 1 + kSequenceAheadMax);
}

TEST(Stream, offers_only_the_run_up_to_its_frontier) {
    Fixture f;
    for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) f.feed(fragment(sequence, 5));
    f.take();
    EXPECT_EQ(f.stream.lowest(), 1U);
    f.stream.withdrawn(1);
    EXPECT_EQ(f.stream.lowest(), 2U);
    f.feed(fragment(5, 5));
    f.stream.give_up(4, f.load);
    EXPECT_EQ(f.take(), "[4-4] 5");
    EXPECT_EQ(f.stream.lowest(), 5U) << "what lies below a gap is not offered";
    f.stream.withdrawn(9);
    EXPECT_EQ(f.stream.lowest(), 6U) << "an event may be withdrawn before it is told";
}

TEST(Stream, lists_what_is_missing_lowest_first) {
    Fixture f;
    f.feed(fragment(2, 5));
    f.feed(fragment(3, 3 * kFragmentBytesMax, 1));
    f.stream.learn(4);
    const std::vector<Part> expected{{1, 0}, {3, 0}, {3, 2}, {4, 0}};
    EXPECT_EQ(f.stream.missing(10, 10, {}), expected);
    EXPECT_EQ(f.stream.missing(10, 2, {}), (std::vector<Part>{{1, 0}, {3, 0}}));
    EXPECT_EQ(f.stream.missing(3, 10, {{{3, 0}, Instant{}}}), (std::vector<Part>{{1, 0}, {3, 2}}));
}

}  // namespace
}  // namespace grapevine::protocol
