// Queries to a hundred members: who answers in time, who is named, and what they cost the detector.
#include <algorithm>
#include <functional>
#include <gtest/gtest.h>
#include <iostream>

#include "protocol/query/query.hpp"
#include "sim/testing.hpp"
#include "sim/world.hpp"
#include "support/seeds.hpp"

using namespace std::chrono_literals;
using grapevine::testing::for_each_seed;
using grapevine::testing::is_soak;

namespace grapevine::sim {
namespace {

constexpr auto kFast = protocol::Profile::fast;
constexpr HostIndex kAsker = 0;

std::vector<MemberId> everybody(const World& world) {
    std::vector<MemberId> all;
    for (const HostIndex host : world.members()) all.push_back(world.member_of(host));
    return all;
}

Bytes query() {
    return encode(protocol::Query{2s, "disk", {}});
}

/// Everybody answers with so many bytes.
void answer_with(World& world, std::size_t bytes) {
    world.on_query([bytes](HostIndex host, const protocol::Gather::Asked& asked) {
        EXPECT_TRUE(protocol::decode_query(asked.body));
        return encode(protocol::QueryReply{protocol::QueryReply::State::answered,
                                           Bytes(bytes, static_cast<std::uint8_t>(host))});
    });
}

/// The end of one query to all, asked now.
const protocol::Gather::Gathered& ask(World& world, Duration patience) {
    const auto number =
        world.ask(kAsker, everybody(world), protocol::QuestionKind::query, query(), patience);
    EXPECT_TRUE(number);
    EXPECT_TRUE(world.run_until([&] { return world.gathered(kAsker, *number) != nullptr; },
                                patience + 10ms));
    return *world.gathered(kAsker, *number);
}

TEST(Queries, of_100_members_at_ten_percent_loss_answer_in_two_seconds_or_are_named) {
    std::size_t silent = 0;
    std::size_t asked = 0;
    for_each_seed(20, [&](std::uint64_t seed) {
        WorldConfig config = world_config(100, kFast, seed);
        config.is_checked = false;
        World world(config);
        ASSERT_TRUE(start_and_converge(world));
        answer_with(world, 100);
        NetworkConfig bad = config.network;
        bad.loss = 0.1;
        world.network().configure(bad);
        std::vector<MemberId> all = everybody(world);
        const auto& gathered = ask(world, 2s);
        // Each is in one of the lists, and in one only.
        std::vector<MemberId> named = gathered.silent;
        for (const auto& answer : gathered.answers) {
            named.push_back(answer.member);
            EXPECT_EQ(answer.body.size(), 101U);
        }
        std::ranges::sort(named);
        std::ranges::sort(all);
        EXPECT_EQ(named, all);
        asked += all.size();
        silent += gathered.silent.size();
    });
    // Five questions fit into the time, and each is answered with .9^2: (1 - .81)^5 = 1 in 4,000.
    std::cout << silent << " of " << asked << " were silent\n";
    EXPECT_LE(silent, asked / 1000 + 1);
}

TEST(Queries, whose_answers_make_a_megabyte_end_in_two_seconds_at_ten_percent_loss) {
    for_each_seed(5, [&](std::uint64_t seed) {
        WorldConfig config = world_config(100, kFast, seed);
        config.is_checked = false;
        World world(config);
        ASSERT_TRUE(start_and_converge(world));
        constexpr std::size_t kEach = 1024 * 1024 / 100;
        answer_with(world, kEach);
        NetworkConfig bad = config.network;
        bad.loss = 0.1;
        world.network().configure(bad);
        const auto& gathered = ask(world, 2s);
        EXPECT_GE(gathered.answers.size(), 98U) << gathered.silent.size() << " silent";
        for (const auto& answer : gathered.answers) EXPECT_EQ(answer.body.size(), kEach + 1);
    });
}

TEST(Queries, one_member_may_answer_with_as_much_as_an_answer_holds) {
    World world(world_config(5, kFast, 1));
    ASSERT_TRUE(start_and_converge(world));
    answer_with(world, kQueryAnswerBytesMax);
    NetworkConfig bad = world.config().network;
    bad.loss = 0.1;
    world.network().configure(bad);
    const auto& gathered = ask(world, 5s);
    EXPECT_EQ(gathered.answers.size(), 5U);
    EXPECT_EQ(violations_of(world), "");
}

TEST(Queries, of_a_megabyte_one_after_the_other_do_not_disturb_detection) {
    for_each_seed(1, [](std::uint64_t seed) {
        WorldConfig config = world_config(100, kFast, seed);
        World world(config);
        ASSERT_TRUE(start_and_converge(world));
        answer_with(world, 1024 * 1024 / 100);
        // The next one is asked as soon as the last has ended; 1.6 MB/s arrive at the asker.
        std::uint64_t queries = 0;
        std::uint64_t answers = 0;
        std::uint64_t number = 0;
        std::function<void()> ask_on = [&] {
            const auto* end = number == 0 ? nullptr : world.gathered(kAsker, number);
            if (end != nullptr) answers += end->answers.size();
            if (number == 0 || end != nullptr) {
                const auto next =
                    world.ask(kAsker, everybody(world), protocol::QuestionKind::query, query(), 2s);
                ASSERT_TRUE(next);
                number = *next;
                ++queries;
            }
            world.at(world.now() + 20ms, ask_on);
        };
        ask_on();
        const int kills = is_soak() ? 100 : 40;
        for (int i = 0; i < kills; ++i) {
            const auto host = static_cast<HostIndex>(1 + world.random().below(world.size() - 1));
            world.run_for(Duration(static_cast<std::int64_t>(world.random().below(1'000'000'000))));
            world.kill(host, Crash::power);
            world.run_for(4s);
            world.start(host);
            ASSERT_TRUE(world.run_until([&] { return world.has_converged(); }, 20s, 100ms))
                << world.why_not_converged();
        }
        std::vector<Duration> last;
        for (const Detection& detection : world.statistics().detections()) {
            EXPECT_EQ(detection.informed, detection.observers);
            if (detection.last) last.push_back(*detection.last);
        }
        std::ranges::sort(last);
        ASSERT_EQ(last.size(), static_cast<std::size_t>(kills));
        const Duration p50 = last[last.size() / 2];
        const Duration p99 = last[(last.size() - 1) * 99 / 100];
        std::cout << queries << " queries, " << answers << " answers; known to all p50 "
                  << seconds(p50) << " s, p99 " << seconds(p99) << '\n';
        // What the rings promise without any (rings_heavy_test.cpp).
        EXPECT_LE(p50, 550ms);
        EXPECT_LE(p99, 850ms);
        EXPECT_GE(queries, static_cast<std::uint64_t>(kills));
        EXPECT_EQ(world.statistics().false_deaths(), 0U);
        EXPECT_EQ(violations_of(world), "");
    });
}

}  // namespace
}  // namespace grapevine::sim
