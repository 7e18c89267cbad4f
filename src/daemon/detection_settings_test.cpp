#include "daemon/detection_settings.hpp"

#include <gtest/gtest.h>

#include "api/decode.hpp"
#include "daemon/config.hpp"
#include "daemon/definitions.hpp"
#include "daemon/invitation.hpp"
#include "daemon/overlay_spec.hpp"

namespace grapevine::daemon {
namespace {

using namespace std::chrono_literals;
using protocol::DetectorKind;

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

TEST(DetectionSettings, every_key_reaches_the_protocol) {
    const auto settings = settings_of(completed(spec_of(R"(
detector = "heartbeat"
heartbeat_interval = "250ms"
heartbeat_fail = "9s"
heartbeat_subnet_label = "rack"
phi_interval = "2s"
phi_threshold = 12
phi_pause = "0s"
phi_monitors = 9
)"),
                                                "host"));
    EXPECT_EQ(settings.protocol.detector, DetectorKind::heartbeat);
    EXPECT_EQ(settings.protocol.heartbeat_interval, 250ms);
    EXPECT_EQ(settings.protocol.heartbeat_fail, 9s);
    EXPECT_EQ(settings.protocol.heartbeat_subnet_label, "rack");
    EXPECT_EQ(settings.protocol.phi_interval, 2s);
    EXPECT_EQ(settings.protocol.phi_threshold, 12);
    EXPECT_EQ(settings.protocol.phi_pause, 0s);
    EXPECT_EQ(settings.protocol.phi_monitors, 9);
}

TEST(DetectionSettings, what_is_not_said_is_as_the_profile_says) {
    const control::OverlaySpec spec = completed(spec_of("profile = 'wan'"), "host");
    EXPECT_EQ(spec.detection, control::Detection{});
    const auto wan = protocol::profile_config(protocol::Profile::wan);
    EXPECT_EQ(settings_of(spec).protocol.detector, wan.detector);
    EXPECT_EQ(detector_of(spec), protocol::kDetectorNames[static_cast<std::size_t>(wan.detector)]);
}

TEST(DetectionSettings, an_unknown_detector_is_refused_with_the_nearest_name) {
    const auto config =
        load_config_text(sources(), "[overlay.a]\nkeys = ['open']\ndetector = 'swimm'", "g.toml");
    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().front().cure, "did you mean swim?");
    control::Detection detection;
    detection.detector = "rngs";
    const auto refusals = check_detection(detection);
    ASSERT_EQ(refusals.size(), 1U);
    EXPECT_EQ(refusals[0].field, "detector");
    EXPECT_EQ(refusals[0].cure, "did you mean rings?");
}

TEST(DetectionSettings, every_number_is_taken_at_its_limits_and_refused_beyond) {
    for (const control::DetectionNumber& number : control::kDetectionNumbers) {
        control::Detection detection;
        for (const std::int64_t good : {number.min, number.max}) {
            detection.*number.field = good;
            EXPECT_TRUE(check_detection(detection).empty()) << number.name << " " << good;
        }
        for (const std::int64_t bad : {number.min - 1, number.max + 1}) {
            detection.*number.field = bad;
            ASSERT_EQ(check_detection(detection).size(), 1U) << number.name << " " << bad;
            EXPECT_EQ(check_detection(detection)[0].field, number.name);
        }
    }
}

TEST(DetectionSettings, a_subnet_label_must_be_one_that_members_can_have) {
    control::Detection detection;
    detection.heartbeat_subnet_label = "no label\n";
    ASSERT_EQ(check_detection(detection).size(), 1U);
    EXPECT_EQ(check_detection(detection)[0].field, "heartbeat_subnet_label");
    detection.zone_label = "no label\n";
    ASSERT_EQ(check_detection(detection).size(), 2U);
    EXPECT_EQ(check_detection(detection)[1].field, "zone_label");
    detection.zone_label = "dc";
    detection.heartbeat_subnet_label = "";
    EXPECT_TRUE(check_detection(detection).empty()) << "none: one level";
}

TEST(DetectionSettings, json_of_the_api_has_the_same_fields) {
    const auto spec = api::decode_overlay_spec(
        R"({"name":"a","detector":"phi","phi_threshold":5,"phi_pause_ms":700})",
        api::OverlayName::required);
    ASSERT_TRUE(spec);
    EXPECT_EQ(spec->detection.detector, "phi");
    EXPECT_EQ(spec->detection.phi_threshold, 5);
    EXPECT_EQ(spec->detection.phi_pause_ms, 700);
    EXPECT_FALSE(spec->detection.phi_monitors);
    for (const control::DetectionNumber& number : control::kDetectionNumbers) {
        const std::string json = "{\"name\":\"a\",\"" + std::string(number.name) +
                                 "\":" + std::to_string(number.max) + "}";
        const auto one = api::decode_overlay_spec(json, api::OverlayName::required);
        ASSERT_TRUE(one) << number.name;
        EXPECT_EQ(one->detection.*number.field, number.max);
    }
}

TEST(DetectionSettings, a_change_replaces_what_it_says_and_leaves_the_rest) {
    control::OverlaySpec base;
    base.detection.detector = "phi";
    base.detection.phi_threshold = 5;
    control::OverlaySpec next;
    next.detection.phi_threshold = 7;
    const control::OverlaySpec both = merged(base, next);
    EXPECT_EQ(both.detection.detector, "phi");
    EXPECT_EQ(both.detection.phi_threshold, 7);
}

TEST(DetectionSettings, the_patient_detectors_are_followed_by_a_short_suspicion) {
    for (const char* name : {"heartbeat", "phi"}) {
        const auto settings =
            settings_of(completed(spec_of("detector = '" + std::string(name) + "'"), "host"));
        EXPECT_EQ(settings.protocol.suspicion_alpha, 1) << name;
    }
}

TEST(DetectionSettings, an_invitation_carries_the_detector) {
    Invitation invitation;
    invitation.overlay = "a";
    invitation.keys = {KeyText{1, {}}};
    for (const std::string_view name : protocol::kDetectorNames) {
        invitation.detector = name;
        const auto parsed = parse_invitation(format_invitation(invitation));
        ASSERT_TRUE(parsed);
        EXPECT_EQ(*parsed, invitation);
        EXPECT_EQ(to_spec(*parsed).detection.detector, name);
    }
}

}  // namespace
}  // namespace grapevine::daemon
