// Messages of applications: in from either side, out to whoever listens, until it acknowledges.
#include <algorithm>
#include <cassert>
#include <set>

#include "base/limits.hpp"
#include "base/mutant.hpp"
#include "base/overloaded.hpp"
#include "gossiperl/node.hpp"

namespace grapevine::gossiperl {

using wire::gossiperl::Application;
using wire::gossiperl::DigestForwardedAck;
using wire::gossiperl::DigestSubscription;
using wire::gossiperl::DigestSubscriptions;
using wire::gossiperl::Message;

namespace {

/// True for what an original daemon survives. digestEvent, digestError, digestSubscribeAck and
/// digestUnsubscribeAck end its messaging process, and a subscription to a member event makes it
/// ask for the first of them.
bool is_safe_for_peers(const Message& message) {
    return std::visit(
        Overloaded{
            [](const wire::gossiperl::Digest&) { return true; },
            [](const wire::gossiperl::DigestAck&) { return true; },
            [](const wire::gossiperl::DigestExit&) { return true; },
            [](const DigestForwardedAck&) { return true; },
            [](const Application& application) {
                return !wire::gossiperl::is_internal_type(application.type);
            },
            [](const DigestSubscriptions& list) {
                return std::ranges::none_of(
                    list.subscriptions, [](const DigestSubscription& subscription) {
                        return wire::gossiperl::is_member_event(subscription.event_type);
                    });
            },
            [](const auto&) { return false; },
        },
        message);
}

/// The payload type of a message that we may send on; null for everything else.
const std::string* type_of(const wire::gossiperl::Letter& letter) {
    const auto* application = std::get_if<Application>(&letter.message);
    if (application == nullptr || wire::gossiperl::is_internal_type(application->type)) {
        return nullptr;
    }
    return &application->type;
}

}  // namespace

/// The only way to other daemons: what is said to one of them is safe for it, and in a multicast
/// overlay said to all.
void Node::send_remote(const Endpoint& to, Letter letter) {
    assert(is_safe_for_peers(letter.message));
    assert(config_.group || !is_client_address(to));
    outbox_.push(Send{Via::overlay, config_.group.value_or(to), std::move(letter)});
}

void Node::publish(Instant now, WallTime /*wall*/, Letter letter) {
    if (has_left_) return;
    if (type_of(letter) == nullptr) {
        ++counters_.refused_type;
        return;
    }
    ++counters_.published;
    if (!seen_.insert(letter.id)) {
        ++counters_.dropped_duplicate;
        return;
    }
    forward(now, letter);
    sessions_.deliver(now, letter);
    drain_sessions(now);
    outbox_.push(MessageSeen{std::move(letter), {}});
}

void Node::send_to(Instant /*now*/, const Endpoint& to, Letter letter) {
    if (has_left_) return;
    if (type_of(letter) == nullptr) {
        ++counters_.refused_type;
        return;
    }
    if (is_client_address(to)) {
        outbox_.push(Send{Via::clients, to, std::move(letter)});
        return;
    }
    if (config_.group) own_ids_.insert(letter.id);
    send_remote(to, std::move(letter));
}

/// From another daemon, or from an application of another host. Every copy is acknowledged: without
/// that, an original sends for ever. It goes to local clients only: who has it, has told every
/// daemon that listens, and telling them again is how the originals' storms begin.
void Node::take_message(Instant now, const Endpoint& from, Letter letter) {
    const std::string* sender = members_.name_at(from);
    // Ours, and come back from the group by an address of ours that nobody has told us of.
    if (config_.group && sender == nullptr && own_ids_.contains(letter.id)) {
        ++counters_.dropped_own;
        return;
    }
    send_remote(from, {new_id(), DigestForwardedAck{.name = config_.member_name,
                                                    .reply_id = letter.id,
                                                    .secret = config_.secret}});
    if (!seen_.insert(letter.id) && !GV_MUTANT(old_forget_ids)) {
        ++counters_.dropped_duplicate;
        return;
    }
    ++counters_.received;
    if (GV_MUTANT(old_reforward)) forward(now, letter);
    std::string origin = sender != nullptr ? *sender : to_string(from);
    sessions_.deliver(now, letter);
    drain_sessions(now);
    outbox_.push(MessageSeen{std::move(letter), std::move(origin)});
}

/// A message that began on this host, to every other daemon with a listener.
void Node::forward(Instant now, const Letter& letter) {
    const std::string* type = type_of(letter);
    assert(type != nullptr);
    bool is_told = false;
    for (const std::string& name : subscriptions_.subscribers(*type)) {
        const RemoteMembers::Member* member = members_.find(name);
        if (member == nullptr) continue;
        const Endpoint to = config_.group.value_or(member->address);
        // One datagram to the group serves all of them; each of them acknowledges for itself.
        if (!config_.group || !is_told) {
            ++counters_.forwarded;
            send_remote(to, letter);
            is_told = true;
        }
        redelivery_.start(now, name, to, letter);
    }
    if (config_.group && is_told) own_ids_.insert(letter.id);
}

void Node::redeliver(Instant now) {
    redelivery_.advance(now);
    std::set<std::string> told;
    while (std::optional<client::Redelivery::Due> due = redelivery_.poll()) {
        if (config_.group && !told.insert(due->letter.id).second) continue;
        ++counters_.redelivered;
        send_remote(due->to, std::move(due->letter));
    }
}

void Node::expire_subscriptions(Instant now) {
    for (const Subscriptions::Key& key : subscriptions_.expire(now)) {
        if (GV_MUTANT(old_serve_the_gone)) continue;
        if (!subscriptions_.wants(key.member_name, key.event_type)) {
            redelivery_.stop(key.member_name, key.event_type);
        }
    }
}

}  // namespace grapevine::gossiperl
