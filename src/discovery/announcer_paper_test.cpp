// The numbers of van Renesse, Minsky, Hayden, "A Gossip-Style Failure Detection Service",
// Middleware 1998, section 5, by the formula; that the announcer follows the formula is tested in
// announcer_test.cpp.

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>

namespace grapevine::discovery {
namespace {

/// Members that count the seconds since the last broadcast together, as in the paper.
struct Broadcast {
    double members = 0;
    double exponent = 0;

    [[nodiscard]] double chance(int second) const { return std::pow(second / 20.0, exponent); }

    /// That nobody has spoken before this second.
    [[nodiscard]] double silence_before(int second) const {
        double silence = 1;
        for (int t = 1; t < second; ++t) silence *= std::pow(1 - chance(t), members);
        return silence;
    }

    /// The expected second of the first broadcast.
    [[nodiscard]] double first() const {
        double sum = 0;
        for (int t = 0; t < 20; ++t) sum += silence_before(t + 1);
        return sum;
    }

    /// That more than `count` speak in the second in which somebody does.
    [[nodiscard]] double more_than(int count) const {
        double sum = 0;
        for (int t = 1; t <= 20; ++t) {
            const double p = chance(t);
            double at_most = 0;
            double log_choose = 0;
            for (int k = 0; k <= count; ++k) {
                const double log_term =
                    log_choose + k * std::log(p) +
                    (members - k) * (p < 1 ? std::log1p(-p) : -std::numeric_limits<double>::max());
                at_most += std::exp(log_term);
                log_choose += std::log((members - k) / (k + 1));
            }
            sum += silence_before(t) * std::max(0.0, 1 - at_most);
        }
        return sum;
    }
};

TEST(AnnouncerPaper, the_exponent_makes_the_first_broadcast_come_after_ten_seconds) {
    const double expected[][2] = {{10, 4.764}, {100, 7.537}, {1000, 10.43}, {10'000, 13.40}};
    for (const auto& [members, exponent] : expected) {
        EXPECT_NEAR((Broadcast{members, exponent}.first()), 10, 0.3) << members;
    }
}

TEST(AnnouncerPaper, after_ten_seconds_seven_of_ten_thousand_would_speak) {
    EXPECT_NEAR(1000 * (Broadcast{1000, 10.43}.chance(10)), 0.7, 0.05);
}

TEST(AnnouncerPaper, more_than_twenty_of_a_thousand_hardly_ever_speak_at_once) {
    const Broadcast broadcast{1000, 10.43};
    EXPECT_LT(broadcast.more_than(20), 1e-5);
    EXPECT_NEAR(broadcast.more_than(20), 2.0e-6, 0.5e-6);
    EXPECT_NEAR(broadcast.more_than(10), 7.6e-4, 0.8e-4);
    EXPECT_NEAR(broadcast.more_than(3), 0.087, 0.001);
}

}  // namespace
}  // namespace grapevine::discovery
