// Questions that a native overlay puts to its members, and what they are about. See pump.hpp.

#include <utility>

#include "daemon/pump.hpp"
#include "daemon/pump_events.hpp"
#include "daemon/views.hpp"
#include "protocol/rumor/trace_bodies.hpp"
#include "protocol/rumor/trace_report.hpp"
#include "runtime/clock.hpp"

namespace grapevine::daemon {

void Pump::ask(const std::vector<MemberId>& targets, protocol::QuestionKind kind, Bytes body,
               Duration patience, std::function<void(Outcome<Gathered>)> done) {
    const Instant now = loop_.now();
    tell_wall(now);
    const auto number = overlay_->ask(now, targets, kind, std::move(body), patience);
    if (number) {
        gathering_.emplace(*number, std::move(done));
        (void)drain();
        return;
    }
    (void)drain();
    done(std::unexpected(number.error()));
}

void Pump::on_gathered(Gathered gathered) {
    if (on_query_end(gathered)) return;
    const auto found = gathering_.find(gathered.number);
    if (found == gathering_.end()) return;
    // What is called may ask again.
    const auto done = std::move(found->second);
    gathering_.erase(found);
    done(std::move(gathered));
}

void Pump::tell_wall(Instant now) {
    overlay_->set_wall(now, runtime::wall_microseconds());
}

// -- Traces --

namespace {

std::string_view repair_text(protocol::TraceRepair repair) {
    switch (repair) {
        case protocol::TraceRepair::none:
            return "none";
        case protocol::TraceRepair::asked:
            return "asked";
        case protocol::TraceRepair::frontier:
            return "frontier";
    }
    return "none";
}

std::string_view clock_text(protocol::TraceReport::Clock clock) {
    using Clock = protocol::TraceReport::Clock;
    switch (clock) {
        case Clock::agreed:
            return "agreed";
        case Clock::corrected:
            return "corrected";
        case Clock::unchecked:
            return "unchecked";
        case Clock::estimated:
            return "estimated";
    }
    return "unchecked";
}

control::TraceView::Member member_of(const protocol::Membership& membership, MemberId id) {
    const protocol::Member* member = membership.find(id);
    return {id_text(id), member != nullptr ? member->record->name : std::string()};
}

control::TraceView view_of(const protocol::Membership& membership,
                           const protocol::TraceReport& report) {
    control::TraceView view;
    for (const protocol::TraceReport::Node& node : report.nodes) {
        control::TraceView::Node seen;
        seen.member = member_of(membership, node.member);
        if (node.note.from != kNobody) seen.from = id_text(node.note.from);
        seen.hops = node.note.hops;
        seen.repair = repair_text(node.note.repair);
        seen.duplicates = node.note.duplicates;
        seen.learned_at_us = node.learned_us;
        seen.after_us = node.after_us;
        seen.hop_us = node.hop_us;
        seen.is_skewed = node.is_skewed;
        seen.clock = clock_text(node.clock);
        seen.skew_us = node.skew_us;
        seen.round_trip_us = node.round_trip_us;
        view.nodes.push_back(std::move(seen));
    }
    const auto list = [&](const std::vector<MemberId>& ids) {
        std::vector<control::TraceView::Member> members;
        for (const MemberId id : ids) members.push_back(member_of(membership, id));
        return members;
    };
    view.untraced = list(report.untraced);
    view.lacking = list(report.lacking);
    view.silent = list(report.silent);
    view.duplicates = report.duplicates;
    view.repairs = report.repairs;
    return view;
}

}  // namespace

void Pump::trace(const control::TraceEvent& wanted,
                 std::function<void(Outcome<control::TraceView>)> done) {
    const auto event = key_of(wanted.event);
    if (!event) return done(std::unexpected(event.error()));
    const auto& membership = overlay_->node().membership();
    std::vector<MemberId> targets;
    membership.for_each([&](const protocol::Member& member) {
        const bool is_there =
            member.status == wire::Status::alive || member.status == wire::Status::suspect;
        if (is_there) targets.push_back(member.record->member);
    });
    ask(targets, protocol::QuestionKind::trace, protocol::encode_trace_question(*event),
        std::chrono::milliseconds(wanted.patience_ms),
        [this, id = wanted.event, publisher = event->stream.publisher,
         done = std::move(done)](const Outcome<Gathered>& gathered) {
            if (!gathered) return done(std::unexpected(gathered.error()));
            const protocol::Node& node = overlay_->node();
            control::TraceView view =
                view_of(node.membership(),
                        protocol::report_trace(publisher, *gathered, node.wall_zero_us()));
            view.event = id;
            if (view.nodes.empty() && view.untraced.empty()) {
                return done(std::unexpected(Refusal{
                    Refusal::Code::not_found, "no member that answered knows this event",
                    "events are remembered for the overlay's retention; check the id", "event"}));
            }
            done(std::move(view));
        });
}

}  // namespace grapevine::daemon
