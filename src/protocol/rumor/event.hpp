#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"
#include "protocol/rumor/event_key.hpp"
#include "wire/messages.hpp"

namespace grapevine::protocol {

/// An event as subscribers see it. Immutable and shared: store, log and streams hold one copy.
struct Event {
    wire::StreamId stream;
    EventSequence sequence;
    WallTime published_at;
    std::string topic;
    /// As it travels: with the names of those that it depends on in front, if it has any.
    std::shared_ptr<const Bytes> payload;
    /// As in wire::EventFragment.
    bool has_dependencies = false;
    bool is_traced = false;
    /// How far we are from the publisher, on the way on which it came; 0 there, stays at 255.
    std::uint8_t hops = 0;
    /// What subscribers shall see before it, and how many bytes of `payload` say so (causal.hpp).
    std::vector<EventKey> after{};
    std::size_t dependency_bytes = 0;
};
using SharedEvent = std::shared_ptr<const Event>;

/// What an event costs besides its payload and topic: the struct, two control blocks, two tree
/// nodes. Counted, so that a million empty events are not free.
inline constexpr std::size_t kEventOverheadBytes = 256;

/// The payload as it was published.
inline std::shared_ptr<const Bytes> content_of(const Event& event) {
    if (event.dependency_bytes == 0) return event.payload;
    const auto begin = static_cast<std::ptrdiff_t>(event.dependency_bytes);
    return std::make_shared<const Bytes>(event.payload->begin() + begin, event.payload->end());
}

inline std::size_t cost_of(const Event& event) {
    return event.payload->size() + event.topic.size() + kEventOverheadBytes;
}

}  // namespace grapevine::protocol
