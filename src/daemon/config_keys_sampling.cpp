#include <array>

#include "daemon/config_keys.hpp"

// What this host measures of itself, for the aggregates of its overlays.
namespace grapevine::daemon {
namespace {

using Spec = control::OverlaySpec;
using control::Sampling;

template <std::optional<std::int64_t> Sampling::* field>
void set_number(Config&, Spec* spec, KeyValue value) {
    spec->sampling.*field = std::get<std::int64_t>(value);
}

constexpr std::int64_t kSecondMs = 1000;
constexpr std::int64_t kDayMs = 24 * 60 * 60 * kSecondMs;

const std::array kKeys = {
    Key{.name = "overlay.samples",
        .type = KeyType::list,
        .default_text = "none",
        .description =
            "What this host measures of itself and writes into its own record: `KEY=load` (per "
            "processor), `KEY=memory` (share in use), `KEY=disk:/PATH` (bytes free), "
            "`KEY=exec:PROGRAM ARGUMENTS` (the number that it prints; no shell, double quotes keep "
            "a word together). At most 32. Only the configuration sets it, never the API.",
        .flag = "--sample",
        .environment = "GRAPEVINE_OVERLAY_SAMPLES",
        .change = Key::Change::at_reload,
        .kind_of_default = Key::Default::worked_out,
        .set =
            [](Config&, Spec* spec, KeyValue value) {
                spec->sampling.samples = std::get<std::vector<std::string>>(std::move(value));
            }},
    Key{.name = "overlay.sample_interval",
        .type = KeyType::duration,
        .default_text = "5s",
        .description = "How often samples are taken. 1s to 1d.",
        .flag = "--sample-interval",
        .environment = "GRAPEVINE_OVERLAY_SAMPLE_INTERVAL",
        .change = Key::Change::at_reload,
        .kind_of_default = Key::Default::worked_out,
        .min = kSecondMs,
        .max = kDayMs,
        .set = set_number<&Sampling::interval_ms>},
    Key{.name = "overlay.sample_change",
        .type = KeyType::integer,
        .default_text = "5",
        .description = "In percent: a value that differs less from the one in the record is not "
                       "written, for each write is told to all members.",
        .flag = "--sample-change",
        .environment = "GRAPEVINE_OVERLAY_SAMPLE_CHANGE",
        .change = Key::Change::at_reload,
        .kind_of_default = Key::Default::worked_out,
        .min = 0,
        .max = 100,
        .set = set_number<&Sampling::change_percent>},
    Key{.name = "overlay.sample_refresh",
        .type = KeyType::duration,
        .default_text = "1m",
        .description = "A value is written again after so long, however little it differs. 1s to "
                       "1d.",
        .flag = "--sample-refresh",
        .environment = "GRAPEVINE_OVERLAY_SAMPLE_REFRESH",
        .change = Key::Change::at_reload,
        .kind_of_default = Key::Default::worked_out,
        .min = kSecondMs,
        .max = kDayMs,
        .set = set_number<&Sampling::refresh_ms>},
    Key{.name = "overlay.sample_timeout",
        .type = KeyType::duration,
        .default_text = "2s",
        .description = "A program of a sample is ended after so long. 10ms to 1m.",
        .flag = "--sample-timeout",
        .environment = "GRAPEVINE_OVERLAY_SAMPLE_TIMEOUT",
        .change = Key::Change::at_reload,
        .kind_of_default = Key::Default::worked_out,
        .min = 10,
        .max = 60 * kSecondMs,
        .set = set_number<&Sampling::timeout_ms>},
};

}  // namespace

std::span<const Key> sampling_keys() {
    return kKeys;
}

}  // namespace grapevine::daemon
