#include "discovery/announcer.hpp"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <memory>
#include <set>

namespace grapevine::discovery {
namespace {

using namespace std::chrono_literals;

Instant at(Duration since_start) {
    return Instant{} + since_start;
}

double seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

const std::vector<Endpoint> kSomewhere = {Endpoint::v4(10, 0, 0, 1, 9471)};

/// One network on which everybody hears everybody after `kDelay`. Members `0` to `old - 1` know
/// each other; the others know nobody and are known by nobody, until the test says so.
class Lan {
public:
    static constexpr Duration kDelay = 1ms;

    Lan(std::size_t count, std::size_t old, std::uint64_t seed) : is_joined_(count) {
        for (std::size_t index = 0; index < count; ++index) {
            is_joined_[index] = index < old;
            announcers_.push_back(std::make_unique<Announcer>(
                [this, index](MemberId member) {
                    return is_joined_[index] && is_joined_[member.value() - 1];
                },
                seed * 1000 + index));
            // One alone has its company elsewhere.
            if (index < old) announcers_.back()->company(Instant{}, std::max(old - 1, 1UL));
        }
    }

    void run_until(Instant end) {
        for (;;) {
            Instant next = kNever;
            for (const auto& announcer : announcers_) next = std::min(next, announcer->deadline());
            const Instant arrival = waves_.empty() ? kNever : waves_.front().when;
            if (std::min(next, arrival) > end) return;
            now_ = std::max(now_, std::min(next, arrival));
            if (arrival <= now_) {
                arrive();
            } else {
                for (std::size_t index = 0; index < announcers_.size(); ++index) {
                    if (announcers_[index]->deadline() > now_) continue;
                    announcers_[index]->advance(now_);
                    drain(index);
                }
            }
        }
    }

    std::vector<Instant> spoken;  ///< When somebody announced itself.
    struct Contact {
        Instant when;
        std::size_t from;
        std::size_t to;
    };
    std::vector<Contact> contacts;
    std::vector<bool> is_joined_;

private:
    struct Wave {
        Instant when;
        std::size_t from;
    };

    void arrive() {
        const Wave wave = waves_.front();
        waves_.pop_front();
        for (std::size_t index = 0; index < announcers_.size(); ++index) {
            if (index == wave.from) continue;
            announcers_[index]->heard(now_, MemberId(wave.from + 1), kSomewhere);
            drain(index);
        }
    }

    void drain(std::size_t index) {
        while (const auto action = announcers_[index]->poll()) {
            if (std::holds_alternative<Announcer::Announce>(*action)) {
                spoken.push_back(now_);
                waves_.push_back({now_ + kDelay, index});
            } else {
                const auto& contact = std::get<Announcer::Contact>(*action);
                contacts.push_back({now_, index, contact.stranger.value() - 1});
            }
        }
    }

    std::vector<std::unique_ptr<Announcer>> announcers_;
    std::deque<Wave> waves_;
    Instant now_{};
};

bool nobody(MemberId) {
    return false;
}

std::size_t announcements(Announcer& announcer) {
    std::size_t count = 0;
    while (const auto action = announcer.poll()) {
        if (std::holds_alternative<Announcer::Announce>(*action)) ++count;
    }
    return count;
}

std::vector<MemberId> contacts(Announcer& announcer) {
    std::vector<MemberId> found;
    while (const auto action = announcer.poll()) {
        if (const auto* contact = std::get_if<Announcer::Contact>(&*action)) {
            found.push_back(contact->stranger);
        }
    }
    return found;
}

// The arithmetic of the paper for one member that is never interrupted: at t = k it speaks with
// probability (k/20)^10.43, if it has not spoken before.
TEST(Announcer, it_speaks_as_often_as_the_power_says) {
    std::vector<double> expected(21, 0.0);
    double silent = 1;
    for (std::size_t k = 1; k <= 20; ++k) {
        const double chance = std::pow(static_cast<double>(k) / 20, 10.43);
        expected[k] = silent * chance;
        silent *= 1 - chance;
    }
    constexpr int kRounds = 20'000;
    std::vector<double> seen(21, 0.0);
    Announcer announcer(nobody, 1);
    announcer.company(Instant{}, 1);
    Instant before{};
    for (int round = 0; round < kRounds; ++round) {
        const Instant turn = announcer.deadline();
        const double waited = seconds(turn - before);
        ASSERT_LE(waited, 20.0);
        seen[static_cast<std::size_t>(std::ceil(waited))] += 1.0 / kRounds;
        announcer.advance(turn);
        ASSERT_EQ(announcements(announcer), 1U);
        before = turn;
    }
    for (std::size_t k = 1; k <= 20; ++k) EXPECT_NEAR(seen[k], expected[k], 0.015) << k;
}

// The paper, section 5: for n = 1000 the first broadcast is expected after 10 s. Half a second less
// here, because the members' seconds begin at different moments.
TEST(Announcer, members_of_a_lan_together_speak_every_ten_to_eighteen_seconds) {
    const struct {
        std::size_t members;
        double mean;
    } kExpected[] = {{1, 17.5}, {2, 16.5}, {10, 14.4}, {100, 11.7}, {1000, 9.5}};
    for (const auto& [members, mean] : kExpected) {
        SCOPED_TRACE(members);
        double total = 0;
        std::size_t rounds = 0;
        for (std::uint64_t seed = 1; seed <= 10; ++seed) {
            Lan lan(members, members, seed);
            lan.run_until(at(200s));
            Instant before{};
            for (const Instant when : lan.spoken) {
                EXPECT_LE(when - before, Announcer::kSpan);
                // Two that speak within the delay of the network are one round.
                if (rounds == 0 || when - before > 2 * Lan::kDelay) {
                    total += seconds(when - before);
                    ++rounds;
                }
                before = when;
            }
            EXPECT_LE(lan.spoken.size(), 32U) << "200 s of a thousand members";
            EXPECT_GE(lan.spoken.size(), 10U);
        }
        EXPECT_NEAR(total / static_cast<double>(rounds), mean, 0.7);
    }
}

TEST(Announcer, a_newcomer_speaks_within_half_a_second_but_not_all_at_the_same_moment) {
    std::set<Instant> moments;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        Announcer announcer(nobody, seed);
        EXPECT_EQ(announcer.deadline(), at(0s)) << "to be told when its life begins";
        announcer.advance(at(100s));
        EXPECT_EQ(announcements(announcer), 0U);
        EXPECT_LE(announcer.deadline(), at(100s + Announcer::kFirstWithin));
        moments.insert(announcer.deadline());
    }
    EXPECT_EQ(moments.size(), 100U);
}

TEST(Announcer, one_that_stays_alone_speaks_less_and_less_often) {
    Announcer announcer(nobody, 1);
    std::size_t early = 0;
    std::size_t late = 0;
    for (Instant now = announcer.deadline(); now < at(600s); now = announcer.deadline()) {
        announcer.advance(now);
        const std::size_t count = announcements(announcer);
        (now < at(20s) ? early : late) += count;
    }
    EXPECT_GE(early, 3U);
    EXPECT_LE(early, 6U);
    EXPECT_GE(late, 580U / 20);
    EXPECT_LE(late, 580U / 12);
}

TEST(Announcer, a_newcomer_finds_a_group_within_two_seconds) {
    for (const std::size_t members : {1U, 2U, 10U, 1000U}) {
        for (std::uint64_t seed = 1; seed <= 10; ++seed) {
            Lan lan(members + 1, members, seed);
            lan.run_until(at(1600ms));
            const bool is_found = std::ranges::any_of(lan.contacts, [&](const Lan::Contact& one) {
                return one.from == members || one.to == members;
            });
            EXPECT_TRUE(is_found) << members << " members, seed " << seed;
        }
    }
}

TEST(Announcer, a_newcomer_costs_a_thousand_members_a_handful_of_announcements) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        Lan lan(1001, 1000, seed);
        lan.run_until(at(1600ms));
        // Its own, and the answers of those who had not heard the first answer yet.
        EXPECT_GE(lan.spoken.size(), 2U);
        EXPECT_LE(lan.spoken.size(), 8U) << "seed " << seed;
    }
}

TEST(Announcer, a_thousand_switched_on_at_once_find_somebody_by_a_handful_of_announcements) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        Lan lan(1000, 0, seed);
        lan.run_until(at(600ms));
        std::set<std::size_t> found;
        for (const Lan::Contact& contact : lan.contacts) found.insert(contact.from);
        EXPECT_GE(found.size(), 999U) << "the first to speak may have heard nobody";
        EXPECT_LE(lan.spoken.size(), 12U);
    }
}

TEST(Announcer, one_in_company_contacts_a_stranger_at_a_moment_of_its_own) {
    std::set<Instant> moments;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        Announcer announcer(nobody, seed);
        announcer.company(at(0s), 10);
        announcer.heard(at(1s), MemberId(7), kSomewhere);
        EXPECT_TRUE(contacts(announcer).empty());
        Instant now{};
        std::vector<MemberId> contacted;
        while (contacted.empty()) {
            now = announcer.deadline();
            announcer.advance(now);
            contacted = contacts(announcer);
        }
        EXPECT_EQ(contacted, std::vector<MemberId>{MemberId(7)});
        EXPECT_LE(now, at(1s + 10 * Announcer::kContactSpread));
        moments.insert(now);
    }
    EXPECT_GE(moments.size(), 45U);
}

TEST(Announcer, a_stranger_that_has_become_a_member_meanwhile_is_not_contacted) {
    bool is_member = false;
    Announcer announcer([&](MemberId) { return is_member; }, 1);
    announcer.company(at(0s), 1);
    announcer.heard(at(1s), MemberId(7), kSomewhere);
    is_member = true;
    for (Instant now = announcer.deadline(); now < at(5s); now = announcer.deadline()) {
        announcer.advance(now);
        EXPECT_TRUE(contacts(announcer).empty());
    }
}

TEST(Announcer, members_are_never_contacted) {
    Announcer announcer([](MemberId) { return true; }, 1);
    announcer.heard(at(1s), MemberId(7), kSomewhere);
    EXPECT_EQ(announcer.stranger_count(), 0U);
    EXPECT_FALSE(announcer.poll());
}

TEST(Announcer, the_answer_of_another_spares_us_ours) {
    Announcer announcer([](MemberId member) { return member == MemberId(2); }, 1);
    announcer.company(at(0s), 1);
    announcer.heard(at(1s), MemberId(7), kSomewhere);
    EXPECT_LE(announcer.deadline(), at(2s));
    announcer.heard(at(1s), MemberId(2), kSomewhere);
    announcer.advance(at(3s));
    EXPECT_EQ(announcements(announcer), 0U);
}

TEST(Announcer, one_that_has_lost_everybody_speaks_soon_and_contacts_whom_it_has_heard) {
    Announcer announcer(nobody, 1);
    announcer.company(at(0s), 1000);
    announcer.heard(at(1s), MemberId(7), kSomewhere);
    EXPECT_TRUE(contacts(announcer).empty());
    announcer.company(at(1s), 0);
    EXPECT_EQ(announcer.deadline(), at(1s));
    announcer.advance(at(1s));
    EXPECT_EQ(contacts(announcer), std::vector<MemberId>{MemberId(7)});
    announcer.advance(at(1s + Announcer::kFirstWithin));
    EXPECT_EQ(announcements(announcer), 1U);
}

TEST(Announcer, strangers_are_limited_and_contacted_one_after_the_other) {
    Announcer announcer(nobody, 1);
    for (std::uint64_t stranger = 1; stranger <= kDiscoveredMax + 2; ++stranger) {
        announcer.heard(at(1s), MemberId(stranger), kSomewhere);
    }
    // The first was contacted at once; the others wait, and one was passed over.
    EXPECT_EQ(contacts(announcer).size(), 1U);
    EXPECT_EQ(announcer.stranger_count(), kDiscoveredMax);
    announcer.advance(at(1s));
    EXPECT_TRUE(contacts(announcer).empty());
    announcer.advance(at(1s) + Announcer::kContactPause);
    EXPECT_EQ(contacts(announcer).size(), 1U);
}

TEST(Announcer, one_that_leaves_says_no_more) {
    Announcer announcer(nobody, 1);
    announcer.heard(at(1s), MemberId(7), kSomewhere);
    announcer.silence();
    EXPECT_EQ(announcer.deadline(), kNever);
    announcer.heard(at(2s), MemberId(8), kSomewhere);
    announcer.advance(at(60s));
    EXPECT_EQ(announcements(announcer), 0U);
    EXPECT_EQ(announcer.stranger_count(), 0U);
}

}  // namespace
}  // namespace grapevine::discovery
