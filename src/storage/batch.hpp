#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"

namespace grapevine::storage {

/// How sure a write must be before what stands behind it may leave us.
enum class Durability : std::uint8_t {
    lazy,   ///< Survives the death of the process; the last moments may be lost with the power.
    flush,  ///< Survives the loss of power: identity, incarnation, keys.
};

/// One change of the key-value store, `bucket` being a namespace of keys. No value: erase; neither
/// key nor value: erase the whole bucket.
struct Write {
    std::string bucket;
    std::string key;
    std::optional<Bytes> value;
    friend bool operator==(const Write&, const Write&) = default;
};

/// Writes that happen together or not at all.
struct Batch {
    std::vector<Write> writes;
    Durability durability = Durability::lazy;
    friend bool operator==(const Batch&, const Batch&) = default;
};

/// What a bucket holds, by key.
struct Entry {
    std::string key;
    Bytes value;
};

}  // namespace grapevine::storage
