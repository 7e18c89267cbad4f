#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.hpp"

namespace grapevine::gossiperl {

/// Which daemons elsewhere have listeners for which type of message.
///
/// Each entry carries a stamp: seconds of the clock of the daemon where the listener lives, which
/// everybody passes on as it came. A third party's copy therefore counts as news only if its stamp
/// is higher than the one we hold, and the stamp is what we pass on: whatever the clocks between,
/// an entry whose origin is gone ends when its time is over, however often it goes round.
///
/// At most `kOldSubscriptionsMax`; what comes on top is refused.
class Subscriptions {
public:
    struct Key {
        std::string event_type;
        std::string member_name;
        std::string origin;
        friend auto operator<=>(const Key&, const Key&) = default;
    };
    struct Entry {
        std::int64_t stamp = 0;
        Instant fresh_at;  ///< When it was true, on our clock.
    };

    explicit Subscriptions(Duration stale_after) : stale_after_(stale_after) {}

    enum class Verdict : std::uint8_t { added, refreshed, old, refused_limit };
    /// `fresh_at` is not later than now. With `is_own_word` the origin itself says so, and may say
    /// a lower stamp than before: its clock was set.
    Verdict offer(Instant now, const Key& key, Entry entry, bool is_own_word);
    /// Removes what is stale; returns it.
    std::vector<Key> expire(Instant now);
    /// Removes everything of a member that is gone.
    void remove_member(std::string_view member_name);
    void set_stale_after(Duration stale_after) { stale_after_ = stale_after; }

    /// By name, each once.
    [[nodiscard]] std::vector<std::string> subscribers(std::string_view event_type) const;
    [[nodiscard]] bool wants(std::string_view member_name, std::string_view event_type) const;
    /// Up to `max` subscribers with an entry that is half-way stale, the stalest first, each once.
    [[nodiscard]] std::vector<std::string> ageing(Instant now, std::size_t max) const;
    [[nodiscard]] const std::map<Key, Entry>& all() const { return entries_; }
    [[nodiscard]] std::size_t size() const { return entries_.size(); }
    [[nodiscard]] Instant deadline() const;
    void check_invariants() const;

private:
    std::map<Key, Entry> entries_;
    std::set<std::pair<Instant, Key>> by_age_;
    Duration stale_after_;
};

}  // namespace grapevine::gossiperl
