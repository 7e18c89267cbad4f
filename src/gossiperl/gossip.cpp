// The rounds, and the answers to those of others.
#include <algorithm>
#include <numeric>
#include <set>

#include "base/limits.hpp"
#include "base/mutant.hpp"
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

/// While others are reachable, a seed that is not is asked once in so many rounds. At 2 s a round
/// two islands meet within some ten seconds, for one datagram in ten seconds.
constexpr std::uint64_t kRoundsPerSeed = 5;
/// Numbers, frames and lengths of one entry in a list, at most.
constexpr std::size_t kEntryFrameBytes = 48;
/// The longest text of an IPv6 address.
constexpr std::size_t kIpBytesMax = 39;

/// Which of `costs.size()` entries go into one list: as many as `kOldListBytesMax` holds, beginning
/// at `next` and round the end, which is moved on, so that in a few lists everything is told. All
/// of them, in order, if they fit.
std::vector<std::size_t> window(const std::vector<std::size_t>& costs, std::size_t& next) {
    std::vector<std::size_t> chosen;
    const std::size_t all = std::accumulate(costs.begin(), costs.end(), std::size_t{0});
    if (all <= kOldListBytesMax) next = 0;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < costs.size(); ++i) {
        next %= costs.size();
        bytes += costs[next];
        if (bytes > kOldListBytesMax && !chosen.empty()) break;
        chosen.push_back(next++);
    }
    return chosen;
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
    std::set<std::string> told;
    const auto tell = [&](const std::string& name) {
        const RemoteMembers::Member* member = members_.find(name);
        if (member == nullptr || !told.insert(name).second) return false;
        send_digest(member->address, wall, id);
        return true;
    };
    const std::string* reachable = members_.draw(Reachability::reachable, random_);
    if (reachable != nullptr) tell(*reachable);
    if (reachable == nullptr || counters_.rounds % kRoundsPerSeed == 0) ask_seed(wall, id);
    const std::string* unreachable = members_.draw(Reachability::unreachable, random_);
    if (unreachable != nullptr) tell(*unreachable);
    if (GV_MUTANT(old_ask_nobody)) return;
    for (const std::string& name : members_.to_ask(now, kOldAsksPerRoundMax)) {
        if (tell(name)) ++counters_.asked;
    }
    for (const std::string& name : subscriptions_.ageing(now, kOldAsksPerRoundMax)) {
        if (tell(name)) ++counters_.asked;
    }
}

/// One seed that is nobody whom we reach already.
void Node::ask_seed(WallTime wall, const std::string& id) {
    std::vector<Endpoint> seeds = config_.seeds;
    std::erase_if(seeds, [&](const Endpoint& seed) {
        if (is_own_host(seed) || is_client_address(seed)) return true;
        const std::string* name = members_.name_at(seed);
        return name != nullptr && members_.life_of(*name).reachability == Reachability::reachable;
    });
    if (!seeds.empty()) send_digest(seeds[random_.below(seeds.size())], wall, id);
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
    std::vector<const RemoteMembers::Named*> others;
    std::vector<std::size_t> costs;
    for (const RemoteMembers::Named& named : members_.all()) {
        const client::Liveness::Life& life = members_.life_of(named.first);
        if (!named.second.is_confirmed || life.reachability != Reachability::reachable) continue;
        others.push_back(&named);
        costs.push_back(kEntryFrameBytes + kIpBytesMax + named.first.size());
    }
    std::vector<DigestMember> list = {{.member_name = config_.member_name,
                                       .member_ip = ip_to_string(config_.bind),
                                       .member_port = config_.bind.port,
                                       .member_heartbeat = wall.unix_ms / 1000}};
    for (const std::size_t chosen : window(costs, members_told_)) {
        const auto& [name, member] = *others[chosen];
        Endpoint address = member.address;
        address.scope = 0;  // The number of an interface of ours.
        const Instant last_heard = members_.life_of(name).last_heard;
        list.push_back({.member_name = name,
                        .member_ip = ip_to_string(address),
                        .member_port = address.port,
                        .member_heartbeat = heartbeat_of(last_heard, now, wall)});
    }
    return list;
}

/// What is listened to here, under our own name, and what others have told, with the stamps that it
/// came with. Never a member event, and nothing that the receiver has told itself.
std::vector<DigestSubscription> Node::subscription_list(WallTime wall, std::string_view receiver) {
    struct Candidate {
        const std::string* event_type;
        const std::string* member_name;
        const std::string* origin;
        std::int64_t stamp;
    };
    std::vector<Candidate> candidates;
    const std::string* self = &config_.member_name;
    for (const std::string& type : own_types()) {
        candidates.push_back({&type, self, self, wall.unix_ms / 1000});
    }
    for (const auto& [key, entry] : subscriptions_.all()) {
        if (key.origin == receiver) continue;
        candidates.push_back({&key.event_type, &key.member_name, &key.origin, entry.stamp});
    }
    std::vector<std::size_t> costs;
    for (const Candidate& candidate : candidates) {
        costs.push_back(kEntryFrameBytes + candidate.event_type->size() +
                        candidate.member_name->size() + candidate.origin->size());
    }
    std::vector<DigestSubscription> list;
    for (const std::size_t chosen : window(costs, subscriptions_told_)) {
        const Candidate& candidate = candidates[chosen];
        list.push_back({.event_type = *candidate.event_type,
                        .member_name = *candidate.member_name,
                        .origin = *candidate.origin,
                        .heartbeat = candidate.stamp});
    }
    return list;
}

/// What local clients listen to and others may know, each type once.
const std::vector<std::string>& Node::own_types() {
    if (own_types_) return *own_types_;
    std::vector<std::string> types;
    std::ranges::copy_if(
        sessions_.event_types(), std::back_inserter(types), [](const std::string& type) {
            return !wire::gossiperl::is_member_event(type) || GV_MUTANT(old_ask_for_events);
        });
    own_types_ = std::move(types);
    return *own_types_;
}

}  // namespace grapevine::gossiperl
