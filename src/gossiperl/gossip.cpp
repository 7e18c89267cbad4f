// The rounds, and the answers to those of others.
#include <algorithm>
#include <array>
#include <cassert>

#include "base/limits.hpp"
#include "client/uuid.hpp"
#include "gossiperl/heartbeat.hpp"
#include "gossiperl/node.hpp"

namespace grapevine::gossiperl {

using client::Reachability;
using wire::gossiperl::Digest;
using wire::gossiperl::DigestAck;
using wire::gossiperl::DigestMember;
using wire::gossiperl::DigestSubscription;
using wire::gossiperl::DigestSubscriptions;

namespace {

/// Numbers, frames and lengths of one entry in a list, at most.
constexpr std::size_t kEntryFrameBytes = 48;

std::size_t cost_of(const DigestMember& entry) {
    return kEntryFrameBytes + entry.member_name.size() + entry.member_ip.size();
}

std::size_t cost_of(const DigestSubscription& entry) {
    return kEntryFrameBytes + entry.event_type.size() + entry.member_name.size() +
           entry.origin.size();
}

/// As much of `entries` as `kOldListBytesMax` holds, beginning at `next` and round the end, which
/// is moved on: so that in a few lists everything is told. All of it if it fits.
template <typename Entry>
std::vector<Entry> window(std::vector<Entry> entries, std::size_t& next) {
    std::size_t bytes = 0;
    for (const Entry& entry : entries) bytes += cost_of(entry);
    if (bytes <= kOldListBytesMax) return entries;
    std::vector<Entry> part;
    bytes = 0;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        next %= entries.size();
        bytes += cost_of(entries[next]);
        if (bytes > kOldListBytesMax && !part.empty()) break;
        part.push_back(std::move(entries[next++]));
    }
    return part;
}

}  // namespace

std::string Node::new_id() {
    return client::uuid_text(random_);
}

void Node::gossip(Instant now, WallTime wall) {
    ++counters_.rounds;
    const std::string id = new_id();
    answerable_.push_back(id);
    if (answerable_.size() > kOldRoundsAnsweredMax) answerable_.pop_front();
    if (config_.group) {
        send_digest(*config_.group, wall, id);
        return;
    }
    const std::string* reachable = members_.draw(Reachability::reachable, random_);
    if (reachable != nullptr) {
        send_digest(members_.find(*reachable)->address, wall, id);
    } else {
        std::vector<Endpoint> seeds = config_.seeds;
        std::erase_if(seeds, [&](const Endpoint& seed) {
            return is_own_host(seed) || is_client_address(seed);
        });
        if (!seeds.empty()) send_digest(seeds[random_.below(seeds.size())], wall, id);
    }
    const std::string* unreachable = members_.draw(Reachability::unreachable, random_);
    if (unreachable != nullptr) send_digest(members_.find(*unreachable)->address, wall, id);
    for (const std::string& name : members_.to_ask(now, kOldAsksPerRoundMax)) {
        if (reachable != nullptr && name == *reachable) continue;
        ++counters_.asked;
        send_digest(members_.find(name)->address, wall, id);
    }
}

void Node::send_digest(const Endpoint& to, WallTime wall, const std::string& id) {
    send_remote(to, {new_id(), Digest{.name = config_.member_name,
                                      .port = config_.bind.port,
                                      .heartbeat = wall.unix_ms / 1000,
                                      .id = id,
                                      .secret = config_.secret}});
}

void Node::answer(Instant now, WallTime wall, const Endpoint& to, const Digest& digest) {
    send_remote(to, {new_id(), DigestAck{.name = config_.member_name,
                                         .heartbeat = wall.unix_ms / 1000,
                                         .reply_id = digest.id,
                                         .membership = membership_list(now, wall)}});
    std::vector<DigestSubscription> subscriptions = subscription_list(wall, digest.name);
    if (subscriptions.empty()) return;
    send_remote(to, {new_id(), DigestSubscriptions{.name = config_.member_name,
                                                   .heartbeat = wall.unix_ms / 1000,
                                                   .reply_id = digest.id,
                                                   .subscriptions = std::move(subscriptions)}});
}

/// Ourselves, and the reachable ones, as the original lists them; but nobody whom we have only been
/// told of (see remote_members.hpp).
std::vector<DigestMember> Node::membership_list(Instant now, WallTime wall) {
    std::vector<DigestMember> others;
    for (const auto& [name, member] : members_.all()) {
        const client::Liveness::Life& life = members_.life_of(name);
        if (!member.is_confirmed || life.reachability != Reachability::reachable) continue;
        Endpoint address = member.address;
        address.scope = 0;  // The number of an interface of ours.
        others.push_back({.member_name = name,
                          .member_ip = ip_to_string(address),
                          .member_port = address.port,
                          .member_heartbeat = heartbeat_of(life.last_heard, now, wall)});
    }
    std::vector<DigestMember> list = {{.member_name = config_.member_name,
                                       .member_ip = ip_to_string(config_.bind),
                                       .member_port = config_.bind.port,
                                       .member_heartbeat = wall.unix_ms / 1000}};
    std::ranges::move(window(std::move(others), members_told_), std::back_inserter(list));
    return list;
}

/// What is listened to here, under our own name, and what others have told, with the stamps that it
/// came with. Never a member event, and nothing that the receiver has told itself.
std::vector<DigestSubscription> Node::subscription_list(WallTime wall, std::string_view receiver) {
    std::vector<DigestSubscription> list;
    for (const std::string& type : own_types()) {
        list.push_back({.event_type = type,
                        .member_name = config_.member_name,
                        .origin = config_.member_name,
                        .heartbeat = wall.unix_ms / 1000});
    }
    for (const auto& [key, entry] : subscriptions_.all()) {
        if (key.origin == receiver) continue;
        list.push_back({.event_type = key.event_type,
                        .member_name = key.member_name,
                        .origin = key.origin,
                        .heartbeat = entry.stamp});
    }
    return window(std::move(list), subscriptions_told_);
}

/// What local clients listen to and others may know, each type once.
const std::vector<std::string>& Node::own_types() {
    if (own_types_) return *own_types_;
    std::vector<std::string> types;
    std::ranges::copy_if(
        sessions_.event_types(), std::back_inserter(types),
        [](const std::string& type) { return !wire::gossiperl::is_member_event(type); });
    own_types_ = std::move(types);
    return *own_types_;
}

}  // namespace grapevine::gossiperl
