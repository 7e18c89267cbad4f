#include "sim/lab/theory.hpp"

#include <cmath>
#include <string_view>

namespace grapevine::sim::lab {
namespace {

/// More than any epidemic lasts: a coin with k = 20 loses interest within a few hundred rounds.
constexpr int kRoundsMax = 2000;

RoundsModel::Variant variant_of(const Settings& settings) {
    const std::string_view algorithm = settings.choice("algorithm");
    RoundsModel::Variant variant;
    variant.pushes = algorithm != "pull";
    variant.pulls = algorithm != "push";
    variant.has_feedback = settings.truth("feedback");
    variant.has_counter = settings.truth("counter");
    variant.fanout = static_cast<int>(settings.whole("fanout"));
    variant.k = static_cast<int>(settings.whole("k"));
    variant.loss = settings.number("loss");
    return variant;
}

/// Runs until fewer tell than one in a hundred groups of this size has.
Theory play(const RoundsModel::Variant& variant, double members) {
    RoundsModel model(variant, 1 / members);
    Theory theory;
    theory.curve.emplace_back(0, 1 - model.unaware());
    for (int round = 1; round <= kRoundsMax && model.telling() > 0.01 / members; ++round) {
        model.play_round();
        theory.curve.emplace_back(round, 1 - model.unaware());
    }
    theory.residue = model.unaware();
    theory.copies = model.copies();
    return theory;
}

Theory rumor_theory(const Settings& settings) {
    // Of a tree every member gets one copy, and nobody is left out: there is nothing to compute.
    if (settings.choice("algorithm") == "tree" || settings.choice("rounds") != "common") return {};
    RoundsModel::Variant variant = variant_of(settings);
    const auto members = static_cast<double>(settings.members());
    Theory theory = play(variant, members);
    for (int k = 1; k <= kTheoryKMax; ++k) {
        variant.k = k;
        theory.residues.emplace_back(k, *play(variant, members).residue);
    }
    return theory;
}

/// Push-pull: 1 / (2 sqrt e) (Jelasity et al. 2005, section 3). Push-sum: (1 + 1/20) / 2, as
/// measured by many: see protocol/aggregate/push_sum.hpp.
Theory average_theory(const Settings& settings) {
    Theory theory;
    theory.factor =
        settings.choice("method") == "push-pull" ? 1 / (2 * std::sqrt(std::exp(1.0))) : 0.525;
    for (int round = 0; round <= 60; ++round) {
        theory.curve.emplace_back(round, std::pow(*theory.factor, round));
    }
    return theory;
}

}  // namespace

Theory theory_of(const Settings& settings) {
    if (settings.kind() == Kind::rumor) return rumor_theory(settings);
    if (settings.kind() == Kind::average) return average_theory(settings);
    return {};
}

RoundsModel::RoundsModel(const Variant& variant, double initial)
    : variant_(variant),
      unaware_(1 - initial),
      telling_(variant.has_counter ? static_cast<std::size_t>(variant.k) : 1, 0.0) {
    telling_[0] = initial;
}

double RoundsModel::telling() const {
    double sum = 0;
    for (const double share : telling_) sum += share;
    return sum;
}

/// Of all who tell, `useful` count a contact as useful, `useless` as useless, others none.
void RoundsModel::disappoint(double useful, double useless) {
    const double none = 1 - useful - useless;
    if (!variant_.has_counter) {
        telling_[0] *= 1 - useless / variant_.k;
        return;
    }
    double reset = 0;
    double climbing = 0;
    for (double& share : telling_) {
        const double here = share;
        reset += here * useful;
        share = here * none + climbing;
        climbing = here * useless;
    }
    telling_[0] += reset;
}

/// The copies of one round; how many left.
double RoundsModel::push(double unaware) {
    // Of what is blind every copy counts as it leaves, and who has lost interest sends no more.
    // Otherwise all have left when the answers come, and those count whose copy arrived, too.
    const double told = telling();
    const double answered = (1 - variant_.loss) * (1 - variant_.loss);
    double copies = 0;
    for (int copy = 0; copy < variant_.fanout; ++copy) {
        copies += variant_.has_feedback ? told : telling();
        if (variant_.has_feedback) {
            disappoint(answered * unaware, answered * (1 - unaware));
        } else {
            disappoint(0, 1);
        }
    }
    return copies;
}

/// The askers of a round count once (the footnote of the paper's table 3): how many ask one member
/// is a Poisson number with mean `fanout`.
void RoundsModel::settle_pulls(double unaware, double told) {
    const double arrives = 1 - variant_.loss;
    const double asked = variant_.fanout * arrives;
    // With push, too, who tells it pushes to whom it asks, and is given no copy for that.
    const double knowing = 1 - unaware - (variant_.pushes ? told : 0);
    copies_ += told * asked * (unaware + knowing);
    if (!variant_.has_feedback) {
        disappoint(0, 1 - std::exp(-asked * (unaware + knowing)));
        return;
    }
    const double answered = asked * arrives * arrives;
    const double is_needed = 1 - std::exp(-answered * unaware);
    disappoint(is_needed, (1 - is_needed) * (1 - std::exp(-answered * knowing)));
}

void RoundsModel::play_round() {
    const double before = unaware_;
    const double told = telling();
    double missed = 1;
    if (variant_.pushes) {
        const double pushed = push(before);
        copies_ += pushed;
        missed *= std::exp(-pushed * (1 - variant_.loss));
    }
    if (variant_.pulls) {
        // The question and the copy must both arrive.
        const double arrives = (1 - variant_.loss) * (1 - variant_.loss);
        // Who is blind may have lost interest by telling, and answers nobody.
        const double giving = variant_.has_feedback ? told : telling();
        missed *= std::pow(1 - giving * arrives, variant_.fanout);
        settle_pulls(before, giving);
    }
    unaware_ = before * missed;
    telling_[0] += before - unaware_;
}

}  // namespace grapevine::sim::lab
