#pragma once

#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <variant>
#include <vector>

#include "base/ids.hpp"
#include "base/limits.hpp"

// How two members compare the shared state of an overlay by ranges (range-based set reconciliation,
// Meyer 2022). What the entries are is not said here: each has a place in one order, by its stamp
// and then by an id that its hash gives.
namespace grapevine::wire {

/// A place in the order of entries, and the bound of a range. As a bound it need not be the place
/// of any entry.
struct StatePosition {
    Stamp stamp;
    std::uint64_t id = 0;
    friend constexpr auto operator<=>(const StatePosition&, const StatePosition&) = default;
};

/// Before all entries, and behind all: no entry has the last of stamps.
inline constexpr StatePosition kStateBegin{};
inline constexpr StatePosition kStateEnd{Stamp(std::numeric_limits<std::uint64_t>::max()), 0};

/// The two parts of a stamp: milliseconds since 1970 and a counter.
constexpr std::uint64_t milliseconds_of(Stamp stamp) {
    return stamp.value() >> 16U;
}
constexpr std::uint16_t counter_of(Stamp stamp) {
    return static_cast<std::uint16_t>(stamp.value());
}
constexpr Stamp make_stamp(std::uint64_t milliseconds, std::uint16_t counter) {
    return Stamp(milliseconds << 16U | counter);
}

/// How many of the leading bytes of an id in a bound travel: those behind them are zeros.
constexpr std::size_t id_prefix_bytes(std::uint64_t id) {
    return id == 0 ? 0 : 8 - static_cast<std::size_t>(std::countr_zero(id)) / 8;
}

/// Equal for equal ranges (protocol/state/range_tree.hpp).
struct StateFingerprint {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    friend constexpr bool operator==(const StateFingerprint&, const StateFingerprint&) = default;
};

/// What a section says about the entries from the end of the range before up to `upper`, which is
/// not in it.
struct StateRange {
    /// Nothing: it is not asked about. At the end of a reply: it was, and there was no room for an
    /// answer, so ask again.
    struct Skip {
        friend bool operator==(const Skip&, const Skip&) = default;
    };
    /// Only in a reply: what the sender has there, and how many.
    struct Counted {
        StateFingerprint fingerprint;
        std::uint32_t count = 0;  ///< At most kStateCellsMax.
        friend bool operator==(const Counted&, const Counted&) = default;
    };
    /// Only in a request: "list what you have".
    struct Ask {
        friend bool operator==(const Ask&, const Ask&) = default;
    };
    /// Only in a reply: the same is here.
    struct Equal {
        friend bool operator==(const Equal&, const Equal&) = default;
    };
    /// Only in a reply: all that is here. In a want: what is asked for. In no order; at
    /// most kStateIdsMax.
    using Ids = std::vector<std::uint64_t>;
    using Content = std::variant<Skip, StateFingerprint, Ids, Ask, Equal, Counted>;

    StatePosition upper;
    Content content;
    friend bool operator==(const StateRange&, const StateRange&) = default;
};

/// A comparison of ranges from `lower` on, complete in itself: the loss of one section costs what
/// it is about, and no other. Who receives a request answers with replies, and remembers nothing.
struct StateRanges {
    std::uint32_t number = 0;  ///< Of the exchange; a reply has that of its request.
    bool is_reply = false;
    std::uint64_t total = 0;  ///< All entries that the sender has; at most kStateCellsMax.
    StatePosition lower;
    std::vector<StateRange> ranges;  ///< 1 .. kStateRangesMax, bounds climbing.
    friend bool operator==(const StateRanges&, const StateRanges&) = default;
};

/// "Send me the entries with these ids": ranges with ids, and skips between them. The ranges are
/// those in which the receiver listed the ids, so that it finds them by looking through few.
struct StateWant {
    StatePosition lower;
    std::vector<StateRange> ranges;  ///< 1 .. kStateRangesMax
    friend bool operator==(const StateWant&, const StateWant&) = default;
};

}  // namespace grapevine::wire
