#include "daemon/config_values.hpp"

#include <array>
#include <charconv>
#include <fmt/core.h>

#include "daemon/overlay_spec.hpp"

namespace grapevine::daemon {

namespace {

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};
// Largest first: formatting takes the first that divides.
constexpr std::array<Unit, 5> kDurationUnits = {
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};
constexpr std::array<Unit, 4> kSizeUnits = {
    {{"GiB", 1ULL << 30U}, {"MiB", 1ULL << 20U}, {"KiB", 1ULL << 10U}, {"B", 1}}};

constexpr std::uint64_t kDurationMaxMs = 3650ULL * 86'400'000;
constexpr std::uint64_t kSizeMax = 1ULL << 60U;

std::unexpected<Refusal> no(std::string message, std::string_view cure) {
    return std::unexpected(
        Refusal{Refusal::Code::invalid, std::move(message), std::string(cure), {}});
}

Outcome<std::uint64_t> parse_quantity(std::string_view text, std::span<const Unit> units,
                                      std::uint64_t max, std::string_view what,
                                      std::string_view cure) {
    std::uint64_t count = 0;
    const char* const last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), last, count, 10);
    if (error == std::errc::result_out_of_range) {
        return no(fmt::format("'{}' is too large", printable(text)), cure);
    }
    if (error != std::errc() || end == text.data()) {
        return no(fmt::format("'{}' is not a {}", printable(text), what), cure);
    }
    const std::string_view unit_name(end, static_cast<std::size_t>(last - end));
    for (const Unit& unit : units) {
        if (unit.name != unit_name) continue;
        if (count > max / unit.factor) {
            return no(fmt::format("'{}' is too large", printable(text)), cure);
        }
        return count * unit.factor;
    }
    if (unit_name.empty()) {
        return no(fmt::format("'{}' has no unit", printable(text)), cure);
    }
    return no(fmt::format("'{}' has the unknown unit '{}'", printable(text), printable(unit_name)),
              cure);
}

std::string format_quantity(std::uint64_t value, std::span<const Unit> units) {
    for (const Unit& unit : units) {
        if (value != 0 && value % unit.factor != 0) continue;
        return fmt::format("{}{}", value / unit.factor, unit.name);
    }
    return fmt::format("{}", value);
}

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

Outcome<std::int64_t> parse_duration_ms(std::string_view text) {
    const auto value =
        GV_TRY(parse_quantity(text, kDurationUnits, kDurationMaxMs, "duration",
                              "write a whole number and ms, s, m, h or d, such as 30s or 5m"));
    return static_cast<std::int64_t>(value);
}

std::string format_duration_ms(std::int64_t milliseconds) {
    if (milliseconds == 0) return "0s";
    return format_quantity(static_cast<std::uint64_t>(milliseconds), kDurationUnits);
}

Outcome<std::uint64_t> parse_size(std::string_view text) {
    const std::string_view cure =
        "write a whole number of bytes, or one with KiB, MiB or GiB, such as 16MiB";
    if (!text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos) {
        return parse_quantity(std::string(text) + "B", kSizeUnits, kSizeMax, "size", cure);
    }
    return parse_quantity(text, kSizeUnits, kSizeMax, "size", cure);
}

std::string format_size(std::uint64_t bytes) {
    if (bytes == 0) return "0B";
    return format_quantity(bytes, kSizeUnits);
}

Outcome<std::int64_t> parse_integer(std::string_view text, std::int64_t min, std::int64_t max) {
    const std::string cure = fmt::format("write a whole number from {} to {}", min, max);
    std::int64_t value = 0;
    const char* const last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), last, value, 10);
    if (error == std::errc::result_out_of_range && end == last) {
        return no(fmt::format("{} is out of range", printable(text)), cure);
    }
    if (error != std::errc() || end != last) {
        return no(fmt::format("'{}' is not a whole number", printable(text)), cure);
    }
    if (value < min || value > max) {
        return no(fmt::format("{} is out of range", value), cure);
    }
    return value;
}

Outcome<std::pair<std::string, std::string>> parse_label(std::string_view text) {
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) {
        return no(fmt::format("'{}' is not a label", printable(text)),
                  "write KEY=VALUE, such as rack=r1");
    }
    return std::pair(std::string(trimmed(text.substr(0, equals))),
                     std::string(trimmed(text.substr(equals + 1))));
}

std::vector<std::string> split_list(std::string_view text) {
    std::vector<std::string> parts;
    if (trimmed(text).empty()) return parts;
    for (std::size_t start = 0;;) {
        const std::size_t comma = text.find(',', start);
        parts.emplace_back(trimmed(text.substr(start, comma - start)));
        if (comma == std::string_view::npos) return parts;
        start = comma + 1;
    }
}

}  // namespace grapevine::daemon
