#include "runtime/process_output.hpp"

#include <gtest/gtest.h>

#include "runtime/clock.hpp"
#include "runtime/host_gauges.hpp"

namespace grapevine::runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Outcome<std::string> run(const std::vector<std::string>& arguments, Duration time = seconds(20),
                         std::size_t bytes = 100) {
    const std::atomic<bool> is_cancelled = false;
    return output_of(arguments, time, bytes, is_cancelled);
}

TEST(ProcessOutput, is_what_the_program_wrote) {
    EXPECT_EQ(run({"/bin/echo", "a b", "$HOME"}), "a b $HOME\n");
    EXPECT_EQ(run({"true"}), "");
}

TEST(ProcessOutput, of_a_program_that_fails_is_refused) {
    EXPECT_EQ(run({"/bin/sh", "-c", "echo 5; exit 3"}).error().message, "it ended with code 3");
    EXPECT_EQ(run({"/bin/sh", "-c", "kill -9 $$"}).error().message, "signal 9 ended it");
    EXPECT_FALSE(run({"/nonexistent/program"}));
}

TEST(ProcessOutput, beyond_its_limit_is_refused_and_the_program_ended) {
    EXPECT_EQ(run({"printf", "12345"}, seconds(20), 5), "12345");
    EXPECT_EQ(run({"printf", "123456"}, seconds(20), 5).error().message,
              "it wrote more than 5 bytes");
    EXPECT_EQ(run({"yes"}).error().message, "it wrote more than 100 bytes");
}

TEST(ProcessOutput, of_a_program_that_takes_too_long_is_refused) {
    const SteadyClock clock;
    EXPECT_EQ(run({"sleep", "60"}, milliseconds(50)).error().message, "it took longer than 50 ms");
    EXPECT_EQ(run({"/bin/sh", "-c", "exec >&-; sleep 60"}, milliseconds(50)).error().message,
              "it took longer than 50 ms");
    EXPECT_LT(clock.now().time_since_epoch(), seconds(20));
}

TEST(ProcessOutput, that_is_cancelled_is_not_waited_for) {
    const std::atomic<bool> is_cancelled = true;
    EXPECT_FALSE(output_of({"sleep", "60"}, seconds(60), 10, is_cancelled));
}

TEST(HostGauges, are_plausible) {
    EXPECT_GE(load_per_processor().value_or(-1), 0);
    const double memory = memory_in_use().value_or(-1);
    EXPECT_GT(memory, 0);
    EXPECT_LT(memory, 1);
    EXPECT_GT(free_bytes("/").value_or(-1), 0);
    EXPECT_FALSE(free_bytes("/nonexistent/folder"));
}

}  // namespace
}  // namespace grapevine::runtime
