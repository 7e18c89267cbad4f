#include "protocol/zones.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>

#include "protocol/testing.hpp"

namespace grapevine::protocol {
namespace {

using namespace std::chrono_literals;
using testing::drain;
using testing::only;
using Standing = Zones::Standing;

/// All that there is, were there no zones.
class Everybody final : public Peers {
public:
    [[nodiscard]] std::size_t peer_count() const override { return 99; }
    [[nodiscard]] std::vector<MemberId> pick(Random&, std::size_t, MemberId) const override {
        return {MemberId(99)};
    }
    [[nodiscard]] std::vector<MemberId> neighbours(std::size_t) const override {
        return {MemberId(98)};
    }
};

ProtocolConfig config_of(std::string label) {
    ProtocolConfig config;
    config.zone_label = std::move(label);
    return config;
}

/// One view of three zones: 100 .. 104 in "a", 200 .. 204 in "b", 300 .. 301 in "c".
struct ZoneBench : ::testing::Test {
    Everybody everybody;
    Instant now = Instant{} + 10s;
    std::map<std::uint64_t, std::string> seats;

    ZoneBench() {
        for (std::uint64_t at = 0; at < 5; ++at) {
            seats[100 + at] = "a";
            seats[200 + at] = "b";
        }
        seats[300] = seats[301] = "c";
    }
    std::unique_ptr<Zones> node(std::uint64_t self) {
        auto zones = std::make_unique<Zones>(MemberId(self), config_of("dc"), everybody, self);
        for (const auto& [id, zone] : seats) {
            zones->place(now, MemberId(id), zone, Standing::alive);
        }
        zones->check_invariants();
        return zones;
    }
    std::vector<std::uint64_t> representatives(const Zones& zones, const std::string& of) {
        std::vector<std::uint64_t> found;
        for (const auto& [id, zone] : seats) {
            if (zone == of && zones.is_representative(MemberId(id))) found.push_back(id);
        }
        return found;
    }
    /// What comes of an hour's tick, by turning the wheel for `time` without any answer.
    std::vector<Zones::Action> run(Zones& zones, Duration time) {
        std::vector<Zones::Action> all;
        const Instant end = now + time;
        while (zones.deadline() <= end) {
            now = std::max(now, zones.deadline());
            zones.advance(now);
            for (auto& action : drain(zones)) all.push_back(std::move(action));
        }
        now = end;
        zones.check_invariants();
        return all;
    }
};

TEST_F(ZoneBench, without_a_label_everything_passes_through) {
    Zones zones(MemberId(1), config_of(""), everybody, 1);
    zones.place(now, MemberId(2), "b", Standing::alive);
    Random random(1);
    EXPECT_EQ(zones.peer_count(), 99U);
    EXPECT_EQ(zones.pick(random, 1), std::vector<MemberId>{MemberId(99)});
    EXPECT_EQ(zones.neighbours(1), std::vector<MemberId>{MemberId(98)});
    EXPECT_EQ(zones.event_peers().peer_count(), 99U);
    EXPECT_TRUE(zones.is_inside(MemberId(2)));
    EXPECT_EQ(zones.deadline(), kNever);
    EXPECT_TRUE(drain(zones).empty());
}

TEST_F(ZoneBench, all_members_agree_on_the_representatives_and_there_are_three_of_each_zone) {
    const auto first = node(100);
    for (const auto& [id, zone] : seats) {
        const auto other = node(id);
        for (const std::string of : {"a", "b", "c"}) {
            EXPECT_EQ(representatives(*first, of), representatives(*other, of));
        }
    }
    EXPECT_EQ(representatives(*first, "a").size(), 3U);
    EXPECT_EQ(representatives(*first, "b").size(), 3U);
    EXPECT_EQ(representatives(*first, "c").size(), 2U) << "all there are";
}

TEST_F(ZoneBench, one_gossips_in_ones_own_zone) {
    const auto zones = node(102);
    Random random(1);
    EXPECT_EQ(zones->peer_count(), 4U);
    EXPECT_EQ(zones->pick(random, 99).size(), 4U);
    for (const MemberId member : zones->pick(random, 3, MemberId(100))) {
        EXPECT_TRUE(zones->is_inside(member));
        EXPECT_NE(member, MemberId(100));
        EXPECT_NE(member, MemberId(102));
    }
    EXPECT_EQ(zones->neighbours(99).size(), 4U);
}

TEST_F(ZoneBench, events_go_from_the_kth_representative_to_the_kth_and_both_know) {
    std::map<std::uint64_t, std::vector<MemberId>> links;
    for (const auto& [id, zone] : seats) {
        const auto zones = node(id);
        for (const MemberId member : zones->event_peers().neighbours(99)) {
            if (!zones->is_inside(member)) links[id].push_back(member);
        }
    }
    std::size_t from_a = 0;
    for (const auto& [id, to] : links) {
        for (const MemberId member : to) {
            const auto& back = links[member.value()];
            EXPECT_NE(std::ranges::find(back, MemberId(id)), back.end());
        }
        if (id < 200) from_a += to.size();
    }
    EXPECT_EQ(from_a, 3U + 2U) << "three to b, and two to c";
}

TEST_F(ZoneBench, nobody_concludes_that_a_publisher_reaches_everybody) {
    const auto zones = node(100);
    EXPECT_GT(zones->event_peers().peer_count(), zones->event_peers().neighbours(99).size());
}

TEST_F(ZoneBench, a_dead_representative_is_replaced_and_links_follow) {
    const auto zones = node(100);
    const auto before = representatives(*zones, "b");
    (void)drain(*zones);
    zones->place(now, MemberId(before[0]), "b", Standing::gone);
    const auto after = representatives(*zones, "b");
    EXPECT_EQ(after.size(), 3U);
    EXPECT_EQ(std::ranges::find(after, before[0]), after.end());
    zones->place(now, MemberId(before[0]), "b", Standing::alive);
    EXPECT_EQ(representatives(*zones, "b"), before);
}

TEST_F(ZoneBench, a_suspect_represents_only_where_nobody_else_can) {
    const auto zones = node(100);
    const auto before = representatives(*zones, "b");
    zones->place(now, MemberId(before[1]), "b", Standing::suspect);
    EXPECT_FALSE(zones->is_representative(MemberId(before[1])));
    zones->place(now, MemberId(300), "c", Standing::suspect);
    EXPECT_TRUE(zones->is_representative(MemberId(300)));
}

TEST_F(ZoneBench, who_moves_to_another_zone_is_watched_there) {
    const auto zones = node(100);
    (void)drain(*zones);
    zones->place(now, MemberId(200), "a", Standing::alive);
    auto inside = only<Zones::Inside>(drain(*zones));
    ASSERT_EQ(inside.size(), 1U);
    EXPECT_EQ(inside[0].member, MemberId(200));
    EXPECT_TRUE(inside[0].is_inside);
    // And we ourselves: all of the old zone are left, all of the new one are watched.
    zones->place(now, MemberId(100), "c", Standing::alive);
    inside = only<Zones::Inside>(drain(*zones));
    EXPECT_EQ(std::ranges::count(inside, false, &Zones::Inside::is_inside), 5);
    EXPECT_EQ(std::ranges::count(inside, true, &Zones::Inside::is_inside), 2);
    EXPECT_EQ(zones->peer_count(), 2U);
    zones->check_invariants();
}

TEST_F(ZoneBench, a_representative_pings_each_other_zone_once_in_an_interval_and_nobody_else_does) {
    for (const auto& [id, zone] : seats) {
        const auto zones = node(id);
        (void)drain(*zones);
        std::map<std::string, int> pings;
        for (const auto& probe : only<Zones::SendProbe>(run(*zones, 5s))) {
            if (std::holds_alternative<wire::Ping>(probe.message)) ++pings[seats[probe.to.value()]];
        }
        EXPECT_EQ(pings.count(zone), 0U);
        if (zones->is_representative(MemberId(id))) {
            EXPECT_EQ(pings.size(), 2U);
            for (const auto& [name, count] : pings) EXPECT_NEAR(count, 5, 1);
        } else {
            EXPECT_TRUE(pings.empty());
        }
    }
}

/// The first representative of zone a.
struct SpeakerBench : ZoneBench {
    std::unique_ptr<Zones> zones;
    std::uint64_t self = 0;
    SpeakerBench() {
        const auto any = node(100);
        self = representatives(*any, "a").front();
        zones = node(self);
        (void)drain(*zones);
    }
    /// Runs with both zones answering every ping, but `mute`.
    std::vector<Zones::Silent> run_with_answers(Duration time, const std::string& mute,
                                                bool helpers_answer) {
        std::vector<Zones::Silent> silent;
        const Instant end = now + time;
        while (zones->deadline() <= end) {
            now = std::max(now, zones->deadline());
            zones->advance(now);
            for (const auto& action : drain(*zones)) {
                if (const auto* found = std::get_if<Zones::Silent>(&action)) {
                    silent.push_back(*found);
                }
                const auto* probe = std::get_if<Zones::SendProbe>(&action);
                if (probe == nullptr) continue;
                if (const auto* ping = std::get_if<wire::Ping>(&probe->message)) {
                    if (seats[probe->to.value()] != mute) {
                        zones->handle(now, probe->to, wire::Ack{ping->sequence});
                    }
                } else if (const auto* request = std::get_if<wire::PingReq>(&probe->message)) {
                    EXPECT_NE(seats[probe->to.value()], mute);
                    EXPECT_EQ(seats[request->target.value()], mute);
                    if (helpers_answer) {
                        zones->handle(now, probe->to, wire::Ack{request->sequence});
                    }
                }
            }
        }
        now = end;
        return silent;
    }
};

TEST_F(SpeakerBench, a_zone_that_answers_is_never_silent) {
    EXPECT_TRUE(run_with_answers(120s, "nobody", false).empty());
    EXPECT_EQ(zones->counters().asked, 0U);
}

TEST_F(SpeakerBench, a_zone_of_which_nothing_is_heard_is_silent_as_a_whole) {
    const Instant began = now;
    const auto silent = run_with_answers(12s, "b", false);
    ASSERT_EQ(silent.size(), 1U);
    EXPECT_EQ(silent[0].members.size(), 5U);
    EXPECT_TRUE(zones->is_silent(now, MemberId(204)));
    EXPECT_FALSE(zones->is_silent(now, MemberId(300)));
    EXPECT_FALSE(zones->is_silent(now, MemberId(100)));
    EXPECT_EQ(began + 12s, now);
}

TEST_F(SpeakerBench, a_zone_that_helpers_reach_is_not_silent) {
    EXPECT_TRUE(run_with_answers(120s, "b", true).empty());
    EXPECT_GT(zones->counters().asked, 0U);
}

TEST_F(SpeakerBench, one_word_of_any_member_breaks_the_silence) {
    (void)run_with_answers(12s, "b", false);
    zones->heard(now, MemberId(204));
    EXPECT_FALSE(zones->is_silent(now, MemberId(200)));
}

TEST_F(SpeakerBench, who_becomes_a_representative_listens_first) {
    const auto any = node(100);
    std::uint64_t next = 0;
    for (std::uint64_t id = 100; id < 105; ++id) {
        if (!any->is_representative(MemberId(id))) next = id;
    }
    zones = node(next);
    now += 100s;
    for (const std::uint64_t id : representatives(*any, "a")) {
        zones->place(now, MemberId(id), "a", Standing::gone);
    }
    ASSERT_TRUE(zones->is_representative(MemberId(next)));
    EXPECT_TRUE(run_with_answers(9s, "b", false).empty());
    EXPECT_EQ(run_with_answers(3s, "b", false).size(), 1U);
}

TEST_F(SpeakerBench, a_driver_that_slept_judges_nobody) {
    now += 60s;
    zones->advance(now);
    EXPECT_TRUE(only<Zones::Silent>(drain(*zones)).empty());
}

TEST_F(SpeakerBench, an_ack_measures_the_round_trip_and_a_stranger_none) {
    now = zones->deadline();
    zones->advance(now);
    const auto probes = only<Zones::SendProbe>(drain(*zones));
    ASSERT_EQ(probes.size(), 2U);
    const auto ping = std::get<wire::Ping>(probes[0].message);
    EXPECT_TRUE(Zones::is_ours(ping.sequence));
    zones->handle(now + 80ms, MemberId(100), wire::Ack{ping.sequence});
    EXPECT_TRUE(drain(*zones).empty());
    zones->handle(now + 80ms, probes[0].to, wire::Ack{ping.sequence});
    const auto measured = only<Zones::Measured>(drain(*zones));
    ASSERT_EQ(measured.size(), 1U);
    EXPECT_EQ(measured[0].round_trip, 80ms);
}

}  // namespace
}  // namespace grapevine::protocol
