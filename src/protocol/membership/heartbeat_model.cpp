#include "protocol/membership/heartbeat_model.hpp"

#include <cassert>
#include <cmath>
#include <vector>

namespace grapevine::protocol {

namespace {

/// The distribution of k, the number of the infected, step by step.
class Chain {
public:
    explicit Chain(const HeartbeatGroup& group)
        : live_(group.members - group.failed), increase_(live_ + 1), probability_(live_ + 1) {
        assert(group.members >= 2 && group.failed < group.members);
        assert(group.arrival > 0 && group.arrival <= 1);
        const auto n = static_cast<double>(group.members);
        for (std::size_t k = 1; k <= live_; ++k) {
            // One of the infected is drawn, and it draws one who is live and not yet infected.
            increase_[k] = static_cast<double>(k) / n * static_cast<double>(live_ - k) / (n - 1) *
                           group.arrival;
        }
        probability_[1] = 1;
    }

    void step() {
        for (std::size_t k = live_; k > 0; --k) {
            probability_[k] =
                (1 - increase_[k]) * probability_[k] + increase_[k - 1] * probability_[k - 1];
        }
    }

    /// By the sum of what is not yet infected: one minus the rest would lose the small numbers.
    [[nodiscard]] double mistake() const {
        double unfinished = 0;
        for (std::size_t k = 1; k < live_; ++k) unfinished += probability_[k];
        return static_cast<double>(live_) * unfinished;
    }

private:
    std::size_t live_;
    std::vector<double> increase_;     ///< P_inc(k); [0] is 0.
    std::vector<double> probability_;  ///< P(k).
};

}  // namespace

double heartbeat_mistake(const HeartbeatGroup& group, double rounds) {
    Chain chain(group);
    const double steps = rounds * static_cast<double>(group.members);
    for (double step = 1; step <= steps; ++step) chain.step();
    return chain.mistake();
}

double heartbeat_rounds(const HeartbeatGroup& group, double mistake) {
    assert(mistake > 0);
    Chain chain(group);
    std::size_t steps = 0;
    while (chain.mistake() > mistake) {
        chain.step();
        ++steps;
    }
    return static_cast<double>(steps) / static_cast<double>(group.members);
}

double heartbeat_rounds_approximate(const HeartbeatGroup& group, double mistake) {
    assert(group.members > 2 && group.failed < group.members && mistake > 0);
    assert(group.arrival > 0 && group.arrival <= 1);
    const auto live = static_cast<double>(group.members - group.failed);
    const auto others = static_cast<double>(group.members - 1);
    double infected = 1;
    double rounds = 0;
    // (n - f)(1 - (k / (n - f))^(n - f)), in a form that keeps its small values.
    while (-live * std::expm1(live * std::log(infected / live)) > mistake) {
        const double reached = -std::expm1(infected * std::log1p(-group.arrival / others));
        infected += (live - infected) * reached;
        ++rounds;
    }
    return rounds;
}

}  // namespace grapevine::protocol
