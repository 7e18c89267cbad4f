#pragma once

#include <chrono>
#include <gtest/gtest.h>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.hpp"
#include "protocol/state/records.hpp"

// What the tests of `Records` share. Never included by what ships.
namespace grapevine::protocol::testing_records {

using namespace std::chrono_literals;
using wire::StateDelta;
using wire::StateItem;

inline constexpr MemberId kOwner{1};
inline constexpr MemberId kOther{2};
inline constexpr std::size_t kBudget = 1100;

inline Instant at(Duration since_start) {
    return Instant{} + since_start;
}

inline ProtocolConfig config_with_life(Duration tombstone_life) {
    ProtocolConfig config;
    config.tombstone_life = tombstone_life;
    return config;
}

inline Records make(MemberId self, Duration tombstone_life = 24h) {
    return {self, Record{}, config_with_life(tombstone_life)};
}

inline std::vector<Records::Action> drain(Records& records) {
    std::vector<Records::Action> actions;
    while (auto action = records.poll()) actions.push_back(std::move(*action));
    records.check_invariants();
    return actions;
}

inline Version put(Records& records, std::string_view key, std::string_view value,
                   Instant now = {}) {
    const auto version = records.set(now, key, value);
    EXPECT_TRUE(version.has_value());
    drain(records);
    return version.value_or(Version{});
}

inline void remove(Records& records, std::string_view key, Instant now = {}) {
    EXPECT_TRUE(records.erase(now, key).has_value());
    drain(records);
}

/// What `to` lacks of `from`'s own record, in one delta.
inline std::optional<StateDelta> between(const Records& from, const Records& to,
                                         std::size_t budget = kBudget) {
    const Record* held = to.find(kOwner);
    return from.delta(kOwner, held ? held->version : Version{}, held ? held->collected : Version{},
                      budget);
}

inline bool feed(Records& to, const StateDelta& delta, Instant now = {}) {
    const bool was_news = to.handle_delta(now, delta);
    drain(to);
    return was_news;
}

/// Live keys and values of the owner's record as `records` sees it.
inline std::map<std::string, std::string> visible(const Records& records) {
    std::map<std::string, std::string> result;
    const Record* record = records.find(kOwner);
    if (record == nullptr) return result;
    for (const auto& [key, item] : record->items) {
        if (!item.is_tombstone) result.emplace(key, item.value);
    }
    return result;
}

}  // namespace grapevine::protocol::testing_records
