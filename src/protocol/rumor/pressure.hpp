#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

#include "base/ids.hpp"
#include "base/time.hpp"

// Back-pressure: a member that gets a stream more slowly than it is published says so, and the
// publisher slows down. `Events` carries the word (events_pressure.cpp); here is what is judged.
namespace grapevine::protocol {

/// Who cannot keep up with a stream, and with what does.
struct Shortfall {
    MemberId slowest;
    std::uint32_t backlog = 0;  ///< Events known to exist and not there.
    std::uint32_t rate = 0;     ///< Events per second that get through.
    friend bool operator==(const Shortfall&, const Shortfall&) = default;
};

/// Notices that one stream comes in more slowly than it is published: at the end of two samples in
/// a row more than kMissingMin events are known to exist and missing, more than came in a whole
/// sample, and no fewer than before. So a member that catches up after a partition says nothing
/// while it gets on, and neither does one that only repairs what a lossy link has dropped.
///
/// What it cannot see: delay without loss. Who learns of events as late as it gets them is not
/// behind by its own knowledge.
class Backlog {
public:
    /// What a subscriber notices, and more than repair has under way on a bad link.
    static constexpr std::uint64_t kMissingMin = 64;

    /// `missing`: events known and not here. `arrived`: any count that grows by one with each
    /// event. Takes a sample if `interval` has passed since the last one; the rest of the calls do
    /// nothing.
    std::optional<Shortfall> sample(Instant now, Duration interval, MemberId self,
                                    std::uint64_t missing, std::uint64_t arrived);

private:
    std::optional<Instant> sampled_at_;
    std::uint64_t missing_ = 0;
    std::uint64_t arrived_ = 0;
};

/// How fast a publisher may go: as fast as it likes, until it is told of a member that cannot keep
/// up; from then on a tenth slower than that member, so that it catches up.
///
/// Nothing here is believed for long, since any member may be mistaken, or lie:
///  - a word counts for kWordIntervals intervals, and then the rate climbs by a quarter per
///    interval until nobody has to wait any more;
///  - nobody slows a publisher to less than kRateMin;
///  - a member that has slowed us for kPatience is left behind: words about it are ignored for
///    kIgnored. It repairs what it can, and its subscribers are told the gaps. One member costs a
///    publisher a tenth of its time at most;
///  - after kPatienceWithAll without a pause nobody is believed for twice as long, so that one who
///    names a new laggard every time gets a third of the time at most.
///
/// A token bucket (GCRA) with kBurst at the present rate. Bounded by kLaggardsMax members.
class Pace {
public:
    static constexpr std::uint32_t kRateMin = 20;
    static constexpr int kWordIntervals = 3;
    static constexpr Duration kPatience = std::chrono::seconds(30);
    static constexpr Duration kIgnored = std::chrono::minutes(5);
    static constexpr Duration kPatienceWithAll = std::chrono::seconds(60);
    static constexpr Duration kBurst = std::chrono::milliseconds(250);
    static constexpr std::size_t kLaggardsMax = 64;

    /// `interval`: how often a member that is behind says so.
    explicit Pace(Duration interval) : interval_(interval) {}

    /// False if the word is ignored.
    bool heard(Instant now, const Shortfall& shortfall);

    /// When the next event may be published; at or before `now` is at once.
    [[nodiscard]] Instant ready_at(Instant now);
    void published(Instant now);
    /// Somebody had to wait, or was refused: the rate is still too low for what is wanted.
    void held_up() { is_wanted_ = true; }

    struct State {
        Shortfall slowest;        ///< As told last.
        std::uint32_t limit = 0;  ///< Events per second that we publish at most.
        Instant since{};          ///< Slowed without interruption since then.
    };
    /// Nothing while nobody slows us.
    [[nodiscard]] std::optional<State> state(Instant now) const;
    /// Members whose words are ignored now.
    [[nodiscard]] std::size_t left_behind(Instant now) const;

private:
    struct Laggard {
        Instant since{};
        Instant heard_at{};
        Instant ignored_until{};
    };
    bool is_ignored(Instant now, MemberId member);
    void recover(Instant now);

    Duration interval_;
    std::optional<State> state_;
    double limit_ = 0;
    Instant heard_at_{};
    Instant raised_at_{};
    bool is_wanted_ = false;
    Instant deaf_until_{};
    Instant next_{};  ///< When the bucket would be full again; GCRA's theoretical arrival time.
    std::map<MemberId, Laggard> laggards_;
};

}  // namespace grapevine::protocol
