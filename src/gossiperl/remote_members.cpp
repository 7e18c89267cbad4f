#include "gossiperl/remote_members.hpp"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <tuple>

#include "base/limits.hpp"
#include "base/mutant.hpp"
#include "gossiperl/heartbeat.hpp"

namespace grapevine::gossiperl {

using client::MemberEvent;
using client::Reachability;

namespace {

/// Where a clock that shows `heartbeat` whole seconds stood, at the latest, at the zero of ours.
std::optional<std::int64_t> clock_of(Instant now, std::int64_t heartbeat) {
    if (!is_heartbeat(heartbeat)) return std::nullopt;
    return heartbeat * 1000 + 999 - milliseconds_of(now);
}

}  // namespace

RemoteMembers::RemoteMembers(client::LivenessTimes times) : times_(times), liveness_(times) {}

RemoteMembers::Changes RemoteMembers::heard_itself(Instant now, const std::string& name,
                                                   const Endpoint& address, Word word,
                                                   std::int64_t heartbeat) {
    const bool is_proof = word == Word::with_secret;
    const auto found = members_.find(name);
    if (found == members_.end()) {
        return take_in(now, now, name,
                       Member{.address = address,
                              .is_proven = is_proof,
                              .is_confirmed = true,
                              .clock_ms = clock_of(now, heartbeat),
                              .asked_at = Instant::min()});
    }
    Member& member = found->second;
    if (is_proof) {
        member.is_proven = true;
        move(member, name, address);
    }
    member.is_confirmed = true;
    member.clock_ms = clock_of(now, heartbeat);
    return settle(now, liveness_.heard(now, name, now));
}

RemoteMembers::Reading RemoteMembers::reading_of(Instant now, WallTime wall,
                                                 std::int64_t teller_clock) const {
    std::int64_t latest = wall.unix_ms - milliseconds_of(now);
    for (const auto& [name, member] : members_) {
        if (member.clock_ms) latest = std::max(latest, *member.clock_ms);
    }
    return {teller_clock, latest};
}

RemoteMembers::Changes RemoteMembers::heard_of(Instant now, const std::string& name,
                                               const Endpoint& address, const Reading& reading,
                                               std::int64_t heartbeat) {
    if (!is_heartbeat(heartbeat) || !is_heartbeat(reading.teller_clock)) return {};
    // The latest clock can make it seem too old, never too young. A number beyond even that clock
    // was made by none that we know, and is no news of anybody.
    const std::int64_t certain_ms = std::max(heartbeat * 1000 - reading.latest_clock_ms,
                                             milliseconds_of(now) - kHeartbeatAgeMax.count());
    const bool is_certain = certain_ms <= milliseconds_of(now);
    const Instant certain = is_certain ? Instant(std::chrono::milliseconds(certain_ms)) : Instant{};

    if (const auto found = members_.find(name); found != members_.end()) {
        if (GV_MUTANT(old_believe_hearsay)) {
            const Duration age = age_of(heartbeat, reading.teller_clock * 1000);
            return settle(now, liveness_.heard(now, name, now - age));
        }
        if (!is_certain) return {};
        // News that is nearly stale itself would make it rejoin for a second: tellers differ by
        // what they heard last, and a member that just died would flap in the views of all.
        const bool is_fresh = now - certain < times_.quarantine_after / 2;
        if (life_of(name).reachability != Reachability::reachable && !is_fresh) return {};
        if (certain > life_of(name).last_heard) found->second.is_confirmed = true;
        return settle(now, liveness_.heard(now, name, certain));
    }
    const auto departed = departed_.find(name);
    if (departed != departed_.end() && !(is_certain && certain > departed->second)) return {};
    const Duration age = age_of(heartbeat, reading.teller_clock * 1000);
    if (age >= times_.quarantine_after) return {};
    return take_in(now, now - age, name,
                   Member{.address = address,
                          .is_proven = false,
                          .is_confirmed = false,
                          .clock_ms = std::nullopt,
                          .asked_at = Instant::min()});
}

RemoteMembers::Changes RemoteMembers::take_in(Instant now, Instant at, const std::string& name,
                                              const Member& member) {
    assert(has_room());
    Changes changes = liveness_.heard(now, name, at);
    if (changes.empty()) return changes;  // So short a life that it is over already.
    members_.emplace(name, member);
    by_address_.emplace(member.address, name);
    forget_departure(name);
    return settle(now, std::move(changes));
}

RemoteMembers::Changes RemoteMembers::remove(Instant now, const std::string& name) {
    return settle(now, liveness_.remove(name));
}

RemoteMembers::Changes RemoteMembers::advance(Instant now) {
    return settle(now, liveness_.advance(now));
}

void RemoteMembers::set_times(client::LivenessTimes times) {
    times_ = times;
    liveness_.set_times(times);
}

bool RemoteMembers::has_room() const {
    return members_.size() < kOldMembersMax;
}

const RemoteMembers::Member* RemoteMembers::find(std::string_view name) const {
    const auto found = members_.find(name);
    return found == members_.end() ? nullptr : &found->second;
}

const client::Liveness::Life& RemoteMembers::life_of(std::string_view name) const {
    const client::Liveness::Life* life = liveness_.find(name);
    assert(life != nullptr);
    return *life;
}

const std::string* RemoteMembers::name_at(const Endpoint& address) const {
    const std::string* name = nullptr;
    for (auto at = by_address_.lower_bound({address, {}});
         at != by_address_.end() && at->first == address; ++at) {
        if (members_.find(at->second)->second.is_proven) return &at->second;
        if (name == nullptr) name = &at->second;
    }
    return name;
}

bool RemoteMembers::is_proven_host(const Endpoint& address) const {
    Endpoint first;
    first.ip = address.ip;
    for (auto at = by_address_.lower_bound({first, {}});
         at != by_address_.end() && at->first.ip == address.ip; ++at) {
        if (members_.find(at->second)->second.is_proven) return true;
    }
    return false;
}

const std::string* RemoteMembers::draw(Reachability state, Random& random) const {
    std::vector<const std::string*> candidates;
    for (const auto& [name, member] : members_) {
        if (life_of(name).reachability == state) candidates.push_back(&name);
    }
    return candidates.empty() ? nullptr : candidates[random.below(candidates.size())];
}

bool RemoteMembers::is_silent(Instant now, const Member& member, Instant last_heard) const {
    return !member.is_confirmed || now - last_heard >= times_.quarantine_after / 2;
}

std::vector<std::string> RemoteMembers::to_ask(Instant now, std::size_t max) {
    using Candidate = std::tuple<Reachability, Instant, std::string>;
    std::vector<Candidate> candidates;
    for (const auto& [name, member] : members_) {
        const client::Liveness::Life& life = life_of(name);
        if (life.reachability == Reachability::unreachable) continue;
        if (!is_silent(now, member, life.last_heard)) continue;
        candidates.emplace_back(life.reachability, member.asked_at, name);
    }
    static_assert(Reachability::reachable < Reachability::quarantine);
    std::ranges::sort(candidates);
    if (candidates.size() > max) candidates.resize(max);
    std::vector<std::string> names;
    for (auto& [state, asked_at, name] : candidates) {
        members_.find(name)->second.asked_at = now;
        names.push_back(std::move(name));
    }
    return names;
}

RemoteMembers::Changes RemoteMembers::settle(Instant now, Changes changes) {
    for (const Change& change : changes) {
        if (change.event == MemberEvent::out) depart(now, change.name);
    }
    return changes;
}

void RemoteMembers::move(Member& member, const std::string& name, const Endpoint& address) {
    if (member.address == address) return;
    by_address_.erase({member.address, name});
    member.address = address;
    by_address_.emplace(address, name);
}

void RemoteMembers::depart(Instant now, const std::string& name) {
    const auto found = members_.find(name);
    assert(found != members_.end());
    by_address_.erase({found->second.address, name});
    members_.erase(found);
    forget_departure(name);
    departed_.emplace(name, now);
    departed_by_age_.emplace(now, name);
    if (departed_.size() > kOldDepartedMax) {
        departed_.erase(departed_by_age_.begin()->second);
        departed_by_age_.erase(departed_by_age_.begin());
    }
}

void RemoteMembers::forget_departure(const std::string& name) {
    const auto found = departed_.find(name);
    if (found == departed_.end()) return;
    departed_by_age_.erase({found->second, name});
    departed_.erase(found);
}

void RemoteMembers::check_invariants() const {
    assert(members_.size() <= kOldMembersMax);
    assert(members_.size() == liveness_.size());
    assert(by_address_.size() == members_.size());
    assert(departed_.size() <= kOldDepartedMax && departed_.size() == departed_by_age_.size());
    for (const auto& [name, member] : members_) {
        assert(liveness_.find(name) != nullptr);
        assert(by_address_.contains({member.address, name}));
        assert(!departed_.contains(name));
    }
}

}  // namespace grapevine::gossiperl
