#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "base/error.hpp"

// The lab as the outside sees it: runs of the simulator in the daemon's process, which somebody
// watches. docs/lab.md says what links, actions and messages mean.
namespace grapevine::control {

/// Begins a run, in place of the one that there is. It waits at its beginning.
struct LabStart {
    std::string link;
};
/// Simulated time per real time.
struct LabPlay {
    double speed = 1;
};
struct LabPause {};
/// One interval of simulated time, then pause.
struct LabStep {};
/// What is done to the members now: an action without its moment, "kill:3".
struct LabAct {
    std::string action;
};
/// Begins anew with the actions that were recorded, and goes to that moment at once.
struct LabSeek {
    std::int64_t at_ms = 0;
};
using LabCommand = std::variant<LabStart, LabPlay, LabPause, LabStep, LabAct, LabSeek>;

/// One object of JSON for whoever watches, or why a command was not obeyed; the run is then as it
/// was.
using LabMessage = Outcome<std::string>;
using LabTaker = std::function<void(LabMessage)>;

/// A place for one run, from `Lab::open` until it is destroyed. On the thread of the API.
class LabDesk {
public:
    virtual ~LabDesk() = default;
    /// Obeyed in order. What comes of it is told to the taker, later.
    virtual void submit(LabCommand command) = 0;
    /// There is room for one more frame. Without it frames are merged and none is told; the first
    /// one is.
    virtual void ready() = 0;
};

class Lab {
public:
    virtual ~Lab() = default;
    /// What can be tried, as one object of JSON.
    [[nodiscard]] virtual std::string catalogue() const = 0;
    /// A place for a run, and whom to tell of it, never from within this call; at most kLabRunsMax.
    /// When the place is destroyed nobody is told any more, and the run ends.
    [[nodiscard]] virtual Outcome<std::unique_ptr<LabDesk>> open(LabTaker take) = 0;
};

}  // namespace grapevine::control
