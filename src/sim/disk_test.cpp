#include "sim/disk.hpp"

#include <gtest/gtest.h>

namespace grapevine::sim {
namespace {

storage::Batch batch(std::string key, std::uint8_t value,
                     storage::Durability durability = storage::Durability::lazy) {
    return {{{"overlay/x", std::move(key), Bytes{value, value, value}}}, durability};
}

TEST(Disk, the_death_of_the_process_loses_nothing) {
    Disk disk;
    disk.apply(batch("a", 1));
    disk.crash_process();
    EXPECT_EQ(disk.read("overlay/x").size(), 1U);
}

TEST(Disk, power_loss_keeps_what_was_flushed_and_a_first_part_of_the_rest) {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        Random random(seed);
        Disk disk;
        disk.apply(batch("a", 1));
        disk.apply(batch("b", 2, storage::Durability::flush));
        disk.apply(batch("c", 3));
        disk.apply(batch("d", 4));
        disk.crash_power(random);
        const auto entries = disk.read("overlay/x");
        ASSERT_GE(entries.size(), 2U);
        EXPECT_EQ(entries[0].key, "a");
        EXPECT_EQ(entries[1].key, "b");
        if (entries.size() > 2) {
            EXPECT_EQ(entries[2].key, "c");
        }
    }
}

TEST(Disk, a_torn_write_damages_only_what_was_not_flushed) {
    int damaged = 0;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        Random random(seed);
        Disk disk;
        disk.apply(batch("a", 1, storage::Durability::flush));
        disk.apply(batch("b", 2));
        disk.crash_torn(random);
        const auto entries = disk.read("overlay/x");
        ASSERT_FALSE(entries.empty());
        EXPECT_EQ(entries[0].value, Bytes({1, 1, 1}));
        if (entries.size() == 2 && entries[1].value != Bytes({2, 2, 2})) ++damaged;
    }
    EXPECT_GT(damaged, 25);
}

TEST(Disk, a_snapshot_brings_the_past_back) {
    Disk disk;
    disk.apply(batch("a", 1));
    const Disk::Image image = disk.snapshot();
    disk.apply(batch("a", 2, storage::Durability::flush));
    disk.restore(image);
    EXPECT_EQ(disk.read("overlay/x")[0].value, Bytes({1, 1, 1}));
    disk.lose();
    EXPECT_TRUE(disk.read("overlay/x").empty());
}

TEST(Disk, an_erased_key_is_gone) {
    Disk disk;
    disk.apply(batch("a", 1));
    disk.apply({{{"overlay/x", "a", std::nullopt}}, storage::Durability::lazy});
    EXPECT_TRUE(disk.read("overlay/x").empty());
}

}  // namespace
}  // namespace grapevine::sim
