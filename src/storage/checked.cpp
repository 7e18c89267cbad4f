#include "storage/checked.hpp"

#include <cstdint>
#include <utility>

#include "base/checksum.hpp"
#include "base/reader.hpp"

namespace grapevine::storage {
namespace {

std::uint64_t checksum(std::string_view key, ByteView value) {
    return fnv1a(value, fnv1a(as_bytes(key)));
}

}  // namespace

Write checked_write(std::string bucket, std::string key, const Bytes& value) {
    Bytes stored;
    stored.reserve(sizeof(std::uint64_t) + value.size());
    Writer writer(stored);
    writer.integer(checksum(key, value));
    writer.bytes(value);
    return {std::move(bucket), std::move(key), std::move(stored)};
}

Result<ByteView> checked_value(const Entry& entry) {
    Reader reader(entry.value);
    const auto stated = GV_TRY(reader.integer<std::uint64_t>("entry.checksum"));
    const ByteView value = GV_TRY(reader.bytes(reader.remaining(), "entry.value"));
    if (checksum(entry.key, value) != stated) {
        return std::unexpected(Error{Error::Code::malformed, "entry.checksum"});
    }
    return value;
}

}  // namespace grapevine::storage
