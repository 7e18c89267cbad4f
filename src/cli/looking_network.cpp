#include <boost/json/value.hpp>
#include <fmt/core.h>
#include <ostream>

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

}  // namespace

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
