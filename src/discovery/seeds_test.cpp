#include "discovery/seeds.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"

namespace grapevine::discovery {
namespace {

using namespace std::chrono_literals;

Instant at(Duration since_start) {
    return Instant{} + since_start;
}

struct Drained {
    std::vector<std::string> lookups;
    std::vector<Endpoint> contacts;
};

Drained drain(Seeds& seeds) {
    Drained drained;
    while (auto action = seeds.poll()) {
        if (auto* resolve = std::get_if<Seeds::Resolve>(&*action)) {
            drained.lookups.push_back(resolve->name);
        } else {
            drained.contacts.push_back(std::get<Seeds::Contact>(*action).endpoint);
        }
    }
    return drained;
}

bool nobody(const Endpoint&) {
    return false;
}

const Endpoint kFirst = Endpoint::v4(10, 0, 0, 1, 9471);
const Endpoint kSecond = Endpoint::v4(10, 0, 0, 2, 9471);

TEST(Seeds, alone_everybody_known_is_tried_at_once) {
    Seeds seeds({"10.0.0.1:9471"}, {kSecond}, nobody, 1);
    seeds.advance(at(0ms));
    EXPECT_EQ(drain(seeds).contacts, (std::vector{kFirst, kSecond}));
}

TEST(Seeds, pauses_double_up_to_the_longest) {
    Seeds seeds({"10.0.0.1:9471"}, {}, nobody, 1);
    Instant now{};
    Duration last{};
    for (int turn = 0; turn < 12; ++turn) {
        seeds.advance(now);
        EXPECT_EQ(drain(seeds).contacts.size(), 1U);
        last = seeds.deadline() - now;
        EXPECT_LE(last, Seeds::kRetryMax * 5 / 4);
        seeds.advance(seeds.deadline() - 1ns);
        EXPECT_TRUE(drain(seeds).contacts.empty()) << "not before the pause is over";
        now = seeds.deadline();
    }
    EXPECT_GE(last, Seeds::kRetryMax * 3 / 4);
}

TEST(Seeds, in_company_only_strangers_are_tried_and_rarely) {
    const auto is_first = [](const Endpoint& endpoint) { return endpoint == kFirst; };
    Seeds seeds({"10.0.0.1:9471", "10.0.0.2:9471"}, {}, is_first, 1);
    seeds.advance(at(0ms));
    drain(seeds);
    seeds.company(at(10ms), Seeds::Company::some);
    EXPECT_EQ(seeds.deadline(), at(10ms) + Seeds::kRejoinInterval);
    seeds.advance(seeds.deadline());
    EXPECT_EQ(drain(seeds).contacts, std::vector{kSecond});
}

TEST(Seeds, names_are_looked_up_and_tried_when_the_answer_comes) {
    Seeds seeds({"seed.example.org:9471"}, {}, nobody, 1);
    seeds.advance(at(0ms));
    EXPECT_EQ(drain(seeds).lookups, std::vector<std::string>{"seed.example.org:9471"});
    seeds.resolved(at(5ms), "seed.example.org:9471", {kFirst});
    seeds.advance(at(5ms));
    EXPECT_EQ(drain(seeds).contacts, std::vector{kFirst});
}

TEST(Seeds, a_name_is_looked_up_again_and_its_new_address_tried) {
    Seeds seeds({"seed.example.org:9471"}, {}, nobody, 1);
    seeds.advance(at(0ms));
    drain(seeds);
    seeds.resolved(at(1ms), "seed.example.org:9471", {kFirst});
    int lookups = 0;
    for (Instant now = at(1ms); now < at(3min); now = seeds.deadline()) {
        seeds.advance(now);
        lookups += static_cast<int>(drain(seeds).lookups.size());
    }
    EXPECT_GE(lookups, 2);
    EXPECT_LE(lookups, 3);
    seeds.resolved(at(4min), "seed.example.org:9471", {kSecond});
    seeds.advance(at(4min));
    EXPECT_EQ(drain(seeds).contacts, std::vector{kSecond});
}

TEST(Seeds, a_name_that_is_gone_keeps_its_last_address) {
    Seeds seeds({"seed.example.org:9471"}, {}, nobody, 1);
    seeds.advance(at(0ms));
    drain(seeds);
    seeds.resolved(at(1ms), "seed.example.org:9471", {kFirst});
    seeds.resolved(at(2ms), "seed.example.org:9471", {});
    seeds.advance(at(2ms));
    EXPECT_EQ(drain(seeds).contacts, std::vector{kFirst});
}

TEST(Seeds, seeds_added_later_are_tried_at_once_and_their_number_is_limited) {
    Seeds seeds({}, {}, nobody, 1);
    EXPECT_EQ(seeds.deadline(), kNever);
    seeds.add(at(1s), {"10.0.0.1:9471"});
    EXPECT_EQ(drain(seeds).contacts, std::vector{kFirst});
    for (std::size_t index = 0; index <= kSeedsMax; ++index) {
        seeds.add(at(2s),
                  {"10.0.1." + std::to_string(index % 250) + ":" + std::to_string(index + 1)});
    }
    EXPECT_EQ(seeds.names().size(), kSeedsMax);
}

}  // namespace
}  // namespace grapevine::discovery
