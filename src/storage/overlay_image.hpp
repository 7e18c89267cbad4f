#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/endpoint.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"
#include "storage/batch.hpp"
#include "wire/messages.hpp"

namespace grapevine::storage {

/// A peer remembered for the day on which every seed is gone.
struct CachedPeer {
    MemberId member;
    Endpoint address;
    friend bool operator==(const CachedPeer&, const CachedPeer&) = default;
};

/// What a daemon remembers of rotations of keys, beside the notice itself.
struct RotationImage {
    std::vector<std::uint64_t> retired;  ///< Fingerprints of keys that were taken away.
    bool is_driving = false;
    std::vector<wire::Notice> pending;  ///< Stages that this daemon will begin.
    std::vector<MemberId> without;      ///< Members that it does not wait for.
    std::vector<MemberId> awaited;      ///< ... and those that it does; ascending.
    friend bool operator==(const RotationImage&, const RotationImage&) = default;
};

/// What of one overlay survives a restart. Each value is stored with a checksum; an entry that
/// fails it is left out and counted, never guessed.
struct OverlayImage {
    bool has_identity = false;
    std::array<std::uint8_t, 32> identity_seed{};
    Incarnation incarnation;  ///< The highest ever used.
    std::vector<wire::StateItem> own_items;
    Version own_version;
    Version own_collected;
    std::vector<CachedPeer> peers;
    std::vector<wire::Notice> notices;
    RotationImage rotation;
    std::uint32_t damaged_entries = 0;
};

/// The bucket that holds one overlay: "overlay/NAME".
std::string bucket_of(std::string_view overlay);

OverlayImage load_overlay(const std::vector<Entry>& entries);

// Each makes the writes for one change; the runtime applies them, in the order in which they were
// made.
Batch save_identity(std::string_view overlay, const std::array<std::uint8_t, 32>& seed);
Batch save_incarnation(std::string_view overlay, Incarnation incarnation);
Batch save_own_items(std::string_view overlay, const std::vector<wire::StateItem>& items,
                     Version version, Version collected);
Batch save_peers(std::string_view overlay, const std::vector<CachedPeer>& peers);
Batch save_notice(std::string_view overlay, const wire::Notice& notice);
Batch save_rotation(std::string_view overlay, const RotationImage& rotation);
/// Everything of an overlay, for its removal. `entries` is what the bucket holds.
Batch erase_overlay(std::string_view overlay, const std::vector<Entry>& entries);

}  // namespace grapevine::storage
