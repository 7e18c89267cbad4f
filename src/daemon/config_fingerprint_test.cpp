#include "daemon/config_fingerprint.hpp"

#include <gtest/gtest.h>

namespace grapevine::daemon {
namespace {

overlay::Settings settings() {
    overlay::Settings settings;
    settings.name = "prod";
    settings.protocol = protocol::profile_config(protocol::Profile::lan);
    settings.member_name = "alpha";
    return settings;
}

TEST(ConfigFingerprint, is_equal_for_members_that_differ_in_what_is_their_own) {
    overlay::Settings other = settings();
    other.member_name = "beta";
    other.labels = {{"rack", "r1"}};
    other.seeds = {"10.0.0.1:9471"};
    EXPECT_EQ(config_fingerprint(settings()), config_fingerprint(other));
    EXPECT_EQ(config_fingerprint(other).size(), 16U);
}

TEST(ConfigFingerprint, differs_with_each_setting_that_members_share) {
    const std::string before = config_fingerprint(settings());
    overlay::Settings other = settings();
    other.protocol = protocol::profile_config(protocol::Profile::wan);
    EXPECT_NE(config_fingerprint(other), before);
    other = settings();
    other.subscriber_topics = {"logs.>"};
    EXPECT_NE(config_fingerprint(other), before);
    other = settings();
    other.protocol.retention_age += std::chrono::seconds(1);
    EXPECT_NE(config_fingerprint(other), before);
    other = settings();
    other.protocol.zone_label = "dc";
    EXPECT_NE(config_fingerprint(other), before);
    other = settings();
    other.name = "test";
    EXPECT_NE(config_fingerprint(other), before);
}

}  // namespace
}  // namespace grapevine::daemon
