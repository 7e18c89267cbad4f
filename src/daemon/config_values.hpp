#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "control/control.hpp"

// How the values of the configuration are written: "5m", "16MiB", "127.0.0.1:9470", a=b. Each
// reader refuses with what is wrong in `message` and what would be right in `cure`; the caller adds
// the place and the key.
namespace grapevine::daemon {

/// A whole number and a unit: ms, s, m, h or d. At most ten years. In milliseconds.
Outcome<std::int64_t> parse_duration_ms(std::string_view text);
/// The shortest exact form: 300000 is "5m", 1500 is "1500ms".
std::string format_duration_ms(std::int64_t milliseconds);

/// A whole number, alone in bytes or with B, KiB, MiB or GiB. At most 2^60.
Outcome<std::uint64_t> parse_size(std::string_view text);
/// The shortest exact form: 16777216 is "16MiB".
std::string format_size(std::uint64_t bytes);

/// Decimal digits only, within the bounds.
Outcome<std::int64_t> parse_integer(std::string_view text, std::int64_t min, std::int64_t max);

/// "rack=r1": split at the first '='.
Outcome<std::pair<std::string, std::string>> parse_label(std::string_view text);

/// "a, b,c" at its commas, without the blanks around the parts. Empty text: no parts.
std::vector<std::string> split_list(std::string_view text);

}  // namespace grapevine::daemon
