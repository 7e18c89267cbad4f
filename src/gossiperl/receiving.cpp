// What other daemons say. Everything that does not fit is counted, and changes nothing else.
#include <algorithm>
#include <cassert>
#include <fmt/core.h>

#include "base/limits.hpp"
#include "base/overloaded.hpp"
#include "gossiperl/heartbeat.hpp"
#include "gossiperl/node.hpp"

namespace grapevine::gossiperl {

using wire::gossiperl::Application;
using wire::gossiperl::Digest;
using wire::gossiperl::DigestAck;
using wire::gossiperl::DigestExit;
using wire::gossiperl::DigestForwardedAck;
using wire::gossiperl::DigestMember;
using wire::gossiperl::DigestSubscription;
using wire::gossiperl::DigestSubscriptions;

namespace {

/// In a time that depends on the lengths only, so that answers do not tell how much was right.
bool is_same_secret(std::string_view ours, std::string_view theirs) {
    if (ours.size() != theirs.size()) return false;
    unsigned difference = 0;
    for (std::size_t i = 0; i < ours.size(); ++i) {
        difference |= static_cast<unsigned>(ours[i] ^ theirs[i]);
    }
    return difference == 0;
}

bool is_port(std::int32_t port) {
    return port >= 1 && port <= UINT16_MAX;
}

std::optional<Endpoint> parse_ip(std::string_view ip, std::int32_t port) {
    // A scope is the number of an interface of another host, and means nothing here.
    if (!is_port(port) || ip.find('%') != std::string_view::npos) return std::nullopt;
    const bool is_v6 = ip.find(':') != std::string_view::npos;
    const Result<Endpoint> endpoint =
        Endpoint::parse(is_v6 ? fmt::format("[{}]:{}", ip, port) : fmt::format("{}:{}", ip, port));
    return endpoint ? std::optional(*endpoint) : std::nullopt;
}

/// Groups and the address of everybody: one entry with it would make every round a shout.
bool is_many(const Endpoint& endpoint) {
    if (!endpoint.is_v4()) return endpoint.ip[0] == 0xff;
    return endpoint.ip[12] >= 224;
}

bool is_link_local(const Endpoint& endpoint) {
    return endpoint.ip[0] == 0xfe && (endpoint.ip[1] & 0xc0U) == 0x80;
}

Endpoint with_port(Endpoint endpoint, std::int32_t port) {
    endpoint.port = static_cast<std::uint16_t>(port);
    return endpoint;
}

}  // namespace

void Node::receive_remote(Instant now, WallTime wall, const Endpoint& from, Letter letter) {
    // What we send to the group comes back to us. Nobody else of this host can be in the group: the
    // port is ours.
    if (config_.group && is_own_host(from)) {
        ++counters_.dropped_own;
        return;
    }
    if (!is_admitted(now, from, letter.message)) {
        ++counters_.dropped_limited;
        return;
    }
    std::visit(Overloaded{
                   [&](const Digest& digest) { take(now, wall, from, digest); },
                   [&](const DigestAck& ack) { take(now, wall, from, ack); },
                   [&](const DigestSubscriptions& list) { take(now, from, list); },
                   [&](const DigestExit& exit) { take(now, wall, exit); },
                   [&](const DigestForwardedAck& ack) { take(ack); },
                   [&](const Application&) { take_message(now, from, std::move(letter)); },
                   [&](const auto&) { ++counters_.refused_type; },
               },
               letter.message);
}

bool Node::is_admitted(Instant now, const Endpoint& from, const wire::gossiperl::Message& message) {
    using Kind = SourceLimiter::Kind;
    return std::visit(
        Overloaded{
            [&](const Digest&) { return limiter_.take(now, from, Kind::digest); },
            [&](const Application&) { return limiter_.take(now, from, Kind::message); },
            // Costs one look-up, and draws no answer; but each that is lost draws a
            // further copy from us.
            [&](const DigestForwardedAck&) { return true; },
            [&](const auto&) { return limiter_.take(now, from, Kind::table); },
        },
        message);
}

bool Node::is_expected(const Endpoint& from, std::string_view reply_id) const {
    return std::ranges::find(answerable_, reply_id) != answerable_.end() ||
           members_.is_proven_host(from);
}

bool Node::is_own_host(const Endpoint& address) const {
    if (!config_.bind.is_unspecified() && config_.bind.ip == address.ip) return true;
    return std::ranges::any_of(config_.own_addresses,
                               [&](const Endpoint& own) { return own.ip == address.ip; });
}

void Node::take(Instant now, WallTime wall, const Endpoint& from, const Digest& digest) {
    if (digest.name == config_.member_name) {
        ++counters_.dropped_own;
        return;
    }
    if (digest.name.empty() || sessions_.has(digest.name)) {
        ++counters_.refused_name;
        return;
    }
    // With the secret of now, and with nothing that was remembered with the member: the original
    // compares with that too, and a changed secret strands everybody it knew.
    if (!is_same_secret(config_.secret, digest.secret)) {
        ++counters_.refused_secret;
        return;
    }
    if (!is_port(digest.port)) {
        ++counters_.refused_address;
        return;
    }
    const Endpoint address = with_port(from, digest.port);
    const RemoteMembers::Member* known = members_.find(digest.name);
    if (known == nullptr && !members_.has_room()) {
        ++counters_.refused_members_max;
        return;
    }
    ++counters_.digests;
    if (known != nullptr && known->address != address && !config_.group) {
        redelivery_.move(digest.name, address);
    }
    tell_changes(now, wall,
                 members_.heard_itself(now, digest.name, address, RemoteMembers::Word::with_secret,
                                       digest.heartbeat));
    answer(now, wall, address, digest);
}

void Node::take(Instant now, WallTime wall, const Endpoint& from, const DigestAck& ack) {
    if (ack.name == config_.member_name) {
        ++counters_.dropped_own;
        return;
    }
    if (!is_expected(from, ack.reply_id)) {
        ++counters_.refused_unasked;
        return;
    }
    if (ack.name.empty() || sessions_.has(ack.name)) {
        ++counters_.refused_name;
        return;
    }
    ++counters_.answers;
    // In a multicast overlay we hear the answers to everybody's digests. Those are the sender's own
    // word too, if they come from where it lives.
    const RemoteMembers::Member* sender = members_.find(ack.name);
    const bool is_own_word = std::ranges::find(answerable_, ack.reply_id) != answerable_.end() ||
                             (sender != nullptr && sender->address.ip == from.ip);
    if (sender != nullptr && is_own_word) {
        tell_changes(now, wall,
                     members_.heard_itself(now, ack.name, sender->address,
                                           RemoteMembers::Word::in_answer, ack.heartbeat));
    }
    const RemoteMembers::Reading reading = members_.reading_of(now, wall, ack.heartbeat);
    for (const DigestMember& entry : ack.membership) {
        if (entry.member_name == config_.member_name) continue;
        take_entry(now, wall, from, ack, is_own_word, reading, entry);
    }
}

void Node::take_entry(Instant now, WallTime wall, const Endpoint& from, const DigestAck& ack,
                      bool is_own_word, const RemoteMembers::Reading& reading,
                      const DigestMember& entry) {
    if (entry.member_name.empty() || sessions_.has(entry.member_name)) {
        ++counters_.refused_name;
        return;
    }
    const std::optional<Endpoint> address = address_of(entry, from);
    if (!address) {
        ++counters_.refused_address;
        return;
    }
    if (members_.find(entry.member_name) == nullptr && !members_.has_room()) {
        ++counters_.refused_members_max;
        return;
    }
    tell_changes(
        now, wall,
        is_own_word && entry.member_name == ack.name
            ? members_.heard_itself(now, entry.member_name, *address,
                                    RemoteMembers::Word::in_answer, ack.heartbeat)
            : members_.heard_of(now, entry.member_name, *address, reading, entry.member_heartbeat));
}

/// Where a peer of this entry would be; nothing if there can be none. Whoever writes such entries
/// decides to whom every daemon sends its digests, so what is certainly no daemon is refused.
std::optional<Endpoint> Node::address_of(const DigestMember& entry, const Endpoint& from) const {
    std::optional<Endpoint> address = parse_ip(entry.member_ip, entry.member_port);
    if (!address) return std::nullopt;
    if (address->is_unspecified()) address = with_port(from, entry.member_port);
    if (is_link_local(*address)) address->scope = from.scope;
    if (is_many(*address) || is_own_host(*address) || is_client_address(*address)) {
        return std::nullopt;
    }
    // The rest of 127.0.0.0/8 is for trying several daemons on one host, and only they speak of it.
    if (address->is_loopback() && !from.is_loopback()) return std::nullopt;
    return address;
}

void Node::take(Instant now, const Endpoint& from, const DigestSubscriptions& list) {
    if (list.name == config_.member_name) {
        ++counters_.dropped_own;
        return;
    }
    if (!is_expected(from, list.reply_id)) {
        ++counters_.refused_unasked;
        return;
    }
    if (!is_heartbeat(list.heartbeat)) {
        ++counters_.refused_heartbeat;
        return;
    }
    ++counters_.subscription_lists;
    for (const DigestSubscription& entry : list.subscriptions) take(now, list, entry);
}

void Node::take(Instant now, const DigestSubscriptions& list, const DigestSubscription& entry) {
    // A peer that is told of member events crashes; that it asked for them does not help.
    if (wire::gossiperl::is_member_event(entry.event_type)) {
        ++counters_.refused_member_event;
        return;
    }
    if (entry.origin == config_.member_name || entry.member_name == config_.member_name ||
        sessions_.has(entry.member_name)) {
        ++counters_.refused_origin;
        return;
    }
    if (!is_heartbeat(entry.heartbeat)) {
        ++counters_.refused_heartbeat;
        return;
    }
    // How old the entry is, is known best on the clock of its origin, which made the stamp.
    const bool is_own_word = entry.origin == list.name;
    const RemoteMembers::Member* origin = members_.find(entry.origin);
    std::int64_t clock_ms = list.heartbeat * 1000;
    if (!is_own_word && origin != nullptr && origin->clock_ms) {
        clock_ms = *origin->clock_ms + milliseconds_of(now);
    }
    const Duration age = age_of(entry.heartbeat, clock_ms);
    const auto verdict =
        subscriptions_.offer(now, {entry.event_type, entry.member_name, entry.origin},
                             {entry.heartbeat, now - age}, is_own_word);
    if (verdict == Subscriptions::Verdict::refused_limit) ++counters_.refused_subscriptions_max;
}

void Node::take(Instant now, WallTime wall, const DigestExit& exit) {
    if (exit.name == config_.member_name) {
        ++counters_.dropped_own;
        return;
    }
    if (members_.find(exit.name) == nullptr) {
        ++counters_.refused_unknown;
        return;
    }
    if (!is_same_secret(config_.secret, exit.secret)) {
        ++counters_.refused_secret;
        return;
    }
    ++counters_.exits;
    tell_changes(now, wall, members_.remove(now, exit.name));
}

void Node::take(const DigestForwardedAck& ack) {
    if (ack.name == config_.member_name) {
        ++counters_.dropped_own;
        return;
    }
    if (!is_same_secret(config_.secret, ack.secret)) {
        ++counters_.refused_secret;
        return;
    }
    if (redelivery_.acknowledge(ack.name, ack.reply_id)) {
        ++counters_.acknowledged;
    } else {
        ++counters_.acknowledged_late;
    }
}

}  // namespace grapevine::gossiperl
