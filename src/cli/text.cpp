#include "cli/text.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <ctime>
#include <fmt/core.h>

namespace grapevine::cli {

std::string safe_text(std::string_view text) {
    std::string result;
    for (std::size_t index = 0; index < text.size(); ++index) {
        const auto byte = static_cast<unsigned char>(text[index]);
        // U+0080 to U+009F are control characters too: some terminals obey them.
        const bool is_c1 = byte == 0xc2 && index + 1 < text.size() &&
                           static_cast<unsigned char>(text[index + 1]) < 0xa0;
        if (byte < 0x20 || byte == 0x7f || is_c1) {
            result += fmt::format("\\x{:02x}", byte);
        } else {
            result += text[index];
        }
    }
    return result;
}

std::string format_age(std::int64_t milliseconds) {
    if (milliseconds < 1000) return fmt::format("{} ms", milliseconds);
    const double seconds = static_cast<double>(milliseconds) / 1000;
    if (seconds < 10) return fmt::format("{:.1f} s", seconds);
    if (seconds < 100) return fmt::format("{} s", milliseconds / 1000);
    if (seconds < 100 * 60) return fmt::format("{} min", milliseconds / 60'000);
    if (seconds < 48 * 3600) return fmt::format("{} h", milliseconds / 3'600'000);
    return fmt::format("{} d", milliseconds / 86'400'000);
}

std::string format_round_trip(std::int64_t microseconds) {
    if (microseconds < 1000) return fmt::format("{} us", microseconds);
    const double milliseconds = static_cast<double>(microseconds) / 1000;
    return milliseconds < 100 ? fmt::format("{:.1f} ms", milliseconds)
                              : fmt::format("{:.0f} ms", milliseconds);
}

std::string format_bytes(std::uint64_t bytes) {
    if (bytes < 1000) return fmt::format("{} B", bytes);
    constexpr std::array<std::string_view, 4> kUnits = {"kB", "MB", "GB", "TB"};
    double value = static_cast<double>(bytes) / 1000;
    std::size_t unit = 0;
    while (value >= 1000 && unit + 1 < kUnits.size()) {
        value /= 1000;
        ++unit;
    }
    return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string format_wall_time(std::int64_t unix_ms) {
    const std::time_t seconds = static_cast<std::time_t>(unix_ms / 1000);
    std::tm parts{};
    ::localtime_r(&seconds, &parts);
    return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:03}", parts.tm_year + 1900,
                       parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                       unix_ms % 1000);
}

std::size_t width_of(std::string_view text) {
    std::size_t width = 0;
    bool is_escape = false;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (is_escape) {
            is_escape = c != 'm';
        } else if (c == '\x1b') {
            is_escape = true;
        } else if ((byte & 0xc0U) != 0x80) {
            ++width;
        }
    }
    return width;
}

std::string Paint::operator()(Style style, std::string_view text) const {
    if (!is_on_ || style == Style::plain) return std::string(text);
    std::string_view code;
    switch (style) {
        case Style::plain:
            break;
        case Style::good:
            code = "32";
            break;
        case Style::warning:
            code = "33";
            break;
        case Style::bad:
            code = "31";
            break;
        case Style::dim:
            code = "2";
            break;
        case Style::strong:
            code = "1";
            break;
    }
    return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

Style style_of_status(std::string_view status) {
    if (status == "alive") return Style::good;
    if (status == "suspect") return Style::warning;
    if (status == "dead") return Style::bad;
    return Style::dim;
}

void Table::add(std::vector<std::string> cells) {
    assert(cells.size() == columns_.size());
    rows_.push_back(std::move(cells));
}

std::string Table::render(const Paint& paint) const {
    std::vector<std::size_t> widths;
    for (std::size_t column = 0; column < columns_.size(); ++column) {
        std::size_t width = width_of(columns_[column].title);
        for (const auto& row : rows_) width = std::max(width, width_of(row[column]));
        widths.push_back(width);
    }
    std::string text;
    const auto line = [&](const std::vector<std::string>& cells) {
        std::string result;
        for (std::size_t column = 0; column < cells.size(); ++column) {
            const std::string padding(widths[column] - width_of(cells[column]), ' ');
            if (column > 0) result += "  ";
            result += columns_[column].align == Align::right ? padding + cells[column]
                                                             : cells[column] + padding;
        }
        result.erase(result.find_last_not_of(' ') + 1);
        text += result + "\n";
    };
    std::vector<std::string> titles;
    for (const Column& column : columns_) titles.push_back(paint(Style::dim, column.title));
    line(titles);
    for (const auto& row : rows_) line(row);
    return text;
}

}  // namespace grapevine::cli
