#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/core.h>
#include <istream>
#include <iterator>
#include <ostream>

#include "base/bytes.hpp"
#include "base/limits.hpp"
#include "cli/commands.hpp"
#include "cli/event_lines.hpp"
#include "cli/json.hpp"
#include "cli/remote.hpp"
#include "runtime/files.hpp"

namespace grapevine::cli {

namespace json = boost::json;

namespace {

/// Beyond the time of the query: the way to the daemon and back.
constexpr Duration kDaemonPatience = std::chrono::seconds(10);

Attempt<std::string> payload_of(const QueryOptions& options, Console& console) {
    if (options.file.empty()) return options.payload;
    std::string payload;
    if (options.file == "-") {
        payload.assign(std::istreambuf_iterator<char>(console.in), {});
    } else {
        const auto content = runtime::read_file(options.file, kQueryPayloadBytesMax);
        if (!content) return std::unexpected(to_failure(content.error()));
        payload = std::string(as_text(ByteView(*content)));
    }
    return payload;
}

json::object body_of(const QueryOptions& options, const std::string& payload) {
    json::array filters(options.filters.begin(), options.filters.end());
    json::object body{{"name", options.name}, {"timeout_ms", options.timeout_ms}};
    if (!filters.empty()) body["filter"] = std::move(filters);
    if (!payload.empty()) body["payload_base64"] = to_base64(as_bytes(payload));
    return body;
}

std::string name_of(const json::value& member) {
    const std::string name = text_at(member, "name");
    return safe_text(name.empty() ? text_at(member, "id") : name);
}

std::string answer_line(const json::value& answer, const Paint& paint) {
    const json::value& member = value_at(answer, "member");
    std::string payload = text_at(answer, "payload");
    if (!value_at(answer, "payload_base64").is_null()) {
        const auto bytes = from_base64(text_at(answer, "payload_base64"));
        if (bytes) payload = std::string(as_text(ByteView(*bytes)));
    }
    return fmt::format("{}  {}\n", paint(Style::strong, name_of(member)), safe_text(payload));
}

std::string sentence_of(const std::string& reason) {
    if (reason == "silent") return "did not answer in time";
    if (reason == "gone") return "died or left meanwhile";
    if (reason == "abandoned") return "its application went without an answer";
    if (reason == "busy") return "too many queries wait there";
    if (reason == "too_large") return "the answers together are too large";
    if (reason == "filtered") return "the filter does not match it";
    if (reason == "not_served") return "no application there answers to this name";
    return reason;
}

std::string list_of(const json::value& end, std::string_view key, Style style, const Paint& paint) {
    std::string text;
    for (const json::value& without : items_at(end, key)) {
        text +=
            fmt::format("{}\n", paint(style, fmt::format("{}: {}", name_of(without),
                                                         sentence_of(text_at(without, "reason")))));
    }
    return text;
}

std::string end_text(const json::value& end, const Paint& paint) {
    const std::size_t answered = items_at(end, "answered").size();
    const std::size_t missing = items_at(end, "missing").size();
    std::string text = list_of(end, "missing", Style::bad, paint);
    text += list_of(end, "not_expected", Style::dim, paint);
    const double seconds = static_cast<double>(number_at(end, "took_us")) / 1e6;
    text += fmt::format("{} of {} have answered in {:.2f} s{}\n", answered, answered + missing,
                        seconds, truth_at(end, "complete") ? "" : ": this is not complete");
    return text;
}

ExitCode code_of(const json::value& end) {
    if (!items_at(end, "missing").empty()) return ExitCode::timed_out;
    return items_at(end, "answered").empty() ? ExitCode::not_found : ExitCode::ok;
}

}  // namespace

Attempt<int> query(const QueryOptions& options, Console& console) {
    const std::string payload = GV_TRY(payload_of(options, console));
    Remote remote = GV_TRY(Remote::open(options.connection, console));
    const std::string path = GV_TRY(remote.overlay_path("/queries"));
    EventLines lines;
    std::optional<json::value> end;
    std::string broken_off;
    const auto take = [&](std::string_view line) {
        const auto event = lines.take(line);
        if (!event || event->kind.empty()) return true;
        const json::value item = parsed(event->data);
        if (event->kind == "ended") {
            broken_off = text_at(item, "reason");
            return false;
        }
        if (event->kind == "end") end = item;
        if (options.is_json) {
            console.out << event->data << '\n';
        } else {
            const Paint paint = console.out_paint();
            console.out << (end ? end_text(item, paint) : answer_line(item, paint));
        }
        console.out << std::flush;
        return !end && static_cast<bool>(console.out);
    };
    const Duration patience = std::chrono::milliseconds(options.timeout_ms) + kDaemonPatience;
    GV_TRY_VOID(remote.ask(path, body_of(options, payload), patience, take));
    if (end) return static_cast<int>(code_of(*end));
    return fail(ExitCode::failed, broken_off.empty()
                                      ? std::string("the daemon broke off in the middle")
                                      : fmt::format("the daemon ended it: {}", broken_off));
}

Attempt<void> estimate(const EstimateOptions& options, Console& console) {
    const std::size_t colon = options.what.find(':');
    std::string query = "?of=" + percent_encoded(options.what.substr(0, colon));
    if (colon != std::string::npos) {
        query += "&key=" + percent_encoded(options.what.substr(colon + 1));
    }
    if (!options.method.empty()) query += "&method=" + percent_encoded(options.method);
    Remote remote = GV_TRY(Remote::open(options.connection, console));
    const std::string path = GV_TRY(remote.overlay_path("/estimate" + query));
    const json::value answer = GV_TRY(remote.get(path));
    if (options.is_json) {
        console.out << pretty(answer);
        return {};
    }
    if (value_at(answer, "value").is_null()) {
        return fail(ExitCode::not_found, "no member has a number under this key",
                    "set one: grapevine record set KEY NUMBER");
    }
    console.out << fmt::format("{:.6g}  (give or take {:.2g}%, {} rounds of {})\n",
                               real_at(answer, "value"), real_at(answer, "expected_error") * 100,
                               number_at(answer, "rounds"), safe_text(text_at(answer, "method")));
    return {};
}

}  // namespace grapevine::cli
