#include "cli/demo_ledger.hpp"

#include <gtest/gtest.h>

namespace grapevine::cli {
namespace {

using namespace std::chrono_literals;

constexpr Instant at(Duration duration) {
    return Instant(duration);
}

DemoLedger three() {
    DemoLedger ledger(3);
    for (std::size_t daemon = 0; daemon < 3; ++daemon) ledger.attach(daemon);
    return ledger;
}

TEST(DemoLedger, an_event_is_expected_at_every_attached_daemon) {
    DemoLedger ledger(3);
    ledger.attach(0);
    ledger.attach(2);
    ledger.publish(at(0s), 1);
    EXPECT_EQ(ledger.expected(), 2U);
    ledger.deliver(at(1ms), 0, 1);
    ledger.deliver(at(2ms), 1, 1);
    EXPECT_EQ(ledger.delivered(), 1U) << "daemon 1 was not attached";
    ledger.deliver(at(3ms), 2, 1);
    EXPECT_TRUE(ledger.is_complete());
}

TEST(DemoLedger, a_second_copy_does_not_count) {
    DemoLedger ledger = three();
    ledger.publish(at(0s), 1);
    ledger.deliver(at(1ms), 0, 1);
    ledger.deliver(at(2ms), 0, 1);
    EXPECT_EQ(ledger.delivered(), 1U);
}

TEST(DemoLedger, what_was_on_its_way_to_a_killed_daemon_is_not_expected) {
    DemoLedger ledger = three();
    ledger.publish(at(0s), 1);
    ledger.publish(at(500ms), 2);
    ledger.detach(at(1s), 1);
    EXPECT_EQ(ledger.expected(), 5U) << "event 1 had its second, event 2 had not";
    ledger.publish(at(2s), 3);
    EXPECT_EQ(ledger.expected(), 7U);
    for (const std::uint64_t number : {1U, 2U, 3U}) {
        for (const std::size_t daemon : {0U, 2U}) ledger.deliver(at(3s), daemon, number);
    }
    EXPECT_FALSE(ledger.is_complete()) << "daemon 1 never got event 1";
    ledger.deliver(at(4s), 1, 1);
    EXPECT_TRUE(ledger.is_complete()) << "and then it did";
}

TEST(DemoLedger, to_detach_twice_changes_nothing) {
    DemoLedger ledger = three();
    ledger.publish(at(0s), 1);
    ledger.detach(at(10ms), 1);
    ledger.detach(at(20ms), 1);
    EXPECT_EQ(ledger.expected(), 2U);
}

TEST(DemoLedger, an_event_that_was_not_taken_leaves_no_trace) {
    DemoLedger ledger = three();
    ledger.publish(at(0s), 1);
    ledger.withdraw(1);
    EXPECT_EQ(ledger.published(), 0U);
    EXPECT_EQ(ledger.expected(), 0U);
}

TEST(DemoLedger, latency_is_that_of_the_ranked_delivery) {
    DemoLedger ledger = three();
    EXPECT_FALSE(ledger.latency(0.5));
    ledger.publish(at(0s), 1);
    ledger.deliver(at(1ms), 0, 1);
    ledger.deliver(at(5ms), 1, 1);
    ledger.deliver(at(100ms), 2, 1);
    EXPECT_EQ(ledger.latency(0.5), 5ms);
    EXPECT_EQ(ledger.latency(1), 100ms);
}

TEST(DemoLedger, is_bounded_and_what_it_drops_stays_missing) {
    DemoLedger ledger = three();
    for (std::uint64_t number = 1; number <= DemoLedger::kOpenMax + 1; ++number) {
        ledger.publish(at(0s), number);
    }
    ledger.deliver(at(1ms), 0, 1);
    EXPECT_EQ(ledger.delivered(), 0U);
    ledger.deliver(at(1ms), 0, 2);
    EXPECT_EQ(ledger.delivered(), 1U);
}

}  // namespace
}  // namespace grapevine::cli
