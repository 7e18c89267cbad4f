// What a liar can do with ranges, and what happens at each limit.

#include <gtest/gtest.h>

#include "protocol/state/range_sync_testing.hpp"
#include "support/seeds.hpp"
#include "wire/rules.hpp"
#include "wire/testing/samples.hpp"

namespace grapevine::protocol {
namespace {

using testing::kBudget;
using testing::make_pair;
using testing::Pair;
using testing::run;
using testing::sample_item;
using testing::stamp_at;
using testing::take;
using wire::kStateBegin;
using wire::kStateEnd;
using wire::StatePosition;
using wire::StateRange;
using wire::StateRanges;

RangeTree sample_tree(Random& random, std::size_t count) {
    RangeTree tree;
    while (tree.count() < count) tree.insert(sample_item(random, Stamp(random.next() >> 8U)));
    return tree;
}

StateRanges request_for(const StatePosition& lower, std::vector<StateRange> ranges) {
    return {7, false, 0, lower, std::move(ranges)};
}

/// What a reply must be, whatever it answers.
void expect_legal(const std::vector<StateRanges>& replies) {
    EXPECT_LE(replies.size(), kStateReplySectionsMax);
    for (const StateRanges& reply : replies) {
        EXPECT_TRUE(wire::check(wire::Section(reply)));
        EXPECT_TRUE(reply.is_reply);
        EXPECT_LE(wire::encoded_size(wire::Section(reply)), kBudget);
    }
}

TEST(RangeGarbage, any_legal_request_draws_a_bounded_legal_answer) {
    ::grapevine::testing::for_each_seed(100, [](std::uint64_t seed) {
        Random random(seed);
        const RangeTree tree = sample_tree(random, random.below(3000));
        for (int turn = 0; turn < 50; ++turn) {
            StateRanges request = wire::testing::sample_state_ranges(random);
            if (request.is_reply) continue;
            expect_legal(answer(tree, request, kBudget));
        }
    });
}

TEST(RangeGarbage, any_legal_reply_leaves_an_exchange_that_ends) {
    ::grapevine::testing::for_each_seed(100, [](std::uint64_t seed) {
        Random random(seed);
        const RangeTree tree = sample_tree(random, random.below(3000));
        RangeExchange exchange(7);
        std::size_t sections = 0;
        while (!exchange.is_done()) {
            const auto requests = exchange.next(tree, kBudget, 4);
            sections += requests.size();
            for (const auto& request : requests) {
                EXPECT_TRUE(wire::check(wire::Section(request)));
                EXPECT_LE(wire::encoded_size(wire::Section(request)), kBudget);
            }
            StateRanges reply = wire::testing::sample_state_ranges(random);
            if (!reply.is_reply) continue;
            reply.number = 7;
            exchange.handle(tree, reply);
            (void)exchange.differing_estimate(tree);
            if (requests.empty()) exchange.ask_again();
        }
        EXPECT_LE(sections, kStateExchangeSectionsMax);
        for (const auto& want : exchange.take_needs(kBudget)) {
            EXPECT_TRUE(wire::check(wire::Section(want)));
        }
    });
}

TEST(RangeGarbage, a_reply_of_another_exchange_is_dropped) {
    Random random(1);
    const RangeTree tree = sample_tree(random, 100);
    RangeExchange exchange(7);
    (void)exchange.next(tree, kBudget, 1);
    const std::vector<StateRange> all{{kStateEnd, StateRange::Equal{}}};
    exchange.handle(tree, {8, true, 5, kStateBegin, all});
    exchange.handle(tree, {7, false, 5, kStateBegin, {{kStateEnd, StateRange::Ask{}}}});
    EXPECT_EQ(exchange.counters().dropped_stray, 2U);
    EXPECT_FALSE(exchange.is_answered());
    exchange.handle(tree, {7, true, 5, kStateBegin, all});
    EXPECT_TRUE(exchange.is_done());
}

TEST(RangeGarbage, ranges_that_were_not_asked_about_are_passed_over) {
    Random random(1);
    const RangeTree tree = sample_tree(random, 100);
    RangeExchange exchange(7);
    const StateRanges list{7, true, 5, kStateBegin, {{kStateEnd, StateRange::Ids{1, 2}}}};
    exchange.handle(tree, list);
    EXPECT_EQ(exchange.counters().ranges_unasked, 1U);
    EXPECT_EQ(exchange.need_count() + exchange.have_count(), 0U);
    (void)exchange.next(tree, kBudget, 1);
    exchange.handle(tree, list);
    exchange.handle(tree, list);
    EXPECT_EQ(exchange.counters().ranges_unasked, 2U) << "the second time it is settled";
    EXPECT_EQ(exchange.need_count(), 2U);
    EXPECT_EQ(exchange.have_count(), 100U);
}

// A list that says the same id twice is not two entries.
TEST(RangeGarbage, an_id_that_is_listed_twice_is_needed_once) {
    const RangeTree tree;
    RangeExchange exchange(7);
    (void)exchange.next(tree, kBudget, 1);
    exchange.handle(tree, {7, true, 5, kStateBegin, {{kStateEnd, StateRange::Ids{2, 1, 2}}}});
    EXPECT_EQ(exchange.need_count(), 2U);
}

TEST(RangeGarbage, who_always_differs_is_given_up) {
    Random random(1);
    const RangeTree tree = sample_tree(random, 2000);
    RangeExchange exchange(7);
    std::size_t sections = 0;
    while (!exchange.is_done()) {
        for (const auto& request : exchange.next(tree, kBudget, 1)) {
            ++sections;
            StateRange::Counted lie{{sections, sections}, 1};
            exchange.handle(tree, {7, true, 5, request.lower, {{request.ranges[0].upper, lie}}});
        }
        exchange.ask_again();
    }
    EXPECT_EQ(sections, kStateExchangeSectionsMax);
    EXPECT_TRUE(exchange.is_cut());
}

TEST(RangeGarbage, an_exchange_remembers_so_many_open_ranges) {
    const RangeTree tree;
    RangeExchange exchange(7);
    (void)exchange.next(tree, kBudget, 1);
    std::uint64_t stamp = 0;
    const auto told = [&](std::size_t count) {
        StateRanges reply{7, true, 5, {Stamp(stamp), 0}, {}};
        for (std::size_t index = 0; index < count; ++index) {
            reply.ranges.push_back({{Stamp(++stamp), 0}, StateRange::Counted{{1, 1}, 1}});
        }
        exchange.handle(tree, reply);
    };
    // The rest of what was asked counts, too.
    for (std::size_t told_count = 1; told_count < kStateOpenRangesMax; told_count += 1) told(1);
    EXPECT_FALSE(exchange.is_cut());
    told(1);
    EXPECT_TRUE(exchange.is_cut());
    EXPECT_EQ(exchange.differing_estimate(tree), kStateOpenRangesMax - 1) << "the oldest is gone";
}

TEST(RangeGarbage, an_exchange_keeps_so_many_found_entries_until_they_are_taken) {
    Random random(1);
    for (const auto side : {Pair::Side::asker, Pair::Side::answerer}) {
        Pair pair;
        for (std::size_t index = 0; index < kStateFoundMax; ++index) {
            pair.add(sample_item(random, stamp_at(index + 1)), side);
        }
        RangeExchange enough(7);
        run(enough, pair.asker, pair.answerer, random);
        EXPECT_FALSE(enough.is_cut());
        EXPECT_EQ(take(enough, pair.answerer), pair.truth);

        pair.add(sample_item(random, stamp_at(kStateFoundMax + 1)), side);
        RangeExchange cut(7);
        run(cut, pair.asker, pair.answerer, random);
        EXPECT_TRUE(cut.is_cut());
        EXPECT_EQ(cut.need_count() + cut.have_count(), kStateFoundMax + 1);
        const auto found = take(cut, pair.answerer);
        EXPECT_LE(found.needs.size() + found.haves.size(), kStateFoundMax);
    }
}

TEST(RangeGarbage, an_answer_has_so_many_sections_and_says_that_there_is_more) {
    Random random(1);
    const RangeTree tree = sample_tree(random, 20'000);
    const auto replies =
        answer(tree, request_for(kStateBegin, {{kStateEnd, StateRange::Ask{}}}), kBudget);
    expect_legal(replies);
    EXPECT_EQ(replies.size(), kStateReplySectionsMax);
    const StateRange& last = replies.back().ranges.back();
    EXPECT_EQ(last, (StateRange{kStateEnd, StateRange::Skip{}}));

    RangeTree none;
    RangeExchange exchange(7);
    (void)exchange.next(none, kBudget, 1);
    for (const auto& reply : replies) exchange.handle(none, reply);
    EXPECT_TRUE(exchange.is_answered());
    EXPECT_FALSE(exchange.is_done()) << "the rest is to be asked again";
}

TEST(RangeGarbage, what_an_honest_request_draws_finds_room) {
    Random random(1);
    const RangeTree tree = sample_tree(random, 60'000);
    // As many asks as a section has, each about as many entries as are listed unasked.
    std::vector<StateRange> asks;
    for (std::size_t index = 1; index <= kStateRangesMax; ++index) {
        const auto item = tree.from_index(index * (kStateListBelow - 1)).next();
        asks.push_back({item->position(), StateRange::Ask{}});
    }
    const auto replies = answer(tree, request_for(kStateBegin, asks), kBudget);
    expect_legal(replies);
    EXPECT_FALSE(std::holds_alternative<StateRange::Skip>(replies.back().ranges.back().content));
    EXPECT_EQ(replies.back().ranges.back().upper, asks.back().upper);
}

TEST(RangeGarbage, long_ranges_are_split_further_and_not_compared) {
    Random random(1);
    for (const std::size_t count : {kStateScanMax, kStateScanMax + 1}) {
        const RangeTree tree = sample_tree(random, count);
        RangeExchange exchange(7);
        (void)exchange.next(tree, kBudget, 1);
        exchange.handle(tree, {7, true, 5, kStateBegin, {{kStateEnd, StateRange::Ids{}}}});
        const bool is_compared = count == kStateScanMax;
        EXPECT_EQ(exchange.have_count(), is_compared ? count : 0U);
        EXPECT_EQ(exchange.is_done(), is_compared);
    }
}

// -- Wants --

TEST(RangeWant, gives_what_is_still_here_and_passes_over_the_rest) {
    Random random(1);
    RangeTree tree;
    std::vector<RangeTree::Item> items;
    for (std::uint64_t ms = 1; ms <= 10; ++ms) {
        items.push_back(sample_item(random, stamp_at(ms)));
        tree.insert(items.back());
    }
    const auto id = [&](std::size_t index) { return items[index].hash.low; };
    wire::StateWant want{{stamp_at(2), 0},
                         {{{stamp_at(5), 0}, StateRange::Ids{id(3), id(1), 99}},
                          {{stamp_at(8), 0}, StateRange::Skip{}},
                          {kStateEnd, StateRange::Ids{id(9), id(0), id(5)}}}};
    // Ids outside of their range are not looked for.
    EXPECT_EQ(wanted(tree, want), (std::vector{items[1].handle, items[3].handle, items[9].handle}));
    tree.erase(items[3].position());
    EXPECT_EQ(wanted(tree, want), (std::vector{items[1].handle, items[9].handle}));
}

TEST(RangeWant, looks_at_so_many_entries) {
    Random random(1);
    const RangeTree tree = sample_tree(random, kStateWantScanMax + 1);
    const auto last = tree.from_index(kStateWantScanMax - 1).next();
    const auto beyond = tree.from_index(kStateWantScanMax).next();
    const StateRange::Ids ids{last->hash.low, beyond->hash.low};
    EXPECT_EQ(wanted(tree, {kStateBegin, {{kStateEnd, ids}}}), std::vector{last->handle});
}

}  // namespace
}  // namespace grapevine::protocol
