// One test per number of Hayashibara, Defago, Yared, Katayama, "The phi Accrual Failure Detector",
// SRDS 2004, and of those who made it into a product.

#include <cmath>
#include <gtest/gtest.h>

#include "protocol/membership/accrual.hpp"

namespace grapevine::protocol {
namespace {

using namespace std::chrono_literals;

// Section 4.1: "phi = 1: the likeliness that we will make a mistake is about 10%. ... 1% with
// phi = 2, 0.1% with phi = 3, and so on".
TEST(AccrualPaper, phi_is_the_number_of_zeros_of_the_chance_that_the_arrival_is_late) {
    const double deviations[] = {1.2816, 2.3263, 3.0902, 4.2649, 5.6120, 6.3613, 7.0345};
    const double phis[] = {1, 2, 3, 5, 8, 10, 12};
    for (std::size_t at = 0; at < std::size(phis); ++at) {
        EXPECT_NEAR(phi_normal(100 + deviations[at] * 7, 100, 7), phis[at], 1e-3);
        EXPECT_NEAR(phi_normal_deviations(phis[at]), deviations[at], 1e-4);
    }
}

TEST(AccrualPaper, at_the_mean_phi_is_the_logarithm_of_two) {
    EXPECT_NEAR(phi_normal(100, 100, 7), std::log10(2), 1e-12);
}

// Cassandra's form, by the exponential distribution; its default threshold is 8.
TEST(AccrualPaper, with_the_exponential_form_phi_grows_by_one_in_ln_10_means) {
    const double means[] = {2.303, 4.605, 6.908, 11.51, 18.42, 23.03, 27.63};
    const double phis[] = {1, 2, 3, 5, 8, 10, 12};
    for (std::size_t at = 0; at < std::size(phis); ++at) {
        EXPECT_NEAR(phi_exponential(means[at] * 20, 20), phis[at], 2.5e-3);
    }
    EXPECT_NEAR(phi_exponential(18.4207, 1), 8, 1e-3);
    EXPECT_NEAR(phi_exponential(1, 1), 0.4343, 1e-4);
}

TEST(AccrualPaper, phi_stays_finite_for_as_long_as_a_double_can_tell) {
    EXPECT_GT(phi_normal(37, 0, 1), 290);
    EXPECT_TRUE(std::isfinite(phi_normal(37, 0, 1)));
    EXPECT_TRUE(std::isinf(phi_normal(50, 0, 1)));
    EXPECT_NEAR(phi_normal(phi_normal_deviations(300), 0, 1), 300, 1e-3);
}

// Section 4.2: "a sampling window of the most recent inter-arrival times", of fixed size.
TEST(AccrualPaper, the_window_forgets_all_but_the_last) {
    ArrivalWindow window(1000);
    for (int sample = 0; sample < 5000; ++sample) window.add(7s);
    for (int sample = 0; sample < 1000; ++sample) window.add(sample % 2 == 0 ? 90ms : 110ms);
    EXPECT_EQ(window.count(), 1000U);
    EXPECT_DOUBLE_EQ(window.mean(), 100e6);
    EXPECT_DOUBLE_EQ(window.deviation(), 10e6);
}

TEST(AccrualPaper, mean_and_deviation_are_exact_whatever_has_passed_through) {
    ArrivalWindow window(3);
    window.add(24h);
    for (const auto gap : {100ms, 200ms, 300ms}) window.add(gap);
    EXPECT_DOUBLE_EQ(window.mean(), 200e6);
    EXPECT_NEAR(window.deviation(), 81.6497e6, 1e2);
    ArrivalWindow regular(10);
    for (int sample = 0; sample < 100; ++sample) regular.add(333'333us);
    EXPECT_EQ(regular.deviation(), 0);
}

}  // namespace
}  // namespace grapevine::protocol
