#include "gossiperl/node.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <chrono>
#include <utility>

#include "base/limits.hpp"
#include "base/mutant.hpp"
#include "base/overloaded.hpp"

namespace grapevine::gossiperl {

using client::MemberEvent;
using wire::gossiperl::Digest;

namespace {

client::SessionSettings session_settings(const NodeConfig& config) {
    return {.own_name = config.member_name,
            .times = config.times,
            .redelivery = config.redelivery,
            .is_local_delivery = config.is_local_delivery,
            .own_port = config.bind.port};
}

}  // namespace

bool is_client_address(const Endpoint& endpoint) {
    constexpr std::array<std::uint8_t, 4> kLoopback = {127, 0, 0, 1};
    if (!endpoint.is_v4()) return endpoint.is_loopback();
    return std::equal(kLoopback.begin(), kLoopback.end(), endpoint.ip.begin() + 12);
}

Node::Node(NodeConfig config, const std::vector<client::SavedSession>& saved, Instant now,
           std::uint64_t seed)
    : config_(std::move(config)),
      random_(seed),
      sessions_(session_settings(config_), saved, now, random_.next()),
      members_(config_.times),
      subscriptions_(config_.drop_stale_subscriptions_after),
      redelivery_(config_.redelivery),
      own_ids_(kOldOwnIdsMax),
      next_round_at_(now) {}

Node::~Node() = default;

// -- Inputs --

void Node::receive(Instant now, WallTime wall, Via via, const Endpoint& from, Letter letter) {
    if (has_left_) return;
    // No decoder makes such a letter; what is passed on must be safe whoever made it.
    if (const auto* application = std::get_if<wire::gossiperl::Application>(&letter.message);
        application != nullptr && wire::gossiperl::is_internal_type(application->type)) {
        ++counters_.refused_type;
        return;
    }
    const bool is_client_socket = config_.group.has_value() && via == Via::clients;
    if (is_client_socket || is_client_address(from)) {
        receive_local(now, wall, from, std::move(letter));
    } else {
        receive_remote(now, wall, from, std::move(letter));
    }
}

void Node::receive_local(Instant now, WallTime wall, const Endpoint& from, Letter letter) {
    // A name is one member's, here or elsewhere; Sessions knows only those that are here.
    if (const auto* digest = std::get_if<Digest>(&letter.message);
        digest != nullptr && members_.find(digest->name) != nullptr) {
        ++counters_.refused_name;
        return;
    }
    sessions_.receive(now, wall, from, std::move(letter));
    drain_sessions(now);
}

void Node::advance(Instant now, WallTime wall) {
    if (has_left_) return;
    sessions_.advance(now, wall);
    drain_sessions(now);
    tell_changes(now, wall, members_.advance(now));
    expire_subscriptions(now);
    redeliver(now);
    if (now >= next_round_at_) {
        // After a stall one round, and not one for each that was missed.
        next_round_at_ += config_.gossip_round_every;
        if (next_round_at_ <= now) next_round_at_ = now + config_.gossip_round_every;
        gossip(now, wall);
    }
}

void Node::change(Instant now, NodeConfig config) {
    if (has_left_) return;
    assert(config.bind == config_.bind && config.member_name == config_.member_name);
    config_ = std::move(config);
    members_.set_times(config_.times);
    subscriptions_.set_stale_after(config_.drop_stale_subscriptions_after);
    redelivery_.set_rules(config_.redelivery);
    sessions_.change(session_settings(config_));
    drain_sessions(now);
    next_round_at_ = std::min(next_round_at_, now + config_.gossip_round_every);
}

void Node::leave(Instant now, WallTime wall) {
    if (has_left_) return;
    has_left_ = true;
    if (!config_.is_exit_announced) return;
    const wire::gossiperl::DigestExit exit{config_.member_name, wall.unix_ms / 1000,
                                           config_.secret};
    if (config_.group) {
        send_remote(*config_.group, {new_id(), exit});
        return;
    }
    for (const auto& [name, member] : members_.all()) send_remote(member.address, {new_id(), exit});
    assert(deadline() == kNever && now < kNever);
}

// -- Local clients --

/// Carries out what the sessions want, after each of their inputs.
void Node::drain_sessions(Instant now) {
    own_types_.reset();
    while (std::optional<client::Sessions::Action> action = sessions_.poll()) {
        std::visit(
            Overloaded{
                [&](client::Sessions::Send& send) {
                    outbox_.push(Send{Via::clients, send.to, std::move(send.letter)});
                },
                [&](client::Sessions::Published& published) {
                    ++counters_.published;
                    if (!seen_.insert(published.letter.id)) {
                        ++counters_.dropped_duplicate;
                        return;
                    }
                    forward(now, published.letter);
                    outbox_.push(MessageSeen{std::move(published.letter), {}});
                },
                [&](client::Sessions::Changed& changed) {
                    outbox_.push(MemberChanged{changed.event, std::move(changed.name), true});
                },
                [&](client::Sessions::Persist& persist) {
                    outbox_.push(Persist{std::move(persist.name), std::move(persist.session)});
                },
            },
            *action);
    }
}

/// What happened to other daemons is told to the outside and to the clients that want to know; who
/// is gone gets nothing any more.
void Node::tell_changes(Instant now, WallTime wall, const RemoteMembers::Changes& changes) {
    for (const RemoteMembers::Change& change : changes) {
        if (change.event == MemberEvent::out) {
            if (!GV_MUTANT(old_serve_the_gone)) redelivery_.stop_all(change.name);
            subscriptions_.remove_member(change.name);
        }
        outbox_.push(MemberChanged{change.event, change.name, false});
        sessions_.member_changed(now, wall, change.event, change.name);
        drain_sessions(now);
    }
}

// -- Outputs --

std::optional<Node::Action> Node::poll() {
    return outbox_.pop();
}

Instant Node::deadline() const {
    if (has_left_) return kNever;
    return std::min({sessions_.deadline(), members_.deadline(), subscriptions_.deadline(),
                     redelivery_.deadline(), next_round_at_});
}

// -- Questions --

std::vector<Node::MemberInfo> Node::members(Instant now) const {
    std::vector<MemberInfo> list = {{.name = config_.member_name,
                                     .address = config_.bind,
                                     .reachability = client::Reachability::reachable,
                                     .last_heard = now,
                                     .is_local = false,
                                     .is_self = true}};
    for (client::Sessions::Client& client : sessions_.clients()) {
        list.push_back({.name = std::move(client.name),
                        .address = client.address,
                        .reachability = client.reachability,
                        .last_heard = client.last_heard,
                        .is_local = true,
                        .is_self = false});
    }
    for (const auto& [name, member] : members_.all()) {
        const client::Liveness::Life& life = members_.life_of(name);
        list.push_back({.name = name,
                        .address = member.address,
                        .reachability = life.reachability,
                        .last_heard = life.last_heard,
                        .is_local = false,
                        .is_self = false});
    }
    std::ranges::sort(list.begin() + 1, list.end(), {}, &MemberInfo::name);
    return list;
}

std::vector<Node::Subscription> Node::subscriptions(Instant now) const {
    std::vector<Subscription> list;
    for (const client::Sessions::Client& client : sessions_.clients()) {
        for (const std::string& type : client.event_types) {
            list.push_back({type, client.name, config_.member_name, now});
        }
    }
    for (const auto& [key, entry] : subscriptions_.all()) {
        list.push_back({key.event_type, key.member_name, key.origin, entry.fresh_at});
    }
    std::ranges::sort(list, {}, [](const Subscription& subscription) {
        return std::tie(subscription.event_type, subscription.member_name, subscription.origin);
    });
    return list;
}

void Node::check_invariants() const {
    sessions_.check_invariants();
    members_.check_invariants();
    subscriptions_.check_invariants();
    redelivery_.check_invariants();
    assert(answerable_.size() <= kOldRoundsAnsweredMax);
    for (const auto& [name, member] : members_.all()) {
        assert(name != config_.member_name);
        assert(!is_client_address(member.address));
    }
    for (const auto& [key, entry] : subscriptions_.all()) {
        assert(!wire::gossiperl::is_member_event(key.event_type));
        assert(key.origin != config_.member_name);
    }
}

}  // namespace grapevine::gossiperl
