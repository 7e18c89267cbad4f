// Requests to publish while a member cannot keep up: in turn, within bounds, never silently.

#include "daemon/publish_queue.hpp"

#include <gtest/gtest.h>
#include <vector>

#include "base/limits.hpp"

namespace grapevine::daemon {
namespace {

using namespace std::chrono_literals;

struct Fixture {
    runtime::Loop loop;
    Instant ready_at{};
    std::vector<std::string> published;
    std::vector<PublishQueue::Receipt> receipts;
    std::optional<control::PressureView> pressure =
        control::PressureView{"07", "m7", 900, 45, 1000};
    int held_up = 0;
    std::optional<PublishQueue> queue;

    Fixture() {
        queue.emplace(
            loop, PublishQueue::Hooks{[this](Instant) { return ready_at; }, [this] { ++held_up; },
                                      [this](control::Publish wanted) {
                                          published.push_back(std::move(wanted.topic));
                                          return control::PublishReceipt{"01", 1, published.size()};
                                      },
                                      [this](Instant) { return pressure; }});
    }
    void publish(std::string topic, std::size_t bytes = 1) {
        queue->publish({{}, std::move(topic), Bytes(bytes)}, [this](PublishQueue::Receipt receipt) {
            receipts.push_back(std::move(receipt));
        });
    }
};

TEST(PublishQueue, nobody_waits_while_everybody_keeps_up) {
    Fixture f;
    f.publish("a");
    EXPECT_EQ(f.published, std::vector<std::string>{"a"});
    ASSERT_EQ(f.receipts.size(), 1U);
    EXPECT_EQ(f.receipts[0]->sequence, 1U);
    EXPECT_EQ(f.held_up, 0);
}

TEST(PublishQueue, who_waits_is_served_in_order_when_it_is_time) {
    Fixture f;
    f.ready_at = f.loop.now() + 20ms;
    f.publish("a");
    f.publish("b");
    EXPECT_TRUE(f.published.empty());
    EXPECT_EQ(f.queue->size(), 2U);
    EXPECT_EQ(f.held_up, 2);
    f.loop.run_for(200ms);
    EXPECT_EQ(f.published, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(f.receipts.size(), 2U);
    EXPECT_EQ(f.queue->counters().delayed, 2U);
}

TEST(PublishQueue, one_request_above_the_limit_is_refused_as_busy_and_told_why) {
    Fixture f;
    f.ready_at = kNever;
    for (std::size_t i = 0; i < kPublishesWaitingMax; ++i) f.publish("a");
    EXPECT_TRUE(f.receipts.empty());
    f.publish("b");
    ASSERT_EQ(f.receipts.size(), 1U);
    const Refusal& refusal = f.receipts[0].error();
    EXPECT_EQ(refusal.code, Refusal::Code::busy);
    EXPECT_EQ(refusal.retry_seconds, 1U);
    EXPECT_NE(refusal.message.find("'m7' gets 45 events a second"), std::string::npos);
    EXPECT_EQ(f.queue->counters().refused, 1U);
}

TEST(PublishQueue, nobody_waits_for_longer_than_two_seconds) {
    Fixture f;
    f.ready_at = kNever;
    f.pressure->limit = 20;
    for (int i = 0; i < 40; ++i) f.publish("a");
    EXPECT_TRUE(f.receipts.empty());
    f.publish("b");
    ASSERT_EQ(f.receipts.size(), 1U);
    EXPECT_EQ(f.receipts[0].error().retry_seconds, 3U);
}

TEST(PublishQueue, the_bytes_that_wait_are_bounded) {
    Fixture f;
    f.ready_at = kNever;
    for (std::size_t i = 0; i < kPublishBytesWaitingMax / kEventPayloadBytesMax; ++i) {
        f.publish("a", kEventPayloadBytesMax);
    }
    EXPECT_TRUE(f.receipts.empty());
    f.publish("b", 1);
    EXPECT_EQ(f.receipts.size(), 1U);
}

TEST(PublishQueue, the_end_is_told_to_those_who_wait) {
    Fixture f;
    f.ready_at = kNever;
    f.publish("a");
    f.queue.reset();
    ASSERT_EQ(f.receipts.size(), 1U);
    EXPECT_EQ(f.receipts[0].error().code, Refusal::Code::unavailable);
}

TEST(PublishQueue, a_full_network_of_our_own_is_named_as_such) {
    Fixture f;
    f.ready_at = kNever;
    f.pressure.reset();
    for (std::size_t i = 0; i <= kPublishesWaitingMax; ++i) f.publish("a");
    ASSERT_EQ(f.receipts.size(), 1U);
    EXPECT_NE(f.receipts[0].error().message.find("network of this host"), std::string::npos);
}

}  // namespace
}  // namespace grapevine::daemon
