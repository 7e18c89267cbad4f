#include "runtime/resolver.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <optional>

namespace grapevine::runtime {
namespace {

using namespace std::chrono_literals;
using Answer = Outcome<std::vector<Endpoint>>;

TEST(Resolve, numeric_addresses_are_taken_as_they_are) {
    EXPECT_EQ(resolve_now("127.0.0.1:9471").value(), std::vector{Endpoint::v4(127, 0, 0, 1, 9471)});
    EXPECT_EQ(to_string(resolve_now("[fd00::1]:1").value().at(0)), "[fd00::1]:1");
}

TEST(Resolve, localhost_is_loopback_and_each_address_comes_once) {
    auto endpoints = resolve_now("localhost:80").value();
    ASSERT_FALSE(endpoints.empty());
    for (const Endpoint& endpoint : endpoints) {
        EXPECT_TRUE(endpoint.is_loopback());
        EXPECT_EQ(endpoint.port, 80);
    }
    std::ranges::sort(endpoints);
    EXPECT_EQ(std::ranges::adjacent_find(endpoints), endpoints.end());
}

TEST(Resolve, a_name_that_cannot_exist_is_refused_by_name) {
    // RFC 6761: .invalid never resolves. Without a network the name server gives no answer.
    const Answer answer = resolve_now("no-such-host.invalid:1");
    ASSERT_FALSE(answer.has_value());
    EXPECT_NE(answer.error().message.find("no-such-host.invalid"), std::string::npos);
    EXPECT_FALSE(answer.error().cure.empty());
}

TEST(Resolve, what_is_not_host_and_port_is_refused_with_examples) {
    for (const char* text :
         {"", "host", "host:", ":1", "host:65536", "host:x", "a:b:1", "[::1:1"}) {
        const Answer answer = resolve_now(text);
        ASSERT_FALSE(answer.has_value()) << text;
        EXPECT_EQ(answer.error().code, Refusal::Code::invalid) << text;
    }
}

TEST(Resolver, answers_arrive_on_the_loop_in_order) {
    Loop loop;
    Resolver resolver;
    std::vector<std::string> answers;
    for (const char* name : {"127.0.0.1:1", "localhost:2", "[::1]:3"}) {
        resolver.resolve(name, loop, [&answers, &loop](Answer answer) {
            answers.push_back(std::to_string(answer.value().at(0).port));
            if (answers.size() == 3) loop.stop();
        });
    }
    loop.run_for(10s);
    EXPECT_EQ(answers, (std::vector<std::string>{"1", "2", "3"}));
}

TEST(Resolver, nobody_is_called_after_its_end) {
    Loop loop;
    auto witness = std::make_shared<int>(0);
    bool called = false;
    {
        Resolver resolver;
        for (int question = 0; question < 50; ++question) {
            resolver.resolve("localhost:1", loop, [witness, &called](Answer) { called = true; });
        }
    }
    // What was answered before the end may still come; nothing new is posted.
    loop.run_for(20ms);
    const long left = witness.use_count();
    loop.run_for(20ms);
    EXPECT_EQ(witness.use_count(), left);
    EXPECT_LE(left, 2) << "at most the one under way is still held, by its thread";
}

}  // namespace
}  // namespace grapevine::runtime
