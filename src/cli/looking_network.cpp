#include <algorithm>
#include <boost/json/value.hpp>
#include <fmt/core.h>
#include <ostream>
#include <string_view>
#include <vector>

#include "cli/commands.hpp"
#include "cli/json.hpp"
#include "cli/remote.hpp"

namespace grapevine::cli {

namespace json = boost::json;

namespace {

std::string end_of(const json::value& answer, std::string_view key) {
    const json::value& end = value_at(answer, key);
    const std::string name = text_at(end, "name");
    return safe_text(name.empty() ? text_at(end, "id") : name);
}

/// How far an estimate may be trusted, in words.
std::string describe_error(const json::value& answer) {
    const std::int64_t percent = number_at(answer, "error_percent");
    if (percent >= 100) return "a guess: too few pings so far";
    return fmt::format("give or take {}%", percent);
}

/// With more members than this, only those with trouble have a row and a column.
constexpr std::size_t kMatrixMax = 30;

constexpr std::string_view kLegend =
    "+ both ways   < it hears, and is not answered   > it is heard   ~ through others only\n"
    "x not at all   ? never tried   (a row is what that member sees of the others)\n";

Style style_of_mark(char mark) {
    if (mark == '+') return Style::good;
    if (mark == 'x' || mark == '<' || mark == '>') return Style::bad;
    return mark == '~' ? Style::warning : Style::dim;
}

/// Which members of the list have a mark that is not well, as row or as column, or have not
/// answered.
std::vector<bool> troubled_of(const json::array& members) {
    std::vector<bool> is_troubled(members.size());
    for (std::size_t row = 0; row < members.size(); ++row) {
        const std::string marks = text_at(members[row], "paths");
        if (!truth_at(members[row], "has_answered")) is_troubled[row] = true;
        for (std::size_t column = 0; column < std::min(marks.size(), members.size()); ++column) {
            if (std::string_view("<>~x").find(marks[column]) == std::string_view::npos) continue;
            is_troubled[row] = is_troubled[column] = true;
        }
    }
    return is_troubled;
}

std::string matrix_of(const json::array& members, const std::vector<bool>& is_shown,
                      const Paint& paint) {
    std::vector<Table::Column> columns = {{"#", Table::Align::right}, {"FROM"}};
    for (std::size_t column = 0; column < members.size(); ++column) {
        if (is_shown[column]) {
            columns.push_back({fmt::format("{}", column + 1), Table::Align::right});
        }
    }
    Table table(std::move(columns));
    for (std::size_t row = 0; row < members.size(); ++row) {
        if (!is_shown[row]) continue;
        const std::string marks = text_at(members[row], "paths");
        std::string name = safe_text(text_at(members[row], "name"));
        if (!truth_at(members[row], "has_answered")) name += " (no answer)";
        std::vector<std::string> cells = {fmt::format("{}", row + 1), name};
        for (std::size_t column = 0; column < members.size(); ++column) {
            if (!is_shown[column]) continue;
            const char mark = column < marks.size() ? marks[column] : ' ';
            cells.push_back(paint(style_of_mark(mark), safe_text(std::string(1, mark))));
        }
        table.add(std::move(cells));
    }
    return table.render(paint);
}

}  // namespace

std::string reachability_page(const json::value& answer, const Paint& paint) {
    const json::array& members = items_at(answer, "members");
    const json::array& troubles = items_at(answer, "troubles");
    const std::vector<bool> is_troubled = troubled_of(members);
    const bool is_whole = members.size() <= kMatrixMax;
    std::string page;
    if (is_whole || std::ranges::find(is_troubled, true) != is_troubled.end()) {
        page += matrix_of(members, is_whole ? std::vector<bool>(members.size(), true) : is_troubled,
                          paint);
        page += "\n" + paint(Style::dim, kLegend) + "\n";
    }
    std::size_t answered = 0;
    std::string silent;
    for (const json::value& member : members) {
        if (truth_at(member, "has_answered")) {
            ++answered;
        } else {
            silent += (silent.empty() ? "" : ", ") + safe_text(text_at(member, "name"));
        }
    }
    page += fmt::format("{} of {} members have answered", answered, members.size());
    page += silent.empty() ? std::string("\n") : fmt::format("; not {}\n", silent);
    for (const json::value& trouble : troubles) {
        const bool is_sure = text_at(trouble, "kind") != "doubtful";
        page += paint(is_sure ? Style::bad : Style::warning, safe_text(text_at(trouble, "text"))) +
                "\n";
    }
    if (troubles.empty() && silent.empty()) page += "all of them reach all others\n";
    return page;
}

Attempt<void> show_reachability(const ReachabilityOptions& options, Console& console) {
    Remote remote = GV_TRY(Remote::open(options.connection, console));
    const std::string query = fmt::format("/reachability?age_ms={}",
                                          static_cast<std::int64_t>(options.age_seconds * 1000));
    const json::value answer = GV_TRY(remote.get(GV_TRY(remote.overlay_path(query))));
    console.out << (options.is_json ? pretty(answer)
                                    : reachability_page(answer, console.out_paint()));
    return {};
}

Attempt<void> show_round_trip(const RoundTripOptions& options, Console& console) {
    Remote remote = GV_TRY(Remote::open(options.connection, console));
    std::string query = fmt::format("/rtt?from={}", percent_encoded(options.from));
    if (!options.to.empty()) query += fmt::format("&to={}", percent_encoded(options.to));
    const json::value answer = GV_TRY(remote.get(GV_TRY(remote.overlay_path(query))));
    if (options.is_json) {
        console.out << pretty(answer);
        return {};
    }
    const std::string pair = end_of(answer, "from") + " - " + end_of(answer, "to");
    const bool is_measured = !value_at(answer, "measured_us").is_null();
    const bool is_estimated = !value_at(answer, "estimated_us").is_null();
    if (is_measured) {
        console.out << fmt::format("{}: {}, measured {} ago\n", pair,
                                   format_round_trip(number_at(answer, "measured_us")),
                                   format_age(number_at(answer, "measured_age_ms")));
    }
    if (is_estimated) {
        console.out << fmt::format("{}: {}, estimated ({})\n", pair,
                                   format_round_trip(number_at(answer, "estimated_us")),
                                   describe_error(answer));
    }
    if (is_measured || is_estimated) return {};
    const std::string unknown = list_at(answer, "unknown");
    return fail(ExitCode::failed,
                fmt::format("the round trip {} is not known: no coordinates of {}", pair,
                            safe_text(unknown)),
                "members exchange them with their pings: ask again in a while, or ask one of the "
                "two");
}

}  // namespace grapevine::cli
