#include "protocol/state/records_testing.hpp"
#include "protocol/state/reserved_keys.hpp"

// What a wipe leaves, and what it lets in again.
namespace grapevine::protocol {
namespace {

using namespace testing_records;

constexpr std::uint64_t kWipe = 3;

Records owner_with_bad_key() {
    Records owner = make(kOwner);
    put(owner, "bad", "1", at(1s));
    return owner;
}

bool has(const Records& records, MemberId member, std::string_view key) {
    const Record* record = records.find(member);
    return record != nullptr && record->items.contains(key);
}

TEST(RecordsWipe, the_owner_drops_what_it_wrote_before_and_keeps_what_came_after) {
    Records owner = owner_with_bad_key();
    put(owner, "later", "1", at(10s));
    put(owner, kKeysKey, "state of keys", at(1s));
    owner.wipe(at(11s), kWipe, at(5s));
    EXPECT_FALSE(has(owner, kOwner, "bad"));
    EXPECT_TRUE(has(owner, kOwner, "later"));
    EXPECT_TRUE(has(owner, kOwner, kKeysKey)) << "the daemon's own keys are no state of users";
    EXPECT_EQ(owner.find(kOwner)->items.find(kWipedKey)->second.value, "3");
    drain(owner);
}

TEST(RecordsWipe, what_is_wiped_leaves_the_disk_too) {
    Records owner = owner_with_bad_key();
    owner.wipe(at(11s), kWipe, kNever);
    bool is_gone = false;
    for (const auto& action : drain(owner)) {
        const auto* persist = std::get_if<Records::Persist>(&action);
        if (persist == nullptr) continue;
        for (const StateItem& item : persist->items) {
            is_gone |= item.key == "bad" && item.is_tombstone && item.version <= persist->collected;
        }
    }
    EXPECT_TRUE(is_gone);
}

TEST(RecordsWipe, of_one_who_has_not_obeyed_nothing_is_taken) {
    Records owner = owner_with_bad_key();
    Records copy = make(kOther);
    copy.handle_delta(at(2s), *between(owner, copy));
    EXPECT_TRUE(has(copy, kOwner, "bad"));
    copy.wipe(at(3s), kWipe, kNever);
    EXPECT_FALSE(has(copy, kOwner, "bad"));
    EXPECT_FALSE(copy.handle_delta(at(4s), *between(owner, copy)));
    EXPECT_EQ(copy.counters().dropped_wiped, 1U);
    owner.wipe(at(5s), kWipe, kNever);
    EXPECT_TRUE(copy.handle_delta(at(6s), *between(owner, copy)));
    EXPECT_TRUE(has(copy, kOwner, kWipedKey));
    put(owner, "good", "1", at(7s));
    EXPECT_TRUE(copy.handle_delta(at(8s), *between(owner, copy)));
    EXPECT_TRUE(has(copy, kOwner, "good"));
}

TEST(RecordsWipe, a_copy_that_has_not_heard_of_it_is_replaced_all_the_same) {
    Records owner = owner_with_bad_key();
    Records copy = make(kOther);
    copy.handle_delta(at(2s), *between(owner, copy));
    owner.wipe(at(5s), kWipe, kNever);
    EXPECT_TRUE(copy.handle_delta(at(6s), *between(owner, copy)));
    EXPECT_FALSE(has(copy, kOwner, "bad"));
}

TEST(RecordsWipe, happens_once_and_an_earlier_one_never) {
    Records owner = make(kOwner);
    owner.wipe(at(1s), kWipe, kNever);
    put(owner, "good", "1", at(2s));
    owner.wipe(at(3s), kWipe, kNever);
    owner.wipe(at(3s), kWipe - 1, kNever);
    EXPECT_TRUE(has(owner, kOwner, "good"));
    owner.wipe(at(3s), kWipe + 1, kNever);
    EXPECT_FALSE(has(owner, kOwner, "good"));
}

TEST(RecordsWipe, who_has_obeyed_before_a_restart_does_not_wipe_again) {
    Records owner = make(kOwner);
    owner.wipe(at(1s), kWipe, kNever);
    put(owner, "good", "1", at(2s));
    Records restarted(kOwner, *owner.find(kOwner), config_with_life(24h));
    restarted.wipe(Instant{}, kWipe, kNever);
    EXPECT_TRUE(has(restarted, kOwner, "good"));
}

}  // namespace
}  // namespace grapevine::protocol
