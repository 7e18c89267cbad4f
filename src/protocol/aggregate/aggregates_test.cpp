#include "protocol/aggregate/aggregates.hpp"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <memory>
#include <span>

#include "base/limits.hpp"
#include "protocol/machine.hpp"
#include "protocol/testing.hpp"
#include "wire/rules.hpp"

namespace grapevine::protocol {
namespace {

using namespace std::chrono_literals;
using testing::drain;
using testing::only;
using Method = Aggregates::Method;
using Of = Aggregates::Of;
using Step = Aggregates::Step;

static_assert(Machine<Aggregates>);

constexpr MemberId kSelf{1};
constexpr Duration kRound = 100ms;

class Others final : public Peers {
public:
    Others(MemberId self, std::uint64_t count) : self_(self), count_(count) {}
    [[nodiscard]] std::size_t peer_count() const override { return count_ - 1; }
    [[nodiscard]] std::vector<MemberId> pick(Random& random, std::size_t count,
                                             MemberId) const override {
        std::vector<MemberId> picked;
        while (count_ > 1 && picked.size() < count) {
            const MemberId peer(random.below(count_) + 1);
            if (peer != self_) picked.push_back(peer);
        }
        return picked;
    }
    [[nodiscard]] std::vector<MemberId> neighbours(std::size_t) const override { return {}; }

private:
    MemberId self_;
    std::uint64_t count_;
};

/// Members on a network that loses what it is told to lose; datagrams take a millisecond.
class Net {
public:
    explicit Net(std::uint64_t count) {
        for (std::uint64_t id = 1; id <= count; ++id) {
            peers_.push_back(std::make_unique<Others>(MemberId(id), count));
            machines_.push_back(std::make_unique<Aggregates>(
                MemberId(id), *peers_.back(), kRound,
                [this, id](std::string_view key) -> std::optional<double> {
                    if (key == "load") return load(id);
                    if (key == "rare" && id % 10 == 0) return 5.0;
                    return std::nullopt;
                },
                id));
        }
    }
    [[nodiscard]] static double load(std::uint64_t id) { return static_cast<double>(id % 7); }
    Aggregates& at(MemberId id) { return *machines_.at(id.value() - 1); }

    void run(Instant end) {
        for (;;) {
            settle();
            Instant next = mail_.empty() ? kNever : mail_.front().at;
            for (const auto& machine : machines_) next = std::min(next, machine->deadline());
            if (next > end) break;
            now = std::max(now, next);
            for (const auto& machine : machines_) {
                if (machine->deadline() > now) continue;
                machine->advance(now);
                settle();
            }
            while (!mail_.empty() && mail_.front().at <= now) {
                const Mail mail = mail_.front();
                mail_.erase(mail_.begin());
                EXPECT_TRUE(wire::check(wire::Section(mail.what.step)));
                at(mail.what.to).handle(now, mail.from, mail.what.step);
                settle();
            }
        }
        now = end;
    }
    Aggregates::Estimate ask(Method method, Of of, std::string key) {
        const auto run_id = at(kSelf).begin(now, method, of, std::move(key));
        EXPECT_TRUE(run_id);
        estimates.clear();
        run(now + 6s);
        EXPECT_EQ(estimates.size(), 1U);
        return estimates.empty() ? Aggregates::Estimate{} : estimates.front();
    }

    Instant now{};
    double loss = 0;
    std::vector<Aggregates::Estimate> estimates;
    Random random{3};

private:
    struct Mail {
        Instant at;
        MemberId from;
        Aggregates::Send what;
    };
    void settle() {
        for (std::uint64_t id = 1; id <= machines_.size(); ++id) {
            while (auto action = at(MemberId(id)).poll()) {
                if (auto* send = std::get_if<Aggregates::Send>(&*action)) {
                    if (random.chance(loss)) continue;
                    mail_.push_back({now + 1ms, MemberId(id), std::move(*send)});
                } else {
                    estimates.push_back(std::get<Aggregates::Estimate>(*action));
                }
            }
            at(MemberId(id)).check_invariants();
        }
    }

    std::vector<std::unique_ptr<Others>> peers_;
    std::vector<std::unique_ptr<Aggregates>> machines_;
    std::vector<Mail> mail_;
};

double mean_load(std::uint64_t count) {
    double sum = 0;
    for (std::uint64_t id = 1; id <= count; ++id) sum += Net::load(id);
    return sum / static_cast<double>(count);
}

TEST(Aggregates, push_pull_counts_and_sums_and_finds_the_mean) {
    for (const double loss : {0.0, 0.1}) {
        Net net(100);
        net.loss = loss;
        const auto count = net.ask(Method::push_pull, Of::count, "");
        EXPECT_NEAR(*count.value / 100, 1, 4 * count.error) << loss;
        EXPECT_LT(count.error, 0.01);
        const auto mean = net.ask(Method::push_pull, Of::mean, "load");
        EXPECT_NEAR(*mean.value / mean_load(100), 1, 4 * mean.error) << loss;
        const auto sum = net.ask(Method::push_pull, Of::sum, "load");
        EXPECT_NEAR(*sum.value / mean_load(100) / 100, 1, 4 * sum.error) << loss;
    }
}

TEST(Aggregates, take_those_only_that_have_the_number) {
    Net net(100);
    const auto mean = net.ask(Method::push_pull, Of::mean, "rare");
    EXPECT_NEAR(*mean.value, 5, 0.05);
    EXPECT_NEAR(*mean.contributors, 10, 0.1);
    const auto count = net.ask(Method::push_pull, Of::count, "rare");
    EXPECT_NEAR(*count.value, 10, 0.1);
    const auto sum = net.ask(Method::push_sum, Of::mean, "rare");
    EXPECT_NEAR(*sum.value, 5, 0.05);
}

TEST(Aggregates, of_what_nobody_has_have_no_value) {
    Net net(30);
    for (const Method method : {Method::push_pull, Method::push_sum}) {
        EXPECT_FALSE(net.ask(method, Of::mean, "nothing").value);
    }
    EXPECT_FALSE(net.ask(Method::extrema, Of::max, "nothing").value);
    EXPECT_EQ(net.ask(Method::extrema, Of::sum, "nothing").value, 0);
}

TEST(Aggregates, push_sum_finds_the_mean_and_says_how_wrong_it_may_be) {
    double squares = 0;
    double error = 0;
    constexpr int kTrials = 20;
    for (int trial = 0; trial < kTrials; ++trial) {
        Net net(100);
        net.random = Random(static_cast<std::uint64_t>(trial) + 1);
        net.loss = 0.1;
        const auto mean = net.ask(Method::push_sum, Of::mean, "load");
        squares += std::pow(*mean.value / mean_load(100) - 1, 2);
        error += mean.error / kTrials;
    }
    const double deviation = std::sqrt(squares / kTrials);
    EXPECT_LT(deviation, 1.5 * error);
    EXPECT_GT(deviation, error / 5) << "stated far too large";
    EXPECT_LT(error, 0.05);
}

TEST(Aggregates, extrema_count_sum_and_find_extremes) {
    for (const double loss : {0.0, 0.1}) {
        Net net(100);
        net.loss = loss;
        const auto count = net.ask(Method::extrema, Of::count, "");
        EXPECT_NEAR(*count.value / 100, 1, 4 * count.error);
        EXPECT_NEAR(count.error, 0.0627, 0.001);
        const auto sum = net.ask(Method::extrema, Of::sum, "load");
        EXPECT_NEAR(*sum.value / mean_load(100) / 100, 1, 4 * sum.error);
        EXPECT_EQ(net.ask(Method::extrema, Of::max, "load").value, 6);
        EXPECT_EQ(net.ask(Method::extrema, Of::min, "load").value, 0);
    }
}

TEST(Aggregates, alone_estimate_at_once_what_they_have) {
    Net net(1);
    EXPECT_EQ(net.ask(Method::push_pull, Of::count, "").value, 1);
    EXPECT_EQ(net.ask(Method::push_pull, Of::mean, "load").value, 1);
    EXPECT_EQ(net.ask(Method::push_sum, Of::mean, "load").value, 1);
    EXPECT_EQ(net.ask(Method::extrema, Of::max, "load").value, 1);
}

TEST(Aggregates, are_forgotten_everywhere_some_rounds_later) {
    Net net(20);
    net.ask(Method::push_pull, Of::count, "");
    net.run(net.now + 3s);
    for (std::uint64_t id = 1; id <= 20; ++id) {
        EXPECT_EQ(net.at(MemberId(id)).run_count(), 0U);
        EXPECT_EQ(net.at(MemberId(id)).deadline(), kNever);
    }
}

TEST(Aggregates, refuse_what_a_method_cannot_do) {
    Others others(kSelf, 10);
    Aggregates aggregates(kSelf, others, kRound, [](std::string_view) { return 1.0; }, 1);
    const auto refused = [&](Method method, Of of, std::string key) {
        const auto run = aggregates.begin(Instant{}, method, of, std::move(key));
        return !run && run.error().code == Refusal::Code::invalid;
    };
    EXPECT_TRUE(refused(Method::push_sum, Of::count, ""));
    EXPECT_TRUE(refused(Method::push_sum, Of::sum, "load"));
    EXPECT_TRUE(refused(Method::push_pull, Of::max, "load"));
    EXPECT_TRUE(refused(Method::extrema, Of::mean, "load"));
    EXPECT_TRUE(refused(Method::push_pull, Of::mean, ""));
    EXPECT_EQ(aggregates.run_count(), 0U);
}

TEST(Aggregates, as_many_run_at_once_as_the_limit_says) {
    Others others(kSelf, 10);
    Aggregates aggregates(kSelf, others, kRound, [](std::string_view) { return 1.0; }, 1);
    for (std::size_t count = 0; count < kAggregateRunsMax; ++count) {
        ASSERT_TRUE(aggregates.begin(Instant{}, Method::push_pull, Of::count, ""));
        drain(aggregates);
    }
    EXPECT_EQ(aggregates.begin(Instant{}, Method::push_pull, Of::count, "").error().code,
              Refusal::Code::over_limit);
    // Those of others are passed over, and they do not wait for us.
    Step step;
    step.starter = MemberId(2);
    step.run = 5;
    step.rounds = 40;
    step.sequence = 3;
    step.values = {0, 1};
    aggregates.handle(Instant{}, MemberId(2), step);
    EXPECT_EQ(aggregates.run_count(), kAggregateRunsMax);
    const auto sends = only<Aggregates::Send>(drain(aggregates));
    ASSERT_EQ(sends.size(), 1U);
    EXPECT_EQ(sends[0].step.part, Step::Part::reply);
    EXPECT_EQ(sends[0].step.sequence, 3U);
    EXPECT_EQ(sends[0].step.values, (std::vector<double>{0, 0}));
}

TEST(Aggregates, that_have_spread_are_not_joined_any_more) {
    Others others(kSelf, 10);
    Aggregates aggregates(kSelf, others, kRound, [](std::string_view) { return 1.0; }, 1);
    Step step;
    step.starter = MemberId(2);
    step.run = 5;
    step.rounds = static_cast<std::uint8_t>(Aggregates::rounds_for(Method::push_pull, 10));
    // The last 22 rounds are for mixing.
    step.round = static_cast<std::uint8_t>(step.rounds - 21);
    step.values = {0, 1};
    aggregates.handle(Instant{}, MemberId(2), step);
    EXPECT_EQ(aggregates.run_count(), 0U);
    drain(aggregates);
    --step.round;
    aggregates.handle(Instant{}, MemberId(2), step);
    EXPECT_EQ(aggregates.run_count(), 1U);
}

TEST(Aggregates, drop_steps_that_fit_no_run) {
    Others others(kSelf, 10);
    Aggregates aggregates(kSelf, others, kRound, [](std::string_view) { return 1.0; }, 1);
    const auto run = aggregates.begin(Instant{}, Method::push_pull, Of::count, "");
    drain(aggregates);
    Step step;
    step.starter = kSelf;
    step.run = *run;
    step.rounds = static_cast<std::uint8_t>(Aggregates::rounds_for(Method::push_pull, 10));
    step.method = Method::push_sum;
    aggregates.handle(Instant{}, MemberId(2), step);
    step.method = Method::push_pull;
    step.values = {1, 2, 3};
    aggregates.handle(Instant{}, MemberId(2), step);
    EXPECT_EQ(aggregates.counters().dropped, 2U);
    // A run of ours that we do not know (any more) is none that we join.
    step.run = *run + 1;
    aggregates.handle(Instant{}, MemberId(2), step);
    EXPECT_EQ(aggregates.run_count(), 1U);
}

TEST(Aggregates, go_on_when_a_partner_does_not_reply) {
    Others others(kSelf, 2);
    Aggregates aggregates(kSelf, others, kRound, [](std::string_view) { return 1.0; }, 1);
    ASSERT_TRUE(aggregates.begin(Instant{}, Method::push_pull, Of::count, ""));
    std::vector<std::uint32_t> sequences;
    for (std::uint32_t round = 0; round < 2 * Aggregates::kOffersMax; ++round) {
        for (const auto& send : only<Aggregates::Send>(drain(aggregates))) {
            sequences.push_back(send.step.sequence);
        }
        aggregates.advance(aggregates.deadline());
    }
    ASSERT_EQ(sequences.size(), 2 * Aggregates::kOffersMax);
    EXPECT_EQ(sequences[Aggregates::kOffersMax - 1], 1U);
    EXPECT_EQ(sequences[Aggregates::kOffersMax], 2U);
    EXPECT_GE(aggregates.counters().given_up, 1U);
}

}  // namespace
}  // namespace grapevine::protocol
