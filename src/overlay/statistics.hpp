#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "control/gossiperl.hpp"

namespace grapevine::overlay {

/// What passes in an overlay, by kind of message and direction, in the windows that the old REST
/// API knows: from the last minute to the last day, and since the start.
///
/// A window is a sum of buckets on a ring: of one second for the minute, of one minute for up to an
/// hour, of five minutes for up to a day. The bucket at hand is not complete, so a window reaches
/// back by its length less one bucket at least, and never further than its length.
///
/// A kind takes 6.5 kB from its first message on. Kinds are named by others, so there are at most
/// `kStatisticsSeriesMax` in each direction; what comes after is counted as "other". Counting is
/// one lookup and no allocation.
class Statistics {
public:
    enum class Direction : std::uint8_t { in, out };

    /// A message of this kind passed. `now` does not go back; if it does, the latest counts.
    void count(Instant now, std::string_view kind, Direction direction, std::size_t bytes);
    /// Something failed, which has a count and no size. `series` is a name of ours, and few.
    void count_failure(Instant now, std::string_view series);

    /// By name ("digest-in", "digestAck-out", "message-failed-decode-in"), also those in which
    /// nothing passed in this window. Nothing if it is none of `control::gossiperl::kWindows`.
    [[nodiscard]] std::optional<std::vector<control::gossiperl::Series>> view(
        Instant now, std::string_view window) const;

    /// What was counted since the last call, by name, without series that have nothing new: for
    /// those who keep it elsewhere.
    [[nodiscard]] std::vector<control::gossiperl::Series> take_new();

private:
    struct Sum {
        std::uint64_t packets = 0;
        std::uint64_t bytes = 0;
    };
    /// The latest `Count` buckets of a ring. Bucket i covers [i * width, (i + 1) * width).
    template <std::size_t Count>
    struct Ring {
        std::array<Sum, Count> buckets{};
        std::int64_t latest = -1;

        void add(std::int64_t index, std::size_t bytes);
        /// Over the buckets (index - count, index].
        [[nodiscard]] Sum sum(std::int64_t index, std::int64_t count) const;
    };
    struct Counter {
        Sum total;
        Sum taken;  ///< Of the total, what `take_new` has given.
        Ring<60> seconds;
        Ring<60> minutes;
        Ring<288> five_minutes;

        void add(Instant now, std::size_t bytes);
    };
    using Counters = std::map<std::string, Counter, std::less<>>;

    struct Window {
        std::string_view name;
        Sum (*sum)(const Counter& counter, Instant now);
    };
    static const std::array<Window, 9> kWindows;

    template <typename SumOf>
    [[nodiscard]] std::vector<control::gossiperl::Series> list(const SumOf& sum_of) const;
    [[nodiscard]] Counter& counter_of(Counters& counters, std::string_view kind);

    Counters incoming_;
    Counters outgoing_;
    Counters failures_;
    Instant latest_{};
};

/// As users see it. Refuses a window that is none.
[[nodiscard]] Outcome<control::gossiperl::StatisticsView> view_of(const Statistics& statistics,
                                                                  Instant now,
                                                                  const std::string& window);

}  // namespace grapevine::overlay
