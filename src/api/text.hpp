#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"

// Reading of what stands in a request line and its headers. Strict: what two readers could
// understand differently is refused.
namespace grapevine::api {

/// Well-formed UTF-8 as of RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view text);

/// The same text with every ill-formed byte replaced by U+FFFD: for names that come from other
/// members and must be shown, whatever they hold.
[[nodiscard]] std::string to_utf8(std::string_view text);

/// Has a byte below 0x20, or 0x7f.
[[nodiscard]] bool has_control_character(std::string_view text);

enum class Plus : std::uint8_t {
    is_plus,   ///< In paths.
    is_space,  ///< In queries, as forms write it.
};

/// Undoes percent-encoding. A stray or incomplete escape, a control character and ill-formed UTF-8
/// are refused, with `field` named.
[[nodiscard]] Outcome<std::string> percent_decode(std::string_view text, Plus plus,
                                                  std::string_view field);

/// All but unreserved letters (RFC 3986, section 2.3) become %XX.
[[nodiscard]] std::string percent_encode(std::string_view text);

struct Target {
    std::vector<std::string> segments;  ///< Decoded; "/v1/a" is two.
    std::vector<std::pair<std::string, std::string>> query;
};

/// Takes an origin-form target ("/path?query", RFC 9112 section 3.2.1) apart. A fragment, an
/// absolute form, a missing leading slash and more than `kTargetBytesMax` bytes are refused. A key
/// without "=" has the value "". Empty segments stay: they match no route.
[[nodiscard]] Outcome<Target> parse_target(std::string_view target);

/// Decimal digits only, no sign, no leading zero but for "0" itself.
[[nodiscard]] std::optional<std::uint64_t> parse_whole(std::string_view text);

/// Lower case of ASCII letters.
[[nodiscard]] std::string to_lower(std::string_view text);

/// The elements of a comma-separated header value (RFC 9110, section 5.6.1), blanks trimmed, empty
/// ones left out.
[[nodiscard]] std::vector<std::string_view> split_list(std::string_view value);

/// The media type of a content-type or accept element: lower case, without parameters.
[[nodiscard]] std::string media_type(std::string_view value);

/// Where to read a log: "<life>-<offset>". The text itself is opaque to clients.
struct Cursor {
    std::string life;
    std::uint64_t offset = 0;
};

[[nodiscard]] std::string to_string(const Cursor& cursor);
[[nodiscard]] Outcome<Cursor> parse_cursor(std::string_view text, std::string_view field);

}  // namespace grapevine::api
