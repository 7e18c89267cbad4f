#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/endpoint.hpp"
#include "base/error.hpp"
#include "base/limits.hpp"
#include "base/time.hpp"
#include "runtime/http_types.hpp"
#include "runtime/loop.hpp"

namespace grapevine::runtime {

/// A response whose body is written piece by piece and has no set end: server-sent events.
///
/// Leaves as HTTP/1.1 chunks. Written at the pace of the reader: what it has not taken waits here,
/// up to `kHttpPendingBytesMax`. A reader that takes nothing for `HttpServerOptions::write_timeout`
/// while something waits is cut off and counted. Dropping the last pointer closes.
class HttpStream {
public:
    virtual ~HttpStream() = default;

    /// False, and nothing is taken, when the stream is closed, or when something waits already and
    /// this would lift it above `kHttpPendingBytesMax`. Then wait for `on_drained`.
    [[nodiscard]] virtual bool write(std::string text) = 0;
    [[nodiscard]] virtual std::size_t pending_bytes() const = 0;

    /// Called each time the last waiting byte has gone to the kernel. Replaces the one before.
    virtual void on_drained(Loop::Task task) = 0;

    /// Called once, when the reader has gone, was cut off, or the server ends; not after `close`.
    /// At once (posted) when that has happened already.
    virtual void on_closed(Loop::Task task) = 0;

    /// Ends the body properly after what still waits.
    virtual void close() = 0;
    [[nodiscard]] virtual bool is_open() const = 0;
};

/// Text messages in both directions (RFC 6455). The server pings a silent client and closes when
/// that draws no answer within `HttpServerOptions::idle_timeout`. Pressure and limits as in
/// `HttpStream`; a longer incoming message than `body_bytes_max` closes with 1009, a binary one
/// with 1003. Dropping the last pointer closes.
class WebSocket {
public:
    virtual ~WebSocket() = default;

    /// As `HttpStream::write`, one message.
    [[nodiscard]] virtual bool send(std::string text) = 0;
    [[nodiscard]] virtual std::size_t pending_bytes() const = 0;
    virtual void on_drained(Loop::Task task) = 0;
    /// Messages that arrive before this is set wait for it.
    virtual void on_message(std::move_only_function<void(std::string)> handler) = 0;
    virtual void on_closed(Loop::Task task) = 0;
    /// Sends what waits, then a close frame with this status (RFC 6455, section 7.4) and reason
    /// (UTF-8; what is beyond 123 bytes is cut off).
    virtual void close(std::uint16_t status = 1000, std::string_view reason = {}) = 0;
    [[nodiscard]] virtual bool is_open() const = 0;
};

/// The one answer to one request. Exactly one of the three is called, at once or later, on the
/// loop. Dropped without an answer, the client gets a 500, so that no request is left hanging.
class Responder {
public:
    virtual ~Responder() = default;

    /// Content-Length, Date and Connection are added; a HEAD request gets no body. An answer for a
    /// client that has gone is dropped.
    virtual void reply(HttpResponse response) = 0;

    /// Sends the head now; `head.body`, if any, is the first piece.
    [[nodiscard]] virtual std::shared_ptr<HttpStream> start_stream(HttpResponse head) = 0;

    /// Only when `HttpRequest::is_websocket_upgrade`. `subprotocol` is what the answer selects of
    /// those that the client offered; empty selects none.
    [[nodiscard]] virtual std::shared_ptr<WebSocket> accept_websocket(
        std::string_view subprotocol = {}) = 0;
};

struct HttpTls {
    std::filesystem::path certificate_file;  ///< PEM, the chain from the leaf up.
    std::filesystem::path key_file;          ///< PEM, without a passphrase.
};

struct HttpServerOptions {
    Endpoint bind{};               ///< Port 0 takes a free one; [::] takes IPv4 too.
    std::optional<HttpTls> tls{};  ///< TLS 1.2 or later instead of plain text.

    std::size_t header_bytes_max = kHttpHeaderBytesMax;  ///< Beyond: 431.
    std::size_t body_bytes_max = kHttpBodyBytesMax;      ///< Beyond: 413.
    std::size_t connections_max = kHttpConnectionsMax;   ///< Beyond: 503, and closed.

    /// From its first byte until a request's header is complete: against clients that send a byte
    /// a minute. Also for the TLS handshake. Then: 408.
    Duration header_timeout = std::chrono::seconds(10);
    /// Likewise for the body. 2 MiB in 30 s is 70 kB/s.
    Duration body_timeout = std::chrono::seconds(30);
    /// How long a connection may rest between requests, and a WebSocket be silent.
    Duration idle_timeout = std::chrono::seconds(60);
    /// How long a client may take nothing of what waits for it (64 KiB at a time).
    Duration write_timeout = std::chrono::seconds(15);
};

struct HttpCounters {
    std::uint64_t connections_accepted = 0;
    std::uint64_t connections_refused = 0;   ///< Above the limit; 503 or closed.
    std::uint64_t requests = 0;              ///< Complete ones, given to the handler.
    std::uint64_t refused_malformed = 0;     ///< 400
    std::uint64_t refused_header_bytes = 0;  ///< 431
    std::uint64_t refused_body_bytes = 0;    ///< 413
    std::uint64_t timed_out_reading = 0;     ///< 408: header, body or handshake took too long.
    std::uint64_t timed_out_writing = 0;     ///< Slow readers, cut off.
    std::uint64_t tls_failed = 0;            ///< Handshakes that failed.
    std::uint64_t connections_open = 0;      ///< Now.
    std::uint64_t streams_open = 0;          ///< Now.
    std::uint64_t websockets_open = 0;       ///< Now.
};

/// HTTP/1.1 on one address: keep-alive, pipelining (one request at a time, in order), chunked
/// requests, Expect: 100-continue, streams, WebSockets, TLS. Routes nothing and knows no resource.
///
/// What a client does wrong it is told as problem details (RFC 9457), and the connection closed.
/// All calls and callbacks on the loop's thread.
class HttpServer {
public:
    using Handler = std::move_only_function<void(HttpRequest, std::shared_ptr<Responder>)>;

    /// Refuses a port in use, a foreign address, and certificate or key files that do not serve,
    /// each with its cure.
    static Outcome<HttpServer> listen(Loop& loop, HttpServerOptions options, Handler handler);

    HttpServer(HttpServer&&) noexcept;
    HttpServer& operator=(HttpServer&&) noexcept;
    /// Closes every connection, without waiting. Streams and WebSockets hear `on_closed`.
    ~HttpServer();

    [[nodiscard]] const Endpoint& bound() const;
    [[nodiscard]] std::uint16_t bound_port() const { return bound().port; }
    [[nodiscard]] const HttpCounters& counters() const;

    /// Reads certificate and key again, for connections from now on. Refused: the old ones stay.
    Outcome<void> reload_tls();

    /// Takes no new connections; those at rest end, those at work finish their request.
    void stop_accepting();

private:
    struct State;
    explicit HttpServer(std::shared_ptr<State> state);
    std::shared_ptr<State> state_;
};

}  // namespace grapevine::runtime
