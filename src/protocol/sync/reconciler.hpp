#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/ids.hpp"
#include "wire/messages.hpp"

namespace grapevine::protocol {

/// Fingerprints of what we hold about every member believed alive, in kSyncBuckets buckets by id,
/// so that two members find what differs at a cost in what differs. A bucket's fingerprint is the
/// sum modulo 2^64 of a mix of its entries, so one change costs one addition and the order of
/// changes does not matter.
///
/// It holds the entries and their fingerprints, nothing else: the node feeds it (`set`, `erase`)
/// and answers with records and deltas itself. No timers, no actions. 32 bytes per member.
///
/// Source: checksums of parts of the database, Demers et al. 1987, section 1.3; the additive
/// fingerprint is Bellare and Micciancio, "A New Paradigm for Collision-Free Hashing", 1997, at 64
/// bits: enough against chance (one undetected difference in 2^64 comparisons, and the next change
/// uncovers it), not against an insider who wants to hide a difference, and who could as well keep
/// silent about it.
class Reconciler {
public:
    /// The fingerprint contribution of one entry. `collected` does not count: which tombstones a
    /// copy has thrown away is its own affair, and its lag would look like a difference for ever.
    /// Part of the protocol, as is `bucket_of`: all members must agree on it.
    static std::uint64_t mix(const wire::SyncEntry& entry);
    /// The top six bits of a mix of the id, so that neighbouring ids of tests spread as real ones.
    static std::uint8_t bucket_of(MemberId member);

    /// Replaces the entry of that member.
    void set(const wire::SyncEntry& entry);
    void erase(MemberId member);

    [[nodiscard]] std::uint64_t root() const;
    [[nodiscard]] const std::array<std::uint64_t, wire::kSyncBuckets>& buckets() const;
    /// Ids held in one bucket, ascending.
    [[nodiscard]] std::vector<MemberId> ids_in(std::uint8_t bucket) const;
    /// The entry last set for `member`; valid until the next `set` or `erase`.
    [[nodiscard]] const wire::SyncEntry* find(MemberId member) const;
    [[nodiscard]] std::vector<std::uint8_t> differing(
        const std::array<std::uint64_t, wire::kSyncBuckets>& theirs) const;

    /// Entries of `bucket`, cut into sections that each fit `budget_bytes` (one entry at least, so
    /// a budget below that is a bug); together they cover the whole id range, each from where the
    /// one before ended.
    [[nodiscard]] std::vector<wire::SyncEntries> entries_of(std::uint8_t bucket,
                                                            std::size_t budget_bytes) const;

    [[nodiscard]] std::size_t entry_count() const;

private:
    /// Ascending by member.
    std::array<std::vector<wire::SyncEntry>, wire::kSyncBuckets> entries_;
    std::array<std::uint64_t, wire::kSyncBuckets> fingerprints_{};
};

}  // namespace grapevine::protocol
