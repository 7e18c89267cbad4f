#include "cli/trace_tree.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <map>
#include <utility>

#include "cli/json.hpp"

namespace grapevine::cli {

namespace json = boost::json;

namespace {

std::string name_of(const json::value& member) {
    const std::string name = text_at(member, "name");
    return safe_text(name.empty() ? text_at(member, "id") : name);
}

std::optional<std::int64_t> number_if(const json::value& node, std::string_view key) {
    if (value_at(node, key).is_null()) return std::nullopt;
    return number_at(node, key);
}

/// The nodes of an answer and who learned from whom.
struct Family {
    const json::array& nodes;
    std::map<std::string, std::size_t> index{};
    std::vector<std::vector<std::size_t>> children{};

    explicit Family(const json::value& answer) : nodes(items_at(answer, "nodes")) {
        children.resize(nodes.size());
        for (std::size_t place = 0; place < nodes.size(); ++place) {
            index.emplace(text_at(nodes[place], "id"), place);
        }
        for (std::size_t place = 0; place < nodes.size(); ++place) {
            if (const auto parent = parent_of(place)) children[*parent].push_back(place);
        }
    }

    [[nodiscard]] std::optional<std::size_t> parent_of(std::size_t place) const {
        const auto found = index.find(text_at(nodes[place], "from"));
        if (found == index.end() || found->second == place) return std::nullopt;
        return found->second;
    }
};

/// Draws one tree after the other, without recursion: a chain of 20,000 members must not end us.
class Drawer {
public:
    explicit Drawer(const Family& family) : family_(family), is_drawn_(family.nodes.size()) {}

    void draw(std::size_t root) {
        std::vector<Waiting> waiting{{root, "", "", std::nullopt}};
        while (!waiting.empty()) {
            const Waiting next = std::move(waiting.back());
            waiting.pop_back();
            if (is_drawn_[next.place]) continue;
            is_drawn_[next.place] = true;
            const std::size_t line = lines_.size();
            lines_.push_back(line_of(next));
            const auto& children = family_.children[next.place];
            for (std::size_t left = children.size(); left > 0; --left) {
                const bool is_last = left == children.size();
                // Deeper than this nobody follows the strokes, and they would outweigh the names.
                const bool is_deep = next.indent.size() > 60;
                waiting.push_back({children[left - 1], next.indent + (is_last ? "└─ " : "├─ "),
                                   is_deep   ? next.indent
                                   : is_last ? next.indent + "   "
                                             : next.indent + "│  ",
                                   line});
            }
        }
    }
    [[nodiscard]] bool is_drawn(std::size_t place) const { return is_drawn_[place]; }
    [[nodiscard]] std::vector<TraceLine> take() { return std::move(lines_); }

private:
    struct Waiting {
        std::size_t place = 0;
        std::string stem;
        std::string indent;  ///< Of its children.
        std::optional<std::size_t> parent;
    };

    [[nodiscard]] TraceLine line_of(const Waiting& drawn) const {
        const json::value& node = family_.nodes[drawn.place];
        TraceLine line;
        line.name = name_of(node);
        line.stem = drawn.stem;
        line.parent = drawn.parent;
        line.after_us = number_if(node, "after_us");
        line.hop_us = number_if(node, "hop_us");
        line.is_skewed = truth_at(node, "is_skewed");
        line.duplicates = number_at(node, "duplicates");
        line.repair = safe_text(text_at(node, "repair"));
        line.clock = safe_text(text_at(node, "clock"));
        return line;
    }

    const Family& family_;
    std::vector<bool> is_drawn_;
    std::vector<TraceLine> lines_;
};

Style style_of_repair(const std::string& repair) {
    if (repair == "asked") return Style::warning;
    return repair == "frontier" ? Style::bad : Style::plain;
}

/// "silent: delta, 00000000000000ee\n", or nothing for an empty list.
std::string list_line(const json::value& answer, std::string_view key, std::string_view title) {
    std::string line;
    for (const json::value& member : items_at(answer, key)) {
        line += line.empty() ? fmt::format("{}: ", title) : std::string(", ");
        line += name_of(member);
    }
    return line.empty() ? line : line + "\n";
}

std::string headline(const json::value& answer, const std::vector<TraceLine>& lines) {
    std::int64_t last_us = 0;
    for (const TraceLine& line : lines) last_us = std::max(last_us, line.after_us.value_or(0));
    const auto count = [](std::int64_t number, std::string_view what) {
        return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
    };
    return fmt::format("{}: {} within {}, {}, {}\n", safe_text(text_at(answer, "id")),
                       count(static_cast<std::int64_t>(lines.size()), "member"),
                       format_delay(last_us), count(number_at(answer, "duplicates"), "duplicate"),
                       count(number_at(answer, "repairs"), "repair"));
}

}  // namespace

std::string format_delay(std::int64_t microseconds) {
    const double milliseconds = static_cast<double>(microseconds) / 1000;
    if (microseconds > -1'000'000 && microseconds < 1'000'000) {
        return fmt::format("{:.2f} ms", milliseconds);
    }
    return fmt::format("{:.2f} s", milliseconds / 1000);
}

std::vector<TraceLine> trace_lines(const json::value& answer) {
    const Family family(answer);
    Drawer drawer(family);
    for (std::size_t place = 0; place < family.nodes.size(); ++place) {
        if (!family.parent_of(place)) drawer.draw(place);
    }
    for (std::size_t place = 0; place < family.nodes.size(); ++place) {
        if (!drawer.is_drawn(place)) drawer.draw(place);
    }
    return drawer.take();
}

std::string trace_text(const json::value& answer, const Paint& paint) {
    using Align = Table::Align;
    const std::vector<TraceLine> lines = trace_lines(answer);
    Table table({{"MEMBER"},
                 {"AFTER", Align::right},
                 {"HOP", Align::right},
                 {"AGAIN", Align::right},
                 {"REPAIR"},
                 {"CLOCK"}});
    bool has_skew = false;
    const auto delay = [](const std::optional<std::int64_t>& microseconds) {
        return microseconds ? format_delay(*microseconds) : std::string("-");
    };
    for (const TraceLine& line : lines) {
        has_skew |= line.is_skewed;
        table.add({line.stem + line.name, delay(line.after_us),
                   line.is_skewed ? paint(Style::warning, delay(line.hop_us)) : delay(line.hop_us),
                   line.duplicates == 0 ? std::string("-") : std::to_string(line.duplicates),
                   line.repair == "none" ? std::string("-")
                                         : paint(style_of_repair(line.repair), line.repair),
                   line.clock == "agreed" ? std::string("-") : line.clock});
    }
    std::string text = headline(answer, lines);
    if (!lines.empty()) text += "\n" + table.render(paint);
    std::string rest = list_line(answer, "untraced", "without a note");
    rest += list_line(answer, "lacking", "without the event");
    rest += list_line(answer, "silent", "silent");
    if (has_skew) {
        rest += "a hop below zero: the clocks of its ends disagree by more than it took\n";
    }
    return rest.empty() ? text : text + "\n" + rest;
}

}  // namespace grapevine::cli
