#include <boost/json/object.hpp>
#include <fmt/core.h>
#include <ostream>

#include "base/bytes.hpp"
#include "cli/commands.hpp"
#include "cli/json.hpp"
#include "cli/remote.hpp"

namespace grapevine::cli {

namespace json = boost::json;

namespace {

using Align = Table::Align;

/// The text of a value that may be given as base64 because it is not UTF-8.
std::string value_of(const json::value& item) {
    if (!value_at(item, "value_base64").is_null()) {
        const auto bytes = from_base64(text_at(item, "value_base64"));
        return bytes ? std::string(as_text(*bytes)) : std::string();
    }
    return text_at(item, "value");
}

std::string record_path(const RecordOptions& options) {
    return options.member.empty()
               ? std::string("/record")
               : fmt::format("/members/{}/record", percent_encoded(options.member));
}

std::string overlays_table(const json::value& answer, const Paint& paint) {
    Table table({{"OVERLAY"},
                 {"MEMBER"},
                 {"BIND"},
                 {"PROFILE"},
                 {"ALIVE", Align::right},
                 {"SUSPECT", Align::right},
                 {"DEAD", Align::right},
                 {"LEFT", Align::right},
                 {"FROM"}});
    for (const json::value& overlay : items_at(answer, "overlays")) {
        const auto count = [&](std::string_view key, Style style) {
            const std::string text = text_at(overlay, key);
            return text == "0" ? text : paint(style, text);
        };
        table.add({safe_text(text_at(overlay, "name")), safe_text(text_at(overlay, "member_name")),
                   safe_text(text_at(overlay, "bind")), text_at(overlay, "profile"),
                   count("members_alive", Style::good), count("members_suspect", Style::warning),
                   count("members_dead", Style::bad), count("members_left", Style::dim),
                   text_at(overlay, "origin")});
    }
    return table.render(paint);
}

/// "at most 45 events/s for 34 s: rack7 gets 50/s and is 900 behind".
std::string pressure_text(const json::value& pressure) {
    const std::string name = text_at(pressure, "member_name");
    return fmt::format("at most {} events/s for {} s: {} gets {}/s and is {} behind",
                       text_at(pressure, "limit"), number_at(pressure, "since_ms") / 1000,
                       name.empty() ? text_at(pressure, "member") : name, text_at(pressure, "rate"),
                       text_at(pressure, "backlog"));
}

std::string overlay_page(const json::value& overlay, const Paint& paint) {
    Table table({{"SETTING"}, {"VALUE"}});
    for (const std::string_view key :
         {"name", "id", "member_name", "incarnation", "bind", "profile", "detector",
          "dissemination", "cipher", "origin", "view_fingerprint", "members_alive",
          "members_suspect", "members_dead", "members_left", "local_health"}) {
        table.add({std::string(key), safe_text(text_at(overlay, key))});
    }
    table.add({"advertise", safe_text(list_at(overlay, "advertise"))});
    table.add({"seeds", safe_text(list_at(overlay, "seeds"))});
    if (!value_at(overlay, "subscriber_topics").is_null()) {
        table.add({"subscriber_topics", safe_text(list_at(overlay, "subscriber_topics"))});
    }
    table.add({"key_ids", list_at(overlay, "key_ids")});
    table.add({"labels", safe_text(pairs_at(overlay, "labels"))});
    if (const json::value& pressure = value_at(overlay, "pressure"); pressure.is_object()) {
        table.add({"pressure", safe_text(pressure_text(pressure))});
    }
    Table counters({{"COUNTER"}, {"COUNT", Align::right}});
    if (const json::value& all = value_at(overlay, "counters"); all.is_object()) {
        for (const auto& [name, count] : all.get_object()) {
            const std::string key(name.data(), name.size());
            counters.add({safe_text(key), text_at(all, key)});
        }
    }
    return table.render(paint) + "\n" + counters.render(paint);
}

/// "~" before an estimate.
std::string round_trip_of(const json::value& member) {
    if (value_at(member, "rtt_us").is_null()) return "";
    return (truth_at(member, "is_rtt_measured") ? "" : "~") +
           format_round_trip(number_at(member, "rtt_us"));
}

std::string path_of_member(const json::value& member, const Paint& paint) {
    const std::string path = safe_text(text_at(member, "path"));
    if (path == "unknown" || path.empty()) return "";
    return path == "both" ? path : paint(Style::warning, path);
}

}  // namespace

std::string members_query(const MembersOptions& options) {
    std::string query = "/members";
    char separator = '?';
    const auto add = [&](std::string_view key, const std::vector<std::string>& values) {
        for (const std::string& value : values) {
            query += fmt::format("{}{}={}", separator, key, percent_encoded(value));
            separator = '&';
        }
    };
    add("status", options.statuses);
    add("label", options.labels);
    if (options.sort != "name") add("sort", {options.sort});
    return query;
}

std::string members_table(const json::value& answer, const Paint& paint) {
    Table table({{"NAME"},
                 {"STATUS"},
                 {"FOR", Align::right},
                 {"ADDRESS"},
                 {"LIFE", Align::right},
                 {"RTT", Align::right},
                 {"PATH"},
                 {"LABELS"},
                 {"ID"}});
    for (const json::value& member : items_at(answer, "members")) {
        const std::string status = text_at(member, "status");
        std::string name = safe_text(text_at(member, "name"));
        if (truth_at(member, "is_self")) name = paint(Style::strong, name + " (here)");
        table.add({name, paint(style_of_status(status), safe_text(status)),
                   format_age(number_at(member, "status_age_ms")),
                   safe_text(list_at(member, "addresses")), text_at(member, "incarnation"),
                   round_trip_of(member), path_of_member(member, paint),
                   safe_text(pairs_at(member, "labels")), safe_text(text_at(member, "id"))});
    }
    return table.render(paint);
}

Attempt<void> show_members(const MembersOptions& options, Console& console) {
    Remote remote = GV_TRY(Remote::open(options.connection, console));
    const std::string path = GV_TRY(remote.overlay_path(members_query(options)));
    const json::value answer = GV_TRY(remote.get(path));
    if (options.is_json) {
        console.out << pretty(answer);
        return {};
    }
    console.out << members_table(answer, console.out_paint());
    return {};
}

Attempt<void> show_info(const InfoOptions& options, Console& console) {
    Remote remote = GV_TRY(Remote::open(options.connection, console));
    const json::value info = GV_TRY(remote.get("/v1/info"));
    const json::value overlays = GV_TRY(remote.get("/v1/overlays"));
    if (options.is_json) {
        json::object both = info.is_object() ? info.get_object() : json::object();
        both["overlays"] = value_at(overlays, "overlays");
        console.out << pretty(both);
        return {};
    }
    console.out << fmt::format(
        "{} runs grapevine {} for {}, with {} of memory, {}\n",
        safe_text(text_at(info, "node_name")), safe_text(text_at(info, "version")),
        format_age(number_at(info, "uptime_ms")),
        format_bytes(static_cast<std::uint64_t>(number_at(info, "resident_bytes"))),
        truth_at(info, "is_ready") ? "ready" : "not ready yet");
    console.out << fmt::format("state in {}", safe_text(text_at(info, "state_folder")));
    const std::string file = text_at(info, "config_file");
    console.out << (file.empty() ? std::string(", no configuration file\n")
                                 : fmt::format(", configured by {}\n", safe_text(file)));
    if (items_at(overlays, "overlays").empty()) {
        console.out << "in no overlay; create one: grapevine overlay create NAME\n";
        return {};
    }
    console.out << "\n" << overlays_table(overlays, console.out_paint());
    return {};
}

Attempt<void> show_record(const RecordOptions& options, Console& console) {
    Remote remote = GV_TRY(Remote::open(options.connection, console));
    const std::string path = GV_TRY(remote.overlay_path(record_path(options)));
    if (options.what == RecordOptions::What::get && options.member.empty()) {
        const json::value item = GV_TRY(remote.get(path + "/" + percent_encoded(options.key)));
        console.out << (options.is_json ? pretty(item) : value_of(item) + "\n");
        return {};
    }
    const json::value record = GV_TRY(remote.get(path));
    if (options.what == RecordOptions::What::get) {
        for (const json::value& item : items_at(record, "items")) {
            if (text_at(item, "key") != options.key) continue;
            console.out << (options.is_json ? pretty(item) : value_of(item) + "\n");
            return {};
        }
        return fail(ExitCode::not_found,
                    fmt::format("the record of {} has no key '{}'", options.member, options.key),
                    "see: grapevine record list --member " + options.member);
    }
    if (options.is_json) {
        console.out << pretty(record);
        return {};
    }
    Table table({{"KEY"}, {"VALUE"}, {"VERSION", Align::right}});
    for (const json::value& item : items_at(record, "items")) {
        table.add(
            {safe_text(text_at(item, "key")), safe_text(value_of(item)), text_at(item, "version")});
    }
    console.out << table.render(console.out_paint());
    return {};
}

Attempt<void> show_overlays(const OverlayOptions& options, Console& console) {
    Remote remote = GV_TRY(Remote::open(options.connection, console));
    const bool is_list = options.what == OverlayOptions::What::list;
    const json::value answer =
        GV_TRY(remote.get(is_list ? std::string("/v1/overlays")
                                  : fmt::format("/v1/overlays/{}", percent_encoded(options.name))));
    if (options.is_json) {
        console.out << pretty(answer);
        return {};
    }
    const Paint paint = console.out_paint();
    console.out << (is_list ? overlays_table(answer, paint) : overlay_page(answer, paint));
    return {};
}

}  // namespace grapevine::cli
