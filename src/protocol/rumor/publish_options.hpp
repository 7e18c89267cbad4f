#pragma once

#include <vector>

#include "protocol/rumor/event_key.hpp"

namespace grapevine::protocol {

/// How an event is to be published, beyond topic and payload.
struct PublishOptions {
    /// Members keep a note of how they learned of it (traces.hpp).
    bool is_traced = false;
    /// Events that subscribers shall see before this one, at most kDependenciesMax (causal.hpp).
    std::vector<EventKey> after{};
};

}  // namespace grapevine::protocol
