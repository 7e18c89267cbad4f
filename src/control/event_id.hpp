#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace grapevine::control {

/// Names an event, everywhere and for ever: "publisher-epoch-sequence", with "-channel" behind it
/// if that is not 0.
struct EventId {
    std::string publisher;  ///< Member id, 16 hexadecimal digits.
    std::uint32_t epoch = 0;
    std::uint64_t sequence = 0;
    std::uint32_t channel = 0;
    friend auto operator<=>(const EventId&, const EventId&) = default;
};

std::string format_event_id(const EventId& id);

/// Refuses what `format_event_id` does not make; `field` is named in the refusal.
Outcome<EventId> parse_event_id(std::string_view text, std::string_view field);

}  // namespace grapevine::control
