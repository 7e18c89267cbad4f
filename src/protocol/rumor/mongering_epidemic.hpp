#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "protocol/rumor/mongering_rules.hpp"

// One rumor among many members in synchronous rounds, as the paper's simulator had it: for the
// tests of the paper, which need thousands of epidemics of a thousand members. Every decision is
// `MongeringRules`'; this only draws partners and keeps the books.
namespace grapevine::protocol::test {

struct EpidemicOptions {
    enum class End : std::uint8_t { nobody_is_interested, everybody_knows };
    /// Whether a member may draw the same partner twice in a round. Ours never do.
    enum class Draw : std::uint8_t { distinct, independent };

    End end = End::nobody_is_interested;
    Draw draw = Draw::distinct;
    /// Of every message. A push and the pull behind it are one, its answer is another.
    double loss = 0;
};

class Epidemic {
public:
    using Options = EpidemicOptions;

    struct Outcome {
        double residue = 0;               ///< Share of members that never heard of it.
        double traffic = 0;               ///< Copies per member.
        double last = 0;                  ///< Round in which the last one heard.
        std::vector<double> susceptible;  ///< Share after each round, beginning with round 0.
    };

    Epidemic(std::size_t members, const MongeringConfig& config, MongeringSemantics semantics,
             Options options = {})
        : count_(members),
          interval_(config.interval),
          rules_(config, semantics),
          options_(options),
          partners_(rules_.partners()) {}

    Outcome run(std::uint64_t seed) {
        random_ = Random(seed);
        learned_.assign(count_, kNotYet);
        interests_.assign(count_, {});
        hot_ = {0};
        is_hot_.assign(count_, false);
        is_hot_[0] = true;
        learned_[0] = 0;
        known_ = 1;
        copies_ = 0;
        Outcome outcome;
        outcome.susceptible.push_back(1 - 1.0 / static_cast<double>(count_));
        for (round_ = 1; !is_over(); ++round_) {
            const std::size_t before = known_;
            play_round();
            if (known_ != before) outcome.last = round_;
            outcome.susceptible.push_back(share(count_ - known_));
        }
        outcome.residue = share(count_ - known_);
        outcome.traffic = copies_ / static_cast<double>(count_);
        return outcome;
    }

private:
    using Contact = MongeringRules::Contact;
    static constexpr int kNotYet = -1;

    [[nodiscard]] double share(std::size_t count) const {
        return static_cast<double>(count) / static_cast<double>(count_);
    }
    [[nodiscard]] bool is_over() const {
        return options_.end == Options::End::everybody_knows ? known_ == count_ : hot_.empty();
    }
    [[nodiscard]] bool knows(std::size_t member) const { return learned_[member] != kNotYet; }

    void play_round() {
        newly_.clear();
        if (rules_.pulls()) {
            for (std::size_t member = 0; member < count_; ++member) contact(member);
            for (const auto& [asker, source] : pulls_) {
                give(source, asker, Contact::asked, !is_lost());
            }
            pulls_.clear();
        } else {
            for (const std::size_t member : hot_) contact(member);
        }
        std::vector<std::size_t> hot;
        for (const std::size_t member : hot_) {
            rules_.end_round(interests_[member], random_);
            is_hot_[member] = !interests_[member].is_lost;
            if (is_hot_[member]) hot.push_back(member);
        }
        for (const std::size_t member : newly_) {
            is_hot_[member] = true;
            hot.push_back(member);
        }
        hot_ = std::move(hot);
    }

    /// All pushes of a round come before its pulls.
    void contact(std::size_t member) {
        draw_partners(member);
        for (const std::size_t partner : partners_) {
            const bool arrives = !is_lost();
            if (rules_.pushes() && is_hot_[member]) give(member, partner, Contact::told, arrives);
            if (rules_.pulls() && is_hot_[partner] && arrives) pulls_.emplace_back(member, partner);
        }
    }

    void draw_partners(std::size_t member) {
        for (std::size_t index = 0; index < partners_.size();) {
            std::size_t partner = random_.below(count_ - 1);
            if (partner >= member) ++partner;
            bool is_free = true;
            for (std::size_t other = 0; other < index; ++other) {
                is_free &= partners_[other] != partner;
            }
            if (is_free || options_.draw == Options::Draw::independent) {
                partners_[index++] = partner;
            }
        }
    }

    void give(std::size_t from, std::size_t to, Contact contact, bool arrives) {
        copies_ += 1;
        rules_.sent(interests_[from], contact, random_);
        if (!arrives) return;
        const bool is_new = !knows(to);
        if (is_new) {
            learned_[to] = round_;
            newly_.push_back(to);
            ++known_;
        }
        if (!rules_.wants_feedback()) return;
        const Duration age = interval_ * (round_ - learned_[to]);
        const bool was_known = !is_new && (contact == Contact::asked || rules_.was_known(age));
        rules_.answered(interests_[from], contact, was_known, counter_of(to), random_);
    }

    [[nodiscard]] bool is_lost() { return options_.loss > 0 && random_.chance(options_.loss); }

    [[nodiscard]] std::uint8_t counter_of(std::size_t member) const {
        return is_hot_[member] ? interests_[member].counter : MongeringRules::kIndifferent;
    }

    std::size_t count_;
    Duration interval_;
    MongeringRules rules_;
    Options options_;
    Random random_{0};

    int round_ = 0;
    std::vector<int> learned_;  ///< The round, or kNotYet.
    std::vector<Interest> interests_;
    std::vector<std::size_t> hot_;  ///< At the start of the round.
    std::vector<bool> is_hot_;      ///< The same.
    std::vector<std::size_t> newly_;
    std::vector<std::size_t> partners_;
    std::vector<std::pair<std::size_t, std::size_t>> pulls_;
    std::size_t known_ = 0;
    double copies_ = 0;
};

}  // namespace grapevine::protocol::test
