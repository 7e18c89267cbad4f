#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"
#include "protocol/membership/config.hpp"
#include "wire/messages.hpp"

namespace grapevine::protocol {

/// One member's record of keys as we hold it.
struct Record {
    std::map<std::string, wire::StateItem, std::less<>> items;  ///< Tombstones included.
    Version version;    ///< max version: highest that we hold, of an item or a collected tombstone.
    Version collected;  ///< Tombstones up to here have been thrown away.
};

/// The records of keys of all members, each written by its owner only.
/// Source: van Renesse et al., "Efficient Reconciliation and Flow Control for Anti-Entropy
/// Protocols", LADIS 2008: digests of max versions, deltas lowest version first, scuttle-depth. The
/// reset rule for collected tombstones is chitchat's.
class Records {
public:
    /// `member`'s record has changed here (ours or a copy): news to spread and to show.
    struct Changed {
        MemberId member;
        std::vector<wire::StateItem> items;  ///< What is new, lowest version first.
        bool was_reset = false;
    };
    /// Must be on disk before anything behind it leaves us: our own record's new items.
    struct Persist {
        std::vector<wire::StateItem> items;
        Version version;
        Version collected;
    };
    using Action = std::variant<Changed, Persist>;

    struct Counters {
        std::uint64_t applied = 0;
        std::uint64_t dropped_known = 0;  ///< Deltas that end at or below what we hold.
        std::uint64_t dropped_gap = 0;    ///< Deltas that begin above what we hold.
        std::uint64_t dropped_own = 0;    ///< Somebody else's idea of our own record.
        std::uint64_t resets = 0;
    };

    /// `own` is what was restored from disk; its version only grows.
    Records(MemberId self, Record own, ProtocolConfig config);

    /// Refused above kRecordKeysMax, kRecordKeyBytesMax, kRecordValueBytesMax, kRecordBytesMax;
    /// nothing has changed then. Setting an equal value changes nothing and spreads nothing.
    Outcome<Version> set(Instant now, std::string_view key, std::string_view value);
    /// Deleting a key that is not there is `not_found`.
    Outcome<Version> erase(Instant now, std::string_view key);

    /// True if it was news.
    bool handle_delta(Instant now, const wire::StateDelta& delta);
    /// Drops the copy of a member that was forgotten.
    void forget(MemberId member);

    void advance(Instant now);  ///< Collects our own tombstones older than `tombstone_life`.
    [[nodiscard]] std::optional<Action> poll();
    [[nodiscard]] Instant deadline() const;

    [[nodiscard]] const Record* find(MemberId member) const;
    [[nodiscard]] const std::map<MemberId, Record>& all() const;

    /// What one who holds `from` (and has collected up to `their_collected`) lacks of `member`,
    /// lowest version first, cut at `budget_bytes` as Scuttlebutt demands: if an item is left out,
    /// so is every later one. Nothing if there is nothing to tell or not even one item fits.
    [[nodiscard]] std::optional<wire::StateDelta> delta(MemberId member, Version from,
                                                        Version their_collected,
                                                        std::size_t budget_bytes) const;
    /// The newest change alone, for a rumor: (version - 1, version] of `member`.
    [[nodiscard]] std::optional<wire::StateDelta> newest(MemberId member) const;

    /// What somebody lacks, in scuttle-depth order (most items first, ties by `random`), one delta
    /// per member, filling `budget_bytes`.
    struct Want {
        MemberId member;
        Version from;
        Version collected;
    };
    [[nodiscard]] std::vector<wire::StateDelta> pack(const std::vector<Want>& wants,
                                                     std::size_t budget_bytes,
                                                     std::uint64_t tie_break) const;

    [[nodiscard]] const Counters& counters() const;
    void check_invariants() const;
};

}  // namespace grapevine::protocol
