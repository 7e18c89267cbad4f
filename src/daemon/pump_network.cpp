// What a pump answers about distances and paths. See pump.hpp.

#include <algorithm>
#include <cmath>
#include <fmt/core.h>
#include <map>
#include <utility>

#include "daemon/pump.hpp"
#include "daemon/reachability_view.hpp"
#include "daemon/topology_view.hpp"
#include "daemon/views.hpp"

namespace grapevine::daemon {
namespace {

/// For one or two members that are asked about themselves.
constexpr Duration kPairPatience = std::chrono::seconds(3);
/// Beyond the examinations of those that are asked: questions, answers and repeated ones.
constexpr Duration kMatrixPatience = std::chrono::seconds(5);

template <typename Unit>
std::int64_t count_of(Duration duration) {
    return std::chrono::duration_cast<Unit>(duration).count();
}

std::string zone_of(const wire::MemberRecord& record, std::string_view zone_label) {
    const auto label = std::ranges::find(record.labels, zone_label, &wire::Label::key);
    return label == record.labels.end() ? std::string() : label->value;
}

}  // namespace

control::MemberView Pump::view_of_member(const protocol::Member& member) const {
    const protocol::Node& node = overlay_->node();
    const MemberId id = member.record->member;
    const MemberId self = node.membership().self();
    const Instant now = loop_.now();
    control::MemberView view = view_of(member, self, now);
    if (id == self) return view;
    view.path = to_string(node.paths().of(now, id).path);
    const auto trip = node.coordinates().between(self, id);
    if (const auto away = trip.measured ? trip.measured : trip.estimate) {
        view.rtt_us = count_of<std::chrono::microseconds>(*away);
        view.is_rtt_measured = trip.measured.has_value();
    }
    return view;
}

// -- One pair --

control::RoundTripView Pump::round_trip_view(MemberId from, MemberId to) const {
    const protocol::Node& node = overlay_->node();
    const auto name_of = [&](MemberId member) {
        const protocol::Member* known = node.membership().find(member);
        return known == nullptr ? std::string() : known->record->name;
    };
    control::RoundTripView view{id_text(from), id_text(to), name_of(from), name_of(to)};
    const auto trip = node.coordinates().between(from, to);
    if (trip.estimate) {
        view.estimated_us = count_of<std::chrono::microseconds>(*trip.estimate);
        view.error_percent = std::lround(trip.error * 100);
    }
    if (trip.measured) {
        view.measured_us = count_of<std::chrono::microseconds>(*trip.measured);
        view.measured_age_ms = count_of<std::chrono::milliseconds>(loop_.now() - trip.measured_at);
    }
    for (const MemberId member : {from, to}) {
        if (!node.coordinates().has_place(member)) view.unknown.push_back(id_text(member));
    }
    return view;
}

void Pump::round_trip(const std::string& from, const std::string& to, RoundTripDone done) {
    const MemberId self = overlay_->node().membership().self();
    const auto start = from.empty() ? Outcome<MemberId>(self) : find(from);
    if (!start) return done(std::unexpected(start.error()));
    const auto end = to.empty() ? Outcome<MemberId>(self) : find(to);
    if (!end) return done(std::unexpected(end.error()));
    if (*start == *end) {
        return done(std::unexpected(Refusal{Refusal::Code::invalid,
                                            "there is no round trip from a member to itself",
                                            "name two members", from.empty() ? "to" : "from"}));
    }
    const control::RoundTripView known = round_trip_view(*start, *end);
    if (known.measured_us && known.estimated_us) return done(known);
    // The two know better: each tells its place, and what it has measured to the other.
    std::vector<MemberId> targets = {*start, *end};
    std::erase(targets, self);
    // A subject of the question cannot be told of itself, so of two the first tells of the second.
    Bytes question = encode(
        protocol::ReachQuestion{{}, targets.size() == 2 || *end != targets[0] ? *end : *start});
    ask(targets, protocol::QuestionKind::reachability, std::move(question), kPairPatience,
        [this, start = *start, end = *end,
         done = std::move(done)](const Outcome<Gathered>& gathered) {
            if (!gathered) return done(std::unexpected(gathered.error()));
            control::RoundTripView view = round_trip_view(start, end);
            add_measured(view, start, end, *gathered);
            done(std::move(view));
        });
}

void Pump::add_measured(control::RoundTripView& view, MemberId start, MemberId end,
                        const Gathered& gathered) {
    for (const auto& told : gathered.answers) {
        const auto answer = protocol::decode_reach_answer(told.body);
        const MemberId other = told.member == start ? end : start;
        if (!answer || view.measured_us) continue;
        const auto row =
            std::ranges::find(answer->rows, other, &protocol::ReachAnswer::Row::member);
        if (row == answer->rows.end() || !row->round_trip) continue;
        view.measured_us =
            count_of<std::chrono::microseconds>(*row->round_trip * protocol::kReachStep);
        view.measured_age_ms = row->age.count();
    }
}

// -- The picture --

Outcome<control::TopologyView> Pump::topology() const {
    const protocol::Node& node = overlay_->node();
    std::vector<Placed> members;
    node.membership().for_each([&](const protocol::Member& member) {
        const bool is_in =
            member.status == wire::Status::alive || member.status == wire::Status::suspect;
        if (!is_in) return;
        const MemberId id = member.record->member;
        members.push_back({id, zone_of(*member.record, node.config().zone_label),
                           node.coordinates().place_of(id)});
    });
    const bool has_rings = node.config().detector == protocol::DetectorKind::rings;
    return topology_of(std::move(members), has_rings ? node.config().ring_count : 0,
                       node.zones().is_on());
}

// -- All pairs --

void Pump::reachability(Duration age_max, ReachabilityDone done) {
    // Whoever asks while an answer is under way gets the same.
    reach_waiting_.push_back(std::move(done));
    if (reach_waiting_.size() > 1) return;
    const auto& membership = overlay_->node().membership();
    std::vector<MemberId> targets;
    membership.for_each([&](const protocol::Member& member) {
        if (member.status == wire::Status::alive || member.status == wire::Status::suspect) {
            targets.push_back(member.record->member);
        }
    });
    if (targets.size() > kReachMatrixMax) {
        return finish_reachability(std::unexpected(
            Refusal{Refusal::Code::over_limit,
                    fmt::format("a matrix of {} members is too large", targets.size()),
                    fmt::format("up to {} it is made; `grapevine members` shows the paths from "
                                "here in any overlay",
                                kReachMatrixMax),
                    "overlay"}));
    }
    const protocol::ReachQuestion question{
        std::chrono::duration_cast<std::chrono::milliseconds>(age_max), kNobody};
    const Duration patience = overlay_->node().paths().examination_time() + kMatrixPatience;
    ask(targets, protocol::QuestionKind::reachability, encode(question), patience,
        [this](const Outcome<Gathered>& gathered) {
            if (!gathered) return finish_reachability(std::unexpected(gathered.error()));
            finish_reachability(reachability_view(*gathered, overlay_->node().membership()));
        });
}

void Pump::finish_reachability(const Outcome<control::ReachabilityView>& outcome) {
    for (const ReachabilityDone& done : std::exchange(reach_waiting_, {})) done(outcome);
}

}  // namespace grapevine::daemon
