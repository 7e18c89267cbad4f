#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace grapevine::control {

/// How an overlay finds failures, where that differs from its profile. Absent is "as it is" in a
/// change and "as the profile says" in a creation.
struct Detection {
    std::optional<std::string> detector;  ///< rings, swim, heartbeat, phi
    std::optional<std::int64_t> heartbeat_interval_ms;
    std::optional<std::int64_t> heartbeat_fail_ms;  ///< 0: as computed for the number of members.
    std::optional<std::string> heartbeat_subnet_label;
    std::optional<std::int64_t> phi_interval_ms;
    std::optional<std::int64_t> phi_threshold;
    std::optional<std::int64_t> phi_pause_ms;
    std::optional<std::int64_t> phi_monitors;
    std::optional<std::string> zone_label;  ///< Empty: one zone.
    std::optional<std::int64_t> zone_representatives;
    std::optional<std::int64_t> zone_interval_ms;
    std::optional<std::string> summary_path;  ///< Labels, as "region/dc"; empty: no summaries.
    std::optional<std::int64_t> summary_interval_ms;

    friend bool operator==(const Detection&, const Detection&) = default;
};

/// Its fields by the names they have in JSON; those of the configuration lack the `_ms`. Whoever
/// reads, writes or checks them walks these lists.
struct DetectionText {
    std::string_view name;
    std::optional<std::string> Detection::* field;
};
struct DetectionNumber {
    std::string_view name;
    std::optional<std::int64_t> Detection::* field;
    std::int64_t min;
    std::int64_t max;
};
inline constexpr std::array kDetectionTexts = {
    DetectionText{"detector", &Detection::detector},
    DetectionText{"heartbeat_subnet_label", &Detection::heartbeat_subnet_label},
    DetectionText{"zone_label", &Detection::zone_label},
    DetectionText{"summary_path", &Detection::summary_path},
};
/// The ranges: below 20 ms a timer of ours says little, and above an hour nobody waits. Fewer than
/// 1 in 10 (phi = 1) would be suspected all the time; 100 is beyond any difference. One
/// representative is no quorum when its zone has to declare another one dead.
inline constexpr std::array kDetectionNumbers = {
    DetectionNumber{"heartbeat_interval_ms", &Detection::heartbeat_interval_ms, 20, 60'000},
    DetectionNumber{"heartbeat_fail_ms", &Detection::heartbeat_fail_ms, 0, 3'600'000},
    DetectionNumber{"phi_interval_ms", &Detection::phi_interval_ms, 20, 60'000},
    DetectionNumber{"phi_threshold", &Detection::phi_threshold, 1, 100},
    DetectionNumber{"phi_pause_ms", &Detection::phi_pause_ms, 0, 3'600'000},
    DetectionNumber{"phi_monitors", &Detection::phi_monitors, 1, 32},
    DetectionNumber{"zone_representatives", &Detection::zone_representatives, 2, 8},
    DetectionNumber{"zone_interval_ms", &Detection::zone_interval_ms, 100, 60'000},
    DetectionNumber{"summary_interval_ms", &Detection::summary_interval_ms, 100, 60'000},
};

}  // namespace grapevine::control
