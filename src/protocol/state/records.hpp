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
#include "base/outbox.hpp"
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
///
/// Source: van Renesse et al., "Efficient Reconciliation and Flow Control for Anti-Entropy
/// Protocols", LADIS 2008: digests of max versions, deltas lowest version first, scuttle-depth. The
/// reset rule for collected tombstones is chitchat's.
///
/// The problem: 10,000 members replicate each other's keys over datagrams that get lost, doubled,
/// reordered and cut. The idea: a write takes a version above all earlier ones of its owner, and
/// only the newest version of a key is kept. A copy is then described by one number, its highest
/// version, and what it lacks is every item above it. A delta that must be cut leaves out the
/// highest versions, never one in the middle; so a copy is always a *prefix* of the present state:
///
///     C(p,q), for every key k of p:  own_p(k) = copy_q(k)  or  own_p(k).version > max(copy_q)
///
/// What the paper leaves open is deletion. A tombstone is an item like any other, until its owner
/// collects it (after `tombstone_life`, or early at kRecordTombstonesMax) and raises `collected` to
/// its version. From then on a copy below `collected` may hold a key whose deletion nobody can tell
/// it any more. The reset rule: such a copy is replaced, not added to. Its state is therefore the
/// pair (collected, version), which only grows, read from left to right:
///
///     plain delta   from <= version < to   append (version, to];   version = to
///     reset delta   seen < collected       drop all, take the items; version = to, collected too
///     where seen = max(version, collected): the deletions that the copy accounts for
///
/// A reset that does not fit one datagram is cut like any delta: from = 0, to = its last item, and
/// the rest follows as plain deltas. Until it has caught up, the copy has version < collected. It
/// then takes only deltas made from a state with the same `collected`, or reaching up to it: one in
/// between, from a holder that has not collected yet, can bring a key back whose tombstone lies
/// beyond its end.
///
/// Deviation: a delta carries (from, to], because datagrams, unlike the paper's connections, let an
/// earlier one be lost; a delta that begins above what we hold is dropped and asked for again. One
/// that begins *below* is applied for the part we lack: items at or below our version are either
/// equal to ours or gone for good.
/// Deviation: only the owner collects. In chitchat every replica does, by its own clock; the pair
/// (collected, version) of two replicas then tells less about what they hold.
/// Deviation: no flow control (section 4 of the paper): a record is 8 kB at most.
///
/// A restored snapshot: our disk is older than what others hold of us. We learn it when somebody
/// tells us a version of ours above ours. What is then at the others is of a life that we do not
/// remember; ours is told anew, above all they hold, as a reset. See `adopt`.
///
/// A wipe (notices.hpp): every owner throws away what it wrote before, and writes the epoch of the
/// wipe first, above all older versions. Every copy is dropped, and until a delta begins with that
/// mark nothing about its owner is taken, whoever tells it.
///
/// Memory: per member kRecordItemsMax items of twice kRecordBytesMax in all; kMembersMax members.
class Records {
public:
    /// `member`'s record has changed here (ours or a copy): news to spread and to show.
    struct Changed {
        MemberId member;
        /// What is new, lowest version first. Empty if only `collected` moved. After a reset, keys
        /// that have vanished come first, as tombstones, so that a reader of changes misses none.
        std::vector<wire::StateItem> items;
        bool was_reset = false;
    };
    /// Must be on disk before anything behind it leaves us: our own record's new items. Tombstones
    /// up to `collected` may be deleted there.
    struct Persist {
        std::vector<wire::StateItem> items;
        Version version;
        Version collected;
    };
    using Action = std::variant<Changed, Persist>;

    struct Counters {
        std::uint64_t applied = 0;
        std::uint64_t dropped_known = 0;      ///< Deltas that end at or below what we hold.
        std::uint64_t dropped_gap = 0;        ///< Deltas that begin above what we hold.
        std::uint64_t dropped_own = 0;        ///< Somebody else's idea of our own record.
        std::uint64_t dropped_malformed = 0;  ///< Versions out of order or out of range.
        std::uint64_t dropped_full = 0;       ///< Deltas that would break a limit of a copy.
        std::uint64_t dropped_wiped = 0;      ///< Of one who has not obeyed the last wipe yet.
        std::uint64_t resets = 0;
        std::uint64_t adopted = 0;          ///< Times we found our own record ahead of us.
        std::uint64_t collected = 0;        ///< Own tombstones thrown away.
        std::uint64_t collected_early = 0;  ///< ... of them at kRecordTombstonesMax.
    };

    /// `own` is what was restored from disk; its version only grows. Its tombstones live another
    /// whole `tombstone_life`: what time it was when they were made, nobody knows any more.
    Records(MemberId self, Record own, ProtocolConfig config);

    /// Refused above kRecordKeysMax, kRecordKeyBytesMax, kRecordValueBytesMax, kRecordBytesMax, and
    /// an empty key or one with control characters; nothing has changed then. Setting an equal
    /// value changes nothing and spreads nothing, and returns the version it has. Reserved keys
    /// (reserved_keys.hpp) do not count: a copy has room for twice as much.
    Outcome<Version> set(Instant now, std::string_view key, std::string_view value);
    /// Deleting a key that is not there is `not_found`.
    Outcome<Version> erase(Instant now, std::string_view key);

    /// True if it was news. Everything else is dropped and counted, and changes nothing.
    bool handle_delta(Instant now, const wire::StateDelta& delta);
    /// Drops the copy of a member that was forgotten. Our own is never dropped.
    void forget(MemberId member);

    /// Throws away all that was written before the wipe `epoch`, ours and copies. Of our own keys
    /// those stay that were written in this life, at `since` or later. A later epoch than before,
    /// or nothing happens.
    void wipe(Instant now, std::uint64_t epoch, Instant since);

    void advance(Instant now);  ///< Collects our own tombstones older than `tombstone_life`.
    [[nodiscard]] std::optional<Action> poll() { return outbox_.pop(); }
    [[nodiscard]] Instant deadline() const;

    [[nodiscard]] const Record* find(MemberId member) const;
    [[nodiscard]] const std::map<MemberId, Record>& all() const { return records_; }

    /// What one who holds `from` (and has collected up to `their_collected`) lacks of `member`,
    /// lowest version first, cut at `budget_bytes` (its section's frame included) as Scuttlebutt
    /// demands: if an item is left out, so is every later one. Without items if only `collected`
    /// has moved. Nothing if there is nothing to tell or not even one item fits.
    [[nodiscard]] std::optional<wire::StateDelta> delta(MemberId member, Version from,
                                                        Version their_collected,
                                                        std::size_t budget_bytes) const;
    /// The newest changes, for a rumor: the last one, and those before it that fit
    /// `kNewestBytesMax` with it, so that one lost rumor is healed by the next.
    [[nodiscard]] std::optional<wire::StateDelta> newest(MemberId member) const;
    static constexpr std::size_t kNewestBytesMax = 256;

    /// What somebody lacks, in scuttle-depth order (most items first, ties by `tie_break`), one
    /// delta per member, filling `budget_bytes`.
    struct Want {
        MemberId member;
        Version from;
        Version collected;
    };
    [[nodiscard]] std::vector<wire::StateDelta> pack(const std::vector<Want>& wants,
                                                     std::size_t budget_bytes,
                                                     std::uint64_t tie_break) const;

    [[nodiscard]] const Counters& counters() const { return counters_; }
    /// Asserts what must hold between any two inputs.
    void check_invariants() const;

private:
    /// What a delta is to a copy.
    enum class Fit : std::uint8_t { known, gap, append, collect, reset };

    static Fit judge(const Record& held, const wire::StateDelta& delta);
    static bool is_well_formed(const wire::StateDelta& delta);
    static bool fits_limits(const Record& held, const wire::StateDelta& delta, Fit fit);
    void apply(const wire::StateDelta& delta, Fit fit);
    bool handle_own(const wire::StateDelta& delta);
    void adopt(Version theirs);
    Record& own() { return records_[self_]; }
    Version write(Instant now, wire::StateItem item);
    std::size_t collect(Version up_to);
    void wipe_own(Instant now, Instant since);
    [[nodiscard]] bool is_wiped(const Record& held, const wire::StateDelta& delta) const;

    MemberId self_;
    ProtocolConfig config_;
    std::map<MemberId, Record> records_;
    std::map<Version, Instant> tombstones_;                ///< Our own, and when each was made.
    std::uint64_t wiped_ = 0;                              ///< The last wipe that we obey.
    std::map<std::string, Instant, std::less<>> written_;  ///< Own keys of users, in this life.
    Outbox<Action> outbox_;
    Counters counters_;
};

}  // namespace grapevine::protocol
