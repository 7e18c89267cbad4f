#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

#include "base/ids.hpp"
#include "base/outbox.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "protocol/membership/config.hpp"
#include "protocol/peers.hpp"
#include "protocol/rumor/mongering_rules.hpp"
#include "protocol/rumor/spreader.hpp"
#include "wire/messages.hpp"

namespace grapevine::protocol {

/// Spreads events as rumors, in any of the variants of Demers et al. 1987, section 1.4: push, pull
/// or both; blind or with feedback; losing interest by coin or by counter.
///
/// Why would anybody choose this over the tree? It keeps no structure that churn could break: every
/// round draws new partners, so a member that fails, or one that is slow, costs the copies that
/// were sent to it and nothing else. It pays some six to nine copies per member where the tree pays
/// one, and an interval of waiting per hop while there is traffic.
///
/// The hot list holds the events that are told. Every `interval` (jittered by 10%) the member draws
/// `fanout` partners; it pushes to each what is hot, least told first, and asks each for what is
/// hot there. Who receives an event answers whether it knew it, several in one section, an eighth
/// of an interval later at most. When to lose interest is MongeringRules' affair, with the
/// semantics called `in_use`: those of the paper's table 1 (a contact is useful if the other did
/// not know when the round began; the counter counts useless contacts in a row), minimisation where
/// both sides knew, and the footnote's rule for what others pull (a round of pulls counts once, as
/// useful if a single copy was needed).
///
/// Deviation: "when the round began" is an interval ago, as there are no common rounds.
/// Deviation: an event that finds us with nothing hot is told at once, so that a lone one crosses
/// the group at the speed of the links.
/// Deviation: who is known to know (it told us, or has answered) is not told again. In a group of
/// five this ends the talk at once, and no other group is small enough to notice.
/// Deviation: counters travel only in answers, so only the side that has told compares them.
/// Deviation: an answer may be lost or its sender gone, so silence counts for nothing. But an event
/// told 4 (k + log2 n) times is removed regardless.
///
/// With push alone or push-pull a member with nothing hot is silent. With pull alone everybody asks
/// `fanout` partners every interval for ever, since nothing would move otherwise: 30 small
/// datagrams per second and member with the defaults.
///
/// What came because it was asked for is old news and not spread. With no peer the hot list is
/// emptied: whoever comes will compare frontiers with us.
///
/// Bounds: kHotEventsMax events, the one told most makes room (those who miss it repair);
/// kEventsPerContactMax events to one partner and round, so some 600 events a second with the
/// defaults, and beyond that the repair of `Events` does the rest; kPullsAnsweredMax partners
/// answered per round, each once.
class Mongering final : public Spreader {
public:
    struct Counters {
        std::uint64_t told = 0;                ///< Events pushed to partners that we drew.
        std::uint64_t given = 0;               ///< ... to those that asked.
        std::uint64_t useful = 0;              ///< Answers "I did not know".
        std::uint64_t useless = 0;             ///< Answers "I knew".
        std::uint64_t removed = 0;             ///< Events that we lost interest in.
        std::uint64_t removed_unheard = 0;     ///< ... that met the ceiling of tells.
        std::uint64_t displaced = 0;           ///< ... that made room at kHotEventsMax.
        std::uint64_t pulls_refused = 0;       ///< Asked twice in a round, or by too many.
        std::uint64_t dropped_unexpected = 0;  ///< Answers about what we have not told.
    };

    /// When members talk. `common` is the paper's simulator, so that an experiment can be held
    /// against the paper: everybody's rounds begin at the multiples of the interval; what is
    /// learned in a round is told from the next one on; with push-pull everybody asks; and the
    /// semantics are those of the tables. Members that share no clock have rounds of their own.
    enum class Rounds : std::uint8_t { own, common };

    /// `peers` outlives us.
    Mongering(const MongeringConfig& config, const Peers& peers, std::uint64_t seed,
              Rounds rounds = Rounds::own);

    void added(Instant now, const Arrival& arrival) override;
    void duplicate(Instant now, const Arrival& arrival) override;
    void repaired(Instant, const wire::StreamId&, MemberId) override {}
    /// EventFeedback and EventPull; others are not for us.
    void handle(Instant now, MemberId from, const wire::Section& section) override;
    void peer_joined(Instant, MemberId) override {}
    void peer_left(Instant now, MemberId member) override;
    void forget(const wire::StreamId& stream) override;

    void advance(Instant now) override;
    [[nodiscard]] std::optional<Action> poll() override { return outbox_.pop(); }
    [[nodiscard]] Instant deadline() const override;
    void check_invariants() const override;

    [[nodiscard]] std::size_t hot_count() const { return hot_.size(); }
    [[nodiscard]] bool is_hot(const EventKey& event) const { return hot_.contains(event); }
    [[nodiscard]] const Counters& counters() const { return counters_; }

private:
    using Contact = MongeringRules::Contact;

    /// A copy whose target has not answered yet.
    struct Awaited {
        MemberId to;
        Contact contact;
        std::uint64_t round = 0;
    };
    struct Hot {
        Interest interest;
        std::uint64_t order = 0;  ///< The later it came, the higher.
        Instant learned_at;
        std::uint32_t tell_count = 0;
        std::vector<MemberId> knowers;  ///< Oldest first, at most kKnowersMax.
        std::vector<Awaited> awaited;   ///< Oldest first, at most kAnswersAwaitedMax.
    };
    using HotList = std::map<EventKey, Hot>;
    /// Hottest first: fewest useless contacts, fewest tellings, newest. No two are equal.
    using Rank = std::tuple<std::uint8_t, std::uint32_t, std::uint64_t>;

    static Rank rank_of(const Hot& hot) {
        return {hot.interest.counter, hot.tell_count, ~hot.order};
    }
    void rank(HotList::iterator hot) { ranking_.emplace(rank_of(hot->second), hot); }
    void unrank(HotList::iterator hot) { ranking_.erase(rank_of(hot->second)); }
    void cool(HotList::iterator hot);
    static void note_knower(Hot& hot, MemberId member);
    [[nodiscard]] bool everybody_knows(const Hot& hot);
    [[nodiscard]] std::size_t tell_count_max() const;
    [[nodiscard]] Duration jittered_interval();
    [[nodiscard]] bool asks_when_idle() const;
    [[nodiscard]] Instant next_round(Instant now);
    /// The common one.
    [[nodiscard]] Instant round_began(Instant now) const;
    /// It came in the (common) round that is under way.
    [[nodiscard]] bool is_of_this_round(Instant now, const Hot& hot) const;

    void gossip(Instant now);
    void end_round();
    /// Up to `events_max` hot events that `to` is not known to know; how many.
    std::size_t tell(Instant now, MemberId to, Contact contact, std::size_t events_max);
    void handle(MemberId from, const wire::EventFeedback& feedback);
    void give(Instant now, MemberId to, const wire::EventPull& pull);
    void answer(Instant now, MemberId to, const EventKey& event, bool was_known,
                std::uint8_t counter);
    void send_answers(MemberId to, std::vector<wire::EventFeedback::Item>& items);

    const MongeringConfig config_;
    const Rounds rounds_;
    const MongeringRules rules_;
    const Peers& peers_;
    Random random_;

    HotList hot_;
    std::map<Rank, HotList::iterator> ranking_;  ///< All of `hot_`.
    std::uint64_t last_order_ = 0;
    std::uint64_t round_ = 0;
    Instant next_at_{};

    std::set<MemberId> answered_;  ///< Whose pulls we have answered in this round.
    std::map<MemberId, std::vector<wire::EventFeedback::Item>> answers_;  ///< Being gathered.
    Instant answers_at_ = kNever;

    Outbox<Action> outbox_;
    Counters counters_;
};

}  // namespace grapevine::protocol
