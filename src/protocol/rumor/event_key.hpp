#pragma once

#include "base/ids.hpp"
#include "wire/messages.hpp"

namespace grapevine::protocol {

/// Names one event.
struct EventKey {
    wire::StreamId stream;
    EventSequence sequence;
    friend auto operator<=>(const EventKey&, const EventKey&) = default;
};

}  // namespace grapevine::protocol
