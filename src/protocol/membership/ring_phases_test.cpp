#include "protocol/membership/ring_phases.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <vector>

#include "base/random.hpp"

namespace grapevine::protocol {
namespace {

using namespace std::chrono_literals;

constexpr Duration kPeriod = 600ms;

/// A subject and its observers, which do as they are told unless the ack is lost.
struct Circle {
    RingPhases phases;
    std::vector<Instant> next;
    Random random;
    double loss = 0;

    Circle(std::size_t observers, std::uint64_t seed)
        : phases(static_cast<std::uint8_t>(observers), kPeriod), random(seed) {
        for (std::size_t at = 0; at < observers; ++at) {
            next.push_back(Instant{} + 1s +
                           Duration(static_cast<std::int64_t>(random.below(kPeriod.count()))));
        }
    }

    void run(int pings) {
        for (int ping = 0; ping < pings; ++ping) {
            const auto due = std::ranges::min_element(next);
            const auto ring = static_cast<std::uint8_t>(due - next.begin());
            const Instant now = *due;
            *due += kPeriod;
            if (random.chance(loss)) continue;
            const Duration shift = phases.heard(now, ring);
            EXPECT_LE(std::chrono::abs(shift), shift_max(kPeriod));
            if (!random.chance(loss)) *due += shift;
        }
    }

    [[nodiscard]] Duration longest_gap() const {
        std::vector<Duration> phase;
        for (const Instant instant : next) {
            phase.push_back(instant.time_since_epoch() % kPeriod);
        }
        std::ranges::sort(phase);
        Duration longest = phase.front() + kPeriod - phase.back();
        for (std::size_t at = 1; at < phase.size(); ++at) {
            longest = std::max(longest, phase[at] - phase[at - 1]);
        }
        return longest;
    }
};

TEST(RingPhases, random_phases_leave_long_gaps_and_five_periods_even_them_out) {
    Duration before{};
    Duration worst{};
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        Circle circle(3, seed);
        before += circle.longest_gap();
        circle.run(5 * 3);
        worst = std::max(worst, circle.longest_gap());
    }
    EXPECT_NEAR(static_cast<double>((before / 200).count()),
                static_cast<double>(kPeriod.count()) * 11 / 18, 2e7);
    EXPECT_LE(worst, kPeriod / 3 * 21 / 20);
}

TEST(RingPhases, phases_that_are_all_alike_part) {
    for (const std::size_t observers : {2U, 3U, 5U, 7U}) {
        Circle circle(observers, 1);
        for (Instant& next : circle.next) next = Instant{} + 1s;
        circle.run(static_cast<int>(observers) * 20);
        EXPECT_LE(circle.longest_gap(), kPeriod / observers * 21 / 20) << observers;
    }
}

TEST(RingPhases, lost_pings_and_acks_only_delay_it) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        Circle circle(3, seed);
        circle.loss = 0.2;
        circle.run(3 * 30);
        circle.loss = 0;
        circle.run(3 * 3);
        EXPECT_LE(circle.longest_gap(), kPeriod / 3 * 21 / 20) << seed;
    }
}

TEST(RingPhases, one_observer_alone_is_left_where_it_is) {
    RingPhases phases(3, kPeriod);
    Instant now = Instant{} + 1s;
    for (int period = 0; period < 10; ++period, now += kPeriod) {
        EXPECT_EQ(phases.heard(now, 1), 0ms);
    }
}

TEST(RingPhases, an_observer_that_is_not_heard_any_more_is_not_reckoned_with) {
    RingPhases phases(3, kPeriod);
    const Instant start = Instant{} + 1s;
    EXPECT_EQ(phases.heard(start, 0), 0ms);
    EXPECT_NE(phases.heard(start + 50ms, 1), 0ms);
    EXPECT_NE(phases.heard(start + 3 * kPeriod, 1), 0ms);
    EXPECT_EQ(phases.heard(start + 4 * kPeriod, 1), 0ms);
}

TEST(RingPhases, another_observer_on_a_ring_begins_anew) {
    RingPhases phases(2, kPeriod);
    const Instant start = Instant{} + 1s;
    phases.heard(start, 0);
    phases.forget(0);
    EXPECT_EQ(phases.heard(start + 50ms, 1), 0ms);
}

}  // namespace
}  // namespace grapevine::protocol
