#include "sql/memory_gauge.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

namespace grapevine::sql {
namespace {

TEST(MemoryGauge, gives_up_to_its_limit_and_no_byte_more) {
    MemoryGauge gauge(1024);
    void* const most = sqlite3_malloc(1000);
    ASSERT_NE(most, nullptr);
    EXPECT_FALSE(gauge.was_exceeded());
    EXPECT_EQ(sqlite3_malloc(1000), nullptr);
    EXPECT_TRUE(gauge.was_exceeded());
    EXPECT_GE(gauge.bytes(), 1000U);
    sqlite3_free(most);
    EXPECT_EQ(gauge.bytes(), 0U);
    void* const again = sqlite3_malloc(1000);
    EXPECT_NE(again, nullptr);
    sqlite3_free(again);
}

TEST(MemoryGauge, counts_what_grows_and_shrinks) {
    MemoryGauge gauge(10'000);
    void* memory = sqlite3_malloc(1000);
    memory = sqlite3_realloc(memory, 8000);
    ASSERT_NE(memory, nullptr);
    EXPECT_EQ(sqlite3_realloc(memory, 20'000), nullptr) << "and the old piece stays";
    memory = sqlite3_realloc(memory, 100);
    EXPECT_LT(gauge.bytes(), 1000U);
    EXPECT_GE(gauge.peak_bytes(), 8000U);
    sqlite3_free(memory);
    EXPECT_EQ(gauge.bytes(), 0U);
}

TEST(MemoryGauge, limits_nobody_after_its_end) {
    {
        const MemoryGauge gauge(10);
    }
    void* const memory = sqlite3_malloc(1000);
    EXPECT_NE(memory, nullptr);
    sqlite3_free(memory);
}

}  // namespace
}  // namespace grapevine::sql
