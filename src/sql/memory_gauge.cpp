#include "sql/memory_gauge.hpp"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <sqlite3.h>

namespace grapevine::sql {
namespace {

struct Budget {
    bool is_on = false;
    bool was_exceeded = false;
    std::int64_t used = 0;
    std::int64_t limit = 0;
    std::int64_t peak = 0;

    /// Whether `more` bytes may be had (or given back, if negative).
    bool take(std::int64_t more) {
        if (!is_on) return true;
        if (more > 0 && used + more > limit) {
            was_exceeded = true;
            return false;
        }
        used += more;
        peak = std::max(peak, used);
        return true;
    }
};

thread_local Budget budget;
sqlite3_mem_methods allocator;

void* allocate(int bytes) {
    if (!budget.take(allocator.xRoundup(bytes))) return nullptr;
    void* const memory = allocator.xMalloc(bytes);
    if (memory == nullptr) budget.take(-std::int64_t{allocator.xRoundup(bytes)});
    return memory;
}

void release(void* memory) {
    budget.take(-std::int64_t{allocator.xSize(memory)});
    allocator.xFree(memory);
}

void* reallocate(void* memory, int bytes) {
    const std::int64_t more =
        std::int64_t{allocator.xRoundup(bytes)} - std::int64_t{allocator.xSize(memory)};
    if (!budget.take(more)) return nullptr;
    void* const moved = allocator.xRealloc(memory, bytes);
    if (moved == nullptr) budget.take(-more);
    return moved;
}

bool install() {
    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &allocator) != SQLITE_OK) return false;
    sqlite3_mem_methods counting = allocator;
    counting.xMalloc = allocate;
    counting.xFree = release;
    counting.xRealloc = reallocate;
    return sqlite3_config(SQLITE_CONFIG_MALLOC, &counting) == SQLITE_OK;
}

const bool is_installed = install();

}  // namespace

MemoryGauge::MemoryGauge(std::size_t bytes_max) {
    assert(is_installed && "SQLite was used before main");
    assert(!budget.is_on && "one gauge per thread");
    budget = Budget{};
    budget.is_on = true;
    budget.limit = static_cast<std::int64_t>(bytes_max);
}

MemoryGauge::~MemoryGauge() {
    budget.is_on = false;
}

bool MemoryGauge::was_exceeded() const {
    return budget.was_exceeded;
}

std::size_t MemoryGauge::peak_bytes() const {
    return static_cast<std::size_t>(std::max<std::int64_t>(budget.peak, 0));
}

std::size_t MemoryGauge::bytes() const {
    return static_cast<std::size_t>(std::max<std::int64_t>(budget.used, 0));
}

}  // namespace grapevine::sql
