#pragma once

#include <algorithm>
#include <cassert>

#include "base/time.hpp"

namespace grapevine::client {

/// `from + by`, and `kNever` where the sum would be beyond it: the old settings may say any number
/// of seconds. `by` is not negative.
inline Instant later(Instant from, Duration by) {
    assert(by >= Duration::zero());
    return by >= kNever - std::max(from, Instant{}) ? kNever : from + by;
}

}  // namespace grapevine::client
