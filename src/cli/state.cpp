// The shared map on the command line.

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <fmt/core.h>
#include <fstream>
#include <iostream>
#include <iterator>
#include <ostream>
#include <string>
#include <thread>
#include <utility>

#include "base/limits.hpp"
#include "cli/commands.hpp"
#include "cli/event_lines.hpp"
#include "cli/json.hpp"
#include "cli/remote.hpp"
#include "cli/text.hpp"
#include "daemon/config_values.hpp"

namespace grapevine::cli {

namespace json = boost::json;

namespace {

constexpr Duration kSilenceMax = std::chrono::seconds(45);
constexpr Duration kRetryPause = std::chrono::seconds(1);
constexpr std::size_t kPageEntries = 500;

/// What an entry holds, in one line.
std::string text_of(const json::value& entry) {
    const std::string type = text_at(entry, "type");
    if (type == "counter") return text_at(entry, "count");
    if (type == "set") {
        std::string all;
        for (const json::value& element : items_at(entry, "elements")) {
            if (!element.is_string()) continue;
            all += fmt::format("{}{}", all.empty() ? "" : " ", element.as_string().c_str());
        }
        return all;
    }
    const std::string encoded = text_at(entry, "value_base64");
    return encoded.empty() ? text_at(entry, "value") : encoded + " (base64)";
}

std::string path_of(const StateOptions& options) {
    return fmt::format("/state/{}", percent_encoded(options.key));
}

Attempt<json::value> change_of(const StateOptions& options) {
    using What = StateOptions::What;
    json::object body;
    if (options.what == What::count) {
        const bool is_down = options.change < 0;
        body[is_down ? "subtract" : "add"] = is_down ? -options.change : options.change;
    } else if (options.what == What::put) {
        std::string value = options.value;
        if (value == "-") {
            value.assign(std::istreambuf_iterator<char>(std::cin), {});
            if (std::cin.bad()) {
                return fail(ExitCode::failed, "the standard input could not be read", {});
            }
        }
        body["value"] = value;
        if (!options.ttl.empty()) {
            const auto lifetime = daemon::parse_duration_ms(options.ttl);
            if (!lifetime || *lifetime <= 0) {
                return fail(ExitCode::usage, fmt::format("'{}' is no lifetime", options.ttl),
                            "write it as 30s, 5m or 2h");
            }
            body["ttl_ms"] = *lifetime;
        }
    } else {
        json::array elements;
        for (const std::string& element : options.elements) elements.emplace_back(element);
        body[options.what == What::set_add ? "elements_add" : "elements_remove"] =
            std::move(elements);
    }
    return body;
}

Attempt<void> write_one(const StateOptions& options, Console& console, Remote& remote) {
    std::string path = GV_TRY(remote.overlay_path(path_of(options)));
    if (options.must_be_new) path += "?version=";
    if (!options.version.empty()) path += "?version=" + percent_encoded(options.version);
    if (options.what == StateOptions::What::erase) {
        (void)GV_TRY(remote.remove(path));
        return {};
    }
    const json::value entry = GV_TRY(remote.send("PUT", path, GV_TRY(change_of(options))));
    if (options.is_json) {
        console.out << pretty(entry);
    } else if (options.what != StateOptions::What::put) {
        console.out << safe_text(text_of(entry)) << "\n";
    }
    return {};
}

/// Every entry under the prefix, page by page.
template <typename Each>
Attempt<void> for_each_entry(const StateOptions& options, Remote& remote, Each each) {
    std::string after;
    for (;;) {
        std::string query =
            fmt::format("/state?limit={}&prefix={}", kPageEntries, percent_encoded(options.key));
        if (!after.empty()) query += "&after=" + percent_encoded(after);
        const json::value page = GV_TRY(remote.get(GV_TRY(remote.overlay_path(query))));
        for (const json::value& entry : items_at(page, "entries")) each(entry);
        if (value_at(page, "next").is_null()) return {};
        after = text_at(page, "next");
    }
}

Attempt<void> list(const StateOptions& options, Console& console, Remote& remote) {
    json::array all;
    Table table({{"KEY"}, {"TYPE"}, {"VALUE"}, {"VERSION"}});
    GV_TRY_VOID(for_each_entry(options, remote, [&](const json::value& entry) {
        if (options.is_json) {
            all.push_back(entry);
            return;
        }
        std::string shown = safe_text(text_of(entry));
        if (shown.size() > 60) shown = shown.substr(0, 57) + "...";
        table.add({safe_text(text_at(entry, "key")), text_at(entry, "type"), shown,
                   text_at(entry, "version")});
    }));
    console.out << (options.is_json ? pretty(json::object{{"entries", std::move(all)}})
                                    : table.render(console.out_paint()));
    return {};
}

Attempt<void> load(const StateOptions& options, Console& console, Remote& remote) {
    std::ifstream file;
    if (options.file != "-") file.open(options.file);
    std::istream& in = options.file == "-" ? std::cin : file;
    if (!in) {
        return fail(ExitCode::usage, fmt::format("'{}' cannot be read", options.file),
                    "give a file that grapevine state dump has made");
    }
    const std::string path = GV_TRY(remote.overlay_path("/state"));
    json::object values;
    std::size_t bytes = 0;
    std::uint64_t count = 0;
    std::uint64_t left_out = 0;
    const auto flush = [&]() -> Attempt<void> {
        if (values.empty()) return {};
        count += values.size();
        (void)GV_TRY(remote.send("POST", path, json::object{{"values", std::move(values)}}));
        values = json::object();
        bytes = 0;
        return {};
    };
    std::string line;
    for (std::uint64_t number = 1; std::getline(in, line); ++number) {
        boost::system::error_code error;
        const json::value entry = json::parse(line, error);
        if (error || !entry.is_object() || text_at(entry, "key").empty()) {
            return fail(ExitCode::usage, fmt::format("line {} is no entry", number),
                        "each line is a JSON object with key and value, as dump prints them");
        }
        if (value_at(entry, "value").is_string()) {
            values[text_at(entry, "key")] = text_at(entry, "value");
            bytes += line.size();
        } else {
            ++left_out;
        }
        if (values.size() == kStateSpreadCellsMax || bytes > kStateSpreadBytesMax) {
            GV_TRY_VOID(flush());
        }
    }
    GV_TRY_VOID(flush());
    console.err << fmt::format(
        "{} values written{}\n", count,
        left_out == 0 ? std::string()
                      : fmt::format(", {} entries that are no text left out", left_out));
    return {};
}

/// Follows the changes, over as many connections as it takes.
Attempt<void> watch(const StateOptions& options, Console& console, Remote& remote) {
    EventLines lines;
    bool has_begun = false;
    const auto show = [&](const ServerEvent& event) {
        if (options.is_json) {
            if (!event.kind.empty()) console.out << event.data << "\n" << std::flush;
            return;
        }
        const Paint paint = console.out_paint();
        const json::value item = parsed(event.data);
        if (event.kind == "state") {
            const json::value& entry = value_at(item, "entry");
            console.out << fmt::format(
                "{}  {}  {}\n", paint(Style::dim, format_wall_time(number_at(item, "seen_at_ms"))),
                paint(Style::strong, safe_text(text_at(item, "key"))),
                entry.is_null() ? paint(Style::warning, "deleted") : safe_text(text_of(entry)));
        } else if (event.kind == "state_reload" || event.kind == "missed") {
            console.out << paint(Style::bad,
                                 "more has changed than is told here: list the map anew")
                        << "\n";
        }
        console.out << std::flush;
    };
    for (;;) {
        const std::string at = lines.cursor().empty() ? std::string("from=now")
                                                      : "cursor=" + percent_encoded(lines.cursor());
        const std::string path = GV_TRY(remote.overlay_path(
            fmt::format("/events?events=0&state={}&{}", percent_encoded(options.key), at)));
        const auto followed = remote.follow(path, kSilenceMax, [&](std::string_view line) {
            has_begun = true;
            if (const auto event = lines.take(line)) show(*event);
            return static_cast<bool>(console.out);
        });
        if (followed && *followed) return {};
        if (!followed && (!has_begun || followed.error().code == ExitCode::failed)) {
            return std::unexpected(followed.error());
        }
        std::this_thread::sleep_for(kRetryPause);
    }
}

}  // namespace

Attempt<void> state(const StateOptions& options, Console& console) {
    using What = StateOptions::What;
    Remote remote = GV_TRY(Remote::open(options.connection, console));
    switch (options.what) {
        case What::get: {
            const json::value entry =
                GV_TRY(remote.get(GV_TRY(remote.overlay_path(path_of(options)))));
            console.out << (options.is_json ? pretty(entry) : text_of(entry) + "\n");
            return {};
        }
        case What::list:
            return list(options, console, remote);
        case What::dump:
            return for_each_entry(options, remote, [&](const json::value& entry) {
                console.out << json::serialize(entry) << "\n";
            });
        case What::load:
            return load(options, console, remote);
        case What::watch:
            return watch(options, console, remote);
        case What::put:
        case What::erase:
        case What::count:
        case What::set_add:
        case What::set_remove:
            return write_one(options, console, remote);
    }
    return {};
}

}  // namespace grapevine::cli
