// How many rounds until everybody knows, if all keep telling (Demers et al. 1987, section 1.3: push
// takes log2 n + ln n + O(1) rounds, Pittel), by fan-out, number of members and loss. Decided by
// the rules that our members follow.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <gtest/gtest.h>
#include <vector>

#include "protocol/rumor/mongering_epidemic.hpp"
#include "support/seeds.hpp"

namespace grapevine::protocol {
namespace {

using test::Epidemic;
using Direction = MongeringConfig::Direction;
using Options = Epidemic::Options;

constexpr std::array<std::size_t, 4> kSizes = {10, 100, 1000, 10'000};

struct Cell {
    double mean;
    double p99;
};
struct Row {
    Direction direction;
    std::uint8_t fanout;
    double loss;
    std::array<Cell, 4> cells;  ///< For kSizes.
};
constexpr Row kTable[] = {
    {Direction::push, 1, 0, {{{6.1, 10}, {12.3, 16}, {18.0, 22}, {23.7, 28}}}},
    {Direction::push, 2, 0, {{{3.8, 6}, {7.4, 10}, {10.7, 13}, {13.9, 16}}}},
    {Direction::push, 3, 0, {{{3.0, 4}, {5.7, 7}, {8.2, 10}, {10.6, 12}}}},
    {Direction::push, 4, 0, {{{2.6, 4}, {4.9, 6}, {7.0, 8}, {8.9, 9}}}},
    {Direction::push, 3, 0.1, {{{3.2, 5}, {6.1, 8}, {8.7, 10}, {11.4, 13}}}},
    {Direction::push, 3, 0.2, {{{3.4, 5}, {6.6, 8}, {9.5, 11}, {12.4, 14}}}},
    {Direction::push_pull, 1, 0, {{{3.5, 5}, {6.5, 8}, {9.2, 10}, {11.7, 13}}}},
    {Direction::push_pull, 2, 0, {{{2.5, 3}, {4.5, 5}, {6.2, 7}, {8.0, 8}}}},
    {Direction::push_pull, 3, 0, {{{2.1, 3}, {3.9, 4}, {5.1, 6}, {6.8, 7}}}},
    {Direction::push_pull, 3, 0.2, {{{2.5, 3}, {4.5, 5}, {6.3, 7}, {8.2, 9}}}},
};

std::vector<double> rounds_of(const Row& row, std::size_t members, int runs, Options::Draw draw) {
    MongeringConfig config;
    config.direction = row.direction;
    config.has_feedback = false;
    config.k = 255;  // Nobody loses interest before everybody knows.
    config.fanout = row.fanout;
    Epidemic epidemic(members, config, MongeringSemantics::table_1(),
                      {Options::End::everybody_knows, draw, row.loss});
    std::vector<double> rounds;
    for (int run = 0; run < runs; ++run) {
        rounds.push_back(epidemic.run(static_cast<std::uint64_t>(run) + 1).last);
    }
    std::ranges::sort(rounds);
    return rounds;
}

double mean_of(const std::vector<double>& values) {
    double sum = 0;
    for (const double value : values) sum += value;
    return sum / static_cast<double>(values.size());
}

double deviation_of(const std::vector<double>& values) {
    const double mean = mean_of(values);
    double sum = 0;
    for (const double value : values) sum += (value - mean) * (value - mean);
    return std::sqrt(sum / static_cast<double>(values.size()));
}

// The table draws partners independently, so that a member may tell the same one twice in a round.
TEST(MongeringPaper, rounds_until_everybody_knows) {
    constexpr std::array<int, 4> kQuick = {400, 150, 20, 0};
    for (const Row& row : kTable) {
        for (std::size_t size = 0; size < kSizes.size(); ++size) {
            const int runs = grapevine::testing::is_soak() ? 1000 : kQuick[size];
            if (runs == 0) continue;
            const auto rounds = rounds_of(row, kSizes[size], runs, Options::Draw::independent);
            const double chance = 4 * deviation_of(rounds) / std::sqrt(runs);
            const auto where = ::testing::Message()
                               << kSizes[size] << " members, fan-out " << int{row.fanout}
                               << (row.direction == Direction::push ? ", push" : ", push-pull")
                               << ", loss " << row.loss;
            EXPECT_NEAR(mean_of(rounds), row.cells[size].mean, 0.15 + (runs < 1000 ? chance : 0))
                << where;
            if (runs < 400) continue;
            const double p99 = rounds[static_cast<std::size_t>(runs * 99 / 100)];
            EXPECT_NEAR(p99, row.cells[size].p99, 1) << where;
        }
    }
}

// Ours draw distinct partners, which can only help.
TEST(MongeringPaper, distinct_partners_are_no_slower) {
    for (const Row& row : kTable) {
        const double ours = mean_of(rounds_of(row, 100, 150, Options::Draw::distinct));
        EXPECT_LT(ours, row.cells[1].mean + 0.25) << "fan-out " << int{row.fanout};
    }
}

}  // namespace
}  // namespace grapevine::protocol
