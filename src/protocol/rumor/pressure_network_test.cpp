// A member whose link cannot carry a stream: its publisher is told, slows down, and loses nothing.

#include <algorithm>
#include <chrono>
#include <gtest/gtest.h>
#include <vector>

#include "protocol/rumor/event_network.hpp"
#include "protocol/rumor/tree.hpp"
#include "wire/size.hpp"

namespace grapevine::protocol {
namespace {

using namespace std::chrono_literals;
using test::EventNetwork;

constexpr std::size_t kBytes = 200;

/// What member `clogged` is sent passes a bucket of `rate` bytes a second that holds a tenth of it;
/// what does not fit is lost.
void clog(EventNetwork& network, MemberId clogged, double rate) {
    network.is_lost = [&network, clogged, rate, level = 0.0, at = network.now()](
                          MemberId to, const wire::Section& section) mutable {
        if (to != clogged) return false;
        const double elapsed = std::chrono::duration<double>(network.now() - at).count();
        at = network.now();
        level = std::max(0.0, level - elapsed * rate);
        // Header, seal, IP and UDP.
        const auto size = static_cast<double>(wire::encoded_size(section) + 72);
        if (level + size > rate / 10) return true;
        level += size;
        return false;
    };
}

/// Publishes by member 1 at up to `rate` a second, as fast as it is allowed; how many were.
std::size_t publish_paced(EventNetwork& network, Duration duration, int rate) {
    const Instant end = network.now() + duration;
    const Duration pause = std::chrono::duration_cast<Duration>(1s) / rate;
    std::size_t count = 0;
    while (network.now() < end) {
        Events& events = *network.at(1).events;
        if (events.publish_at(network.now()) <= network.now()) {
            network.publish(1, "t", Bytes(kBytes));
            ++count;
        } else {
            events.held_up();
        }
        network.run_for(pause);
    }
    return count;
}

void expect_complete(EventNetwork& network, std::size_t count) {
    for (const auto& node : network.nodes()) {
        EXPECT_EQ(node->told.events.size(), count) << "member " << node->id.value();
        EXPECT_EQ(node->told.disorder, 0U);
        EXPECT_TRUE(node->told.gaps.empty());
    }
}

TEST(PressureNetwork, a_clogged_member_slows_its_publisher_and_misses_nothing) {
    EventNetwork network(12, 1);
    network.faults.delay_max = 3ms;
    network.run_for(10s);
    const MemberId slow{12};
    // 300 events a second of some 330 bytes on the wire, into room for a third of them.
    std::size_t count = publish_paced(network, 2s, 300);
    clog(network, slow, 33'000);
    count += publish_paced(network, 4s, 300);
    const auto state = network.at(1).events->pressure(network.now());
    ASSERT_TRUE(state) << "told within four seconds";
    EXPECT_EQ(state->slowest.slowest, slow);
    EXPECT_GT(state->slowest.backlog, 0U);
    EXPECT_LT(state->limit, 150U);
    const std::size_t slowed = publish_paced(network, 10s, 300);
    EXPECT_LT(slowed, 1800U);
    EXPECT_GT(slowed, 10 * Pace::kRateMin);
    count += slowed;
    network.is_lost = [](MemberId, const wire::Section&) { return false; };
    network.run_for(15s);
    EXPECT_FALSE(network.at(1).events->pressure(network.now())) << "it expires by itself";
    expect_complete(network, count);
    // The others never noticed.
    for (const auto& node : network.nodes()) {
        if (node->id != slow) {
            EXPECT_LE(std::ranges::max(node->told.took), 20ms);
        }
    }
}

TEST(PressureNetwork, the_word_travels_up_the_tree) {
    EventNetwork network(60, 2);
    network.faults.delay_max = 3ms;
    network.run_for(10s);
    std::size_t count = publish_paced(network, 2s, 300);
    const wire::StreamId stream{MemberId{1}, Epoch{1}};
    MemberId slow{2};
    while (network.at(slow).events->spreader().upstream(stream) == MemberId{1}) {
        slow = MemberId{slow.value() + 1};
    }
    clog(network, slow, 33'000);
    count += publish_paced(network, 5s, 300);
    EXPECT_GT(network.at(1).events->counters().pressure_heard, 0U);
    std::uint64_t told_by_others = 0;
    for (const auto& node : network.nodes()) {
        if (node->id != slow) told_by_others += node->events->counters().pressure_told;
    }
    EXPECT_GT(told_by_others, 0U);
    network.is_lost = [](MemberId, const wire::Section&) { return false; };
    network.run_for(20s);
    expect_complete(network, count);
}

TEST(PressureNetwork, a_publisher_that_does_not_listen_harms_the_slow_one_alone) {
    ProtocolConfig config;
    config.retention_age = 5s;
    EventNetwork network(12, 3, config);
    network.faults.delay_max = 3ms;
    network.run_for(10s);
    clog(network, MemberId{12}, 33'000);
    for (int i = 0; i < 6000; ++i) {
        network.publish(1, "t", Bytes(kBytes));
        network.run_for(3ms);
    }
    network.is_lost = [](MemberId, const wire::Section&) { return false; };
    network.run_for(20s);
    for (const auto& node : network.nodes()) {
        if (node->id == MemberId{12}) continue;
        EXPECT_EQ(node->told.events.size(), 6000U);
        EXPECT_LE(std::ranges::max(node->told.took), 20ms);
    }
    const EventNetwork::Told& told = network.at(12).told;
    std::uint64_t lost = 0;
    for (const Events::Gap& gap : told.gaps) lost += gap.last.value() - gap.first.value() + 1;
    EXPECT_GT(lost, 0U);
    EXPECT_EQ(told.events.size() + lost, 6000U) << "what it missed was told";
    EXPECT_EQ(told.disorder, 0U);
}

TEST(PressureNetwork, nobody_complains_of_loss_that_repair_can_make_good) {
    EventNetwork network(25, 4);
    network.faults.loss = 0.1;
    network.run_for(5s);
    for (int i = 0; i < 2000; ++i) {
        network.publish(1, "t", Bytes(kBytes));
        network.run_for(5ms);
    }
    network.run_for(5s);
    expect_complete(network, 2000);
    EXPECT_EQ(network.at(1).events->counters().pressure_heard, 0U);
}

TEST(PressureNetwork, a_member_that_catches_up_after_a_partition_slows_nobody) {
    EventNetwork network(12, 5);
    network.run_for(5s);
    network.is_cut = [](MemberId a, MemberId b) { return a == MemberId{12} || b == MemberId{12}; };
    for (int i = 0; i < 4000; ++i) {
        network.publish(1, "t", Bytes(kBytes));
        network.run_for(5ms);
        if (i == 3000) network.is_cut = [](MemberId, MemberId) { return false; };
    }
    network.run_for(5s);
    expect_complete(network, 4000);
    EXPECT_EQ(network.at(1).events->counters().pressure_heard, 0U);
}

}  // namespace
}  // namespace grapevine::protocol
