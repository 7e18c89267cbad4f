#include "overlay/live_settings.hpp"

#include <algorithm>
#include <array>
#include <cassert>

namespace grapevine::overlay {
namespace {

using protocol::Profile;
using protocol::ProtocolConfig;
using std::chrono::milliseconds;

constexpr std::uint64_t kHourMs = 3'600'000;

milliseconds ms(std::uint64_t value) {
    return milliseconds(static_cast<std::int64_t>(value));
}

/// The times of that profile; what no profile decides stays.
void use_profile(ProtocolConfig& config, std::uint64_t value) {
    ProtocolConfig next = protocol::profile_config(static_cast<Profile>(value), config.detector);
    next.local_health_max = config.local_health_max;
    next.ring_count = config.ring_count;
    next.rumor_counter = config.rumor_counter;
    next.heartbeat_fail = config.heartbeat_fail;
    next.heartbeat_subnet_label = config.heartbeat_subnet_label;
    next.phi_threshold = config.phi_threshold;
    next.zone_label = config.zone_label;
    next.zone_representatives = config.zone_representatives;
    next.zone_interval = config.zone_interval;
    next.summary_path = config.summary_path;
    next.summary_interval = config.summary_interval;
    next.dissemination = config.dissemination;
    next.mongering = config.mongering;
    next.retention_age = config.retention_age;
    next.retention_bytes = config.retention_bytes;
    next.certificate_life = config.certificate_life;
    next.tombstone_life = config.tombstone_life;
    config = next;
}

constexpr std::array kSettings = {
    LiveSetting{1, "profile", 0, 2, use_profile},
    LiveSetting{
        2, "heartbeat_interval", 20, 60'000,
        [](ProtocolConfig& config, std::uint64_t value) { config.heartbeat_interval = ms(value); }},
    LiveSetting{
        3, "heartbeat_fail", 0, kHourMs,
        [](ProtocolConfig& config, std::uint64_t value) { config.heartbeat_fail = ms(value); }},
    LiveSetting{
        4, "phi_interval", 20, 60'000,
        [](ProtocolConfig& config, std::uint64_t value) { config.phi_interval = ms(value); }},
    LiveSetting{5, "phi_threshold", 1, 100,
                [](ProtocolConfig& config, std::uint64_t value) {
                    config.phi_threshold = static_cast<double>(value);
                }},
    LiveSetting{6, "phi_pause", 0, kHourMs,
                [](ProtocolConfig& config, std::uint64_t value) { config.phi_pause = ms(value); }},
    LiveSetting{7, "phi_monitors", 1, 32,
                [](ProtocolConfig& config, std::uint64_t value) {
                    config.phi_monitors = static_cast<std::uint8_t>(value);
                }},
    LiveSetting{8, "rumor_k", 1, 100,
                [](ProtocolConfig& config, std::uint64_t value) {
                    config.mongering.k = static_cast<std::uint8_t>(value);
                }},
    LiveSetting{9, "rumor_fanout", 1, 32,
                [](ProtocolConfig& config, std::uint64_t value) {
                    config.mongering.fanout = static_cast<std::uint8_t>(value);
                }},
    LiveSetting{
        10, "rumor_interval", 10, 60'000,
        [](ProtocolConfig& config, std::uint64_t value) { config.mongering.interval = ms(value); }},
    LiveSetting{
        11, "retention_age", 1000, 7 * 24 * kHourMs,
        [](ProtocolConfig& config, std::uint64_t value) { config.retention_age = ms(value); }},
    LiveSetting{12, "retention_bytes", 1U << 20U, std::uint64_t{4} << 30U,
                [](ProtocolConfig& config, std::uint64_t value) {
                    config.retention_bytes = static_cast<std::size_t>(value);
                }},
};

}  // namespace

std::span<const LiveSetting> live_settings() {
    return kSettings;
}

const LiveSetting* find_live_setting(std::string_view name) {
    const auto* const found = std::ranges::find(kSettings, name, &LiveSetting::name);
    return found == kSettings.end() ? nullptr : found;
}

const LiveSetting* find_live_setting(std::uint8_t id) {
    const auto* const found = std::ranges::find(kSettings, id, &LiveSetting::id);
    return found == kSettings.end() ? nullptr : found;
}

bool is_understood(const LiveValues& values) {
    return std::ranges::all_of(values, [](const auto& item) {
        const LiveSetting* setting = find_live_setting(item.first);
        return setting != nullptr && item.second >= setting->min && item.second <= setting->max;
    });
}

ProtocolConfig with_values(ProtocolConfig config, const LiveValues& values) {
    assert(is_understood(values));
    for (const auto& [id, value] : values) find_live_setting(id)->apply(config, value);
    return config;
}

}  // namespace grapevine::overlay
