#include "api/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/core.h>

#include "base/limits.hpp"

namespace grapevine::api {
namespace {

Refusal invalid(std::string_view field, std::string message, std::string cure) {
    return {Refusal::Code::invalid, std::move(message), std::move(cure), std::string(field)};
}

/// How many bytes the well-formed sequence at the start of `text` has; 0 if there is none. The
/// bounds of the second byte are table 3-7 of the Unicode standard.
std::size_t sequence_bytes(std::string_view text) {
    const auto byte = [&](std::size_t index) { return static_cast<std::uint8_t>(text[index]); };
    const std::uint8_t first = byte(0);
    if (first < 0x80) return 1;
    std::size_t count = 0;
    std::uint8_t low = 0x80;
    std::uint8_t high = 0xbf;
    if (first >= 0xc2 && first <= 0xdf) {
        count = 2;
    } else if (first >= 0xe0 && first <= 0xef) {
        count = 3;
        if (first == 0xe0) low = 0xa0;
        if (first == 0xed) high = 0x9f;
    } else if (first >= 0xf0 && first <= 0xf4) {
        count = 4;
        if (first == 0xf0) low = 0x90;
        if (first == 0xf4) high = 0x8f;
    } else {
        return 0;
    }
    if (text.size() < count || byte(1) < low || byte(1) > high) return 0;
    for (std::size_t index = 2; index < count; ++index) {
        if (byte(index) < 0x80 || byte(index) > 0xbf) return 0;
    }
    return count;
}

int hex_digit(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
    return -1;
}

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

Outcome<void> parse_query(std::string_view text, Target& target) {
    while (!text.empty()) {
        const std::string_view pair = text.substr(0, text.find('&'));
        text.remove_prefix(std::min(text.size(), pair.size() + 1));
        if (pair.empty()) continue;
        const std::size_t equals = std::min(pair.find('='), pair.size());
        std::string key = GV_TRY(percent_decode(pair.substr(0, equals), Plus::is_space, "query"));
        const std::string_view raw = pair.substr(std::min(pair.size(), equals + 1));
        std::string value = GV_TRY(percent_decode(raw, Plus::is_space, key));
        target.query.emplace_back(std::move(key), std::move(value));
    }
    return {};
}

}  // namespace

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const std::size_t count = sequence_bytes(text);
        if (count == 0) return false;
        text.remove_prefix(count);
    }
    return true;
}

std::string to_utf8(std::string_view text) {
    std::string clean;
    clean.reserve(text.size());
    while (!text.empty()) {
        const std::size_t count = sequence_bytes(text);
        clean += count == 0 ? std::string_view("\xef\xbf\xbd") : text.substr(0, count);
        text.remove_prefix(std::max<std::size_t>(1, count));
    }
    return clean;
}

bool has_control_character(std::string_view text) {
    return std::ranges::any_of(
        text, [](char letter) { return (letter >= 0 && letter < 0x20) || letter == 0x7f; });
}

Outcome<std::string> percent_decode(std::string_view text, Plus plus, std::string_view field) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t index = 0; index < text.size(); ++index) {
        if (text[index] == '+' && plus == Plus::is_space) {
            decoded += ' ';
            continue;
        }
        if (text[index] != '%') {
            decoded += text[index];
            continue;
        }
        const int high = index + 1 < text.size() ? hex_digit(text[index + 1]) : -1;
        const int low = index + 2 < text.size() ? hex_digit(text[index + 2]) : -1;
        if (high < 0 || low < 0) {
            return std::unexpected(
                invalid(field, fmt::format("a % without two hexadecimal digits at byte {}", index),
                        "write a literal % as %25"));
        }
        decoded += static_cast<char>(high << 4 | low);
        index += 2;
    }
    if (!is_utf8(decoded)) {
        return std::unexpected(
            invalid(field, "not valid UTF-8", "encode text as UTF-8, then percent-encode it"));
    }
    if (has_control_character(decoded)) {
        return std::unexpected(
            invalid(field, "has a control character", "remove the control character"));
    }
    return decoded;
}

std::string percent_encode(std::string_view text) {
    std::string encoded;
    for (const char letter : text) {
        const bool is_plain = (letter >= 'a' && letter <= 'z') ||
                              (letter >= 'A' && letter <= 'Z') ||
                              (letter >= '0' && letter <= '9') || letter == '-' || letter == '.' ||
                              letter == '_' || letter == '~';
        if (is_plain) {
            encoded += letter;
        } else {
            encoded += fmt::format("%{:02X}", static_cast<unsigned char>(letter));
        }
    }
    return encoded;
}

Outcome<Target> parse_target(std::string_view text) {
    if (text.size() > kTargetBytesMax) {
        return std::unexpected(
            Refusal{Refusal::Code::over_limit,
                    fmt::format("the request target has {} bytes, and at most {} are taken",
                                text.size(), kTargetBytesMax),
                    "shorten the path or the query", "target"});
    }
    if (!text.starts_with('/')) {
        return std::unexpected(invalid("target", "the request target is not an absolute path",
                                       "begin it with a slash: /v1/info"));
    }
    if (text.find('#') != std::string_view::npos) {
        return std::unexpected(
            invalid("target", "the request target has a fragment", "write a literal # as %23"));
    }
    Target target;
    const std::size_t question = std::min(text.find('?'), text.size());
    std::string_view path = text.substr(1, question - 1);
    for (;;) {
        const std::string_view segment = path.substr(0, path.find('/'));
        target.segments.push_back(GV_TRY(percent_decode(segment, Plus::is_plus, "path")));
        if (segment.size() == path.size()) break;
        path.remove_prefix(segment.size() + 1);
    }
    GV_TRY_VOID(parse_query(text.substr(std::min(text.size(), question + 1)), target));
    return target;
}

std::optional<std::uint64_t> parse_whole(std::string_view text) {
    if (text.size() > 1 && text.front() == '0') return std::nullopt;
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || stop != end) return std::nullopt;
    return value;
}

std::string to_lower(std::string_view text) {
    std::string lower(text);
    for (char& letter : lower) {
        if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
    }
    return lower;
}

std::vector<std::string_view> split_list(std::string_view value) {
    std::vector<std::string_view> elements;
    while (!value.empty()) {
        const std::string_view element = value.substr(0, value.find(','));
        value.remove_prefix(std::min(value.size(), element.size() + 1));
        if (const std::string_view trimmed = trim(element); !trimmed.empty()) {
            elements.push_back(trimmed);
        }
    }
    return elements;
}

std::string media_type(std::string_view value) {
    return to_lower(trim(value.substr(0, value.find(';'))));
}

std::string to_string(const Cursor& cursor) {
    return fmt::format("{}-{}", cursor.life, cursor.offset);
}

Outcome<Cursor> parse_cursor(std::string_view text, std::string_view field) {
    const std::size_t dash = text.rfind('-');
    const auto offset =
        dash == std::string_view::npos ? std::nullopt : parse_whole(text.substr(dash + 1));
    if (!offset || dash == 0) {
        return std::unexpected(invalid(field, "not a cursor",
                                       "give back a cursor as you got it, or leave it out and say "
                                       "from=oldest or from=now"));
    }
    return Cursor{std::string(text.substr(0, dash)), *offset};
}

}  // namespace grapevine::api
