#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "protocol/rumor/event.hpp"
#include "wire/messages.hpp"

namespace grapevine::protocol {

/// One fragment of one event of a stream. Of an event whose size is unknown, index 0 is asked for.
struct Part {
    std::uint64_t sequence = 0;
    std::uint16_t index = 0;
    friend auto operator<=>(const Part&, const Part&) = default;
};

/// What all streams together have in memory or under way, for the limits that span them.
struct Load {
    std::size_t assemblies = 0;
    std::size_t waiting_bytes = 0;
    std::size_t in_flight = 0;
};

/// How many fragments an event of `total_bytes` has (one if it is empty), and how long each is.
std::uint16_t fragment_count_of(std::size_t total_bytes);
std::size_t fragment_bytes_of(std::size_t total_bytes, std::uint16_t index);
/// How far from the publisher we are, if who sent us the event is `hops` away.
std::uint8_t hops_after(std::uint8_t hops);

/// One publisher's events of one epoch, put in order: what has been told to subscribers, what
/// waits behind a hole, what is known to exist, and what has been given up.
///
///     1 ......... next-1 | next .... lost_to | head ....................... known
///       delivered or       given up, and       holes, waiting events and
///       told as lost       not yet told        assemblies in any order
///
/// A gap is told when the first event behind it can be delivered (or when nothing is known to come
/// behind it), so that holes given up one after the other become one gap with the right bounds.
/// A stream decides nothing about time, sources or giving up: `Repair` and `Events` do.
///
/// Memory: kWaitingBytesMax and kAssembliesMax over all streams (`Load`); what is full refuses the
/// newest, except for the head, on which everything else waits. What was refused is asked for
/// again.
class Stream {
public:
    /// Whether what lies below the first event that can be had is told as a gap.
    enum class Start : std::uint8_t {
        told,    ///< We were here before the stream was: everything below is missed.
        untold,  ///< We came later: what is gone by then was never ours.
    };
    enum class Verdict : std::uint8_t { duplicate, conflict, full, partial, complete };
    struct Lost {
        std::uint64_t first = 0;
        std::uint64_t last = 0;
    };
    using Ready = std::variant<SharedEvent, Lost>;

    /// Begins with the event `first` as the next one.
    Stream(wire::StreamId id, std::uint64_t first, Start start);

    /// An event that is whole now.
    struct Completed {
        SharedEvent event;
        /// Who sent a part of it unasked; kNobody if all of it was asked for.
        MemberId pushed_by;
    };
    /// Takes a fragment that is consistent in itself; `pushed_by` is who sent it unasked, kNobody
    /// if it was asked for. On `complete`, `completed` is the event.
    Verdict accept(const wire::EventFragment& fragment, MemberId pushed_by, Load& load,
                   Completed& completed);
    /// An event of our own, the next in order: it is delivered with that.
    EventSequence append();

    /// That `sequence` exists. False, and nothing changed, if it is kSequenceAheadMax ahead.
    bool learn(std::uint64_t sequence);
    /// Ends the hole at the head up to `last`, which is at most `hole_end()`.
    void give_up(std::uint64_t last, Load& load);
    /// What can be told next, in order; nothing while a hole is in the way.
    std::optional<Ready> take(Load& load);
    /// Our retention is about to drop an event: it is not offered any more.
    void withdrawn(std::uint64_t sequence);
    /// Gives back what it holds of `load`, before the stream is destroyed.
    void release(Load& load);

    [[nodiscard]] wire::StreamId id() const { return id_; }
    /// First event neither told nor given up.
    [[nodiscard]] std::uint64_t head() const;
    /// Highest event that is known to exist.
    [[nodiscard]] std::uint64_t known() const { return known_; }
    /// There is at least one hole.
    [[nodiscard]] bool is_behind() const { return head() <= known_; }
    /// Last sequence of the hole at the head. Only while behind.
    [[nodiscard]] std::uint64_t hole_end() const;
    /// What we offer to others: [lowest, highest], empty if lowest is highest + 1.
    [[nodiscard]] std::uint64_t highest() const { return next_ - 1; }
    [[nodiscard]] std::uint64_t lowest() const { return std::min(run_first_, next_); }
    /// How many events are known to exist and not here, unless given up.
    [[nodiscard]] std::uint64_t lacking() const {
        return is_behind() ? known_ - head() + 1 - waiting_.size() : 0;
    }
    /// Nothing has been delivered yet, and what is gone by now was never ours.
    [[nodiscard]] bool is_untold() const { return is_untold_; }
    [[nodiscard]] bool is_idle() const { return waiting_.empty() && assemblies_.empty(); }

    /// Up to `max` parts that are lacking and not in `skip`, lowest first, of events up to `last`.
    [[nodiscard]] std::vector<Part> missing(std::uint64_t last, std::size_t max,
                                            const std::map<Part, Instant>& skip) const;

    void check_invariants() const;

private:
    struct Assembly {
        WallTime published_at;
        std::string topic;
        Bytes bytes;
        std::vector<bool> has;
        std::size_t has_count = 0;
        MemberId pushed_by;
        std::uint8_t hops = 0;  ///< Of the sender of that part, or of the first one.
        bool has_dependencies = false;
        bool is_traced = false;
    };

    Verdict accept_whole(const wire::EventFragment& fragment, Load& load, SharedEvent& completed);
    Verdict accept_part(const wire::EventFragment& fragment, MemberId pushed_by, Load& load,
                        Completed& completed);
    [[nodiscard]] bool has_room(const wire::EventFragment& fragment, const Load& load) const;
    SharedEvent keep(const wire::EventFragment& fragment, Bytes payload, std::uint8_t sender_hops,
                     Load& load);

    wire::StreamId id_;
    std::uint64_t next_;
    std::uint64_t lost_to_;
    std::uint64_t known_;
    std::uint64_t run_first_;  ///< All of [run_first_, next_) is retained, and offered.
    bool is_untold_;
    std::map<std::uint64_t, SharedEvent> waiting_;
    std::map<std::uint64_t, Assembly> assemblies_;
};

}  // namespace grapevine::protocol
