#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <filesystem>
#include <fmt/core.h>
#include <fstream>
#include <map>
#include <ostream>

#include "base/nearest.hpp"
#include "cli/commands.hpp"
#include "cli/json.hpp"
#include "runtime/clock.hpp"
#include "runtime/files.hpp"
#include "sim/scenario.hpp"

namespace grapevine::cli {

namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

constexpr std::size_t kScenarioBytesMax = 1024 * 1024;

/// Where scenarios are: where the user says, beside an installed program, or in the source tree
/// that a fresh build lies in. Those that exist.
std::vector<fs::path> scenario_folders(const Console& console) {
    std::vector<fs::path> candidates;
    if (const std::string named = console.variable("GRAPEVINE_SCENARIOS"); !named.empty()) {
        candidates.emplace_back(named);
    }
    std::error_code error;
    const fs::path program = fs::read_symlink("/proc/self/exe", error).parent_path();
    for (const char* below :
         {"../share/grapevine/scenarios", "../lab/scenarios", "../../lab/scenarios"}) {
        candidates.push_back((program / below).lexically_normal());
    }
    candidates.emplace_back("lab/scenarios");
    std::erase_if(candidates,
                  [&error](const fs::path& path) { return !fs::is_directory(path, error); });
    return candidates;
}

/// By name, without the ending. Of equal names the first folder's wins.
std::map<std::string, fs::path> scenario_files(const Console& console) {
    std::map<std::string, fs::path> files;
    for (const fs::path& folder : scenario_folders(console)) {
        std::error_code error;
        for (const auto& entry : fs::directory_iterator(folder, error)) {
            if (entry.path().extension() == ".toml") {
                files.emplace(entry.path().stem().string(), entry.path());
            }
        }
    }
    return files;
}

Attempt<sim::Scenario> load(const fs::path& path) {
    const auto text = runtime::read_file(path, kScenarioBytesMax);
    if (!text) return std::unexpected(to_failure(text.error()));
    auto scenario = sim::parse_scenario(as_text(*text), path.string());
    if (!scenario) return std::unexpected(to_failure(scenario.error()));
    return *std::move(scenario);
}

Attempt<fs::path> find(const std::string& name, const Console& console) {
    std::error_code error;
    if (name.find('/') != std::string::npos || fs::exists(name, error)) return fs::path(name);
    const auto files = scenario_files(console);
    if (const auto found = files.find(name); found != files.end()) return found->second;
    std::vector<std::string_view> known;
    for (const auto& [other, path] : files) known.push_back(other);
    return fail(ExitCode::not_found, fmt::format("there is no scenario '{}'", name),
                known.empty() ? std::string("name a file, or set GRAPEVINE_SCENARIOS to a folder "
                                            "of scenarios")
                              : nearest_cure(name, known));
}

Attempt<void> list(const SimOptions& options, Console& console) {
    Table table({{"SCENARIO"}, {"MEMBERS", Table::Align::right}, {"DESCRIPTION"}});
    json::array all;
    for (const auto& [name, path] : scenario_files(console)) {
        const sim::Scenario scenario = GV_TRY(load(path));
        all.push_back(json::object{{"name", name},
                                   {"members", scenario.members},
                                   {"description", scenario.description},
                                   {"file", path.string()}});
        table.add({name, std::to_string(scenario.members), safe_text(scenario.description)});
    }
    if (options.is_json) {
        console.out << pretty(json::object{{"scenarios", std::move(all)}});
        return {};
    }
    console.out << table.render(console.out_paint());
    return {};
}

sim::Overrides overrides_of(const SimOptions& options) {
    sim::Overrides overrides{options.seed, options.members, std::nullopt};
    const auto named = std::ranges::find(protocol::kDetectorNames, options.detector);
    if (named != protocol::kDetectorNames.end()) {
        overrides.detector =
            static_cast<protocol::DetectorKind>(named - protocol::kDetectorNames.begin());
    }
    return overrides;
}

json::value milliseconds(const std::optional<Duration>& duration) {
    if (!duration) return nullptr;
    return std::chrono::duration<double, std::milli>(*duration).count();
}

std::string describe(const sim::Violation& violation) {
    return fmt::format("{} at {:.3f} s: {}", violation.property,
                       std::chrono::duration<double>(violation.time.time_since_epoch()).count(),
                       violation.text);
}

std::string text_of(const std::optional<Duration>& duration) {
    if (!duration) return "never";
    return fmt::format("{:.3f} s", std::chrono::duration<double>(*duration).count());
}

json::object to_json(const sim::Report& report, double wall_seconds) {
    json::array detections;
    for (const sim::Detection& detection : report.detections) {
        detections.push_back(json::object{{"host", detection.host},
                                          {"killed_at_ms", milliseconds(detection.killed_at)},
                                          {"observers", detection.observers},
                                          {"informed", detection.informed},
                                          {"first_ms", milliseconds(detection.first)},
                                          {"last_ms", milliseconds(detection.last)}});
    }
    json::array violations;
    for (const sim::Violation& violation : report.violations) {
        violations.emplace_back(describe(violation));
    }
    json::array unmet;
    for (const std::string& text : report.unmet) unmet.emplace_back(text);
    return json::object{{"scenario", report.scenario},
                        {"seed", report.seed},
                        {"members", report.members},
                        {"ok", report.is_ok()},
                        {"trace_hash", fmt::format("{:016x}", report.trace_hash)},
                        {"simulated_seconds", report.simulated_seconds},
                        {"wall_seconds", wall_seconds},
                        {"datagrams", report.datagrams},
                        {"bytes", report.bytes},
                        {"bytes_per_member_second", report.bytes_per_member_second},
                        {"converged_ms", milliseconds(report.converged_after)},
                        {"healed_ms", milliseconds(report.healed_after)},
                        {"detections", std::move(detections)},
                        {"false_deaths", report.false_deaths},
                        {"suspicions", report.suspicions},
                        {"events_published", report.events_published},
                        {"events_expected", report.events_expected},
                        {"events_delivered", report.events_delivered},
                        {"gaps", report.gaps},
                        {"events_lost", report.events_lost},
                        {"delivery_p50_ms", milliseconds(report.delivery_p50)},
                        {"delivery_p99_ms", milliseconds(report.delivery_p99)},
                        {"violations", std::move(violations)},
                        {"unmet", std::move(unmet)}};
}

void print(const sim::Report& report, double wall_seconds, Console& console) {
    const Paint paint = console.out_paint();
    Table table({{"FIGURE"}, {"VALUE", Table::Align::right}});
    table.add({"members", std::to_string(report.members)});
    table.add({"seed", std::to_string(report.seed)});
    table.add({"simulated", fmt::format("{:.1f} s", report.simulated_seconds)});
    table.add({"took", fmt::format("{:.2f} s", wall_seconds)});
    table.add({"all agreed after", text_of(report.converged_after)});
    if (report.healed_after) table.add({"healed after", text_of(report.healed_after)});
    table.add({"datagrams", std::to_string(report.datagrams)});
    table.add(
        {"bytes per member and second", fmt::format("{:.0f}", report.bytes_per_member_second)});
    table.add({"suspicions of the living", std::to_string(report.suspicions)});
    table.add({"false deaths", std::to_string(report.false_deaths)});
    if (report.events_published > 0) {
        table.add({"events published", std::to_string(report.events_published)});
        table.add({"deliveries",
                   fmt::format("{} of {}", report.events_delivered, report.events_expected)});
        table.add({"gaps", std::to_string(report.gaps)});
        table.add({"delivery, half within", text_of(report.delivery_p50)});
        table.add({"delivery, 99 % within", text_of(report.delivery_p99)});
    }
    table.add({"trace hash", fmt::format("{:016x}", report.trace_hash)});
    console.out << paint(Style::strong, report.scenario) << "\n" << table.render(paint);
    for (const sim::Detection& detection : report.detections) {
        console.out << fmt::format(
            "member {} died at {}: {} of {} knew, the first after {}, the "
            "last after {}\n",
            detection.host, text_of(detection.killed_at), detection.informed, detection.observers,
            text_of(detection.first), text_of(detection.last));
    }
}

}  // namespace

Attempt<void> simulate(const SimOptions& options, Console& console) {
    if (options.is_list) return list(options, console);
    const fs::path path = GV_TRY(find(options.scenario, console));
    const sim::Scenario scenario = GV_TRY(load(path));
    std::ofstream trace;
    if (!options.trace_file.empty()) {
        trace.open(options.trace_file);
        if (!trace) {
            return fail(ExitCode::failed, fmt::format("cannot write {}", options.trace_file),
                        "choose another path with --trace");
        }
    }
    const runtime::SteadyClock clock;
    const Instant begun = clock.now();
    const sim::Report report =
        sim::run_scenario(scenario, overrides_of(options), trace.is_open() ? &trace : nullptr);
    const double wall_seconds = std::chrono::duration<double>(clock.now() - begun).count();
    if (options.is_json) {
        console.out << pretty(to_json(report, wall_seconds));
    } else {
        print(report, wall_seconds, console);
    }
    if (trace.is_open() && !trace.flush()) {
        return fail(ExitCode::failed, fmt::format("cannot write all of {}", options.trace_file),
                    "is the disk full?");
    }
    if (report.is_ok()) return {};
    std::string what;
    for (const sim::Violation& violation : report.violations) {
        what += fmt::format("\n  - {}", describe(violation));
    }
    for (const std::string& unmet : report.unmet) what += fmt::format("\n  - {}", unmet);
    console.err << fmt::format("did not hold:{}\n", what);
    return fail(ExitCode::failed,
                fmt::format("{} properties and {} expectations did not hold",
                            report.violations.size(), report.unmet.size()),
                fmt::format("replay it: grapevine sim {} --seed {} --members {}", path.string(),
                            report.seed, report.members));
}

}  // namespace grapevine::cli
