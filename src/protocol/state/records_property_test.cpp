// Random histories of one record, its copies, and what happens to deltas between them.

#include <gtest/gtest.h>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.hpp"
#include "base/random.hpp"
#include "protocol/state/records.hpp"
#include "protocol/state/records_testing.hpp"

namespace grapevine::protocol {
namespace {

using namespace testing_records;

/// Every write of the owner, so that a copy can be judged without trusting the owner's own memory.
struct History {
    std::map<std::string, std::map<Version, bool>> writes;  ///< Key -> version -> deleted?

    void note(const Records& owner, const std::string& key, Version version) {
        writes[key][version] = owner.find(kOwner)->items.at(key).is_tombstone;
    }
};

/// The highest tombstone that a copy has shown, by key: below it nothing may be seen again.
using Deleted = std::map<std::string, Version>;

/// Invariant C(p,q) of the paper, and that no deleted key returns. A copy may hold a key whose
/// overwriting it has not heard of; it must not be one that it will never hear of, because it
/// accounts for it already.
void expect_prefix(const Records& owner, const Records& copy, const History& history,
                   Deleted& deleted, std::uint64_t seed) {
    const Record* held = copy.find(kOwner);
    if (held == nullptr) return;
    const Record& truth = *owner.find(kOwner);
    const Version seen = std::max(held->version, held->collected);
    for (const auto& [key, item] : truth.items) {
        const auto found = held->items.find(key);
        const bool is_equal = found != held->items.end() && found->second == item;
        ASSERT_TRUE(is_equal || item.version > held->version ||
                    (item.is_tombstone && item.version <= held->collected))
            << "C(p,q), key " << key << ", seed " << seed;
    }
    for (const auto& [key, item] : held->items) {
        const auto& writes = history.writes.at(key);
        ASSERT_TRUE(writes.contains(item.version)) << "never written, seed " << seed;
        const Version last = writes.rbegin()->first;
        ASSERT_TRUE(last == item.version || last > seen) << "stuck: " << key << ", seed " << seed;
        if (item.is_tombstone) {
            deleted[key] = std::max(deleted[key], item.version);
        } else {
            ASSERT_GT(item.version, deleted[key]) << "returned: " << key << ", seed " << seed;
        }
    }
}

/// One owner, three copies that also feed each other; every delta made goes into a bag, from which
/// deltas are drawn in any order, again and again, or never.
void run_history(std::uint64_t seed) {
    Random random(seed);
    std::vector<Records> nodes;
    for (std::uint64_t id = 1; id <= 4; ++id) nodes.push_back(make(MemberId{id}, 5s));
    Records& owner = nodes[0];
    History history;
    std::vector<Deleted> deleted(nodes.size());
    std::vector<StateDelta> bag;
    Instant now{};
    for (int step = 0; step < 1500; ++step) {
        now += std::chrono::milliseconds(random.below(40));
        const std::string key = "k" + std::to_string(random.below(12));
        const std::uint64_t dice = random.below(10);
        if (dice < 2) {
            const std::string value(random.below(200), static_cast<char>('a' + step % 26));
            const Version before = owner.find(kOwner)->version;
            const auto version = owner.set(now, key, value);
            if (version && *version > before) history.note(owner, key, *version);
        } else if (dice == 2) {
            if (const auto version = owner.erase(now, key)) history.note(owner, key, *version);
        } else if (dice == 3) {
            owner.advance(now);
        } else if (dice < 7) {
            const Records& from = nodes[random.below(nodes.size())];
            const auto delta = between(from, nodes[1 + random.below(3)], 150 + random.below(600));
            if (delta) bag.push_back(*delta);
            const auto news = from.newest(kOwner);
            if (news && random.chance(0.2)) bag.push_back(*news);
        } else if (!bag.empty()) {
            // Mostly recent ones, sometimes any old one; a third of them is delivered again later.
            const std::size_t depth =
                random.chance(0.8) ? std::min<std::size_t>(8, bag.size()) : bag.size();
            const std::size_t index = bag.size() - 1 - random.below(depth);
            Records& to = nodes[1 + random.below(3)];
            const Record* held = to.find(kOwner);
            const auto before =
                held ? std::pair(held->collected, held->version) : std::pair(Version{}, Version{});
            feed(to, bag[index], now);
            held = to.find(kOwner);
            if (held != nullptr) {
                ASSERT_GE(std::pair(held->collected, held->version), before) << seed;
            }
            if (random.chance(0.66)) bag.erase(bag.begin() + static_cast<std::ptrdiff_t>(index));
        }
        for (std::size_t index = 0; index < nodes.size(); ++index) {
            drain(nodes[index]);
            if (index > 0) expect_prefix(owner, nodes[index], history, deleted[index], seed);
        }
        if (::testing::Test::HasFatalFailure()) return;
    }
    for (std::size_t copy = 1; copy < nodes.size(); ++copy) {
        for (int round = 0; round < 200; ++round) {
            const auto delta = between(owner, nodes[copy], 400);
            if (!delta) break;
            ASSERT_TRUE(feed(nodes[copy], *delta, now)) << "a fresh delta is news, seed " << seed;
        }
        ASSERT_EQ(visible(nodes[copy]), visible(owner)) << "converged, seed " << seed;
        ASSERT_EQ(nodes[copy].find(kOwner)->collected, owner.find(kOwner)->collected);
    }
}

TEST(RecordsProperty, lost_doubled_reordered_and_cut_deltas_keep_every_copy_a_prefix) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        run_history(seed);
        if (HasFatalFailure()) return;
    }
}

}  // namespace
}  // namespace grapevine::protocol
