#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <tuple>
#include <variant>
#include <vector>

#include "base/ids.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "protocol/membership/config.hpp"
#include "protocol/peers.hpp"
#include "wire/messages.hpp"

namespace grapevine::protocol {

/// What a rumor is about: one slot per subject, the newest news wins, so the list is bounded by the
/// number of members (twice) and never by the rate of news.
struct RumorKey {
    enum class Kind : std::uint8_t { member, state, notice };
    Kind kind = Kind::member;
    MemberId subject;  ///< Of a notice: its slot.
    friend auto operator<=>(const RumorKey&, const RumorKey&) = default;
};

/// The hot list: what is told while it is news, and when it stops being.
///
/// The problem: news must reach everybody fast, over lossy links, and talk must die out by itself
/// when everybody knows. The idea of rumor mongering: who knows something new tells it to random
/// others until it meets too many who know it already. The feedback measures what no formula can:
/// how far this piece of news has come in this group, today. (The alternative, a fixed number of
/// tells, leaves e^-m of the members uninformed and pays the full price for every rumor.)
///
///     add -> hot, counter 0 --tell--> "new to me":  counter = 0, told sooner again
///                           --tell--> "known":      counter + 1; at k: removed
///                           --tell--> silence:      nothing; but see the ceiling of tells
///
/// Source: Demers et al. 1987, section 1.4: push-pull, feedback, counter k. A useful contact resets
/// the counter, which is what the paper's table 1 was made with (consecutive useless contacts), not
/// what its prose says.
///
/// Deviation: counters do not travel, so minimisation ("only the smaller of two counters counts
/// up") becomes: who pushes counts. The pull half is a push of its own, with its own feedback, and
/// leaves out what the other side has just told us or acknowledged.
/// Deviation: news that finds us idle is told at once, not at the next interval; so it crosses the
/// group at the speed of the links, and the interval only bounds the rate.
/// Deviation: nobody answers for ever. A tell that stays unanswered says nothing about the other
/// side, so it does not count; but a rumor told 4 (k + log2 n) times is removed regardless. Seven
/// or eight are usual; the ceiling is for a group that has died.
///
/// Who has nothing to tell stays silent, so until a member hears of a rumor it does not pull
/// either: what slips through (config.hpp has the numbers) is found by anti-entropy, whose digest
/// rides on every ping. With no peer at all
/// the list is emptied: whoever comes will be given the whole view.
///
/// Bounds: one slot per subject and kind; kPushesOutstandingMax pushes of kRumorsPerPushMax items
/// whose feedback is awaited; kKnowersMax members per rumor who are known to know it.
class Rumors {
public:
    /// Time to gossip with `to`: the node sends it a packet that begins with `fill(to, ...)`.
    struct Gossip {
        MemberId to;
    };
    /// Send `feedback` to `to`, with a push of our own hot rumors behind it (the pull half) if
    /// `fill` has any that `to` did not just tell us.
    struct Answer {
        MemberId to;
        wire::RumorFeedback feedback;
    };
    using Action = std::variant<Gossip, Answer>;

    struct Counters {
        std::uint64_t told = 0;                ///< Items put into pushes.
        std::uint64_t useful = 0;              ///< ... that were new to the other side.
        std::uint64_t useless = 0;             ///< ... that were not.
        std::uint64_t removed = 0;             ///< Rumors that died of their counter.
        std::uint64_t removed_unheard = 0;     ///< Rumors that met the ceiling of tells.
        std::uint64_t pushes_displaced = 0;    ///< Feedback given up at kPushesOutstandingMax.
        std::uint64_t dropped_unexpected = 0;  ///< Feedback that matches no push of ours.
    };

    /// Renders what we now know about a subject; nothing if there is no longer anything to tell.
    using Render = std::function<std::optional<wire::RumorItem>(const RumorKey&)>;

    Rumors(ProtocolConfig config, const Peers& peers, Render render, std::uint64_t seed);

    /// Makes `key` hot with a fresh counter. `from` (who told us, or kNobody) is not told it back.
    void add(Instant now, RumorKey key, MemberId from = kNobody);
    void remove(RumorKey key);

    /// The push to put into a packet for `to` within `budget_bytes` (frame included): hottest and
    /// least told first, at most kRumorsPerPushMax. Nothing if no rumor fits, if `to` is known to
    /// know all of them, or if `to`'s last push was itself the pull half of an exchange that we
    /// began: an exchange is two pushes, not a conversation.
    [[nodiscard]] std::optional<wire::RumorPush> fill(Instant now, MemberId to,
                                                      std::size_t budget_bytes);

    /// A push has come and been applied; bit i of `known` says whether item i was known to us.
    void handle_push(Instant now, MemberId from, const wire::RumorPush& push, std::uint64_t known);
    void handle_feedback(Instant now, MemberId from, const wire::RumorFeedback& feedback);

    void configure(const ProtocolConfig& config);
    void advance(Instant now);
    [[nodiscard]] std::optional<Action> poll();
    [[nodiscard]] Instant deadline() const;  ///< kNever while nothing is hot.

    [[nodiscard]] std::size_t hot_count() const;
    [[nodiscard]] bool is_hot(RumorKey key) const;
    [[nodiscard]] const Counters& counters() const;
    /// Asserts what must hold between any two inputs.
    void check_invariants() const;

    /// What an item is about.
    static RumorKey key_of(const wire::RumorItem& item);

private:
    struct Hot {
        /// Which news of this subject: feedback about an older one says nothing about this.
        std::uint64_t generation = 0;
        std::uint8_t counter = 0;  ///< Useless contacts in a row.
        std::uint16_t tell_count = 0;
        std::vector<MemberId> knowers;  ///< Oldest first, at most kKnowersMax.
    };
    struct Outstanding {
        struct Item {
            RumorKey key;
            std::uint64_t generation = 0;
        };
        std::uint32_t number = 0;
        MemberId to;
        std::vector<Item> items;
    };
    using HotList = std::map<RumorKey, Hot>;

    /// Hottest first: fewest useless contacts, fewest tellings, newest. No two are equal.
    using Rank = std::tuple<std::uint8_t, std::uint16_t, std::uint64_t>;

    static Rank rank_of(const Hot& hot) { return {hot.counter, hot.tell_count, ~hot.generation}; }
    void rank(HotList::iterator hot) { ranking_.emplace(rank_of(hot->second), hot); }
    void unrank(HotList::iterator hot) { ranking_.erase(rank_of(hot->second)); }
    void cool(HotList::iterator hot);
    void note_knower(Hot& hot, MemberId member);
    [[nodiscard]] bool everybody_knows(const Hot& hot);
    [[nodiscard]] std::size_t tell_count_max() const;
    [[nodiscard]] Duration jittered_interval();
    void forget_if_quiet();

    ProtocolConfig config_;
    const Peers& peers_;
    const Render render_;
    Random random_;

    HotList hot_;
    /// All of `hot_`, by rank: while a thousand members join, hundreds are hot, and every packet
    /// asks for the first few.
    std::map<Rank, HotList::iterator> ranking_;
    std::deque<Outstanding> outstanding_;  ///< Oldest first.
    std::uint64_t last_generation_ = 0;
    std::uint32_t last_number_ = 0;
    Instant next_at_{};

    /// Whose feedback came last, and when: a push from the same member in the same instant is the
    /// pull half of our exchange, and gets no push back.
    MemberId feedback_from_;
    Instant feedback_at_ = kNever;
    MemberId no_push_to_;
    Instant no_push_at_ = kNever;

    std::deque<Action> outbox_;
    Counters counters_;
};

}  // namespace grapevine::protocol
