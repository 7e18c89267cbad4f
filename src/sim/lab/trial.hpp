#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/error.hpp"
#include "sim/lab/action.hpp"
#include "sim/lab/frame.hpp"
#include "sim/lab/settings.hpp"
#include "sim/trace.hpp"

namespace grapevine::sim::lab {

/// A death, and how long until the first and the last of the others believed it.
struct Verdict {
    HostIndex member = 0;
    std::optional<Duration> first;
    std::optional<Duration> last;
};

/// One experiment under way: members and the network between them. `Run` turns it.
///
/// Everything is decided by the settings and by the actions at their moments; how the time is cut
/// into calls changes nothing.
class Trial {
public:
    virtual ~Trial() = default;

    /// What happens up to and including `end`; but no further than to where the trial has ended by
    /// itself, if `stopping` says so. The moment of the last event if it stopped, else `end`.
    enum class Stopping : std::uint8_t { at_its_end, not_before };
    virtual Moment run_until(Moment end, Stopping stopping) = 0;

    /// Between two calls of `run_until`, before all events of `now`. Only what `check` allows.
    virtual void act(Moment now, const Action& action) = 0;
    /// Whether it can be done; about numbers of members, not whether it makes sense.
    [[nodiscard]] virtual Outcome<void> check(const Action& action) const = 0;

    /// Nothing more happens by itself that would be worth watching.
    [[nodiscard]] virtual bool has_ended() const = 0;

    [[nodiscard]] virtual std::vector<Point> points(Moment now) const = 0;
    /// What the end of a run is told with.
    [[nodiscard]] virtual std::vector<Point> summary() const = 0;
    [[nodiscard]] virtual std::vector<Verdict> verdicts() const { return {}; }
    [[nodiscard]] virtual std::uint64_t trace_hash() const = 0;
    [[nodiscard]] virtual Film& film() = 0;
};

/// Of whole overlays as many can be added to one run: their world is built with the places.
inline constexpr std::size_t kWorldNewcomersMax = 64;

/// `settings` is copied.
[[nodiscard]] std::unique_ptr<Trial> make_trial(const Settings& settings);

/// Refuses an action that names a member which is not there, or would make more than `members_max`.
[[nodiscard]] Outcome<void> check_members(const Action& action, std::size_t members,
                                          std::size_t members_max);

}  // namespace grapevine::sim::lab
