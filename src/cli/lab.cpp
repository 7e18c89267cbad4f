#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cassert>
#include <fmt/core.h>
#include <ostream>

#include "cli/commands.hpp"
#include "cli/json.hpp"
#include "sim/detector_lab.hpp"

namespace grapevine::cli {

namespace json = boost::json;

namespace {

using protocol::DetectorKind;
using sim::DetectorCell;

std::string_view name_of(DetectorKind detector) {
    return protocol::kDetectorNames[static_cast<std::size_t>(detector)];
}

std::vector<DetectorKind> detectors_of(const LabOptions& options) {
    std::vector<DetectorKind> detectors;
    for (std::size_t index = 0; index < protocol::kDetectorNames.size(); ++index) {
        const bool is_wanted =
            options.detectors.empty() ||
            std::ranges::find(options.detectors, protocol::kDetectorNames[index]) !=
                options.detectors.end();
        if (is_wanted) detectors.push_back(static_cast<DetectorKind>(index));
    }
    return detectors;
}

struct Row {
    std::string name;
    sim::LabCondition condition;
};

std::vector<Row> rows_of(const LabOptions& options) {
    const auto is_wanted = [&options](std::string_view name) {
        return options.conditions.empty() ||
               std::ranges::find(options.conditions, name) != options.conditions.end();
    };
    std::vector<Row> rows;
    if (is_wanted("calm")) rows.push_back({"calm", {}});
    if (is_wanted("loss")) {
        rows.push_back({fmt::format("loss {:g} %", options.loss_percent),
                        {.loss = options.loss_percent / 100}});
    }
    if (is_wanted("stalls")) {
        rows.push_back({fmt::format("stalls of {} ms", options.stall_ms),
                        {.stall = std::chrono::milliseconds(options.stall_ms)}});
    }
    return rows;
}

sim::DetectorLab lab_of(const LabOptions& options) {
    sim::DetectorLab lab;
    lab.members = options.members;
    lab.crashes = options.crashes;
    lab.seed = options.seed;
    const auto profile = protocol::parse_profile(options.profile);
    assert(profile && "checked by the grammar");
    lab.profile = *profile;
    lab.calm =
        std::chrono::duration_cast<Duration>(std::chrono::duration<double>(options.calm_seconds));
    return lab;
}

double milliseconds(Duration duration) {
    return std::chrono::duration<double, std::milli>(duration).count();
}

std::string seconds(const std::vector<Duration>& rising, double quantile) {
    if (rising.empty()) return "never";
    const Duration duration = sim::quantile_of(rising, quantile);
    return fmt::format("{:.2f}", std::chrono::duration<double>(duration).count());
}

json::object to_json(const std::vector<Duration>& rising) {
    json::array all;
    for (const Duration duration : rising) all.emplace_back(milliseconds(duration));
    return json::object{{"p50", milliseconds(sim::quantile_of(rising, 0.5))},
                        {"p99", milliseconds(sim::quantile_of(rising, 0.99))},
                        {"max", milliseconds(sim::quantile_of(rising, 1))},
                        {"all", std::move(all)}};
}

json::object to_json(const DetectorCell& cell, const std::string& condition) {
    return json::object{{"detector", name_of(cell.detector)},
                        {"condition", condition},
                        {"crashes", cell.crashes},
                        {"unnoticed", cell.unnoticed},
                        {"first_ms", to_json(cell.first)},
                        {"all_ms", to_json(cell.last)},
                        {"bytes_per_member_second", cell.bytes_per_second},
                        {"datagrams_per_member_second", cell.datagrams_per_second},
                        {"suspicions", cell.suspicions},
                        {"false_deaths", cell.false_deaths},
                        {"simulated_seconds", cell.simulated_seconds}};
}

Table table_of_cells() {
    using Align = Table::Align;
    return Table({{"DETECTOR"},
                  {"CONDITION"},
                  {"FIRST P50", Align::right},
                  {"P99", Align::right},
                  {"ALL P50", Align::right},
                  {"P99", Align::right},
                  {"MAX", Align::right},
                  {"UNNOTICED", Align::right},
                  {"B/S", Align::right},
                  {"SUSPICIONS", Align::right},
                  {"FALSE DEATHS", Align::right}});
}

}  // namespace

Attempt<void> compare_detectors(const LabOptions& options, Console& console) {
    const std::vector<Row> rows = rows_of(options);
    const sim::DetectorLab lab = lab_of(options);
    const std::vector<DetectorKind> detectors = detectors_of(options);
    const Paint paint = console.out_paint();
    Table table = table_of_cells();
    json::array cells;
    std::size_t done = 0;
    for (const DetectorKind detector : detectors) {
        for (const Row& row : rows) {
            console.err << fmt::format("{} of {}: {}, {}\n", ++done, detectors.size() * rows.size(),
                                       name_of(detector), row.name)
                        << std::flush;
            const DetectorCell cell = sim::measure(lab, detector, row.condition);
            cells.push_back(to_json(cell, row.name));
            const auto counted = [&](std::uint64_t count) {
                const std::string text = std::to_string(count);
                return count == 0 ? text : paint(Style::bad, text);
            };
            table.add({std::string(name_of(detector)), row.name, seconds(cell.first, 0.5),
                       seconds(cell.first, 0.99), seconds(cell.last, 0.5), seconds(cell.last, 0.99),
                       seconds(cell.last, 1), counted(cell.unnoticed),
                       fmt::format("{:.0f}", cell.bytes_per_second),
                       std::to_string(cell.suspicions), counted(cell.false_deaths)});
        }
    }
    if (options.is_json) {
        console.out << pretty(json::object{{"members", options.members},
                                           {"profile", options.profile},
                                           {"crashes", options.crashes},
                                           {"seed", options.seed},
                                           {"cells", std::move(cells)}});
        return {};
    }
    console.out << table.render(paint)
                << fmt::format("{} members, profile {}, {} crashes a row; times in seconds.\n",
                               options.members, options.profile, options.crashes);
    return {};
}

}  // namespace grapevine::cli
