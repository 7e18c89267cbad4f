#include "daemon/sampler.hpp"

#include <gtest/gtest.h>

#include "runtime/log.hpp"

namespace grapevine::daemon {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Bench {
    Bench() {
        sampler = std::make_unique<Sampler>(
            loop, [this](const std::string& overlay, const std::string& key,
                         const std::string& value, const Sampler::Done& done) {
                EXPECT_EQ(overlay, "a");
                ++writes;
                if (is_refusing) {
                    return done(std::unexpected(
                        Refusal{Refusal::Code::unavailable, "it is starting", "wait", ""}));
                }
                record[key] = value;
                done({});
            });
    }
    ~Bench() { runtime::log::redirect({}); }

    void set(const std::vector<std::string>& samples, Duration interval = milliseconds(10)) {
        SampleRules rules;
        rules.interval = interval;
        sampler->set("a", parse_samples(samples).value(), rules);
    }
    bool until(const std::function<bool()>& condition) {
        const Instant give_up = loop.now() + seconds(20);
        while (!condition()) {
            if (loop.now() > give_up) return false;
            loop.run_for(milliseconds(1));
        }
        return true;
    }

    runtime::Loop loop;
    std::map<std::string, std::string> record;
    std::size_t writes = 0;
    bool is_refusing = false;
    std::unique_ptr<Sampler> sampler;
};

TEST(Sampler, writes_what_it_measures) {
    Bench bench;
    bench.set({"load=load", "memory=memory", "free=disk:/", "n=exec:/bin/echo 42"});
    ASSERT_TRUE(bench.until([&] { return bench.record.size() == 4; }));
    EXPECT_EQ(bench.record["n"], "42");
    EXPECT_GT(std::stod(bench.record["free"]), 0);
}

TEST(Sampler, writes_a_value_that_stays_once) {
    Bench bench;
    bench.set({"n=exec:/bin/echo 42"});
    ASSERT_TRUE(bench.until([&] { return bench.sampler->counters("a").taken >= 5; }));
    EXPECT_EQ(bench.writes, 1U);
    EXPECT_EQ(bench.sampler->counters("a").written, 1U);
    EXPECT_EQ(bench.sampler->counters("a").failed, 0U);
}

TEST(Sampler, tells_an_error_once_in_the_log_and_leaves_the_value_alone) {
    Bench bench;
    // The log is written on the thread of the sampler.
    const auto lines = std::make_shared<std::atomic<int>>(0);
    runtime::log::redirect([lines](std::string_view line) {
        if (line.find("no value for 'n'") != std::string_view::npos) ++*lines;
    });
    bench.set({"n=exec:/bin/echo many"});
    ASSERT_TRUE(bench.until([&] { return bench.sampler->counters("a").failed >= 5; }));
    EXPECT_EQ(*lines, 1);
    EXPECT_TRUE(bench.record.empty());
}

TEST(Sampler, writes_again_what_could_not_be_written) {
    Bench bench;
    runtime::log::redirect([](std::string_view) {});
    bench.is_refusing = true;
    bench.set({"n=exec:/bin/echo 42"});
    ASSERT_TRUE(bench.until([&] { return bench.sampler->counters("a").failed >= 2; }));
    bench.is_refusing = false;
    EXPECT_TRUE(bench.until([&] { return bench.record.contains("n"); }));
}

TEST(Sampler, stops_and_takes_other_samples_when_told) {
    Bench bench;
    bench.set({"n=exec:/bin/echo 42"});
    ASSERT_TRUE(bench.until([&] { return bench.record.contains("n"); }));
    bench.set({"m=exec:/bin/echo 43"});
    ASSERT_TRUE(bench.until([&] { return bench.record.contains("m"); }));
    bench.sampler->set("a", {}, {});
    bench.loop.run_for(milliseconds(50));
    const std::uint64_t taken = bench.sampler->counters("a").taken;
    bench.loop.run_for(milliseconds(50));
    EXPECT_EQ(bench.sampler->counters("a").taken, taken);
}

TEST(Sampler, does_not_wait_at_its_end_for_a_program_that_runs) {
    Bench bench;
    SampleRules rules;
    rules.timeout = seconds(60);
    bench.sampler->set("a", parse_samples({"n=exec:sleep 60"}).value(), rules);
    bench.loop.run_for(milliseconds(50));
    const Instant start = bench.loop.now();
    bench.sampler.reset();
    EXPECT_LT(bench.loop.now() - start, seconds(10));
}

}  // namespace
}  // namespace grapevine::daemon
