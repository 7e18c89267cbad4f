#include "protocol/state/records.hpp"

#include <gtest/gtest.h>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.hpp"
#include "protocol/state/records_testing.hpp"
#include "wire/size.hpp"

namespace grapevine::protocol {
namespace {

using namespace testing_records;

TEST(Records, a_write_is_persisted_before_it_is_spread) {
    Records records = make(kOwner);
    ASSERT_TRUE(records.set(at(0s), "role", "web").has_value());
    const auto actions = drain(records);
    ASSERT_EQ(actions.size(), 2U);
    EXPECT_TRUE(std::holds_alternative<Records::Persist>(actions[0]));
    EXPECT_TRUE(std::holds_alternative<Records::Changed>(actions[1]));
    EXPECT_EQ(std::get<Records::Persist>(actions[0]).version, Version{1});
}

TEST(Records, setting_an_equal_value_changes_nothing) {
    Records records = make(kOwner);
    const Version first = put(records, "role", "web");
    EXPECT_EQ(records.set(at(0s), "role", "web").value(), first);
    EXPECT_TRUE(drain(records).empty());
}

TEST(Records, erasing_a_key_that_is_not_there_is_not_found) {
    Records records = make(kOwner);
    EXPECT_EQ(records.erase(at(0s), "role").error().code, Refusal::Code::not_found);
    put(records, "role", "web");
    remove(records, "role");
    EXPECT_EQ(records.erase(at(0s), "role").error().code, Refusal::Code::not_found);
}

TEST(Records, keys_and_values_are_refused_one_byte_above_their_limit) {
    Records records = make(kOwner);
    EXPECT_TRUE(records.set(at(0s), std::string(kRecordKeyBytesMax, 'k'), "v").has_value());
    EXPECT_TRUE(records.set(at(0s), "v", std::string(kRecordValueBytesMax, 'v')).has_value());
    drain(records);
    const Version before = records.find(kOwner)->version;
    EXPECT_EQ(records.set(at(0s), std::string(kRecordKeyBytesMax + 1, 'k'), "v").error().code,
              Refusal::Code::over_limit);
    EXPECT_EQ(records.set(at(0s), "v", std::string(kRecordValueBytesMax + 1, 'v')).error().code,
              Refusal::Code::over_limit);
    EXPECT_EQ(records.set(at(0s), "", "v").error().code, Refusal::Code::invalid);
    EXPECT_EQ(records.set(at(0s), "a\nb", "v").error().code, Refusal::Code::invalid);
    EXPECT_TRUE(drain(records).empty());
    EXPECT_EQ(records.find(kOwner)->version, before);
}

TEST(Records, one_key_above_the_limit_is_refused_and_an_erased_one_makes_room) {
    Records records = make(kOwner);
    for (std::size_t i = 0; i < kRecordKeysMax; ++i) put(records, "k" + std::to_string(i), "v");
    EXPECT_EQ(records.set(at(0s), "one-more", "v").error().code, Refusal::Code::over_limit);
    EXPECT_TRUE(records.set(at(0s), "k0", "other").has_value()) << "an existing key is no new one";
    drain(records);
    remove(records, "k0");
    EXPECT_TRUE(records.set(at(0s), "one-more", "v").has_value());
}

TEST(Records, keys_of_the_daemons_own_fit_a_full_record_and_take_no_room_from_users) {
    Records records = make(kOwner);
    for (std::size_t i = 0; i + 1 < kRecordKeysMax; ++i) put(records, "k" + std::to_string(i), "v");
    put(records, "gv.interest", std::string(kRecordValueBytesMax, 'v'));
    put(records, "k", "v");
    EXPECT_EQ(records.set(at(0s), "one-more", "v").error().code, Refusal::Code::over_limit);
    put(records, "gv.channels", "v");
    drain(records);
    records.check_invariants();
}

TEST(Records, the_record_is_refused_one_byte_above_its_limit) {
    Records records = make(kOwner);
    std::size_t used = 0;
    for (char name = 'a'; used + 1 + kRecordValueBytesMax <= kRecordBytesMax; ++name) {
        put(records, std::string(1, name), std::string(kRecordValueBytesMax, 'v'));
        used += 1 + kRecordValueBytesMax;
    }
    const std::size_t left = kRecordBytesMax - used;
    EXPECT_EQ(records.set(at(0s), "z", std::string(left, 'v')).error().code,
              Refusal::Code::over_limit);
    EXPECT_TRUE(records.set(at(0s), "z", std::string(left - 1, 'v')).has_value());
}

TEST(Records, one_tombstone_above_the_limit_collects_the_oldest_early) {
    Records records = make(kOwner);
    for (std::size_t i = 0; i <= kRecordTombstonesMax; ++i) {
        put(records, "k" + std::to_string(i), "v");
        remove(records, "k" + std::to_string(i));
    }
    EXPECT_EQ(records.find(kOwner)->items.size(), kRecordTombstonesMax);
    EXPECT_EQ(records.find(kOwner)->collected, Version{2});
    EXPECT_EQ(records.counters().collected_early, 1U);
}

TEST(Records, tombstones_are_collected_after_their_life_and_not_before) {
    Records records = make(kOwner, 10s);
    put(records, "a", "1", at(0s));
    remove(records, "a", at(1s));
    EXPECT_EQ(records.deadline(), at(11s));
    records.advance(at(11s) - 1ns);
    EXPECT_TRUE(drain(records).empty());
    records.advance(at(11s));
    EXPECT_EQ(drain(records).size(), 2U);
    EXPECT_TRUE(records.find(kOwner)->items.empty());
    EXPECT_EQ(records.find(kOwner)->collected, Version{2});
    EXPECT_EQ(records.deadline(), kNever);
}

TEST(Records, a_delta_is_cut_at_its_budget_without_leaving_out_a_lower_version) {
    Records owner = make(kOwner);
    for (int i = 0; i < 20; ++i) put(owner, "k" + std::to_string(i), std::string(100, 'v'));
    put(owner, "k0", "rewritten");
    const auto delta = owner.delta(kOwner, Version{}, Version{}, 600);
    ASSERT_TRUE(delta.has_value());
    EXPECT_LE(wire::encoded_size(wire::Section(*delta)), 600U);
    EXPECT_GT(delta->items.size(), 2U);
    EXPECT_EQ(delta->to, delta->items.back().version);
    EXPECT_EQ(delta->items.front().version, Version{2});
    for (std::size_t i = 1; i < delta->items.size(); ++i) {
        EXPECT_EQ(delta->items[i].version, delta->items[i - 1].version.next());
    }
    EXPECT_FALSE(owner.delta(kOwner, Version{}, Version{}, 50).has_value()) << "no item fits";
}

TEST(Records, a_delta_that_begins_above_what_we_hold_is_dropped) {
    Records owner = make(kOwner);
    Records copy = make(kOther);
    put(owner, "a", "1");
    put(owner, "b", "2");
    EXPECT_FALSE(feed(copy, *owner.delta(kOwner, Version{1}, Version{}, kBudget)));
    EXPECT_EQ(copy.counters().dropped_gap, 1U);
    EXPECT_EQ(copy.find(kOwner), nullptr);
}

TEST(Records, a_delta_that_came_again_is_no_news) {
    Records owner = make(kOwner);
    Records copy = make(kOther);
    put(owner, "a", "1");
    const auto delta = between(owner, copy);
    EXPECT_TRUE(feed(copy, *delta));
    EXPECT_FALSE(feed(copy, *delta));
    EXPECT_EQ(copy.counters().dropped_known, 1U);
}

TEST(Records, a_delta_that_overlaps_is_applied_for_the_part_we_lack) {
    Records owner = make(kOwner);
    Records copy = make(kOther);
    put(owner, "a", "1");
    feed(copy, *between(owner, copy));
    put(owner, "b", "2");
    copy.handle_delta(at(0s), *owner.delta(kOwner, Version{}, Version{}, kBudget));
    const auto actions = drain(copy);
    ASSERT_EQ(actions.size(), 1U);
    EXPECT_EQ(std::get<Records::Changed>(actions[0]).items.size(), 1U);
    EXPECT_EQ(visible(copy), visible(owner));
}

TEST(Records, malformed_versions_are_dropped) {
    Records copy = make(kOther);
    const StateItem item{"a", "1", false, Version{5}};
    EXPECT_FALSE(feed(copy, {kOwner, Version{}, Version{4}, Version{}, false, {item}}));
    EXPECT_FALSE(feed(copy, {kOwner, Version{5}, Version{6}, Version{}, false, {item}}));
    EXPECT_FALSE(feed(copy, {kOwner, Version{}, Version{6}, Version{}, false, {item, item}}));
    EXPECT_FALSE(feed(copy, {kOwner, Version{6}, Version{5}, Version{}, false, {}}));
    EXPECT_FALSE(feed(copy, {kOwner, Version{}, Version{~0ULL}, Version{}, false, {}}));
    EXPECT_EQ(copy.counters().dropped_malformed, 5U);
}

TEST(Records, a_copy_above_its_limit_is_a_lie_and_dropped) {
    Records copy = make(kOther);
    StateDelta delta{kOwner, Version{}, Version{kRecordItemsMax + 1}, Version{}, false, {}};
    for (std::size_t i = 1; i <= kRecordItemsMax + 1; ++i) {
        delta.items.push_back({"k" + std::to_string(i), "", false, Version{i}});
    }
    EXPECT_FALSE(feed(copy, delta));
    EXPECT_EQ(copy.counters().dropped_full, 1U);
    delta.items.pop_back();
    EXPECT_TRUE(feed(copy, delta));
}

TEST(Records, one_who_was_away_longer_than_a_tombstone_lives_gets_a_reset) {
    Records owner = make(kOwner, 10s);
    Records copy = make(kOther);
    put(owner, "deleted", "1");
    put(owner, "kept", "2");
    feed(copy, *between(owner, copy));
    remove(owner, "deleted", at(1s));
    owner.advance(at(11s));
    drain(owner);

    const auto delta = between(owner, copy);
    ASSERT_TRUE(delta && delta->is_reset);
    copy.handle_delta(at(12s), *delta);
    const auto actions = drain(copy);
    ASSERT_EQ(actions.size(), 1U);
    const auto& changed = std::get<Records::Changed>(actions[0]);
    EXPECT_TRUE(changed.was_reset);
    EXPECT_EQ(changed.items.front().key, "deleted");
    EXPECT_TRUE(changed.items.front().is_tombstone) << "what vanished is told as deleted";
    EXPECT_EQ(visible(copy), visible(owner));
    EXPECT_FALSE(feed(copy, *delta)) << "a reset that came again is no news";
}

TEST(Records, one_who_has_seen_the_tombstone_needs_no_reset_and_learns_of_the_collection) {
    Records owner = make(kOwner, 10s);
    Records copy = make(kOther);
    put(owner, "deleted", "1");
    remove(owner, "deleted", at(1s));
    feed(copy, *between(owner, copy));
    owner.advance(at(11s));
    drain(owner);
    const auto delta = between(owner, copy);
    ASSERT_TRUE(delta.has_value());
    EXPECT_FALSE(delta->is_reset);
    EXPECT_TRUE(delta->items.empty());
    EXPECT_TRUE(feed(copy, *delta));
    EXPECT_TRUE(copy.find(kOwner)->items.empty());
    EXPECT_FALSE(between(owner, copy).has_value());
}

// The copy is in the middle of a cut reset (version 1 of 6, collected 5). Somebody who has not
// heard of the collection holds the key that was set at 2 and deleted at 5, but not yet its
// deletion. His delta must not bring the key back: the tombstone is gone, nobody could delete it
// here again.
TEST(Records, a_half_finished_reset_takes_nothing_from_before_the_collection) {
    Records owner = make(kOwner, 10s);
    Records behind = make(MemberId{3});
    Records copy = make(kOther);
    put(owner, "a", std::string(500, 'a'));
    put(owner, "ghost", "boo");
    put(owner, "b", std::string(700, 'b'));
    feed(behind, *owner.delta(kOwner, Version{}, Version{}, 2000));
    put(owner, "c", "3");
    remove(owner, "ghost", at(1s));
    owner.advance(at(11s));
    drain(owner);
    put(owner, "d", "4");

    const auto begun = between(owner, copy);
    ASSERT_TRUE(begun && begun->is_reset);
    ASSERT_TRUE(feed(copy, *begun));
    ASSERT_EQ(copy.find(kOwner)->version, Version{1});
    ASSERT_EQ(copy.find(kOwner)->collected, Version{5});
    EXPECT_FALSE(between(behind, copy).has_value());
    const StateDelta old = *behind.delta(kOwner, Version{1}, Version{}, 2000);
    EXPECT_FALSE(feed(copy, old));
    EXPECT_FALSE(visible(copy).contains("ghost"));
    while (const auto delta = between(owner, copy)) ASSERT_TRUE(feed(copy, *delta));
    EXPECT_EQ(visible(copy), visible(owner));
}

TEST(Records, the_newest_change_carries_the_small_ones_before_it) {
    Records owner = make(kOwner);
    Records copy = make(kOther);
    put(owner, "a", "1");
    put(owner, "b", "2");
    put(owner, "c", "3");
    const auto news = owner.newest(kOwner);
    ASSERT_TRUE(news.has_value());
    EXPECT_EQ(news->items.size(), 3U);
    EXPECT_TRUE(feed(copy, *news)) << "two lost rumors are healed by the third";
    put(owner, "d", std::string(kRecordValueBytesMax, 'd'));
    EXPECT_EQ(owner.newest(kOwner)->items.size(), 1U);
    EXPECT_EQ(owner.newest(kOwner)->from, Version{3});
}

TEST(Records, pack_serves_the_deepest_member_first_and_fills_the_rest) {
    Records records = make(MemberId{9});
    for (std::uint64_t member = 1; member <= 3; ++member) {
        StateDelta delta{MemberId{member}, Version{}, Version{member * 2}, {}, false, {}};
        for (std::uint64_t i = 1; i <= member * 2; ++i) {
            delta.items.push_back(
                {"k" + std::to_string(i), std::string(50, 'v'), false, Version{i}});
        }
        feed(records, delta);
    }
    const std::vector<Records::Want> wants{
        {MemberId{1}, {}, {}}, {MemberId{2}, {}, {}}, {MemberId{3}, {}, {}}, {MemberId{4}, {}, {}}};
    const auto deltas = records.pack(wants, 900, 7);
    ASSERT_GE(deltas.size(), 2U);
    EXPECT_EQ(deltas[0].member, MemberId{3});
    EXPECT_EQ(deltas[0].items.size(), 6U);
    EXPECT_EQ(deltas[1].member, MemberId{2});
    std::size_t total = 0;
    for (const auto& delta : deltas) total += wire::encoded_size(wire::Section(delta));
    EXPECT_LE(total, 900U);
}

TEST(Records, what_others_hold_of_us_and_we_know_is_dropped) {
    Records owner = make(kOwner);
    put(owner, "a", "1");
    EXPECT_FALSE(feed(owner, {kOwner, {}, Version{1}, {}, false, {{"a", "x", false, Version{1}}}}));
    EXPECT_EQ(owner.counters().dropped_own, 1U);
    EXPECT_EQ(visible(owner).at("a"), "1");
}

// Our disk was restored from a snapshot at version 1; others hold 3 versions of ours. Whatever they
// hold, afterwards all of them agree with us.
TEST(Records, a_restored_snapshot_outranks_what_it_forgot) {
    Records before = make(kOwner);
    Records copy = make(kOther);
    put(before, "a", "1");
    const Record snapshot = *before.find(kOwner);
    put(before, "forgotten", "2");
    remove(before, "a");
    feed(copy, *between(before, copy));

    Records owner(kOwner, snapshot, config_with_life(24h));
    EXPECT_TRUE(owner.handle_delta(at(0s), *copy.delta(kOwner, Version{1}, Version{}, kBudget)));
    const auto actions = drain(owner);
    ASSERT_EQ(actions.size(), 2U);
    EXPECT_EQ(std::get<Records::Persist>(actions[0]).items.size(), 1U);
    EXPECT_TRUE(std::get<Records::Changed>(actions[1]).was_reset);
    EXPECT_GT(owner.find(kOwner)->version, Version{3});
    while (const auto delta = between(owner, copy)) ASSERT_TRUE(feed(copy, *delta));
    const std::map<std::string, std::string> expected{{"a", "1"}};
    EXPECT_EQ(visible(copy), expected);
}

TEST(Records, tombstones_collected_on_disk_do_not_return_with_it) {
    Record image;
    image.items["gone"] = {"gone", "", true, Version{3}};
    image.items["held"] = {"held", "", true, Version{5}};
    image.version = Version{4};
    image.collected = Version{3};
    Records owner(kOwner, image, config_with_life(10s));
    owner.check_invariants();
    EXPECT_EQ(owner.find(kOwner)->version, Version{5});
    EXPECT_EQ(owner.find(kOwner)->items.size(), 1U);
    EXPECT_EQ(owner.deadline(), at(10s));
}

TEST(Records, a_forgotten_member_is_gone_and_we_are_never) {
    Records owner = make(kOwner);
    Records copy = make(kOther);
    put(owner, "a", "1");
    feed(copy, *between(owner, copy));
    copy.forget(kOwner);
    copy.forget(kOther);
    EXPECT_EQ(copy.find(kOwner), nullptr);
    EXPECT_NE(copy.find(kOther), nullptr);
}

}  // namespace
}  // namespace grapevine::protocol
