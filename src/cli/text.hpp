#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// How things look on a terminal.
namespace grapevine::cli {

/// Fit for a terminal, whoever wrote it: control characters become \xNN (a line feed too), UTF-8
/// stays. Names and payloads of other members must not move the cursor of ours.
std::string safe_text(std::string_view text);

/// "820 ms", "4.2 s", "12 min", "3 h", "5 d".
std::string format_age(std::int64_t milliseconds);

/// "240 us", "4.2 ms", "181 ms".
std::string format_round_trip(std::int64_t microseconds);

/// "812 B", "4.2 kB", "11.3 MB".
std::string format_bytes(std::uint64_t bytes);

/// "2026-01-31 23:59:01.123" in the time zone of the user.
std::string format_wall_time(std::int64_t unix_ms);

/// How many columns it takes: one per character, escape sequences none. Wide characters are not
/// known about: names of members are ASCII.
std::size_t width_of(std::string_view text);

enum class Style : std::uint8_t { plain, good, warning, bad, dim, strong };

/// Colours by ANSI escapes, or nothing at all.
class Paint {
public:
    explicit Paint(bool is_on) : is_on_(is_on) {}
    [[nodiscard]] std::string operator()(Style style, std::string_view text) const;

private:
    bool is_on_;
};

/// alive, suspect, dead or left as people expect them to look.
Style style_of_status(std::string_view status);

/// Columns as wide as their widest cell, two blanks between, none at the end of a line.
class Table {
public:
    enum class Align : std::uint8_t { left, right };
    struct Column {
        std::string title;
        Align align = Align::left;
    };

    explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

    /// As many cells as there are columns.
    void add(std::vector<std::string> cells);
    [[nodiscard]] std::string render(const Paint& paint) const;

private:
    std::vector<Column> columns_;
    std::vector<std::vector<std::string>> rows_;
};

}  // namespace grapevine::cli
