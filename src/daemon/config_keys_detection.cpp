#include <array>

#include "daemon/config_keys.hpp"
#include "protocol/membership/config.hpp"

// How an overlay finds failures. The ranges are those of control/detection.hpp.
namespace grapevine::daemon {
namespace {

using Spec = control::OverlaySpec;
using control::Detection;

constexpr control::DetectionNumber range_of(std::string_view name) {
    for (const control::DetectionNumber& number : control::kDetectionNumbers) {
        if (number.name == name) return number;
    }
    return {};
}

template <std::optional<std::int64_t> Detection::* field>
void set_number(Config&, Spec* spec, KeyValue value) {
    spec->detection.*field = std::get<std::int64_t>(value);
}

const std::array kKeys = {
    Key{.name = "overlay.detector",
        .type = KeyType::choice,
        .default_text = "rings; with the profile wan: swim",
        .description =
            "Who finds out that a member has failed. `rings`: three fixed observers of each member "
            "and their votes; `swim`: random probes, with Lifeguard; `heartbeat`: gossiped "
            "counters "
            "(van Renesse, Minsky, Hayden 1998); `phi`: how improbable a silence is (Hayashibara "
            "et al. 2004). The same on all members.",
        .flag = "--detector",
        .environment = "GRAPEVINE_OVERLAY_DETECTOR",
        .kind_of_default = Key::Default::worked_out,
        .choices = protocol::kDetectorNames,
        .set = [](Config&, Spec* spec,
                  KeyValue value) { spec->detection.detector = std::get<std::string>(value); }},
    Key{.name = "overlay.heartbeat_interval",
        .type = KeyType::duration,
        .default_text = "200ms with the profile fast, 1s with lan, 2s with wan",
        .description = "Detector heartbeat: how often all counters are told to one member. The "
                       "same on all members. 20ms to 1m.",
        .flag = "--heartbeat-interval",
        .environment = "GRAPEVINE_OVERLAY_HEARTBEAT_INTERVAL",
        .kind_of_default = Key::Default::worked_out,
        .min = range_of("heartbeat_interval_ms").min,
        .max = range_of("heartbeat_interval_ms").max,
        .set = set_number<&Detection::heartbeat_interval_ms>},
    Key{.name = "overlay.heartbeat_fail",
        .type = KeyType::duration,
        .default_text = "computed",
        .description = "Detector heartbeat: a member whose counter has not risen for so long has "
                       "failed. 0s: as the paper computes it for the number of members and one "
                       "mistake in a million, which is 20 intervals for 5 members, 31 for 100, 40 "
                       "for 1,000. 0s to 1h.",
        .flag = "--heartbeat-fail",
        .environment = "GRAPEVINE_OVERLAY_HEARTBEAT_FAIL",
        .kind_of_default = Key::Default::worked_out,
        .min = range_of("heartbeat_fail_ms").min,
        .max = range_of("heartbeat_fail_ms").max,
        .set = set_number<&Detection::heartbeat_fail_ms>},
    Key{.name = "overlay.heartbeat_subnet_label",
        .type = KeyType::text,
        .default_text = "none: one level",
        .description = "Detector heartbeat: members with the same value of this label are a "
                       "subnet. Counters are told within it, and by one of its members per "
                       "interval to another subnet. The same on all members.",
        .flag = "--heartbeat-subnet-label",
        .environment = "GRAPEVINE_OVERLAY_HEARTBEAT_SUBNET_LABEL",
        .kind_of_default = Key::Default::worked_out,
        .set =
            [](Config&, Spec* spec, KeyValue value) {
                spec->detection.heartbeat_subnet_label = std::get<std::string>(value);
            }},
    Key{.name = "overlay.phi_interval",
        .type = KeyType::duration,
        .default_text = "300ms with the profile fast, 1s with lan, 2s with wan",
        .description = "Detector phi: how often a watched member is pinged. 20ms to 1m.",
        .flag = "--phi-interval",
        .environment = "GRAPEVINE_OVERLAY_PHI_INTERVAL",
        .kind_of_default = Key::Default::worked_out,
        .min = range_of("phi_interval_ms").min,
        .max = range_of("phi_interval_ms").max,
        .set = set_number<&Detection::phi_interval_ms>},
    Key{.name = "overlay.phi_threshold",
        .type = KeyType::integer,
        .default_text = "8",
        .description = "Detector phi: a silence this improbable, as a power of ten, is a failure.",
        .flag = "--phi-threshold",
        .environment = "GRAPEVINE_OVERLAY_PHI_THRESHOLD",
        .kind_of_default = Key::Default::worked_out,
        .min = range_of("phi_threshold").min,
        .max = range_of("phi_threshold").max,
        .set = set_number<&Detection::phi_threshold>},
    Key{.name = "overlay.phi_pause",
        .type = KeyType::duration,
        .default_text = "150ms with the profile fast, 1s with lan, 10s with wan",
        .description = "Detector phi: a pause of the member, such as for its garbage, that says "
                       "nothing. 0s to 1h.",
        .flag = "--phi-pause",
        .environment = "GRAPEVINE_OVERLAY_PHI_PAUSE",
        .kind_of_default = Key::Default::worked_out,
        .min = range_of("phi_pause_ms").min,
        .max = range_of("phi_pause_ms").max,
        .set = set_number<&Detection::phi_pause_ms>},
    Key{.name = "overlay.phi_monitors",
        .type = KeyType::integer,
        .default_text = "3 with the profile fast, else 5",
        .description = "Detector phi: how many members each watches, and is watched by.",
        .flag = "--phi-monitors",
        .environment = "GRAPEVINE_OVERLAY_PHI_MONITORS",
        .kind_of_default = Key::Default::worked_out,
        .min = range_of("phi_monitors").min,
        .max = range_of("phi_monitors").max,
        .set = set_number<&Detection::phi_monitors>},
    Key{.name = "overlay.zone_label",
        .type = KeyType::text,
        .default_text = "none: one zone",
        .description = "Members with the same value of this label are a zone. They gossip and "
                       "watch each other inside it; its representatives carry what crosses. The "
                       "same on all members.",
        .flag = "--zone-label",
        .environment = "GRAPEVINE_OVERLAY_ZONE_LABEL",
        .kind_of_default = Key::Default::worked_out,
        .set = [](Config&, Spec* spec,
                  KeyValue value) { spec->detection.zone_label = std::get<std::string>(value); }},
    Key{.name = "overlay.zone_representatives",
        .type = KeyType::integer,
        .default_text = "3",
        .description = "Zones: how many members of each talk to other zones. The same on all "
                       "members. 2 to 8.",
        .flag = "--zone-representatives",
        .environment = "GRAPEVINE_OVERLAY_ZONE_REPRESENTATIVES",
        .kind_of_default = Key::Default::worked_out,
        .min = range_of("zone_representatives").min,
        .max = range_of("zone_representatives").max,
        .set = set_number<&Detection::zone_representatives>},
    Key{.name = "overlay.zone_interval",
        .type = KeyType::duration,
        .default_text = "1s",
        .description = "Zones: how often each representative speaks to each other zone. A zone "
                       "of which nothing is heard for ten of these is taken for gone. 100ms to 1m.",
        .flag = "--zone-interval",
        .environment = "GRAPEVINE_OVERLAY_ZONE_INTERVAL",
        .kind_of_default = Key::Default::worked_out,
        .min = range_of("zone_interval_ms").min,
        .max = range_of("zone_interval_ms").max,
        .set = set_number<&Detection::zone_interval_ms>},
    Key{.name = "overlay.summary_path",
        .type = KeyType::text,
        .default_text = "none: no summaries",
        .description = "Labels that name zones within zones, from the top, such as \"region/dc\": "
                       "every zone is summarised for those outside of it. The same on all members.",
        .flag = "--summary-path",
        .environment = "GRAPEVINE_OVERLAY_SUMMARY_PATH",
        .kind_of_default = Key::Default::worked_out,
        .set = [](Config&, Spec* spec,
                  KeyValue value) { spec->detection.summary_path = std::get<std::string>(value); }},
    Key{.name = "overlay.summary_interval",
        .type = KeyType::duration,
        .default_text = "1s",
        .description = "Summaries: how often each member exchanges them. 100ms to 1m.",
        .flag = "--summary-interval",
        .environment = "GRAPEVINE_OVERLAY_SUMMARY_INTERVAL",
        .kind_of_default = Key::Default::worked_out,
        .min = range_of("summary_interval_ms").min,
        .max = range_of("summary_interval_ms").max,
        .set = set_number<&Detection::summary_interval_ms>},
};

}  // namespace

std::span<const Key> detection_keys() {
    return kKeys;
}

}  // namespace grapevine::daemon
