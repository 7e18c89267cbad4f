#include <boost/json/object.hpp>
#include <fmt/core.h>
#include <istream>
#include <iterator>
#include <ostream>

#include "base/limits.hpp"
#include "cli/commands.hpp"
#include "cli/json.hpp"
#include "cli/remote.hpp"
#include "daemon/config_keys.hpp"
#include "daemon/config_values.hpp"
#include "daemon/overlay_spec.hpp"
#include "runtime/files.hpp"

namespace grapevine::cli {

namespace json = boost::json;

namespace {

json::array to_array(const std::vector<std::string>& texts) {
    json::array array;
    for (const std::string& text : texts) array.emplace_back(text);
    return array;
}

Attempt<std::string> payload_of(const PublishOptions& options, Console& console) {
    if (options.payload) return *options.payload;
    std::string payload;
    if (!options.file.empty() && options.file != "-") {
        const auto content = runtime::read_file(options.file, kEventPayloadBytesMax);
        if (!content) return std::unexpected(to_failure(content.error()));
        return std::string(as_text(*content));
    }
    if (console.is_in_terminal) {
        console.err << "the payload is read from here; end it with Ctrl-D\n" << std::flush;
    }
    // One byte beyond the limit is enough to know that it is too long.
    char buffer[4096];
    while (payload.size() <= kEventPayloadBytesMax &&
           (console.in.read(buffer, sizeof buffer) || console.in.gcount() > 0)) {
        payload.append(buffer, static_cast<std::size_t>(console.in.gcount()));
    }
    return payload;
}

/// Splits what was given for a list at its commas, as the configuration does.
std::vector<std::string> split_all(const std::vector<std::string>& texts) {
    std::vector<std::string> parts;
    for (const std::string& text : texts) {
        for (std::string& part : daemon::split_list(text)) parts.push_back(std::move(part));
    }
    return parts;
}

template <typename T>
Attempt<T> or_usage(Outcome<T> outcome, std::string_view flag) {
    if (outcome) return *std::move(outcome);
    return fail(ExitCode::usage, fmt::format("{}: {}", flag, outcome.error().message),
                outcome.error().cure);
}

/// The field of one of these lists that this key is, if it is one: durations have a unit in flags,
/// and milliseconds in JSON.
template <typename Texts, typename Numbers>
Attempt<void> put_listed(json::object& spec, std::string_view key, const std::string& text,
                         const Texts& texts, const Numbers& numbers) {
    const std::string_view name = key.substr(std::string_view("overlay.").size());
    for (const auto& field : texts) {
        if (field.name == name) spec[field.name] = text;
    }
    for (const auto& field : numbers) {
        const bool is_duration = field.name == std::string(name) + "_ms";
        if (field.name != name && !is_duration) continue;
        spec[field.name] =
            GV_TRY(or_usage(is_duration ? daemon::parse_duration_ms(text)
                                        : daemon::parse_integer(text, field.min, field.max),
                            daemon::find_key(key)->flag));
    }
    return {};
}

/// The body of a creation or change, out of flags named like the keys of the configuration.
Attempt<json::object> spec_of(const OverlayOptions& options) {
    json::object spec;
    for (const auto& [key, texts] : options.settings) {
        if (key == "overlay.client_key") spec["client_key"] = texts.back();
        if (key == "overlay.client_port") {
            spec["client_port"] =
                GV_TRY(or_usage(daemon::parse_integer(texts.back(), 1, 65'535), "--client-port"));
        }
        if (key == "overlay.local_delivery") spec["local_delivery"] = texts.back() == "on";
        if (key == "overlay.bind") spec["bind"] = texts.back();
        if (key == "overlay.multicast") spec["multicast"] = texts.back();
        if (key == "overlay.profile") spec["profile"] = texts.back();
        GV_TRY_VOID(put_listed(spec, key, texts.back(), control::kDetectionTexts,
                               control::kDetectionNumbers));
        GV_TRY_VOID(put_listed(spec, key, texts.back(), control::kDisseminationTexts,
                               control::kDisseminationNumbers));
        if (key == "overlay.cipher") spec["cipher"] = texts.back();
        if (key == "overlay.member_name") spec["member_name"] = texts.back();
        if (key == "overlay.advertise") spec["advertise"] = to_array(split_all(texts));
        if (key == "overlay.subscriber_topics") {
            spec["subscriber_topics"] = to_array(split_all(texts));
        }
        if (key == "overlay.seeds") spec["seeds"] = to_array(split_all(texts));
        if (key == "overlay.keys") spec["keys"] = to_array(split_all(texts));
        if (key == "overlay.operators") spec["operators"] = to_array(split_all(texts));
        if (key == "overlay.labels") {
            json::object labels;
            for (const std::string& text : split_all(texts)) {
                const auto [name, value] = GV_TRY(or_usage(daemon::parse_label(text), "--label"));
                labels[name] = value;
            }
            spec["labels"] = std::move(labels);
        }
        if (key == "overlay.retention_age") {
            spec["retention_age_ms"] =
                GV_TRY(or_usage(daemon::parse_duration_ms(texts.back()), "--retention-age"));
        }
        if (key == "overlay.retention_bytes") {
            spec["retention_bytes"] =
                GV_TRY(or_usage(daemon::parse_size(texts.back()), "--retention-bytes"));
        }
    }
    return spec;
}

}  // namespace

Attempt<void> publish(const PublishOptions& options, Console& console) {
    const std::string payload = GV_TRY(payload_of(options, console));
    if (payload.size() > kEventPayloadBytesMax) {
        return fail(ExitCode::failed,
                    fmt::format("the payload is longer than {} bytes", kEventPayloadBytesMax),
                    "publish where it can be fetched instead");
    }
    Remote remote = GV_TRY(Remote::open(options.connection, console));
    std::string query = fmt::format("/events?topic={}", percent_encoded(options.topic));
    if (options.is_traced) query += "&trace=1";
    for (const std::string& event : options.after) query += "&after=" + percent_encoded(event);
    const std::string path = GV_TRY(remote.overlay_path(query));
    const json::value receipt =
        GV_TRY(remote.send_bytes("POST", path, payload, "application/octet-stream"));
    // A person sees that it worked by there being no error; a script asks for the receipt.
    if (options.is_json) {
        console.out << pretty(receipt);
    } else if (options.is_traced) {
        console.out << safe_text(text_at(receipt, "id")) << "\n";
    }
    return {};
}

Attempt<void> join(const JoinOptions& options, Console& console) {
    Remote remote = GV_TRY(Remote::open(options.connection, console));
    const std::string& first = options.targets.front();
    if (first.starts_with("gv") && first.find(':') == std::string::npos) {
        if (options.targets.size() > 1) {
            return fail(ExitCode::usage, "an invitation stands alone",
                        "give one token, or seeds as HOST:PORT");
        }
        const json::value overlay =
            GV_TRY(remote.send("POST", "/v1/join", json::object{{"token", first}}));
        if (options.is_json) {
            console.out << pretty(overlay);
            return {};
        }
        console.out << fmt::format(
            "in overlay {} as {}, bound to {}\n", safe_text(text_at(overlay, "name")),
            safe_text(text_at(overlay, "member_name")), safe_text(text_at(overlay, "bind")));
        return {};
    }
    for (const std::string& seed : options.targets) {
        if (const auto checked = daemon::check_seed(seed); !checked) {
            return fail(ExitCode::usage, checked.error().message, checked.error().cure);
        }
    }
    const std::string path = GV_TRY(remote.overlay_path("/join"));
    const auto done =
        GV_TRY(remote.send("POST", path, json::object{{"seeds", to_array(options.targets)}}));
    if (options.is_json) console.out << pretty(done);
    return {};
}

Attempt<void> leave(const LeaveOptions& options, Console& console) {
    Remote remote = GV_TRY(Remote::open(options.connection, console));
    const std::string path = GV_TRY(remote.overlay_path("/leave"));
    (void)GV_TRY(remote.send_bytes("POST", path, "", ""));
    return {};
}

Attempt<void> forget(const ForgetOptions& options, Console& console) {
    Remote remote = GV_TRY(Remote::open(options.connection, console));
    const std::string path =
        GV_TRY(remote.overlay_path(fmt::format("/members/{}", percent_encoded(options.member))));
    (void)GV_TRY(remote.remove(path));
    return {};
}

Attempt<void> invite(const InviteOptions& options, Console& console) {
    for (const std::string& seed : options.seeds) {
        if (const auto checked = daemon::check_seed(seed); !checked) {
            return fail(ExitCode::usage, checked.error().message, checked.error().cure);
        }
    }
    Remote remote = GV_TRY(Remote::open(options.connection, console));
    const std::string path = GV_TRY(remote.overlay_path("/invite"));
    json::object body;
    if (!options.seeds.empty()) body["seeds"] = to_array(options.seeds);
    const json::value answer = GV_TRY(remote.send("POST", path, body));
    if (options.is_json) {
        console.out << pretty(answer);
        return {};
    }
    console.out << text_at(answer, "token") << "\n";
    if (console.is_out_terminal) {
        console.err << "on the other host: grapevine join TOKEN, or grapevine agent --join TOKEN\n"
                       "who has this token has the overlay's key: treat it like a password\n";
    }
    return {};
}

Attempt<void> change_record(const RecordOptions& options, Console& console) {
    Remote remote = GV_TRY(Remote::open(options.connection, console));
    const std::string path =
        GV_TRY(remote.overlay_path(fmt::format("/record/{}", percent_encoded(options.key))));
    if (options.what == RecordOptions::What::unset) {
        (void)GV_TRY(remote.remove(path));
        return {};
    }
    const json::value item =
        GV_TRY(remote.send("PUT", path, json::object{{"value", options.value}}));
    if (options.is_json) console.out << pretty(item);
    return {};
}

Attempt<void> change_overlay(const OverlayOptions& options, Console& console) {
    if (const auto checked = daemon::check_overlay_name(options.name); !checked) {
        return fail(ExitCode::usage, checked.error().message, checked.error().cure);
    }
    json::object spec = GV_TRY(spec_of(options));
    Remote remote = GV_TRY(Remote::open(options.connection, console));
    const std::string path = fmt::format("/v1/overlays/{}", percent_encoded(options.name));
    json::value overlay;
    switch (options.what) {
        case OverlayOptions::What::remove:
            (void)GV_TRY(remote.remove(path));
            return {};
        case OverlayOptions::What::create:
            spec["name"] = options.name;
            overlay = GV_TRY(remote.send("POST", "/v1/overlays", spec));
            break;
        default:
            if (spec.empty()) {
                return fail(ExitCode::usage, "there is nothing to change",
                            "give a setting; see: grapevine overlay change --help");
            }
            overlay = GV_TRY(remote.send("PATCH", path, spec));
            break;
    }
    if (options.is_json) {
        console.out << pretty(overlay);
        return {};
    }
    console.out << fmt::format("{} is bound to {}; let others in with: grapevine invite -o {}\n",
                               safe_text(text_at(overlay, "name")),
                               safe_text(text_at(overlay, "bind")), options.name);
    return {};
}

}  // namespace grapevine::cli
