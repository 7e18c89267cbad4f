#include "protocol/state/range_sync.hpp"

#include <cmath>
#include <gtest/gtest.h>

#include "protocol/state/range_sync_testing.hpp"
#include "support/seeds.hpp"
#include "wire/testing/samples.hpp"

namespace grapevine::protocol {
namespace {

using testing::kBudget;
using testing::make_pair;
using testing::Network;
using testing::Pair;
using testing::run;
using testing::sample_item;
using testing::stamp_at;
using testing::take;
using wire::kStateBegin;
using wire::kStateEnd;
using wire::make_stamp;
using wire::StatePosition;
using wire::StateRange;
using wire::StateRanges;

// -- Bounds --

TEST(RangeSync, a_bound_is_a_whole_millisecond_where_that_separates) {
    EXPECT_EQ(bound_between({make_stamp(5, 9), 7}, {make_stamp(6, 3), 8}),
              (StatePosition{make_stamp(6, 0), 0}));
    EXPECT_EQ(bound_between({make_stamp(5, 9), 7}, {make_stamp(5, 12), 8}),
              (StatePosition{make_stamp(5, 12), 0}));
}

TEST(RangeSync, a_bound_has_no_more_of_the_id_than_separates) {
    const Stamp stamp = make_stamp(5, 9);
    const auto bound = [&](std::uint64_t a, std::uint64_t b) {
        const StatePosition between = bound_between({stamp, a}, {stamp, b});
        EXPECT_EQ(between.stamp, stamp);
        return between.id;
    };
    EXPECT_EQ(bound(0x11ffffffffffffff, 0x12ffffffffffffff), 0x1200000000000000U);
    EXPECT_EQ(bound(0x1122000000000000, 0x1122334455667788), 0x1122330000000000U);
    EXPECT_EQ(bound(0x1122330000000000, 0x1122334455667788), 0x1122334400000000U);
    EXPECT_EQ(bound(0x1122334455667787, 0x1122334455667788), 0x1122334455667788U);
}

// -- What is found --

/// Members that share `shared` of up to `count` entries, in clumps of equal stamps now and then.
Pair random_pair(Random& random, std::size_t count, double shared) {
    Pair pair;
    const std::uint64_t span = 1 + random.below(100'000);
    const double asker_share = random.unit();
    for (std::size_t index = 0; index < count; ++index) {
        const Stamp stamp(stamp_at(1 + random.below(span)).value() + random.below(4));
        const auto item = sample_item(random, stamp);
        if (random.chance(shared)) {
            pair.add(item, Pair::Side::both);
        } else {
            pair.add(item, random.chance(asker_share) ? Pair::Side::asker : Pair::Side::answerer);
        }
    }
    return pair;
}

TEST(RangeSync, finds_exactly_what_differs) {
    ::grapevine::testing::for_each_seed(150, [](std::uint64_t seed) {
        Random random(seed);
        Pair pair = random_pair(random, random.below(4000), random.unit());
        Network network;
        network.window = random.chance(0.5) ? 1 + random.below(3) : kStateExchangeSectionsMax;
        RangeExchange exchange(7);
        const auto traffic = run(exchange, pair.asker, pair.answerer, random, network);
        EXPECT_FALSE(exchange.is_cut());
        EXPECT_EQ(take(exchange, pair.answerer), pair.truth);
        EXPECT_LE(traffic.largest_bytes, kBudget);
        EXPECT_EQ(exchange.need_count(), pair.truth.needs.size());
        EXPECT_EQ(exchange.have_count(), pair.truth.haves.size());
        EXPECT_EQ(exchange.counters().ranges_unasked, 0U);
    });
}

TEST(RangeSync, finds_exactly_what_differs_when_sections_are_lost_and_asked_again) {
    ::grapevine::testing::for_each_seed(100, [](std::uint64_t seed) {
        Random random(seed);
        Pair pair = random_pair(random, random.below(4000), random.unit());
        const Network network{1 + random.below(8), 0.3, true};
        RangeExchange exchange(7);
        run(exchange, pair.asker, pair.answerer, random, network);
        EXPECT_EQ(take(exchange, pair.answerer), pair.truth);
    });
}

TEST(RangeSync, what_a_section_has_no_room_for_is_asked_with_the_next) {
    Random random(1);
    Pair pair = make_pair(60'000, random, [&](std::size_t) { return random.chance(0.01); });
    RangeExchange exchange(7);
    run(exchange, pair.asker, pair.answerer, random, {.window = 1});
    EXPECT_EQ(take(exchange, pair.answerer), pair.truth);
}

// Nothing is asked again here: what was lost is found by the next exchange.
TEST(RangeSync, repeated_exchanges_make_members_equal_though_sections_are_lost) {
    ::grapevine::testing::for_each_seed(50, [](std::uint64_t seed) {
        Random random(seed);
        Pair pair = random_pair(random, 3000, 0.9);
        int exchanges = 0;
        while (pair.asker.total() != pair.answerer.total() && exchanges < 60) {
            RangeExchange exchange(static_cast<std::uint32_t>(++exchanges));
            run(exchange, pair.asker, pair.answerer, random, {4000, 0.2, false});
            pair.apply(take(exchange, pair.answerer));
        }
        EXPECT_LT(exchanges, 60);
        EXPECT_EQ(pair.asker.total(), pair.answerer.total());
    });
}

TEST(RangeSync, entries_that_change_meanwhile_do_no_harm) {
    ::grapevine::testing::for_each_seed(50, [](std::uint64_t seed) {
        Random random(seed);
        Pair pair = random_pair(random, 3000, 0.8);
        RangeExchange exchange(7);
        while (!exchange.is_done()) {
            for (const auto& request : exchange.next(pair.asker, kBudget, 1)) {
                for (const auto& reply : answer(pair.answerer, request, kBudget)) {
                    exchange.handle(pair.asker, reply);
                }
            }
            for (int turn = 0; turn < 5; ++turn) {
                pair.add_different(sample_item(random, stamp_at(1 + random.below(99))), random);
                const auto& victim = pair.items[random.below(pair.items.size())];
                (random.chance(0.5) ? pair.asker : pair.answerer).erase(victim.position());
            }
        }
        pair.apply(take(exchange, pair.answerer));
        RangeExchange last(8);
        run(last, pair.asker, pair.answerer, random);
        pair.apply(take(last, pair.answerer));
        EXPECT_EQ(pair.asker.total(), pair.answerer.total());
    });
}

TEST(RangeSync, what_lies_outside_of_the_range_is_left_alone) {
    Random random(1);
    Pair pair;
    for (std::uint64_t ms = 1; ms <= 3000; ++ms) {
        pair.add_different(sample_item(random, stamp_at(ms)), random);
    }
    const StatePosition lower{stamp_at(1000), 0};
    const StatePosition upper{stamp_at(2000), 0};
    RangeExchange exchange(7, lower, upper);
    run(exchange, pair.asker, pair.answerer, random);
    EXPECT_EQ(exchange.have_count(), pair.asker.in(lower, upper).count);
    EXPECT_EQ(exchange.need_count(), pair.answerer.in(lower, upper).count);
}

// -- What it costs --

TEST(RangeSync, equal_members_exchange_one_message_and_its_confirmation) {
    Random random(1);
    Pair pair = make_pair(5000, random, [](std::size_t) { return false; });
    RangeExchange exchange(7);
    const auto traffic = run(exchange, pair.asker, pair.answerer, random);
    EXPECT_EQ(traffic.messages, 2U);
    EXPECT_EQ(traffic.sections, 2U);
    EXPECT_LE(traffic.bytes(), 400U);
    EXPECT_EQ(exchange.differing_estimate(pair.asker), 0U);
}

TEST(RangeSync, few_entries_that_are_equal_are_not_listed) {
    Random random(1);
    Pair pair = make_pair(kStateListBelow - 1, random, [](std::size_t) { return false; });
    RangeExchange exchange(7);
    EXPECT_LE(run(exchange, pair.asker, pair.answerer, random).bytes(), 50U);
}

/// 2 + 2 ceil(log_b n) - floor(log_b t), messages in one direction (Meyer 2022).
std::size_t messages_max(std::size_t count) {
    const auto log = [](double number) { return std::log(number) / std::log(kStateSplitParts); };
    return 2 + 2 * static_cast<std::size_t>(std::ceil(log(static_cast<double>(count)))) -
           static_cast<std::size_t>(std::floor(log(kStateListBelow)));
}

TEST(RangeSync, needs_no_more_rounds_than_the_formula_says) {
    ::grapevine::testing::for_each_seed(30, [](std::uint64_t seed) {
        Random random(seed);
        const std::size_t count = 20 + random.below(random.chance(0.2) ? 60'000 : 3000);
        const double share = random.chance(0.5) ? 0.001 : random.unit() * 0.2;
        Pair pair = make_pair(count, random, [&](std::size_t) { return random.chance(share); });
        RangeExchange exchange(7);
        const auto traffic = run(exchange, pair.asker, pair.answerer, random);
        EXPECT_LE(traffic.messages, messages_max(count)) << count;
    });
}

TEST(RangeSync, recent_differences_cost_what_differs) {
    Random random(1);
    Pair pair = make_pair(60'000, random, [](std::size_t index) { return index >= 59'900; });
    RangeExchange exchange(7);
    EXPECT_LE(run(exchange, pair.asker, pair.answerer, random).bytes(), 5000U);
    EXPECT_EQ(take(exchange, pair.answerer), pair.truth);
}

// -- How much differs --

TEST(RangeSync, a_newcomer_learns_from_the_first_reply_that_it_lacks_all) {
    Random random(1);
    Pair pair;
    for (std::uint64_t ms = 1; ms <= 20'000; ++ms) {
        pair.add(sample_item(random, stamp_at(ms)), Pair::Side::answerer);
    }
    RangeExchange exchange(7);
    EXPECT_FALSE(exchange.is_mostly_different(pair.asker));
    const auto request = exchange.next(pair.asker, kBudget, 1).at(0);
    exchange.handle(pair.asker, answer(pair.answerer, request, kBudget).at(0));
    EXPECT_TRUE(exchange.is_mostly_different(pair.asker));
    EXPECT_EQ(exchange.peer_total(pair.asker), 20'000U);
    EXPECT_EQ(exchange.differing_estimate(pair.asker), 20'000U);
}

// The totals are equal, so it is the counts of the ranges that tell.
TEST(RangeSync, one_who_was_away_learns_from_the_second_reply_that_much_was_rewritten) {
    Random random(1);
    Pair pair;
    for (std::uint64_t ms = 1; ms <= 100'000; ++ms) {
        const bool is_rewritten = random.chance(0.3);
        const auto side = is_rewritten ? Pair::Side::asker : Pair::Side::both;
        pair.add(sample_item(random, stamp_at(ms)), side);
        if (!is_rewritten) continue;
        pair.add(sample_item(random, stamp_at(200'000 + ms)), Pair::Side::answerer);
    }
    RangeExchange exchange(7);
    for (int round = 0; round < 2; ++round) {
        for (const auto& request : exchange.next(pair.asker, kBudget, 1)) {
            for (const auto& reply : answer(pair.answerer, request, kBudget)) {
                exchange.handle(pair.asker, reply);
            }
        }
    }
    EXPECT_TRUE(exchange.is_mostly_different(pair.asker));
}

/// The estimate after so many requests, one at a time.
std::uint64_t estimate_after(Pair& pair, int requests) {
    RangeExchange exchange(7);
    for (int round = 0; round < requests; ++round) {
        for (const auto& request : exchange.next(pair.asker, kBudget, 1)) {
            for (const auto& reply : answer(pair.answerer, request, kBudget)) {
                exchange.handle(pair.asker, reply);
            }
        }
    }
    return exchange.differing_estimate(pair.asker);
}

TEST(RangeSync, strewn_differences_are_estimated_within_a_fifth_early_on) {
    for (const double share : {0.003, 0.03, 0.2}) {
        Random random(3);
        Pair pair = make_pair(100'000, random, [&](std::size_t) { return random.chance(share); });
        const auto estimate = static_cast<double>(estimate_after(pair, 12));
        const auto truth = static_cast<double>(pair.truth.needs.size() + pair.truth.haves.size());
        EXPECT_GT(estimate, truth * 0.8) << share;
        EXPECT_LT(estimate, truth * 1.2) << share;
    }
}

TEST(RangeSync, what_differs_close_together_is_not_taken_for_much) {
    Random random(1);
    Pair pair = make_pair(100'000, random,
                          [](std::size_t index) { return index >= 99'000 || index % 1000 == 0; });
    for (int requests = 1; requests < 40; ++requests) {
        EXPECT_LE(estimate_after(pair, requests), 2 * 1100U) << requests;
    }
}

}  // namespace
}  // namespace grapevine::protocol
