#include "protocol/rumor/retention.hpp"

#include <gtest/gtest.h>
#include <memory>
#include <vector>

namespace grapevine::protocol {
namespace {

using namespace std::chrono_literals;

constexpr wire::StreamId kA{MemberId{1}, Epoch{1}};
constexpr wire::StreamId kB{MemberId{2}, Epoch{1}};

Instant at(Duration since_start) {
    return Instant{} + since_start;
}

SharedEvent event(wire::StreamId stream, std::uint64_t sequence, std::size_t size = 10) {
    return std::make_shared<Event>(Event{stream, EventSequence{sequence}, WallTime{}, "t",
                                         std::make_shared<const Bytes>(size)});
}

std::vector<std::uint64_t> withdrawn(Retention& retention, Instant now) {
    std::vector<std::uint64_t> sequences;
    while (const auto key = retention.withdraw(now)) sequences.push_back(key->second.value());
    retention.check_invariants();
    return sequences;
}

TEST(Retention, finds_the_next_event_of_one_stream) {
    Retention retention(80s, 1U << 20U, 1s);
    retention.add(at(0s), event(kA, 3));
    retention.add(at(0s), event(kB, 4));
    EXPECT_EQ(retention.at_or_after(kA, EventSequence{1})->sequence, EventSequence{3});
    EXPECT_EQ(retention.at_or_after(kA, EventSequence{4}), nullptr);
    EXPECT_EQ(retention.at_or_after(kB, EventSequence{4})->sequence, EventSequence{4});
}

TEST(Retention, an_event_is_withdrawn_before_it_is_dropped_and_neither_too_early) {
    Retention retention(80s, 1U << 20U, 2s);
    retention.add(at(0s), event(kA, 1));
    EXPECT_EQ(retention.deadline(), at(78s));
    EXPECT_TRUE(withdrawn(retention, at(78s) - 1ns).empty());
    EXPECT_EQ(withdrawn(retention, at(78s)), (std::vector<std::uint64_t>{1}));
    EXPECT_NE(retention.at_or_after(kA, EventSequence{1}), nullptr) << "still given";
    EXPECT_EQ(retention.deadline(), at(80s));
    EXPECT_TRUE(withdrawn(retention, at(80s) - 1ns).empty());
    EXPECT_EQ(retention.count(), 1U);
    EXPECT_TRUE(withdrawn(retention, at(80s)).empty());
    EXPECT_EQ(retention.count(), 0U);
    EXPECT_EQ(retention.bytes(), 0U);
    EXPECT_EQ(retention.deadline(), kNever);
}

TEST(Retention, the_oldest_go_first_over_all_streams) {
    const std::size_t cost = cost_of(*event(kA, 1));
    Retention retention(80s, 8 * cost, 1s);
    for (std::uint64_t i = 1; i <= 7; ++i) retention.add(at(0s), event(i % 2 ? kA : kB, i));
    EXPECT_TRUE(withdrawn(retention, at(1s)).empty());
    retention.add(at(1s), event(kA, 8));
    EXPECT_EQ(withdrawn(retention, at(1s)), (std::vector<std::uint64_t>{1}));
    EXPECT_EQ(retention.count(), 8U) << "withdrawn at seven eighths, dropped when full";
    retention.add(at(1s), event(kB, 9));
    EXPECT_EQ(withdrawn(retention, at(1s)), (std::vector<std::uint64_t>{2}));
    EXPECT_EQ(retention.count(), 8U);
    EXPECT_LE(retention.bytes(), 8 * cost);
}

TEST(Retention, the_newest_is_kept_whatever_its_size) {
    Retention retention(80s, 1000, 1s);
    retention.add(at(0s), event(kA, 1));
    retention.add(at(0s), event(kA, 2, 5000));
    EXPECT_EQ(withdrawn(retention, at(0s)), (std::vector<std::uint64_t>{1}));
    EXPECT_EQ(retention.count(), 1U);
    EXPECT_NE(retention.at_or_after(kA, EventSequence{2}), nullptr);
}

}  // namespace
}  // namespace grapevine::protocol
