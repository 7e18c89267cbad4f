#pragma once

#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "storage/batch.hpp"

namespace grapevine::storage {

/// A value under a checksum, which covers the key too: a value that ended up under another key must
/// not be believed.
Write checked_write(std::string bucket, std::string key, const Bytes& value);

/// The value of an entry that `checked_write` made; malformed if it is damaged.
Result<ByteView> checked_value(const Entry& entry);

}  // namespace grapevine::storage
