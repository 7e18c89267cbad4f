#include "daemon/definition_source.hpp"

#include <filesystem>
#include <gtest/gtest.h>

#include "daemon/record_ages.hpp"

namespace grapevine::daemon {
namespace {

class StoredDefinitionsTest : public ::testing::Test {
protected:
    StoredDefinitionsTest() {
        folder_ = std::filesystem::path(::testing::TempDir()) /
                  ("gv-definitions-" +
                   std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
        std::filesystem::remove_all(folder_);
    }
    ~StoredDefinitionsTest() override { std::filesystem::remove_all(folder_); }

    StoreGate open() { return StoreGate(runtime::Store::open(folder_).value()); }

    std::filesystem::path folder_;
};

using Texts = std::map<std::string, std::string>;

TEST_F(StoredDefinitionsTest, are_there_again_after_a_restart) {
    {
        StoreGate store = open();
        StoredDefinitions source(store, "demo");
        int changes = 0;
        source.on_change([&] { ++changes; });
        source.put("a", "1", [](const Outcome<void>& done) { EXPECT_TRUE(done); });
        source.put("b", "2", [](const Outcome<void>& done) { EXPECT_TRUE(done); });
        source.erase("a", [](const Outcome<void>& done) { EXPECT_TRUE(done); });
        EXPECT_EQ(changes, 3);
    }
    StoreGate store = open();
    EXPECT_EQ(StoredDefinitions(store, "demo").list(), (Texts{{"b", "2"}}));
    EXPECT_EQ(StoredDefinitions(store, "other").list(), Texts());
}

TEST_F(StoredDefinitionsTest, go_with_their_overlay) {
    StoreGate store = open();
    StoredDefinitions(store, "demo").put("a", "1", [](const Outcome<void>&) {});
    StoredDefinitions(store, "other").put("a", "1", [](const Outcome<void>&) {});
    EXPECT_TRUE(StoredDefinitions::erase_all(store, "demo"));
    EXPECT_EQ(StoredDefinitions(store, "demo").list(), Texts());
    EXPECT_EQ(StoredDefinitions(store, "other").list().size(), 1U);
}

TEST(RecordAges, count_from_the_last_change_and_for_what_was_there_from_the_start) {
    const Instant start = Instant() + std::chrono::seconds(1);
    const Instant later = start + std::chrono::seconds(5);
    RecordAges ages(start);
    const MemberId member(7);
    wire::StateItem item;
    item.key = "load";
    ages.changed(later, member, {item});
    EXPECT_EQ(ages.came_at(member, "load"), later);
    EXPECT_EQ(ages.came_at(member, "other"), start);
    EXPECT_EQ(ages.came_at(MemberId(8), "load"), start);
    item.is_tombstone = true;
    ages.changed(later, member, {item});
    EXPECT_EQ(ages.came_at(member, "load"), start);
    item.is_tombstone = false;
    ages.changed(later, member, {item});
    ages.forget(member);
    EXPECT_EQ(ages.came_at(member, "load"), start);
}

}  // namespace
}  // namespace grapevine::daemon
