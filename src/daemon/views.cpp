#include "daemon/views.hpp"

#include <fmt/core.h>

#include "overlay/rollout.hpp"
#include "overlay/rotation.hpp"
#include "overlay/summaries.hpp"

namespace grapevine::daemon {

std::string id_text(MemberId member) {
    return fmt::format("{:016x}", member.value());
}

std::string_view status_text(wire::Status status) {
    switch (status) {
        case wire::Status::alive:
            return "alive";
        case wire::Status::suspect:
            return "suspect";
        case wire::Status::dead:
            return "dead";
        case wire::Status::left:
            return "left";
    }
    return "unknown";
}

std::string_view kind_text(protocol::MemberChange::Kind kind) {
    using Kind = protocol::MemberChange::Kind;
    switch (kind) {
        case Kind::joined:
            return "joined";
        case Kind::updated:
            return "updated";
        case Kind::suspected:
            return "suspected";
        case Kind::cleared:
            return "cleared";
        case Kind::died:
            return "died";
        case Kind::left:
            return "left";
        case Kind::returned:
            return "returned";
        case Kind::forgotten:
            return "forgotten";
    }
    return "unknown";
}

control::MemberView view_of(const protocol::Member& member, MemberId self, Instant now) {
    const wire::MemberRecord& record = *member.record;
    control::MemberView view;
    view.id = id_text(record.member);
    view.name = record.name;
    view.status = status_text(member.status);
    view.incarnation = member.incarnation.value();
    for (const Endpoint& address : record.addresses) view.addresses.push_back(to_string(address));
    for (const wire::Label& label : record.labels) view.labels.emplace_back(label.key, label.value);
    view.status_age_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(now - member.since).count();
    view.is_self = record.member == self;
    return view;
}

control::RecordView view_of(MemberId member, const protocol::Record* record) {
    control::RecordView view;
    view.member = id_text(member);
    if (record == nullptr) return view;
    view.version = record->version.value();
    for (const auto& [key, item] : record->items) {
        if (!item.is_tombstone) view.items.push_back({key, item.value, item.version.value()});
    }
    return view;
}

std::vector<std::pair<std::string, std::uint64_t>> counters_of(const overlay::Overlay& overlay) {
    const auto& node = overlay.node();
    const auto& wire = overlay.counters();
    const auto& members = node.membership().counters();
    const auto& records = node.records().counters();
    const protocol::Events::Counters events = node.event_counters();
    const auto& joints = node.counters();
    const overlay::Summaries& summaries = overlay.summaries();
    return {
        {"datagrams_received_total", wire.datagrams_received},
        {"received_bytes_total", wire.bytes_received},
        {"datagrams_sent_total", wire.datagrams_sent},
        {"sent_bytes_total", wire.bytes_sent},
        {"dropped_size_total", wire.dropped_size},
        {"dropped_version_total", wire.dropped_version},
        {"dropped_key_total", wire.dropped_key},
        {"dropped_unauthenticated_total", wire.dropped_unauthenticated},
        {"dropped_replayed_total", wire.dropped_replayed},
        {"dropped_malformed_total", wire.dropped_malformed},
        {"dropped_unproven_total", wire.dropped_unproven},
        {"dropped_limited_total", wire.dropped_limited},
        {"dropped_record_total", wire.dropped_record},
        {"dropped_vote_total", wire.dropped_vote},
        {"unknown_voters_total", wire.unknown_voters},
        {"challenges_sent_total", wire.challenges_sent},
        {"sessions_opened_total", wire.sessions_opened},
        {"hellos_sent_total", wire.hellos_sent},
        {"announcements_sent_total", wire.announcements_sent},
        {"announcements_heard_total", wire.announcements_heard},
        {"announcements_foreign_total", wire.announcements_foreign},
        {"announcements_dropped_total", wire.announcements_dropped},
        {"suspicions_total", members.suspicions},
        {"deaths_total", members.deaths},
        {"deaths_heard_total", members.deaths_heard},
        {"refutations_total", members.refutations},
        {"last_chances_total", members.last_chances},
        {"last_chances_saved_total", members.last_chances_saved},
        {"news_dropped_old_total", members.dropped_old},
        {"news_dropped_unknown_total", members.dropped_unknown},
        {"news_dropped_unproven_total", members.dropped_unproven},
        {"news_dropped_unreliable_total", members.dropped_unreliable},
        {"members_refused_total", members.dropped_full},
        {"news_dropped_forged_total", members.dropped_forged},
        {"record_changes_applied_total", records.applied},
        {"record_resets_total", records.resets},
        {"record_dropped_wiped_total", records.dropped_wiped},
        {"events_published_total", events.published},
        {"events_delivered_total", events.delivered},
        {"event_pushes_total", events.pushed},
        {"event_announcements_total", events.announced},
        {"event_grafts_total", events.grafted},
        {"event_prunes_total", events.pruned},
        {"event_duplicates_total", events.duplicates},
        {"event_dropped_wiped_total", events.dropped_wiped},
        {"state_cells", node.state().cells().count()},
        {"state_bytes", node.state().cells().bytes()},
        {"state_writes_total", node.state().counters().writes},
        {"state_taken_total", node.state().counters().taken},
        {"state_exchanges_total", node.state().counters().exchanges},
        {"state_copies_total", node.state().counters().copies},
        {"state_resets_total", node.state().counters().resets},
        {"state_collected_total", node.state().counters().collected},
        {"state_dropped_future_total", node.state().counters().dropped_future},
        {"state_dropped_malformed_total", node.state().counters().dropped_malformed},
        {"state_dropped_full_total", node.state().counters().dropped_full},
        {"state_dropped_wiped_total", node.state().counters().dropped_wiped},
        {"config_epoch", overlay.rollout().running()},
        {"config_is_canary",
         overlay.rollout().state().health == overlay::RolloutState::Health::well ? 1U : 0U},
        {"config_is_refused",
         overlay.rollout().state().health == overlay::RolloutState::Health::refused ? 1U : 0U},
        {"notices_taken_total", overlay.node().notices().counters().taken},
        {"notices_dropped_forged_total", overlay.node().notices().counters().dropped_forged},
        {"notices_dropped_stranger_total", overlay.node().notices().counters().dropped_stranger},
        {"notices_dropped_lead_total", overlay.node().notices().counters().dropped_lead},
        {"notices_dropped_full_total", overlay.node().notices().counters().dropped_full},
        {"event_requests_total", events.requested},
        {"event_resends_total", events.resent},
        {"event_gaps_total", events.gaps},
        {"events_lost_total", events.lost},
        {"events_held_total", node.events().causal().counters().held},
        {"events_causal_unknown_total", node.events().causal().counters().unknown},
        {"events_held", node.events().causal().waiting_count()},
        {"trace_notes", node.events().traces().count()},
        {"questions_asked_total", node.gather().counters().asked},
        {"questions_repeated_total", node.gather().counters().repeated},
        {"questions_received_total", node.gather().counters().questions},
        {"questions_refused_total", node.gather().counters().refused_rate},
        {"answers_received_total", node.gather().counters().answered},
        {"answers_silent_total", node.gather().counters().silent},
        {"answer_parts_sent_total", node.gather().counters().parts_sent},
        {"answer_parts_stray_total", node.gather().counters().dropped_stray},
        {"answer_parts_dropped_total", node.gather().counters().dropped_full},
        {"answers_displaced_total", node.gather().counters().displaced},
        {"estimates_begun_total", node.aggregates().counters().begun},
        {"estimates_joined_total", node.aggregates().counters().joined},
        {"aggregate_steps_sent_total", node.aggregates().counters().steps_sent},
        {"aggregate_steps_passed_over_total", node.aggregates().counters().passed_over},
        {"aggregate_steps_dropped_total", node.aggregates().counters().dropped},
        {"aggregate_exchanges_given_up_total", node.aggregates().counters().given_up},
        {"pressure_told_total", events.pressure_told},
        {"pressure_heard_total", events.pressure_heard},
        {"pressure_ignored_total", events.pressure_ignored},
        {"syncs_begun_total", joints.syncs_begun},
        {"sync_entries_total", joints.sync_entries},
        {"records_pushed_total", joints.records_pushed},
        {"coordinate_samples_total", node.coordinates().samples()},
        {"coordinate_resets_total", node.coordinates().resets()},
        {"coordinates_known", node.coordinates().count()},
        {"path_examinations_total", node.paths().counters().examinations},
        {"path_examinations_bad_total", node.paths().counters().examinations_bad},
        {"path_changes_total", node.paths().counters().changes},
        {"paths_troubled", node.paths().troubled().size()},
        {"zone_inside_datagrams_sent_total", wire.zone_inside_datagrams},
        {"zone_inside_sent_bytes_total", wire.zone_inside_bytes},
        {"zone_across_datagrams_sent_total", wire.zone_across_datagrams},
        {"zone_across_sent_bytes_total", wire.zone_across_bytes},
        {"zone_silences_total", node.zones().counters().silences},
        {"zones_known", node.zones().zone_count()},
        {"zone_is_representative",
         node.zones().is_representative(node.membership().self()) ? 1U : 0U},
        {"summary_rows", summaries.zones() != nullptr ? summaries.zones()->row_count() : 0},
        {"summary_rows_refused_total",
         summaries.zones() != nullptr ? summaries.zones()->counters().refused : 0},
        {"summary_talks_total", summaries.counters().talks},
        {"summary_talks_passed_over_total", summaries.counters().passed_over},
        {"summary_sent_bytes_total", summaries.counters().bytes_sent},
        {"summary_malformed_total", summaries.counters().malformed},
        {"summary_statements", summaries.statements().size()},
        {"accusations_passed_on_total", joints.accusations_passed_on},
        {"accusations_ignored_total", joints.accusations_ignored},
        {"local_health", node.detector().local_health()},
        {"sessions", overlay.session_count()},
        {"rumors_hot", node.rumors().hot_count()},
        {"retained_event_bytes", node.events().retained_bytes() + node.channels().retained_bytes()},
        {"channels", node.channels().count()},
        {"channels_left_out", node.channels().left_out()},
        {"channel_sections_dropped_total",
         node.channels().counters().dropped_foreign + events.unwanted},
    };
}

std::optional<control::PressureView> pressure_of(const overlay::Overlay& overlay, Instant now) {
    auto pressure = overlay.node().events().pressure(now);
    const auto other = overlay.node().channels().pressure(now);
    if (other && (!pressure || other->limit < pressure->limit)) pressure = other;
    if (!pressure) return std::nullopt;
    const protocol::Member* member = overlay.node().membership().find(pressure->slowest.slowest);
    return control::PressureView{
        id_text(pressure->slowest.slowest),
        member == nullptr ? "" : member->record->name,
        pressure->slowest.backlog,
        pressure->slowest.rate,
        pressure->limit,
        std::chrono::duration_cast<std::chrono::milliseconds>(now - pressure->since).count()};
}

control::OverlayView view_of(const overlay::Overlay& overlay) {
    const auto& settings = overlay.settings();
    const auto& membership = overlay.node().membership();
    control::OverlayView view;
    view.name = settings.name;
    view.protocol = "grapevine";
    view.id = id_text(membership.self());
    view.member_name = settings.member_name;
    view.incarnation = membership.self_record()->incarnation.value();
    for (const Endpoint& address : settings.addresses) view.advertise.push_back(to_string(address));
    view.seeds = settings.seeds;
    for (const crypto::OverlayKey& key : overlay.rotation().ring())
        view.key_ids.push_back(key.id.value());
    view.cipher = crypto::to_string(settings.cipher);
    for (const wire::Label& label : settings.labels)
        view.labels.emplace_back(label.key, label.value);
    view.view_fingerprint = fmt::format("{:016x}", overlay.view_fingerprint());
    view.local_health = overlay.node().detector().local_health();
    view.counters = counters_of(overlay);
    membership.for_each([&](const protocol::Member& member) {
        switch (member.status) {
            case wire::Status::alive:
                ++view.members_alive;
                break;
            case wire::Status::suspect:
                ++view.members_suspect;
                break;
            case wire::Status::dead:
                ++view.members_dead;
                break;
            case wire::Status::left:
                ++view.members_left;
                break;
        }
    });
    return view;
}

}  // namespace grapevine::daemon
