// Events for subscribers only, between whole overlays: what they have to do with all other events,
// and with the records in which they are announced.

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "overlay/testing.hpp"
#include "protocol/state/reserved_keys.hpp"

namespace grapevine::overlay {
namespace {

using namespace std::chrono_literals;
using testing::Wire;

/// All three mark questions; 3 reads them, 1 asks, 2 answers on a topic that everybody gets.
struct Questions : ::testing::Test {
    void SetUp() override {
        wire.subscriber_topics = {"question.>"};
        wire.add(1, {});
        wire.add(2, {"10.0.0.1:9471"});
        wire.add(3, {"10.0.0.1:9471"});
        wire.run_for(3s);
        wire.at(3).set_interest(wire.now(), {"question.*"});
        wire.run_for(5s);
    }
    void publish(int host, const std::string& topic, protocol::PublishOptions options = {}) {
        ASSERT_TRUE(
            wire.at(host).publish(wire.now(), WallTime{1}, topic, Bytes{1}, std::move(options)));
    }
    /// The topics told at `host`, those flagged with a '?'.
    std::string told(int host) {
        std::string topics;
        for (const Overlay::Action& action : wire.actions(host)) {
            const auto* told = std::get_if<Overlay::EventDelivered>(&action);
            if (told == nullptr) continue;
            topics += told->event->topic + (told->is_causal_unknown ? "? " : " ");
        }
        return topics;
    }
    protocol::EventKey first_question() {
        const protocol::Node& node = wire.at(1).node();
        return {{node.membership().self(), node.epoch(), node.channels().channel_of("question.a")},
                EventSequence{1}};
    }

    Wire wire;
};

TEST_F(Questions, are_told_to_readers_and_to_who_asked) {
    publish(1, "question.a");
    wire.run_for(1s);
    EXPECT_EQ(told(1), "question.a ");
    EXPECT_EQ(told(2), "");
    EXPECT_EQ(told(3), "question.a ");
    EXPECT_EQ(wire.at(2).node().event_counters().delivered, 0U);
    EXPECT_EQ(wire.at(3).node().event_counters().delivered, 1U);
}

TEST_F(Questions, an_answer_waits_for_its_question_on_another_channel) {
    publish(2, "answer", {.after = {first_question()}});
    wire.run_for(500ms);
    EXPECT_EQ(told(3), "");
    EXPECT_EQ(told(2), "answer ") << "who does not get the question does not wait for it";
    publish(1, "question.a");
    wire.run_for(500ms);
    EXPECT_EQ(told(3), "question.a answer ");
    EXPECT_EQ(told(1), "question.a answer ");
}

TEST_F(Questions, a_question_waits_for_an_event_of_everybody) {
    const protocol::Node& node = wire.at(2).node();
    const protocol::EventKey news{{node.membership().self(), node.epoch()}, EventSequence{1}};
    publish(1, "question.a", {.after = {news}});
    wire.run_for(500ms);
    EXPECT_EQ(told(3), "");
    publish(2, "news");
    wire.run_for(500ms);
    EXPECT_EQ(told(3), "news question.a ");
}

TEST_F(Questions, marks_and_interest_stand_in_the_records) {
    const auto value = [this](int owner, std::string_view key) {
        const MemberId member = wire.at(owner).node().membership().self();
        const protocol::Record* record = wire.at(2).node().records().find(member);
        const auto item = record->items.find(key);
        return item == record->items.end() ? "" : item->second.value;
    };
    EXPECT_EQ(value(1, protocol::kChannelsKey), "question.>");
    EXPECT_EQ(value(3, protocol::kInterestKey), "question.*");
    EXPECT_EQ(value(1, protocol::kInterestKey), "");
}

}  // namespace
}  // namespace grapevine::overlay
