// What a pump answers about distances and paths.

#include <cmath>

#include "daemon/pump.hpp"
#include "daemon/views.hpp"

namespace grapevine::daemon {
namespace {

template <typename Unit>
std::int64_t count_of(Duration duration) {
    return std::chrono::duration_cast<Unit>(duration).count();
}

}  // namespace

control::MemberView Pump::view_of_member(const protocol::Member& member) const {
    const protocol::Node& node = overlay_->node();
    const MemberId id = member.record->member;
    const MemberId self = node.membership().self();
    control::MemberView view = view_of(member, self, loop_.now());
    if (id == self) return view;
    view.path = to_string(node.paths().of(id).path);
    const auto trip = node.coordinates().between(self, id);
    if (const auto away = trip.measured ? trip.measured : trip.estimate) {
        view.rtt_us = count_of<std::chrono::microseconds>(*away);
        view.is_rtt_measured = trip.measured.has_value();
    }
    return view;
}

Outcome<control::RoundTripView> Pump::round_trip(const std::string& from,
                                                 const std::string& to) const {
    const protocol::Node& node = overlay_->node();
    const auto& membership = node.membership();
    const MemberId start = from.empty() ? membership.self() : GV_TRY(find(from));
    const MemberId end = to.empty() ? membership.self() : GV_TRY(find(to));
    if (start == end) {
        return std::unexpected(Refusal{Refusal::Code::invalid,
                                       "there is no round trip from a member to itself",
                                       "name two members", from.empty() ? "to" : "from"});
    }
    const auto trip = node.coordinates().between(start, end);
    control::RoundTripView view;
    view.from = id_text(start);
    view.to = id_text(end);
    view.from_name = membership.find(start)->record->name;
    view.to_name = membership.find(end)->record->name;
    if (trip.estimate) {
        view.estimated_us = count_of<std::chrono::microseconds>(*trip.estimate);
        view.error_percent = std::lround(trip.error * 100);
    }
    if (trip.measured) {
        view.measured_us = count_of<std::chrono::microseconds>(*trip.measured);
        view.measured_age_ms = count_of<std::chrono::milliseconds>(loop_.now() - trip.measured_at);
    }
    for (const MemberId member : {start, end}) {
        if (!node.coordinates().has_place(member)) view.unknown.push_back(id_text(member));
    }
    return view;
}

}  // namespace grapevine::daemon
