#include "runtime/loop.hpp"

#include <csignal>
#include <gtest/gtest.h>
#include <optional>
#include <thread>
#include <vector>

namespace grapevine::runtime {
namespace {

using namespace std::chrono_literals;

TEST(Loop, a_posted_task_runs_later_and_in_order) {
    Loop loop;
    std::vector<int> order;
    loop.post([&] {
        order.push_back(1);
        loop.post([&] {
            order.push_back(3);
            loop.stop();
        });
        order.push_back(2);
    });
    EXPECT_TRUE(order.empty());
    loop.run();
    EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST(Loop, other_threads_may_post) {
    Loop loop;
    int sum = 0;
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
        threads.emplace_back([&] {
            for (int task = 0; task < 1000; ++task) {
                loop.post([&] {
                    if (++sum == 4000) loop.stop();
                });
            }
        });
    }
    loop.run();
    EXPECT_EQ(sum, 4000);
}

TEST(Loop, a_stop_before_the_run_ends_that_run_only) {
    Loop loop;
    bool ran = false;
    loop.stop();
    loop.post([&] {
        ran = true;
        loop.stop();
    });
    loop.run();
    EXPECT_FALSE(ran);
    loop.run();
    EXPECT_TRUE(ran);
}

TEST(Loop, a_task_that_never_ran_is_destroyed_with_the_loop) {
    auto witness = std::make_shared<int>(0);
    {
        Loop loop;
        loop.post([witness] {});
        EXPECT_EQ(witness.use_count(), 2);
    }
    EXPECT_EQ(witness.use_count(), 1);
}

TEST(Loop, a_signal_arrives_on_the_loop_every_time) {
    Loop loop;
    std::vector<int> seen;
    loop.on_signal({SIGUSR1, SIGUSR2}, [&](int signal_number) {
        seen.push_back(signal_number);
        if (seen.size() == 1) ::raise(SIGUSR2);
        if (seen.size() == 2) loop.stop();
    });
    ::raise(SIGUSR1);
    loop.run();
    EXPECT_EQ(seen, (std::vector<int>{SIGUSR1, SIGUSR2}));
}

TEST(Timer, it_fires_once_and_not_before_its_instant) {
    Loop loop;
    std::vector<Instant> fired;
    Timer timer(loop, [&] { fired.push_back(loop.now()); });
    const Instant at = loop.now() + 20ms;
    timer.arm(at);
    EXPECT_TRUE(timer.is_armed());
    loop.run_for(60ms);
    ASSERT_EQ(fired.size(), 1U);
    EXPECT_GE(fired[0], at);
    EXPECT_FALSE(timer.is_armed());
}

TEST(Timer, an_instant_in_the_past_fires_when_the_loop_turns) {
    Loop loop;
    int fired = 0;
    Timer timer(loop, [&] {
        ++fired;
        loop.stop();
    });
    timer.arm(Instant());
    EXPECT_EQ(fired, 0);
    loop.run();
    EXPECT_EQ(fired, 1);
}

TEST(Timer, arming_again_replaces_the_earlier_instant) {
    Loop loop;
    std::vector<Instant> fired;
    Timer timer(loop, [&] { fired.push_back(loop.now()); });
    const Instant later = loop.now() + 30ms;
    timer.arm(loop.now() + 5ms);
    timer.arm(later);
    loop.run_for(60ms);
    ASSERT_EQ(fired.size(), 1U);
    EXPECT_GE(fired[0], later);
}

TEST(Timer, a_cancelled_timer_stays_silent_even_when_already_due) {
    Loop loop;
    bool fired = false;
    Timer timer(loop, [&] { fired = true; });
    // Both expire in the same turn of the loop; the first of them cancels the second.
    Timer canceller(loop, [&] { timer.cancel(); });
    canceller.arm(Instant(1ns));
    timer.arm(Instant(2ns));
    loop.run_for(10ms);
    EXPECT_FALSE(canceller.is_armed());
    EXPECT_FALSE(fired);
}

TEST(Timer, never_disarms) {
    Loop loop;
    bool fired = false;
    Timer timer(loop, [&] { fired = true; });
    timer.arm(loop.now());
    timer.arm(kNever);
    EXPECT_FALSE(timer.is_armed());
    loop.run_for(5ms);
    EXPECT_FALSE(fired);
}

TEST(Timer, it_may_destroy_itself_while_firing) {
    Loop loop;
    std::optional<Timer> timer;
    timer.emplace(loop, [&] {
        timer.reset();
        loop.stop();
    });
    timer->arm(Instant());
    loop.run();
    EXPECT_FALSE(timer.has_value());
}

TEST(Timer, it_may_arm_itself_again) {
    Loop loop;
    int fired = 0;
    std::optional<Timer> timer;
    timer.emplace(loop, [&] {
        if (++fired == 3) return loop.stop();
        timer->arm(loop.now());
    });
    timer->arm(loop.now());
    loop.run();
    EXPECT_EQ(fired, 3);
}

}  // namespace
}  // namespace grapevine::runtime
