#pragma once

#include <array>
#include <cstdint>
#include <set>
#include <vector>

#include "base/ids.hpp"
#include "wire/messages.hpp"

namespace grapevine::protocol {

/// Fingerprints of what we hold about every member, in kSyncBuckets buckets by id, so that two
/// members find what differs at a cost in what differs. A bucket's fingerprint is the sum modulo
/// 2^64 of a mix of its entries, so one change costs one addition and the order of changes does not
/// matter.
///
/// It holds no state of its own but the fingerprints: the node feeds it (`set`, `erase`) and
/// answers with entries, records and deltas itself. No timers, no actions.
class Reconciler {
public:
    /// The fingerprint contribution of one entry.
    static std::uint64_t mix(const wire::SyncEntry& entry);
    static std::uint8_t bucket_of(MemberId member);

    void set(const wire::SyncEntry& entry);
    void erase(MemberId member);

    [[nodiscard]] std::uint64_t root() const;
    [[nodiscard]] const std::array<std::uint64_t, wire::kSyncBuckets>& buckets() const;
    /// Ids held in one bucket, ascending.
    [[nodiscard]] std::vector<MemberId> ids_in(std::uint8_t bucket) const;
    /// The entry last set for `member`.
    [[nodiscard]] const wire::SyncEntry* find(MemberId member) const;
    [[nodiscard]] std::vector<std::uint8_t> differing(
        const std::array<std::uint64_t, wire::kSyncBuckets>& theirs) const;

    /// Entries of `bucket`, cut into sections that each fit `budget_bytes`; together they cover the
    /// whole id range of the bucket.
    [[nodiscard]] std::vector<wire::SyncEntries> entries_of(std::uint8_t bucket,
                                                            std::size_t budget_bytes) const;
};

}  // namespace grapevine::protocol
