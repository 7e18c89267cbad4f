#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "sim/lab/settings.hpp"

// What to expect of a run, to be drawn behind what is measured.
namespace grapevine::sim::lab {

/// The mean of many runs with many members, as far as there is a theory for these settings. Chance
/// makes single runs begin earlier or later, most of all blind ones, which may end before they have
/// begun.
struct Theory {
    /// Rounds since the beginning, and the share that has heard (rumor); or the factor that is left
    /// of the variance (average).
    std::vector<std::pair<double, double>> curve;
    /// Share that never hears.
    std::optional<double> residue;
    /// The same for other k: 1 to kTheoryKMax.
    std::vector<std::pair<int, double>> residues;
    /// Copies per member at the end.
    std::optional<double> copies;
    /// By which factor the variance falls in a round (average).
    std::optional<double> factor;
};
inline constexpr int kTheoryKMax = 10;

[[nodiscard]] Theory theory_of(const Settings& settings);

/// One rumor among infinitely many members that talk in common rounds, by the rules of the paper's
/// tables (MongeringSemantics::table_1).
///
/// In a round with shares s unaware and h_c telling with counter c, each of `fanout` copies of each
/// teller hits an unaware member with probability s, whoever else hits it; an unaware member is
/// missed by all with probability exp(-fanout h), h being the sum of the h_c, and by those that it
/// asks itself with (1 - h)^fanout. This is the recursion of the expected shares, and its end is
/// the residue; it needs no simulation and no random numbers.
///
/// Source: the model of Demers et al. 1987, section 1.4, written in rounds; their differential
/// equation lets a contact be useful to the first of several tellers only, and leaves more behind:
/// s = exp(-(k + 1)(1 - s)).
class RoundsModel {
public:
    struct Variant {
        bool pushes = true;
        bool pulls = false;
        bool has_feedback = true;
        bool has_counter = true;
        int fanout = 1;
        int k = 2;
        double loss = 0;
    };

    /// `initial`: the share that knows at the beginning.
    RoundsModel(const Variant& variant, double initial);

    void play_round();
    [[nodiscard]] double unaware() const { return unaware_; }
    [[nodiscard]] double telling() const;
    /// Sent so far, per member.
    [[nodiscard]] double copies() const { return copies_; }

private:
    void disappoint(double useful, double useless);
    double push(double unaware);
    void settle_pulls(double unaware, double told);

    Variant variant_;
    double unaware_;
    std::vector<double> telling_;  ///< By counter; with a coin only one.
    double copies_ = 0;
};

}  // namespace grapevine::sim::lab
