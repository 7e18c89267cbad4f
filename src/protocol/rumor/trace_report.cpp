#include "protocol/rumor/trace_report.hpp"

#include <algorithm>
#include <map>
#include <tuple>

namespace grapevine::protocol {
namespace {

std::int64_t microseconds(Duration duration) {
    return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

/// Fills in when `node` learned of the event, on the asker's time line.
void place(TraceReport::Node& node, const TraceAnswer& said, const Gather::Answer& answer,
           std::int64_t wall_zero_us) {
    const auto age_us = static_cast<std::int64_t>(node.note.age_us);
    const Duration half = answer.round_trip.value_or(Duration{}) / 2;
    const std::int64_t middle_us =
        wall_zero_us + microseconds(answer.answered_at.time_since_epoch() - half);
    if (answer.round_trip) node.round_trip_us = microseconds(*answer.round_trip);
    if (said.wall_us == 0 || wall_zero_us == 0) {
        node.clock = TraceReport::Clock::estimated;
        node.learned_us = middle_us - age_us;
        return;
    }
    node.learned_us = said.wall_us - age_us;
    if (!answer.round_trip) {
        node.clock = TraceReport::Clock::unchecked;
        return;
    }
    node.skew_us = said.wall_us - middle_us;
    const std::int64_t bound_us = microseconds(half + kClockTolerance);
    if (node.skew_us >= -bound_us && node.skew_us <= bound_us) return;
    node.clock = TraceReport::Clock::corrected;
    node.learned_us -= node.skew_us;
}

void measure_hops(MemberId publisher, TraceReport& report) {
    std::map<MemberId, std::int64_t> learned;
    std::optional<std::int64_t> published_us;
    for (const TraceReport::Node& node : report.nodes) {
        learned.emplace(node.member, node.learned_us);
        if (node.member == publisher) published_us = node.learned_us;
    }
    for (TraceReport::Node& node : report.nodes) {
        if (published_us) node.after_us = node.learned_us - *published_us;
        const auto from = learned.find(node.note.from);
        if (from == learned.end()) continue;
        node.hop_us = node.learned_us - from->second;
        node.is_skewed = *node.hop_us < 0;
    }
}

}  // namespace

TraceReport report_trace(MemberId publisher, const Gather::Gathered& gathered,
                         std::int64_t wall_zero_us) {
    TraceReport report;
    report.silent = gathered.silent;
    for (const Gather::Answer& answer : gathered.answers) {
        const auto said = decode_trace_answer(answer.body);
        if (!said) {
            report.silent.push_back(answer.member);
        } else if (!said->has_event) {
            report.lacking.push_back(answer.member);
        } else if (!said->note) {
            report.untraced.push_back(answer.member);
        } else {
            TraceReport::Node node;
            node.member = answer.member;
            node.note = *said->note;
            place(node, *said, answer, wall_zero_us);
            report.duplicates += node.note.duplicates;
            if (node.note.repair != TraceRepair::none) ++report.repairs;
            report.nodes.push_back(node);
        }
    }
    std::ranges::sort(report.silent);
    // Who published it stands first, whatever the clocks say.
    std::ranges::sort(report.nodes, {}, [publisher](const TraceReport::Node& node) {
        return std::tuple(node.member != publisher, node.learned_us, node.member);
    });
    measure_hops(publisher, report);
    return report;
}

}  // namespace grapevine::protocol
