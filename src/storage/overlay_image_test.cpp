#include "storage/overlay_image.hpp"

#include <gtest/gtest.h>
#include <map>

#include "base/limits.hpp"

namespace grapevine::storage {
namespace {

/// The store as the runtime would keep it.
class Shelf {
public:
    void apply(const Batch& batch) {
        for (const Write& write : batch.writes) {
            EXPECT_EQ(write.bucket, "overlay/web");
            if (write.value) {
                entries_[write.key] = *write.value;
            } else {
                entries_.erase(write.key);
            }
        }
    }
    std::vector<Entry> entries() const {
        std::vector<Entry> list;
        for (const auto& [key, value] : entries_) list.push_back({key, value});
        return list;
    }
    OverlayImage load() const { return load_overlay(entries()); }

private:
    std::map<std::string, Bytes> entries_;
};

wire::StateItem item(std::string key, std::string value, std::uint64_t version) {
    return {std::move(key), std::move(value), false, Version(version)};
}

TEST(OverlayImage, what_is_saved_is_loaded) {
    Shelf shelf;
    std::array<std::uint8_t, 32> seed{};
    seed[0] = 7;
    shelf.apply(save_identity("web", seed));
    shelf.apply(save_incarnation("web", Incarnation(41)));
    shelf.apply(save_own_items("web", {item("load", "0.5", 3)}, Version(3), Version(1)));
    const CachedPeer peer{MemberId(9), Endpoint::v4(127, 0, 0, 1, 9471)};
    shelf.apply(save_peers("web", {peer}));

    const OverlayImage image = shelf.load();
    EXPECT_TRUE(image.has_identity);
    EXPECT_EQ(image.identity_seed, seed);
    EXPECT_EQ(image.incarnation, Incarnation(41));
    EXPECT_EQ(image.own_items, (std::vector{item("load", "0.5", 3)}));
    EXPECT_EQ(image.own_version, Version(3));
    EXPECT_EQ(image.own_collected, Version(1));
    EXPECT_EQ(image.peers, std::vector{peer});
    EXPECT_EQ(image.damaged_entries, 0U);
}

wire::Notice notice(std::uint64_t epoch) {
    wire::Notice made;
    made.kind = 1;
    made.name = "all";
    made.epoch = epoch;
    made.body = {1, 2, 3};
    return made;
}

TEST(OverlayImage, notices_and_rotations_are_kept) {
    Shelf shelf;
    shelf.apply(save_notice("web", notice(1)));
    shelf.apply(save_notice("web", notice(2)));
    const RotationImage rotation{
        {7, 8}, true, {notice(3), notice(4)}, {MemberId(5)}, {MemberId(6), MemberId(9)}};
    shelf.apply(save_rotation("web", rotation));
    const OverlayImage image = shelf.load();
    EXPECT_EQ(image.notices, std::vector{notice(2)});
    EXPECT_EQ(image.rotation, rotation);
    EXPECT_EQ(image.damaged_entries, 0U);
}

TEST(OverlayImage, an_empty_shelf_is_a_first_start) {
    const OverlayImage image = load_overlay({});
    EXPECT_FALSE(image.has_identity);
    EXPECT_EQ(image.incarnation, Incarnation(0));
}

TEST(OverlayImage, every_flipped_bit_is_noticed_and_the_rest_survives) {
    Shelf shelf;
    shelf.apply(save_identity("web", {}));
    shelf.apply(save_incarnation("web", Incarnation(41)));
    const std::vector<Entry> good = shelf.entries();
    for (std::size_t entry = 0; entry < good.size(); ++entry) {
        for (std::size_t bit = 0; bit < good[entry].value.size() * 8; ++bit) {
            std::vector<Entry> bad = good;
            bad[entry].value[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
            EXPECT_EQ(load_overlay(bad).damaged_entries, 1U) << good[entry].key << " bit " << bit;
        }
    }
}

TEST(OverlayImage, a_torn_value_is_left_out) {
    Shelf shelf;
    shelf.apply(save_incarnation("web", Incarnation(41)));
    std::vector<Entry> torn = shelf.entries();
    torn[0].value.resize(torn[0].value.size() - 1);
    EXPECT_EQ(load_overlay(torn).incarnation, Incarnation(0));
    EXPECT_EQ(load_overlay(torn).damaged_entries, 1U);
}

TEST(OverlayImage, a_lost_version_entry_never_gives_a_version_twice) {
    Shelf shelf;
    shelf.apply(save_own_items("web", {item("load", "0.5", 9)}, Version(9), Version(0)));
    std::vector<Entry> entries = shelf.entries();
    std::erase_if(entries, [](const Entry& entry) { return entry.key == "record"; });
    EXPECT_EQ(load_overlay(entries).own_version, Version(9));
}

TEST(OverlayImage, a_collected_tombstone_leaves_the_disk) {
    Shelf shelf;
    shelf.apply(save_own_items("web", {item("a", "1", 1)}, Version(1), Version(0)));
    wire::StateItem gone{"a", "", true, Version(2)};
    shelf.apply(save_own_items("web", {gone}, Version(2), Version(0)));
    EXPECT_EQ(shelf.load().own_items.size(), 1U);
    shelf.apply(save_own_items("web", {gone}, Version(2), Version(2)));
    EXPECT_TRUE(shelf.load().own_items.empty());
    EXPECT_EQ(shelf.load().own_collected, Version(2));
}

TEST(OverlayImage, the_peer_cache_is_cut_at_its_limit) {
    Shelf shelf;
    std::vector<CachedPeer> peers(kPeerCacheMax + 1);
    shelf.apply(save_peers("web", peers));
    EXPECT_EQ(shelf.load().peers.size(), kPeerCacheMax);
}

TEST(OverlayImage, erasing_leaves_nothing) {
    Shelf shelf;
    shelf.apply(save_identity("web", {}));
    shelf.apply(erase_overlay("web", shelf.entries()));
    EXPECT_TRUE(shelf.entries().empty());
}

}  // namespace
}  // namespace grapevine::storage
