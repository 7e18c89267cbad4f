#include "client/liveness.hpp"

#include <cassert>

#include "client/later.hpp"

namespace grapevine::client {
std::string_view to_string(Reachability reachability) {
    switch (reachability) {
        case Reachability::reachable:
            return "reachable";
        case Reachability::quarantine:
            return "quarantine";
        case Reachability::unreachable:
            return "unreachable";
    }
    assert(false && "no such reachability");
    return "";
}

std::string_view to_string(MemberEvent event) {
    switch (event) {
        case MemberEvent::in:
            return "member_in";
        case MemberEvent::quarantine:
            return "member_quarantine";
        case MemberEvent::unreachable:
            return "member_unreachable";
        case MemberEvent::drop:
            return "member_drop";
        case MemberEvent::out:
            return "member_out";
        case MemberEvent::rejoin:
            return "member_rejoin";
    }
    assert(false && "no such event");
    return "";
}

Liveness::Liveness(LivenessTimes times) : times_(times) {}

Instant Liveness::verdict_at(const Life& life) const {
    const Instant quarantine_at = later(life.last_heard, times_.quarantine_after);
    switch (life.reachability) {
        case Reachability::reachable:
            return quarantine_at;
        case Reachability::quarantine:
            return later(quarantine_at, times_.max_quarantined);
        case Reachability::unreachable:
            break;
    }
    if (times_.drop_unreachable_after == Duration::zero()) return kNever;
    return later(life.last_heard, times_.drop_unreachable_after);
}

void Liveness::schedule(const std::string& name, Entry& entry) {
    if (entry.verdict_at != kNever) verdicts_.erase({entry.verdict_at, name});
    entry.verdict_at = verdict_at(entry.life);
    if (entry.verdict_at != kNever) verdicts_.emplace(entry.verdict_at, name);
}

std::vector<Liveness::Change> Liveness::heard(Instant now, const std::string& name, Instant at) {
    assert(at <= now && "who tells of the future has to be corrected before");
    const auto found = entries_.find(name);
    if (found == entries_.end()) {
        const bool is_unreachable = now >= verdict_at({Reachability::quarantine, at});
        if (is_unreachable && now >= verdict_at({Reachability::unreachable, at})) return {};
        Entry& entry = entries_[name];
        entry.life.last_heard = at;
        schedule(name, entry);
        return {{MemberEvent::in, name}};
    }
    Entry& entry = found->second;
    if (at <= entry.life.last_heard) return {};
    entry.life.last_heard = at;
    std::vector<Change> changes;
    const bool is_silent = entry.life.reachability != Reachability::reachable;
    if (is_silent && now < verdict_at({Reachability::reachable, at})) {
        entry.life.reachability = Reachability::reachable;
        changes.push_back({MemberEvent::rejoin, name});
    }
    schedule(name, entry);
    return changes;
}

std::vector<Liveness::Change> Liveness::remove(const std::string& name) {
    const auto found = entries_.find(name);
    if (found == entries_.end()) return {};
    verdicts_.erase({found->second.verdict_at, name});
    entries_.erase(found);
    return {{MemberEvent::out, name}};
}

void Liveness::pass_verdict(Entries::iterator where, std::vector<Change>& changes) {
    const std::string& name = where->first;
    Entry& entry = where->second;
    switch (entry.life.reachability) {
        case Reachability::reachable:
            entry.life.reachability = Reachability::quarantine;
            changes.push_back({MemberEvent::quarantine, name});
            break;
        case Reachability::quarantine:
            entry.life.reachability = Reachability::unreachable;
            changes.push_back({MemberEvent::unreachable, name});
            break;
        case Reachability::unreachable:
            changes.push_back({MemberEvent::drop, name});
            changes.push_back({MemberEvent::out, name});
            verdicts_.erase({entry.verdict_at, name});
            entries_.erase(where);
            return;
    }
    schedule(name, entry);
}

std::vector<Liveness::Change> Liveness::advance(Instant now) {
    std::vector<Change> changes;
    while (!verdicts_.empty() && verdicts_.begin()->first <= now) {
        pass_verdict(entries_.find(verdicts_.begin()->second), changes);
    }
    return changes;
}

Instant Liveness::deadline() const {
    return verdicts_.empty() ? kNever : verdicts_.begin()->first;
}

void Liveness::set_times(LivenessTimes times) {
    times_ = times;
}

const Liveness::Life* Liveness::find(std::string_view name) const {
    const auto found = entries_.find(name);
    return found == entries_.end() ? nullptr : &found->second.life;
}

void Liveness::check_invariants() const {
    std::size_t scheduled = 0;
    for (const auto& [name, entry] : entries_) {
        if (entry.verdict_at == kNever) continue;
        assert(verdicts_.contains({entry.verdict_at, name}));
        ++scheduled;
    }
    assert(scheduled == verdicts_.size());
}

}  // namespace grapevine::client
