#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.hpp"

namespace grapevine::client {

/// What the old protocol says of a member.
enum class Reachability : std::uint8_t { reachable, quarantine, unreachable };
std::string_view to_string(Reachability reachability);

/// What happened to a member; the texts are those of the old protocol ("member_in", ...).
enum class MemberEvent : std::uint8_t { in, quarantine, unreachable, drop, out, rejoin };
std::string_view to_string(MemberEvent event);

/// All counted from the moment a member was last heard. A drop that is due before the quarantine
/// is over follows the verdict `unreachable` at once; so does everything else that is overdue.
struct LivenessTimes {
    Duration quarantine_after = std::chrono::seconds(20);
    /// From quarantine to unreachable.
    Duration max_quarantined = std::chrono::seconds(10);
    /// Since last heard; zero: never dropped.
    Duration drop_unreachable_after = std::chrono::seconds(180);
};

/// Who has been silent for how long: the four states of the old protocol, by real deadlines, so
/// that no amount of traffic can postpone a verdict. Serves local clients and remote daemons alike.
///
///     (new) --> reachable --------> quarantine --------> unreachable --------> (gone)
///        in      ^        quarantine |      unreachable       |       drop, out
///                +------- rejoin ----+------------------------+
///
/// Deviation: the original looks once a second, and looks the later the more traffic there is; it
/// believes every heartbeat that it is told, backwards and from the future. Here a verdict falls at
/// its instant, and what has been heard only moves forward.
///
/// A machine in small: `heard`, `remove` and `advance` return what happened, in order; a stall that
/// spans several deadlines reports each step, those of different members in the order of their
/// deadlines. Names are unique; how many there may be is for the owner to limit. Sends nothing and
/// tells nobody.
class Liveness {
public:
    struct Change {
        MemberEvent event;
        std::string name;
        friend bool operator==(const Change&, const Change&) = default;
    };

    explicit Liveness(LivenessTimes times);

    /// `at` is when the member showed life: now for its own word, earlier when somebody else tells
    /// of it; never later than now. A new name comes in (unless `at` is so old that it would be
    /// dropped at once: then nothing happens). A known one is moved forward in time only, and
    /// rejoins only if `at` makes it reachable.
    ///
    /// Looks at no deadline: after a stall of ours the word that waited in a buffer counts before
    /// the verdict that its absence would have drawn.
    std::vector<Change> heard(Instant now, const std::string& name, Instant at);
    /// It said goodbye: `out`, without `drop`. Nothing if unknown.
    std::vector<Change> remove(const std::string& name);
    std::vector<Change> advance(Instant now);
    [[nodiscard]] Instant deadline() const;

    /// For members that are known already, each from its own next word or verdict on.
    void set_times(LivenessTimes times);

    struct Life {
        Reachability reachability = Reachability::reachable;
        Instant last_heard;
    };
    /// Null when unknown; valid until the next input.
    [[nodiscard]] const Life* find(std::string_view name) const;
    [[nodiscard]] std::size_t size() const { return entries_.size(); }
    /// Asserts what must hold between any two inputs.
    void check_invariants() const;

private:
    struct Entry {
        Life life;
        Instant verdict_at = kNever;  ///< By the times of when it was set.
    };
    using Entries = std::map<std::string, Entry, std::less<>>;

    [[nodiscard]] Instant verdict_at(const Life& life) const;
    void schedule(const std::string& name, Entry& entry);
    void pass_verdict(Entries::iterator where, std::vector<Change>& changes);

    LivenessTimes times_;
    Entries entries_;
    /// Every entry whose next verdict is not `kNever`.
    std::set<std::pair<Instant, std::string>> verdicts_;
};

}  // namespace grapevine::client
