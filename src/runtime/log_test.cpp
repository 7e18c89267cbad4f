#include "runtime/log.hpp"

#include <gtest/gtest.h>
#include <regex>
#include <thread>
#include <vector>

namespace grapevine::runtime {
namespace {

class Log : public testing::Test {
protected:
    Log() {
        log::redirect([this](std::string_view line) { lines_.emplace_back(line); });
        log::configure(log::Level::info, log::Format::text);
    }
    ~Log() override {
        log::redirect({});
        log::configure(log::Level::info, log::Format::text);
    }
    std::vector<std::string> lines_;
};

TEST_F(Log, a_line_has_time_level_area_and_message) {
    log::info("overlay", "joined {} with {} members", "blue", 4);
    ASSERT_EQ(lines_.size(), 1U);
    EXPECT_TRUE(std::regex_match(
        lines_[0], std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info  overlay: )"
                              R"(joined blue with 4 members)")))
        << lines_[0];
}

TEST_F(Log, what_is_below_the_level_is_not_written) {
    log::debug("x", "no");
    log::warn("x", "yes");
    log::configure(log::Level::error, log::Format::text);
    log::warn("x", "no");
    log::error("x", "yes");
    log::configure(log::Level::off, log::Format::text);
    log::error("x", "no");
    EXPECT_EQ(lines_.size(), 2U);
}

TEST_F(Log, json_is_escaped) {
    log::configure(log::Level::info, log::Format::json);
    log::warn("http", "a \"quote\",\na line and \x01");
    ASSERT_EQ(lines_.size(), 1U);
    EXPECT_TRUE(lines_[0].ends_with(
        R"(Z","level":"warn","area":"http","message":"a \"quote\",\na line and \u0001"})"))
        << lines_[0];
}

TEST_F(Log, a_message_cannot_forge_a_line) {
    log::info("http", "{}", "harmless\n2026-01-01T00:00:00.000Z error store: lost everything");
    ASSERT_EQ(lines_.size(), 1U);
    EXPECT_EQ(lines_[0].find('\n'), std::string::npos);
}

TEST_F(Log, lines_of_several_threads_stay_whole) {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
        threads.emplace_back([] {
            for (int line = 0; line < 100; ++line) log::info("x", "{}", std::string(100, 'y'));
        });
    }
    threads.clear();
    EXPECT_EQ(lines_.size(), 400U);
    for (const std::string& line : lines_) EXPECT_TRUE(line.ends_with(std::string(100, 'y')));
}

TEST_F(Log, words_of_the_configuration_are_understood_and_others_are_not) {
    EXPECT_EQ(log::parse_level("warn"), log::Level::warn);
    EXPECT_EQ(log::parse_level("off"), log::Level::off);
    EXPECT_EQ(log::parse_level("loud"), std::nullopt);
    EXPECT_EQ(log::parse_format("json"), log::Format::json);
    EXPECT_EQ(log::parse_format("xml"), std::nullopt);
}

}  // namespace
}  // namespace grapevine::runtime
