// What the configuration says about samples.

#include <gtest/gtest.h>

#include "daemon/config.hpp"
#include "daemon/sample_rules.hpp"

namespace grapevine::daemon {
namespace {

ConfigSources sources() {
    ConfigSources sources;
    sources.host_name = "web-1";
    sources.environment["HOME"] = "/home/user";
    return sources;
}

auto load(const std::string& text) {
    return load_config_text(sources(), text, "test.toml");
}

TEST(SamplingConfig, is_read_from_the_file_and_shown_by_check) {
    const auto config = load(R"([overlay.demo]
samples = ["load=load", "q=exec:/bin/q --of \"a, b\""]
sample_interval = "10s"
sample_change = 20
sample_refresh = "5m"
sample_timeout = "500ms"
)");
    ASSERT_TRUE(config) << describe(config.error().front());
    const control::Sampling& sampling = config->overlays.front().sampling;
    ASSERT_EQ(sampling.samples->size(), 2U);
    EXPECT_EQ(sampling.interval_ms, 10'000);
    EXPECT_EQ(sampling.change_percent, 20);
    EXPECT_EQ(sampling.refresh_ms, 300'000);
    EXPECT_EQ(sampling.timeout_ms, 500);
    EXPECT_EQ(parse_samples(*sampling.samples)->back().words.back(), "a, b");
    const std::string shown = describe_config(*config);
    EXPECT_NE(shown.find("samples = [\"load=load\", "), std::string::npos) << shown;
    EXPECT_NE(shown.find("sample_interval = \"10s\"\nsample_change = 20\n"), std::string::npos);
}

TEST(SamplingConfig, refuses_what_cannot_be_sampled_with_its_place) {
    const auto config = load("[overlay.demo]\nsamples = [\"load\"]\n");
    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().front().field, "overlay.demo.samples");
    EXPECT_NE(config.error().front().message.find("'load' is no KEY=WHAT"), std::string::npos);
    EXPECT_FALSE(load("[overlay.demo]\nsample_interval = \"999ms\"\n"));
    EXPECT_TRUE(load("[overlay.demo]\nsample_interval = \"1s\"\n"));
    EXPECT_FALSE(load("[overlay.demo]\nsample_change = 101\n"));
}

TEST(SamplingConfig, is_not_for_overlays_without_records) {
    const auto config = load(R"([overlay.old]
protocol = "gossiperl"
bind = "127.0.0.1:6666"
symmetric_key = "key"
samples = ["load=load"]
)");
    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().front().field, "overlay.old.samples");
}

TEST(SamplingConfig, takes_effect_at_a_reload) {
    const auto before = load("[overlay.demo]\nsamples = [\"load=load\"]\n");
    const auto after = load("[overlay.demo]\nsamples = [\"m=memory\"]\n");
    EXPECT_TRUE(keys_needing_restart(*before, *after).empty());
}

}  // namespace
}  // namespace grapevine::daemon
