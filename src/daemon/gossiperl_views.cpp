#include "daemon/gossiperl_views.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "daemon/overlay_spec.hpp"

namespace grapevine::daemon {

NamedCounters counters_of(const overlay::GossiperlOverlay& overlay) {
    const auto& wire = overlay.envelopes().counters();
    const auto& node = overlay.node().counters();
    NamedCounters counters = {
        {"datagrams_received_total", wire.datagrams_received},
        {"received_bytes_total", wire.bytes_received},
        {"datagrams_sent_total", wire.datagrams_sent},
        {"sent_bytes_total", wire.bytes_sent},
        {"dropped_size_total", wire.dropped_size},
        {"dropped_malformed_total", wire.dropped_undecodable},
        {"send_oversize_total", wire.oversize},
        {"gossiperl_rounds_total", node.rounds},
        {"gossiperl_asked_total", node.asked},
        {"gossiperl_digests_total", node.digests},
        {"gossiperl_answers_total", node.answers},
        {"gossiperl_subscription_lists_total", node.subscription_lists},
        {"gossiperl_exits_total", node.exits},
        {"events_published_total", node.published},
        {"events_delivered_total", node.received},
        {"gossiperl_forwarded_total", node.forwarded},
        {"gossiperl_redelivered_total", node.redelivered},
        {"gossiperl_acknowledged_total", node.acknowledged},
        {"gossiperl_acknowledged_late_total", node.acknowledged_late},
        {"event_duplicates_total", node.dropped_duplicate},
        {"gossiperl_dropped_own_total", node.dropped_own},
        {"dropped_limited_total", node.dropped_limited},
        {"gossiperl_refused_secret_total", node.refused_secret},
        {"gossiperl_refused_name_total", node.refused_name},
        {"gossiperl_refused_address_total", node.refused_address},
        {"gossiperl_refused_heartbeat_total", node.refused_heartbeat},
        {"gossiperl_refused_type_total", node.refused_type},
        {"gossiperl_refused_unknown_total", node.refused_unknown},
        {"gossiperl_refused_unasked_total", node.refused_unasked},
        {"members_refused_total", node.refused_members_max},
        {"gossiperl_refused_member_event_total", node.refused_member_event},
        {"gossiperl_refused_origin_total", node.refused_origin},
        {"gossiperl_refused_subscriptions_max_total", node.refused_subscriptions_max},
    };
    add_counters(counters, overlay.node().sessions());
    return counters;
}

void add_counters(NamedCounters& to, const client::Sessions& sessions) {
    const auto& counters = sessions.counters();
    to.insert(to.end(), {
                            {"clients", sessions.size()},
                            {"client_digests_total", counters.digests},
                            {"client_published_total", counters.published},
                            {"client_published_again_total", counters.published_again},
                            {"client_delivered_total", counters.delivered},
                            {"client_redelivered_total", counters.redelivered},
                            {"client_acknowledged_total", counters.acknowledged},
                            {"client_events_total", counters.events},
                            {"client_events_unsaid_total", counters.events_unsaid},
                            {"client_long_acks_total", counters.long_acks},
                            {"client_refused_secret_total", counters.refused_secret},
                            {"client_refused_unknown_total", counters.refused_unknown},
                            {"client_refused_limit_total", counters.refused_limit},
                            {"client_refused_field_total", counters.refused_field},
                            {"client_refused_type_total", counters.refused_type},
                        });
}

}  // namespace grapevine::daemon
