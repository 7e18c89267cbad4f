#pragma once

#include <cstdint>

#include "base/random.hpp"
#include "base/time.hpp"
#include "protocol/membership/config.hpp"

namespace grapevine::protocol {

/// What the paper leaves open. Its prose and its tables were not made by the same rules, and a
/// number means nothing without saying which.
struct MongeringSemantics {
    /// When a target counts as one that knew already. Several members may hit it in one round.
    enum class Known : std::uint8_t {
        at_round_start,  ///< Only if it knew when the round began: all hits of a round are useful.
        on_arrival,      ///< The first one wins, all others of the round were useless.
    };
    /// Which useless contacts the counter counts.
    enum class Counting : std::uint8_t {
        consecutive,  ///< A useful one resets it.
        total,
    };
    /// What counts once: a contact, or a round. What others pull from us is always settled by the
    /// round: a single needed copy makes it useful (the footnote of the paper's table 3).
    enum class Tally : std::uint8_t { contact, round };

    Known known = Known::at_round_start;
    Counting counting = Counting::consecutive;
    Tally tally = Tally::contact;
    /// Both sides knew: only the one with the smaller counter counts up; if equal, both do.
    bool minimises = false;

    /// What reproduces the tables of the paper.
    static constexpr MongeringSemantics table_1() { return {}; }
    /// What its prose says, and what its differential equation describes: twice the residue.
    static constexpr MongeringSemantics textbook() {
        return {Known::on_arrival, Counting::total, Tally::contact, false};
    }
    /// What members do: as in table 1, and minimising where both sides speak.
    static constexpr MongeringSemantics in_use() {
        return {Known::at_round_start, Counting::consecutive, Tally::contact, true};
    }
};

/// How one member feels about one rumor.
struct Interest {
    std::uint8_t counter = 0;
    bool is_lost = false;
    /// What came of the contacts of the round under way that are settled at its end.
    bool was_useful = false;
    bool was_useless = false;
};

/// When a member loses interest in a rumor: the decisions of every variant of rumor mongering, and
/// nothing else. It knows no members, no messages and no time; the machine (mongering.hpp) and the
/// tests of the paper ask the same object.
///
///     hot --a copy leaves, blind-----------------> coin 1/k, or counter + 1
///         --"I did not know it", feedback--------> counter = 0 if consecutive
///         --"I knew it", feedback----------------> coin 1/k, or counter + 1
///         --end of a round in which others pulled-> one of the two above, once
///     counter = k or coin: lost, told no more
///
/// Source: Demers et al., "Epidemic Algorithms for Replicated Database Maintenance", 1987, section
/// 1.4 and the footnote to its table 3. Connection limits and hunting are not modelled: a datagram
/// needs no connection.
class MongeringRules {
public:
    /// Who began the contact in which a copy leaves us.
    enum class Contact : std::uint8_t {
        told,   ///< We did: push.
        asked,  ///< The other did: pull.
    };
    /// What a member says for the counter of a rumor that it does not tell (any more).
    static constexpr std::uint8_t kIndifferent = 255;

    explicit MongeringRules(const MongeringConfig& config,
                            MongeringSemantics semantics = MongeringSemantics::in_use());

    /// Whether members with something hot tell it to others unasked.
    [[nodiscard]] bool pushes() const { return config_.direction != Direction::pull; }
    /// Whether members ask others for what is hot there.
    [[nodiscard]] bool pulls() const { return config_.direction != Direction::push; }
    /// Whether a member with nothing hot asks too. Nothing would move by pull alone otherwise;
    /// where there is push, what it misses is found sooner or later by anti-entropy.
    [[nodiscard]] bool pulls_when_idle() const { return config_.direction == Direction::pull; }
    /// Partners per round, drawn uniformly and distinct.
    [[nodiscard]] std::size_t partners() const { return config_.fanout; }
    [[nodiscard]] bool wants_feedback() const { return config_.has_feedback; }

    /// Whether one who learned the rumor `age` ago answers a push that it knew it already.
    [[nodiscard]] bool was_known(Duration age) const {
        return semantics_.known == Known::on_arrival || age >= config_.interval;
    }

    /// A copy leaves us.
    void sent(Interest& interest, Contact contact, Random& random) const;
    /// Its target answers; never for blind variants. `counter`: what it says of its own interest.
    void answered(Interest& interest, Contact contact, bool was_known, std::uint8_t counter,
                  Random& random) const;
    /// Settles what others have pulled.
    void end_round(Interest& interest, Random& random) const;

private:
    using Direction = MongeringConfig::Direction;
    using Known = MongeringSemantics::Known;
    using Counting = MongeringSemantics::Counting;
    using Tally = MongeringSemantics::Tally;

    void count(Interest& interest, Contact contact, bool was_useful, Random& random) const;
    void settle(Interest& interest, bool was_useful, Random& random) const;

    MongeringConfig config_;
    MongeringSemantics semantics_;
};

}  // namespace grapevine::protocol
