// One test per number of van Renesse, Minsky, Hayden, "A Gossip-Style Failure Detection Service",
// Middleware 1998. What is a formula is computed; what is a protocol is played by the machines.

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "protocol/membership/heartbeat.hpp"
#include "protocol/membership/heartbeat_model.hpp"
#include "protocol/testing.hpp"

namespace grapevine::protocol {
namespace {

using namespace std::chrono_literals;
using testing::drain;

/// Section 3: 8 bytes per member (6 of address, 2 of heartbeat) at 250 bytes per second.
double seconds(std::size_t members, double rounds) {
    return rounds * 8 * static_cast<double>(members) / 250;
}

TEST(HeartbeatPaper, figure_1_rounds_and_seconds_to_detect_one_failure_among_a_hundred) {
    const double rounds = heartbeat_rounds({100, 1}, 1e-6);
    EXPECT_NEAR(rounds, 30.8, 30.8 * 0.005);
    EXPECT_NEAR(seconds(100, rounds), 98.5, 98.5 * 0.005);
}

TEST(HeartbeatPaper, figure_1_detection_time_by_members_and_by_how_many_mistakes_are_allowed) {
    const double expected[4][4] = {{50, 34.1, 46.0, 57.7},
                                   {100, 74.9, 98.5, 121.7},
                                   {150, 118.3, 153.6, 188.2},
                                   {200, 163.4, 210.3, 256.4}};
    for (const auto& row : expected) {
        const auto n = static_cast<std::size_t>(row[0]);
        for (int power = 1; power <= 3; ++power) {
            EXPECT_NEAR(seconds(n, heartbeat_rounds({n, 1}, std::pow(10, -3 * power))), row[power],
                        row[power] * 0.005)
                << n << " members, 1e-" << 3 * power;
        }
    }
}

TEST(HeartbeatPaper, the_mistakes_after_as_many_rounds_are_those_that_were_allowed) {
    const HeartbeatGroup group{100, 1};
    const double rounds = heartbeat_rounds(group, 1e-6);
    EXPECT_LE(heartbeat_mistake(group, rounds), 1e-6);
    EXPECT_GT(heartbeat_mistake(group, rounds - 0.02), 1e-6);
}

// Section 3.2, figure 3: a failed fraction p multiplies the detection time by about 1 / (1 - p).
TEST(HeartbeatPaper, figure_3_the_failed_slow_gossip_down_because_they_draw_it) {
    const double expected[5][2] = {{0, 98}, {25, 127}, {50, 184}, {75, 346}, {90, 816}};
    for (const auto& [failed, time] : expected) {
        const HeartbeatGroup group{100, static_cast<std::size_t>(failed)};
        EXPECT_NEAR(seconds(100, heartbeat_rounds(group, 1e-6)), time, time * 0.01) << failed;
    }
}

// Section 3.3, figure 4: lost datagrams.
TEST(HeartbeatPaper, figure_4_loss_slows_gossip_down) {
    const double expected[2][4] = {{100, 103.7, 109.5, 131.5}, {150, 161.7, 170.7, 204.9}};
    const double arrivals[] = {0.95, 0.9, 0.75};
    for (const auto& row : expected) {
        const auto n = static_cast<std::size_t>(row[0]);
        for (std::size_t at = 0; at < 3; ++at) {
            EXPECT_NEAR(seconds(n, heartbeat_rounds({n, 1, arrivals[at]}, 1e-6)), row[at + 1],
                        row[at + 1] * 0.005)
                << n << " members, arrival " << arrivals[at];
        }
    }
}

TEST(HeartbeatPaper, appendix_a_approximates_large_groups) {
    const double expected[2][4] = {{1000, 32, 39, 46}, {10'000, 40, 47, 52}};
    for (const auto& row : expected) {
        const auto n = static_cast<std::size_t>(row[0]);
        for (int power = 1; power <= 3; ++power) {
            EXPECT_EQ(heartbeat_rounds_approximate({n, n / 100, 0.99}, std::pow(10, -3 * power)),
                      row[power]);
        }
    }
}

TEST(HeartbeatPaper, appendix_a_agrees_with_the_chain_above_fifty_members) {
    for (const std::size_t n : {51U, 100U, 150U}) {
        EXPECT_NEAR(heartbeat_rounds_approximate({n, 1}, 1e-6), heartbeat_rounds({n, 1}, 1e-6), 1);
    }
}

/// Members that gossip in step, as the paper simulates them: what is sent in a round is heard at
/// its end.
class Steps {
public:
    Steps(std::size_t members, std::size_t subnets, std::uint64_t seed)
        : members_(members), subnets_(subnets) {
        ProtocolConfig config;
        config.heartbeat_interval = 1s;
        config.heartbeat_fail = 1000s;
        config.heartbeat_subnet_label = "subnet";
        for (std::size_t at = 0; at < members; ++at) {
            const MemberId self(at + 1);
            machines_.push_back(
                std::make_unique<Heartbeat>(self, config, seed * 100'000 + self.value()));
            Heartbeat& machine = *machines_.back();
            machine.place(self, subnet_of(at));
            for (std::size_t other = 0; other < members; ++other) {
                machine.add(MemberId(other + 1));
                machine.place(MemberId(other + 1), subnet_of(other));
            }
            machine.advance(now_);
        }
        drain_all();
    }

    void round() {
        now_ += 1s;
        for (auto& machine : machines_) machine->advance(now_);
        for (auto& [from, send] : drain_all()) {
            const auto& list = std::get<wire::Heartbeats>(send.message);
            ++lists_;
            const std::size_t to = send.to.value() - 1;
            if (subnet_of(from) != subnet_of(to)) ++lists_abroad_;
            machines_[to]->handle(now_, MemberId(from + 1), list);
        }
    }

    /// Rounds until everybody has the heartbeat that a member counts next; the mean over all
    /// members.
    double rounds_to_reach_all() {
        std::vector<std::uint32_t> counters;
        for (std::size_t at = 0; at < members_; ++at) {
            counters.push_back(*machines_[at]->counter_of(MemberId(at + 1)) + 1);
        }
        std::vector<int> reached(members_, 0);
        for (int rounds = 1; std::ranges::count(reached, 0) > 0; ++rounds) {
            round();
            for (std::size_t at = 0; at < members_; ++at) {
                const auto has_it = [&](const auto& machine) {
                    const auto known = machine->counter_of(MemberId(at + 1));
                    return known && *known >= counters[at];
                };
                if (reached[at] == 0 && std::ranges::all_of(machines_, has_it)) {
                    reached[at] = rounds;
                }
            }
        }
        return std::accumulate(reached.begin(), reached.end(), 0.0) / static_cast<double>(members_);
    }

    [[nodiscard]] double part_abroad() const {
        return static_cast<double>(lists_abroad_) / static_cast<double>(lists_);
    }

private:
    [[nodiscard]] std::string subnet_of(std::size_t at) const {
        return "s" + std::to_string(at / (members_ / subnets_));
    }
    std::vector<std::pair<std::size_t, Detector::SendProbe>> drain_all() {
        std::vector<std::pair<std::size_t, Detector::SendProbe>> sends;
        for (std::size_t at = 0; at < machines_.size(); ++at) {
            for (auto& send : testing::only<Detector::SendProbe>(drain(*machines_[at]))) {
                if (std::holds_alternative<wire::Heartbeats>(send.message)) {
                    sends.emplace_back(at, std::move(send));
                }
            }
        }
        return sends;
    }

    std::size_t members_;
    std::size_t subnets_;
    std::vector<std::unique_ptr<Heartbeat>> machines_;
    Instant now_{};
    std::uint64_t lists_ = 0;
    std::uint64_t lists_abroad_ = 0;
};

double mean_rounds(std::size_t subnets, double& part_abroad) {
    constexpr int kRuns = 6;
    Steps steps(256, subnets, 1);
    steps.rounds_to_reach_all();  // Until everybody has heard of everybody.
    double sum = 0;
    for (int run = 0; run < kRuns; ++run) sum += steps.rounds_to_reach_all();
    part_abroad = steps.part_abroad();
    return sum / kRuns;
}

// Section 4, figure 5: 256 members, one heartbeat of one of them to all others.
TEST(HeartbeatPaper, figure_5_one_level_takes_fifteen_rounds) {
    double part_abroad = 0;
    EXPECT_NEAR(mean_rounds(1, part_abroad), 14.6, 0.5);
    EXPECT_EQ(part_abroad, 0);
}

TEST(HeartbeatPaper, figure_5_sixteen_subnets_take_24_rounds_and_a_sixteenth_of_the_cross_traffic) {
    double part_abroad = 0;
    EXPECT_NEAR(mean_rounds(16, part_abroad), 23.9, 0.5);
    EXPECT_NEAR(part_abroad, 1.0 / 16, 0.005);
}

}  // namespace
}  // namespace grapevine::protocol
