#include "cli/lab_run.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <fmt/core.h>
#include <ostream>
#include <utility>

#include "cli/commands.hpp"
#include "runtime/files.hpp"
#include "sim/lab/text.hpp"

namespace grapevine::cli {

namespace lab = sim::lab;

namespace {

/// Of the table for people: more than a screen is for --csv.
constexpr std::size_t kShownRowsMax = 30;

double cpu_seconds() {
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

std::string csv_of(const LabSeries& series) {
    std::string text = "at_ms,round";
    for (const lab::Point& point : series.rows.front().points) {
        text += fmt::format(",{}", point.name);
    }
    text += '\n';
    for (const LabSeries::Row& row : series.rows) {
        text += fmt::format("{},{:g}", row.at_ms, row.round);
        for (const lab::Point& point : row.points) text += fmt::format(",{:g}", point.value);
        text += '\n';
    }
    return text;
}

std::string json_of(const lab::Run& run, const LabSeries& series, double cpu) {
    std::string rows;
    for (const LabSeries::Row& row : series.rows) {
        std::string points = lab::points_json(row.points);
        points.erase(0, 1);
        rows += fmt::format("{}\n  {{\"at_ms\":{},\"round\":{:g},{}", rows.empty() ? "" : ",",
                            row.at_ms, row.round, points);
    }
    const double simulated = std::chrono::duration<double>(run.now().time_since_epoch()).count();
    return fmt::format(
        "{{\"link\":\"{}\",\n\"settings\":{},\n\"actions\":{},\n\"theory\":{},\n\"rounds\":[{}\n],"
        "\n"
        "\"at_ms\":{},\n\"summary\":{},\n\"trace_hash\":\"{}\",\n"
        "\"cpu_seconds\":{:.3f},\n\"simulated_per_cpu_second\":{:.1f}}}\n",
        run.settings().to_link(), lab::settings_json(run.settings()),
        lab::actions_json(run.settings().actions()),
        lab::theory_json(lab::theory_of(run.settings())), rows, run.now_ms(),
        lab::summary_json(run), lab::hash_text(run.trace_hash()), cpu,
        cpu > 0 ? simulated / cpu : 0.0);
}

std::string number(double value) {
    return fmt::format("{:.4g}", value);
}

void show(const lab::Run& run, const LabSeries& series, double cpu, Console& console) {
    using Align = Table::Align;
    std::vector<Table::Column> columns = {{"ROUND", Align::right}};
    for (const lab::Point& point : series.rows.front().points) {
        std::string title(point.name);
        std::ranges::transform(title, title.begin(), [](char letter) {
            return letter == '_' ? ' ' : static_cast<char>(std::toupper(letter));
        });
        columns.push_back({std::move(title), Align::right});
    }
    Table table(std::move(columns));
    const std::size_t stride = (series.rows.size() + kShownRowsMax - 1) / kShownRowsMax;
    for (std::size_t index = 0; index < series.rows.size(); ++index) {
        const bool is_last = index + 1 == series.rows.size();
        if (index % stride != 0 && !is_last) continue;
        const LabSeries::Row& row = series.rows[index];
        std::vector<std::string> cells = {number(row.round)};
        for (const lab::Point& point : row.points) cells.push_back(number(point.value));
        cells.resize(series.rows.front().points.size() + 1);
        table.add(std::move(cells));
    }
    console.out << table.render(console.out_paint());
    for (const lab::Point& point : run.summary()) {
        console.out << fmt::format("{}: {}\n", point.name, number(point.value));
    }
    for (const lab::Verdict& verdict : run.verdicts()) {
        const auto shown = [](std::optional<Duration> duration) {
            return duration ? fmt::format("{} ms", duration->count() / 1'000'000)
                            : std::string("never");
        };
        console.out << fmt::format("death of {}: known to the first after {}, to all after {}\n",
                                   verdict.member, shown(verdict.first), shown(verdict.last));
    }
    const lab::Theory theory = lab::theory_of(run.settings());
    if (theory.residue) {
        console.out << fmt::format("theory: residue {}, copies per member {}\n",
                                   number(*theory.residue), number(*theory.copies));
    }
    if (theory.factor) {
        console.out << fmt::format("theory: factor {}\n", number(*theory.factor));
    }
    console.out << fmt::format("{}\ntrace hash {}\n", run.settings().to_link(),
                               lab::hash_text(run.trace_hash()));
    const double simulated = std::chrono::duration<double>(run.now().time_since_epoch()).count();
    console.err << fmt::format("{:.1f} simulated seconds in {:.2f} seconds of processor time\n",
                               simulated, cpu);
}

}  // namespace

LabSeries run_and_measure(lab::Run& run) {
    const Duration interval = run.settings().interval();
    const Duration duration = run.settings().duration("duration_ms");
    const Duration step = interval * std::max<std::int64_t>(1, duration / interval / kLabRowsMax);
    LabSeries series;
    const auto keep = [&] {
        const auto elapsed = static_cast<double>(run.now().time_since_epoch().count());
        series.rows.push_back(
            {run.now_ms(), elapsed / static_cast<double>(interval.count()), run.points()});
    };
    keep();
    for (sim::Moment next(step); !run.has_ended(); next += step) {
        run.run_until(next);
        keep();
    }
    return series;
}

Attempt<void> run_lab(const LabRunOptions& options, Console& console) {
    auto settings = lab::Settings::parse_link(options.link);
    if (!settings) return std::unexpected(to_failure(settings.error()));
    const double cpu_before = cpu_seconds();
    auto run = lab::Run::create(*std::move(settings));
    if (!run) return std::unexpected(to_failure(run.error()));
    const LabSeries series = run_and_measure(**run);
    const double cpu = cpu_seconds() - cpu_before;
    if (!options.svg_file.empty()) {
        constexpr unsigned kForEverybody = 0644;
        const auto written = runtime::write_file_atomic(
            options.svg_file, as_bytes(lab_svg(**run, series)), kForEverybody);
        if (!written) return std::unexpected(to_failure(written.error()));
    }
    if (options.is_json) {
        console.out << json_of(**run, series, cpu);
    } else if (options.is_csv) {
        console.out << csv_of(series);
    } else {
        show(**run, series, cpu, console);
    }
    return {};
}

}  // namespace grapevine::cli
