#include "client/event_log.hpp"

#include <gtest/gtest.h>
#include <limits>
#include <string>

namespace grapevine::client {
namespace {

using namespace std::chrono_literals;
using control::Log;
using control::LogItem;

constexpr std::size_t kMany = std::numeric_limits<std::size_t>::max();

Instant at(Duration since_start) {
    return Instant{} + since_start;
}

LogItem event(std::string topic, std::size_t size = 10, std::uint64_t sequence = 1) {
    LogItem::Event what{"00000000000000aa", 1,
                        sequence,           WallTime{7},
                        std::move(topic),   std::make_shared<const Bytes>(size)};
    return {0, WallTime{8}, std::move(what)};
}
LogItem gap() {
    return {0, WallTime{8}, LogItem::Gap{"00000000000000aa", 1, 3, 5}};
}
LogItem member() {
    return {0, WallTime{8}, LogItem::Member{"joined", {}}};
}
LogItem record() {
    return {0, WallTime{8}, LogItem::Record{"00000000000000aa", {}, 4}};
}

Log::Filter all() {
    return {{">"}, true, true};
}

std::vector<std::uint64_t> offsets(const Log::Page& page) {
    std::vector<std::uint64_t> result;
    for (const auto& item : page.items) result.push_back(item->offset);
    return result;
}

TEST(EventLog, counts_offsets_from_one) {
    EventLog log({}, "aa");
    EXPECT_EQ(log.oldest(), 1U);
    EXPECT_EQ(log.next(), 1U);
    EXPECT_EQ(log.append(at(0s), event("a")), 1U);
    EXPECT_EQ(log.append(at(0s), event("a")), 2U);
    EXPECT_EQ(log.oldest(), 1U);
    EXPECT_EQ(log.next(), 3U);
    EXPECT_EQ(log.life(), "aa");
}

TEST(EventLog, a_reader_continues_where_it_stopped) {
    EventLog log({}, "aa");
    for (int i = 0; i < 5; ++i) log.append(at(0s), event("a"));
    const Log::Page first = log.read(1, all(), 2, kMany);
    EXPECT_EQ(offsets(first), (std::vector<std::uint64_t>{1, 2}));
    const Log::Page second = log.read(first.next, all(), kMany, kMany);
    EXPECT_EQ(offsets(second), (std::vector<std::uint64_t>{3, 4, 5}));
    EXPECT_EQ(second.next, 6U);
    EXPECT_EQ(second.missed, 0U);
    EXPECT_TRUE(log.read(6, all(), kMany, kMany).items.empty());
}

TEST(EventLog, a_page_ends_before_its_bytes_are_exceeded_but_is_never_stuck) {
    EventLog log({}, "aa");
    for (int i = 0; i < 3; ++i) log.append(at(0s), event("a", 1000));
    const std::size_t cost = log.bytes() / 3;
    EXPECT_EQ(log.read(1, all(), kMany, 2 * cost).items.size(), 2U);
    EXPECT_EQ(log.read(1, all(), kMany, 2 * cost - 1).items.size(), 1U);
    EXPECT_EQ(log.read(1, all(), kMany, 0).items.size(), 1U);
}

TEST(EventLog, the_filter_chooses_and_the_position_passes_over_the_rest) {
    EventLog log({}, "aa");
    log.append(at(0s), event("orders.eu"));
    log.append(at(0s), member());
    log.append(at(0s), gap());
    log.append(at(0s), record());
    log.append(at(0s), event("other"));
    const Log::Page events = log.read(1, {{"orders.*"}, false, false}, kMany, kMany);
    EXPECT_EQ(offsets(events), (std::vector<std::uint64_t>{1, 3})) << "a gap is of every topic";
    EXPECT_EQ(events.next, 6U);
    EXPECT_EQ(offsets(log.read(1, {{}, true, false}, kMany, kMany)),
              (std::vector<std::uint64_t>{2}));
    EXPECT_EQ(offsets(log.read(1, {{}, false, true}, kMany, kMany)),
              (std::vector<std::uint64_t>{4}));
    EXPECT_TRUE(log.read(1, {{"bad..pattern"}, false, false}, kMany, kMany).items.empty());
}

TEST(EventLog, a_full_page_does_not_pass_over_what_it_could_not_take) {
    EventLog log({}, "aa");
    log.append(at(0s), event("a"));
    log.append(at(0s), event("b"));
    log.append(at(0s), event("a"));
    log.append(at(0s), event("b"));
    const Log::Page page = log.read(1, {{"a"}, false, false}, 1, kMany);
    EXPECT_EQ(offsets(page), (std::vector<std::uint64_t>{1}));
    EXPECT_EQ(page.next, 3U);
}

TEST(EventLog, one_item_above_the_byte_limit_displaces_the_oldest) {
    EventLog probe({}, "aa");
    probe.append(at(0s), event("a", 100));
    const std::size_t cost = probe.bytes();
    EventLog log({3 * cost, 1h}, "aa");
    for (int i = 0; i < 3; ++i) log.append(at(0s), event("a", 100));
    EXPECT_EQ(log.oldest(), 1U);
    log.append(at(0s), event("a", 100));
    EXPECT_EQ(log.oldest(), 2U);
    EXPECT_LE(log.bytes(), 3 * cost);
    log.append(at(0s), event("a", 100 * cost));
    EXPECT_EQ(log.count(), 1U) << "the newest is kept whatever its size";
    log.check_invariants();
}

TEST(EventLog, items_go_at_their_age_and_not_before) {
    EventLog log({1U << 20U, 10s}, "aa");
    log.append(at(0s), event("a"));
    log.expire(at(10s) - 1ns);
    EXPECT_EQ(log.count(), 1U);
    log.expire(at(10s));
    EXPECT_EQ(log.count(), 0U);
    EXPECT_EQ(log.oldest(), 2U);
    EXPECT_EQ(log.next(), 2U);
    log.check_invariants();
}

TEST(EventLog, a_reader_that_comes_too_late_is_told_how_much_it_missed) {
    EventLog log({1U << 20U, 10s}, "aa");
    for (int i = 0; i < 10; ++i) log.append(at(std::chrono::seconds(i)), event("a"));
    log.expire(at(14s));
    const Log::Page page = log.read(2, all(), kMany, kMany);
    EXPECT_EQ(page.missed, 4U) << "2, 3, 4 and 5";
    EXPECT_EQ(offsets(page), (std::vector<std::uint64_t>{6, 7, 8, 9, 10}));
    EXPECT_EQ(log.read(0, all(), kMany, kMany).missed, 5U) << "0 is before the first, and no item";
    EXPECT_EQ(log.read(99, all(), kMany, kMany).next, 11U);
    EXPECT_EQ(log.read(99, all(), kMany, kMany).missed, 0U);
}

TEST(EventLog, wakes_until_the_handle_is_gone) {
    EventLog log({}, "aa");
    int woken = 0;
    auto handle = log.on_append([&] { ++woken; });
    log.append(at(0s), event("a"));
    EXPECT_EQ(woken, 1);
    handle.reset();
    log.append(at(0s), event("a"));
    EXPECT_EQ(woken, 1);
}

TEST(EventLog, knows_what_its_readers_want_as_long_as_they_read) {
    EventLog log({}, "aa");
    int changes = 0;
    log.on_want([&] { ++changes; });
    auto first = log.want({"b", "a.>"});
    const auto second = log.want({"b"});
    EXPECT_EQ(log.wanted(), (std::vector<std::string>{"a.>", "b"}));
    EXPECT_EQ(changes, 2);
    first.reset();
    EXPECT_EQ(log.wanted(), (std::vector<std::string>{"b"}));
    EXPECT_EQ(changes, 3);
}

TEST(EventLog, a_reader_may_outlive_it) {
    auto log = std::make_unique<EventLog>(EventLog::Limits{}, "aa");
    auto reader = log->want({"a"});
    log.reset();
    reader.reset();
}

TEST(EventLog, one_who_is_woken_may_end_another_and_read) {
    EventLog log({}, "aa");
    std::shared_ptr<void> second;
    int woken = 0;
    std::size_t seen = 0;
    const auto first = log.on_append([&] {
        second.reset();
        seen = log.read(1, all(), kMany, kMany).items.size();
    });
    second = log.on_append([&] { ++woken; });
    log.append(at(0s), event("a"));
    EXPECT_EQ(seen, 1U);
    EXPECT_EQ(woken, 0);
}

}  // namespace
}  // namespace grapevine::client
