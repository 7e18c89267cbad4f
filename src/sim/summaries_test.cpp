// Zones within zones: everybody comes to know little of what is far and all of what is near, and
// what is known follows deaths, cuts, labels and statements.
#include "overlay/summaries.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/core.h>
#include <gtest/gtest.h>

#include "sim/testing.hpp"
#include "sim/world.hpp"
#include "support/seeds.hpp"

using namespace std::chrono_literals;
using grapevine::testing::for_each_seed;

namespace grapevine::sim {
namespace {

using protocol::ZoneAttributes;

const crypto::Identity& chief() {
    static const auto identity = crypto::Identity::from_seed(std::array<std::uint8_t, 32>{7});
    return identity;
}

std::int64_t number_of(const ZoneAttributes& attributes, const std::string& key) {
    const auto found = attributes.find(key);
    if (found == attributes.end()) return 0;
    std::int64_t number = 0;
    const std::string& text = found->second;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

/// Instead of SQL: a statement is a key, whose numbers are added up.
std::optional<Bytes> add_up(std::size_t, const std::vector<protocol::SummaryStatement>& statements,
                            const std::vector<protocol::SharedRow>& rows) {
    ZoneAttributes sums;
    for (const auto& statement : statements) {
        std::int64_t sum = 0;
        for (const auto& row : rows) {
            if (const auto attributes = protocol::decode_attributes(row->attributes)) {
                sum += number_of(*attributes, statement.sql);
            }
        }
        sums[statement.sql] = std::to_string(sum);
    }
    return protocol::encode_attributes(sums);
}

/// `regions` of `racks` of `hosts`, each with load 1.
struct Planet {
    std::size_t regions;
    std::size_t racks;
    std::size_t hosts;
    World world;

    Planet(std::size_t region_count, std::size_t rack_count, std::size_t host_count,
           std::uint64_t seed, double loss = 0)
        : regions(region_count),
          racks(rack_count),
          hosts(host_count),
          world(config_of(region_count, rack_count, host_count, seed, loss)) {}

    static WorldConfig config_of(std::size_t regions, std::size_t racks, std::size_t hosts,
                                 std::uint64_t seed, double loss) {
        WorldConfig config = world_config(regions * racks * hosts, protocol::Profile::fast, seed);
        config.protocol.summary_path = "region/rack";
        config.network.loss = loss;
        config.operators = {chief().public_key()};
        config.summarise = add_up;
        config.labels = [racks, hosts](HostIndex host) {
            return std::vector<wire::Label>{{"rack", fmt::format("k{}", host / hosts % racks)},
                                            {"region", fmt::format("r{}", host / hosts / racks)}};
        };
        return config;
    }
    void begin() {
        ASSERT_TRUE(start_and_converge(world)) << world.why_not_converged();
        ASSERT_TRUE(world.set_summary(0, "load", "load", chief()));
        for (const HostIndex host : world.members()) give(host, 1);
    }
    void give(HostIndex host, int load) {
        ASSERT_TRUE(world.set_zone_value(host, "load", std::to_string(load)));
    }
    [[nodiscard]] const protocol::Astrolabe* zones(HostIndex host) const {
        return world.overlay(host).summaries().zones();
    }
    /// Over the top table of a host.
    [[nodiscard]] std::pair<std::uint64_t, std::int64_t> total(HostIndex host) const {
        std::uint64_t members = 0;
        std::int64_t load = 0;
        if (zones(host) == nullptr) return {};
        for (const auto& row : zones(host)->table(1)) {
            members += row->members;
            load += number_of(*protocol::decode_attributes(row->attributes), "load");
        }
        return {members, load};
    }
    bool all_say(std::uint64_t members, std::int64_t load) {
        return std::ranges::all_of(world.members(), [&](HostIndex host) {
            return total(host) == std::pair(members, load);
        });
    }
    /// How long until all say so; none: they do not within two minutes.
    std::optional<Duration> until_all_say(std::uint64_t members, std::int64_t load) {
        const Moment begun = world.now();
        if (!world.run_until([&] { return all_say(members, load); }, 2min, 100ms)) {
            return std::nullopt;
        }
        return world.now() - begun;
    }
    [[nodiscard]] std::string story() const {
        std::string text;
        for (const HostIndex host : world.members()) {
            const auto [members, load] = total(host);
            text += fmt::format("{}: {} members, load {}; ", host, members, load);
        }
        return text;
    }
};

TEST(Summaries, everybody_comes_to_the_same_totals_and_holds_few_rows) {
    for_each_seed(4, [](std::uint64_t seed) {
        Planet planet(4, 4, 4, seed);
        planet.begin();
        const auto took = planet.until_all_say(64, 64);
        ASSERT_TRUE(took) << planet.story();
        EXPECT_LE(*took, 25s);
        for (const HostIndex host : planet.world.members()) {
            EXPECT_EQ(planet.zones(host)->row_count(), 12U);
        }
        // One host changes.
        planet.give(5, 11);
        const auto told = planet.until_all_say(64, 74);
        ASSERT_TRUE(told) << planet.story();
        EXPECT_LE(*told, 20s);
        EXPECT_GE(*told, 500ms);
        EXPECT_EQ(violations_of(planet.world), "");
    });
}

TEST(Summaries, loss_makes_it_slower_and_no_less_right) {
    for_each_seed(3, [](std::uint64_t seed) {
        Planet planet(3, 3, 4, seed, 0.1);
        planet.begin();
        const auto took = planet.until_all_say(36, 36);
        ASSERT_TRUE(took) << planet.story();
        EXPECT_LE(*took, 40s);
    });
}

TEST(Summaries, the_dead_are_no_longer_counted_and_the_returned_are) {
    for_each_seed(3, [](std::uint64_t seed) {
        Planet planet(3, 2, 3, seed);
        planet.begin();
        ASSERT_TRUE(planet.until_all_say(18, 18)) << planet.story();
        // One host of a rack, and all of another.
        const std::vector<HostIndex> killed = {1, 15, 16, 17};
        for (const HostIndex host : killed) planet.world.kill(host, Crash::power);
        const auto gone = planet.until_all_say(14, 14);
        ASSERT_TRUE(gone) << planet.story();
        // A rack without anybody left vanishes by its age, two levels above hosts at most.
        EXPECT_LE(*gone, 100s);
        for (const HostIndex host : killed) planet.world.start(host);
        planet.world.run_for(2s);
        for (const HostIndex host : killed) planet.give(host, 2);
        ASSERT_TRUE(planet.until_all_say(18, 22)) << planet.story();
    });
}

TEST(Summaries, a_cut_is_two_worlds_and_healing_makes_them_one) {
    for_each_seed(3, [](std::uint64_t seed) {
        Planet planet(2, 2, 3, seed);
        planet.begin();
        ASSERT_TRUE(planet.until_all_say(12, 12)) << planet.story();
        planet.world.partition({0, 1, 2, 3, 4, 5});
        ASSERT_TRUE(planet.until_all_say(6, 6)) << planet.story();
        planet.world.heal();
        ASSERT_TRUE(planet.until_all_say(12, 12)) << planet.story();
    });
}

TEST(Summaries, only_what_an_operator_has_signed_is_run) {
    Planet planet(2, 2, 2, 1);
    planet.begin();
    ASSERT_TRUE(planet.until_all_say(8, 8)) << planet.story();
    const auto stranger = crypto::Identity::from_seed(std::array<std::uint8_t, 32>{8});
    const auto refused = planet.world.set_summary(3, "load", "lies", stranger);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Refusal::Code::forbidden);
    planet.world.run_for(20s);
    EXPECT_TRUE(planet.all_say(8, 8));
    // Removed everywhere; zones are still counted.
    ASSERT_TRUE(planet.world.set_summary(5, "load", "", chief()));
    ASSERT_TRUE(planet.until_all_say(8, 0)) << planet.story();
    planet.world.run_for(2s);
    for (const HostIndex host : planet.world.members()) {
        EXPECT_TRUE(planet.world.overlay(host).summaries().statements().empty());
    }
}

TEST(Summaries, values_of_a_zone_have_limits_and_are_refused_with_their_cure) {
    Planet planet(1, 1, 2, 1);
    planet.begin();
    auto& world = planet.world;
    for (std::size_t key = 1; key < kSummaryOwnMax; ++key) {
        ASSERT_TRUE(world.set_zone_value(0, fmt::format("k{}", key), "1"));
    }
    const auto full = world.set_zone_value(0, "more", "1");
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().code, Refusal::Code::over_limit);
    EXPECT_TRUE(world.set_zone_value(0, "k1", "2")) << "what is there can change";
    for (const auto& key : {std::string(), std::string("gv.keys"), std::string("name"),
                            std::string(kSummaryKeyBytesMax + 1, 'k')}) {
        EXPECT_FALSE(world.set_zone_value(0, key, "1")) << key;
    }
    EXPECT_FALSE(world.set_zone_value(0, "k1", std::string(kSummaryValueBytesMax + 1, 'v')));
    EXPECT_TRUE(world.set_zone_value(0, "k1", std::string(kSummaryValueBytesMax, 'v')));
}

TEST(Summaries, statements_have_limits) {
    Planet planet(1, 1, 2, 1);
    planet.begin();
    auto& world = planet.world;
    EXPECT_FALSE(world.set_summary(0, "long", std::string(kSummarySqlBytesMax + 1, 'x'), chief()));
    EXPECT_FALSE(world.set_summary(0, "", "x", chief()));
    EXPECT_FALSE(world.set_summary(0, "unknown", "", chief()));
    for (std::size_t index = 1; index < kSummaryStatementsMax; ++index) {
        ASSERT_TRUE(world.set_summary(0, fmt::format("s{}", index), "x", chief()));
    }
    const auto full = world.set_summary(0, "one more", "x", chief());
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().code, Refusal::Code::over_limit);
    EXPECT_TRUE(world.set_summary(0, "s1", "y", chief()));
}

TEST(Summaries, without_a_path_there_are_none_and_they_cost_nothing) {
    WorldConfig config = world_config(4, protocol::Profile::fast, 1);
    World world(config);
    ASSERT_TRUE(start_and_converge(world));
    world.run_for(10s);
    EXPECT_FALSE(world.overlay(0).summaries().is_on());
    EXPECT_EQ(world.overlay(0).summaries().counters().talks, 0U);
    EXPECT_FALSE(world.set_zone_value(0, "load", "1"));
}

}  // namespace
}  // namespace grapevine::sim
