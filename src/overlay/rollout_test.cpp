#include "overlay/rollout.hpp"

#include <gtest/gtest.h>
#include <set>

#include "base/limits.hpp"
#include "overlay/testing.hpp"

using namespace std::chrono_literals;

namespace grapevine::overlay {
namespace {

using Health = RolloutState::Health;
using Reason = RolloutState::Reason;
using Code = Refusal::Code;

constexpr std::uint8_t kRetentionAge = 11;
/// No setting has this id.
constexpr std::uint8_t kOfTomorrow = 200;

const crypto::Identity& chief() {
    static const auto identity = crypto::Identity::from_seed(std::array<std::uint8_t, 32>{7});
    return identity;
}

RolloutPlan plan_of(std::uint64_t epoch, RolloutStage stage) {
    RolloutPlan plan;
    plan.epoch = epoch;
    plan.stage = stage;
    plan.canary_share = 100;
    plan.health_interval = 10s;
    plan.salt = 5;
    plan.next = {{kRetentionAge, 600'000}};
    plan.following.resize(2 - static_cast<std::size_t>(stage));
    return plan;
}

wire::Notice notice_of(const RolloutPlan& plan, const crypto::Identity& author = chief()) {
    wire::Notice notice;
    notice.kind = static_cast<std::uint8_t>(wire::NoticeKind::configuration);
    notice.epoch = plan.notice_epoch();
    notice.body = encode_rollout_plan(plan);
    notice.author = author.public_key();
    notice.signature = author.sign(wire::native::encode_notice_signed_part("web", notice));
    return notice;
}

Rollout rollout_of(const wire::Notice& notice, std::optional<RolloutState> last = {}) {
    return {MemberId(1), protocol::profile_config(protocol::Profile::lan), &notice, last};
}

RolloutOrder order_of(std::uint64_t retention_ms, std::uint16_t share = kCanaryShareMax) {
    RolloutOrder order;
    order.changes[kRetentionAge] = retention_ms;
    order.canary_share = share;
    order.health_interval = 1s;
    return order;
}

// -- What a notice says ---------------------------------------------------------------------------

TEST(RolloutPlan, is_read_as_it_was_written) {
    for (const RolloutStage stage :
         {RolloutStage::canary, RolloutStage::everywhere, RolloutStage::returned}) {
        RolloutPlan plan = plan_of(300, stage);
        plan.base_epoch = 299;
        plan.base = {{1, 2}, {kOfTomorrow, UINT64_MAX}};
        for (auto& signature : plan.following) signature.fill(9);
        const Bytes body = encode_rollout_plan(plan);
        EXPECT_EQ(*decode_rollout_plan(plan.notice_epoch(), body), plan);
        for (std::size_t size = 0; size < body.size(); ++size) {
            EXPECT_FALSE(decode_rollout_plan(plan.notice_epoch(), ByteView(body).first(size)));
        }
    }
}

TEST(RolloutPlan, refuses_what_breaks_a_rule) {
    const RolloutPlan plan = plan_of(2, RolloutStage::canary);
    const Bytes good = encode_rollout_plan(plan);
    const auto with = [&](std::size_t index, std::uint8_t value, std::uint64_t epoch = 6) {
        Bytes bad = good;
        bad[index] = value;
        const auto read = decode_rollout_plan(epoch, bad);
        return read ? std::string("accepted") : describe(read.error());
    };
    EXPECT_EQ(with(0, 1), "accepted");
    EXPECT_TRUE(with(0, 2).starts_with("rollout.form: unsupported"));
    EXPECT_TRUE(with(2, 0).starts_with("rollout.share: malformed")) << "nobody";
    EXPECT_TRUE(with(1, 0xff).starts_with("rollout.share: malformed"));
    EXPECT_TRUE(with(3, 0xff).starts_with("rollout.interval: malformed"));
    EXPECT_TRUE(with(15, 2).starts_with("rollout.base_epoch: malformed")) << "not before itself";
    EXPECT_TRUE(with(17, kRolloutValuesMax + 1).starts_with("rollout.values: over limit"));
    EXPECT_TRUE(with(18, 0).starts_with("rollout.setting: malformed"));
    EXPECT_TRUE(with(0, 1, 2).starts_with("rollout.epoch: malformed")) << "no epoch 0";
    EXPECT_TRUE(with(0, 1, 7).starts_with("rollout: malformed")) << "a signature too many";
}

TEST(RolloutPlan, with_as_many_settings_as_there_may_be_fits_into_a_notice) {
    RolloutPlan plan = plan_of(std::uint64_t{1} << 61U, RolloutStage::canary);
    plan.base_epoch = plan.epoch - 1;
    for (std::uint8_t id = 1; id <= kRolloutValuesMax; ++id) plan.next[id] = UINT64_MAX;
    plan.base = plan.next;
    EXPECT_LE(encode_rollout_plan(plan).size(), kNoticeBodyBytesMax);
}

// 10,000 draws with p = 0.1 have a deviation of 30; five of them are one in two million.
TEST(RolloutPlan, takes_its_share_of_members_and_others_each_time) {
    RolloutPlan plan = plan_of(1, RolloutStage::canary);
    const auto canaries = [&plan] {
        std::set<std::uint64_t> ids;
        for (std::uint64_t id = 1; id <= 10'000; ++id) {
            if (plan.is_canary(MemberId(id))) ids.insert(id);
        }
        return ids;
    };
    const auto first = canaries();
    EXPECT_NEAR(static_cast<double>(first.size()), 1000, 150);
    plan.epoch = 2;
    const auto second = canaries();
    std::vector<std::uint64_t> both;
    std::ranges::set_intersection(first, second, std::back_inserter(both));
    EXPECT_LT(both.size(), 200U) << "100 expected";
    plan.canary_share = kCanaryShareMax;
    EXPECT_EQ(canaries().size(), 10'000U);
}

TEST(RolloutState, is_read_as_it_was_written_and_nothing_else_is) {
    const RolloutState state{2, 3, 0xabc, Health::unwell, Reason::lost_events, 1};
    EXPECT_EQ(to_text(state), "2 3 0000000000000abc unwell lost-events 1");
    EXPECT_EQ(*parse_rollout_state(to_text(state)), state);
    for (const char* const bad :
         {"", "1 2 3 well none", "1 2 3 well none 0 ", "1 2 3 well none -1", "1 2 3 good none 0",
          "1 2 3 well because 0", "x 2 3 well none 0", "1 2 3 well none 0 1"}) {
        EXPECT_FALSE(parse_rollout_state(bad)) << bad;
    }
}

// -- Settings -------------------------------------------------------------------------------------

TEST(LiveSettings, are_applied_one_by_one_and_a_profile_below_them) {
    const auto before = protocol::profile_config(protocol::Profile::lan);
    const auto after = with_values(before, {{1, 0}, {4, 777}, {kRetentionAge, 600'000}});
    const auto fast = protocol::profile_config(protocol::Profile::fast);
    EXPECT_EQ(after.ring_period, fast.ring_period);
    EXPECT_EQ(after.sync_interval, fast.sync_interval);
    EXPECT_EQ(after.phi_interval, 777ms);
    EXPECT_EQ(after.retention_age, 10min);
    EXPECT_EQ(with_values(before, {{1, 2}}).detector, before.detector) << "which stays";
}

TEST(LiveSettings, are_refused_when_unknown_or_out_of_bounds) {
    for (const LiveSetting& setting : live_settings()) {
        EXPECT_TRUE(is_understood({{setting.id, setting.max}})) << setting.name;
        EXPECT_FALSE(is_understood({{setting.id, setting.max + 1}})) << setting.name;
        if (setting.min > 0) {
            EXPECT_FALSE(is_understood({{setting.id, setting.min - 1}})) << setting.name;
        }
    }
    EXPECT_FALSE(is_understood({{kOfTomorrow, 1}}));
}

// -- One member -----------------------------------------------------------------------------------

TEST(Rollout, a_canary_runs_it_and_others_wait) {
    RolloutPlan plan = plan_of(1, RolloutStage::canary);
    plan.canary_share = kCanaryShareMax;
    Rollout canary = rollout_of(notice_of(plan));
    EXPECT_EQ(canary.running(), 1U);
    EXPECT_EQ(canary.config().retention_age, 10min);
    plan.canary_share = kCanaryShareMin;
    while (plan.is_canary(MemberId(1))) ++plan.salt;
    Rollout other = rollout_of(notice_of(plan));
    EXPECT_EQ(other.running(), 0U);
    EXPECT_EQ(other.config().retention_age, 5min);
    EXPECT_EQ(other.state().health, Health::steady);
}

TEST(Rollout, one_that_was_running_it_when_it_was_stopped_comes_back_without) {
    RolloutPlan plan = plan_of(1, RolloutStage::canary);
    plan.canary_share = kCanaryShareMax;
    const wire::Notice notice = notice_of(plan);
    const RolloutState before = rollout_of(notice).state();
    const Rollout again = rollout_of(notice, before);
    EXPECT_EQ(again.running(), 0U);
    EXPECT_EQ(again.config().retention_age, 5min);
    EXPECT_EQ(again.state().reason, Reason::restarted);
    const Rollout later = rollout_of(notice_of(plan.at_stage(RolloutStage::everywhere)), before);
    EXPECT_EQ(later.running(), 1U) << "the trial is over";
}

TEST(Rollout, what_is_not_known_is_refused_as_a_whole_and_what_was_before_runs) {
    RolloutPlan plan = plan_of(2, RolloutStage::everywhere);
    plan.base_epoch = 1;
    plan.base = {{kRetentionAge, 400'000}};
    plan.next[kOfTomorrow] = 1;
    const Rollout rollout = rollout_of(notice_of(plan));
    EXPECT_EQ(rollout.state().health, Health::refused);
    EXPECT_EQ(rollout.state().reason, Reason::unknown);
    EXPECT_EQ(rollout.running(), 1U);
    EXPECT_EQ(rollout.config().retention_age, 400s) << "not a part of the new one";
    wire::Notice strange = notice_of(plan);
    strange.body.front() = 9;
    const Rollout unread = rollout_of(strange);
    EXPECT_EQ(unread.state().health, Health::refused);
    EXPECT_EQ(unread.running(), 0U);
}

TEST(Trial, lets_ordinary_trouble_pass_and_no_more) {
    const Vitals before{100, 10, 10, 0, 0};
    // Within a tenth of the life before: a tenth of that, twice, and those that are allowed.
    const auto judged = [&](Vitals after) {
        Trial trial(Instant{} + 100s, before, 100s, 10s);
        return trial.judge(Instant{} + 110s, after);
    };
    EXPECT_EQ(judged({122, 13, 13, 0, 0}), Reason::none);
    EXPECT_EQ(judged({123, 10, 10, 0, 0}), Reason::suspects);
    EXPECT_EQ(judged({100, 14, 10, 0, 0}), Reason::deaths);
    EXPECT_EQ(judged({100, 10, 14, 0, 0}), Reason::suspected);
    EXPECT_EQ(judged({100, 10, 10, 1, 0}), Reason::lost_events);
}

TEST(Trial, is_slow_only_at_two_looks_in_a_row) {
    Trial trial(Instant{}, {}, 10s, 10s);
    const Vitals slow{0, 0, 0, 0, Trial::kLocalHealthMax};
    EXPECT_EQ(trial.judge(Instant{} + 1s, slow), Reason::none);
    EXPECT_EQ(trial.judge(Instant{} + 2s, {}), Reason::none);
    EXPECT_EQ(trial.judge(Instant{} + 3s, slow), Reason::none);
    EXPECT_EQ(trial.judge(Instant{} + 4s, slow), Reason::slow);
}

// -- Several --------------------------------------------------------------------------------------

struct Group {
    testing::Wire wire;
    Group() {
        wire.operators = {chief().public_key()};
        wire.add(1, {});
        for (int host = 2; host <= 4; ++host) wire.add(host, {"10.0.0.1:9471"});
        for (int host = 2; host <= 4; ++host) {
            wire.at(host).resolved(wire.now(), "10.0.0.1:9471", {testing::address_of(1)});
        }
        wire.run_for(5s);
        EXPECT_EQ(testing::Wire::alive(wire.at(4)), 4U);
    }
    std::vector<std::uint64_t> running() {
        std::vector<std::uint64_t> epochs;
        for (int host = 1; host <= 4; ++host) {
            epochs.push_back(wire.at(host).rollout().running());
        }
        return epochs;
    }
};
using Epochs = std::vector<std::uint64_t>;

TEST(Rollout, any_member_goes_on_with_what_was_signed_at_the_beginning) {
    Group group;
    ASSERT_TRUE(group.wire.at(1).propose_settings(group.wire.now(), order_of(600'000), chief()));
    group.wire.run_for(1s);
    EXPECT_EQ(group.running(), (Epochs{1, 1, 1, 1})) << "all are canaries";
    EXPECT_EQ(group.wire.at(2).rollout().plan()->stage, RolloutStage::canary);
    group.wire.run_for(5s);
    EXPECT_EQ(group.wire.at(2).rollout().plan()->stage, RolloutStage::everywhere);
    ASSERT_TRUE(group.wire.at(3).take_settings_back(group.wire.now()));
    group.wire.run_for(1s);
    EXPECT_EQ(group.running(), (Epochs{0, 0, 0, 0}));
}

TEST(Rollout, who_refuses_it_ends_it_for_all) {
    Group group;
    RolloutPlan plan = plan_of(1, RolloutStage::canary);
    plan.canary_share = kCanaryShareMax;
    plan.next[kOfTomorrow] = 1;
    // As a daemon of tomorrow would sign it.
    wire::Notice notice;
    for (const RolloutStage stage :
         {RolloutStage::returned, RolloutStage::everywhere, RolloutStage::canary}) {
        plan.stage = stage;
        if (stage == RolloutStage::returned) plan.following.clear();
        if (stage != RolloutStage::returned) {
            plan.following.insert(plan.following.begin(), notice.signature);
        }
        notice = notice_of(plan);
    }
    ASSERT_TRUE(group.wire.at(1).propose(group.wire.now(), notice));
    group.wire.run_for(3s);
    EXPECT_EQ(group.running(), (Epochs{0, 0, 0, 0}));
    EXPECT_EQ(group.wire.at(4).rollout().plan()->stage, RolloutStage::returned);
}

TEST(Rollout, what_is_forged_or_stale_changes_nothing) {
    Group group;
    const Instant now = group.wire.now();
    ASSERT_TRUE(group.wire.at(1).propose_settings(now, order_of(600'000), chief()));
    group.wire.run_for(8s);
    ASSERT_EQ(group.running(), (Epochs{1, 1, 1, 1}));
    const auto refused = [&](const wire::Notice& notice) {
        const auto outcome = group.wire.at(2).propose(group.wire.now(), notice);
        return outcome ? Code::unavailable : outcome.error().code;
    };
    const auto stranger = crypto::Identity::from_seed(std::array<std::uint8_t, 32>{8});
    EXPECT_EQ(refused(notice_of(plan_of(2, RolloutStage::everywhere), stranger)), Code::forbidden);
    wire::Notice unsigned_one = notice_of(plan_of(2, RolloutStage::everywhere));
    unsigned_one.signature = {};
    EXPECT_EQ(refused(unsigned_one), Code::forbidden);
    wire::Notice altered = notice_of(plan_of(2, RolloutStage::everywhere));
    altered.epoch += kRolloutStages;
    EXPECT_EQ(refused(altered), Code::forbidden) << "the epoch is signed";
    EXPECT_EQ(refused(notice_of(plan_of(1, RolloutStage::canary))), Code::conflict) << "stale";
    group.wire.run_for(2s);
    EXPECT_EQ(group.running(), (Epochs{1, 1, 1, 1}));
}

TEST(Rollout, proposals_that_change_nothing_or_choose_nobody_are_refused) {
    Group group;
    Overlay& first = group.wire.at(1);
    const auto code = [&](const RolloutOrder& order) {
        const auto epoch = first.propose_settings(group.wire.now(), order, chief());
        return epoch ? Code::unavailable : epoch.error().code;
    };
    EXPECT_EQ(code({}), Code::invalid);
    RolloutOrder own;
    own.changes[kRetentionAge] = std::nullopt;
    EXPECT_EQ(code(own), Code::invalid) << "it is as configured already";
    EXPECT_EQ(code(order_of(600'000)), Code::unavailable);
    EXPECT_EQ(code(order_of(700'000)), Code::conflict) << "one is under way";
}

}  // namespace
}  // namespace grapevine::overlay
