#include "client/redelivery.hpp"

#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "base/limits.hpp"
#include "base/random.hpp"

namespace grapevine::client {
namespace {

using namespace std::chrono_literals;
using wire::gossiperl::Application;
using wire::gossiperl::Letter;

const Endpoint kHome = Endpoint::v4(127, 0, 0, 1, 6001);
const Endpoint kElsewhere = Endpoint::v4(127, 0, 0, 1, 6002);

Instant at(Duration since_start) {
    return Instant{} + since_start;
}

Letter letter(std::string id, std::string type = "order", std::size_t size = 10) {
    return {std::move(id), Application{std::move(type), std::make_shared<const Bytes>(size),
                                       std::make_shared<const Bytes>()}};
}

std::vector<std::string> copies(Redelivery& redelivery, Instant now) {
    redelivery.advance(now);
    std::vector<std::string> ids;
    while (const auto due = redelivery.poll()) ids.push_back(due->letter.id);
    return ids;
}
using Ids = std::vector<std::string>;

TEST(Redelivery, waits_for_nothing_at_first) {
    EXPECT_EQ(Redelivery({}).deadline(), kNever);
}

TEST(Redelivery, the_first_copy_is_the_callers) {
    Redelivery redelivery({});
    redelivery.start(at(0s), "a", kHome, letter("m1"));
    EXPECT_FALSE(redelivery.poll().has_value());
    EXPECT_TRUE(redelivery.is_pending("a", "m1"));
    EXPECT_FALSE(redelivery.is_pending("a", "m2"));
    EXPECT_FALSE(redelivery.is_pending("b", "m1"));
}

TEST(Redelivery, a_copy_goes_out_at_each_interval_and_not_before) {
    Redelivery redelivery({5s, 0});
    redelivery.start(at(1s), "a", kHome, letter("m1"));
    for (int round = 1; round <= 50; ++round) {
        const Instant due = at(1s) + round * 5s;
        EXPECT_EQ(redelivery.deadline(), due);
        EXPECT_EQ(copies(redelivery, due - 1ns), Ids{});
        EXPECT_EQ(copies(redelivery, due), Ids{"m1"});
    }
    EXPECT_EQ(redelivery.given_up(), 0U);
}

TEST(Redelivery, a_copy_is_the_letter_that_began) {
    Redelivery redelivery({});
    const Letter original = letter("m1");
    redelivery.start(at(0s), "a", kHome, original);
    redelivery.advance(at(5s));
    const auto due = redelivery.poll();
    ASSERT_TRUE(due);
    EXPECT_EQ(due->to, kHome);
    EXPECT_EQ(due->letter.id, "m1");
    EXPECT_EQ(std::get<Application>(due->letter.message).envelope,
              std::get<Application>(original.message).envelope);
}

// Every 1 s, at most 2: sent at 0, 1, 2 s, then gone, as it was measured on the original.
TEST(Redelivery, ends_one_interval_after_the_last_copy) {
    Redelivery redelivery({1s, 2});
    redelivery.start(at(0s), "a", kHome, letter("m1"));
    EXPECT_EQ(copies(redelivery, at(1s)), Ids{"m1"});
    EXPECT_EQ(copies(redelivery, at(2s)), Ids{"m1"});
    EXPECT_EQ(redelivery.deadline(), at(3s));
    EXPECT_EQ(copies(redelivery, at(3s) - 1ns), Ids{});
    EXPECT_TRUE(redelivery.is_pending("a", "m1"));
    EXPECT_EQ(copies(redelivery, at(3s)), Ids{});
    EXPECT_FALSE(redelivery.is_pending("a", "m1"));
    EXPECT_EQ(redelivery.given_up(), 1U);
    EXPECT_EQ(redelivery.deadline(), kNever);
}

TEST(Redelivery, the_last_copy_can_still_be_acknowledged) {
    Redelivery redelivery({1s, 1});
    redelivery.start(at(0s), "a", kHome, letter("m1"));
    (void)copies(redelivery, at(1s));
    EXPECT_TRUE(redelivery.acknowledge("a", "m1"));
    EXPECT_EQ(redelivery.given_up(), 0U);
}

TEST(Redelivery, an_acknowledgement_ends_it) {
    Redelivery redelivery({});
    redelivery.start(at(0s), "a", kHome, letter("m1"));
    EXPECT_TRUE(redelivery.acknowledge("a", "m1"));
    EXPECT_FALSE(redelivery.acknowledge("a", "m1"));
    EXPECT_EQ(copies(redelivery, at(1h)), Ids{});
    EXPECT_EQ(redelivery.pending(), 0U);
    EXPECT_EQ(redelivery.pending_bytes(), 0U);
}

TEST(Redelivery, an_acknowledgement_is_of_one_message_to_one_subscriber) {
    Redelivery redelivery({});
    redelivery.start(at(0s), "a", kHome, letter("m1"));
    redelivery.start(at(0s), "a", kHome, letter("m2"));
    redelivery.start(at(0s), "b", kElsewhere, letter("m1"));
    EXPECT_FALSE(redelivery.acknowledge("c", "m1"));
    EXPECT_FALSE(redelivery.acknowledge("b", "m2"));
    EXPECT_TRUE(redelivery.acknowledge("a", "m1"));
    EXPECT_TRUE(redelivery.is_pending("a", "m2"));
    EXPECT_TRUE(redelivery.is_pending("b", "m1"));
}

TEST(Redelivery, a_second_start_does_nothing) {
    Redelivery redelivery({5s, 0});
    redelivery.start(at(0s), "a", kHome, letter("m1"));
    redelivery.start(at(3s), "a", kElsewhere, letter("m1"));
    EXPECT_EQ(redelivery.pending(), 1U);
    EXPECT_EQ(redelivery.deadline(), at(5s));
}

TEST(Redelivery, an_unsubscribed_type_stops_and_others_go_on) {
    Redelivery redelivery({});
    redelivery.start(at(0s), "a", kHome, letter("m1", "order"));
    redelivery.start(at(0s), "a", kHome, letter("m2", "bill"));
    redelivery.start(at(0s), "a", kHome, letter("m3", "order"));
    redelivery.start(at(0s), "b", kHome, letter("m4", "order"));
    redelivery.stop("a", "order");
    redelivery.stop("nobody", "order");
    EXPECT_EQ(copies(redelivery, at(5s)), (Ids{"m2", "m4"}));
}

TEST(Redelivery, nothing_is_sent_to_who_is_gone) {
    Redelivery redelivery({});
    redelivery.start(at(0s), "a", kHome, letter("m1", "order"));
    redelivery.start(at(0s), "a", kHome, letter("m2", "bill"));
    redelivery.start(at(0s), "b", kHome, letter("m1"));
    redelivery.stop_all("a");
    redelivery.stop_all("nobody");
    EXPECT_EQ(redelivery.pending(), 1U);
    EXPECT_EQ(copies(redelivery, at(5s)), Ids{"m1"});
    EXPECT_EQ(redelivery.given_up(), 0U);
}

TEST(Redelivery, copies_follow_who_moves) {
    Redelivery redelivery({});
    redelivery.start(at(0s), "a", kHome, letter("m1"));
    redelivery.start(at(0s), "b", kHome, letter("m2"));
    redelivery.move("a", kElsewhere);
    redelivery.advance(at(5s));
    EXPECT_EQ(redelivery.poll()->to, kElsewhere);
    EXPECT_EQ(redelivery.poll()->to, kHome);
}

TEST(Redelivery, new_rules_are_for_what_starts_from_now_on) {
    Redelivery redelivery({5s, 0});
    redelivery.start(at(0s), "a", kHome, letter("old"));
    redelivery.set_rules({1s, 1});
    redelivery.start(at(0s), "a", kHome, letter("new"));
    EXPECT_EQ(copies(redelivery, at(1s)), Ids{"new"});
    EXPECT_EQ(copies(redelivery, at(2s)), Ids{});
    EXPECT_EQ(copies(redelivery, at(5s)), Ids{"old"});
    EXPECT_EQ(copies(redelivery, at(10s)), Ids{"old"});
}

TEST(Redelivery, a_late_wake_up_is_one_copy) {
    Redelivery redelivery({5s, 0});
    redelivery.start(at(0s), "a", kHome, letter("m1"));
    EXPECT_EQ(copies(redelivery, at(1h)), Ids{"m1"});
    EXPECT_EQ(redelivery.deadline(), at(1h) + 5s);
}

TEST(Redelivery, an_interval_of_nothing_does_not_turn_the_wheel_for_ever) {
    Redelivery redelivery({0s, 0});
    redelivery.start(at(0s), "a", kHome, letter("m1"));
    EXPECT_EQ(redelivery.deadline(), at(kRetryEveryMin));
    EXPECT_EQ(copies(redelivery, at(kRetryEveryMin)), Ids{"m1"});
    redelivery.set_rules({0s, 0});
    redelivery.start(at(1s), "a", kHome, letter("m2"));
    EXPECT_EQ(copies(redelivery, at(1s)), Ids{"m1"});
}

TEST(Redelivery, an_interval_beyond_all_time_is_never) {
    Redelivery redelivery({Duration::max(), 0});
    redelivery.start(at(1s), "a", kHome, letter("m1"));
    EXPECT_EQ(redelivery.deadline(), kNever);
    redelivery.check_invariants();
}

TEST(Redelivery, the_oldest_is_given_up_at_one_above_the_limit) {
    Redelivery redelivery({});
    for (std::size_t i = 0; i < kRedeliveriesMax; ++i) {
        redelivery.start(at(0s), "a", kHome, letter(std::to_string(i), "order", 1));
    }
    EXPECT_EQ(redelivery.pending(), kRedeliveriesMax);
    EXPECT_EQ(redelivery.given_up(), 0U);
    redelivery.start(at(0s), "b", kHome, letter("one more", "order", 1));
    EXPECT_EQ(redelivery.pending(), kRedeliveriesMax);
    EXPECT_EQ(redelivery.given_up(), 1U);
    EXPECT_FALSE(redelivery.is_pending("a", "0"));
    EXPECT_TRUE(redelivery.is_pending("a", "1"));
    EXPECT_TRUE(redelivery.is_pending("b", "one more"));
    redelivery.check_invariants();
}

TEST(Redelivery, the_oldest_are_given_up_for_the_bytes_of_one_more) {
    Redelivery redelivery({});
    constexpr std::size_t kPart = kRedeliveryBytesMax / 4;
    for (int i = 0; i < 4; ++i) {
        redelivery.start(at(0s), "a", kHome, letter(std::to_string(i), "order", kPart));
    }
    EXPECT_EQ(redelivery.pending_bytes(), kRedeliveryBytesMax);
    EXPECT_EQ(redelivery.given_up(), 0U);
    redelivery.start(at(0s), "a", kHome, letter("small", "order", 1));
    EXPECT_EQ(redelivery.given_up(), 1U);
    EXPECT_FALSE(redelivery.is_pending("a", "0"));
    EXPECT_EQ(redelivery.pending_bytes(), 3 * kPart + 1);
    redelivery.start(at(0s), "a", kHome, letter("large", "order", 2 * kPart));
    EXPECT_EQ(redelivery.given_up(), 3U);
    redelivery.check_invariants();
}

TEST(RedeliveryDeath, an_input_before_the_outputs_are_drained_is_a_bug_of_the_driver) {
    Redelivery redelivery({});
    redelivery.start(at(0s), "a", kHome, letter("m1"));
    redelivery.advance(at(5s));
    EXPECT_DEATH(redelivery.advance(at(10s)), "outbox_");
    EXPECT_DEATH((void)redelivery.acknowledge("a", "m1"), "outbox_");
}

TEST(RedeliveryDeath, only_messages_of_applications_are_sent_again) {
    Redelivery redelivery({});
    EXPECT_DEATH(redelivery.start(at(0s), "a", kHome, {"m1", wire::gossiperl::DigestEvent{}}),
                 "applications");
}

TEST(Redelivery, nothing_is_left_after_any_mixture_of_endings) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        SCOPED_TRACE(seed);
        Random random(seed);
        Redelivery redelivery({2s, static_cast<std::uint32_t>(seed % 3)});
        const auto name = [&] { return std::string(1, static_cast<char>('a' + random.below(4))); };
        Instant now{};
        for (int step = 0; step < 400; ++step) {
            now += std::chrono::milliseconds(random.below(500));
            switch (random.below(8)) {
                case 0:
                    redelivery.stop_all(name());
                    break;
                case 1:
                    redelivery.stop(name(), name());
                    break;
                case 2:
                    (void)redelivery.acknowledge(name(), name());
                    break;
                case 3:
                    (void)copies(redelivery, now);
                    break;
                case 4:
                    redelivery.move(name(), kElsewhere);
                    break;
                default:
                    redelivery.start(now, name(), kHome, letter(name(), name()));
            }
            redelivery.check_invariants();
        }
        for (const char* gone : {"a", "b", "c", "d"}) redelivery.stop_all(gone);
        redelivery.check_invariants();
        EXPECT_EQ(redelivery.pending(), 0U);
        EXPECT_EQ(redelivery.pending_bytes(), 0U);
        EXPECT_EQ(redelivery.deadline(), kNever);
    }
}

}  // namespace
}  // namespace grapevine::client
