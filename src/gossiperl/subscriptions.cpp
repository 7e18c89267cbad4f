#include "gossiperl/subscriptions.hpp"

#include <algorithm>
#include <cassert>

#include "base/limits.hpp"
#include "client/later.hpp"

namespace grapevine::gossiperl {

Subscriptions::Verdict Subscriptions::offer(Instant now, const Key& key, Entry entry,
                                            bool is_own_word) {
    assert(entry.fresh_at <= now);
    if (client::later(entry.fresh_at, stale_after_) <= now) return Verdict::old;
    const auto found = entries_.find(key);
    if (found == entries_.end()) {
        if (entries_.size() >= kOldSubscriptionsMax) return Verdict::refused_limit;
        entries_.emplace(key, entry);
        by_age_.emplace(entry.fresh_at, key);
        return Verdict::added;
    }
    Entry& known = found->second;
    if (entry.stamp <= known.stamp && !is_own_word) return Verdict::old;
    by_age_.erase({known.fresh_at, key});
    known.stamp = entry.stamp;
    known.fresh_at = std::max(known.fresh_at, entry.fresh_at);
    by_age_.emplace(known.fresh_at, key);
    return Verdict::refreshed;
}

std::vector<Subscriptions::Key> Subscriptions::expire(Instant now) {
    std::vector<Key> stale;
    while (!by_age_.empty() && deadline() <= now) {
        stale.push_back(by_age_.begin()->second);
        entries_.erase(by_age_.begin()->second);
        by_age_.erase(by_age_.begin());
    }
    return stale;
}

void Subscriptions::remove_member(std::string_view member_name) {
    std::erase_if(entries_, [&](const auto& entry) {
        if (entry.first.member_name != member_name) return false;
        by_age_.erase({entry.second.fresh_at, entry.first});
        return true;
    });
}

std::vector<std::string> Subscriptions::subscribers(std::string_view event_type) const {
    std::vector<std::string> names;
    for (auto at = entries_.lower_bound(Key{std::string(event_type), {}, {}});
         at != entries_.end() && at->first.event_type == event_type; ++at) {
        if (names.empty() || names.back() != at->first.member_name) {
            names.push_back(at->first.member_name);
        }
    }
    return names;
}

bool Subscriptions::wants(std::string_view member_name, std::string_view event_type) const {
    const auto at =
        entries_.lower_bound(Key{std::string(event_type), std::string(member_name), {}});
    return at != entries_.end() && at->first.event_type == event_type &&
           at->first.member_name == member_name;
}

std::vector<std::string> Subscriptions::ageing(Instant now, std::size_t max) const {
    std::vector<std::string> names;
    for (const auto& [fresh_at, key] : by_age_) {
        if (names.size() == max || client::later(fresh_at, stale_after_ / 2) > now) break;
        if (std::ranges::find(names, key.member_name) == names.end()) {
            names.push_back(key.member_name);
        }
    }
    return names;
}

Instant Subscriptions::deadline() const {
    return by_age_.empty() ? kNever : client::later(by_age_.begin()->first, stale_after_);
}

void Subscriptions::check_invariants() const {
    assert(entries_.size() == by_age_.size());
    assert(entries_.size() <= kOldSubscriptionsMax);
    for (const auto& [fresh_at, key] : by_age_) assert(entries_.at(key).fresh_at == fresh_at);
}

}  // namespace grapevine::gossiperl
