// Push-pull averaging (Jelasity, Montresor, Babaoglu 2005), push-sum (Kempe, Dobra, Gehrke 2003)
// and extrema propagation (Baquero et al. 2012) by our own code, in synchronous rounds, against the
// formulas of the papers.

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <numeric>
#include <span>
#include <vector>

#include "base/random.hpp"
#include "protocol/aggregate/averaging.hpp"
#include "protocol/aggregate/extrema.hpp"
#include "protocol/aggregate/push_sum.hpp"

namespace grapevine::protocol {
namespace {

MemberId id_of(std::size_t index) {
    return MemberId(index + 1);
}

double variance(const std::vector<double>& values) {
    const double mean =
        std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
    double sum = 0;
    for (const double value : values) sum += (value - mean) * (value - mean);
    return sum / static_cast<double>(values.size());
}

/// Members that average, in rounds.
class Group {
public:
    Group(std::size_t count, std::uint64_t seed) : random(seed) {
        for (std::size_t index = 0; index < count; ++index) {
            members.emplace_back(Averaging::Amounts{{random.unit() * 100}, {}});
        }
    }
    /// The first has 1 of an instance of its own, the others nothing.
    static Group counting(std::size_t count, std::uint64_t seed) {
        Group group(0, seed);
        for (std::size_t index = 0; index < count; ++index) {
            Averaging::Amounts own{{0}, {}};
            if (index == 0) own.instances[id_of(0)] = 1;
            group.members.emplace_back(own);
        }
        return group;
    }

    void exchange(std::size_t from, std::size_t to) {
        if (from == to) return;
        const auto offer = members[from].begin(id_of(to));
        ASSERT_TRUE(offer);
        const auto reply = members[to].handle(id_of(from), *offer);
        ASSERT_TRUE(reply);
        if (random.chance(reply_loss)) {
            members[from].give_up();
            return;
        }
        members[from].handle(id_of(to), *reply);
    }
    std::size_t other_than(std::size_t index) {
        const std::size_t drawn = random.below(members.size() - 1);
        return drawn < index ? drawn : drawn + 1;
    }
    /// Everybody begins one exchange, in random order.
    void sequential_round() {
        std::vector<std::size_t> order(members.size());
        std::iota(order.begin(), order.end(), 0);
        random.shuffle(std::span(order));
        for (const std::size_t index : order) exchange(index, other_than(index));
    }
    /// As many exchanges between pairs that are drawn independently.
    void random_pairs_round() {
        for (std::size_t count = 0; count < members.size(); ++count) {
            const std::size_t from = random.below(members.size());
            exchange(from, other_than(from));
        }
    }
    /// Two perfect matchings: everybody exchanges twice, as it does on average in the others.
    void matchings_round() {
        for (int matching = 0; matching < 2; ++matching) {
            std::vector<std::size_t> order(members.size());
            std::iota(order.begin(), order.end(), 0);
            random.shuffle(std::span(order));
            for (std::size_t at = 0; at + 1 < order.size(); at += 2) {
                exchange(order[at], order[at + 1]);
            }
        }
    }
    [[nodiscard]] std::vector<double> values() const {
        std::vector<double> all;
        for (const Averaging& member : members) all.push_back(member.now().values[0]);
        return all;
    }
    [[nodiscard]] double mass() const {
        const auto all = values();
        return std::accumulate(all.begin(), all.end(), 0.0);
    }

    Random random;
    std::vector<Averaging> members;
    double reply_loss = 0;
};

/// By which factor a round makes the variance smaller, over several rounds.
template <typename Round>
double factor_of(Round round) {
    constexpr int kRounds = 8;
    Group group(10'000, 1);
    const double before = variance(group.values());
    const double mass = group.mass();
    for (int count = 0; count < kRounds; ++count) round(group);
    EXPECT_NEAR(group.mass() / mass, 1, 1e-9) << "the mass stays";
    return std::pow(variance(group.values()) / before, 1.0 / kRounds);
}

TEST(AveragingPaper, variance_falls_by_1_over_2_sqrt_e_if_everybody_begins_one_exchange) {
    EXPECT_NEAR(factor_of([](Group& group) { group.sequential_round(); }), 0.3033, 0.005);
}
TEST(AveragingPaper, variance_falls_by_1_over_e_for_independent_pairs) {
    EXPECT_NEAR(factor_of([](Group& group) { group.random_pairs_round(); }), 0.367, 0.006);
}
TEST(AveragingPaper, variance_falls_by_1_over_4_for_perfect_matchings) {
    EXPECT_NEAR(factor_of([](Group& group) { group.matchings_round(); }), 0.25, 0.003);
}

TEST(AveragingPaper, a_thousand_count_themselves_in_30_rounds_to_five_digits) {
    Group group = Group::counting(1000, 2);
    for (int round = 0; round < 30; ++round) group.sequential_round();
    for (const Averaging& member : group.members) {
        const auto count = count_of(member.now().instances);
        ASSERT_TRUE(count);
        EXPECT_NEAR(*count / 1000, 1, 1e-5);
    }
}

// What the paper's own scheme would lose: one side has moved, and the other does not know.
TEST(AveragingPaper, lost_replies_that_are_given_up_shift_the_mean_a_little) {
    double squares = 0;
    constexpr int kTrials = 20;
    for (std::uint64_t seed = 1; seed <= kTrials; ++seed) {
        Group group(1000, seed);
        const double mass = group.mass();
        group.reply_loss = 0.05;
        for (int round = 0; round < 30; ++round) group.sequential_round();
        squares += std::pow(group.mass() / mass - 1, 2);
    }
    const double deviation = std::sqrt(squares / kTrials);
    EXPECT_GT(deviation, 1e-4);
    EXPECT_LT(deviation, 0.01);
}

/// An exchange of which messages are lost, repeated until it has come through.
void exchange_over_loss(Group& group, std::size_t from, std::size_t to, double loss) {
    auto offer = group.members[from].begin(id_of(to));
    ASSERT_TRUE(offer);
    while (group.members[from].open_with() != kNobody) {
        offer = group.members[from].repeat();
        if (group.random.chance(loss)) continue;
        const auto reply = group.members[to].handle(id_of(from), *offer);
        ASSERT_TRUE(reply);
        if (group.random.chance(loss)) continue;
        group.members[from].handle(id_of(to), *reply);
    }
}

TEST(Averaging, that_repeats_what_was_lost_keeps_the_mass) {
    Group group(200, 3);
    const double mass = group.mass();
    for (int round = 0; round < 30; ++round) {
        for (std::size_t index = 0; index < group.members.size(); ++index) {
            exchange_over_loss(group, index, group.other_than(index), 0.3);
        }
    }
    EXPECT_NEAR(group.mass() / mass, 1, 1e-12);
    EXPECT_LT(variance(group.values()), 1e-12);
}

TEST(Averaging, of_which_members_die_has_the_mass_of_the_living) {
    Group group(100, 4);
    const std::vector<double> at_first = group.values();
    for (int round = 0; round < 5; ++round) group.sequential_round();
    const double mass = std::accumulate(at_first.begin() + 30, at_first.end(), 0.0);
    for (std::size_t dead = 0; dead < 30; ++dead) {
        for (std::size_t index = 30; index < 100; ++index) {
            group.members[index].peer_left(id_of(dead));
        }
    }
    const std::vector<double> values = group.values();
    EXPECT_NEAR(std::accumulate(values.begin() + 30, values.end(), 0.0) / mass, 1, 1e-12);
}

TEST(Averaging, drops_what_does_not_fit) {
    Averaging one(Averaging::Amounts{{1}, {}});
    Averaging other(Averaging::Amounts{{1, 2}, {}});
    EXPECT_FALSE(one.handle(id_of(2), *other.begin(id_of(1))));
    one.handle(id_of(2), Averaging::Reply{1, {{5}, {}}});
    EXPECT_EQ(one.now().values, std::vector<double>{1}) << "a reply to nothing";
    ASSERT_TRUE(one.begin(id_of(3)));
    EXPECT_FALSE(one.begin(id_of(4))) << "one at a time";
    one.handle(id_of(4), Averaging::Reply{1, {{5}, {}}});
    EXPECT_EQ(one.now().values, std::vector<double>{1}) << "a reply of another";
}

TEST(Averaging, has_as_many_partners_as_the_limit_says) {
    Averaging averaging(Averaging::Amounts{{1}, {}});
    for (std::size_t index = 1; index <= kAggregatePartnersMax; ++index) {
        ASSERT_TRUE(averaging.handle(id_of(index), Averaging::Offer{1, {{1}, {}}}));
    }
    EXPECT_FALSE(averaging.handle(MemberId(999'999), Averaging::Offer{1, {{1}, {}}}));
    EXPECT_FALSE(averaging.begin(MemberId(999'999)));
    EXPECT_TRUE(averaging.handle(id_of(1), Averaging::Offer{2, {{1}, {}}}));
}

TEST(Averaging, has_as_many_instances_as_the_limit_says) {
    Averaging averaging(Averaging::Amounts{{}, {{MemberId(50), 1}}});
    Averaging::Amounts many;
    for (std::uint64_t id = 1; id <= kAggregateInstancesMax + 1; ++id) {
        many.instances[MemberId(id)] = 1;
    }
    const auto reply = averaging.handle(MemberId(9), Averaging::Offer{1, many});
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->moved.instances.size(), kAggregateInstancesMax);
    EXPECT_EQ(averaging.now().instances.size(), kAggregateInstancesMax);
    EXPECT_FALSE(averaging.now().instances.contains(MemberId(50)));
}

TEST(Count, is_the_median_of_the_instances) {
    EXPECT_FALSE(count_of({}));
    EXPECT_FALSE(count_of({{MemberId(1), 0}}));
    EXPECT_EQ(count_of({{MemberId(1), 0.01}}), 100);
    // The starter of the second died with most of it.
    EXPECT_NEAR(*count_of({{MemberId(1), 0.01}, {MemberId(2), 1e-5}, {MemberId(3), 0.0101}}), 100,
                1e-9);
    EXPECT_EQ(count_of({{MemberId(1), 0.01}, {MemberId(2), 0.02}}), 75);
}

// -- Push-sum --

struct Sums {
    explicit Sums(std::size_t count, std::uint64_t seed) : random(seed) {
        for (std::size_t index = 0; index < count; ++index) {
            members.emplace_back(std::vector<double>{random.unit() * 100});
        }
    }
    void round() {
        std::vector<std::pair<std::size_t, PushSum::Share>> mail;
        for (PushSum& member : members) {
            mail.emplace_back(random.below(members.size()), member.split());
        }
        for (const auto& [to, share] : mail) members[to].take(share);
    }
    [[nodiscard]] std::vector<double> means() const {
        std::vector<double> all;
        for (const PushSum& member : members) all.push_back(member.mean(0));
        return all;
    }

    Random random;
    std::vector<PushSum> members;
};

TEST(PushSumPaper, variance_of_the_estimates_falls_by_half_in_a_round) {
    double ratios = 0;
    constexpr int kTrials = 200;
    constexpr int kRounds = 15;
    for (std::uint64_t seed = 1; seed <= kTrials; ++seed) {
        Sums sums(300, seed);
        for (int round = 0; round < 5; ++round) sums.round();
        const double before = variance(sums.means());
        for (int round = 0; round < kRounds; ++round) sums.round();
        ratios += variance(sums.means()) / before / kTrials;
    }
    EXPECT_NEAR(std::pow(ratios, 1.0 / kRounds), 0.525, 0.02);
}

/// Lemma 2.3: who contributed how much to whom. One unit vector per member.
TEST(PushSumPaper, the_potential_falls_by_one_half_less_one_over_two_n) {
    constexpr std::size_t kCount = 300;
    constexpr int kRounds = 10;
    Random random(7);
    std::vector<PushSum> members;
    for (std::size_t index = 0; index < kCount; ++index) {
        std::vector<double> unit(kCount, 0);
        unit[index] = 1;
        members.emplace_back(std::move(unit));
    }
    const auto potential = [&] {
        double sum = 0;
        for (const PushSum& member : members) {
            for (const double part : member.has().sums) {
                const double less = part - member.has().weight / kCount;
                sum += less * less;
            }
        }
        return sum;
    };
    const double before = potential();
    for (int round = 0; round < kRounds; ++round) {
        std::vector<std::pair<std::size_t, PushSum::Share>> mail;
        for (PushSum& member : members) mail.emplace_back(random.below(kCount), member.split());
        for (const auto& [to, share] : mail) members[to].take(share);
    }
    EXPECT_NEAR(std::pow(potential() / before, 1.0 / kRounds), 0.5 - 0.5 / kCount, 0.005);
}

TEST(PushSum, has_the_mean_in_the_end_and_keeps_the_mass) {
    Sums sums(300, 9);
    const std::vector<double> at_first = sums.means();
    const double mean = std::accumulate(at_first.begin(), at_first.end(), 0.0) / 300;
    for (int round = 0; round < 60; ++round) sums.round();
    for (const PushSum& member : sums.members) EXPECT_NEAR(member.mean(0) / mean, 1, 1e-6);
}

TEST(PushSum, drops_a_share_of_another_length) {
    PushSum sum({1});
    sum.take({{1, 2}, 5});
    EXPECT_EQ(sum.has().weight, 1);
}

// -- Extrema --

TEST(ExtremaPaper, of_256_have_a_relative_deviation_of_6_24_percent) {
    constexpr int kTrials = 20'000;
    // The minimum of the draws of ten members with rate 1 is one draw with rate 10; that merging
    // gives the minimum is shown below.
    Random random(11);
    double sum = 0;
    double squares = 0;
    for (int trial = 0; trial < kTrials; ++trial) {
        const double ratio = Extrema(10, random).estimate() / 10;
        sum += ratio;
        squares += ratio * ratio;
    }
    const double mean = sum / kTrials;
    EXPECT_NEAR(mean, 1, 0.002);
    EXPECT_NEAR(std::sqrt(squares / kTrials - mean * mean) / mean, 0.0624, 0.001);
    EXPECT_NEAR(Extrema::deviation(), 0.0627, 0.0001);
}

TEST(ExtremaPaper, with_fewer_variates_deviate_as_the_formula_says) {
    Random random(12);
    for (const auto& [variates, expected] : {std::pair(10U, 0.354), std::pair(64U, 0.127)}) {
        double sum = 0;
        double squares = 0;
        constexpr int kTrials = 20'000;
        for (int trial = 0; trial < kTrials; ++trial) {
            const double ratio = Extrema(1, random, variates).estimate();
            sum += ratio;
            squares += ratio * ratio;
        }
        const double mean = sum / kTrials;
        EXPECT_NEAR(std::sqrt(squares / kTrials - mean * mean), expected, 0.02) << variates;
    }
}

TEST(Extrema, count_members_and_sum_values_however_often_they_are_merged) {
    Random random(13);
    std::vector<Extrema> members;
    for (int index = 0; index < 1000; ++index) members.emplace_back(index % 4, random);
    Extrema all(0, random);
    EXPECT_EQ(all.estimate(), 0);
    for (const Extrema& member : members) all.merge(member.minima());
    const auto once = all.minima();
    for (const Extrema& member : members) EXPECT_FALSE(all.merge(member.minima()));
    EXPECT_EQ(all.minima(), once);
    EXPECT_NEAR(all.estimate() / 1500, 1, 4 * Extrema::deviation());
}

TEST(Extrema, drop_minima_of_another_length) {
    Random random(14);
    Extrema extrema(1, random);
    EXPECT_FALSE(extrema.merge({0, 0}));
}

}  // namespace
}  // namespace grapevine::protocol
