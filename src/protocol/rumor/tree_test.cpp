// One `Tree`, fed by hand: who gets a copy, who is told to stop, and what is bounded.

#include "protocol/rumor/tree.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>
#include <utility>
#include <vector>

#include "base/limits.hpp"
#include "protocol/machine.hpp"
#include "protocol/neighbours.hpp"
#include "protocol/rumor/event_network.hpp"

namespace grapevine::protocol {
namespace {

using namespace std::chrono_literals;

static_assert(Machine<Tree>);

constexpr MemberId kSelf{1};
constexpr wire::StreamId kStream{MemberId{2}, Epoch{1}};
constexpr wire::StreamId kOwn{kSelf, Epoch{1}};

Instant at(Duration since_start) {
    return Instant{} + since_start;
}

EventKey key(std::uint64_t sequence, wire::StreamId stream = kStream) {
    return {stream, EventSequence{sequence}};
}

struct Fixture {
    test::FixedPeers peers;
    ProtocolConfig config;
    Tree tree;
    std::vector<Spreader::Push> pushed;
    std::vector<Spreader::Announce> announced;
    std::vector<std::pair<MemberId, bool>> told;

    explicit Fixture(std::uint64_t peer_count = 100)
        : peers(peers_of(peer_count)), tree(kSelf, config, peers, 1) {}

    static test::FixedPeers peers_of(std::uint64_t count) {
        std::vector<MemberId> members;
        for (std::uint64_t id = 2; id < 2 + count; ++id) members.emplace_back(id);
        test::FixedPeers peers;
        peers.self = kSelf;
        peers.set(std::move(members));
        return peers;
    }
    void drain() {
        pushed.clear();
        announced.clear();
        told.clear();
        while (auto action = tree.poll()) {
            if (auto* push = std::get_if<Spreader::Push>(&*action)) pushed.push_back(*push);
            if (auto* news = std::get_if<Spreader::Announce>(&*action)) announced.push_back(*news);
            if (auto* word = std::get_if<Spreader::Tell>(&*action)) {
                told.emplace_back(word->to, std::get<wire::EventLink>(word->section).is_eager);
            }
        }
        tree.check_invariants();
    }
    void add(Instant now, std::uint64_t sequence, MemberId from, std::uint8_t hops = 1) {
        tree.added(now, {key(sequence), from, hops, false, false});
        drain();
    }
    void repeat(Instant now, std::uint64_t sequence, MemberId from, std::uint8_t hops = 1) {
        tree.duplicate(now, {key(sequence), from, hops, false, false});
        drain();
    }
    void hear(Instant now, MemberId from, bool is_eager, wire::StreamId stream = kStream) {
        tree.handle(now, from, wire::EventLink{stream, is_eager});
        drain();
    }
    void publish(Instant now, std::uint64_t sequence) {
        tree.added(now, {key(sequence, kOwn), kNobody, 0, false, false});
        drain();
    }
    /// Neighbours that are neither the publisher nor `other`.
    std::set<MemberId> neighbours_but(MemberId other) const {
        const std::vector<MemberId> all = peers.neighbours(config.tree_degree);
        std::set<MemberId> members(all.begin(), all.end());
        members.erase(kStream.publisher);
        members.erase(other);
        return members;
    }
    std::set<MemberId> pushed_to() const {
        std::set<MemberId> members;
        for (const Spreader::Push& push : pushed) members.insert(push.to);
        EXPECT_EQ(members.size(), pushed.size());
        return members;
    }
};

TEST(RingNeighbours, are_known_to_each_other_and_connect_everybody) {
    constexpr std::uint64_t kMembers = 200;
    std::vector<std::vector<MemberId>> of(kMembers + 1);
    std::vector<std::size_t> named_first(kMembers + 1);
    for (std::uint64_t id = 1; id <= kMembers; ++id) {
        std::vector<MemberId> peers;
        for (std::uint64_t other = 1; other <= kMembers; ++other) {
            if (other != id) peers.emplace_back(other);
        }
        of[id] = ring_neighbours(MemberId{id}, peers, 6);
        EXPECT_EQ(of[id].size(), 6U);
        ++named_first[of[id].front().value()];
        EXPECT_EQ(ring_neighbours(MemberId{id}, peers, 1000).size(), kMembers - 1);
        EXPECT_EQ(ring_neighbours(MemberId{id}, peers, kMembers - 1).size(), kMembers - 1);
        EXPECT_TRUE(ring_neighbours(MemberId{id}, peers, 0).empty());
    }
    std::size_t one_sided = 0;
    for (std::uint64_t id = 1; id <= kMembers; ++id) {
        EXPECT_EQ(named_first[id], 1U) << "everybody is somebody's first";
        for (const MemberId other : of[id]) {
            one_sided +=
                static_cast<std::size_t>(std::ranges::count(of[other.value()], MemberId{id}) == 0);
        }
    }
    EXPECT_LE(one_sided, kMembers * 6 / 20) << "rings seldom meet in so large a group";
}

TEST(Tree, a_publisher_in_a_small_group_reaches_everybody_and_nobody_else_sends) {
    Fixture f(32);
    f.publish(at(1s), 1);
    EXPECT_EQ(f.pushed.size(), 32U);
    f.add(at(1s), 1, kStream.publisher);
    EXPECT_TRUE(f.pushed.empty());
}

TEST(Tree, a_publisher_begins_with_the_root_degree) {
    Fixture f(100);
    f.publish(at(1s), 1);
    EXPECT_EQ(f.pushed.size(), f.config.tree_root_degree);
}

TEST(Tree, the_first_event_of_a_stream_goes_to_all_neighbours_but_sender_and_publisher) {
    Fixture f;
    const MemberId sender = f.peers.neighbours(f.config.tree_degree).front();
    f.add(at(1s), 1, sender);
    EXPECT_EQ(f.pushed_to(), f.neighbours_but(sender));
    EXPECT_EQ(f.tree.upstream(kStream), sender);
}

TEST(Tree, a_second_sender_is_pruned_and_the_first_is_not) {
    Fixture f;
    f.add(at(1s), 1, MemberId{50});
    f.repeat(at(1s), 1, MemberId{50});
    EXPECT_TRUE(f.told.empty()) << "a datagram was doubled";
    f.repeat(at(1s), 1, MemberId{51});
    const std::vector<std::pair<MemberId, bool>> expected{{MemberId{51}, false}};
    EXPECT_EQ(f.told, expected);
}

TEST(Tree, who_is_pruned_is_told_again_after_the_repair_delay_and_not_before) {
    Fixture f;
    f.add(at(1s), 1, MemberId{50});
    f.repeat(at(1s), 1, MemberId{51});
    f.repeat(at(1s) + f.config.repair_delay - 1ns, 1, MemberId{51});
    EXPECT_TRUE(f.told.empty());
    f.repeat(at(1s) + f.config.repair_delay, 1, MemberId{51});
    EXPECT_EQ(f.told.size(), 1U);
}

TEST(Tree, a_second_copy_over_fewer_hops_wins_if_it_is_not_late) {
    Fixture f;
    f.add(at(1s), 1, MemberId{50}, 3);
    f.repeat(at(1s) + f.config.announce_delay, 1, MemberId{51}, 2);
    const std::vector<std::pair<MemberId, bool>> first{{MemberId{50}, false}};
    EXPECT_EQ(f.told, first);
    EXPECT_EQ(f.tree.upstream(kStream), MemberId{51});
    f.repeat(at(1s) + f.config.announce_delay + 1ns, 1, MemberId{52}, 1);
    const std::vector<std::pair<MemberId, bool>> second{{MemberId{52}, false}};
    EXPECT_EQ(f.told, second) << "late";
}

TEST(Tree, a_pruned_link_carries_nothing_until_it_is_grafted) {
    Fixture f;
    const MemberId child = *f.neighbours_but(kNobody).begin();
    f.add(at(1s), 1, MemberId{90});
    f.hear(at(1s), child, false);
    f.add(at(2s), 2, MemberId{90});
    EXPECT_FALSE(f.pushed_to().contains(child));
    f.hear(at(3s), child, true);
    f.add(at(4s), 3, MemberId{90});
    EXPECT_TRUE(f.pushed_to().contains(child));
}

TEST(Tree, a_member_that_is_no_neighbour_may_graft_itself) {
    Fixture f;
    f.hear(at(1s), MemberId{77}, true);
    f.add(at(1s), 1, MemberId{50});
    EXPECT_TRUE(f.pushed_to().contains(MemberId{77}));
    f.hear(at(1s), kStream.publisher, true);
    f.add(at(1s), 2, MemberId{50});
    EXPECT_FALSE(f.pushed_to().contains(kStream.publisher)) << "it has them";
}

TEST(Tree, a_late_event_on_a_pruned_link_does_not_make_it_the_parent) {
    Fixture f;
    f.add(at(1s), 1, MemberId{50});
    f.repeat(at(1s), 1, MemberId{51});
    f.add(at(1s) + 1ms, 2, MemberId{51});
    EXPECT_EQ(f.tree.upstream(kStream), MemberId{50});
    f.repeat(at(1s) + 2ms, 2, MemberId{50});
    EXPECT_TRUE(f.told.empty()) << "or both would be pruned";
    f.tree.repaired(at(2s), kStream, MemberId{51});
    f.drain();
    const std::vector<std::pair<MemberId, bool>> expected{{MemberId{51}, true}};
    EXPECT_EQ(f.told, expected);
    f.add(at(2s), 3, MemberId{51});
    EXPECT_EQ(f.tree.upstream(kStream), MemberId{51});
}

TEST(Tree, a_repaired_event_is_announced_to_eager_links_and_pushed_to_nobody) {
    Fixture f;
    f.add(at(1s), 1, MemberId{90});
    f.tree.added(at(2s), {key(2), MemberId{91}, 2, true, false});
    f.drain();
    EXPECT_TRUE(f.pushed.empty());
    f.tree.advance(f.tree.deadline());
    f.drain();
    std::set<MemberId> hearers;
    for (const Spreader::Announce& news : f.announced) hearers.insert(news.to);
    EXPECT_EQ(hearers, f.neighbours_but(MemberId{90}));
}

TEST(Tree, announcements_go_to_the_first_neighbours_when_nothing_has_come_for_the_delay) {
    Fixture f;
    f.add(at(1s), 1, MemberId{90});
    f.add(at(1s) + 5ms, 2, MemberId{90});
    EXPECT_EQ(f.tree.deadline(), at(1s) + 5ms + f.config.announce_delay);
    f.tree.advance(f.tree.deadline() - 1ns);
    f.drain();
    EXPECT_TRUE(f.announced.empty());
    f.tree.advance(f.tree.deadline());
    f.drain();
    ASSERT_EQ(f.announced.size(), f.config.lazy_links);
    EXPECT_EQ(f.announced[0].streams, std::vector{kStream});
    EXPECT_EQ(f.tree.deadline(), kNever);
}

TEST(Tree, announcements_wait_no_longer_than_four_delays_while_a_stream_flows) {
    Fixture f;
    for (int i = 0; i < 30; ++i) {
        f.add(at(1s) + i * 1ms, static_cast<std::uint64_t>(i + 1), MemberId{90});
    }
    EXPECT_EQ(f.tree.deadline(), at(1s) + 29ms + f.config.announce_delay);
    f.add(at(1s) + 39ms, 31, MemberId{90});
    EXPECT_EQ(f.tree.deadline(), at(1s) + Tree::kAnnounceStretch * f.config.announce_delay);
}

TEST(Tree, a_large_event_goes_to_a_few_at_random_and_leaves_the_tree_alone) {
    Fixture f;
    f.tree.added(at(1s), {key(1), MemberId{50}, 1, false, true});
    f.drain();
    EXPECT_EQ(f.pushed.size(), f.config.event_fanout);
    EXPECT_EQ(f.tree.upstream(kStream), kNobody);
    f.tree.duplicate(at(1s), {key(1), MemberId{51}, 1, false, true});
    f.drain();
    EXPECT_TRUE(f.told.empty());
}

TEST(Tree, links_follow_the_view) {
    Fixture f(40);
    f.add(at(1s), 1, MemberId{90});
    const std::set<MemberId> before = f.pushed_to();
    const MemberId gone = *before.begin();
    std::vector<MemberId> members;
    for (std::uint64_t id = 2; id < 42; ++id) {
        if (MemberId{id} != gone) members.emplace_back(id);
    }
    f.peers.set(members);
    f.tree.peer_left(at(2s), gone);
    f.add(at(2s), 2, MemberId{90});
    EXPECT_FALSE(f.pushed_to().contains(gone));
    EXPECT_TRUE(std::ranges::includes(f.pushed_to(), f.neighbours_but(kNobody)))
        << "the new neighbours";
    members.push_back(gone);
    f.peers.set(members);
    f.tree.peer_joined(at(3s), gone);
    f.add(at(3s), 3, MemberId{90});
    EXPECT_TRUE(f.pushed_to().contains(gone));
}

TEST(Tree, one_stream_above_the_limit_displaces_the_one_idle_for_longest) {
    Fixture f;
    for (std::uint64_t id = 0; id <= kTreeStreamsMax; ++id) {
        const wire::StreamId stream{MemberId{1000 + id}, Epoch{1}};
        f.tree.added(at(1s) + id * 1us, {key(1, stream), MemberId{50}, 1, false, false});
        f.drain();
        f.tree.advance(f.tree.deadline());
        f.drain();
    }
    EXPECT_EQ(f.tree.stream_count(), kTreeStreamsMax);
    EXPECT_EQ(f.tree.upstream({MemberId{1000}, Epoch{1}}), kNobody);
    EXPECT_EQ(f.tree.upstream({MemberId{1001}, Epoch{1}}), MemberId{50});
}

TEST(Tree, links_above_the_limit_displace_lazy_ones_and_then_nothing) {
    Fixture f(200);
    f.add(at(1s), 1, MemberId{90});
    const std::set<MemberId> neighbours = f.neighbours_but(kNobody);
    for (const MemberId member : neighbours) f.hear(at(1s), member, false);
    for (std::uint64_t id = 101; id <= 101 + kTreeLinksMax; ++id) {
        f.hear(at(1s), MemberId{id}, true);
    }
    EXPECT_EQ(f.tree.eager_links(kStream).size(), kTreeLinksMax);
    f.add(at(2s), 2, MemberId{90});
    EXPECT_FALSE(f.pushed_to().contains(MemberId{101 + kTreeLinksMax}));
}

TEST(Tree, a_forgotten_stream_leaves_nothing_to_do) {
    Fixture f;
    f.add(at(1s), 1, MemberId{90});
    f.tree.forget(kStream);
    f.drain();
    EXPECT_EQ(f.tree.deadline(), kNever);
    EXPECT_EQ(f.tree.stream_count(), 0U);
}

}  // namespace
}  // namespace grapevine::protocol
