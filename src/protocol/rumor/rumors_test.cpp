#include "protocol/rumor/rumors.hpp"

#include <algorithm>
#include <bit>
#include <gtest/gtest.h>
#include <numeric>
#include <set>

#include "base/limits.hpp"
#include "protocol/neighbours.hpp"
#include "protocol/testing.hpp"
#include "wire/size.hpp"

namespace grapevine::protocol {
namespace {

using namespace std::chrono_literals;
using testing::drain;
using testing::only;
using testing::record_of;

class SomePeers final : public Peers {
public:
    explicit SomePeers(std::uint64_t count) {
        for (std::uint64_t id = 2; id < count + 2; ++id) ids.emplace_back(id);
    }
    [[nodiscard]] std::size_t peer_count() const override { return ids.size(); }
    [[nodiscard]] std::vector<MemberId> pick(Random& random, std::size_t count,
                                             MemberId except = kNobody) const override {
        std::vector<MemberId> picked;
        std::ranges::remove_copy(ids, std::back_inserter(picked), except);
        random.shuffle(std::span(picked));
        if (picked.size() > count) picked.resize(count);
        return picked;
    }
    [[nodiscard]] std::vector<MemberId> neighbours(std::size_t count) const override {
        return ring_neighbours(MemberId{1}, ids, count);
    }
    std::vector<MemberId> ids;
};

RumorKey about(std::uint64_t member) {
    return {RumorKey::Kind::member, MemberId(member)};
}

/// One list of rumors about members 100 and up, whose records it renders.
struct Teller {
    SomePeers peers;
    ProtocolConfig config;
    Rumors rumors;
    Instant now{};

    static ProtocolConfig three() {
        ProtocolConfig config;
        config.rumor_counter = 3;
        return config;
    }

    explicit Teller(std::uint64_t peer_count)
        : peers(peer_count),
          config(three()),
          rumors(
              config, peers,
              [](const RumorKey& key) -> std::optional<wire::RumorItem> {
                  return record_of(key.subject, 1);
              },
              7) {}

    std::optional<wire::RumorPush> fill(std::uint64_t to, std::size_t budget = 1100) {
        return rumors.fill(now, MemberId(to), budget);
    }
    void answer(std::uint64_t from, std::uint32_t number, std::uint64_t known) {
        rumors.handle_feedback(now, MemberId(from), {number, known});
        rumors.check_invariants();
        now += 1ms;
    }
};

TEST(Rumors, nothing_hot_waits_for_nothing) {
    Teller teller(10);
    EXPECT_EQ(teller.rumors.deadline(), kNever);
    EXPECT_FALSE(teller.fill(2));
}

TEST(Rumors, news_that_finds_us_idle_is_told_at_once_and_then_once_per_interval) {
    Teller teller(10);
    teller.now += 5s;
    teller.rumors.add(teller.now, about(100));
    EXPECT_EQ(teller.rumors.deadline(), teller.now);
    teller.rumors.advance(teller.now);
    EXPECT_EQ(only<Rumors::Gossip>(drain(teller.rumors)).size(), teller.config.rumor_fanout);
    const Duration wait = teller.rumors.deadline() - teller.now;
    EXPECT_GE(wait, teller.config.rumor_interval * 9 / 10);
    EXPECT_LE(wait, teller.config.rumor_interval * 11 / 10);
    // More news does not hurry us.
    teller.rumors.add(teller.now, about(101));
    EXPECT_EQ(teller.rumors.deadline(), teller.now + wait);
    teller.rumors.advance(teller.now + wait - 1ns);
    EXPECT_TRUE(drain(teller.rumors).empty());
}

TEST(Rumors, the_peers_of_one_interval_are_distinct) {
    Teller teller(4);
    teller.rumors.add(teller.now, about(100));
    teller.rumors.advance(teller.now);
    std::set<MemberId> peers;
    for (const auto& gossip : only<Rumors::Gossip>(drain(teller.rumors))) peers.insert(gossip.to);
    EXPECT_EQ(peers.size(), 3U);
}

TEST(Rumors, k_useless_contacts_in_a_row_remove_a_rumor) {
    Teller teller(100);
    teller.rumors.add(teller.now, about(100));
    for (std::uint64_t to = 2; to < 5; ++to) {
        EXPECT_TRUE(teller.rumors.is_hot(about(100)));
        const auto push = teller.fill(to);
        ASSERT_TRUE(push);
        teller.answer(to, push->number, 1);
    }
    EXPECT_FALSE(teller.rumors.is_hot(about(100)));
    EXPECT_EQ(teller.rumors.counters().removed, 1U);
}

TEST(Rumors, a_useful_contact_starts_the_count_anew) {
    Teller teller(100);
    teller.rumors.add(teller.now, about(100));
    const std::uint64_t known[] = {1, 1, 0, 1, 1, 0, 1, 1};
    std::uint64_t to = 2;
    for (const std::uint64_t bits : known) teller.answer(to, teller.fill(to)->number, bits), ++to;
    EXPECT_TRUE(teller.rumors.is_hot(about(100)));
    teller.answer(to, teller.fill(to)->number, 1);
    EXPECT_FALSE(teller.rumors.is_hot(about(100)));
}

TEST(Rumors, feedback_about_older_news_of_the_subject_counts_for_nothing) {
    Teller teller(100);
    teller.rumors.add(teller.now, about(100));
    const auto old = teller.fill(2);
    teller.rumors.add(teller.now, about(100));
    for (std::uint64_t to = 3; to < 5; ++to) teller.answer(to, teller.fill(to)->number, 1);
    teller.answer(2, old->number, 1);
    EXPECT_TRUE(teller.rumors.is_hot(about(100)));
}

TEST(Rumors, feedback_counts_once_and_only_from_the_one_who_was_told) {
    Teller teller(100);
    teller.rumors.add(teller.now, about(100));
    const auto push = teller.fill(2);
    teller.answer(3, push->number, 1);
    teller.answer(2, push->number + 9, 1);
    teller.answer(2, push->number, 1);
    teller.answer(2, push->number, 1);
    teller.answer(2, push->number, 1);
    EXPECT_EQ(teller.rumors.counters().dropped_unexpected, 4U);
    EXPECT_TRUE(teller.rumors.is_hot(about(100)));
}

TEST(Rumors, each_bit_of_the_feedback_speaks_of_its_own_item) {
    Teller teller(100);
    for (std::uint64_t id = 100; id < 103; ++id) teller.rumors.add(teller.now, about(id));
    for (std::uint64_t to = 2; to < 5; ++to) {
        const auto push = teller.fill(to);
        ASSERT_EQ(push->items.size(), 3U);
        std::uint64_t known = 0;
        for (std::size_t at = 0; at < 3; ++at) {
            if (Rumors::key_of(push->items[at]) != about(101)) known |= 1ULL << at;
        }
        teller.answer(to, push->number, known);
    }
    EXPECT_FALSE(teller.rumors.is_hot(about(100)));
    EXPECT_TRUE(teller.rumors.is_hot(about(101)));
    EXPECT_FALSE(teller.rumors.is_hot(about(102)));
}

TEST(Rumors, who_told_us_is_not_told_it_back) {
    Teller teller(10);
    teller.rumors.add(teller.now, about(100), MemberId(4));
    EXPECT_FALSE(teller.fill(4));
    EXPECT_TRUE(teller.fill(5));
}

TEST(Rumors, every_push_is_answered_with_what_was_known) {
    Teller teller(10);
    const wire::RumorPush push{17, {record_of(MemberId(100), 1), record_of(MemberId(101), 1)}};
    teller.rumors.handle_push(teller.now, MemberId(3), push, 0b10);
    const auto answers = only<Rumors::Answer>(drain(teller.rumors));
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_EQ(answers[0].to, MemberId(3));
    EXPECT_EQ(answers[0].feedback, (wire::RumorFeedback{17, 0b10}));
}

TEST(Rumors, the_pull_half_leaves_out_what_the_push_has_told) {
    Teller teller(10);
    teller.rumors.add(teller.now, about(100), MemberId(8));
    teller.rumors.add(teller.now, about(101), MemberId(8));
    teller.rumors.handle_push(teller.now, MemberId(3), {1, {record_of(MemberId(100), 1)}}, 1);
    const auto pull = teller.fill(3);
    ASSERT_TRUE(pull);
    ASSERT_EQ(pull->items.size(), 1U);
    EXPECT_EQ(Rumors::key_of(pull->items[0]), about(101));
}

TEST(Rumors, an_exchange_is_two_pushes_and_no_conversation) {
    Teller teller(10);
    teller.rumors.add(teller.now, about(100));
    const auto push = teller.fill(3);
    teller.rumors.add(teller.now, about(101));
    // One packet: the feedback to our push, and behind it the pull half.
    teller.now += 1ms;
    teller.rumors.handle_feedback(teller.now, MemberId(3), {push->number, 0});
    teller.rumors.handle_push(teller.now, MemberId(3), {5, {record_of(MemberId(102), 1)}}, 0);
    EXPECT_FALSE(teller.fill(3));
    teller.now += 1ms;
    EXPECT_TRUE(teller.fill(3)) << "at the next occasion it is told again";
}

TEST(Rumors, a_push_holds_64_items_at_most_and_fits_its_budget) {
    Teller teller(10);
    for (std::uint64_t id = 100; id < 300; ++id) teller.rumors.add(teller.now, about(id));
    const auto huge = teller.fill(2, 1'000'000);
    EXPECT_EQ(huge->items.size(), wire::kRumorsPerPushMax);
    for (std::size_t budget = 0; budget < 1200; budget += 37) {
        const auto push = teller.fill(3, budget);
        if (push) {
            EXPECT_LE(wire::encoded_size(wire::Section(*push)), budget);
        }
    }
    EXPECT_FALSE(teller.fill(4, wire::kSectionFrameBytesMax + 10));
}

TEST(Rumors, the_least_told_goes_first) {
    Teller teller(10);
    for (std::uint64_t id = 100; id < 260; ++id) teller.rumors.add(teller.now, about(id));
    std::set<RumorKey> told;
    for (std::uint64_t to = 2; to < 5; ++to) {
        const auto push = teller.fill(to, 1'000'000);
        for (const auto& item : push->items) told.insert(Rumors::key_of(item));
    }
    EXPECT_EQ(told.size(), 160U);
}

TEST(Rumors, what_has_nothing_to_tell_any_more_is_removed) {
    SomePeers peers(10);
    Rumors rumors(ProtocolConfig{}, peers, [](const RumorKey&) { return std::nullopt; }, 1);
    rumors.add(Instant{}, about(100));
    EXPECT_FALSE(rumors.fill(Instant{}, MemberId(2), 1000));
    EXPECT_EQ(rumors.hot_count(), 0U);
    EXPECT_EQ(rumors.deadline(), kNever);
}

TEST(Rumors, lost_feedback_keeps_no_rumor_hot_for_ever) {
    Teller teller(100);
    teller.rumors.add(teller.now, about(100));
    int tells = 0;
    while (teller.rumors.hot_count() > 0) {
        teller.now = teller.rumors.deadline();
        teller.rumors.advance(teller.now);
        for (const auto& gossip : only<Rumors::Gossip>(drain(teller.rumors))) {
            if (teller.rumors.fill(teller.now, gossip.to, 1000)) ++tells;
        }
        teller.rumors.check_invariants();
    }
    EXPECT_EQ(tells, 4 * (3 + std::bit_width(100U)));
    EXPECT_EQ(teller.rumors.counters().removed_unheard, 1U);
}

TEST(Rumors, alone_there_is_nobody_to_tell) {
    Teller teller(0);
    teller.rumors.add(teller.now, about(100));
    teller.rumors.advance(teller.now);
    EXPECT_TRUE(drain(teller.rumors).empty());
    EXPECT_EQ(teller.rumors.deadline(), kNever);
}

TEST(Rumors, of_two_members_each_tells_the_other_once) {
    Teller teller(1);
    teller.rumors.add(teller.now, about(100));
    teller.rumors.advance(teller.now);
    drain(teller.rumors);
    const auto push = teller.fill(2);
    ASSERT_TRUE(push);
    teller.answer(2, push->number, 0);
    EXPECT_EQ(teller.rumors.hot_count(), 0U);
    // And what comes from the other is nobody's news.
    teller.rumors.add(teller.now, about(101), MemberId(2));
    teller.rumors.advance(teller.rumors.deadline());
    EXPECT_TRUE(drain(teller.rumors).empty());
    EXPECT_EQ(teller.rumors.deadline(), kNever);
}

TEST(Rumors, awaited_feedback_is_bounded_and_the_oldest_is_given_up) {
    Teller teller(200);
    for (std::uint64_t id = 100; id < 160; ++id) teller.rumors.add(teller.now, about(id));
    const auto first = teller.fill(2, 400);
    ASSERT_TRUE(first);
    for (std::size_t push = 0; push < kPushesOutstandingMax; ++push) {
        ASSERT_TRUE(teller.fill(3 + push, 400));
    }
    EXPECT_EQ(teller.rumors.counters().pushes_displaced, 1U);
    teller.answer(2, first->number, 1);
    EXPECT_EQ(teller.rumors.counters().dropped_unexpected, 1U);
}

TEST(Rumors, a_late_driver_gossips_once_not_for_every_interval_it_slept) {
    Teller teller(10);
    teller.rumors.add(teller.now, about(100));
    teller.rumors.advance(teller.now);
    drain(teller.rumors);
    teller.now += 10min;
    teller.rumors.advance(teller.now);
    EXPECT_EQ(drain(teller.rumors).size(), teller.config.rumor_fanout);
    teller.rumors.advance(teller.now);
    EXPECT_TRUE(drain(teller.rumors).empty());
}

TEST(Rumors, the_same_seed_tells_the_same_peers) {
    Teller first(50);
    Teller second(50);
    for (Teller* teller : {&first, &second}) {
        teller->rumors.add(teller->now, about(100));
        for (int round = 0; round < 5; ++round) teller->rumors.advance(teller->rumors.deadline());
    }
    std::vector<MemberId> told[2];
    for (const auto& gossip : only<Rumors::Gossip>(drain(first.rumors)))
        told[0].push_back(gossip.to);
    for (const auto& gossip : only<Rumors::Gossip>(drain(second.rumors)))
        told[1].push_back(gossip.to);
    EXPECT_EQ(told[0], told[1]);
    EXPECT_EQ(told[0].size(), 15U);
}

}  // namespace
}  // namespace grapevine::protocol
