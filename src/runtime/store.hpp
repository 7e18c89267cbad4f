#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"

namespace grapevine::runtime {

/// How sure a write must be before `apply` returns.
enum class Durability : std::uint8_t {
    lazy,   ///< Survives the death of the process; the last moments may be lost with the power.
    flush,  ///< Survives the loss of power, together with everything written before it.
};

/// One change, `bucket` being a namespace of keys. No value: erase; erasing nothing is fine.
/// Neither key nor value: erase the whole bucket.
struct StoreWrite {
    std::string bucket;
    std::string key;
    std::optional<Bytes> value;
};

struct StoreEntry {
    std::string key;
    Bytes value;
    friend bool operator==(const StoreEntry&, const StoreEntry&) = default;
};

struct StoreOptions {
    /// The size at which the database counts as a full disk, in pages of 4 KiB. 1 GiB: far above
    /// any use of ours, far below what would trouble a host.
    std::uint32_t pages_max = 262'144;
};

/// Keeps small values under a bucket and a key, in a folder of its own, through crashes.
///
/// An SQLite database in WAL mode. All writes of one `apply` happen or none does. A value written
/// by an `apply` that returned is there after kill -9; with `flush` also after a power cut.
///
/// The folder belongs to one process at a time (a lock on the file `lock`, which the kernel drops
/// however the process ends). It is made when missing: folder 0700, files 0600. Opening checks the
/// whole database; a damaged one is refused and left as it is. One thread at a time. Memory: about
/// 300 KiB, whatever the size of the database.
class Store {
public:
    static Outcome<Store> open(const std::filesystem::path& folder, StoreOptions options = {});

    Store(Store&&) noexcept;
    Store& operator=(Store&&) noexcept;
    ~Store();

    [[nodiscard]] Outcome<std::optional<Bytes>> get(std::string_view bucket,
                                                    std::string_view key) const;

    /// Ordered by key, byte by byte.
    [[nodiscard]] Outcome<std::vector<StoreEntry>> list(std::string_view bucket) const;

    /// Refused (disk full, input or output error): nothing of it has happened, and a later one may
    /// succeed. Nothing to write is no work.
    Outcome<void> apply(std::span<const StoreWrite> writes, Durability durability);

private:
    struct State;
    explicit Store(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace grapevine::runtime
