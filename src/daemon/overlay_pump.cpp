#include "daemon/overlay_pump.hpp"

#include <fmt/core.h>
#include <utility>

namespace grapevine::daemon {
namespace {

std::unexpected<Refusal> no_records() {
    return std::unexpected(Refusal{Refusal::Code::conflict,
                                   "the gossiperl protocol has no records of members",
                                   "use an overlay with protocol = \"grapevine\"", "overlay"});
}

std::unexpected<Refusal> no_paths() {
    return std::unexpected(
        Refusal{Refusal::Code::conflict,
                "members of the gossiperl protocol do not tell how they reach each other",
                "use an overlay with protocol = \"grapevine\"", "overlay"});
}

std::unexpected<Refusal> not_old() {
    return std::unexpected(
        Refusal{Refusal::Code::conflict, "this overlay does not speak the gossiperl protocol",
                "use the routes under /v1/overlays, or an overlay with protocol = \"gossiperl\"",
                "overlay"});
}

}  // namespace

void OverlayPump::publish_in_turn(control::Publish wanted, Published done) {
    done(publish(std::move(wanted)));
}

Outcome<control::KeyValue> OverlayPump::set_record(const std::string&, const std::string&) {
    return no_records();
}

Outcome<void> OverlayPump::erase_record(const std::string&) {
    return no_records();
}

Outcome<sql::Snapshot> OverlayPump::snapshot(sql::TableSet) const {
    return no_records();
}

Outcome<control::RecordView> OverlayPump::record(const std::string&) const {
    return no_records();
}

Outcome<control::Answer> OverlayPump::state(const control::StateCommand&) {
    return std::unexpected(Refusal{Refusal::Code::conflict,
                                   "the gossiperl protocol has no shared map",
                                   "use an overlay with protocol = \"grapevine\"", "overlay"});
}

void OverlayPump::round_trip(const std::string&, const std::string&, RoundTripDone done) {
    done(no_paths());
}

void OverlayPump::reachability(Duration, ReachabilityDone done) {
    done(no_paths());
}

namespace {

std::unexpected<Refusal> no_notices() {
    return std::unexpected(Refusal{Refusal::Code::conflict,
                                   "the gossiperl protocol has no word for all members at once",
                                   "change its settings on every host", "overlay"});
}

}  // namespace

Outcome<control::KeysView> OverlayPump::keys() const {
    return no_notices();
}

Outcome<control::KeysView> OverlayPump::rotate_keys(const control::RotateKeys&) {
    return no_notices();
}

Outcome<control::WipeView> OverlayPump::wipe(const control::Wipe&) {
    return no_notices();
}

Outcome<control::RolloutView> OverlayPump::rollout() const {
    return no_notices();
}

Outcome<control::RolloutView> OverlayPump::propose_rollout(const control::ProposeRollout&) {
    return no_notices();
}

Outcome<control::RolloutView> OverlayPump::return_rollout() {
    return no_notices();
}

Outcome<control::SummaryView> OverlayPump::summary() const {
    return no_notices();
}

Outcome<control::SummaryView> OverlayPump::set_summary(const control::SetSummary&) {
    return no_notices();
}

Outcome<control::SummaryView> OverlayPump::set_zone_value(const control::SetZoneValue&) {
    return no_notices();
}

Outcome<void> OverlayPump::forget(const std::string&) {
    return std::unexpected(Refusal{Refusal::Code::conflict,
                                   "the gossiperl protocol forgets members by time only",
                                   "wait, or set a shorter drop_unreachable_after", "overlay"});
}

Outcome<void> OverlayPump::join(const std::vector<std::string>&) {
    return std::unexpected(
        Refusal{Refusal::Code::conflict, "the seeds of a gossiperl overlay are its racks",
                "set them in the configuration file, or over the old REST API", "overlay"});
}

void OverlayPump::trace(const control::TraceEvent&,
                        std::function<void(Outcome<control::TraceView>)> done) {
    done(std::unexpected(Refusal{
        Refusal::Code::conflict, "the gossiperl protocol does not tell how messages travelled",
        "trace events in an overlay with protocol = \"grapevine\"", "overlay"}));
}

void OverlayPump::estimate(const control::ShowEstimate&,
                           std::function<void(Outcome<control::EstimateView>)> done) {
    done(std::unexpected(Refusal{Refusal::Code::conflict,
                                 "the gossiperl protocol does not estimate anything",
                                 "ask in an overlay with protocol = \"grapevine\"", "overlay"}));
}

Outcome<control::TopologyView> OverlayPump::topology() const {
    return std::unexpected(Refusal{Refusal::Code::conflict,
                                   "the gossiperl protocol knows neither places nor observers",
                                   "ask in an overlay with protocol = \"grapevine\"", "overlay"});
}

void OverlayPump::query(std::uint64_t, control::AskQuery, control::QueryTaker take) {
    take(std::unexpected(Refusal{Refusal::Code::conflict, "the gossiperl protocol has no queries",
                                 "ask in an overlay with protocol = \"grapevine\"", "overlay"}));
}

void OverlayPump::answer_query(MemberId, std::uint64_t, client::QueryDesk::Verdict, Bytes) {}

Outcome<control::gossiperl::Settings> OverlayPump::old_settings() const {
    return not_old();
}

Outcome<std::vector<control::gossiperl::MemberView>> OverlayPump::old_members() const {
    return not_old();
}

Outcome<std::vector<control::gossiperl::SubscriptionView>> OverlayPump::old_subscriptions() const {
    return not_old();
}

Outcome<void> OverlayPump::send_digest(const std::string&, Bytes,
                                       const std::optional<std::string>&) {
    return not_old();
}

}  // namespace grapevine::daemon
