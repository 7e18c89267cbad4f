#include "daemon/lab_room.hpp"

#include <chrono>
#include <functional>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "base/limits.hpp"
#include "sim/lab/run.hpp"
#include "sim/lab/text.hpp"

using namespace std::chrono_literals;

namespace grapevine::daemon {
namespace {

/// Somebody who watches one run, and reads as fast as is told.
struct Watcher {
    Watcher(runtime::Loop& home, LabRoom& room) : loop(home) {
        auto opened = room.open([this](const control::LabMessage& message) { take(message); });
        EXPECT_TRUE(opened);
        if (opened) desk = *std::move(opened);
    }
    void take(const control::LabMessage& message) {
        if (!message) {
            refusals.push_back(message.error());
            return;
        }
        messages.push_back(*message);
        if (is_reading) desk->ready();
    }
    [[nodiscard]] std::size_t count(std::string_view type) const {
        std::size_t found = 0;
        for (const std::string& message : messages) {
            if (message.starts_with("{\"type\":\"" + std::string(type) + "\"")) ++found;
        }
        return found;
    }
    [[nodiscard]] bool until(const std::function<bool()>& condition) {
        const Instant give_up = loop.now() + 60s;
        while (!condition()) {
            if (loop.now() > give_up) return false;
            loop.run_for(1ms);
        }
        return true;
    }
    [[nodiscard]] bool has(std::string_view type) {
        return until([&] { return count(type) > 0; });
    }
    [[nodiscard]] bool is_refused() {
        return until([&] { return !refusals.empty(); });
    }

    runtime::Loop& loop;
    std::unique_ptr<control::LabDesk> desk;
    bool is_reading = true;
    std::vector<std::string> messages;
    std::vector<Refusal> refusals;
};

struct LabRoomTest : ::testing::Test {
    runtime::Loop loop;
    LabRoom room{loop};
};

constexpr const char* kLink = "experiment=rumor&members=50&interval_ms=100";

std::string hash_of(const std::string& link) {
    const auto run = *sim::lab::Run::create(*sim::lab::Settings::parse_link(link));
    while (!run->has_ended()) run->run_until(run->now() + 1h);
    return sim::lab::hash_text(run->trace_hash());
}

TEST_F(LabRoomTest, a_run_begins_paused_with_the_state_of_everybody) {
    Watcher watcher(loop, room);
    watcher.desk->submit(control::LabStart{kLink});
    ASSERT_TRUE(watcher.has("frame"));
    EXPECT_EQ(watcher.count("started"), 1U);
    EXPECT_NE(watcher.messages[0].find("\"residue\":"), std::string::npos);
    EXPECT_NE(watcher.messages[1].find("[49,0]]"), std::string::npos);
    EXPECT_NE(watcher.messages[1].find("\"at_ms\":0"), std::string::npos);
}

TEST_F(LabRoomTest, what_is_played_ends_with_the_hash_of_its_link) {
    Watcher watcher(loop, room);
    watcher.desk->submit(control::LabStart{kLink});
    watcher.desk->submit(control::LabPlay{1000});
    ASSERT_TRUE(watcher.has("ended"));
    EXPECT_NE(watcher.messages.back().find(hash_of(kLink)), std::string::npos);
}

TEST_F(LabRoomTest, an_action_is_in_the_link_that_replays_it) {
    Watcher watcher(loop, room);
    watcher.desk->submit(control::LabStart{kLink});
    watcher.desk->submit(control::LabStep{});
    ASSERT_TRUE(watcher.has("paused"));
    watcher.desk->submit(control::LabAct{"kill:3"});
    ASSERT_TRUE(watcher.has("acted"));
    const std::string link = std::string(kLink) + "&actions=101:kill:3";
    watcher.desk->submit(control::LabPlay{1000});
    ASSERT_TRUE(watcher.has("ended"));
    EXPECT_NE(watcher.messages.back().find(hash_of(link)), std::string::npos);
    EXPECT_NE(watcher.messages.back().find("&actions=101:kill:3"), std::string::npos);
}

TEST_F(LabRoomTest, a_step_is_one_interval) {
    Watcher watcher(loop, room);
    watcher.desk->submit(control::LabStart{kLink});
    watcher.desk->submit(control::LabStep{});
    ASSERT_TRUE(watcher.has("paused"));
    EXPECT_EQ(watcher.messages.back(), R"({"type":"paused","at_ms":100})");
    EXPECT_EQ(watcher.count("frame"), 2U);
}

TEST_F(LabRoomTest, seeking_goes_back_with_what_was_done) {
    Watcher watcher(loop, room);
    watcher.desk->submit(control::LabStart{kLink});
    watcher.desk->submit(control::LabAct{"kill:3"});
    watcher.desk->submit(control::LabSeek{700});
    ASSERT_TRUE(watcher.has("paused"));
    EXPECT_EQ(watcher.messages.back(), R"({"type":"paused","at_ms":700})");
    const std::string& frame = watcher.messages[watcher.messages.size() - 2];
    EXPECT_NE(frame.find("[3,3]"), std::string::npos) << "down";
    EXPECT_NE(frame.find("[49,"), std::string::npos) << "everybody";
}

TEST_F(LabRoomTest, frames_merge_while_nobody_reads) {
    Watcher watcher(loop, room);
    watcher.is_reading = false;
    watcher.desk->submit(control::LabStart{"experiment=rumor&members=50&source=-1"});
    watcher.desk->submit(control::LabPlay{1});
    ASSERT_TRUE(watcher.until([&] { return watcher.count("playing") >= 2; }));
    EXPECT_EQ(watcher.count("frame"), 1U) << "the one that answered the start";
    watcher.desk->ready();
    ASSERT_TRUE(watcher.until([&] { return watcher.count("frame") >= 2; }));
    const auto last = watcher.messages.back();
    EXPECT_EQ(last.find("\"thinned\":0"), std::string::npos) << last;
    EXPECT_NE(last.find("\"number\":2"), std::string::npos) << last;
}

TEST_F(LabRoomTest, a_broken_link_is_refused_and_the_run_goes_on) {
    Watcher watcher(loop, room);
    watcher.desk->submit(control::LabStart{kLink});
    watcher.desk->submit(control::LabStart{"experiment=rumour"});
    ASSERT_TRUE(watcher.is_refused());
    EXPECT_EQ(watcher.refusals[0].field, "experiment");
    watcher.desk->submit(control::LabStep{});
    EXPECT_TRUE(watcher.has("paused"));
}

TEST_F(LabRoomTest, commands_before_the_start_are_refused) {
    Watcher watcher(loop, room);
    watcher.desk->submit(control::LabPlay{1});
    ASSERT_TRUE(watcher.is_refused());
    EXPECT_EQ(watcher.refusals[0].code, Refusal::Code::conflict);
}

TEST_F(LabRoomTest, one_more_than_there_is_room_for_is_refused) {
    std::vector<std::unique_ptr<Watcher>> watchers;
    for (std::size_t count = 0; count < kLabRunsMax; ++count) {
        watchers.push_back(std::make_unique<Watcher>(loop, room));
    }
    EXPECT_FALSE(room.open([](const control::LabMessage&) {}));
    watchers.pop_back();
    EXPECT_TRUE(room.open([](const control::LabMessage&) {}));
}

// Two hundred whole members, a minute ahead: the end does not wait until they are there.
TEST_F(LabRoomTest, who_goes_away_in_the_middle_of_a_long_race_waits_for_nothing) {
    Watcher watcher(loop, room);
    watcher.desk->submit(control::LabStart{"experiment=detection&members=200"});
    watcher.desk->submit(control::LabSeek{59'000});
    ASSERT_TRUE(watcher.has("started"));
    const Instant before = loop.now();
    watcher.desk.reset();
    EXPECT_LT(loop.now() - before, 5s);
    EXPECT_EQ(watcher.count("paused"), 0U);
}

}  // namespace
}  // namespace grapevine::daemon
