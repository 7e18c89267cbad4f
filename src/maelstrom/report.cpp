#include "maelstrom/report.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "maelstrom/workload.hpp"

namespace grapevine::maelstrom {
namespace {

std::int64_t milliseconds(Duration duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

std::string broadcast_line(const BroadcastPlan& plan, const Settings& settings,
                           std::uint64_t seed) {
    const BroadcastReport report = run_broadcast(plan, settings, seed);
    return fmt::format(
        "{:>10} {:>10} {:>10.2f} {:>7} {:>7} {:>7} {:>7} {:>5}\n", report.operations,
        report.messages, report.messages_per_operation(), milliseconds(report.stable_latency(0.5)),
        milliseconds(report.stable_latency(0.95)), milliseconds(report.stable_latency(0.99)),
        milliseconds(report.stable_latency(1)), report.lost + report.invented);
}

std::string counter_line(const Settings& settings, std::uint64_t seed) {
    const CounterReport report = run_counter({}, settings, seed);
    const auto wrong =
        std::ranges::count_if(report.totals, [&](auto total) { return total != report.sum; });
    return fmt::format("{:>10} {:>10} {:>12} {:>12}\n", report.operations, report.sum, wrong,
                       report.decreases + report.excesses);
}

}  // namespace

std::optional<Workload> parse_workload(std::string_view name) {
    const auto found = std::ranges::find(kWorkloadNames, name);
    if (found == kWorkloadNames.end()) return std::nullopt;
    return static_cast<Workload>(found - kWorkloadNames.begin());
}

std::string simulate(Workload workload, std::optional<Mode> mode, std::uint64_t seeds) {
    std::string table = fmt::format("{:<9} {:>4} ", "mode", "seed");
    if (workload == Workload::counter) {
        table += fmt::format("{:>10} {:>10} {:>12} {:>12}\n", "operations", "sum", "wrong totals",
                             "wrong reads");
    } else {
        table +=
            fmt::format("{:>10} {:>10} {:>10} {:>7} {:>7} {:>7} {:>7} {:>5}\n", "operations",
                        "messages", "msgs/op", "p50 ms", "p95 ms", "p99 ms", "max ms", "wrong");
    }
    BroadcastPlan plan;
    if (workload == Workload::partitions) {
        plan.nodes = 5;
        plan.operations_per_second = 10;
        plan.partition = std::chrono::seconds(5);
    }
    for (std::size_t index = 0; index < kModeNames.size(); ++index) {
        const auto which = static_cast<Mode>(index);
        if (mode && *mode != which) continue;
        for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
            table += fmt::format("{:<9} {:>4} ", kModeNames[index], seed);
            const Settings settings = settings_of(which);
            table += workload == Workload::counter ? counter_line(settings, seed)
                                                   : broadcast_line(plan, settings, seed);
        }
    }
    return table;
}

}  // namespace grapevine::maelstrom
