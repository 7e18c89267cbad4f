#pragma once

#include <cstddef>

namespace grapevine::sql {

/// Bounds what SQLite may allocate on this thread, from construction to destruction.
///
/// Why not `sqlite3_hard_heap_limit64`? It counts the whole process, and so the store, whose writes
/// must not fail because somebody asks a heavy question. Here each allocation is counted for the
/// thread that makes it; beyond the budget SQLite is told that there is no memory, ends the
/// statement with SQLITE_NOMEM, and can be used again. Allocations of other threads are not looked
/// at.
///
/// The counting stands between SQLite and its allocator since before `main`, because SQLite takes
/// another allocator only before its first use. It costs an addition per allocation.
///
/// One gauge per thread at a time; what is allocated under a gauge is freed under it too.
class MemoryGauge {
public:
    explicit MemoryGauge(std::size_t bytes_max);
    ~MemoryGauge();
    MemoryGauge(const MemoryGauge&) = delete;
    MemoryGauge& operator=(const MemoryGauge&) = delete;

    /// An allocation was refused.
    [[nodiscard]] bool was_exceeded() const;
    /// The most that was held at once.
    [[nodiscard]] std::size_t peak_bytes() const;
    /// Held now.
    [[nodiscard]] std::size_t bytes() const;
};

}  // namespace grapevine::sql
