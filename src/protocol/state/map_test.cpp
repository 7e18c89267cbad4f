#include "protocol/state/map.hpp"

#include <gtest/gtest.h>

#include "protocol/state/map_network.hpp"

namespace grapevine::protocol {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

TEST(SharedMap, what_one_writes_all_read) {
    MapNetwork net(5, 1);
    net.put(0, "color", "green");
    net.run(MapNetwork::kStep);
    for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(net.value(i, "color"), "green");
    EXPECT_EQ(net.find(3, "color")->writer, MemberId(1));
    EXPECT_EQ(net.at(3).changed, std::set<std::string>{"color"});
}

TEST(SharedMap, members_that_begin_at_once_agree_on_one_salt) {
    MapNetwork net(4, 1);
    for (std::size_t i = 0; i < 4; ++i) net.put(i, "key" + std::to_string(i), "x");
    EXPECT_TRUE(net.converge(seconds(5)));
    for (std::size_t i = 1; i < 4; ++i) EXPECT_EQ(net.map(i).meta().salt, net.map(0).meta().salt);
}

TEST(SharedMap, the_later_write_wins_on_both_sides_of_a_partition) {
    MapNetwork net(4, 2);
    net.at(2).side = net.at(3).side = 1;
    net.put(0, "k", "older");
    net.run(seconds(1));
    net.put(2, "k", "newer");
    net.run(seconds(1));
    net.at(2).side = net.at(3).side = 0;
    ASSERT_TRUE(net.converge(seconds(10)));
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(net.value(i, "k"), "newer");
}

TEST(SharedMap, a_write_that_has_seen_another_wins_though_its_clock_is_behind) {
    MapNetwork net(2, 3);
    net.at(0).skew_ms = 30'000;
    net.put(0, "k", "first");
    net.run(seconds(1));
    net.put(1, "k", "second");
    net.run(seconds(1));
    EXPECT_EQ(net.value(0, "k"), "second");
}

TEST(SharedMap, a_write_dated_more_than_a_minute_ahead_is_refused) {
    MapNetwork net(2, 3);
    net.at(0).skew_ms = 60'500;
    net.put(0, "k", "far ahead");
    net.run(MapNetwork::kStep * 2);
    EXPECT_EQ(net.value(1, "k"), "nothing");
    EXPECT_GE(net.map(1).counters().dropped_future, 1U);
    net.run(seconds(5));  // By then it is less than a minute.
    EXPECT_EQ(net.value(1, "k"), "far ahead");
}

TEST(SharedMap, increments_from_anywhere_add_up) {
    MapNetwork net(3, 4, 0.2);
    for (int round = 0; round < 50; ++round) {
        for (std::size_t i = 0; i < 3; ++i) net.count(i, "hits", round % 5 == 0 ? -1 : 2);
        net.run(MapNetwork::kStep);
    }
    net.set_loss(0);
    ASSERT_TRUE(net.converge(seconds(20)));
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(net.find(i, "hits")->count, 3 * (40 * 2 - 10));
}

TEST(SharedMap, a_deleted_counter_counts_what_its_deleter_had_not_seen) {
    MapNetwork net(2, 5);
    net.count(0, "hits", 10);
    net.run(seconds(1));
    net.at(1).side = 1;
    net.erase(0, "hits");
    net.count(1, "hits", 3);
    net.run(seconds(1));
    net.at(1).side = 0;
    ASSERT_TRUE(net.converge(seconds(10)));
    EXPECT_EQ(net.find(0, "hits")->count, 3);
}

TEST(SharedMap, an_element_added_and_removed_at_once_stays) {
    MapNetwork net(2, 6);
    net.change_set(0, "hosts", {"a", "b"}, {});
    net.run(seconds(1));
    net.at(1).side = 1;
    net.change_set(0, "hosts", {}, {"a"});
    net.change_set(1, "hosts", {"a"}, {});
    net.run(seconds(1));
    net.at(1).side = 0;
    ASSERT_TRUE(net.converge(seconds(10)));
    EXPECT_EQ(net.find(0, "hosts")->elements, (std::vector<std::string>{"a", "b"}));
    net.change_set(0, "hosts", {}, {"a"});
    net.run(seconds(1));
    EXPECT_EQ(net.find(1, "hosts")->elements, std::vector<std::string>{"b"});
    EXPECT_EQ(net.find(1, "hosts")->element_count, 1U);
}

TEST(SharedMap, an_entry_with_a_lifetime_ends_everywhere_without_a_word) {
    MapNetwork net(3, 7);
    net.put(0, "lease", "mine", {5000, std::nullopt});
    net.run(seconds(4));
    EXPECT_EQ(net.value(2, "lease"), "mine");
    net.at(2).changed.clear();
    const std::uint64_t sent = net.at(0).sent_bytes;
    net.run(seconds(2));
    EXPECT_EQ(net.value(2, "lease"), "nothing");
    EXPECT_EQ(net.at(2).changed, std::set<std::string>{"lease"});
    EXPECT_EQ(net.at(0).sent_bytes, sent);
}

TEST(SharedMap, what_the_stream_lost_is_found_by_comparing) {
    MapNetwork net(4, 8);
    net.put(0, "k0", "x");
    net.run(seconds(1));
    net.lose_spreads(true);
    for (int i = 1; i < 40; ++i) net.put(0, "k" + std::to_string(i), "x");
    ASSERT_TRUE(net.converge(seconds(10)));
    EXPECT_EQ(net.copies(), 0U);
    EXPECT_EQ(net.value(3, "k39"), "x");
    EXPECT_LE(net.at(0).largest_section, kPacketBytesMax - kProofBytesMax);
}

TEST(SharedMap, a_large_value_that_was_lost_is_fetched) {
    MapNetwork net(2, 9);
    net.put(0, "small", "x");
    net.run(seconds(1));
    net.lose_spreads(true);
    net.put(0, "large", std::string(kStateValueBytesMax, 'y'));
    ASSERT_TRUE(net.converge(seconds(10)));
    EXPECT_EQ(net.value(1, "large").size(), kStateValueBytesMax);
    EXPECT_EQ(net.map(1).counters().fetched, 1U);
}

TEST(SharedMap, who_lacks_more_than_a_twentieth_takes_a_full_copy) {
    MapNetwork net(2, 10);
    net.stop(1);
    for (int i = 0; i < 2000; ++i) net.put(0, "k" + std::to_string(i), "x");
    net.run(seconds(1));
    net.start(1);
    ASSERT_TRUE(net.converge(seconds(10)));
    EXPECT_EQ(net.copies(), 1U);
    EXPECT_EQ(net.map(1).cells().count(), 2000U);
    EXPECT_EQ(net.at(1).reloads, 1U);
    EXPECT_TRUE(net.at(1).changed.empty());
}

TEST(SharedMap, a_restart_forgets_nothing) {
    MapNetwork net(1, 11);
    net.put(0, "k", "v");
    net.count(0, "n", 5);
    net.erase(0, "k");
    net.put(0, "k2", "v2");
    const std::uint64_t before = net.map(0).summary();
    net.stop(0);
    net.start(0);
    EXPECT_EQ(net.map(0).summary(), before);
    net.count(0, "n", 1);
    EXPECT_EQ(net.find(0, "n")->count, 6);
    EXPECT_EQ(net.value(0, "k"), "nothing");
}

TEST(SharedMap, a_write_with_a_version_is_refused_if_the_key_has_another) {
    MapNetwork net(1, 12);
    SharedMap& map = net.map(0);
    const auto first = map.put(net.moment(0), "k", "1", {std::nullopt, Stamp{}});
    ASSERT_TRUE(first);
    EXPECT_EQ(map.put(net.moment(0), "k", "2", {std::nullopt, Stamp{}}).error().code,
              Refusal::Code::conflict);
    const auto second = map.put(net.moment(0), "k", "2", {std::nullopt, *first});
    ASSERT_TRUE(second);
    EXPECT_EQ(map.put(net.moment(0), "k", "3", {std::nullopt, *first}).error().message,
              "the key has another version here");
    EXPECT_EQ(map.erase(net.moment(0), "k", *first).error().code, Refusal::Code::conflict);
    EXPECT_TRUE(map.erase(net.moment(0), "k", *second));
    EXPECT_EQ(map.erase(net.moment(0), "k", *second).error().code, Refusal::Code::not_found);
    while (map.poll()) {
    }
}

TEST(SharedMap, a_key_keeps_its_type_until_it_is_deleted) {
    MapNetwork net(1, 13);
    net.count(0, "k", 1);
    EXPECT_EQ(net.map(0).put(net.moment(0), "k", "v", {}).error().message,
              "the key holds a counter, not a value");
    net.erase(0, "k");
    net.put(0, "k", "v");
    EXPECT_EQ(net.value(0, "k"), "v");
}

TEST(SharedMap, limits_hold_at_one_more) {
    MapNetwork net(1, 14);
    SharedMap& map = net.map(0);
    const auto code = [](const auto& outcome) {
        return outcome ? std::string("fine") : std::string(to_string(outcome.error().code));
    };
    const Moment at = net.moment(0);
    EXPECT_EQ(code(map.put(at, std::string(kStateKeyBytesMax, 'k'), "v", {})), "fine");
    EXPECT_EQ(code(map.put(at, std::string(kStateKeyBytesMax + 1, 'k'), "v", {})), "invalid");
    EXPECT_EQ(code(map.put(at, "a\nb", "v", {})), "invalid");
    EXPECT_EQ(code(map.put(at, "", "v", {})), "invalid");
    EXPECT_EQ(code(map.put(at, "k", std::string(kStateValueBytesMax, 'v'), {})), "fine");
    EXPECT_EQ(code(map.put(at, "k", std::string(kStateValueBytesMax + 1, 'v'), {})), "over limit");
    const std::string longest(kStateElementBytesMax, 'e');
    EXPECT_EQ(code(map.change_set(at, "s", {longest}, {})), "fine");
    EXPECT_EQ(code(map.change_set(at, "s", {longest + "e"}, {})), "invalid");
    EXPECT_EQ(code(map.count(at, "c", std::int64_t{1} << 52)), "fine");
    EXPECT_EQ(code(map.count(at, "c", 1)), "over limit");
    while (map.poll()) {
    }
}

TEST(SharedMap, lists_by_prefix_in_pages) {
    MapNetwork net(1, 15);
    for (const char* key : {"a", "a/1", "a/2", "a/3", "ab", "b"}) net.put(0, key, key);
    net.change_set(0, "a/2s", {"x", "y"}, {});
    const auto keys = [&](std::string_view prefix, std::string_view after, std::size_t most) {
        std::string all;
        for (const auto& entry : net.map(0).list(net.moment(0), prefix, after, most, 1'000'000)) {
            all += entry.key + " ";
        }
        return all;
    };
    EXPECT_EQ(keys("a/", "", 100), "a/1 a/2 a/2s a/3 ");
    EXPECT_EQ(keys("a/", "", 2), "a/1 a/2 ");
    EXPECT_EQ(keys("a/", "a/2", 2), "a/2s a/3 ");
    EXPECT_EQ(keys("", "a", 3), "a/1 a/2 a/2s ");
    EXPECT_EQ(keys("", "ab", 3), "b ");
    EXPECT_EQ(keys("c", "", 3), "");
}

TEST(SharedMap, a_wipe_drops_what_is_older_and_takes_it_from_nobody) {
    MapNetwork net(3, 16);
    net.put(0, "bad/1", "x");
    net.put(0, "good", "x");
    net.run(seconds(1));
    net.stop(2);
    const Stamp now = stamp_at(net.moment(0).unix_ms + 1);
    for (std::size_t i = 0; i < 2; ++i) net.map(i).wipe(net.moment(i), "bad/", now);
    net.run(seconds(1));
    EXPECT_EQ(net.value(0, "bad/1"), "nothing");
    EXPECT_EQ(net.value(0, "good"), "x");
    net.start(2);
    net.run(seconds(5));
    EXPECT_EQ(net.value(0, "bad/1"), "nothing");
    EXPECT_GE(net.map(0).counters().dropped_wiped + net.map(1).counters().dropped_wiped, 1U);
    net.map(2).wipe(net.moment(2), "bad/", now);
    net.put(1, "bad/1", "written later");
    EXPECT_TRUE(net.converge(seconds(10)));
    EXPECT_EQ(net.value(2, "bad/1"), "written later");
}

}  // namespace
}  // namespace grapevine::protocol
