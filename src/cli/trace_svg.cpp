#include <algorithm>
#include <cmath>
#include <fmt/core.h>
#include <iterator>

#include "cli/json.hpp"
#include "cli/trace_tree.hpp"

// The picture of a trace. Nothing but lines, circles and text, so that every browser and every
// editor of pictures shows it.
namespace grapevine::cli {

namespace json = boost::json;

namespace {

constexpr double kRow = 22;     ///< Height of one member.
constexpr double kTop = 64;     ///< Headline and axis.
constexpr double kLeft = 24;    ///< Where time is 0.
constexpr double kPlot = 640;   ///< Width of the time axis.
constexpr double kNames = 260;  ///< Room for names behind it.
constexpr double kPixelsPerName = 7;

std::string escaped(std::string_view text) {
    std::string safe;
    for (const char letter : text) {
        switch (letter) {
            case '&':
                safe += "&amp;";
                break;
            case '<':
                safe += "&lt;";
                break;
            case '>':
                safe += "&gt;";
                break;
            case '"':
                safe += "&quot;";
                break;
            default:
                safe += letter;
        }
    }
    return safe;
}

/// Distinguishable without red and green.
std::string_view colour_of(const std::string& repair) {
    if (repair == "asked") return "#e69f00";
    return repair == "frontier" ? "#d55e00" : "#0072b2";
}

/// 1, 2 or 5 times a power of ten, so that some five of them make the whole.
double step_of(double whole_us) {
    const double rough = std::max(whole_us / 5, 1.0);
    const double power = std::pow(10, std::floor(std::log10(rough)));
    for (const double factor : {1.0, 2.0, 5.0}) {
        if (factor * power >= rough) return factor * power;
    }
    return 10 * power;
}

class Picture {
public:
    Picture(const json::value& answer, std::vector<TraceLine> lines)
        : answer_(answer), lines_(std::move(lines)) {
        for (const TraceLine& line : lines_) {
            first_us_ = std::min(first_us_, static_cast<double>(line.after_us.value_or(0)));
            last_us_ = std::max(last_us_, static_cast<double>(line.after_us.value_or(0)));
        }
    }

    [[nodiscard]] std::string draw() {
        const double height = kTop + kRow * static_cast<double>(lines_.size()) + 40;
        put(R"(<svg xmlns="http://www.w3.org/2000/svg" width="{0:.0f}" height="{1:.0f}" )"
            R"(viewBox="0 0 {0:.0f} {1:.0f}" font-family="sans-serif" font-size="12">)"
            "\n",
            kLeft + kPlot + kNames, height);
        put("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
        put("<text x=\"{:.0f}\" y=\"20\" font-size=\"14\">{}</text>\n", kLeft,
            escaped(text_at(answer_, "id")));
        draw_axis(height);
        for (std::size_t row = 0; row < lines_.size(); ++row) draw_edge(row);
        for (std::size_t row = 0; row < lines_.size(); ++row) draw_member(row);
        draw_legend(height);
        out_ += "</svg>\n";
        return std::move(out_);
    }

private:
    template <typename... Values>
    void put(fmt::format_string<Values...> format, Values&&... values) {
        // Not format_to: clang asks Debian's libfmt for it by another name than g++ gave it.
        out_ += fmt::format(format, std::forward<Values>(values)...);
    }

    [[nodiscard]] double x_of(std::int64_t after_us) const {
        const double whole = std::max(last_us_ - first_us_, 1.0);
        return kLeft + (static_cast<double>(after_us) - first_us_) / whole * kPlot;
    }
    [[nodiscard]] double x_of_row(std::size_t row) const {
        return x_of(lines_[row].after_us.value_or(0));
    }
    static double y_of(std::size_t row) { return kTop + kRow * (static_cast<double>(row) + 0.5); }

    void draw_axis(double height) {
        const double step = step_of(last_us_ - first_us_);
        for (double tick = std::ceil(first_us_ / step) * step; tick <= last_us_; tick += step) {
            const double x = x_of(static_cast<std::int64_t>(tick));
            put(R"(<line x1="{0:.1f}" y1="{1:.0f}" x2="{0:.1f}" y2="{2:.0f}" stroke="#dddddd"/>)"
                "\n",
                x, kTop - 8, height - 36);
            put(R"(<text x="{:.1f}" y="{:.0f}" fill="#666666" text-anchor="middle">{}</text>)"
                "\n",
                x, kTop - 14, format_delay(static_cast<std::int64_t>(tick)));
        }
    }

    void draw_edge(std::size_t row) {
        const TraceLine& line = lines_[row];
        if (!line.parent) return;
        const double x = x_of_row(*line.parent);
        // Down along the parent's time, then across to the child's: the way the news took.
        put(R"(<path d="M {:.1f} {:.1f} V {:.1f} H {:.1f}" fill="none" stroke="{}" )"
            R"(stroke-width="1.5"{}/>)"
            "\n",
            x, y_of(*line.parent), y_of(row), x_of_row(row), colour_of(line.repair),
            line.is_skewed ? " stroke-dasharray=\"4 3\"" : "");
    }

    void draw_member(std::size_t row) {
        const TraceLine& line = lines_[row];
        const double x = x_of_row(row);
        put(R"(<circle cx="{:.1f}" cy="{:.1f}" r="4" fill="{}"/>)"
            "\n",
            x, y_of(row), colour_of(line.repair));
        std::string text = line.name;
        if (line.after_us) text += "  " + format_delay(*line.after_us);
        if (line.duplicates > 0) text += fmt::format("  (+{} again)", line.duplicates);
        put(R"(<text x="{:.1f}" y="{:.1f}">{}</text>)"
            "\n",
            std::min(x + 9,
                     kLeft + kPlot + kNames - kPixelsPerName * static_cast<double>(width_of(text))),
            y_of(row) + 4, escaped(text));
    }

    void draw_legend(double height) {
        double x = kLeft;
        const auto entry = [&](const std::string& repair, std::string_view text) {
            put(R"(<circle cx="{:.0f}" cy="{:.0f}" r="4" fill="{}"/>)", x, height - 18,
                colour_of(repair));
            put("<text x=\"{:.0f}\" y=\"{:.0f}\">{}</text>\n", x + 9, height - 14, text);
            x += 40 + kPixelsPerName * static_cast<double>(text.size());
        };
        entry("none", "came unasked");
        entry("asked", "asked for: missed");
        entry("frontier", "asked for: announced");
        put("<text x=\"{:.0f}\" y=\"{:.0f}\" fill=\"#666666\">{} duplicates, {} silent</text>\n", x,
            height - 14, number_at(answer_, "duplicates"), items_at(answer_, "silent").size());
    }

    const json::value& answer_;
    std::vector<TraceLine> lines_;
    double first_us_ = 0;
    double last_us_ = 0;
    std::string out_;
};

}  // namespace

std::string trace_svg(const json::value& answer) {
    return Picture(answer, trace_lines(answer)).draw();
}

}  // namespace grapevine::cli
