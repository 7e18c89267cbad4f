#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "protocol/state/range_tree.hpp"
#include "wire/state_ranges.hpp"

// How two members find out what one holds of a shared state and the other lacks, at a cost in what
// differs and not in what there is (range-based set reconciliation).
//
// Both have their entries in one order (RangeTree). One asks: it cuts the order into 16 ranges with
// equal numbers of entries, and sends their fingerprints. The other answers: equal ranges it
// skips, a range that differs it cuts into 16 fingerprints of its own, or lists, if it has fewer
// than 32 entries there. Now the one who asks does the same with the answer: what differs it cuts
// into 16, and where it has fewer than 32 entries it asks for the list. Lists it compares with its
// own: what is only there it needs, what is only here the other lacks.
//
//     asks        16 fingerprints of all  ------------------------->
//                 <-------  of the 1 that differs: 16 fingerprints     answers
//                 ...
//                 "list [a, b)"           ------------------------->
//                 <----------------------------------------  15 ids
//
// Since the order is that of time, ordinary divergence lies in few ranges, the newest.
//
// Source: Meyer, "Range-Based Set Reconciliation and Authenticated Set Representations", 2022; the
// numbers 16 and 32 and the form of the bounds are those of negentropy (Hoyte).
// Deviation: who asks never lists its own entries, it asks for the other's list, which costs half;
// and messages are cut so that each part is complete in itself, because datagrams get lost.
namespace grapevine::protocol {

/// The longest bound: head, 48 bits and 16 bits as varints, length and bytes of the id.
inline constexpr std::size_t kRangeBoundBytesMax = 1 + 7 + 3 + 1 + 8;
/// What a section may take, wherever a budget is asked for: room for the longest list.
inline constexpr std::size_t kRangeBudgetBytesMin =
    1 + 2 + 4 + 1 + 4 + 4 * kRangeBoundBytesMax + 2 + 8 * kStateIdsMax;
static_assert(kRangeBudgetBytesMin <= kPacketBytesMax - kProofBytesMax);

/// The shortest bound that is after `a` and not after `b`; a < b. Whole milliseconds, if they are
/// of different ones; then a stamp; then as few bytes of the id as will do.
wire::StatePosition bound_between(const wire::StatePosition& a, const wire::StatePosition& b);

/// What `tree` answers to `request` (not a reply): at most kStateReplySectionsMax sections, each at
/// most `budget_bytes` as it travels. Where that is not enough, the last ends with a skip.
/// Keeps nothing. Work: a few hundred walks through the tree at most, and the ids that it lists.
std::vector<wire::StateRanges> answer(const RangeTree& tree, const wire::StateRanges& request,
                                      std::size_t budget_bytes);

/// The handles of the entries that are wanted and still here, in their order. Looks at
/// kStateWantScanMax entries at most.
std::vector<std::uint32_t> wanted(const RangeTree& tree, const wire::StateWant& want);

/// The side that asks, in one exchange with one member. No timers and no actions: the node sends
/// what `next` gives, hands in what comes, and takes out what was found.
///
///     RangeExchange exchange(number, tree.count());
///     repeat: send exchange.next(tree, budget, window); on a reply: exchange.handle(tree, reply);
///             when nothing has come for a while: exchange.ask_again()
///     until exchange.is_done(), or there is no patience left
///
/// The tree may change between the calls: what an exchange finds was true when it found it.
/// Bounds: kStateOpenRangesMax ranges, kStateFoundMax ids in each direction,
/// kStateExchangeSectionsMax sections sent. What is above them is left to the next exchange, and
/// `is_cut` says so. Garbage in a reply makes us ask in vain, within these bounds.
class RangeExchange {
public:
    struct Counters {
        std::uint64_t sections_sent = 0;
        std::uint64_t sections_received = 0;
        /// Of another exchange, or no reply.
        std::uint64_t dropped_stray = 0;
        /// Ranges in replies that are not, or no longer, asked about.
        std::uint64_t ranges_unasked = 0;
    };

    /// About the entries in [lower, upper). Entries of the last second or so are better left out:
    /// they are on their way as rumors.
    explicit RangeExchange(std::uint32_t number,
                           const wire::StatePosition& lower = wire::kStateBegin,
                           const wire::StatePosition& upper = wire::kStateEnd);

    /// The next requests, at most `sections_max` of at most `budget_bytes` each, newest entries
    /// first. Empty when all is asked that is known to differ.
    [[nodiscard]] std::vector<wire::StateRanges> next(const RangeTree& tree,
                                                      std::size_t budget_bytes,
                                                      std::size_t sections_max);
    void handle(const RangeTree& tree, const wire::StateRanges& reply);
    /// What was asked and not answered is asked anew by `next`.
    void ask_again();

    /// Nothing is left to ask, and nothing unanswered.
    [[nodiscard]] bool is_done() const { return todo_.empty() && asked_.empty(); }
    /// All that was asked is answered: time for `next`.
    [[nodiscard]] bool is_answered() const { return asked_.empty(); }
    [[nodiscard]] bool is_cut() const { return is_cut_; }

    /// Requests for the entries that we lack and found since the last call, at most `budget_bytes`
    /// each.
    [[nodiscard]] std::vector<wire::StateWant> take_needs(std::size_t budget_bytes);
    /// Our entries that the other lacks, found since the last call, in order within each list.
    [[nodiscard]] std::vector<RangeTree::Item> take_haves();

    [[nodiscard]] std::uint64_t need_count() const { return need_count_; }
    [[nodiscard]] std::uint64_t have_count() const { return have_count_; }
    /// Entries of the other, as of its last reply; ours before the first.
    [[nodiscard]] std::uint64_t peer_total(const RangeTree& tree) const;
    /// How many entries differ, as far as can be told. To those found come, for each range that is
    /// known to differ: one; or by how much the counts differ; or what makes as many of its
    /// neighbours differ as do, if differences are strewn evenly; and if all do, as large a share
    /// as was found where such ranges were looked at more closely. It grows to the truth from
    /// below. Costs a walk over the open ranges.
    [[nodiscard]] std::uint64_t differing_estimate(const RangeTree& tree) const;
    /// More than a twentieth differs, and more than `kStateFoundMax` entries: a full copy of the
    /// larger side costs less.
    [[nodiscard]] bool is_mostly_different(const RangeTree& tree) const;

    [[nodiscard]] const Counters& counters() const { return counters_; }

private:
    struct Open {
        wire::StatePosition upper;
        /// The other has a different fingerprint; before the first answer nothing is known.
        bool is_different = true;
        /// All its neighbours differ, too, so there is no telling how much in each.
        bool is_saturated = false;
        double expected = 0;  ///< Differences in it, at least.
    };
    /// By lower bound; ranges do not overlap.
    using Ranges = std::map<wire::StatePosition, Open>;
    struct Need {
        wire::StatePosition lower;
        wire::StatePosition upper;
        std::vector<std::uint64_t> ids;
    };

    /// What is asked next.
    struct Turn {
        wire::StatePosition lower;
        Open open;
        RangeSum sum;
    };

    /// What the ranges of one reply say together.
    struct Tally {
        double compared = 0;
        double differing = 0;
        double entries = 0;  ///< In those that came of a saturated range.
        bool is_saturated = false;
        std::vector<wire::StatePosition> opened;
    };

    /// The last of `todo_`, in order, as many as requests of so many bytes ask for.
    [[nodiscard]] std::vector<Turn> newest(const RangeTree& tree, std::size_t bytes) const;
    void open(const wire::StatePosition& lower, const Open& open);
    /// Takes a range out of what is asked, and says what it is a part of; nothing, if it does not
    /// lie within one of those.
    std::optional<Open> settle(const wire::StatePosition& lower, const wire::StatePosition& upper);
    /// The same with all that is asked in a range that is equal, or was not answered.
    void settle_all(const RangeTree& tree, const wire::StatePosition& lower,
                    const wire::StatePosition& upper, bool is_equal);
    void take_counted(const RangeTree& tree, const wire::StatePosition& lower,
                      const wire::StateRange& range, const Open& parent, Tally& tally);
    void take_ids(const RangeTree& tree, const wire::StatePosition& lower,
                  const wire::StateRange& range, const Open& parent);
    void learn(const Tally& tally);
    void compare(const std::vector<RangeTree::Item>& items, const wire::StatePosition& lower,
                 const wire::StatePosition& upper, wire::StateRange::Ids ids);
    void add_have(const RangeTree::Item& item);
    void add_need(Need need);

    std::uint32_t number_;
    Ranges todo_;
    Ranges asked_;
    std::vector<Need> needs_;
    std::size_t needs_held_ = 0;  ///< Ids in them.
    std::vector<RangeTree::Item> haves_;
    std::uint64_t need_count_ = 0;
    std::uint64_t have_count_ = 0;
    /// Of ranges of which all neighbours differed, those looked at more closely: their entries, and
    /// the differences found or expected in them.
    double explored_entries_ = 0;
    double explored_differing_ = 0;
    std::uint64_t peer_total_ = 0;
    bool is_peer_heard_ = false;
    bool is_cut_ = false;
    Counters counters_;
};

}  // namespace grapevine::protocol
