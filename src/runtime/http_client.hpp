#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/time.hpp"
#include "runtime/http_types.hpp"

namespace grapevine::runtime {

struct HttpClientOptions {
    /// For connecting, and then for the whole answer (of a stream: for its head).
    Duration timeout = std::chrono::seconds(10);
    /// How long a stream may be silent.
    Duration stream_timeout = Duration::max();
    /// Whom to trust for https, PEM; empty: the authorities of the system.
    std::filesystem::path ca_file{};
    /// Accepts any certificate. For a first look, never for a script.
    bool is_insecure = false;
    std::size_t body_bytes_max = std::size_t{64} * 1024 * 1024;
    /// What a person should do when nothing listens there.
    std::string cure_when_absent = "is the daemon running? start it with: grapevine agent";
};

/// One HTTP request at a time, waiting for its answer: for command-line tools and tests.
///
/// http and https (TLS 1.2 or later), names, IPv4, and IPv6 in brackets. Every address of a name is
/// tried in turn. One connection per request. Follows no redirects. An answer with an error status
/// is an answer; a refusal says that there is none: nothing listens, no such host, bad certificate,
/// too late, too long.
class HttpClient {
public:
    explicit HttpClient(HttpClientOptions options = {}) : options_(std::move(options)) {}

    Outcome<HttpResponse> request(std::string_view method, std::string_view url,
                                  const HttpHeaders& headers = {}, std::string_view body = {});

    /// Gets `url` and calls `on_line` with every line of the body, without its end, as they come,
    /// until that returns false or the body ends. An answer other than 2xx is returned with its
    /// body, and no line is called.
    Outcome<HttpResponse> stream(std::string_view url, const HttpHeaders& headers,
                                 std::move_only_function<bool(std::string_view)> on_line);
    /// The same for the answer to a POST.
    Outcome<HttpResponse> post_stream(std::string_view url, const HttpHeaders& headers,
                                      std::string_view body,
                                      std::move_only_function<bool(std::string_view)> on_line);

private:
    Outcome<HttpResponse> stream_answer(std::string_view method, std::string_view url,
                                        const HttpHeaders& headers, std::string_view body,
                                        std::move_only_function<bool(std::string_view)> on_line);

    HttpClientOptions options_;
};

/// A URL of http or https in its parts. Without a port, that of the scheme; without a path, "/".
struct HttpUrl {
    bool is_https = false;
    std::string host;  ///< IPv6 without its brackets.
    std::uint16_t port = 0;
    std::string target;  ///< Path and query.

    /// As `resolve_now` and the Host header want it: IPv6 in brackets.
    [[nodiscard]] std::string host_and_port() const;
    static Outcome<HttpUrl> parse(std::string_view url);
};

}  // namespace grapevine::runtime
