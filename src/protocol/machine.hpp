#pragma once

#include <concepts>
#include <optional>

#include "base/time.hpp"

namespace grapevine::protocol {

/// The contract of everything in `protocol/` and `overlay/`. A machine owns no socket, file, thread
/// or clock. Its driver (the runtime, the simulator, a test) turns this wheel, forever:
///
///     one input  ->  poll until empty  ->  sleep until deadline()  ->  one input  -> ...
///
/// One input is one call of `handle(now, ...)` or `advance(now)`. Two inputs without draining in
/// between is a bug of the driver. Draining twice is harmless.
///
/// Same seed, same inputs, same instants: same actions, byte for byte, on every machine.
template <typename M>
concept Machine = requires(M machine, const M& view, Instant now) {
    typename M::Action;

    /// Fires every timer due at or before `now`. Early or repeated calls do nothing.
    { machine.advance(now) } -> std::same_as<void>;

    /// The next thing the driver must do, in order; nothing when drained.
    { machine.poll() } -> std::same_as<std::optional<typename M::Action>>;

    /// When to call `advance` at the latest. Any input may move it; `kNever` if no timer runs.
    { view.deadline() } -> std::same_as<Instant>;
};

}  // namespace grapevine::protocol
