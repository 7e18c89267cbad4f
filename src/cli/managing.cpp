#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <chrono>
#include <filesystem>
#include <fmt/core.h>
#include <ostream>
#include <thread>
#include <vector>

#include "cli/commands.hpp"
#include "cli/json.hpp"
#include "cli/remote.hpp"
#include "daemon/operator_key.hpp"
#include "runtime/files.hpp"

// Commands that concern a whole overlay: its keys, and what is wiped in it.
namespace grapevine::cli {

namespace json = boost::json;

namespace {

constexpr std::size_t kKeyFileBytesMax = 1024;
constexpr auto kLookInterval = std::chrono::milliseconds(250);

Attempt<daemon::OperatorKey> read_key_file(const std::string& file) {
    const auto bytes = runtime::read_file(file, kKeyFileBytesMax);
    if (!bytes) return std::unexpected(to_failure(bytes.error()));
    auto key = daemon::read_operator_key(as_text(*bytes));
    if (!key) return std::unexpected(to_failure(key.error()));
    return std::move(*key);
}

Style style_of_step(const std::string& step) {
    if (step == "done") return Style::good;
    return step == "waived" ? Style::dim : Style::warning;
}

std::string name_of(const json::value& member) {
    const std::string name = text_at(member, "name");
    return safe_text(name.empty() ? text_at(member, "id") : name);
}

/// Who is waited for, and how to get on without: "c (dead for 5m)".
std::string hindrances_of(const json::value& answer) {
    std::string living;
    std::string gone;
    for (const json::value& member : items_at(answer, "members")) {
        const std::string step = text_at(member, "step");
        if (step == "done" || step == "waived") continue;
        const std::string status = text_at(member, "status");
        std::string& list = status == "alive" ? living : gone;
        list += fmt::format("{}{}", list.empty() ? "" : ", ", name_of(member));
        if (status == "alive") continue;
        list += fmt::format(" ({} for {})", status, format_age(number_at(member, "status_age_ms")));
    }
    std::string text;
    if (!living.empty()) text += fmt::format("waiting for {}\n", living);
    if (!gone.empty()) {
        text += fmt::format(
            "waiting for {}: start it, or if it is gone for good: grapevine forget NAME, or "
            "grapevine keys rotate --without NAME\n",
            gone);
    }
    return text;
}

Attempt<json::value> wait_for_end(Remote& remote, const KeysOptions& options) {
    const std::string path = GV_TRY(remote.overlay_path("/keys"));
    const auto end =
        std::chrono::steady_clock::now() + std::chrono::duration<double>(options.give_up_seconds);
    for (;;) {
        json::value answer = GV_TRY(remote.get(path));
        if (truth_at(answer, "is_complete")) return answer;
        if (std::chrono::steady_clock::now() >= end) {
            return fail(ExitCode::timed_out,
                        fmt::format("the rotation is at stage {} after {:.0f} s; {}",
                                    text_at(answer, "stage"), options.give_up_seconds,
                                    hindrances_of(answer)),
                        "it goes on by itself: grapevine keys status");
        }
        std::this_thread::sleep_for(kLookInterval);
    }
}

}  // namespace

Attempt<std::string> read_operator_secret(const std::string& file) {
    return GV_TRY(read_key_file(file)).secret;
}

std::string keys_page(const json::value& answer, const Paint& paint) {
    const bool has_rotated = number_at(answer, "epoch") > 0;
    std::string page = fmt::format("key {} seals, {} open\n", number_at(answer, "sealing"),
                                   list_at(answer, "held"));
    if (!has_rotated) return page + "there was no rotation\n";
    const bool is_complete = truth_at(answer, "is_complete");
    page += is_complete
                ? std::string("the rotation is complete\n")
                : fmt::format("stage {}{}\n", text_at(answer, "stage"),
                              truth_at(answer, "is_driving") ? ", driven by this daemon"
                                                             : ", driven by another daemon");
    Table table({{"NAME"},
                 {"STATUS"},
                 {"SINCE", Table::Align::right},
                 {"HOLDS"},
                 {"SEALS", Table::Align::right},
                 {"STEP"}});
    for (const json::value& member : items_at(answer, "members")) {
        const std::string step = text_at(member, "step");
        table.add({name_of(member), text_at(member, "status"),
                   format_age(number_at(member, "status_age_ms")), list_at(member, "holds"),
                   text_at(member, "uses"), paint(style_of_step(step), safe_text(step))});
    }
    page += table.render(paint);
    page += paint(Style::warning, hindrances_of(answer));
    const std::string overruled = list_at(answer, "overruled");
    if (!overruled.empty()) {
        page += fmt::format("the configuration still names key {}, which is not used any more\n",
                            overruled);
    }
    return page;
}

Attempt<void> show_keys(const KeysOptions& options, Console& console) {
    Remote remote = GV_TRY(Remote::open(options.connection, console));
    const json::value answer = GV_TRY(remote.get(GV_TRY(remote.overlay_path("/keys"))));
    console.out << (options.is_json ? pretty(answer) : keys_page(answer, console.out_paint()));
    return {};
}

Attempt<void> rotate_keys(const KeysOptions& options, Console& console) {
    json::object wanted;
    if (!options.key.empty()) wanted["key"] = options.key.substr(options.key.find(':') + 1);
    if (!options.without.empty()) {
        json::array without;
        for (const std::string& member : options.without) without.emplace_back(member);
        wanted["without"] = std::move(without);
    }
    if (!options.operator_file.empty()) {
        wanted["operator_key"] = GV_TRY(read_key_file(options.operator_file)).secret;
    }
    Remote remote = GV_TRY(Remote::open(options.connection, console));
    json::value answer =
        GV_TRY(remote.send("POST", GV_TRY(remote.overlay_path("/keys/rotate")), wanted));
    if (options.is_waiting) answer = GV_TRY(wait_for_end(remote, options));
    console.out << (options.is_json ? pretty(answer) : keys_page(answer, console.out_paint()));
    return {};
}

Attempt<void> operator_key(const OperatorOptions& options, Console& console) {
    daemon::OperatorKey key;
    if (options.is_new) {
        std::error_code ignored;
        if (std::filesystem::exists(options.file, ignored)) {
            return fail(ExitCode::failed, fmt::format("{} is there already", options.file),
                        "name another file: a key that is overwritten is lost");
        }
        key = daemon::make_operator_key();
        const std::string text = key.secret + "\n";
        const auto written = runtime::write_file_atomic(options.file, as_bytes(text));
        if (!written) return std::unexpected(to_failure(written.error()));
    } else {
        key = GV_TRY(read_key_file(options.file));
    }
    if (options.is_json) {
        console.out << pretty(json::object{{"public_key", key.public_key}});
    } else {
        console.out << key.public_key << "\n";
    }
    return {};
}

Attempt<void> wipe(const WipeOptions& options, Console& console) {
    Remote remote = GV_TRY(Remote::open(options.connection, console));
    const std::string path = GV_TRY(remote.overlay_path("/wipes"));
    json::array wipes;
    if (options.part.empty()) {
        wipes = items_at(GV_TRY(remote.get(path)), "wipes");
    } else {
        if (options.operator_file.empty()) {
            return fail(ExitCode::usage, "a wipe takes the key of an operator",
                        "give it with --operator-key FILE");
        }
        const std::string secret = GV_TRY(read_key_file(options.operator_file)).secret;
        wipes = {GV_TRY(remote.send(
            "POST", path, json::object{{"part", options.part}, {"operator_key", secret}}))};
    }
    if (options.is_json) {
        console.out << pretty(json::object{{"wipes", wipes}});
        return {};
    }
    if (wipes.empty()) console.out << "nothing has been wiped\n";
    for (const json::value& each : wipes) {
        console.out << fmt::format("{}: all before {} ms after 1970 is gone (wipe {})\n",
                                   safe_text(text_at(each, "part")), number_at(each, "before_ms"),
                                   number_at(each, "epoch"));
    }
    return {};
}

}  // namespace grapevine::cli
