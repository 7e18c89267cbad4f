#include "runtime/http_client.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cerrno>
#include <charconv>
#include <fmt/core.h>
#include <optional>

#include "runtime/resolver.hpp"
#include "runtime/system_refusal.hpp"
#include "runtime/tcp.hpp"
#include "runtime/transport.hpp"

namespace grapevine::runtime {
namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using Deadline = std::chrono::steady_clock::time_point;

namespace {

constexpr std::size_t kReadBytes = 16 * 1024;

Deadline deadline_in(Duration patience) {
    const SteadyClock clock;
    return patience == Duration::max() ? Deadline::max() : clock.to_system(clock.now() + patience);
}

// One connection and its request. Asio's callbacks are turned into waiting calls by running a loop
// of our own until the callback has come, or the deadline.
class Exchange {
public:
    using Parser = http::response_parser<http::string_body>;

    Exchange(const HttpClientOptions& options, HttpUrl url)
        : options_(options), url_(std::move(url)) {}

    Outcome<void> connect() {
        const auto endpoints = GV_TRY(resolve_now(url_.host_and_port()));
        TlsContext tls;
        if (url_.is_https) {
            tls = GV_TRY(
                make_client_tls(options_.is_insecure ? Verification::none : Verification::required,
                                options_.ca_file));
        }
        const Deadline deadline = deadline_in(options_.timeout);
        error_code failure;
        for (const Endpoint& endpoint : endpoints) {
            tcp::socket socket(context_);
            std::optional<error_code> result;
            socket.async_connect(to_tcp(endpoint), [&](error_code code) { result = code; });
            if (!run_until(result, deadline)) socket.close();
            failure = finish(result);
            if (failure) continue;
            transport_ = tls ? make_tls_client_transport(std::move(socket), tls, url_.host)
                             : make_plain_transport(std::move(socket));
            return handshake(deadline);
        }
        return std::unexpected(refuse_connect(failure));
    }

    Outcome<void> send(std::string_view text) {
        const Deadline deadline = deadline_in(options_.timeout);
        while (!text.empty()) {
            std::optional<error_code> result;
            std::size_t written = 0;
            transport_->write_some(asio::const_buffer(text.data(), text.size()),
                                   [&](error_code code, std::size_t count) {
                                       written = count;
                                       result = code;
                                   });
            const error_code failure = wait_for(result, deadline);
            // A server that refuses early may close its ear; its answer is still worth reading.
            if (failure == asio::error::broken_pipe || failure == asio::error::connection_reset) {
                return {};
            }
            if (failure) return std::unexpected(refuse_transfer(failure));
            text.remove_prefix(written);
        }
        return {};
    }

    /// Reads something and gives it to the parser. False at the end of the message.
    Outcome<bool> advance(Parser& parser, Deadline deadline) {
        if (parser.is_done()) return false;
        error_code failure;
        if (input_.size() > 0) {
            const std::size_t used = parser.put(input_.data(), failure);
            input_.consume(used);
            if (failure && failure != http::error::need_more) {
                return std::unexpected(refuse_transfer(failure));
            }
            if (used > 0) return true;
        }
        std::optional<error_code> result;
        std::size_t count = 0;
        transport_->read_some(input_.prepare(kReadBytes), [&](error_code code, std::size_t read) {
            count = read;
            result = code;
        });
        failure = wait_for(result, deadline);
        if (!failure) {
            input_.commit(count);
            return true;
        }
        // Without a length the end of the connection is the end of the body; else it is a cut.
        error_code cut;
        if (parser.is_header_done()) parser.put_eof(cut);
        if (parser.is_done() && !cut) return false;
        return std::unexpected(refuse_transfer(failure));
    }

private:
    /// False when the deadline came first.
    bool run_until(const std::optional<error_code>& result, Deadline deadline) {
        context_.restart();
        while (!result) {
            if (deadline == Deadline::max()) {
                context_.run_one();
            } else if (context_.run_one_until(deadline) == 0) {
                return false;
            }
        }
        return true;
    }

    // The callback of what was cut short must have run before its variables go away.
    error_code finish(std::optional<error_code>& result) {
        if (result) return *result;
        context_.restart();
        while (!result) context_.run_one();
        return asio::error::timed_out;
    }

    error_code wait_for(std::optional<error_code>& result, Deadline deadline) {
        if (!run_until(result, deadline)) transport_->close();
        return finish(result);
    }

    Outcome<void> handshake(Deadline deadline) {
        std::optional<error_code> result;
        transport_->handshake([&](error_code code) { result = code; });
        const error_code failure = wait_for(result, deadline);
        if (!failure) return {};
        if (failure == asio::error::timed_out) return std::unexpected(refuse_transfer(failure));
        return std::unexpected(
            Refusal{Refusal::Code::forbidden,
                    fmt::format("no TLS with {}: {}", url_.host_and_port(), failure.message()),
                    "give the certificate of its authority as the CA file, and check that the host "
                    "is the name in the certificate",
                    ""});
    }

    [[nodiscard]] Refusal refuse_connect(const error_code& failure) const {
        if (failure == asio::error::connection_refused) {
            return {Refusal::Code::unavailable,
                    fmt::format("nothing listens on {}", url_.host_and_port()),
                    options_.cure_when_absent, ""};
        }
        if (failure == asio::error::timed_out) return refuse_transfer(failure);
        return system_refusal(fmt::format("cannot connect to {}", url_.host_and_port()),
                              failure.value());
    }

    [[nodiscard]] Refusal refuse_transfer(const error_code& failure) const {
        const std::string where = url_.host_and_port();
        if (failure == asio::error::timed_out) {
            return {Refusal::Code::unavailable, fmt::format("{} did not answer in time", where),
                    "try again with a longer timeout, or look into its log", ""};
        }
        if (failure == http::error::body_limit) {
            return {Refusal::Code::over_limit,
                    fmt::format("the answer of {} is longer than {} bytes", where,
                                options_.body_bytes_max),
                    "ask for less at once", ""};
        }
        return {
            Refusal::Code::unavailable,
            fmt::format("{} ended the connection before its answer: {}", where, failure.message()),
            url_.is_https ? "is this a TLS port? try http" : "is this a TLS port? try https", ""};
    }

    const HttpClientOptions& options_;
    HttpUrl url_;
    asio::io_context context_{1};
    std::unique_ptr<Transport> transport_;
    boost::beast::flat_buffer input_;
};

std::string make_request(std::string_view method, const HttpUrl& url, const HttpHeaders& headers,
                         std::string_view body) {
    std::string text = fmt::format("{} {} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", method,
                                   url.target, url.host_and_port());
    for (const HttpHeader& header : headers) {
        text += fmt::format("{}: {}\r\n", header.name, header.value);
    }
    if (!body.empty() || method == "POST" || method == "PUT" || method == "PATCH") {
        text += fmt::format("content-length: {}\r\n", body.size());
    }
    text += "\r\n";
    text += body;
    return text;
}

HttpResponse take_response(Exchange::Parser& parser) {
    HttpResponse response;
    response.status = parser.get().result_int();
    for (const auto& field : parser.get()) {
        std::string name(field.name_string());
        for (char& letter : name) {
            if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
        }
        response.headers.push_back({std::move(name), std::string(field.value())});
    }
    response.body = std::move(parser.get().body());
    return response;
}

// Cuts complete lines off the front. False when the callback has seen enough.
bool give_lines(std::string& text, std::move_only_function<bool(std::string_view)>& on_line) {
    std::size_t start = 0;
    for (;;) {
        const std::size_t end = text.find('\n', start);
        if (end == std::string::npos) break;
        std::string_view line = std::string_view(text).substr(start, end - start);
        if (line.ends_with('\r')) line.remove_suffix(1);
        start = end + 1;
        if (!on_line(line)) return false;
    }
    text.erase(0, start);
    return true;
}

}  // namespace

Outcome<HttpResponse> HttpClient::request(std::string_view method, std::string_view url,
                                          const HttpHeaders& headers, std::string_view body) {
    const HttpUrl parsed = GV_TRY(HttpUrl::parse(url));
    Exchange exchange(options_, parsed);
    GV_TRY_VOID(exchange.connect());
    GV_TRY_VOID(exchange.send(make_request(method, parsed, headers, body)));
    Exchange::Parser parser;
    parser.body_limit(options_.body_bytes_max);
    parser.eager(true);
    if (method == "HEAD") parser.skip(true);
    const Deadline deadline = deadline_in(options_.timeout);
    while (GV_TRY(exchange.advance(parser, deadline))) continue;
    return take_response(parser);
}

Outcome<HttpResponse> HttpClient::stream(std::string_view url, const HttpHeaders& headers,
                                         std::move_only_function<bool(std::string_view)> on_line) {
    return stream_answer("GET", url, headers, "", std::move(on_line));
}

Outcome<HttpResponse> HttpClient::post_stream(
    std::string_view url, const HttpHeaders& headers, std::string_view body,
    std::move_only_function<bool(std::string_view)> on_line) {
    return stream_answer("POST", url, headers, body, std::move(on_line));
}

Outcome<HttpResponse> HttpClient::stream_answer(
    std::string_view method, std::string_view url, const HttpHeaders& headers,
    std::string_view body, std::move_only_function<bool(std::string_view)> on_line) {
    const HttpUrl parsed = GV_TRY(HttpUrl::parse(url));
    Exchange exchange(options_, parsed);
    GV_TRY_VOID(exchange.connect());
    GV_TRY_VOID(exchange.send(make_request(method, parsed, headers, body)));
    Exchange::Parser parser;
    parser.body_limit(boost::none);
    parser.eager(true);
    Deadline deadline = deadline_in(options_.timeout);
    std::string text;
    for (;;) {
        const bool is_more = GV_TRY(exchange.advance(parser, deadline));
        if (parser.is_header_done() && parser.get().result_int() / 100 == 2) {
            // The parser appends to its body; taking that away keeps memory at one piece.
            text += std::exchange(parser.get().body(), {});
            if (!give_lines(text, on_line)) break;
            if (text.size() > options_.body_bytes_max) {
                return std::unexpected(Refusal{Refusal::Code::over_limit,
                                               fmt::format("{} sent a line without end", url), "",
                                               ""});
            }
            deadline = deadline_in(options_.stream_timeout);
        }
        if (!is_more) break;
    }
    return take_response(parser);
}

std::string HttpUrl::host_and_port() const {
    return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                               : fmt::format("[{}]:{}", host, port);
}

Outcome<HttpUrl> HttpUrl::parse(std::string_view url) {
    const auto refuse = [url] {
        return std::unexpected(Refusal{Refusal::Code::invalid,
                                       fmt::format("\"{}\" is no http or https URL", url),
                                       "write it like http://127.0.0.1:9470/v1", ""});
    };
    HttpUrl parsed;
    std::string_view rest = url;
    if (rest.starts_with("http://")) {
        rest.remove_prefix(7);
    } else if (rest.starts_with("https://")) {
        rest.remove_prefix(8);
        parsed.is_https = true;
    } else {
        return refuse();
    }
    const std::size_t slash = rest.find_first_of("/?");
    std::string_view authority = rest.substr(0, slash);
    parsed.target = slash == std::string_view::npos ? "/" : std::string(rest.substr(slash));
    if (parsed.target.starts_with('?')) parsed.target = fmt::format("/{}", parsed.target);
    if (url.find_first_of(" \r\n\t") != std::string_view::npos) return refuse();
    std::string_view port;
    if (authority.starts_with('[')) {
        const std::size_t bracket = authority.find(']');
        if (bracket == std::string_view::npos) return refuse();
        parsed.host = std::string(authority.substr(1, bracket - 1));
        authority.remove_prefix(bracket + 1);
        if (!authority.empty() && !authority.starts_with(':')) return refuse();
        if (!authority.empty()) port = authority.substr(1);
    } else {
        const std::size_t colon = authority.find(':');
        parsed.host = std::string(authority.substr(0, colon));
        if (colon != std::string_view::npos) port = authority.substr(colon + 1);
    }
    parsed.port = parsed.is_https ? 443 : 80;
    if (!port.empty()) {
        const auto [end, failure] =
            std::from_chars(port.data(), port.data() + port.size(), parsed.port);
        if (failure != std::errc() || end != port.data() + port.size()) return refuse();
    }
    if (parsed.host.empty() || parsed.host.find('@') != std::string::npos) return refuse();
    return parsed;
}

}  // namespace grapevine::runtime
