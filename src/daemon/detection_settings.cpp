#include "daemon/detection_settings.hpp"

#include <algorithm>
#include <cassert>
#include <fmt/core.h>
#include <ranges>

#include "base/limits.hpp"
#include "base/nearest.hpp"
#include "daemon/config_values.hpp"
#include "daemon/overlay_spec.hpp"

namespace grapevine::daemon {

namespace {

using control::DetectionNumber;
using control::DetectionText;

/// "_ms" of the names in JSON; the configuration has durations with a unit.
constexpr std::string_view kUnit = "_ms";

std::string text_of(const DetectionNumber& number, std::int64_t value) {
    return number.name.ends_with(kUnit) ? fmt::format("{} ms", value) : fmt::format("{}", value);
}

void set_duration(Duration& time, std::optional<std::int64_t> milliseconds) {
    if (milliseconds) time = std::chrono::milliseconds(*milliseconds);
}

}  // namespace

std::vector<Refusal> check_detection(const control::Detection& detection) {
    std::vector<Refusal> refusals;
    const auto no = [&refusals](std::string_view field, std::string message, std::string cure,
                                Refusal::Code code = Refusal::Code::invalid) {
        refusals.push_back({code, std::move(message), std::move(cure), std::string(field)});
    };
    const auto& names = protocol::kDetectorNames;
    if (const auto& name = detection.detector;
        name && std::ranges::find(names, *name) == names.end()) {
        no("detector", fmt::format("'{}' is not known", printable(*name)),
           nearest_cure(*name, names));
    }
    const auto check_label = [&](std::string_view field, const std::optional<std::string>& label) {
        if (!label || label->empty()) return;
        if (auto checked = check_labels({{*label, ""}}); !checked) {
            no(field, std::move(checked.error().message), "name a label that all members have",
               checked.error().code);
        }
    };
    check_label("heartbeat_subnet_label", detection.heartbeat_subnet_label);
    check_label("zone_label", detection.zone_label);
    if (const auto& path = detection.summary_path) {
        std::size_t levels = 1;  // That of hosts.
        for (const auto part : std::views::split(*path, '/')) {
            if (path->empty()) break;
            ++levels;
            const std::string label(part.begin(), part.end());
            if (label.empty() || levels > kSummaryLevelsMax) {
                no("summary_path", fmt::format("'{}' is no path of labels", printable(*path)),
                   fmt::format("write up to {} labels from the top, like \"region/dc\"",
                               kSummaryLevelsMax - 1));
                break;
            }
            check_label("summary_path", label);
        }
    }
    for (const DetectionNumber& number : control::kDetectionNumbers) {
        const auto& value = detection.*number.field;
        if (!value || (*value >= number.min && *value <= number.max)) continue;
        no(number.name, "is out of range",
           fmt::format("write {} to {}", text_of(number, number.min), text_of(number, number.max)),
           Refusal::Code::over_limit);
    }
    return refusals;
}

void merge_detection(control::Detection& base, const control::Detection& next) {
    for (const DetectionText& text : control::kDetectionTexts) {
        if (next.*text.field) base.*text.field = next.*text.field;
    }
    for (const DetectionNumber& number : control::kDetectionNumbers) {
        if (next.*number.field) base.*number.field = next.*number.field;
    }
}

protocol::ProtocolConfig protocol_of(protocol::Profile profile,
                                     const control::Detection& detection) {
    protocol::ProtocolConfig config = protocol::profile_config(profile);
    if (detection.detector) {
        const auto& names = protocol::kDetectorNames;
        const auto found = std::ranges::find(names, *detection.detector);
        assert(found != names.end() && "checked");
        config = protocol::profile_config(
            profile, static_cast<protocol::DetectorKind>(found - names.begin()));
    }
    set_duration(config.heartbeat_interval, detection.heartbeat_interval_ms);
    set_duration(config.heartbeat_fail, detection.heartbeat_fail_ms);
    if (detection.heartbeat_subnet_label) {
        config.heartbeat_subnet_label = *detection.heartbeat_subnet_label;
    }
    set_duration(config.phi_interval, detection.phi_interval_ms);
    if (detection.phi_threshold) {
        config.phi_threshold = static_cast<double>(*detection.phi_threshold);
    }
    set_duration(config.phi_pause, detection.phi_pause_ms);
    if (detection.phi_monitors) {
        config.phi_monitors = static_cast<std::uint8_t>(*detection.phi_monitors);
    }
    if (detection.zone_label) config.zone_label = *detection.zone_label;
    if (detection.zone_representatives) {
        config.zone_representatives = static_cast<std::uint8_t>(*detection.zone_representatives);
    }
    set_duration(config.zone_interval, detection.zone_interval_ms);
    if (detection.summary_path) config.summary_path = *detection.summary_path;
    set_duration(config.summary_interval, detection.summary_interval_ms);
    return config;
}

std::string detector_of(const control::OverlaySpec& spec) {
    if (spec.detection.detector) return *spec.detection.detector;
    if (is_gossiperl(spec) || !spec.profile) return "";
    const auto profile = protocol::parse_profile(*spec.profile);
    assert(profile && "checked");
    const auto kind = protocol::profile_config(*profile).detector;
    return std::string(protocol::kDetectorNames[static_cast<std::size_t>(kind)]);
}

std::string describe_detection(const control::OverlaySpec& spec) {
    std::string text = fmt::format("detector = \"{}\"\n", detector_of(spec));
    for (const DetectionText& more : control::kDetectionTexts) {
        const auto& value = spec.detection.*more.field;
        if (!value || more.name == "detector") continue;
        text += fmt::format("{} = \"{}\"\n", more.name, printable(*value));
    }
    for (const DetectionNumber& number : control::kDetectionNumbers) {
        const auto& value = spec.detection.*number.field;
        if (!value) continue;
        if (number.name.ends_with(kUnit)) {
            text += fmt::format("{} = \"{}\"\n",
                                number.name.substr(0, number.name.size() - kUnit.size()),
                                format_duration_ms(*value));
        } else {
            text += fmt::format("{} = {}\n", number.name, *value);
        }
    }
    return text;
}

}  // namespace grapevine::daemon
