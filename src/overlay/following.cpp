#include <algorithm>
#include <utility>

#include "base/mutant.hpp"
#include "base/overloaded.hpp"
#include "overlay/implementation.hpp"

namespace grapevine::overlay {
// -- What the node wants --

void Overlay::Implementation::drain(Instant now) {
    do {
        while (auto action = node_.poll()) apply(now, std::move(*action));
        follow_ring(now);
        follow_rollout(now);
    } while (node_.has_actions());
    drain_seeds(now);
    drain_announcer(now);
}

void Overlay::Implementation::apply(Instant now, protocol::Node::Action action) {
    using protocol::Node;
    std::visit(
        Overloaded{
            [&](Node::Send& message) { send(now, message.to, message.packet); },
            [&](Node::Reach& reach) {
                const protocol::Member* member = node_.membership().find(reach.member);
                if (member == nullptr) return;
                for (const Endpoint& address : member->record->addresses) {
                    say_hello(now, address, reach.member);
                }
            },
            [&](Node::PersistIncarnation& persist) {
                if (GV_MUTANT(skip_incarnation_persist)) return;
                outbox_.push_back(
                    Persist{storage::save_incarnation(settings_.name, persist.incarnation)});
            },
            [&](Node::PersistRecord& persist) {
                if (GV_MUTANT(skip_record_persist)) return;
                outbox_.push_back(Persist{storage::save_own_items(
                    settings_.name, persist.items, persist.version, persist.collected)});
            },
            [&](Node::Changed& changed) {
                follow_change(now, changed.change);
                outbox_.push_back(MemberChanged{std::move(changed.change)});
            },
            [&](Node::ChangedTogether& together) {
                for (const auto& change : together.changes) follow_change(now, change);
                outbox_.push_back(MembersChanged{std::move(together.changes)});
            },
            [&](const Node::Settled& view) { outbox_.push_back(view); },
            [&](Node::RecordChanged& changed) {
                outbox_.push_back(
                    RecordChanged{changed.member, std::move(changed.items), changed.version});
            },
            [&](Node::Deliver& deliver) {
                outbox_.push_back(
                    EventDelivered{std::move(deliver.event), deliver.is_causal_unknown});
            },
            [&](Node::Gap& gap) { outbox_.push_back(EventGap{gap.stream, gap.first, gap.last}); },
            [&](Node::PathChanged& changed) { outbox_.push_back(changed); },
            [&](const Node::PersistState& persist) { persist_state(persist); },
            [&](Node::StateChanged& changed) { outbox_.push_back(std::move(changed)); },
            [&](const Node::StateReloaded& reloaded) { outbox_.push_back(reloaded); },
            [&](const Node::WantCopy& want) { want_copy(want.from); },
            [&](Node::Gathered& gathered) {
                if (summaries_.handle(now, node_, gathered)) return;
                outbox_.push_back(std::move(gathered));
            },
            [&](Node::Answered& answered) { outbox_.push_back(std::move(answered)); },
            [&](Node::Asked& asked) {
                if (summaries_.handle(now, node_, asked)) return;
                outbox_.push_back(std::move(asked));
            },
            [&](Node::PersistNotice& persist) {
                outbox_.push_back(Persist{storage::save_notice(settings_.name, *persist.notice)});
            },
            [&](Node::NoticeTaken& taken) { take_notice(now, *taken.notice); },
            [&](const Node::Estimated& estimate) { outbox_.push_back(estimate); },
        },
        action);
}

void Overlay::Implementation::follow_change(Instant now, const protocol::MemberChange& change) {
    follow_record(change);
    const std::size_t others = node_.membership().peer_count();
    seeds_.company(now,
                   others == 0 ? discovery::Seeds::Company::none : discovery::Seeds::Company::some);
    if (announcer_) announcer_->company(now, others);
}

void Overlay::Implementation::follow_record(const protocol::MemberChange& change) {
    const wire::MemberRecord& record = *change.member.record;
    if (record.member == identity_.member()) return;
    if (change.kind == protocol::MemberChange::Kind::forgotten) {
        sessions_.retire(record.member);
        rotation_.forget(record.member);
        return;
    }
    Peer* peer = sessions_.find(record.member);
    if (peer == nullptr || record.addresses.empty()) return;  // Routed when first written to.
    const bool is_restart = peer->record_boot != record.boot;
    peer->record_boot = record.boot;
    const Session* session = sessions_.find_session(record.member, record.boot);
    if (is_restart && peer->boot != record.boot) {
        peer->boot = record.boot;
        peer->is_confirmed = false;
        peer->cookie.reset();
        peer->endpoint = record.addresses.front();
    }
    // Where it has proven to be outweighs what it says, as long as it still says it could be there.
    if (session != nullptr) peer->endpoint = session->endpoint;
    if (std::ranges::find(record.addresses, peer->endpoint) == record.addresses.end() &&
        session == nullptr) {
        peer->endpoint = record.addresses.front();
    }
}

void Overlay::Implementation::drain_seeds(Instant now) {
    while (auto action = seeds_.poll()) {
        if (auto* resolve = std::get_if<discovery::Seeds::Resolve>(&*action)) {
            outbox_.push_back(Resolve{std::move(resolve->name)});
        } else {
            const Endpoint& to = std::get<discovery::Seeds::Contact>(*action).endpoint;
            const auto& own = settings_.addresses;
            if (std::ranges::find(own, to) == own.end()) say_hello(now, to, kNobody);
        }
    }
}

void Overlay::Implementation::keep_house(Instant now) {
    next_housekeeping_ = now + kHousekeepingInterval;
    const auto& membership = node_.membership();
    sessions_.sweep(now - kStrangerPatience,
                    [&](MemberId member) { return membership.find(member) != nullptr; });
    std::vector<storage::CachedPeer> peers;
    for (const MemberId member : membership.pick(random_, kPeerCacheMax, kNobody)) {
        const Peer* peer = sessions_.find(member);
        const protocol::Member* known = membership.find(member);
        if (peer != nullptr && peer->endpoint.port != 0) {
            peers.push_back({member, peer->endpoint});
        } else if (!known->record->addresses.empty()) {
            peers.push_back({member, known->record->addresses.front()});
        }
    }
    // Alone, the peers of yesterday are all we have: they stay on disk.
    if (!peers.empty()) outbox_.push_back(Persist{storage::save_peers(settings_.name, peers)});
}

void Overlay::Implementation::unreachable(Instant now, const Endpoint& to) {
    const MemberId member = member_at(to);
    if (member == kNobody) return;
    // Perhaps it is at another of its addresses.
    Peer* peer = sessions_.find(member);
    const auto& addresses = node_.membership().find(member)->record->addresses;
    if (peer != nullptr && peer->endpoint == to && addresses.size() > 1) {
        const auto tried = std::ranges::find(addresses, to);
        const auto next = tried == addresses.end() || tried + 1 == addresses.end()
                              ? addresses.begin()
                              : tried + 1;
        peer->endpoint = *next;
    }
    node_.unreachable(now, member);
    drain(now);
}

void Overlay::Implementation::advance(Instant now) {
    if (now >= next_housekeeping_) keep_house(now);
    seeds_.advance(now);
    if (announcer_) announcer_->advance(now);
    node_.advance(now);
    summaries_.advance(now, node_);
    drain(now);
    look_at_rotation(now);
    look_at_rollout(now);
}

void Overlay::Implementation::change_self(Instant now, std::string name,
                                          std::vector<wire::Label> labels,
                                          std::vector<Endpoint> addresses) {
    settings_.member_name = std::move(name);
    settings_.labels = std::move(labels);
    settings_.addresses = std::move(addresses);
    wire::MemberRecord next = *node_.membership().self_record();
    next.name = settings_.member_name;
    next.labels = settings_.labels;
    next.addresses = settings_.addresses;
    node_.change_self(now, std::move(next));
    drain(now);
}

}  // namespace grapevine::overlay
