#include "daemon/sample_rules.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"

namespace grapevine::daemon {
namespace {

using std::chrono::seconds;

std::string message_of(const std::string& text) {
    const auto sample = parse_sample(text);
    return sample ? std::string() : sample.error().message;
}

TEST(Sample, is_a_key_and_what_is_measured) {
    EXPECT_EQ(parse_sample("l=load")->what, Sample::What::load);
    EXPECT_EQ(parse_sample("m=memory")->what, Sample::What::memory);
    const auto disk = parse_sample("free=disk:/var/lib");
    EXPECT_EQ(disk->what, Sample::What::disk);
    EXPECT_EQ(disk->path, "/var/lib");
    EXPECT_EQ(disk->key, "free");
}

TEST(Sample, a_program_is_words_and_no_shell) {
    const auto words = parse_sample("q=exec:/bin/x --a=\"b c\"  $(date) \"\" ;");
    const std::vector<std::string> expected = {"/bin/x", "--a=b c", "$(date)", "", ";"};
    EXPECT_EQ(words->words, expected);
}

TEST(Sample, that_cannot_be_is_refused_with_the_reason) {
    EXPECT_EQ(message_of("load"), "'load' is no KEY=WHAT");
    EXPECT_EQ(message_of("=load"), "'=load' is no KEY=WHAT");
    EXPECT_EQ(message_of("l=loads"), "'loads' cannot be sampled");
    EXPECT_EQ(message_of("d=disk:var"), "'var' is no absolute path");
    EXPECT_EQ(message_of("e=exec:"), "no program is named");
    EXPECT_EQ(message_of("e=exec:a \"b"), "a quote does not end");
    EXPECT_EQ(message_of(std::string(kRecordKeyBytesMax, 'k') + "=load"), "");
    EXPECT_NE(message_of(std::string(kRecordKeyBytesMax + 1, 'k') + "=load"), "");
    EXPECT_NE(message_of("a\nb=load"), "");
    std::string command = "e=exec:a";
    for (std::size_t count = 1; count < kSampleArgumentsMax; ++count) command += " b";
    EXPECT_EQ(message_of(command), "");
    EXPECT_EQ(message_of(command + " b"), "a command of 33 words is too long");
    EXPECT_NE(message_of("e=exec:" + std::string(kSampleTextBytesMax, 'x')), "");
}

TEST(Samples, have_a_limit_and_keys_of_their_own) {
    std::vector<std::string> texts;
    for (std::size_t count = 0; count < kSamplesMax; ++count) {
        texts.push_back("k" + std::to_string(count) + "=load");
    }
    EXPECT_TRUE(parse_samples(texts));
    texts.push_back("more=load");
    EXPECT_EQ(parse_samples(texts).error().message, "33 samples are too many");
    EXPECT_EQ(parse_samples({"a=load", "a=memory"}).error().message,
              "the key 'a' is sampled twice");
}

TEST(SampleFilter, writes_the_first_value_and_then_what_has_changed_enough) {
    SampleFilter filter(SampleRules{});
    Instant now;
    EXPECT_TRUE(filter.passes(now, 100));
    EXPECT_FALSE(filter.passes(now += seconds(5), 105));
    EXPECT_TRUE(filter.passes(now += seconds(5), 105.1));
    EXPECT_TRUE(filter.passes(now += seconds(5), 99));
}

TEST(SampleFilter, sees_a_slow_drift_when_it_has_come_far_enough) {
    SampleFilter filter(SampleRules{});
    Instant now;
    EXPECT_TRUE(filter.passes(now, 100));
    int writes = 0;
    for (int step = 1; step <= 10; ++step) {
        if (filter.passes(now += seconds(1), 100 + step)) ++writes;
    }
    EXPECT_EQ(writes, 1);
}

TEST(SampleFilter, writes_again_what_has_not_been_written_for_long) {
    SampleFilter filter(SampleRules{});
    Instant now;
    EXPECT_TRUE(filter.passes(now, 1));
    EXPECT_FALSE(filter.passes(now + seconds(59), 1));
    EXPECT_TRUE(filter.passes(now + seconds(60), 1));
    EXPECT_FALSE(filter.passes(now + seconds(61), 1));
}

TEST(SampleFilter, writes_every_change_from_zero_and_none_that_is_none) {
    SampleFilter filter(SampleRules{});
    Instant now;
    EXPECT_TRUE(filter.passes(now, 0));
    EXPECT_FALSE(filter.passes(now, 0));
    EXPECT_TRUE(filter.passes(now, 0.001));
    filter.forget();
    EXPECT_TRUE(filter.passes(now, 0.001));
}

TEST(SampleRules, have_defaults_that_the_configuration_replaces) {
    control::Sampling sampling;
    EXPECT_EQ(SampleRules::of(sampling).interval, seconds(5));
    sampling.interval_ms = 1000;
    sampling.change_percent = 0;
    sampling.refresh_ms = 2000;
    sampling.timeout_ms = 300;
    const SampleRules rules = SampleRules::of(sampling);
    EXPECT_EQ(rules.interval, seconds(1));
    EXPECT_EQ(rules.change, 0);
    EXPECT_EQ(rules.refresh, seconds(2));
    EXPECT_EQ(rules.timeout, std::chrono::milliseconds(300));
}

TEST(SampleText, is_short) {
    EXPECT_EQ(sample_text(0.1234561), "0.123456");
    EXPECT_EQ(sample_text(123456789012.0), "123456789012");
    EXPECT_EQ(sample_text(3), "3");
    EXPECT_EQ(sample_text(12345.678), "12345.7");
}

}  // namespace
}  // namespace grapevine::daemon
