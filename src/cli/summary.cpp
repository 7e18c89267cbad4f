#include <boost/json/object.hpp>
#include <fmt/core.h>
#include <ostream>

#include "cli/commands.hpp"
#include "cli/json.hpp"
#include "cli/remote.hpp"

// Commands about zones within zones.
namespace grapevine::cli {

namespace json = boost::json;

namespace {

/// Sketches are long, and nobody reads them.
constexpr std::size_t kShownBytesMax = 24;

std::string shown(const std::string& value) {
    const std::string text = safe_text(value);
    if (text.size() <= kShownBytesMax) return text;
    return text.substr(0, text.find(':') < 4 ? text.find(':') + 1 : kShownBytesMax) + "...";
}

std::string attributes_of(const json::value& row) {
    std::string text;
    for (const auto& [key, value] : row.at("attributes").as_object()) {
        if (key == "name" && !text_at(row, "member_name").empty()) continue;
        text += fmt::format("{}{}={}", text.empty() ? "" : " ", safe_text(std::string(key)),
                            shown(std::string(value.as_string())));
    }
    return text;
}

std::string table_of(const json::value& level, const Paint& paint) {
    const std::string zone = text_at(level, "zone");
    std::string page =
        fmt::format("{}, by {}{}\n", zone.empty() ? "the overlay" : safe_text(zone),
                    safe_text(text_at(level, "label")),
                    truth_at(level, "is_spoken_for") ? "; this member speaks here" : "");
    Table table(
        {{""}, {"NAME"}, {"MEMBERS", Table::Align::right}, {"AGE", Table::Align::right}, {"SAYS"}});
    for (const json::value& row : items_at(level, "rows")) {
        const std::string member = text_at(row, "member_name");
        table.add({truth_at(row, "is_own") ? "*" : "",
                   safe_text(member.empty() ? text_at(row, "name") : member),
                   text_at(row, "members"),
                   fmt::format("{:.1f} s", static_cast<double>(number_at(row, "age_ms")) / 1000),
                   attributes_of(row)});
    }
    return page + table.render(paint);
}

Style style_of(const std::string& state) {
    if (state == "failed") return Style::bad;
    return state == "running" ? Style::good : Style::dim;
}

Attempt<json::object> order_of(const SummaryOptions& options) {
    json::object wanted;
    if (options.what == SummaryOptions::What::define) wanted["sql"] = options.text;
    if (options.expires_in_ms) wanted["expires_in_ms"] = *options.expires_in_ms;
    wanted["operator_key"] = GV_TRY(read_operator_secret(options.operator_file));
    return wanted;
}

Attempt<json::value> ask(const SummaryOptions& options, Console& console) {
    using What = SummaryOptions::What;
    const bool is_order = options.what == What::define || options.what == What::remove;
    const json::object order = is_order ? GV_TRY(order_of(options)) : json::object();
    Remote remote = GV_TRY(Remote::open(options.connection, console));
    const std::string path = GV_TRY(remote.overlay_path("/summary"));
    const std::string name = percent_encoded(options.name);
    switch (options.what) {
        case What::show:
            break;
        case What::define:
            return remote.send("PUT", path + "/statements/" + name, order);
        case What::remove:
            return remote.send("DELETE", path + "/statements/" + name, order);
        case What::set:
            return remote.send("PUT", path + "/values/" + name,
                               json::object{{"value", options.text}});
        case What::unset:
            return remote.send_bytes("DELETE", path + "/values/" + name, "", "");
    }
    return remote.get(path);
}

}  // namespace

std::string summary_page(const json::value& answer, const Paint& paint) {
    if (!truth_at(answer, "is_on")) {
        return "this overlay has no summaries; set summary_path, such as \"region/dc\"\n";
    }
    std::string page;
    for (const json::value& level : items_at(answer, "levels")) {
        page += table_of(level, paint) + "\n";
    }
    if (page.empty()) page = "no round has passed yet\n\n";
    Table table({{"STATEMENT"}, {"STATE"}, {"EPOCH", Table::Align::right}, {"SQL"}});
    for (const json::value& statement : items_at(answer, "statements")) {
        const std::string state = text_at(statement, "state");
        const std::string error = text_at(statement, "error");
        table.add({safe_text(text_at(statement, "name")),
                   paint(style_of(state), error.empty() ? state : state + ": " + safe_text(error)),
                   text_at(statement, "epoch"), safe_text(text_at(statement, "sql"))});
    }
    return page + table.render(paint);
}

Attempt<void> summary(const SummaryOptions& options, Console& console) {
    const json::value answer = GV_TRY(ask(options, console));
    console.out << (options.is_json ? pretty(answer) : summary_page(answer, console.out_paint()));
    return {};
}

}  // namespace grapevine::cli
