#include "protocol/aggregate/astrolabe.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <numeric>
#include <span>

#include "protocol/aggregate/astrolabe_testing.hpp"
#include "protocol/machine.hpp"
#include "protocol/testing.hpp"

namespace grapevine::protocol {
namespace {

using namespace std::chrono_literals;
using testing::largest;
using testing::Tree;

static_assert(Machine<Astrolabe>);

Astrolabe::Config config_of(std::vector<std::string> path) {
    Astrolabe::Config config;
    config.path = std::move(path);
    return config;
}

SharedRow row_of(std::string name, std::uint64_t issued, MemberId member, Bytes attributes = {}) {
    return std::make_shared<const ZoneRow>(
        ZoneRow{std::move(name), {issued, issued}, std::move(attributes), 1, {member}});
}

TEST(Astrolabe, a_host_is_summarised_up_to_the_top) {
    Astrolabe host(MemberId(1), config_of({"eu", "fra", "me"}), largest, 1);
    host.set_attributes(Instant{}, {7});
    for (const auto& [level, name] :
         {std::pair<std::size_t, std::string>(3, "me"), {2, "fra"}, {1, "eu"}}) {
        const SharedRow row = host.row(level, name);
        ASSERT_NE(row, nullptr) << level;
        EXPECT_EQ(row->attributes, Bytes{7});
        EXPECT_EQ(row->members, 1U);
        EXPECT_TRUE(host.represents(level));
    }
    host.check_invariants();
}

TEST(Astrolabe, of_two_rows_the_one_issued_later_stays) {
    Astrolabe host(MemberId(1), config_of({"me"}), largest, 1);
    host.learn(Instant{}, 1, row_of("you", 10, MemberId(2), {1}));
    host.learn(Instant{}, 1, row_of("you", 9, MemberId(2), {2}));
    EXPECT_EQ(host.row(1, "you")->attributes, Bytes{1});
    host.learn(Instant{}, 1, row_of("you", 11, MemberId(2), {3}));
    EXPECT_EQ(host.row(1, "you")->attributes, Bytes{3});
    // Of us nobody knows better.
    host.learn(Instant{}, 1, row_of("me", 1000, MemberId(9), {4}));
    EXPECT_EQ(host.row(1, "me")->representatives, std::vector<MemberId>{MemberId(1)});
}

TEST(Astrolabe, of_two_summaries_the_one_of_more_news_stays) {
    Astrolabe host(MemberId(1), config_of({"eu", "me"}), largest, 1);
    const auto summary = [](std::uint64_t newest, std::uint64_t sum, std::uint8_t what) {
        return std::make_shared<const ZoneRow>(
            ZoneRow{"us", {newest, sum}, {what}, 2, {MemberId(2)}});
    };
    host.learn(Instant{}, 1, summary(10, 15, 1));
    host.learn(Instant{}, 1, summary(10, 14, 2));
    EXPECT_EQ(host.row(1, "us")->attributes, Bytes{1});
    host.learn(Instant{}, 1, summary(10, 16, 3));
    EXPECT_EQ(host.row(1, "us")->attributes, Bytes{3});
}

TEST(Astrolabe, two_representatives_compute_the_same_row_in_whatever_order_they_learn) {
    Random random(1);
    std::vector<SharedRow> rows;
    for (std::uint64_t id = 10; id < 40; ++id) {
        rows.push_back(row_of(fmt::format("h{}", id), random.below(1000), MemberId(id),
                              {static_cast<std::uint8_t>(random.next())}));
    }
    SharedRow expected;
    for (int trial = 0; trial < 10; ++trial) {
        Astrolabe host(MemberId(1), config_of({"eu", "me"}), largest, 1);
        random.shuffle(std::span(rows));
        for (const SharedRow& row : rows) host.learn(Instant{}, 2, row);
        const SharedRow computed = host.row(1, "eu");
        EXPECT_EQ(computed->members, 31U);
        EXPECT_EQ(computed->representatives.size(), Astrolabe::kRepresentatives);
        if (expected != nullptr) {
            EXPECT_EQ(*computed, *expected);
        }
        expected = computed;
    }
}

TEST(Astrolabe, everybody_comes_to_the_same_tables_over_loss) {
    Tree tree(4, 3, 3, 1);
    for (std::size_t index = 0; index < tree.hosts.size(); index += 5) {
        tree.hosts[index]->set_attributes(tree.now, {static_cast<std::uint8_t>(index)});
    }
    for (int round = 0; round < 60; ++round) tree.round(0.2);
    const auto expected = tree.hosts[0]->table(1);
    for (const auto& host : tree.hosts) {
        const auto rows = host->table(1);
        ASSERT_EQ(rows.size(), expected.size());
        for (std::size_t index = 0; index < rows.size(); ++index) {
            EXPECT_EQ(*rows[index], *expected[index]);
        }
        host->check_invariants();
    }
    EXPECT_EQ(std::accumulate(expected.begin(), expected.end(), std::uint64_t{0},
                              [](auto sum, const auto& row) { return sum + row->members; }),
              64U);
}

TEST(Astrolabe, a_zone_that_dies_vanishes_and_the_sum_follows) {
    Tree tree(3, 2, 2, 2);
    // Refreshes: the living are issued anew.
    for (auto& host : tree.hosts) {
        Astrolabe::Config config;
        config.round = Tree::kRound;
        config.refresh_rounds = 5;
        const std::size_t index = static_cast<std::size_t>(&host - tree.hosts.data());
        config.path = {fmt::format("z{}", index / 3), fmt::format("h{}", index % 3)};
        host = std::make_unique<Astrolabe>(MemberId(index + 1), config, largest, index);
        for (std::size_t other = 0; other < 9; ++other) {
            if (other == index || other / 3 != index / 3) continue;
            host->learn(tree.now, 2, row_of(fmt::format("h{}", other % 3), 0, MemberId(other + 1)));
        }
        for (std::size_t zone = 0; zone < 3; ++zone) {
            if (zone == index / 3) continue;
            host->learn(tree.now, 1, row_of(fmt::format("z{}", zone), 0, MemberId(zone * 3 + 1)));
        }
    }
    for (int round = 0; round < 20; ++round) tree.round();
    ASSERT_EQ(tree.hosts[0]->table(1).size(), 3U);
    EXPECT_EQ(tree.hosts[0]->row(1, "z2")->members, 3U);
    // One host, and all of another zone.
    tree.hosts[1] = nullptr;
    for (std::size_t index = 6; index < 9; ++index) tree.hosts[index] = nullptr;
    for (int round = 0; round < 90; ++round) tree.round();
    for (const std::size_t index : {0U, 2U, 3U, 4U, 5U}) {
        const Astrolabe& host = *tree.hosts[index];
        EXPECT_EQ(host.table(1).size(), 2U) << index;
        EXPECT_EQ(host.row(1, "z2"), nullptr);
        EXPECT_EQ(host.row(1, "z0")->members, 2U) << index;
        EXPECT_EQ(host.row(1, "z1")->members, 3U);
    }
    EXPECT_GT(tree.hosts[0]->counters().expired, 0U);
}

TEST(Astrolabe, a_summary_that_fails_leaves_the_row_as_it_was) {
    bool fails = false;
    Astrolabe host(
        MemberId(1), config_of({"eu", "me"}),
        [&](std::size_t level, const std::vector<SharedRow>& rows) -> std::optional<Bytes> {
            if (fails) return std::nullopt;
            return largest(level, rows);
        },
        1);
    host.set_attributes(Instant{}, {1});
    fails = true;
    host.set_attributes(Instant{}, {2});
    EXPECT_EQ(host.row(1, "eu")->attributes, Bytes{1});
    EXPECT_EQ(host.row(2, "me")->attributes, Bytes{2});
    EXPECT_EQ(host.counters().failed, 1U);
}

TEST(Astrolabe, a_table_has_as_many_rows_as_the_limit_says) {
    Astrolabe host(MemberId(1), config_of({"me"}), largest, 1);
    for (std::uint64_t id = 2; id <= Astrolabe::kRowsMax + 1; ++id) {
        host.learn(Instant{}, 1, row_of(fmt::format("h{}", id), 1, MemberId(id)));
    }
    EXPECT_EQ(host.row_count(), Astrolabe::kRowsMax);
    EXPECT_EQ(host.counters().refused, 1U);
    // What is there goes on.
    host.learn(Instant{}, 1, row_of("h2", 2, MemberId(2), {5}));
    EXPECT_EQ(host.row(1, "h2")->attributes, Bytes{5});
}

TEST(Astrolabe, refuses_rows_that_belong_nowhere) {
    Astrolabe host(MemberId(1), config_of({"eu", "me"}), largest, 1);
    host.handle(Instant{}, MemberId(2),
                Astrolabe::Rows{
                    {{0, row_of("x", 1, MemberId(2))},
                     {3, row_of("x", 1, MemberId(2))},
                     {1, nullptr},
                     {2, std::make_shared<const ZoneRow>(ZoneRow{"x", {1, 1}, {}, 1, {}})},
                     {2, row_of("x", 1, MemberId(2), Bytes(Astrolabe::kAttributesBytesMax + 1))}}});
    EXPECT_EQ(host.row_count(), 2U);
    EXPECT_EQ(host.counters().refused, 5U);
    // Of a clock that is too far ahead, and of one that is just not.
    const auto ahead = static_cast<std::uint64_t>(kClockAheadMaxMs) * 1'000'000;
    host.learn(Instant{}, 2, row_of("later", ahead + 1, MemberId(3)));
    EXPECT_EQ(host.row(2, "later"), nullptr);
    host.learn(Instant{}, 2, row_of("later", ahead, MemberId(3)));
    EXPECT_NE(host.row(2, "later"), nullptr);
    host.handle(Instant{}, MemberId(2), Astrolabe::Offer{9, 0, false});
    EXPECT_FALSE(host.poll());
}

/// What the host sends next, if that is of this kind.
template <typename Message>
std::optional<Message> next(Astrolabe& host) {
    const auto action = host.poll();
    if (!action) return std::nullopt;
    const auto* message = std::get_if<Message>(&std::get<Astrolabe::Send>(*action).message);
    if (message == nullptr) return std::nullopt;
    return *message;
}

TEST(Astrolabe, an_exchange_brings_to_both_what_they_lack) {
    Astrolabe me(MemberId(1), config_of({"eu", "me"}), largest, 1);
    Astrolabe you(MemberId(2), config_of({"eu", "you"}), largest, 2);
    me.set_attributes(Instant{}, {1});
    you.set_attributes(Instant{}, {2});
    me.meet(2, MemberId(2));
    const auto offer = next<Astrolabe::Offer>(me);
    ASSERT_TRUE(offer);
    you.handle(Instant{}, MemberId(1), *offer);
    const auto digests = next<Astrolabe::Digests>(you);
    ASSERT_TRUE(digests);
    EXPECT_EQ(digests->rows.size(), 2U);
    const auto back = next<Astrolabe::Offer>(you);
    ASSERT_TRUE(back);
    EXPECT_TRUE(back->is_reply);
    me.handle(Instant{}, MemberId(2), *digests);
    const auto want = next<Astrolabe::Want>(me);
    ASSERT_TRUE(want);
    you.handle(Instant{}, MemberId(1), *want);
    me.handle(Instant{}, MemberId(2), *next<Astrolabe::Rows>(you));
    me.handle(Instant{}, MemberId(2), *back);
    you.handle(Instant{}, MemberId(1), *next<Astrolabe::Digests>(me));
    EXPECT_FALSE(me.poll()) << "a reply draws no offer";
    me.handle(Instant{}, MemberId(2), *next<Astrolabe::Want>(you));
    you.handle(Instant{}, MemberId(1), *next<Astrolabe::Rows>(me));
    for (Astrolabe* host : {&me, &you}) {
        host->advance(Instant{} + 1s);
        EXPECT_EQ(host->row(1, "eu")->members, 2U);
        EXPECT_EQ(host->row(1, "eu")->attributes, Bytes{2});
    }
    // Now they are equal, and that costs two short messages.
    while (me.poll() || you.poll()) {
    }
    EXPECT_EQ(me.fingerprint(2), you.fingerprint(2));
    me.meet(2, MemberId(2));
    you.handle(Instant{}, MemberId(1), *next<Astrolabe::Offer>(me));
    EXPECT_TRUE(next<Astrolabe::Digests>(you)->rows.empty());
    EXPECT_FALSE(you.poll());
}

TEST(Astrolabe, the_row_of_a_host_that_is_gone_goes_at_once_and_does_not_come_back) {
    bool is_dead = false;
    Astrolabe::Config config = config_of({"eu", "me"});
    config.is_gone = [&](MemberId member) { return is_dead && member == MemberId(2); };
    Astrolabe host(MemberId(1), std::move(config), largest, 1);
    host.learn(Instant{}, 2, row_of("you", 1, MemberId(2), {9}));
    EXPECT_EQ(host.row(1, "eu")->members, 2U);
    is_dead = true;
    host.advance(Instant{} + 1s);
    EXPECT_EQ(host.row(2, "you"), nullptr);
    EXPECT_EQ(host.row(1, "eu")->members, 1U);
    host.learn(Instant{} + 1s, 2, row_of("you", 2, MemberId(2), {9}));
    EXPECT_EQ(host.row(2, "you"), nullptr);
}

TEST(Astrolabe, issues_climb_even_if_the_clock_does_not) {
    Astrolabe host(MemberId(1), config_of({"me"}), largest, 1);
    host.set_attributes(Instant{} + 5s, {1});
    const auto before = host.row(1, "me")->issue;
    host.set_attributes(Instant{} + 1s, {2});
    EXPECT_GT(host.row(1, "me")->issue, before);
}

}  // namespace
}  // namespace grapevine::protocol
