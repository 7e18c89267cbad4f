#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <fmt/core.h>
#include <ostream>
#include <thread>

#include "cli/commands.hpp"
#include "cli/event_lines.hpp"
#include "cli/json.hpp"
#include "cli/remote.hpp"

namespace grapevine::cli {

namespace json = boost::json;

namespace {

/// A stream sends something every 15 s; after two of these it is dead, whatever TCP believes.
constexpr Duration kSilenceMax = std::chrono::seconds(35);
constexpr std::chrono::milliseconds kRetryPause(1000);

/// A cell as a text: numbers as JSON has them, NULL empty.
std::string cell_text(const json::value& cell) {
    if (const json::string* text = cell.if_string()) return {text->data(), text->size()};
    if (const double* number = cell.if_double()) return fmt::format("{}", *number);
    return cell.is_null() ? std::string() : json::serialize(cell);
}

bool is_numeric(const json::array& rows, std::size_t column) {
    bool has_number = false;
    for (const json::value& row : rows) {
        if (!row.is_array() || row.get_array().size() <= column) return false;
        const json::value& cell = row.get_array()[column];
        if (!cell.is_number() && !cell.is_null()) return false;
        has_number = has_number || cell.is_number();
    }
    return has_number;
}

/// "3 rows, of 2 ms ago; the oldest value came 4.2 s before", and what was cut.
std::string remark_of(const json::value& answer) {
    const std::size_t count = items_at(answer, "rows").size();
    std::string remark = fmt::format("{} row{}, of {} ago", count, count == 1 ? "" : "s",
                                     format_age(number_at(answer, "age_ms")));
    if (!value_at(answer, "oldest_ms").is_null()) {
        remark += fmt::format("; its oldest value was {} old",
                              format_age(number_at(answer, "oldest_ms")));
    }
    return remark;
}

std::string cut_of(const json::value& answer) {
    if (!truth_at(answer, "is_truncated")) return {};
    return fmt::format("this is not all: {}\n", safe_text(text_at(answer, "cut")));
}

json::value parameter_of(const std::string& text) {
    const char* const last = text.data() + text.size();
    std::int64_t whole = 0;
    auto [end, failure] = std::from_chars(text.data(), last, whole);
    if (failure == std::errc() && end == last) return whole;
    double number = 0;
    const auto parsed = std::from_chars(text.data(), last, number);
    if (parsed.ec == std::errc() && parsed.ptr == last) return number;
    return json::value(text);
}

std::string quoted_csv(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"') quoted += '"';
        quoted += c;
    }
    return quoted + "\"";
}

}  // namespace

std::string rows_table(const json::value& answer, const Paint& paint) {
    const json::array& names = items_at(answer, "columns");
    const json::array& rows = items_at(answer, "rows");
    std::vector<Table::Column> columns;
    for (std::size_t index = 0; index < names.size(); ++index) {
        columns.push_back({safe_text(cell_text(names[index])),
                           is_numeric(rows, index) ? Table::Align::right : Table::Align::left});
    }
    Table table(std::move(columns));
    for (const json::value& row : rows) {
        if (!row.is_array()) continue;
        std::vector<std::string> cells;
        for (const json::value& cell : row.get_array()) {
            cells.push_back(cell.is_null() ? paint(Style::dim, "NULL")
                                           : safe_text(cell_text(cell)));
        }
        cells.resize(names.size());
        table.add(std::move(cells));
    }
    return table.render(paint);
}

std::string rows_csv(const json::value& answer) {
    const auto line = [](const json::array& cells) {
        std::string text;
        for (std::size_t index = 0; index < cells.size(); ++index) {
            text += (index == 0 ? "" : ",") + quoted_csv(cell_text(cells[index]));
        }
        return text + "\r\n";
    };
    std::string csv = line(items_at(answer, "columns"));
    for (const json::value& row : items_at(answer, "rows")) {
        if (row.is_array()) csv += line(row.get_array());
    }
    return csv;
}

Attempt<void> run_sql(const SqlOptions& options, Console& console) {
    Remote remote = GV_TRY(Remote::open(options.connection, console));
    json::object body{{"sql", options.statement}};
    json::array parameters;
    for (const std::string& text : options.parameters) parameters.push_back(parameter_of(text));
    if (!parameters.empty()) body["parameters"] = std::move(parameters);
    const std::string path = GV_TRY(remote.overlay_path("/sql"));
    const json::value answer = GV_TRY(remote.send("POST", path, body));
    if (options.is_json) {
        console.out << pretty(answer);
        return {};
    }
    console.out << (options.is_csv ? rows_csv(answer) : rows_table(answer, console.out_paint()));
    if (!options.is_csv) {
        console.err << console.err_paint()(Style::dim, remark_of(answer)) << "\n";
    }
    console.err << console.err_paint()(Style::warning, cut_of(answer));
    return {};
}

// -- Aggregates --

namespace {

std::string definition_text(const json::value& definition) {
    const std::string sql = text_at(definition, "sql");
    if (!sql.empty()) return safe_text(sql);
    std::string text = text_at(definition, "function");
    const auto add = [&](std::string_view word, const std::string& what) {
        if (!what.empty()) text += fmt::format(" {} {}", word, what);
    };
    add("of", text_at(definition, "key"));
    add("by", text_at(definition, "group_by"));
    add("where", pairs_at(definition, "labels"));
    add("where status is", list_at(definition, "statuses"));
    return safe_text(text);
}

std::string contributions_of(const json::value& aggregate) {
    if (value_at(aggregate, "contributors").is_null()) return {};
    return fmt::format("contributors {}, lacking {}; ", number_at(aggregate, "contributors"),
                       number_at(aggregate, "lacking"));
}

void show_value(const json::value& aggregate, Console& console) {
    console.out << rows_table(aggregate, console.out_paint());
    const std::string error = text_at(aggregate, "error");
    console.err << console.err_paint()(Style::dim,
                                       contributions_of(aggregate) + remark_of(aggregate))
                << "\n";
    console.err << console.err_paint()(Style::warning, cut_of(aggregate));
    if (!error.empty()) {
        console.err << console.err_paint()(Style::bad, "not computed: " + safe_text(error)) << "\n";
    }
}

void show_list(const json::value& answer, Console& console) {
    Table table({{"NAME"},
                 {"DEFINITION"},
                 {"STATE"},
                 {"ROWS", Table::Align::right},
                 {"CONTRIBUTORS", Table::Align::right},
                 {"LACKING", Table::Align::right},
                 {"AGE", Table::Align::right}});
    constexpr std::size_t kDefinitionMax = 60;
    for (const json::value& aggregate : items_at(answer, "aggregates")) {
        std::string definition = definition_text(value_at(aggregate, "definition"));
        if (definition.size() > kDefinitionMax) {
            definition = definition.substr(0, kDefinitionMax - 3) + "...";
        }
        table.add({safe_text(text_at(aggregate, "name")), std::move(definition),
                   safe_text(text_at(aggregate, "state")),
                   fmt::format("{}", items_at(aggregate, "rows").size()),
                   text_at(aggregate, "contributors"), text_at(aggregate, "lacking"),
                   format_age(number_at(aggregate, "age_ms"))});
    }
    console.out << table.render(console.out_paint());
}

Attempt<json::value> body_of(const AggregateOptions& options) {
    if (!options.sql.empty()) return json::object{{"sql", options.sql}};
    if (options.function.empty()) {
        return fail(ExitCode::usage, "it is not said what to compute",
                    "give --function, or --sql; see: grapevine aggregate set --help");
    }
    json::object body{{"function", options.function}};
    if (!options.key.empty()) body["key"] = options.key;
    if (!options.group_by.empty()) body["group_by"] = options.group_by;
    if (!options.statuses.empty()) {
        body["statuses"] = json::array(options.statuses.begin(), options.statuses.end());
    }
    json::object labels;
    for (const std::string& label : options.labels) {
        const std::size_t equals = label.find('=');
        if (equals == std::string::npos || equals == 0) {
            return fail(ExitCode::usage, fmt::format("'{}' is no KEY=VALUE", safe_text(label)),
                        "write it as --label rack=r1");
        }
        labels[label.substr(0, equals)] = label.substr(equals + 1);
    }
    if (!labels.empty()) body["labels"] = std::move(labels);
    if (options.top) body["top"] = *options.top;
    return body;
}

/// One aggregate over as many connections as it takes.
class Following {
public:
    Following(const AggregateOptions& options, Console& console, Remote remote)
        : options_(options), console_(console), remote_(std::move(remote)) {}

    Attempt<void> run(const std::string& path) {
        for (;;) {
            lines_ = EventLines();
            const auto followed = remote_.follow(
                path, kSilenceMax, [this](std::string_view line) { return take(line); });
            if (failure_) return std::unexpected(*failure_);
            if (followed && *followed) return {};
            const bool can_retry =
                has_begun_ && (followed || followed.error().code != ExitCode::failed);
            if (!followed && !can_retry) return std::unexpected(followed.error());
            std::this_thread::sleep_for(kRetryPause);
        }
    }

private:
    /// False when enough was seen.
    bool take(std::string_view line) {
        has_begun_ = true;
        const auto event = lines_.take(line);
        if (!event || event->kind.empty()) return true;
        boost::system::error_code error;
        const json::value value = json::parse(event->data, error);
        if (event->kind == "ended") return take_end(text_at(value, "reason"));
        if (options_.is_json) {
            console_.out << event->data << "\n";
        } else {
            show_value(value, console_);
        }
        console_.out << std::flush;
        if (!console_.out) return false;
        return options_.count == 0 || ++count_ < options_.count;
    }

    bool take_end(const std::string& reason) {
        if (reason == "shutting_down") return true;
        const bool is_gone = reason == "aggregate_removed" || reason == "overlay_removed";
        failure_ = Failure{is_gone ? ExitCode::not_found : ExitCode::failed,
                           fmt::format("the daemon ended it: {}", safe_text(reason)),
                           {}};
        return false;
    }

    const AggregateOptions& options_;
    Console& console_;
    Remote remote_;
    EventLines lines_;
    std::optional<Failure> failure_;
    std::uint64_t count_ = 0;
    bool has_begun_ = false;
};

}  // namespace

Attempt<void> aggregate(const AggregateOptions& options, Console& console) {
    using What = AggregateOptions::What;
    // A mistake in what was typed is told before anybody is asked.
    json::value body;
    if (options.what == What::set) body = GV_TRY(body_of(options));
    Remote remote = GV_TRY(Remote::open(options.connection, console));
    std::string place = "/aggregates";
    if (options.what != What::list) place += "/" + percent_encoded(options.name);
    if (options.what == What::follow) place += "/follow";
    const std::string path = GV_TRY(remote.overlay_path(place));
    if (options.what == What::follow) {
        return Following(options, console, std::move(remote)).run(path);
    }
    if (options.what == What::remove) {
        GV_TRY_VOID(remote.remove(path));
        return {};
    }
    const json::value answer =
        GV_TRY(options.what == What::set ? remote.send("PUT", path, body) : remote.get(path));
    if (options.is_json) {
        console.out << pretty(answer);
    } else if (options.what == What::list) {
        show_list(answer, console);
    } else if (options.what == What::get) {
        show_value(answer, console);
    }
    return {};
}

}  // namespace grapevine::cli
