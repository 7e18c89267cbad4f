// One test per number of Das, Gupta, Motivala, "SWIM: Scalable Weakly-consistent Infection-style
// Process Group Membership Protocol", DSN 2002.

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <vector>

#include "protocol/membership/swim.hpp"
#include "protocol/testing.hpp"

namespace grapevine::protocol {
namespace {

using namespace std::chrono_literals;
using testing::drain;

ProtocolConfig config_of(std::uint8_t helpers) {
    ProtocolConfig config;
    config.probe_period = 1s;
    config.ping_timeout = 300ms;
    config.indirect_count = helpers;
    config.local_health_max = 0;  // SWIM alone, without Lifeguard.
    return config;
}

/// The pings that `swim` sends in its rounds, with their instants; nobody answers any.
std::vector<std::pair<Instant, MemberId>> pings_until(Swim& swim, Instant end) {
    std::vector<std::pair<Instant, MemberId>> pings;
    std::uint64_t probes = 0;
    while (swim.deadline() <= end) {
        const Instant now = std::max(swim.deadline(), Instant{});
        swim.advance(now);
        for (const auto& action : drain(swim)) {
            const auto* sent = std::get_if<Detector::SendProbe>(&action);
            if (sent && std::holds_alternative<wire::Ping>(sent->message) &&
                swim.counters().probes > probes) {
                pings.emplace_back(now, sent->to);
                probes = swim.counters().probes;
            }
        }
    }
    return pings;
}

// Section 4.3: "This ensures that the worst-case delay between successive selections of the same
// target is 2n-1".
TEST(SwimPaper, between_two_probes_of_a_member_lie_at_most_2n_minus_1_periods) {
    for (const std::uint64_t n : {2U, 5U, 16U, 50U}) {
        Swim swim(MemberId(1000), config_of(3), n);
        for (std::uint64_t id = 1; id <= n; ++id) swim.add(MemberId(id));
        const auto pings = pings_until(swim, Instant{} + 1s * static_cast<int>(n) * 60);
        std::map<MemberId, std::size_t> last;
        std::size_t longest = 0;
        for (std::size_t at = 0; at < pings.size(); ++at) {
            const auto [place, is_first] = last.try_emplace(pings[at].second, at);
            if (!is_first) longest = std::max(longest, at - place->second);
            place->second = at;
        }
        EXPECT_EQ(last.size(), n);
        EXPECT_LE(longest, 2 * n - 1);
        // And the rounds are shuffled: a fixed order would never exceed n.
        EXPECT_GT(longest, n) << n;
    }
}

// Section 4.3: "newly joining members are inserted ... at positions chosen uniformly at random".
TEST(SwimPaper, a_newcomer_waits_for_its_first_probe_like_anybody_else) {
    const std::uint64_t n = 20;
    double sum = 0;
    const int runs = 400;
    for (int run = 0; run < runs; ++run) {
        Swim swim(MemberId(1000), config_of(3), static_cast<std::uint64_t>(run));
        for (std::uint64_t id = 1; id <= n; ++id) swim.add(MemberId(id));
        const auto before = pings_until(swim, Instant{} + 1s * (run % 20 + 1));
        swim.add(MemberId(99));
        const auto after = pings_until(swim, Instant{} + 200s);
        const auto first =
            std::ranges::find(after, MemberId(99), &std::pair<Instant, MemberId>::second);
        const auto wait = first - after.begin() + 1;
        ASSERT_LE(wait, 2 * (static_cast<std::ptrdiff_t>(n) + 1) - 1);
        sum += static_cast<double>(wait);
    }
    // With c of n members of this round probed, the newcomer stands among those with probability
    // c / (n+1) and waits n - c + (n+2)/2 periods, else (n+2-c)/2; c is uniform in 1 .. n.
    double expected = 0;
    for (double c = 1; c <= 20; ++c) {
        const double behind = c / 21;
        expected += (behind * (20 - c + 11) + (1 - behind) * (22 - c) / 2) / 20;
    }
    EXPECT_NEAR(sum / runs, expected, 1.5);
}

TEST(SwimPaper, a_newcomer_takes_nobodys_turn) {
    const std::uint64_t n = 20;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        Swim swim(MemberId(1000), config_of(3), seed);
        for (std::uint64_t id = 1; id <= n; ++id) swim.add(MemberId(id));
        auto pings = pings_until(swim, Instant{} + 7s);
        for (std::uint64_t id = 101; id <= 110; ++id) swim.add(MemberId(id));
        swim.remove(MemberId(101 + seed % 10));
        for (const auto& ping : pings_until(swim, Instant{} + 36s)) pings.push_back(ping);
        std::map<MemberId, int> count;
        for (std::size_t at = 0; at < 20 + 9 && at < pings.size(); ++at) ++count[pings[at].second];
        for (std::uint64_t id = 1; id <= n; ++id) EXPECT_LE(count[MemberId(id)], 2) << seed;
        // The first round, newcomers included, is over within n + 9 periods: all old ones had it.
        for (std::uint64_t id = 1; id <= n; ++id) EXPECT_GE(count[MemberId(id)], 1) << seed;
    }
}

// Section 3.1, with phases that are not synchronised: the time to the first failing probe of a
// crashed member is exponential with mean T'.
TEST(SwimPaper, the_first_failing_probe_comes_after_an_exponential_time) {
    const std::uint64_t n = 128;
    std::vector<double> waits;
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        std::vector<std::vector<Instant>> probes_of(n + 1);
        for (std::uint64_t self = 1; self <= n; ++self) {
            Swim swim(MemberId(self), config_of(3), seed * 1000 + self);
            for (std::uint64_t id = 1; id <= n; ++id) swim.add(MemberId(id));
            for (const auto& [at, target] : pings_until(swim, Instant{} + 40s)) {
                probes_of[target.value()].push_back(at);
            }
        }
        Random random(seed);
        for (std::uint64_t victim = 1; victim <= n; ++victim) {
            std::ranges::sort(probes_of[victim]);
            for (int crash = 0; crash < 40; ++crash) {
                const Instant at = Instant{} + 2s + 1ms * static_cast<int>(random.below(28'000));
                const auto next = std::ranges::upper_bound(probes_of[victim], at);
                ASSERT_NE(next, probes_of[victim].end());
                waits.push_back(static_cast<double>((*next - at).count()) / 1e9);
            }
        }
    }
    std::ranges::sort(waits);
    const auto quantile = [&](double q) {
        return waits[static_cast<std::size_t>(q * static_cast<double>(waits.size()))];
    };
    EXPECT_NEAR(quantile(0.5), 0.69, 0.069);
    EXPECT_NEAR(quantile(0.99), 4.55, 0.46);
}

/// One prober and its group as the paper's analysis sees them: every datagram arrives with
/// probability q, and what arrives is answered.
class LossyGroup {
public:
    LossyGroup(double q, std::uint8_t helpers, std::uint64_t seed)
        : q_(q), random_(seed), swim_(MemberId(1), config_of(helpers), seed) {
        for (std::uint64_t id = 2; id <= 30; ++id) swim_.add(MemberId(id));
    }

    double misses_per_period(std::uint64_t periods) {
        while (swim_.counters().probes < periods) {
            const Instant now = std::max(swim_.deadline(), Instant{});
            swim_.advance(now);
            for (auto actions = drain(swim_); !actions.empty(); actions = drain(swim_)) {
                for (const auto& action : actions) answer(now, action);
            }
        }
        return static_cast<double>(swim_.counters().missed) / static_cast<double>(periods);
    }

private:
    void answer(Instant now, const Detector::Action& action) {
        const auto* sent = std::get_if<Detector::SendProbe>(&action);
        if (!sent) return;
        if (const auto* ping = std::get_if<wire::Ping>(&sent->message)) {
            if (arrive(2)) swim_.handle(now, sent->to, wire::Ack{ping->sequence});
        } else if (const auto* request = std::get_if<wire::PingReq>(&sent->message)) {
            if (arrive(4)) swim_.handle(now, sent->to, wire::Ack{request->sequence});
        }
    }
    bool arrive(int trips) { return random_.chance(std::pow(q_, trips)); }

    double q_;
    Random random_;
    Swim swim_;
};

// Section 3.1 and 5: the probability that a live member goes unanswered in a period is
// (1 - q^2)(1 - q^4)^k. (The paper prints a factor e/(e-1) behind it, an upper bound.)
TEST(SwimPaper, a_live_member_goes_unanswered_as_often_as_the_formula_says) {
    EXPECT_NEAR(LossyGroup(0.95, 1, 1).misses_per_period(100'000), 0.0181, 0.0018);
    EXPECT_NEAR(LossyGroup(0.95, 3, 2).misses_per_period(1'500'000), 6.2e-4, 0.6e-4);
    EXPECT_NEAR(LossyGroup(0.90, 1, 3).misses_per_period(100'000), 0.0653, 0.0065);
}

// Section 3.1: one ping per period, whatever the group.
TEST(SwimPaper, one_member_is_probed_per_period) {
    for (const std::uint64_t n : {2U, 64U, 1024U}) {
        Swim swim(MemberId(9999), config_of(3), n);
        for (std::uint64_t id = 1; id <= n; ++id) swim.add(MemberId(id));
        const auto pings = pings_until(swim, Instant{} + 50s);
        EXPECT_GE(pings.size(), 49U);
        EXPECT_LE(pings.size(), 51U);
    }
}

}  // namespace
}  // namespace grapevine::protocol
