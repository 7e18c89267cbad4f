// One test per sentence of Dadgar, Phillips, Currey, "Lifeguard: Local Health Awareness for More
// Accurate Failure Detection", 2018 (arXiv 1707.00788v2).

#include <gtest/gtest.h>

#include "protocol/membership/local_health.hpp"
#include "protocol/membership/membership.hpp"
#include "protocol/membership/suspicion.hpp"
#include "protocol/membership/swim.hpp"
#include "protocol/testing.hpp"

namespace grapevine::protocol {
namespace {

using namespace std::chrono_literals;
using testing::drain;
using testing::only;
using testing::record_of;

double seconds(Duration duration) {
    return static_cast<double>(duration.count()) / 1e9;
}

ProtocolConfig config_of(double alpha, double beta, std::uint8_t confirmations) {
    ProtocolConfig config;
    config.probe_period = 1s;
    config.suspicion_alpha = alpha;
    config.suspicion_beta = beta;
    config.suspicion_confirmations = confirmations;
    return config;
}

// Section IV-A: "LHM is a saturating counter, with a max value S and min value zero."
TEST(LifeguardPaper, local_health_saturates_at_zero_and_at_eight) {
    LocalHealth health(8);
    health.probe_succeeded();
    EXPECT_EQ(health.multiplier(), 0U);
    for (int failure = 0; failure < 20; ++failure) health.probe_failed();
    EXPECT_EQ(health.multiplier(), 8U);
}

// Section IV-A, the events of the counter: success -1, failure +1, refuting +1, missed nack +1.
TEST(LifeguardPaper, local_health_follows_the_events_of_the_paper) {
    LocalHealth health(8);
    health.probe_failed();
    EXPECT_EQ(health.multiplier(), 1U);
    health.probe_failed();
    EXPECT_EQ(health.multiplier(), 2U);
    health.refuted();
    EXPECT_EQ(health.multiplier(), 3U);
    health.probe_succeeded();
    EXPECT_EQ(health.multiplier(), 2U);
    health.nack_missed();
    EXPECT_EQ(health.multiplier(), 3U);
}

// Section IV-A: "ProbeInterval = BaseProbeInterval(LHM(S) + 1)", and so the timeout.
TEST(LifeguardPaper, interval_and_timeout_grow_with_local_health) {
    ProtocolConfig config;
    Swim swim(MemberId(1), config, 1);
    swim.add(MemberId(2));
    swim.self_refuted(Instant{});
    swim.self_refuted(Instant{});
    swim.advance(Instant{});
    const Instant begin = swim.deadline();
    swim.advance(begin);
    EXPECT_EQ(swim.local_health(), 2U);
    EXPECT_EQ(swim.deadline(), begin + 3 * config.ping_timeout);
    swim.advance(begin + 3 * config.ping_timeout);
    EXPECT_EQ(swim.deadline(), begin + 3 * config.probe_period);
}

// Section IV-B: "SuspicionTimeout = max(Min, Max - (Max-Min) log(C+1)/log(K+1))".
TEST(LifeguardPaper, suspicion_timeouts_of_the_papers_evaluation) {
    const auto times = SuspicionTimes::make(config_of(5, 6, 3), 128);
    EXPECT_NEAR(seconds(times.timeout(0)), 63.22, 0.005);
    EXPECT_NEAR(seconds(times.timeout(1)), 36.88, 0.005);
    EXPECT_NEAR(seconds(times.timeout(2)), 21.47, 0.005);
    EXPECT_NEAR(seconds(times.timeout(3)), 10.54, 0.005);
    EXPECT_EQ(times.timeout(4), times.minimum);
}

TEST(LifeguardPaper, suspicion_timeouts_of_memberlist) {
    const auto times = SuspicionTimes::make(config_of(4, 6, 2), 128);
    EXPECT_NEAR(seconds(times.timeout(0)), 50.57, 0.005);
    EXPECT_NEAR(seconds(times.timeout(1)), 23.98, 0.005);
    EXPECT_NEAR(seconds(times.timeout(2)), 8.43, 0.005);
}

TEST(LifeguardPaper, below_ten_members_the_logarithm_counts_as_one) {
    const ProtocolConfig config = config_of(4, 6, 3);
    EXPECT_EQ(SuspicionTimes::make(config, 2).minimum, 4s);
    EXPECT_EQ(SuspicionTimes::make(config, 10).minimum, 4s);
    EXPECT_NEAR(seconds(SuspicionTimes::make(config, 100).minimum), 8, 1e-6);
}

TEST(LifeguardPaper, no_more_confirmations_are_expected_than_there_are_witnesses) {
    const ProtocolConfig config = config_of(4, 6, 3);
    EXPECT_EQ(SuspicionTimes::make(config, 5).confirmations_max, 3U);
    EXPECT_EQ(SuspicionTimes::make(config, 4).confirmations_max, 2U);
    EXPECT_EQ(SuspicionTimes::make(config, 3).confirmations_max, 1U);
    // Ourselves and the suspect: there is nobody to wait for.
    const auto pair = SuspicionTimes::make(config, 2);
    EXPECT_EQ(pair.confirmations_max, 0U);
    EXPECT_EQ(pair.timeout(0), pair.minimum);
}

struct View {
    Membership membership;
    explicit View(std::uint32_t count, const ProtocolConfig& config)
        : membership(record_of(MemberId(1), 1), config) {
        for (std::uint32_t id = 2; id <= count; ++id) {
            membership.handle_record(Instant{}, kNobody, record_of(MemberId(id), 1));
        }
        drain(membership);
    }
    bool accuse(Instant now, std::uint64_t accuser) {
        return membership.handle_accusation(now, MemberId(accuser),
                                            {MemberId(2), Incarnation(1), wire::Status::suspect,
                                             MemberId(accuser), testing::votes_of({accuser})});
    }
};

// Section IV-B: "The first K independent suspicions received are re-gossiped."
TEST(LifeguardPaper, the_first_k_independent_suspicions_are_spread_on) {
    View view(128, config_of(5, 6, 3));
    for (const std::uint64_t accuser : {10, 11, 12, 13}) {
        EXPECT_TRUE(view.accuse(Instant{}, accuser));
        EXPECT_EQ(only<Membership::Spread>(drain(view.membership)).size(), 1U) << accuser;
    }
    EXPECT_FALSE(view.accuse(Instant{}, 14));
    EXPECT_TRUE(drain(view.membership).empty());
}

TEST(LifeguardPaper, the_same_accuser_twice_is_one_suspicion) {
    View view(128, config_of(5, 6, 3));
    EXPECT_TRUE(view.accuse(Instant{}, 10));
    const Instant due = view.membership.deadline();
    EXPECT_FALSE(view.accuse(Instant{} + 1s, 10));
    EXPECT_EQ(view.membership.deadline(), due);
}

TEST(LifeguardPaper, each_confirmation_moves_the_timer_to_where_the_formula_says) {
    View view(128, config_of(5, 6, 3));
    const double expected[] = {63.22, 36.88, 21.47, 10.54};
    for (std::uint64_t accuser = 10; accuser < 14; ++accuser) {
        view.accuse(Instant{} + 1s * static_cast<int>(accuser - 10), accuser);
        // From the beginning of the suspicion, not from the confirmation.
        EXPECT_NEAR(seconds(view.membership.deadline() - Instant{}), expected[accuser - 10], 0.005);
    }
}

TEST(LifeguardPaper, an_accuser_that_nobody_knows_confirms_nothing) {
    View view(128, config_of(5, 6, 3));
    EXPECT_TRUE(view.accuse(Instant{}, 10));
    EXPECT_FALSE(view.accuse(Instant{}, 4711));
    EXPECT_FALSE(view.accuse(Instant{}, 2)) << "nobody confirms its own suspicion";
}

// Section IV-C (Buddy System): the suspect learns of its suspicion from whoever suspects it.
TEST(LifeguardPaper, a_suspect_is_told_at_once) {
    View view(8, config_of(5, 6, 3));
    view.membership.missed(Instant{}, MemberId(2));
    const auto told = only<Membership::Tell>(drain(view.membership));
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].to, MemberId(2));
    EXPECT_EQ(told[0].member, MemberId(2));
}

// Section IV-A: a helper that has no answer at 80% of its timeout says so.
TEST(LifeguardPaper, a_helper_says_nack_at_four_fifths_of_its_timeout) {
    ProtocolConfig config;
    Swim swim(MemberId(1), config, 1);
    swim.handle(Instant{}, MemberId(2), wire::PingReq{ProbeSequence(9), MemberId(3)});
    drain(swim);
    const Instant due = Instant{} + config.ping_timeout * 4 / 5;
    EXPECT_EQ(swim.deadline(), due);
    swim.advance(due - 1ns);
    EXPECT_TRUE(drain(swim).empty());
    swim.advance(due);
    const auto sent = only<Detector::SendProbe>(drain(swim));
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].to, MemberId(2));
    EXPECT_EQ(std::get<wire::Nack>(sent[0].message).sequence, ProbeSequence(9));
}

}  // namespace
}  // namespace grapevine::protocol
