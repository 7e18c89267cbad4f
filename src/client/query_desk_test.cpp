#include "client/query_desk.hpp"

#include <gtest/gtest.h>
#include <vector>

#include "base/limits.hpp"

namespace grapevine::client {
namespace {

using namespace std::chrono_literals;
using Verdict = QueryDesk::Verdict;

constexpr MemberId kAsker{0xaa};

struct Said {
    MemberId to;
    std::uint64_t number = 0;
    Verdict verdict{};
    Bytes payload;
    friend bool operator==(const Said&, const Said&) = default;
};

struct Desk {
    std::vector<Said> said;
    std::shared_ptr<QueryDesk> desk = std::make_shared<QueryDesk>(
        [this](MemberId to, std::uint64_t number, Verdict verdict, Bytes payload) {
            said.push_back({to, number, verdict, std::move(payload)});
        });

    void ask(std::uint64_t number, const std::string& name = "disk", Instant now = Instant{}) {
        desk->asked(now, {kAsker, number, "alpha", name, {7}, 2s});
    }
    std::shared_ptr<void> serve(std::vector<control::QueryCall>& calls,
                                const std::string& name = "disk") {
        auto handle =
            desk->serve(name, [&calls](const control::QueryCall& call) { calls.push_back(call); });
        EXPECT_TRUE(handle);
        return *handle;
    }
};

TEST(QueryDesk, what_nobody_serves_is_answered_so_at_once) {
    Desk bench;
    std::vector<control::QueryCall> calls;
    const auto other = bench.serve(calls, "load");
    bench.ask(1);
    EXPECT_TRUE(calls.empty());
    EXPECT_EQ(bench.said, (std::vector<Said>{{kAsker, 1, Verdict::not_served, {}}}));
}

TEST(QueryDesk, an_application_gets_a_query_and_its_answer_goes_back) {
    Desk bench;
    std::vector<control::QueryCall> calls;
    const auto handle = bench.serve(calls);
    bench.ask(1);
    ASSERT_EQ(calls.size(), 1U);
    EXPECT_EQ(calls[0].id, "00000000000000aa-0000000000000001");
    EXPECT_EQ(calls[0].name, "disk");
    EXPECT_EQ(calls[0].payload, Bytes{7});
    EXPECT_EQ(calls[0].from.name, "alpha");
    EXPECT_EQ(calls[0].patience_ms, 2000);
    EXPECT_TRUE(bench.said.empty());
    EXPECT_TRUE(bench.desk->answer(Instant{} + 1s, calls[0].id, {9}));
    EXPECT_EQ(bench.said, (std::vector<Said>{{kAsker, 1, Verdict::answered, {9}}}));
}

TEST(QueryDesk, of_several_applications_the_first_answer_counts) {
    Desk bench;
    std::vector<control::QueryCall> first;
    std::vector<control::QueryCall> second;
    const auto one = bench.serve(first);
    const auto other = bench.serve(second);
    bench.ask(1);
    ASSERT_EQ(first.size(), 1U);
    ASSERT_EQ(second.size(), 1U);
    EXPECT_TRUE(bench.desk->answer(Instant{}, second[0].id, {2}));
    const auto refused = bench.desk->answer(Instant{}, first[0].id, {1});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Refusal::Code::not_found);
    EXPECT_EQ(bench.said.size(), 1U);
}

TEST(QueryDesk, a_query_is_abandoned_when_the_last_that_has_it_detaches) {
    Desk bench;
    std::vector<control::QueryCall> calls;
    auto one = bench.serve(calls);
    auto other = bench.serve(calls);
    bench.ask(1);
    one.reset();
    EXPECT_TRUE(bench.said.empty());
    // It came too late for the query, so it does not count.
    const auto late = bench.serve(calls);
    other.reset();
    EXPECT_EQ(bench.said, (std::vector<Said>{{kAsker, 1, Verdict::abandoned, {}}}));
    EXPECT_EQ(bench.desk->open_count(), 0U);
}

TEST(QueryDesk, a_query_is_given_to_an_application_once) {
    Desk bench;
    std::vector<control::QueryCall> calls;
    const auto handle = bench.serve(calls);
    bench.ask(1);
    bench.ask(1);
    EXPECT_EQ(calls.size(), 1U);
}

TEST(QueryDesk, an_answer_after_the_patience_of_the_asker_is_refused) {
    Desk bench;
    std::vector<control::QueryCall> calls;
    const auto handle = bench.serve(calls);
    bench.ask(1);
    EXPECT_FALSE(bench.desk->answer(Instant{} + 2s, calls[0].id, {9}));
    EXPECT_EQ(bench.desk->open_count(), 0U);
}

TEST(QueryDesk, an_id_that_is_none_is_refused) {
    Desk bench;
    std::vector<control::QueryCall> calls;
    const auto handle = bench.serve(calls);
    bench.ask(1);
    for (const std::string id :
         {"", "x", "00000000000000aa-000000000000000g", "00000000000000aa_0000000000000001"}) {
        EXPECT_FALSE(bench.desk->answer(Instant{}, id, {})) << id;
    }
    EXPECT_EQ(bench.desk->open_count(), 1U);
}

TEST(QueryDesk, names_of_the_daemon_and_illegal_ones_are_not_served) {
    Desk bench;
    const auto take = [](const control::QueryCall&) {};
    EXPECT_EQ(bench.desk->serve("clock", take).error().code, Refusal::Code::conflict);
    EXPECT_EQ(bench.desk->serve("a/b", take).error().code, Refusal::Code::invalid);
}

TEST(QueryDesk, as_many_queries_wait_as_the_limit_says) {
    Desk bench;
    std::vector<control::QueryCall> calls;
    const auto handle = bench.serve(calls);
    for (std::uint64_t number = 1; number <= kQueriesOpenMax; ++number) bench.ask(number);
    EXPECT_TRUE(bench.said.empty());
    bench.ask(kQueriesOpenMax + 1);
    EXPECT_EQ(bench.said, (std::vector<Said>{{kAsker, kQueriesOpenMax + 1, Verdict::busy, {}}}));
    // Those whose askers have gone make room.
    bench.ask(kQueriesOpenMax + 2, "disk", Instant{} + 2s);
    EXPECT_EQ(bench.said.size(), 1U);
    EXPECT_EQ(bench.desk->open_count(), 1U);
}

TEST(QueryDesk, as_many_applications_serve_as_the_limit_says) {
    Desk bench;
    std::vector<control::QueryCall> calls;
    std::vector<std::shared_ptr<void>> handles;
    for (std::size_t count = 0; count < kQueryServersMax; ++count) {
        handles.push_back(bench.serve(calls));
    }
    const auto take = [](const control::QueryCall&) {};
    EXPECT_EQ(bench.desk->serve("disk", take).error().code, Refusal::Code::over_limit);
    handles.pop_back();
    EXPECT_TRUE(bench.desk->serve("disk", take));
}

TEST(QueryDesk, a_handle_may_outlive_the_desk) {
    Desk bench;
    std::vector<control::QueryCall> calls;
    auto handle = bench.serve(calls);
    bench.desk.reset();
    handle.reset();
    EXPECT_TRUE(bench.said.empty());
}

}  // namespace
}  // namespace grapevine::client
