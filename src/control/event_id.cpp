#include "control/event_id.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/core.h>
#include <limits>
#include <optional>

namespace grapevine::control {
namespace {

/// Takes the part before the next '-' off `text`.
std::string_view take_part(std::string_view& text) {
    const std::size_t end = std::min(text.find('-'), text.size());
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return part;
}

/// A whole number without sign and leading zeros, from `min` to `max`.
std::optional<std::uint64_t> number_of(std::string_view part, std::uint64_t min,
                                       std::uint64_t max) {
    std::uint64_t value = 0;
    const char* const last = part.data() + part.size();
    const auto [end, failure] = std::from_chars(part.data(), last, value);
    if (failure != std::errc() || end != last || value < min || value > max) return std::nullopt;
    if (part.size() > 1 && part.front() == '0') return std::nullopt;
    return value;
}

bool is_member_id(std::string_view part) {
    const auto is_digit = [](char letter) {
        return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'f');
    };
    return part.size() == 16 && std::ranges::all_of(part, is_digit);
}

}  // namespace

std::string format_event_id(const EventId& id) {
    const std::string text = fmt::format("{}-{}-{}", id.publisher, id.epoch, id.sequence);
    return id.channel == 0 ? text : fmt::format("{}-{}", text, id.channel);
}

Outcome<EventId> parse_event_id(std::string_view text, std::string_view field) {
    constexpr std::uint64_t kMax32 = std::numeric_limits<std::uint32_t>::max();
    std::string_view rest = text;
    const std::string_view publisher = take_part(rest);
    const auto epoch = number_of(take_part(rest), 0, kMax32);
    const bool has_channel = rest.find('-') != rest.npos;
    const auto sequence = number_of(take_part(rest), 1, std::numeric_limits<std::uint64_t>::max());
    const auto channel = has_channel ? number_of(rest, 1, kMax32) : std::optional(std::uint64_t{0});
    if (!is_member_id(publisher) || !epoch || !sequence || !channel ||
        (!has_channel && !rest.empty())) {
        return std::unexpected(Refusal{
            Refusal::Code::invalid, fmt::format("\"{}\" is not the id of an event", text),
            "give it as it was printed, such as 0123456789abcdef-1-42", std::string(field)});
    }
    return EventId{std::string(publisher), static_cast<std::uint32_t>(*epoch), *sequence,
                   static_cast<std::uint32_t>(*channel)};
}

}  // namespace grapevine::control
