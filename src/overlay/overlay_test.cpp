#include "overlay/overlay.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <vector>

#include "base/random.hpp"
#include "overlay/testing.hpp"

namespace grapevine::overlay {
namespace {

using namespace std::chrono_literals;
using testing::address_of;
using testing::Datagram;
using testing::key;
using testing::Wire;

/// Everything that a replay could change, in one comparable value.
struct Snapshot {
    std::uint64_t view = 0;
    std::size_t members = 0;
    std::uint64_t delivered = 0;
    std::uint32_t incarnation = 0;
    std::size_t sessions = 0;
    friend bool operator==(const Snapshot&, const Snapshot&) = default;
};

Snapshot snapshot(const Overlay& overlay) {
    const auto& node = overlay.node();
    return {overlay.view_fingerprint(), node.membership().member_count(),
            node.events().counters().delivered,
            node.membership().self_record()->incarnation.value(), overlay.session_count()};
}

class Trio : public ::testing::Test {
protected:
    void SetUp() override {
        wire_.add(1, {});
        wire_.add(2, {"10.0.0.1:9471"});
        wire_.add(3, {"10.0.0.1:9471"});
        wire_.run_for(3s);
        for (int host = 1; host <= 3; ++host) ASSERT_EQ(Wire::alive(wire_.at(host)), 3U);
    }
    Wire wire_;
};

TEST_F(Trio, members_meet_through_one_seed_and_agree) {
    EXPECT_EQ(wire_.at(1).view_fingerprint(), wire_.at(2).view_fingerprint());
    EXPECT_EQ(wire_.at(1).view_fingerprint(), wire_.at(3).view_fingerprint());
}

TEST_F(Trio, members_that_heard_of_each_other_never_shake_hands) {
    // 2 and 3 know each other only through 1: their records vouch for them.
    EXPECT_EQ(wire_.at(2).counters().challenges_sent + wire_.at(3).counters().challenges_sent, 0U);
    EXPECT_EQ(wire_.at(1).counters().challenges_sent, 2U);
}

TEST_F(Trio, an_event_reaches_everybody_once) {
    ASSERT_TRUE(wire_.at(2).publish(wire_.now(), WallTime{7}, "deploy", Bytes{1, 2, 3}));
    wire_.run_for(2s);
    for (int host = 1; host <= 3; ++host) {
        const auto& actions = wire_.actions(host);
        const auto delivered = std::ranges::count_if(actions, [](const Overlay::Action& action) {
            return std::holds_alternative<Overlay::EventDelivered>(action);
        });
        EXPECT_EQ(delivered, 1) << host;
    }
}

TEST_F(Trio, a_record_of_keys_reaches_everybody) {
    ASSERT_TRUE(wire_.at(3).set_record(wire_.now(), "load", "0.5"));
    wire_.run_for(2s);
    const MemberId owner = wire_.at(3).node().membership().self();
    for (int host = 1; host <= 3; ++host) {
        const protocol::Record* record = wire_.at(host).node().records().find(owner);
        ASSERT_NE(record, nullptr) << host;
        EXPECT_EQ(record->items.at("load").value, "0.5");
    }
}

TEST_F(Trio, keys_of_the_daemons_own_are_refused_to_users) {
    for (const char* key : {"gv.interest", "gv.channels", "gv.anything"}) {
        const auto set = wire_.at(3).set_record(wire_.now(), key, "x");
        ASSERT_FALSE(set) << key;
        EXPECT_EQ(set.error().code, Refusal::Code::invalid);
        EXPECT_EQ(set.error().message, "keys that begin with \"gv.\" are the daemon's own");
        EXPECT_FALSE(wire_.at(3).erase_record(wire_.now(), key));
    }
    EXPECT_TRUE(wire_.at(3).set_record(wire_.now(), "gv", "x"));
}

TEST_F(Trio, a_recorded_datagram_changes_nothing) {
    const std::vector<Datagram> recorded = wire_.carried();
    ASSERT_GT(recorded.size(), 50U);
    const Endpoint thief = Endpoint::v4(192, 0, 2, 66, 4444);
    for (const Duration pause : {Duration(0s), Duration(61s)}) {
        wire_.run_for(pause);
        for (int host = 1; host <= 3; ++host) {
            const Snapshot before = snapshot(wire_.at(host));
            for (const Datagram& datagram : recorded) {
                for (const Endpoint& from : {datagram.from, thief}) {
                    const auto answers = wire_.inject(from, address_of(host), datagram.bytes);
                    std::size_t bytes = 0;
                    for (const Datagram& answer : answers) bytes += answer.bytes.size();
                    EXPECT_LE(bytes, datagram.bytes.size()) << "no amplifier";
                    EXPECT_LE(answers.size(), 1U);
                }
            }
            EXPECT_EQ(snapshot(wire_.at(host)), before) << "host " << host;
        }
    }
}

TEST_F(Trio, a_recorded_datagram_changes_nothing_after_a_restart) {
    const std::vector<Datagram> recorded = wire_.carried();
    wire_.remove(2);
    wire_.add(2, {"10.0.0.1:9471"});
    const Snapshot before = snapshot(wire_.at(2));
    for (const Datagram& datagram : recorded) {
        const auto answers = wire_.inject(datagram.from, address_of(2), datagram.bytes);
        EXPECT_LE(answers.size(), 1U);
        for (const Datagram& answer : answers)
            EXPECT_LE(answer.bytes.size(), datagram.bytes.size());
    }
    EXPECT_EQ(snapshot(wire_.at(2)), before);
}

TEST_F(Trio, a_restarted_member_is_found_again_with_a_higher_incarnation) {
    const MemberId self = wire_.at(3).node().membership().self();
    wire_.remove(3);
    wire_.run_for(100ms);
    wire_.add(3, {});  // Without a seed: those who miss it look for it.
    wire_.run_for(5s);
    const protocol::Member* member = wire_.at(1).node().membership().find(self);
    ASSERT_NE(member, nullptr);
    EXPECT_EQ(member->status, wire::Status::alive);
    EXPECT_GE(member->incarnation, Incarnation(2));
    EXPECT_EQ(wire_.at(1).view_fingerprint(), wire_.at(3).view_fingerprint());
}

TEST_F(Trio, a_member_comes_back_by_its_peer_cache_when_the_seed_is_gone) {
    wire_.run_for(15s);
    wire_.remove(1);
    wire_.remove(3);
    wire_.run_for(10s);
    wire_.add(3, {"10.0.0.1:9471"});  // The seed is dead; 2 is in the cache.
    wire_.run_for(5s);
    EXPECT_EQ(Wire::alive(wire_.at(3)), 2U);
    EXPECT_EQ(Wire::alive(wire_.at(2)), 2U);
}

TEST_F(Trio, events_after_a_restored_snapshot_are_no_old_ones) {
    const storage::OverlayImage snapshot = wire_.image(3);
    for (int life = 0; life < 3; ++life) {
        wire_.remove(3);
        wire_.add(3, {"10.0.0.1:9471"});
        wire_.run_for(3s);
        ASSERT_TRUE(wire_.at(3).publish(wire_.now(), WallTime{}, "life", Bytes{1}));
        wire_.run_for(1s);
    }
    wire_.remove(3);
    wire_.restore(3, snapshot);
    wire_.add(3, {"10.0.0.1:9471"});
    wire_.run_for(3s);
    const auto before = wire_.at(1).node().events().counters().delivered;
    ASSERT_TRUE(wire_.at(3).publish(wire_.now(), WallTime{}, "life", Bytes{2}));
    wire_.run_for(1s);
    EXPECT_EQ(wire_.at(1).node().events().counters().delivered, before + 1);
}

TEST_F(Trio, a_crash_is_noticed_and_not_before_it_is_confirmed) {
    const auto config = protocol::profile_config(protocol::Profile::fast);
    const Duration burst = config.burst_gap * (config.burst_count - 1) + config.ring_timeout;
    wire_.remove(2);
    wire_.run_for(config.ring_timeout + 2 * config.ring_retry + burst - 1ms);
    EXPECT_EQ(Wire::alive(wire_.at(1)), 3U);
    wire_.run_for(1s);
    EXPECT_EQ(Wire::alive(wire_.at(1)), 2U);
    EXPECT_EQ(Wire::alive(wire_.at(3)), 2U);
}

TEST_F(Trio, leaving_is_heard_at_once_and_is_no_death) {
    const MemberId self = wire_.at(2).node().membership().self();
    wire_.at(2).leave(wire_.now());
    wire_.run_for(100ms);
    for (const int host : {1, 3}) {
        EXPECT_EQ(wire_.at(host).node().membership().find(self)->status, wire::Status::left);
    }
}

TEST_F(Trio, garbage_draws_no_answer_and_is_counted) {
    Random random(7);
    const Endpoint stranger = Endpoint::v4(192, 0, 2, 1, 1);
    const Snapshot before = snapshot(wire_.at(1));
    for (int round = 0; round < 2000; ++round) {
        Bytes bytes(random.below(1500));
        for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random.next());
        if (!bytes.empty() && bytes[0] != 1) bytes[0] = 1;
        EXPECT_TRUE(wire_.inject(stranger, address_of(1), bytes).empty());
    }
    EXPECT_EQ(snapshot(wire_.at(1)), before);
    const auto& counters = wire_.at(1).counters();
    EXPECT_GT(counters.dropped_size + counters.dropped_key + counters.dropped_limited +
                  counters.dropped_unauthenticated,
              1900U);
}

TEST_F(Trio, every_flipped_bit_of_a_real_datagram_is_refused) {
    const std::vector<Datagram> recorded = wire_.carried();
    const Snapshot before = snapshot(wire_.at(1));
    for (std::size_t index = 0; index < recorded.size(); index += 7) {
        const Datagram& datagram = recorded[index];
        for (std::size_t bit = 0; bit < datagram.bytes.size() * 8; bit += 5) {
            Bytes bent = datagram.bytes;
            bent[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
            EXPECT_LE(wire_.inject(datagram.from, address_of(1), bent).size(), 1U);
        }
    }
    EXPECT_EQ(snapshot(wire_.at(1)), before);
}

TEST_F(Trio, another_version_draws_a_short_refusal_that_says_what_we_speak) {
    Bytes bytes(100, 0);
    bytes[0] = 9;
    const auto answers = wire_.inject(Endpoint::v4(192, 0, 2, 1, 1), address_of(1), bytes);
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_EQ(answers[0].bytes.size(), 8U);
    // And a refusal draws nothing, or two members would refuse each other for ever.
    EXPECT_TRUE(wire_.inject(address_of(2), address_of(1), answers[0].bytes).empty());
}

TEST(Overlay, identity_and_incarnation_are_on_disk_before_the_first_word) {
    Wire wire;
    wire.add(1, {"10.0.0.2:9471"});
    const auto& actions = wire.actions(1);
    ASSERT_GE(actions.size(), 2U);
    EXPECT_TRUE(std::holds_alternative<Overlay::Persist>(actions[0]));
    EXPECT_TRUE(std::holds_alternative<Overlay::Persist>(actions[1]));
}

TEST(Overlay, overlays_of_other_names_never_merge_even_with_the_same_key) {
    Wire wire;
    wire.add(1, {}, {key(1)}, "web");
    wire.add(2, {"10.0.0.1:9471"}, {key(1)}, "db");
    wire.run_for(5s);
    EXPECT_EQ(Wire::alive(wire.at(1)), 1U);
    EXPECT_EQ(Wire::alive(wire.at(2)), 1U);
    EXPECT_GT(wire.at(1).counters().dropped_unauthenticated, 0U);
}

TEST(Overlay, a_member_without_the_key_is_not_let_in) {
    Wire wire;
    wire.add(1, {});
    wire.add(2, {"10.0.0.1:9471"}, {key(2)});
    wire.run_for(5s);
    EXPECT_EQ(Wire::alive(wire.at(1)), 1U);
    EXPECT_GT(wire.at(1).counters().dropped_key, 0U);
}

TEST(Overlay, keys_rotate_without_a_pause) {
    Wire wire;
    wire.add(1, {});
    wire.add(2, {"10.0.0.1:9471"});
    wire.run_for(3s);
    const std::vector<std::vector<crypto::OverlayKey>> stages = {
        {key(1), key(2)}, {key(2), key(1)}, {key(2)}};
    for (const auto& stage : stages) {
        for (const int host : {1, 2}) {
            wire.at(host).set_keys(wire.now(), stage);
            wire.run_for(1s);
            EXPECT_EQ(Wire::alive(wire.at(1)), 2U);
            EXPECT_EQ(Wire::alive(wire.at(2)), 2U);
        }
    }
    EXPECT_EQ(wire.at(1).node().membership().counters().suspicions, 0U);
}

TEST(Overlay, a_new_address_of_a_known_member_must_prove_itself) {
    Wire wire;
    wire.add(1, {});
    wire.add(2, {"10.0.0.1:9471"});
    wire.run_for(3s);
    // A datagram of 2 that never arrived, sent on by somebody from elsewhere.
    Overlay& second = wire.at(2);
    ASSERT_TRUE(second.publish(wire.now(), WallTime{}, "t", Bytes{1}));
    std::vector<Bytes> held;
    while (auto action = second.poll()) {
        if (auto* transmit = std::get_if<Overlay::Transmit>(&*action)) {
            held.push_back(std::move(transmit->bytes));
        }
    }
    ASSERT_FALSE(held.empty());
    const auto before = wire.at(1).node().events().counters().delivered;
    const auto answers = wire.inject(Endpoint::v4(192, 0, 2, 66, 1), address_of(1), held.front());
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_LE(answers[0].bytes.size(), held.front().size());
    EXPECT_EQ(wire.at(1).node().events().counters().delivered, before);
}

}  // namespace
}  // namespace grapevine::overlay
