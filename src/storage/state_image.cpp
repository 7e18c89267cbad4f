#include "storage/state_image.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "base/limits.hpp"
#include "base/reader.hpp"
#include "storage/checked.hpp"

namespace grapevine::storage {
namespace {

constexpr std::string_view kMetaKey = "meta";
constexpr std::string_view kCellPrefix = "cell/";

Result<void> load_meta(ByteView value, StateImage& image) {
    Reader reader(value);
    wire::StateSalt salt;
    wire::StateFloor floor;
    salt.created = Stamp(GV_TRY(reader.integer<std::uint64_t>("meta.salt")));
    salt.random = GV_TRY(reader.integer<std::uint64_t>("meta.salt"));
    floor.birth = Stamp(GV_TRY(reader.integer<std::uint64_t>("meta.birth")));
    floor.synced = Stamp(GV_TRY(reader.integer<std::uint64_t>("meta.synced")));
    const auto count = GV_TRY(reader.varint("meta.raises"));
    if (count > kFloorRaisesMax) return reader.refuse<void>(Error::Code::over_limit, "meta.raises");
    for (std::uint64_t index = 0; index < count; ++index) {
        wire::StateRaise raise;
        raise.at = Stamp(GV_TRY(reader.integer<std::uint64_t>("raise.at")));
        raise.by = MemberId(GV_TRY(reader.integer<std::uint64_t>("raise.by")));
        raise.members = GV_TRY(reader.integer<std::uint32_t>("raise.members"));
        floor.raises.push_back(raise);
    }
    GV_TRY_VOID(reader.expect_end("meta"));
    if (!std::ranges::is_sorted(floor.raises)) {
        return reader.refuse<void>(Error::Code::malformed, "meta.raises");
    }
    image.salt = salt;
    image.floor = std::move(floor);
    return {};
}

}  // namespace

std::string state_bucket_of(std::string_view overlay) {
    return fmt::format("state/{}", overlay);
}

StateImage load_state(const std::vector<Entry>& entries) {
    StateImage image;
    image.cells.reserve(entries.size());
    for (const Entry& entry : entries) {
        const auto value = checked_value(entry);
        if (value && entry.key == kMetaKey) {
            if (!load_meta(*value, image)) ++image.damaged_entries;
        } else if (value && entry.key.starts_with(kCellPrefix)) {
            image.cells.emplace_back(value->begin(), value->end());
        } else {
            ++image.damaged_entries;
        }
    }
    return image;
}

Batch save_cells(std::string_view overlay,
                 const std::vector<std::pair<std::string, std::optional<Bytes>>>& cells) {
    Batch batch{{}, Durability::lazy};
    batch.writes.reserve(cells.size());
    const std::string bucket = state_bucket_of(overlay);
    for (const auto& [id, cell] : cells) {
        // Ids hold bytes of any value; keys of the store are text.
        std::string key = fmt::format("{}{}", kCellPrefix, to_hex(as_bytes(id)));
        if (cell) {
            batch.writes.push_back(checked_write(bucket, std::move(key), *cell));
        } else {
            batch.writes.push_back({bucket, std::move(key), std::nullopt});
        }
    }
    return batch;
}

Write save_state_meta(std::string_view overlay, const wire::StateSalt& salt,
                      const wire::StateFloor& floor) {
    Bytes value;
    Writer writer(value);
    writer.integer(salt.created.value());
    writer.integer(salt.random);
    writer.integer(floor.birth.value());
    writer.integer(floor.synced.value());
    writer.varint(floor.raises.size());
    for (const wire::StateRaise& raise : floor.raises) {
        writer.integer(raise.at.value());
        writer.integer(raise.by.value());
        writer.integer(raise.members);
    }
    return checked_write(state_bucket_of(overlay), std::string(kMetaKey), value);
}

Write erase_state(std::string_view overlay) {
    return {state_bucket_of(overlay), "", std::nullopt};
}

}  // namespace grapevine::storage
