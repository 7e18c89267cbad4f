#pragma once

#include "control/control.hpp"
#include "protocol/membership/membership.hpp"
#include "protocol/query/gather.hpp"

namespace grapevine::daemon {

/// The matrix that users see, out of what the members have answered. An answer that cannot be read
/// counts as none.
control::ReachabilityView reachability_view(const protocol::Gather::Gathered& gathered,
                                            const protocol::Membership& membership);

}  // namespace grapevine::daemon
