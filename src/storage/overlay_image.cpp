#include "storage/overlay_image.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include "base/limits.hpp"
#include "base/reader.hpp"
#include "storage/checked.hpp"
#include "wire/native/codec.hpp"

namespace grapevine::storage {
namespace {

constexpr std::string_view kIdentityKey = "identity";
constexpr std::string_view kIncarnationKey = "incarnation";
constexpr std::string_view kVersionKey = "record";
constexpr std::string_view kPeersKey = "peers";
constexpr std::string_view kItemPrefix = "record/";
constexpr std::string_view kNoticePrefix = "notice/";
constexpr std::string_view kRotationKey = "rotation";
/// Of one rotation: install, use, remove.
constexpr std::size_t kPendingMax = 3;

Write write(std::string_view overlay, std::string key, const Bytes& value) {
    return checked_write(bucket_of(overlay), std::move(key), value);
}

Result<void> load_identity(ByteView value, OverlayImage& image) {
    Reader reader(value);
    const ByteView seed = GV_TRY(reader.bytes(image.identity_seed.size(), "identity.seed"));
    GV_TRY_VOID(reader.expect_end("identity"));
    std::ranges::copy(seed, image.identity_seed.begin());
    image.has_identity = true;
    return {};
}

Result<void> load_incarnation(ByteView value, OverlayImage& image) {
    Reader reader(value);
    const auto incarnation = GV_TRY(reader.integer<std::uint32_t>("incarnation"));
    GV_TRY_VOID(reader.expect_end("incarnation"));
    image.incarnation = Incarnation(incarnation);
    return {};
}

Result<void> load_versions(ByteView value, OverlayImage& image) {
    Reader reader(value);
    const auto version = GV_TRY(reader.integer<std::uint64_t>("record.version"));
    const auto collected = GV_TRY(reader.integer<std::uint64_t>("record.collected"));
    GV_TRY_VOID(reader.expect_end("record"));
    image.own_version = Version(version);
    image.own_collected = Version(collected);
    return {};
}

Result<void> load_item(std::string_view key, ByteView value, OverlayImage& image) {
    Reader reader(value);
    wire::StateItem item;
    item.key = key.substr(kItemPrefix.size());
    item.version = Version(GV_TRY(reader.integer<std::uint64_t>("item.version")));
    item.is_tombstone = GV_TRY(reader.integer<std::uint8_t>("item.tombstone")) != 0;
    item.value = GV_TRY(reader.sized_text(kRecordValueBytesMax, "item.value"));
    GV_TRY_VOID(reader.expect_end("item"));
    image.own_items.push_back(std::move(item));
    return {};
}

Result<void> load_peers(ByteView value, OverlayImage& image) {
    Reader reader(value);
    const auto count = GV_TRY(reader.varint("peers.count"));
    if (count > kPeerCacheMax) return reader.refuse<void>(Error::Code::over_limit, "peers.count");
    std::vector<CachedPeer> peers;
    for (std::uint64_t index = 0; index < count; ++index) {
        CachedPeer peer;
        peer.member = MemberId(GV_TRY(reader.integer<std::uint64_t>("peer.member")));
        const ByteView ip = GV_TRY(reader.bytes(peer.address.ip.size(), "peer.address"));
        std::ranges::copy(ip, peer.address.ip.begin());
        peer.address.port = GV_TRY(reader.integer<std::uint16_t>("peer.port"));
        peer.address.scope = GV_TRY(reader.integer<std::uint32_t>("peer.scope"));
        peers.push_back(peer);
    }
    GV_TRY_VOID(reader.expect_end("peers"));
    image.peers = std::move(peers);
    return {};
}

Result<void> load_notice(ByteView value, OverlayImage& image) {
    if (image.notices.size() >= kNoticesMax) {
        return std::unexpected(Error{Error::Code::over_limit, "notice"});
    }
    image.notices.push_back(GV_TRY(wire::native::decode_notice(value)));
    return {};
}

Result<void> load_rotation(ByteView value, OverlayImage& image) {
    Reader reader(value);
    RotationImage rotation;
    const auto count = [&reader](std::size_t max) -> Result<std::uint64_t> {
        const auto stated = GV_TRY(reader.varint("rotation.count"));
        if (stated <= max) return stated;
        return reader.refuse<std::uint64_t>(Error::Code::over_limit, "rotation.count");
    };
    for (auto left = GV_TRY(count(kRetiredKeysMax)); left > 0; --left) {
        rotation.retired.push_back(GV_TRY(reader.integer<std::uint64_t>("rotation.retired")));
    }
    rotation.is_driving = GV_TRY(reader.integer<std::uint8_t>("rotation.driving")) != 0;
    for (auto left = GV_TRY(count(kPendingMax)); left > 0; --left) {
        const auto bytes = GV_TRY(reader.sized_bytes(value.size(), "rotation.pending"));
        rotation.pending.push_back(GV_TRY(wire::native::decode_notice(bytes)));
    }
    for (auto left = GV_TRY(count(kRotationWithoutMax)); left > 0; --left) {
        const MemberId member(GV_TRY(reader.integer<std::uint64_t>("rotation.without")));
        rotation.without.push_back(member);
    }
    for (auto left = GV_TRY(count(kMembersMax)); left > 0; --left) {
        const MemberId member(GV_TRY(reader.integer<std::uint64_t>("rotation.awaited")));
        rotation.awaited.push_back(member);
    }
    GV_TRY_VOID(reader.expect_end("rotation"));
    image.rotation = std::move(rotation);
    return {};
}

Result<void> load_entry(const Entry& entry, OverlayImage& image) {
    const ByteView value = GV_TRY(checked_value(entry));
    if (entry.key == kIdentityKey) return load_identity(value, image);
    if (entry.key == kIncarnationKey) return load_incarnation(value, image);
    if (entry.key == kVersionKey) return load_versions(value, image);
    if (entry.key == kPeersKey) return load_peers(value, image);
    if (entry.key.starts_with(kItemPrefix)) return load_item(entry.key, value, image);
    if (entry.key.starts_with(kNoticePrefix)) return load_notice(value, image);
    if (entry.key == kRotationKey) return load_rotation(value, image);
    return std::unexpected(Error{Error::Code::unsupported, "entry.key"});
}

}  // namespace

std::string bucket_of(std::string_view overlay) {
    return fmt::format("overlay/{}", overlay);
}

OverlayImage load_overlay(const std::vector<Entry>& entries) {
    OverlayImage image;
    for (const Entry& entry : entries) {
        if (!load_entry(entry, image)) ++image.damaged_entries;
    }
    // A version entry that was lost must not let a version be given twice.
    for (const wire::StateItem& item : image.own_items) {
        image.own_version = std::max(image.own_version, item.version);
    }
    return image;
}

Batch save_identity(std::string_view overlay, const std::array<std::uint8_t, 32>& seed) {
    return {{write(overlay, std::string(kIdentityKey), Bytes(seed.begin(), seed.end()))},
            Durability::flush};
}

Batch save_incarnation(std::string_view overlay, Incarnation incarnation) {
    Bytes value;
    Writer(value).integer(incarnation.value());
    return {{write(overlay, std::string(kIncarnationKey), value)}, Durability::flush};
}

Batch save_own_items(std::string_view overlay, const std::vector<wire::StateItem>& items,
                     Version version, Version collected) {
    Batch batch{{}, Durability::flush};
    for (const wire::StateItem& item : items) {
        const std::string key = fmt::format("{}{}", kItemPrefix, item.key);
        // A tombstone that has been collected is gone for good: its version is covered by
        // `collected`.
        if (item.is_tombstone && item.version <= collected) {
            batch.writes.push_back({bucket_of(overlay), key, std::nullopt});
            continue;
        }
        Bytes value;
        Writer writer(value);
        writer.integer(item.version.value());
        writer.integer(static_cast<std::uint8_t>(item.is_tombstone));
        writer.sized_text(item.value);
        batch.writes.push_back(write(overlay, key, value));
    }
    Bytes versions;
    Writer writer(versions);
    writer.integer(version.value());
    writer.integer(collected.value());
    batch.writes.push_back(write(overlay, std::string(kVersionKey), versions));
    return batch;
}

Batch save_peers(std::string_view overlay, const std::vector<CachedPeer>& peers) {
    Bytes value;
    Writer writer(value);
    const std::size_t count = std::min(peers.size(), kPeerCacheMax);
    writer.varint(count);
    for (std::size_t index = 0; index < count; ++index) {
        writer.integer(peers[index].member.value());
        writer.bytes(peers[index].address.ip);
        writer.integer(peers[index].address.port);
        writer.integer(peers[index].address.scope);
    }
    return {{write(overlay, std::string(kPeersKey), value)}, Durability::lazy};
}

Batch save_notice(std::string_view overlay, const wire::Notice& notice) {
    std::string key = fmt::format("{}{}/{}", kNoticePrefix, notice.kind, notice.name);
    return {{write(overlay, std::move(key), wire::native::encode_notice(notice))},
            Durability::flush};
}

Batch save_rotation(std::string_view overlay, const RotationImage& rotation) {
    Bytes value;
    Writer writer(value);
    writer.varint(rotation.retired.size());
    for (const std::uint64_t fingerprint : rotation.retired) writer.integer(fingerprint);
    writer.integer(std::uint8_t{rotation.is_driving});
    writer.varint(rotation.pending.size());
    for (const wire::Notice& notice : rotation.pending) {
        writer.sized_bytes(wire::native::encode_notice(notice));
    }
    writer.varint(rotation.without.size());
    for (const MemberId member : rotation.without) writer.integer(member.value());
    writer.varint(rotation.awaited.size());
    for (const MemberId member : rotation.awaited) writer.integer(member.value());
    return {{write(overlay, std::string(kRotationKey), value)}, Durability::flush};
}

Batch erase_overlay(std::string_view overlay, const std::vector<Entry>& entries) {
    Batch batch{{}, Durability::flush};
    for (const Entry& entry : entries) {
        batch.writes.push_back({bucket_of(overlay), entry.key, std::nullopt});
    }
    return batch;
}

}  // namespace grapevine::storage
