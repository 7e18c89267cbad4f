#pragma once

#include <cstdint>
#include <fmt/core.h>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace grapevine::runtime::log {

/// What a line is about, for those who filter.
enum class Level : std::uint8_t {
    debug,  ///< For whoever looks for a fault.
    info,   ///< The life of the daemon: started, joined, member failed.
    warn,   ///< It goes on, but somebody should look.
    error,  ///< Something that was asked for could not be done.
    off,
};

enum class Format : std::uint8_t {
    text,  ///< "2026-11-21T02:30:00.123Z info  overlay: joined with 4 members"
    json,  ///< One object a line: time, level, area, message.
};

/// "debug", "info", "warn", "error", "off"; nothing for another word.
std::optional<Level> parse_level(std::string_view text);
/// "text", "json"; nothing for another word.
std::optional<Format> parse_format(std::string_view text);

/// What is written from now on, and how. At the start: info, text. Any thread.
void configure(Level level, Format format);

/// Lines go here, complete but without their end, and no longer to stderr; an empty function turns
/// them back. For tests. Called under a lock: it must not log.
void redirect(std::function<void(std::string_view line)> sink);

[[nodiscard]] bool is_enabled(Level level);

/// One line to stderr, whole, whichever threads write at once. `area` is the part of the daemon:
/// "overlay", "http". Never for what happens per datagram: that is what counters are for. Line
/// breaks within the message are escaped, so that nobody outside can forge a line.
void write(Level level, std::string_view area, std::string_view message);

// What a disabled level is asked to format is not formatted.

template <typename... Args>
void debug(std::string_view area, fmt::format_string<Args...> text, Args&&... args) {
    if (is_enabled(Level::debug)) {
        write(Level::debug, area, fmt::format(text, std::forward<Args>(args)...));
    }
}

template <typename... Args>
void info(std::string_view area, fmt::format_string<Args...> text, Args&&... args) {
    if (is_enabled(Level::info)) {
        write(Level::info, area, fmt::format(text, std::forward<Args>(args)...));
    }
}

template <typename... Args>
void warn(std::string_view area, fmt::format_string<Args...> text, Args&&... args) {
    if (is_enabled(Level::warn)) {
        write(Level::warn, area, fmt::format(text, std::forward<Args>(args)...));
    }
}

template <typename... Args>
void error(std::string_view area, fmt::format_string<Args...> text, Args&&... args) {
    if (is_enabled(Level::error)) {
        write(Level::error, area, fmt::format(text, std::forward<Args>(args)...));
    }
}

}  // namespace grapevine::runtime::log
