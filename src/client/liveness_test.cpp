#include "client/liveness.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "base/random.hpp"

namespace grapevine::client {
namespace {

using namespace std::chrono_literals;
using enum MemberEvent;
using Changes = std::vector<Liveness::Change>;

Instant at(Duration since_start) {
    return Instant{} + since_start;
}

/// Times unlike the defaults, and unlike each other: 4 s, then 3 s, and 10 s in all.
constexpr LivenessTimes kTimes{4s, 3s, 10s};

Liveness with_one(LivenessTimes times = kTimes) {
    Liveness liveness(times);
    (void)liveness.heard(at(0s), "a", at(0s));
    return liveness;
}

TEST(Liveness, a_new_name_comes_in_reachable) {
    Liveness liveness(kTimes);
    EXPECT_EQ(liveness.heard(at(7s), "a", at(7s)), (Changes{{in, "a"}}));
    ASSERT_NE(liveness.find("a"), nullptr);
    EXPECT_EQ(liveness.find("a")->reachability, Reachability::reachable);
    EXPECT_EQ(liveness.find("a")->last_heard, at(7s));
    EXPECT_EQ(liveness.find("b"), nullptr);
    EXPECT_EQ(liveness.size(), 1U);
}

TEST(Liveness, waits_for_nothing_when_it_knows_nobody) {
    EXPECT_EQ(Liveness(kTimes).deadline(), kNever);
}

TEST(Liveness, quarantine_begins_at_its_instant_and_not_before) {
    Liveness liveness = with_one();
    EXPECT_EQ(liveness.deadline(), at(4s));
    EXPECT_EQ(liveness.advance(at(4s) - 1ns), Changes{});
    EXPECT_EQ(liveness.find("a")->reachability, Reachability::reachable);
    EXPECT_EQ(liveness.advance(at(4s)), (Changes{{quarantine, "a"}}));
    EXPECT_EQ(liveness.find("a")->reachability, Reachability::quarantine);
}

TEST(Liveness, unreachable_follows_when_the_quarantine_is_over_and_not_before) {
    Liveness liveness = with_one();
    (void)liveness.advance(at(4s));
    EXPECT_EQ(liveness.deadline(), at(7s));
    EXPECT_EQ(liveness.advance(at(7s) - 1ns), Changes{});
    EXPECT_EQ(liveness.advance(at(7s)), (Changes{{unreachable, "a"}}));
    EXPECT_EQ(liveness.find("a")->reachability, Reachability::unreachable);
}

TEST(Liveness, the_drop_counts_from_the_last_word_and_ends_with_out) {
    Liveness liveness = with_one();
    (void)liveness.advance(at(7s));
    EXPECT_EQ(liveness.deadline(), at(10s));
    EXPECT_EQ(liveness.advance(at(10s) - 1ns), Changes{});
    EXPECT_EQ(liveness.advance(at(10s)), (Changes{{drop, "a"}, {out, "a"}}));
    EXPECT_EQ(liveness.find("a"), nullptr);
    EXPECT_EQ(liveness.size(), 0U);
    EXPECT_EQ(liveness.deadline(), kNever);
}

TEST(Liveness, zero_means_never_dropped) {
    Liveness liveness = with_one({4s, 3s, 0s});
    EXPECT_EQ(liveness.advance(at(100'000h)), (Changes{{quarantine, "a"}, {unreachable, "a"}}));
    EXPECT_EQ(liveness.deadline(), kNever);
    EXPECT_EQ(liveness.advance(at(200'000h)), Changes{});
}

TEST(Liveness, a_drop_that_is_due_early_waits_for_unreachable_and_comes_with_it) {
    Liveness liveness = with_one({4s, 3s, 1s});
    EXPECT_EQ(liveness.advance(at(4s)), (Changes{{quarantine, "a"}}));
    EXPECT_EQ(liveness.advance(at(7s)), (Changes{{unreachable, "a"}, {drop, "a"}, {out, "a"}}));
}

TEST(Liveness, a_stall_over_several_deadlines_reports_each_step) {
    Liveness liveness = with_one();
    EXPECT_EQ(liveness.advance(at(1h)),
              (Changes{{quarantine, "a"}, {unreachable, "a"}, {drop, "a"}, {out, "a"}}));
}

TEST(Liveness, after_a_stall_verdicts_fall_in_the_order_of_their_deadlines) {
    Liveness liveness(kTimes);
    (void)liveness.heard(at(0s), "z", at(0s));
    (void)liveness.heard(at(2s), "a", at(2s));
    EXPECT_EQ(liveness.advance(at(8s)),
              (Changes{{quarantine, "z"}, {quarantine, "a"}, {unreachable, "z"}}));
}

TEST(Liveness, a_word_postpones_the_verdict) {
    Liveness liveness = with_one();
    EXPECT_EQ(liveness.heard(at(3s), "a", at(3s)), Changes{});
    EXPECT_EQ(liveness.deadline(), at(7s));
    EXPECT_EQ(liveness.advance(at(7s) - 1ns), Changes{});
    EXPECT_EQ(liveness.advance(at(7s)), (Changes{{quarantine, "a"}}));
}

TEST(Liveness, the_talk_of_others_postpones_no_verdict) {
    Liveness liveness = with_one();
    for (int i = 1; i < 40; ++i) {
        (void)liveness.heard(at(i * 100ms), "talker", at(i * 100ms));
        EXPECT_EQ(liveness.advance(at(i * 100ms)), Changes{});
    }
    EXPECT_EQ(liveness.advance(at(4s)), (Changes{{quarantine, "a"}}));
}

TEST(Liveness, rejoins_from_quarantine) {
    Liveness liveness = with_one();
    (void)liveness.advance(at(4s));
    EXPECT_EQ(liveness.heard(at(5s), "a", at(5s)), (Changes{{rejoin, "a"}}));
    EXPECT_EQ(liveness.find("a")->reachability, Reachability::reachable);
    EXPECT_EQ(liveness.deadline(), at(9s));
}

TEST(Liveness, rejoins_from_unreachable) {
    Liveness liveness = with_one();
    (void)liveness.advance(at(7s));
    EXPECT_EQ(liveness.heard(at(8s), "a", at(8s)), (Changes{{rejoin, "a"}}));
    EXPECT_EQ(liveness.deadline(), at(12s));
}

TEST(Liveness, a_word_that_waited_in_a_buffer_counts_before_the_overdue_verdict) {
    Liveness liveness = with_one();
    EXPECT_EQ(liveness.heard(at(60s), "a", at(60s)), Changes{});
    EXPECT_EQ(liveness.advance(at(60s)), Changes{});
}

TEST(Liveness, what_has_been_heard_only_moves_forward) {
    Liveness liveness = with_one();
    (void)liveness.heard(at(3s), "a", at(3s));
    EXPECT_EQ(liveness.heard(at(3s), "a", at(1s)), Changes{});
    EXPECT_EQ(liveness.find("a")->last_heard, at(3s));
    EXPECT_EQ(liveness.deadline(), at(7s));
}

TEST(Liveness, stale_news_moves_the_time_but_does_not_rejoin) {
    Liveness liveness = with_one();
    (void)liveness.advance(at(7s));
    EXPECT_EQ(liveness.heard(at(9s), "a", at(5s)), Changes{});
    EXPECT_EQ(liveness.find("a")->reachability, Reachability::unreachable);
    EXPECT_EQ(liveness.find("a")->last_heard, at(5s));
    EXPECT_EQ(liveness.deadline(), at(15s));
}

TEST(Liveness, news_rejoins_exactly_while_it_is_younger_than_the_quarantine) {
    Liveness stale = with_one();
    (void)stale.advance(at(7s));
    EXPECT_EQ(stale.heard(at(9s), "a", at(5s)), Changes{});
    Liveness fresh = with_one();
    (void)fresh.advance(at(7s));
    EXPECT_EQ(fresh.heard(at(9s), "a", at(5s) + 1ns), (Changes{{rejoin, "a"}}));
}

TEST(Liveness, old_news_of_an_unknown_name_comes_in_and_is_judged_by_its_age) {
    Liveness liveness(kTimes);
    EXPECT_EQ(liveness.heard(at(100s), "a", at(95s)), (Changes{{in, "a"}}));
    EXPECT_EQ(liveness.advance(at(100s)), (Changes{{quarantine, "a"}}));
}

TEST(Liveness, news_so_old_that_it_would_be_dropped_at_once_is_no_news) {
    Liveness liveness(kTimes);
    EXPECT_EQ(liveness.heard(at(100s), "a", at(90s)), Changes{});
    EXPECT_EQ(liveness.size(), 0U);
    EXPECT_EQ(liveness.heard(at(100s), "a", at(90s) + 1ns), (Changes{{in, "a"}}));
}

TEST(Liveness, an_early_drop_does_not_make_news_old_before_unreachable_does) {
    Liveness liveness({4s, 3s, 1s});
    EXPECT_EQ(liveness.heard(at(100s), "a", at(93s) + 1ns), (Changes{{in, "a"}}));
    EXPECT_EQ(liveness.heard(at(100s), "b", at(93s)), Changes{});
}

TEST(Liveness, old_news_is_never_too_old_where_nobody_is_dropped) {
    Liveness liveness({4s, 3s, 0s});
    EXPECT_EQ(liveness.heard(at(100'000s), "a", at(0s)), (Changes{{in, "a"}}));
}

TEST(Liveness, a_goodbye_is_out_without_drop) {
    Liveness liveness = with_one();
    EXPECT_EQ(liveness.remove("a"), (Changes{{out, "a"}}));
    EXPECT_EQ(liveness.find("a"), nullptr);
    EXPECT_EQ(liveness.deadline(), kNever);
    EXPECT_EQ(liveness.advance(at(1h)), Changes{});
}

TEST(Liveness, a_goodbye_of_nobody_is_nothing) {
    Liveness liveness = with_one();
    EXPECT_EQ(liveness.remove("b"), Changes{});
    EXPECT_EQ(liveness.size(), 1U);
}

TEST(Liveness, who_said_goodbye_can_come_in_again) {
    Liveness liveness = with_one();
    (void)liveness.remove("a");
    EXPECT_EQ(liveness.heard(at(1s), "a", at(1s)), (Changes{{in, "a"}}));
}

TEST(Liveness, new_times_count_from_the_next_word) {
    Liveness liveness = with_one();
    liveness.set_times({1s, 1s, 5s});
    EXPECT_EQ(liveness.deadline(), at(4s));
    (void)liveness.heard(at(2s), "a", at(2s));
    EXPECT_EQ(liveness.deadline(), at(3s));
}

TEST(Liveness, new_times_count_from_the_next_verdict) {
    Liveness liveness = with_one();
    liveness.set_times({5s, 6s, 50s});
    EXPECT_EQ(liveness.advance(at(4s)), (Changes{{quarantine, "a"}}));
    EXPECT_EQ(liveness.deadline(), at(11s));
}

TEST(Liveness, times_beyond_all_time_are_never) {
    Liveness liveness = with_one({Duration::max(), Duration::max(), Duration::max()});
    EXPECT_EQ(liveness.deadline(), kNever);
    EXPECT_EQ(liveness.heard(at(1h), "b", at(1h)), (Changes{{in, "b"}}));
    EXPECT_EQ(liveness.deadline(), kNever);
}

TEST(Liveness, speaks_the_words_of_the_old_protocol) {
    EXPECT_EQ(to_string(in), "member_in");
    EXPECT_EQ(to_string(quarantine), "member_quarantine");
    EXPECT_EQ(to_string(unreachable), "member_unreachable");
    EXPECT_EQ(to_string(drop), "member_drop");
    EXPECT_EQ(to_string(out), "member_out");
    EXPECT_EQ(to_string(rejoin), "member_rejoin");
    EXPECT_EQ(to_string(Reachability::reachable), "reachable");
    EXPECT_EQ(to_string(Reachability::quarantine), "quarantine");
    EXPECT_EQ(to_string(Reachability::unreachable), "unreachable");
}

/// The same rules over all members and without an index.
class Twin {
public:
    void heard(const std::string& name, Instant when) {
        auto [where, is_new] = lives_.try_emplace(name, Liveness::Life{});
        where->second.last_heard = is_new ? when : std::max(where->second.last_heard, when);
        where->second.reachability = Reachability::reachable;
    }
    void remove(const std::string& name) { lives_.erase(name); }
    void advance(Instant now) {
        for (auto& [name, life] : lives_) {
            const Duration silence = now - life.last_heard;
            if (silence >= 4s) life.reachability = Reachability::quarantine;
            if (silence >= 7s) life.reachability = Reachability::unreachable;
        }
        std::erase_if(lives_,
                      [&](const auto& item) { return now - item.second.last_heard >= 10s; });
    }
    std::map<std::string, Liveness::Life, std::less<>> lives_;
};

TEST(Liveness, agrees_with_a_twin_that_looks_at_everybody) {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        SCOPED_TRACE(seed);
        Random random(seed);
        Liveness liveness(kTimes);
        Twin twin;
        Instant now{};
        for (int step = 0; step < 300; ++step) {
            now += std::chrono::milliseconds(random.below(1500));
            (void)liveness.advance(now);
            twin.advance(now);
            const std::string name(1, static_cast<char>('a' + random.below(6)));
            if (random.chance(0.1)) {
                (void)liveness.remove(name);
                twin.remove(name);
            } else {
                (void)liveness.heard(now, name, now);
                twin.heard(name, now);
            }
            liveness.check_invariants();
            ASSERT_EQ(liveness.size(), twin.lives_.size());
            for (const auto& [other, life] : twin.lives_) {
                ASSERT_NE(liveness.find(other), nullptr);
                EXPECT_EQ(liveness.find(other)->reachability, life.reachability);
                EXPECT_EQ(liveness.find(other)->last_heard, life.last_heard);
            }
            ASSERT_GT(liveness.deadline(), now);
        }
    }
}

}  // namespace
}  // namespace grapevine::client
