#pragma once

#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "runtime/store.hpp"
#include "storage/batch.hpp"

namespace grapevine::daemon {

/// The daemon's one store, used by the threads of all overlays in turn. Any thread.
class StoreGate {
public:
    explicit StoreGate(runtime::Store store) : store_(std::move(store)) {}

    Outcome<void> apply(const storage::Batch& batch) {
        std::vector<runtime::StoreWrite> writes;
        writes.reserve(batch.writes.size());
        for (const storage::Write& write : batch.writes) {
            writes.push_back({write.bucket, write.key, write.value});
        }
        const auto durability = batch.durability == storage::Durability::flush
                                    ? runtime::Durability::flush
                                    : runtime::Durability::lazy;
        const std::lock_guard lock(mutex_);
        auto outcome = store_.apply(writes, durability);
        is_failing_ = !outcome;
        return outcome;
    }

    Outcome<std::vector<storage::Entry>> list(const std::string& bucket) {
        const std::lock_guard lock(mutex_);
        const auto stored = store_.list(bucket);
        if (!stored) return std::unexpected(stored.error());
        std::vector<storage::Entry> entries;
        for (const runtime::StoreEntry& entry : *stored)
            entries.push_back({entry.key, entry.value});
        return entries;
    }

    /// Whether the last write failed: then the daemon is not ready, though it goes on.
    [[nodiscard]] bool is_failing() {
        const std::lock_guard lock(mutex_);
        return is_failing_;
    }

private:
    std::mutex mutex_;
    runtime::Store store_;
    bool is_failing_ = false;
};

}  // namespace grapevine::daemon
