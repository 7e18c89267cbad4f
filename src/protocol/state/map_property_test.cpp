#include <gtest/gtest.h>
#include <map>
#include <set>
#include <string>

#include "protocol/state/map.hpp"
#include "protocol/state/map_network.hpp"
#include "support/seeds.hpp"

// What must hold for every seed: deletions are final, updates are not lost, all hold the same.
namespace grapevine::protocol {
namespace {

using grapevine::testing::for_each_seed;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

/// Keys are written once and deleted once. Whoever has seen one deleted must never see it again,
/// unless it has thrown its copy away since.
class Graveyard {
public:
    explicit Graveyard(MapNetwork& net) : net_(net) {}

    void deleted(std::size_t member, const std::string& key) { dead_[member].insert(key); }
    /// What has risen, if anything.
    std::string look() {
        for (auto& [member, keys] : dead_) {
            if (!net_.at(member).is_up) continue;
            if (net_.at(member).resets != resets_[member]) {
                resets_[member] = net_.at(member).resets;
                keys.clear();
            }
            for (const std::string& key : keys) {
                if (net_.find(member, key)) {
                    return key + " is back at member " + std::to_string(member);
                }
            }
        }
        return "";
    }

private:
    MapNetwork& net_;
    std::map<std::size_t, std::set<std::string>> dead_;
    std::map<std::size_t, std::uint64_t> resets_;
};

void scatter(MapNetwork& net, std::size_t count) {
    for (std::size_t index = 0; index < count; ++index) {
        net.at(index).side = net.random().chance(0.3) ? 1 : 0;
    }
}

TEST(SharedMapProperty, nothing_deleted_returns_whoever_was_away_for_however_long) {
    for_each_seed(6, [](std::uint64_t seed) {
        constexpr std::size_t kMembers = 5;
        MapNetwork net(kMembers, seed, 0.1);
        Graveyard graves(net);
        std::set<std::string> living;
        int next = 0;
        for (int phase = 0; phase < 14; ++phase) {
            for (int step = 0; step < 12; ++step) {
                const auto member = static_cast<std::size_t>(net.random().below(kMembers));
                if (!net.at(member).is_up) continue;
                const std::string key = "k" + std::to_string(next++);
                net.put(member, key, "v");
                living.insert(key);
                if (next % 3 == 0 && !living.empty()) {
                    const std::string victim = *living.begin();
                    if (net.find(member, victim)) {
                        net.erase(member, victim);
                        living.erase(victim);
                        graves.deleted(member, victim);
                    }
                }
                net.run(seconds(1));
            }
            net.run_long(hours(1 + static_cast<int>(net.random().below(9))));
            ASSERT_EQ(graves.look(), "") << "phase " << phase;
            scatter(net, kMembers);
            const auto down = static_cast<std::size_t>(net.random().below(kMembers));
            if (net.at(down).is_up) {
                net.stop(down);
            } else {
                net.start(down);
            }
        }
        for (std::size_t index = 0; index < kMembers; ++index) {
            net.at(index).side = 0;
            if (!net.at(index).is_up) net.start(index);
        }
        net.set_loss(0);
        ASSERT_TRUE(net.converge(minutes(2)));
        ASSERT_EQ(graves.look(), "");
        net.run_long(hours(60));
        ASSERT_EQ(graves.look(), "");
        EXPECT_TRUE(net.is_equal());
        EXPECT_EQ(net.map(0).cells().ending_count(), 0U) << "deletions are forgotten in the end";
        net.map(0).check_invariants();
    });
}

TEST(SharedMapProperty, no_increment_and_no_element_is_lost_by_loss_partitions_and_restarts) {
    for_each_seed(10, [](std::uint64_t seed) {
        constexpr std::size_t kMembers = 5;
        MapNetwork net(kMembers, seed, 0.15);
        std::map<std::string, std::int64_t> sums;
        std::set<std::string> elements;
        for (int step = 0; step < 300; ++step) {
            const auto member = static_cast<std::size_t>(net.random().below(kMembers));
            if (step % 40 == 39) scatter(net, kMembers);
            if (step % 50 == 25 && net.at(member).is_up) net.stop(member);
            if (!net.at(member).is_up) {
                net.start(member);
                continue;
            }
            const std::string key = "n" + std::to_string(net.random().below(4));
            const auto change = static_cast<std::int64_t>(net.random().below(9)) - 3;
            net.count(member, key, change);
            sums[key] += change;
            const std::string element = "e" + std::to_string(step);
            net.change_set(member, "all", {element}, {});
            elements.insert(element);
            net.run(MapNetwork::kStep * 10);
        }
        for (std::size_t index = 0; index < kMembers; ++index) {
            net.at(index).side = 0;
            if (!net.at(index).is_up) net.start(index);
        }
        ASSERT_TRUE(net.converge(minutes(1)));
        for (const auto& [key, sum] : sums) {
            const auto entry = net.find(2, key);
            EXPECT_EQ(entry ? entry->count : 0, sum) << key;
        }
        EXPECT_EQ(net.find(3, "all")->elements,
                  std::vector<std::string>(elements.begin(), elements.end()));
    });
}

TEST(SharedMapProperty, all_hold_the_same_within_twenty_rounds_after_chaos) {
    for_each_seed(10, [](std::uint64_t seed) {
        constexpr std::size_t kMembers = 12;
        MapNetwork net(kMembers, seed, 0.1);
        for (int step = 0; step < 1500; ++step) {
            if (step % 300 == 299) scatter(net, kMembers);
            const auto member = static_cast<std::size_t>(net.random().below(kMembers));
            const std::string key = "k" + std::to_string(net.random().below(400));
            if (net.random().chance(0.2)) {
                net.erase(member, key);
            } else {
                net.put(member, key, std::to_string(step));
            }
            if (step % 4 == 0) net.run(MapNetwork::kStep);
        }
        for (std::size_t index = 0; index < kMembers; ++index) net.at(index).side = 0;
        ASSERT_TRUE(net.converge(20 * MapNetwork::kRound + seconds(1)));
        for (std::size_t index = 1; index < kMembers; ++index) {
            const auto& mine = net.at(index).disk;
            EXPECT_EQ(mine, net.at(0).disk) << "byte by byte, on disk too";
        }
        EXPECT_EQ(net.copies(), 0U);
    });
}

}  // namespace
}  // namespace grapevine::protocol
