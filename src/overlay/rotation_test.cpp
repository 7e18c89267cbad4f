#include "overlay/rotation.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "overlay/testing.hpp"

using namespace std::chrono_literals;

namespace grapevine::overlay {
namespace {

using testing::key;
using Stage = RingPlan::Stage;
using Code = Refusal::Code;

wire::Notice notice_of(const RingPlan& plan, std::uint64_t epoch) {
    wire::Notice notice;
    notice.kind = static_cast<std::uint8_t>(wire::NoticeKind::rotation);
    notice.epoch = epoch;
    notice.body = encode_ring_plan(plan);
    return notice;
}

Rotation rotation_of(std::vector<crypto::OverlayKey> keys) {
    return Rotation(std::move(keys), {}, nullptr);
}

std::vector<std::uint8_t> ids_of(const Rotation& rotation) {
    std::vector<std::uint8_t> ids;
    for (const auto& each : rotation.ring()) ids.push_back(each.id.value());
    return ids;
}

using Ids = std::vector<std::uint8_t>;

TEST(RingPlan, goes_from_install_over_use_to_remove) {
    const RingPlan install = first_plan({key(1), key(4)}, key(2));
    EXPECT_EQ(install.keys, (std::vector{key(1), key(4), key(2)}));
    const RingPlan use = next_plan(install);
    EXPECT_EQ(use.stage, Stage::use);
    EXPECT_EQ(use.keys, (std::vector{key(2), key(1), key(4)}));
    const RingPlan remove = next_plan(use);
    EXPECT_EQ(remove.stage, Stage::remove);
    EXPECT_EQ(remove.keys, std::vector{key(2)});
    for (const RingPlan& plan : {install, use, remove}) {
        EXPECT_EQ(*decode_ring_plan(encode_ring_plan(plan)), plan);
    }
}

TEST(RingPlan, refuses_rings_that_break_a_rule) {
    const Bytes good = encode_ring_plan(first_plan({key(1)}, key(2)));
    const auto with = [&](std::size_t index, std::uint8_t value) {
        Bytes bad = good;
        bad[index] = value;
        const auto plan = decode_ring_plan(bad);
        return plan ? std::string("accepted") : describe(plan.error());
    };
    EXPECT_EQ(with(0, 1), "accepted");
    EXPECT_TRUE(with(0, 2).starts_with("plan.form: unsupported"));
    EXPECT_TRUE(with(1, 0).starts_with("plan.stage: malformed"));
    EXPECT_TRUE(with(1, 2).starts_with("plan.target: malformed")) << "used, and not the first";
    EXPECT_TRUE(with(1, 3).starts_with("plan.keys: malformed")) << "removed, and still two";
    EXPECT_TRUE(with(2, 1).starts_with("plan.target: malformed")) << "installed, and in use";
    EXPECT_TRUE(with(2, 9).starts_with("plan.target: malformed")) << "none of them";
    EXPECT_TRUE(with(3, 0).starts_with("plan: malformed"));
    EXPECT_TRUE(with(3, kKeysMax + 1).starts_with("plan.keys: over limit"));
    EXPECT_TRUE(with(4, 2).starts_with("plan.keys: malformed")) << "one id twice";
    for (std::size_t size = 0; size < good.size(); ++size) {
        EXPECT_FALSE(decode_ring_plan(ByteView(good).first(size))) << size;
    }
}

TEST(KeyState, is_read_as_it_was_written_and_nothing_else_is) {
    const KeyState state{300, 0xabc, KeyId(2), {KeyId(2), KeyId(1)}};
    EXPECT_EQ(to_text(state), "300 0000000000000abc 2 2,1");
    EXPECT_EQ(*parse_key_state(to_text(state)), state);
    for (const char* const bad : {"", "1", "1 2 3", "1 2 3 ", "x 2 3 4", "1 2 300 4", "1 2 3 4,,5",
                                  "1 2 3 -4", "1 2 3 1,2,3,4,5,6,7,8,9"}) {
        EXPECT_FALSE(parse_key_state(bad)) << bad;
    }
}

TEST(Rotation, follows_the_configured_keys_until_the_first_notice) {
    Rotation rotation = rotation_of({key(1)});
    EXPECT_EQ(rotation.own_state(), "");
    rotation.configure({key(2), key(1)});
    EXPECT_EQ(ids_of(rotation), (Ids{2, 1}));
    ASSERT_TRUE(rotation.obey(Instant{}, notice_of(first_plan({key(2), key(1)}, key(3)), 1)));
    EXPECT_EQ(ids_of(rotation), (Ids{2, 1, 3}));
}

TEST(Rotation, a_key_that_was_taken_away_stays_away_though_the_file_names_it) {
    Rotation rotation = rotation_of({key(1)});
    const RingPlan install = first_plan({key(1)}, key(2));
    ASSERT_TRUE(rotation.obey(Instant{}, notice_of(next_plan(install), 2)));
    const wire::Notice last = notice_of(next_plan(next_plan(install)), 3);
    ASSERT_TRUE(rotation.obey(Instant{}, last));
    EXPECT_EQ(ids_of(rotation), (Ids{2, 1})) << "lingers";
    Rotation restarted({key(1)}, *rotation.take_changes(), &last);
    EXPECT_EQ(ids_of(restarted), Ids{2});
    EXPECT_EQ(restarted.overruled(), std::vector{KeyId(1)});
}

TEST(Rotation, a_key_that_was_never_there_opens_beside_the_ring) {
    const wire::Notice last = notice_of(next_plan(next_plan(first_plan({key(1)}, key(2)))), 3);
    Rotation rotation({key(3)}, {}, &last);
    EXPECT_EQ(ids_of(rotation), (Ids{2, 3}));
    EXPECT_TRUE(rotation.overruled().empty());
}

TEST(Rotation, a_second_one_waits_for_the_end_of_the_first) {
    Rotation rotation = rotation_of({key(1)});
    const RingPlan install = first_plan({key(1)}, key(2));
    ASSERT_TRUE(rotation.obey(Instant{}, notice_of(install, 1)));
    EXPECT_EQ(rotation.begin(key(7).secret, key(9).secret).error().code, Code::conflict);
    EXPECT_EQ(*rotation.begin(std::nullopt, key(9).secret), install) << "goes on";
    EXPECT_EQ(*rotation.begin(key(2).secret, key(9).secret), install) << "goes on";
}

TEST(Rotation, a_full_ring_and_known_keys_are_refused) {
    std::vector<crypto::OverlayKey> keys;
    for (std::uint8_t id = 1; id <= kKeysMax; ++id) keys.push_back(key(id));
    EXPECT_EQ(rotation_of(keys).begin(std::nullopt, key(9).secret).error().code, Code::over_limit);
    keys.pop_back();
    EXPECT_TRUE(rotation_of(keys).begin(std::nullopt, key(9).secret));
    EXPECT_EQ(rotation_of({key(1)}).begin(key(1).secret, key(9).secret).error().code,
              Code::conflict);
}

TEST(Rotation, retired_keys_have_a_limit_and_the_oldest_is_displaced) {
    storage::RotationImage image;
    for (std::uint64_t index = 0; index < kRetiredKeysMax; ++index) image.retired.push_back(index);
    Rotation rotation({key(1)}, image, nullptr);
    ASSERT_TRUE(rotation.obey(Instant{}, notice_of(next_plan(first_plan({key(1)}, key(2))), 2)));
    const auto changed = rotation.take_changes();
    ASSERT_TRUE(changed);
    EXPECT_EQ(changed->retired.size(), kRetiredKeysMax);
    EXPECT_EQ(changed->retired.front(), 1U);
    EXPECT_EQ(changed->retired.back(), fingerprint_of(key(1)));
}

// -- In an overlay that names operators --

struct Operated : ::testing::Test {
    const crypto::Identity chief =
        crypto::Identity::from_seed(std::array<std::uint8_t, 32>{1, 2, 3});
    const crypto::Identity stranger =
        crypto::Identity::from_seed(std::array<std::uint8_t, 32>{3, 2, 1});
    testing::Wire wire;

    void SetUp() override {
        wire.operators = {chief.public_key()};
        wire.add(1, {});
        wire.add(2, {"10.0.0.1:9471"});
        wire.add(3, {"10.0.0.1:9471"});
        wire.run_for(5s);
        ASSERT_EQ(testing::Wire::alive(wire.at(3)), 3U);
    }
};

TEST_F(Operated, only_operators_rotate) {
    EXPECT_EQ(wire.at(1).rotate_keys(wire.now(), {}).error().code, Code::forbidden);
    EXPECT_EQ(wire.at(1).rotate_keys(wire.now(), {.signer = &stranger}).error().code,
              Code::forbidden);
    EXPECT_FALSE(wire.at(1).rotation().plan());
    EXPECT_FALSE(wire.at(1).rotation().is_driving());
    ASSERT_TRUE(wire.at(1).rotate_keys(wire.now(), {.fresh = key(9).secret, .signer = &chief}));
    wire.run_for(10s);
    for (const int host : {1, 2, 3}) {
        EXPECT_EQ(wire.at(host).rotation().ring(),
                  std::vector({crypto::OverlayKey{KeyId(2), key(9).secret}}));
    }
}

TEST_F(Operated, a_notice_of_another_overlay_is_none_of_this_one) {
    wire::Notice notice = notice_of(first_plan({key(1)}, key(2)), 1);
    notice.author = chief.public_key();
    notice.signature = chief.sign(wire::native::encode_notice_signed_part("elsewhere", notice));
    EXPECT_EQ(wire.at(1).propose(wire.now(), notice).error().code, Code::forbidden);
    notice.signature = chief.sign(wire::native::encode_notice_signed_part("web", notice));
    EXPECT_TRUE(wire.at(1).propose(wire.now(), notice));
}

}  // namespace
}  // namespace grapevine::overlay
