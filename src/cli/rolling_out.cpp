#include <boost/json/object.hpp>
#include <charconv>
#include <cmath>
#include <fmt/core.h>
#include <ostream>

#include "cli/commands.hpp"
#include "cli/json.hpp"
#include "cli/remote.hpp"

// Commands about what is set for a whole overlay.
namespace grapevine::cli {

namespace json = boost::json;

namespace {

/// "0.1" or "10%", in thousandths.
Attempt<std::uint64_t> permille_of(const std::string& text) {
    const bool is_percent = text.ends_with('%');
    const char* const end = text.data() + text.size() - (is_percent ? 1 : 0);
    double share = 0;
    const auto [last, error] = std::from_chars(text.data(), end, share);
    const double permille = share * (is_percent ? 10 : 1000);
    if (error != std::errc{} || last != end || !(permille >= 1 && permille <= 1000)) {
        return fail(ExitCode::usage, "--canary is no share", "write it like 0.1 or 10%");
    }
    return static_cast<std::uint64_t>(std::llround(permille));
}

Style style_of(const std::string& health) {
    if (health == "unwell" || health == "refused") return Style::bad;
    return health == "well" || health == "steady" ? Style::good : Style::dim;
}

std::string value_or_own(const std::string& value) {
    return value.empty() ? "as configured" : safe_text(value);
}

Attempt<void> show(const json::value& answer, const ConfigOptions& options, Console& console) {
    console.out << (options.is_json ? pretty(answer) : config_page(answer, console.out_paint()));
    return {};
}

}  // namespace

std::string config_page(const json::value& answer, const Paint& paint) {
    const auto epoch = number_at(answer, "epoch");
    if (epoch == 0) return "nothing is set for the whole overlay\n";
    const std::string stage = text_at(answer, "stage");
    std::string page = fmt::format("epoch {}: {}; this member runs epoch {}\n", epoch,
                                   safe_text(stage), number_at(answer, "running"));
    if (stage == "canary") {
        page += fmt::format("{:.1f}% are canaries; everywhere when they were well for 3 x {} ms\n",
                            static_cast<double>(number_at(answer, "canary_permille")) / 10,
                            number_at(answer, "health_interval_ms"));
    }
    if (truth_at(answer, "is_overruled")) {
        page += paint(Style::warning, "it has displaced one that was proposed at this daemon\n");
    }
    for (const json::value& setting : items_at(answer, "settings")) {
        page += fmt::format("  {} = {} (before: {})\n", safe_text(text_at(setting, "name")),
                            value_or_own(text_at(setting, "value")),
                            value_or_own(text_at(setting, "before")));
    }
    Table table({{"NAME"},
                 {"STATUS"},
                 {"CANARY"},
                 {"RUNS", Table::Align::right},
                 {"HEALTH"},
                 {"REASON"},
                 {"WELL FOR", Table::Align::right}});
    for (const json::value& member : items_at(answer, "members")) {
        const std::string name = text_at(member, "name");
        const std::string health = text_at(member, "health");
        const std::string reason = text_at(member, "reason");
        table.add({safe_text(name.empty() ? text_at(member, "id") : name),
                   text_at(member, "status"), truth_at(member, "is_canary") ? "yes" : "",
                   text_at(member, "running"), paint(style_of(health), safe_text(health)),
                   reason == "none" ? "" : safe_text(reason), text_at(member, "intervals")});
    }
    return page + table.render(paint);
}

Attempt<void> config(const ConfigOptions& options, Console& console) {
    using What = ConfigOptions::What;
    json::object wanted;
    if (options.what == What::propose) {
        if (options.operator_file.empty()) {
            return fail(ExitCode::usage, "a roll-out takes the key of an operator",
                        "give it with --operator-key FILE");
        }
        json::object settings;
        for (const std::string& text : options.settings) {
            const std::size_t equals = text.find('=');
            if (equals == std::string::npos || equals == 0) {
                return fail(ExitCode::usage, fmt::format("'{}' sets nothing", safe_text(text)),
                            "write SETTING=VALUE, such as retention_age=10m");
            }
            settings[text.substr(0, equals)] = text.substr(equals + 1);
        }
        wanted["settings"] = std::move(settings);
        if (!options.canary.empty()) {
            wanted["canary_permille"] = GV_TRY(permille_of(options.canary));
        }
        if (options.health_interval_ms) wanted["health_interval_ms"] = *options.health_interval_ms;
        wanted["operator_key"] = GV_TRY(read_operator_secret(options.operator_file));
    }
    Remote remote = GV_TRY(Remote::open(options.connection, console));
    const std::string path = GV_TRY(remote.overlay_path("/config"));
    switch (options.what) {
        case What::status:
            return show(GV_TRY(remote.get(path)), options, console);
        case What::propose:
            return show(GV_TRY(remote.send("POST", path, wanted)), options, console);
        case What::take_back:
            return show(GV_TRY(remote.send_bytes("POST", path + "/return", "", "")), options,
                        console);
    }
    return {};
}

}  // namespace grapevine::cli
