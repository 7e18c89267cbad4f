#include "protocol/notices.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <memory>

#include "base/limits.hpp"
#include "base/random.hpp"
#include "protocol/testing.hpp"

namespace grapevine::protocol {
namespace {

using testing::drain;
using Verdict = Notices::Verdict;
using Code = Refusal::Code;

wire::SharedNotice notice(std::uint64_t epoch, std::string body = "a", std::string name = "",
                          wire::NoticeKind kind = wire::NoticeKind::rotation) {
    wire::Notice made;
    made.kind = static_cast<std::uint8_t>(kind);
    made.name = std::move(name);
    made.epoch = epoch;
    made.body.assign(body.begin(), body.end());
    return std::make_shared<const wire::Notice>(std::move(made));
}

Notices trusting() {
    return Notices([](const wire::Notice&) { return Verdict::good; });
}

/// What both tell each other until neither has anything to say.
void exchange(Notices& one, Notices& other) {
    const auto first = other.compare(one.digest(false));
    for (const auto& told : first.lacking) one.handle(told);
    if (!first.is_behind) return;
    for (const auto& told : one.compare(other.digest(true)).lacking) other.handle(told);
}

TEST(Notices, the_highest_epoch_is_held_in_any_order) {
    Notices rising = trusting();
    Notices falling = trusting();
    for (const std::uint64_t epoch : {1, 2, 3}) rising.handle(notice(epoch));
    for (const std::uint64_t epoch : {3, 2, 1}) falling.handle(notice(epoch));
    EXPECT_EQ(rising.find(wire::NoticeKind::rotation)->epoch, 3U);
    EXPECT_EQ(falling.find(wire::NoticeKind::rotation)->epoch, 3U);
    EXPECT_EQ(rising.fingerprint(), falling.fingerprint());
    EXPECT_EQ(falling.counters().dropped_known, 2U);
    EXPECT_EQ(rising.next_epoch(wire::NoticeKind::rotation), 4U);
}

TEST(Notices, of_one_epoch_all_choose_the_same) {
    Notices one = trusting();
    Notices other = trusting();
    for (const char* const body : {"x", "y"}) one.handle(notice(7, body));
    for (const char* const body : {"y", "x"}) other.handle(notice(7, body));
    EXPECT_EQ(one.fingerprint(), other.fingerprint());
}

TEST(Notices, what_is_taken_is_persisted_first_and_known_things_cause_nothing) {
    Notices notices = trusting();
    EXPECT_TRUE(notices.handle(notice(1)));
    const auto actions = drain(notices);
    ASSERT_EQ(actions.size(), 2U);
    EXPECT_TRUE(std::holds_alternative<Notices::Persist>(actions[0]));
    EXPECT_TRUE(std::holds_alternative<Notices::Taken>(actions[1]));
    EXPECT_FALSE(notices.handle(notice(1)));
    EXPECT_TRUE(drain(notices).empty());
}

TEST(Notices, forged_ones_and_those_of_strangers_are_refused) {
    Verdict verdict = Verdict::forged;
    Notices notices([&](const wire::Notice&) { return verdict; });
    EXPECT_FALSE(notices.handle(notice(1)));
    verdict = Verdict::stranger;
    EXPECT_FALSE(notices.handle(notice(1)));
    EXPECT_EQ(notices.counters().dropped_forged, 1U);
    EXPECT_EQ(notices.counters().dropped_stranger, 1U);
    EXPECT_EQ(notices.propose(notice(1)).error().code, Code::forbidden);
    EXPECT_EQ(notices.fingerprint(), 0U);
    EXPECT_TRUE(drain(notices).empty());
}

TEST(Notices, who_is_known_is_not_judged_again) {
    int judged = 0;
    Notices notices([&](const wire::Notice&) {
        ++judged;
        return Verdict::good;
    });
    for (int times = 0; times < 5; ++times) notices.handle(notice(2));
    notices.handle(notice(1));
    EXPECT_EQ(judged, 1);
}

TEST(Notices, an_epoch_too_far_ahead_is_refused) {
    Notices notices = trusting();
    EXPECT_FALSE(notices.handle(notice(kNoticeEpochLeadMax + 1)));
    EXPECT_EQ(notices.counters().dropped_lead, 1U);
    EXPECT_TRUE(notices.handle(notice(kNoticeEpochLeadMax)));
    EXPECT_TRUE(notices.handle(notice(2 * kNoticeEpochLeadMax)));
}

TEST(Notices, a_subject_above_the_limit_is_refused_and_old_ones_stay) {
    Notices notices = trusting();
    for (std::size_t index = 0; index < kNoticesMax; ++index) {
        EXPECT_TRUE(notices.handle(notice(1, "", std::to_string(index), wire::NoticeKind::wipe)));
    }
    EXPECT_FALSE(notices.handle(notice(1, "", "more", wire::NoticeKind::wipe)));
    EXPECT_EQ(notices.counters().dropped_full, 1U);
    EXPECT_EQ(notices.propose(notice(1, "", "more")).error().code, Code::over_limit);
    EXPECT_TRUE(notices.handle(notice(2, "", "0", wire::NoticeKind::wipe)));
    EXPECT_EQ(notices.digest(false).items.size(), kNoticesMax);
    notices.check_invariants();
}

TEST(Notices, unknown_kinds_are_held_and_passed_on) {
    Notices notices = trusting();
    EXPECT_TRUE(notices.handle(notice(1, "future", "x", static_cast<wire::NoticeKind>(200))));
    EXPECT_EQ(notices.all().size(), 1U);
    EXPECT_EQ(drain(notices).size(), 2U);
}

TEST(Notices, a_comparison_brings_both_to_the_same) {
    Random random(1);
    for (int round = 0; round < 200; ++round) {
        Notices one = trusting();
        Notices other = trusting();
        for (int count = 0; count < 10; ++count) {
            const auto made = notice(1 + random.below(3), std::string(random.below(3), 'b'),
                                     std::to_string(random.below(4)));
            if (random.chance(0.6)) one.handle(made);
            if (random.chance(0.6)) other.handle(made);
        }
        exchange(one, other);
        ASSERT_EQ(one.fingerprint(), other.fingerprint()) << round;
        const auto again = one.compare(other.digest(false));
        EXPECT_TRUE(again.lacking.empty() && !again.is_behind) << "a difference without an end";
    }
}

TEST(Notices, what_is_restored_causes_no_action_and_is_judged) {
    Notices notices([](const wire::Notice& restored) {
        return restored.epoch == 5 ? Verdict::stranger : Verdict::good;
    });
    notices.restore({*notice(3), *notice(5, "a", "of one who was struck off")});
    EXPECT_EQ(notices.all().size(), 1U);
    EXPECT_TRUE(drain(notices).empty());
}

}  // namespace
}  // namespace grapevine::protocol
