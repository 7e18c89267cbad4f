#include "daemon/dissemination_settings.hpp"

#include <gtest/gtest.h>

#include "api/decode.hpp"
#include "base/limits.hpp"
#include "daemon/config.hpp"
#include "daemon/definitions.hpp"
#include "daemon/overlay_spec.hpp"

namespace grapevine::daemon {
namespace {

using namespace std::chrono_literals;
using protocol::MongeringConfig;

ConfigSources sources() {
    ConfigSources from;
    from.host_name = "host";
    from.environment["HOME"] = "/home/u";
    return from;
}

control::OverlaySpec spec_of(std::string_view keys) {
    auto config = load_config_text(sources(), "[overlay.a]\nkeys = ['open']\n" + std::string(keys),
                                   "/etc/g.toml");
    EXPECT_TRUE(config) << config.error().front().message;
    return config->overlays.front();
}

TEST(DisseminationSettings, every_key_reaches_the_protocol) {
    const auto settings = settings_of(completed(spec_of(R"(
dissemination = "rumor"
rumor_direction = "pull"
rumor_feedback = "off"
rumor_removal = "coin"
rumor_k = 5
rumor_fanout = 2
rumor_interval = "250ms"
)"),
                                                "host"));
    EXPECT_EQ(settings.protocol.dissemination, protocol::Dissemination::rumor);
    const MongeringConfig& rumor = settings.protocol.mongering;
    EXPECT_EQ(rumor.direction, MongeringConfig::Direction::pull);
    EXPECT_FALSE(rumor.has_feedback);
    EXPECT_FALSE(rumor.has_counter);
    EXPECT_EQ(rumor.k, 5);
    EXPECT_EQ(rumor.fanout, 2);
    EXPECT_EQ(rumor.interval, 250ms);
}

TEST(DisseminationSettings, what_is_not_said_is_as_usual) {
    const control::OverlaySpec spec = completed(spec_of(""), "host");
    EXPECT_EQ(spec.dissemination, control::Dissemination{});
    EXPECT_EQ(dissemination_of(spec), "tree");
    const auto settings = settings_of(spec);
    EXPECT_EQ(settings.protocol.dissemination, protocol::Dissemination::tree);
    EXPECT_EQ(settings.protocol.mongering.k, MongeringConfig{}.k);
    EXPECT_EQ(settings.protocol.mongering.interval, MongeringConfig{}.interval);
}

TEST(DisseminationSettings, an_unknown_word_is_refused_with_the_nearest) {
    control::Dissemination dissemination;
    dissemination.rumor_direction = "push-pul";
    const auto refusals = check_dissemination(dissemination);
    ASSERT_EQ(refusals.size(), 1U);
    EXPECT_EQ(refusals[0].field, "rumor_direction");
    EXPECT_EQ(refusals[0].cure, "did you mean push-pull?");
}

TEST(DisseminationSettings, every_number_is_taken_at_its_limits_and_refused_beyond) {
    for (const control::DisseminationNumber& number : control::kDisseminationNumbers) {
        control::Dissemination dissemination;
        for (const std::int64_t good : {number.min, number.max}) {
            dissemination.*number.field = good;
            EXPECT_TRUE(check_dissemination(dissemination).empty()) << number.name << " " << good;
        }
        for (const std::int64_t bad : {number.min - 1, number.max + 1}) {
            dissemination.*number.field = bad;
            ASSERT_EQ(check_dissemination(dissemination).size(), 1U) << number.name << " " << bad;
            EXPECT_EQ(check_dissemination(dissemination)[0].field, number.name);
        }
    }
}

TEST(DisseminationSettings, json_of_the_api_has_the_same_fields) {
    const auto spec = api::decode_overlay_spec(
        R"({"name":"a","dissemination":"rumor","rumor_direction":"push","rumor_interval_ms":50})",
        api::OverlayName::required);
    ASSERT_TRUE(spec);
    EXPECT_EQ(spec->dissemination.dissemination, "rumor");
    EXPECT_EQ(spec->dissemination.rumor_direction, "push");
    EXPECT_EQ(spec->dissemination.rumor_interval_ms, 50);
    EXPECT_FALSE(spec->dissemination.rumor_k);
}

TEST(DisseminationSettings, a_change_replaces_what_it_says_and_leaves_the_rest) {
    control::OverlaySpec base;
    base.dissemination.dissemination = "rumor";
    base.dissemination.rumor_k = 5;
    control::OverlaySpec next;
    next.dissemination.rumor_k = 7;
    const control::OverlaySpec both = merged(base, next);
    EXPECT_EQ(both.dissemination.dissemination, "rumor");
    EXPECT_EQ(both.dissemination.rumor_k, 7);
}

std::vector<std::string> topics_of(std::size_t count) {
    std::vector<std::string> topics;
    for (std::size_t at = 0; at < count; ++at) topics.push_back("t" + std::to_string(at) + ".>");
    return topics;
}

TEST(SubscriberTopics, reach_the_overlay_from_the_file_and_from_the_api) {
    const std::vector<std::string> wanted = {"metrics.>", "a.*.b"};
    const auto spec = spec_of("subscriber_topics = ['metrics.>', 'a.*.b']\n");
    EXPECT_EQ(settings_of(completed(spec, "host")).subscriber_topics, wanted);
    EXPECT_EQ(describe_dissemination(spec),
              "dissemination = \"tree\"\nsubscriber_topics = [\"metrics.>\", \"a.*.b\"]\n");
    const auto decoded = api::decode_overlay_spec(
        R"({"name":"a","subscriber_topics":["metrics.>","a.*.b"]})", api::OverlayName::required);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->dissemination.subscriber_topics, wanted);
    EXPECT_TRUE(settings_of(completed(spec_of(""), "host")).subscriber_topics.empty());
}

TEST(SubscriberTopics, are_refused_beyond_their_number_and_if_they_are_no_patterns) {
    control::Dissemination dissemination;
    dissemination.subscriber_topics = topics_of(kSubscriberTopicsMax);
    EXPECT_TRUE(check_dissemination(dissemination).empty());
    dissemination.subscriber_topics = topics_of(kSubscriberTopicsMax + 1);
    ASSERT_EQ(check_dissemination(dissemination).size(), 1U);
    EXPECT_EQ(check_dissemination(dissemination)[0].code, Refusal::Code::over_limit);
    for (const char* pattern : {"", "a..b", "a.>.b", "a*", "a\nb"}) {
        dissemination.subscriber_topics = {pattern};
        ASSERT_EQ(check_dissemination(dissemination).size(), 1U) << pattern;
        EXPECT_EQ(check_dissemination(dissemination)[0].field, "subscriber_topics");
    }
}

TEST(SubscriberTopics, are_replaced_as_a_whole_by_a_change) {
    control::OverlaySpec base;
    base.dissemination.subscriber_topics = {"a", "b"};
    control::OverlaySpec next;
    EXPECT_EQ(merged(base, next).dissemination.subscriber_topics->size(), 2U);
    next.dissemination.subscriber_topics.emplace();
    EXPECT_TRUE(merged(base, next).dissemination.subscriber_topics->empty());
}

TEST(DisseminationSettings, what_is_described_can_be_read_again) {
    const control::OverlaySpec spec =
        spec_of("dissemination = 'rumor'\nrumor_removal = 'coin'\nrumor_interval = '2s'\n");
    EXPECT_EQ(describe_dissemination(spec),
              "dissemination = \"rumor\"\nrumor_removal = \"coin\"\nrumor_interval = \"2s\"\n");
}

}  // namespace
}  // namespace grapevine::daemon
