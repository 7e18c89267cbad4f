#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "sim/moment.hpp"

namespace grapevine::sim::lab {

/// Something that is done to the members of a run by whoever watches it. As a text:
///
///     rumor:5             member 5 says something new
///     kill:3  restart:3   silence, without a goodbye; back with an empty memory
///     partition:0-9,12    these on one side, all others on the other; heal ends it
///     heal                what was cut and clogged flows again
///     clog:1:2:2000       what 1 sends to 2 is held for 2,000 ms, and then arrives at once
///     add:10              so many new members
struct Action {
    enum class Do : std::uint8_t { rumor, kill, restart, partition, heal, clog, add };

    Do what = Do::heal;
    HostIndex member = 0;  ///< Whom; of a clog: from whom.
    HostIndex to = 0;
    std::int64_t for_ms = 0;
    std::uint32_t count = 0;
    std::vector<HostIndex> members{};  ///< Rising, each once.

    friend bool operator==(const Action&, const Action&) = default;
};

/// An action and the simulated millisecond before whose events it happens: "1200:kill:3".
struct TimedAction {
    std::int64_t at_ms = 0;
    Action action;
    friend bool operator==(const TimedAction&, const TimedAction&) = default;
};

inline constexpr std::string_view kActionNames[] = {"rumor", "kill", "restart", "partition",
                                                    "heal",  "clog", "add"};
inline std::string_view name_of(Action::Do what) {
    return kActionNames[static_cast<std::size_t>(what)];
}

/// Members are checked by the run: only it knows how many there are.
[[nodiscard]] Outcome<Action> parse_action(std::string_view text);
[[nodiscard]] Outcome<TimedAction> parse_timed_action(std::string_view text);
/// What `parse_action` reads as the same, as short as can be.
[[nodiscard]] std::string to_string(const Action& action);
[[nodiscard]] std::string to_string(const TimedAction& timed);

/// No clog is longer than an hour.
inline constexpr std::int64_t kClogMsMax = 3'600'000;
/// The longest duration that a run may have, and so the last moment of an action.
inline constexpr std::int64_t kRunMsMax = 3'600'000;

}  // namespace grapevine::sim::lab
