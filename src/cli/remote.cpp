#include "cli/remote.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <fmt/core.h>

#include "cli/json.hpp"
#include "daemon/config.hpp"
#include "runtime/clock.hpp"
#include "runtime/files.hpp"

namespace grapevine::cli {

namespace json = boost::json;

namespace {

constexpr std::string_view kDefaultUrl = "http://127.0.0.1:9470";
/// A token is 46 characters; a file with more is something else.
constexpr std::size_t kTokenFileBytesMax = 4096;

std::string trimmed(std::string_view text) {
    const std::string_view blanks = " \t\r\n";
    const std::size_t first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return std::string(text.substr(first, text.find_last_not_of(blanks) - first + 1));
}

std::string first_set(const std::string& flag, const std::string& variable,
                      std::string_view fallback) {
    if (!flag.empty()) return flag;
    return variable.empty() ? std::string(fallback) : variable;
}

ExitCode code_of(unsigned status) {
    if (status == 404) return ExitCode::not_found;
    if (status == 408 || status == 504) return ExitCode::timed_out;
    return ExitCode::failed;
}

}  // namespace

std::string percent_encoded(std::string_view text) {
    std::string result;
    for (const char c : text) {
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
                              c == '~';
        if (is_plain) {
            result += c;
        } else {
            result += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return result;
}

Failure failure_of(unsigned status, std::string_view body, std::string_view token_hint) {
    Failure failure;
    failure.code = code_of(status);
    boost::system::error_code error;
    const json::value document = json::parse(json::string_view(body.data(), body.size()), error);
    if (!error && document.is_object()) {
        failure.message = text_at(document, "detail");
        failure.cure = text_at(document, "cure");
        if (failure.message.empty()) failure.message = text_at(document, "title");
    }
    if (failure.message.empty()) {
        failure.message =
            fmt::format("the daemon answered {} {}", status, runtime::reason_phrase(status));
    }
    // Which file holds the token is known here, not there.
    if (status == 401 && !token_hint.empty()) failure.cure = token_hint;
    return failure;
}

Attempt<Remote> Remote::open(const Connection& connection, const Console& console) {
    Remote remote;
    remote.url_ = first_set(connection.url, console.variable("GRAPEVINE_URL"), kDefaultUrl);
    while (remote.url_.ends_with('/')) remote.url_.pop_back();
    if (const auto parsed = runtime::HttpUrl::parse(remote.url_); !parsed) {
        return fail(ExitCode::usage, parsed.error().message, parsed.error().cure);
    }
    remote.overlay_ = first_set(connection.overlay, console.variable("GRAPEVINE_OVERLAY"), "");
    remote.options_.timeout = std::chrono::duration_cast<Duration>(
        std::chrono::duration<double>(connection.timeout_seconds));
    remote.options_.ca_file = first_set(connection.ca_file, console.variable("GRAPEVINE_CA"), "");
    remote.options_.is_insecure = connection.is_insecure;

    // A token file that was named wins over a variable that was inherited.
    remote.token_ = connection.token;
    if (remote.token_.empty() && connection.token_file.empty()) {
        remote.token_ = console.variable("GRAPEVINE_TOKEN");
    }
    if (!remote.token_.empty()) return remote;
    const std::string named =
        first_set(connection.token_file, console.variable("GRAPEVINE_TOKEN_FILE"), "");
    std::string file = named;
    if (file.empty()) {
        daemon::ConfigSources sources = daemon::sources_of_process();
        sources.environment = console.environment;
        file = daemon::default_token_file(daemon::default_state_folder(sources));
    }
    const auto content = runtime::read_file(file, kTokenFileBytesMax);
    if (content) {
        remote.token_ = trimmed(as_text(*content));
        return remote;
    }
    if (!named.empty()) return std::unexpected(to_failure(content.error()));
    // The daemon may let anybody in; if not, the user must hear where we looked.
    remote.token_hint_ = fmt::format(
        "give its token with --token-file FILE: the file 'token' in the daemon's state folder "
        "(tried {})",
        content.error().message);
    return remote;
}

runtime::HttpHeaders Remote::headers(std::string_view accept) const {
    runtime::HttpHeaders headers;
    headers.push_back({"accept", std::string(accept)});
    headers.push_back({"user-agent", fmt::format("grapevine/{}", GRAPEVINE_VERSION)});
    if (!token_.empty()) headers.push_back({"authorization", "Bearer " + token_});
    return headers;
}

Failure Remote::unreachable(const Refusal& refusal, Duration waited) const {
    Failure failure = to_failure(refusal);
    if (refusal.code == Refusal::Code::forbidden || refusal.code == Refusal::Code::over_limit) {
        failure.code = ExitCode::failed;
    } else {
        failure.code = waited >= options_.timeout ? ExitCode::timed_out : ExitCode::unreachable;
    }
    return failure;
}

Attempt<json::value> Remote::exchange(std::string_view method, std::string_view path,
                                      std::string_view body, std::string_view content_type) {
    runtime::HttpHeaders all = headers("application/json");
    if (!content_type.empty()) all.push_back({"content-type", std::string(content_type)});
    const runtime::SteadyClock clock;
    const Instant begun = clock.now();
    runtime::HttpClient client(options_);
    const auto response = client.request(method, fmt::format("{}{}", url_, path), all, body);
    if (!response) return std::unexpected(unreachable(response.error(), clock.now() - begun));
    if (response->status / 100 != 2) {
        return std::unexpected(failure_of(response->status, response->body, token_hint_));
    }
    if (response->body.empty()) return json::value(nullptr);
    boost::system::error_code error;
    json::value value = json::parse(response->body, error);
    if (error) {
        return fail(ExitCode::failed, fmt::format("the answer from {} is not JSON", url_),
                    "is this the API of a Grapevine daemon? check --url");
    }
    return value;
}

Attempt<json::value> Remote::get(std::string_view path) {
    return exchange("GET", path, "", "");
}

Attempt<json::value> Remote::send(std::string_view method, std::string_view path,
                                  const json::value& body) {
    return exchange(method, path, json::serialize(body), "application/json");
}

Attempt<json::value> Remote::send_bytes(std::string_view method, std::string_view path,
                                        std::string_view body, std::string_view content_type) {
    return exchange(method, path, body, content_type);
}

Attempt<json::value> Remote::remove(std::string_view path) {
    return exchange("DELETE", path, "", "");
}

Attempt<bool> Remote::follow(std::string_view path, Duration silence_max,
                             std::function<bool(std::string_view)> on_line) {
    runtime::HttpClientOptions options = options_;
    options.stream_timeout = silence_max;
    runtime::HttpClient client(options);
    const runtime::SteadyClock clock;
    const Instant begun = clock.now();
    bool is_enough = false;
    const auto response = client.stream(fmt::format("{}{}", url_, path),
                                        headers("text/event-stream"), [&](std::string_view line) {
                                            is_enough = !on_line(line);
                                            return !is_enough;
                                        });
    if (is_enough) return true;
    if (!response) return std::unexpected(unreachable(response.error(), clock.now() - begun));
    if (response->status / 100 != 2) {
        return std::unexpected(failure_of(response->status, response->body, token_hint_));
    }
    return false;
}

Attempt<bool> Remote::ask(std::string_view path, const json::value& body, Duration head_max,
                          std::function<bool(std::string_view)> on_line) {
    runtime::HttpClientOptions options = options_;
    options.timeout = head_max;
    options.stream_timeout = head_max;
    runtime::HttpClient client(options);
    const runtime::SteadyClock clock;
    const Instant begun = clock.now();
    bool is_enough = false;
    runtime::HttpHeaders head = headers("text/event-stream");
    head.push_back({"content-type", "application/json"});
    const auto response = client.post_stream(fmt::format("{}{}", url_, path), head,
                                             json::serialize(body), [&](std::string_view line) {
                                                 is_enough = !on_line(line);
                                                 return !is_enough;
                                             });
    if (is_enough) return true;
    if (!response) return std::unexpected(unreachable(response.error(), clock.now() - begun));
    if (response->status / 100 != 2) {
        return std::unexpected(failure_of(response->status, response->body, token_hint_));
    }
    return false;
}

std::string Remote::origin() const {
    const std::size_t host = url_.find("://") + 3;
    return url_.substr(0, url_.find('/', host));
}

Attempt<std::string> Remote::overlay() {
    if (!overlay_.empty()) return overlay_;
    const json::value answer = GV_TRY(get("/v1/overlays"));
    std::string names;
    for (const json::value& overlay : items_at(answer, "overlays")) {
        const std::string name = text_at(overlay, "name");
        if (overlay_.empty()) overlay_ = name;
        names += fmt::format("{}{}", names.empty() ? "" : ", ", name);
    }
    if (overlay_.empty()) {
        return fail(ExitCode::not_found, "this daemon is in no overlay",
                    "create one: grapevine overlay create NAME; or enter one: grapevine join "
                    "TOKEN");
    }
    if (overlay_ != names) {
        overlay_.clear();
        return fail(ExitCode::usage, fmt::format("this daemon is in several overlays: {}", names),
                    "say which with --overlay NAME");
    }
    return overlay_;
}

Attempt<std::string> Remote::overlay_path(std::string_view rest) {
    return fmt::format("/v1/overlays/{}{}", percent_encoded(GV_TRY(overlay())), rest);
}

}  // namespace grapevine::cli
