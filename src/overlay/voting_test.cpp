// A member that holds the key of the overlay, and lies about others.

#include <gtest/gtest.h>

#include "crypto/aead.hpp"
#include "crypto/identity.hpp"
#include "overlay/testing.hpp"
#include "overlay/vote_cache.hpp"
#include "wire/native/codec.hpp"
#include "wire/native/header.hpp"

namespace grapevine::overlay {
namespace {

using namespace std::chrono_literals;
using testing::address_of;
using testing::Wire;
using wire::Status;
namespace native = wire::native;

crypto::Identity identity_of(int host) {
    std::array<std::uint8_t, 32> seed{};
    seed.fill(static_cast<std::uint8_t>(host));
    return crypto::Identity::from_seed(seed);
}

wire::Vote vote_of(int host, MemberId member, Incarnation incarnation) {
    const crypto::Identity identity = identity_of(host);
    wire::Vote vote{identity.member()};
    vote.signature = identity.sign(native::encode_vote_signed_part(member, incarnation, vote));
    return vote;
}

/// Members 1 to 5 that know each other. 5 says what the tests put into its mouth; 1 listens.
class Voting : public ::testing::Test {
protected:
    void SetUp() override {
        wire_.add(1, {});
        for (int host = 2; host <= 5; ++host) wire_.add(host, {"10.0.0.1:9471"});
        wire_.run_for(3s);
        for (int host = 1; host <= 5; ++host) ASSERT_EQ(Wire::alive(wire_.at(host)), 5U);
        wire_.actions(1).clear();
    }

    /// Says it to `host` as host 5 would, sealed and numbered.
    void say(const wire::Packet& packet, int host = 1) {
        const auto& liar = *wire_.at(5).node().membership().self_record();
        const auto& listener = *wire_.at(host).node().membership().self_record();
        const auto ring = crypto::KeyRing::make("web", {testing::key(1)}).value();
        native::DatagramHeader header;
        header.key = KeyId(1);
        header.sender = liar.member;
        header.boot = liar.boot;
        header.counter = ++counter_;
        const auto head = native::encode_header(header);
        Bytes datagram(head.begin(), head.end());
        aead_.seal(*ring.derive(KeyId(1), liar.member, liar.boot), header.counter,
                   native::associated_data(head, listener.member, listener.boot),
                   native::encode_body(std::nullopt, packet), datagram);
        wire_.inject(address_of(5), address_of(host), datagram);
    }

    wire::Packet accuse(Status status, std::vector<wire::Vote> votes) {
        return {wire::RumorPush{
            1,
            {wire::Accusation{victim(), incarnation(), status, identity_of(5).member(), votes}}}};
    }

    static MemberId victim() { return identity_of(2).member(); }
    [[nodiscard]] Incarnation incarnation() { return seen(2).incarnation; }
    [[nodiscard]] const protocol::Member& seen(int host) {
        return *wire_.at(1).node().membership().find(identity_of(host).member());
    }
    [[nodiscard]] std::size_t liars_found() {
        std::size_t count = 0;
        for (const auto& action : wire_.actions(1)) {
            const auto* liar = std::get_if<Overlay::LiarFound>(&action);
            if (liar == nullptr) continue;
            EXPECT_EQ(liar->member, identity_of(5).member());
            ++count;
        }
        return count;
    }
    const Overlay::Counters& counters() { return wire_.at(1).counters(); }

    Wire wire_;
    crypto::Aead aead_;
    std::uint64_t counter_ = 1'000'000;
};

TEST_F(Voting, two_true_votes_are_a_death) {
    say(accuse(Status::dead,
               {vote_of(3, victim(), incarnation()), vote_of(5, victim(), incarnation())}));
    EXPECT_EQ(seen(2).status, Status::dead);
    EXPECT_EQ(counters().dropped_vote, 0U);
}

TEST_F(Voting, a_forged_vote_of_another_gets_nothing_and_names_the_forger) {
    wire::Vote forged = vote_of(5, victim(), incarnation());
    forged.voter = identity_of(3).member();
    say(accuse(Status::dead, {forged, vote_of(5, victim(), incarnation())}));
    EXPECT_EQ(seen(2).status, Status::alive) << "not even the true vote next to it counts";
    EXPECT_EQ(counters().dropped_vote, 1U);
    EXPECT_EQ(liars_found(), 1U);
    for (int lie = 0; lie < 10; ++lie) say(accuse(Status::suspect, {forged}));
    EXPECT_EQ(counters().dropped_vote, 11U);
    EXPECT_EQ(liars_found(), 1U) << "named once a minute";
}

TEST_F(Voting, a_true_vote_is_no_vote_about_another_member_or_life) {
    const MemberId other = identity_of(4).member();
    say(accuse(Status::dead, {vote_of(3, other, incarnation())}));
    say(accuse(Status::dead, {vote_of(3, victim(), incarnation().next())}));
    EXPECT_EQ(seen(2).status, Status::alive);
    EXPECT_EQ(counters().dropped_vote, 2U);
}

TEST_F(Voting, what_else_the_datagram_says_is_taken) {
    wire::Vote forged = vote_of(5, victim(), incarnation());
    forged.voter = identity_of(3).member();
    wire::Packet packet = accuse(Status::dead, {forged});
    packet.push_back(accuse(Status::suspect, {vote_of(5, victim(), incarnation())}).front());
    say(packet);
    EXPECT_EQ(seen(2).status, Status::suspect);
}

TEST_F(Voting, votes_of_strangers_are_left_out) {
    say(accuse(Status::dead,
               {vote_of(77, victim(), incarnation()), vote_of(5, victim(), incarnation())}));
    EXPECT_EQ(seen(2).status, Status::suspect) << "one vote is left";
    EXPECT_EQ(counters().unknown_voters, 1U);
    EXPECT_EQ(counters().dropped_vote, 0U);
    EXPECT_EQ(liars_found(), 0U);
}

TEST_F(Voting, a_verdict_with_a_false_vote_is_dropped) {
    wire::Vote forged = vote_of(5, victim(), incarnation());
    forged.voter = identity_of(3).member();
    say({wire::BurstVerdict{ProbeSequence(1), victim(), incarnation(), false, forged}});
    EXPECT_EQ(counters().dropped_vote, 1U);
    say({wire::BurstVerdict{ProbeSequence(1), victim(), incarnation(), false,
                            vote_of(77, victim(), incarnation())}});
    EXPECT_EQ(counters().unknown_voters, 1U);
    EXPECT_EQ(counters().dropped_vote, 1U);
}

TEST_F(Voting, our_own_votes_are_signed_when_they_leave) {
    wire_.remove(2);
    wire_.run_for(5s);
    for (const int host : {1, 3, 4, 5}) {
        EXPECT_EQ(Wire::alive(wire_.at(host)), 4U);
        EXPECT_EQ(wire_.at(host).counters().dropped_vote, 0U);
        EXPECT_EQ(wire_.at(host).node().membership().find(victim())->status, Status::dead);
    }
}

TEST(VoteCache, a_vote_is_verified_once_and_a_forged_one_each_time) {
    VoteCache cache;
    const wire::Vote vote = vote_of(3, MemberId(9), Incarnation(2));
    const wire::PublicKey key = identity_of(3).public_key();
    for (int times = 0; times < 5; ++times) {
        EXPECT_TRUE(cache.verify(key, MemberId(9), Incarnation(2), vote));
    }
    EXPECT_EQ(cache.verification_count(), 1U);
    for (int times = 0; times < 5; ++times) {
        EXPECT_FALSE(cache.verify(key, MemberId(9), Incarnation(3), vote));
    }
    EXPECT_EQ(cache.verification_count(), 6U);
    EXPECT_EQ(cache.size(), 1U);
}

TEST(VoteCache, the_oldest_vote_is_displaced) {
    VoteCache cache;
    const wire::PublicKey key = identity_of(3).public_key();
    const auto vote = [](std::size_t index) {
        return vote_of(3, MemberId(1 + index), Incarnation(1));
    };
    for (std::size_t index = 0; index <= kVotesVerifiedMax; ++index) {
        ASSERT_TRUE(cache.verify(key, MemberId(1 + index), Incarnation(1), vote(index)));
    }
    EXPECT_EQ(cache.size(), kVotesVerifiedMax);
    const auto before = cache.verification_count();
    EXPECT_TRUE(cache.verify(key, MemberId(2), Incarnation(1), vote(1)));
    EXPECT_EQ(cache.verification_count(), before);
    EXPECT_TRUE(cache.verify(key, MemberId(1), Incarnation(1), vote(0)));
    EXPECT_EQ(cache.verification_count(), before + 1);
}

TEST(OwnVotes, the_same_vote_has_the_same_signature) {
    OwnVotes votes;
    const crypto::Identity identity = identity_of(3);
    const wire::Vote first = votes.sign(identity, MemberId(9), Incarnation(2), false);
    EXPECT_EQ(first, vote_of(3, MemberId(9), Incarnation(2)));
    for (std::size_t index = 0; index < kOwnVotesMax; ++index) {
        votes.sign(identity, MemberId(10 + index), Incarnation(2), false);
    }
    EXPECT_EQ(votes.sign(identity, MemberId(9), Incarnation(2), false), first);
}

}  // namespace
}  // namespace grapevine::overlay
