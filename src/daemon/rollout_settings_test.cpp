#include "daemon/rollout_settings.hpp"

#include <gtest/gtest.h>

#include "daemon/config_keys.hpp"
#include "daemon/overlay_spec.hpp"

namespace grapevine::daemon {
namespace {

using Code = Refusal::Code;

Outcome<overlay::RolloutOrder> order_of(const std::string& name, const std::string& text) {
    control::ProposeRollout wanted;
    wanted.settings = {{name, text}};
    return rollout_order(wanted);
}

TEST(RolloutSettings, have_the_bounds_of_the_configuration_file) {
    for (const overlay::LiveSetting& setting : overlay::live_settings()) {
        const std::string name(setting.name);
        const Key* key = find_key("overlay." + name);
        ASSERT_NE(key, nullptr) << name;
        for (const std::uint64_t value : {setting.min, setting.max}) {
            const auto order = order_of(name, live_value_text(setting.id, value));
            ASSERT_TRUE(order) << name << ": " << describe(order.error());
            EXPECT_EQ(order->changes.at(setting.id), value) << name;
        }
        if (key->type == KeyType::choice) {
            EXPECT_EQ(key->choices.size(), setting.max + 1);
            continue;
        }
        // A tenth more than the most, in the unit of the key.
        const std::string above = key->type == KeyType::integer ? std::to_string(setting.max + 1)
                                  : key->type == KeyType::size
                                      ? std::to_string(setting.max + 1) + "B"
                                      : std::to_string(setting.max + 1) + "ms";
        EXPECT_FALSE(order_of(name, above)) << name << " " << above;
    }
}

TEST(RolloutSettings, are_read_as_in_the_file) {
    EXPECT_EQ(order_of("profile", "wan")->changes.at(1), 2U);
    EXPECT_EQ(order_of("retention_age", "10m")->changes.at(11), 600'000U);
    EXPECT_EQ(order_of("retention_bytes", "64MiB")->changes.at(12), 64U << 20U);
    EXPECT_EQ(order_of("retention_age", "")->changes.at(11), std::nullopt);
    EXPECT_EQ(live_value_text(1, 2), "wan");
    EXPECT_EQ(live_value_text(11, 600'000), "10m");
    EXPECT_EQ(live_value_text(200, 7), "7");
}

TEST(RolloutSettings, refuse_what_cannot_be_rolled_out_and_say_why) {
    const auto refusal = [](const std::string& name, const std::string& text) {
        const auto order = order_of(name, text);
        return order ? std::string("accepted") : describe(order.error());
    };
    EXPECT_NE(refusal("detector", "swim").find("running overlay"), std::string::npos);
    EXPECT_NE(refusal("rumor_fanout", "0").find("rumor_fanout"), std::string::npos);
    EXPECT_NE(refusal("retention_aeg", "10m").find("retention_age"), std::string::npos);
    EXPECT_NE(refusal("profile", "slow"), "accepted");
    EXPECT_NE(refusal("retention_age", "10"), "accepted");
    EXPECT_FALSE(rollout_order({})) << "nothing is to be set";
}

TEST(RolloutSettings, refuse_shares_and_intervals_out_of_range) {
    control::ProposeRollout wanted;
    wanted.settings = {{"rumor_k", "4"}};
    for (const std::uint64_t share : {0, 1001}) {
        wanted.canary_permille = share;
        EXPECT_EQ(rollout_order(wanted).error().code, Code::over_limit) << share;
    }
    wanted.canary_permille = 1000;
    for (const std::uint64_t interval : {999, 3'600'001}) {
        wanted.health_interval_ms = interval;
        EXPECT_EQ(rollout_order(wanted).error().code, Code::over_limit) << interval;
    }
    wanted.health_interval_ms = 3'600'000;
    EXPECT_TRUE(rollout_order(wanted));
}

}  // namespace
}  // namespace grapevine::daemon
