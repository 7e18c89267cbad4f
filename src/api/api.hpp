#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "api/http.hpp"
#include "api/token_book.hpp"
#include "base/time.hpp"
#include "control/control.hpp"

namespace grapevine::api {

/// How long a stream may be silent. Proxies commonly cut connections that are idle for 30 or 60
/// seconds; half of the shorter leaves room for one that is lost.
inline constexpr Duration kHeartbeatPeriod = std::chrono::seconds(15);

class Service;

struct Options {
    /// Who may come without a token.
    enum class Anonymous : std::uint8_t {
        refused,  ///< Nobody, but for the open routes.
        /// Whoever connects over loopback may do everything, provided that the Host header names
        /// loopback too. A page in a browser on this machine can connect over loopback under a name
        /// of its own (DNS rebinding): the Host header gives it away.
        loopback,
    };
    Anonymous anonymous = Anonymous::refused;

    /// Whether Prometheus may read /metrics over loopback without a token.
    enum class LoopbackMetrics : std::uint8_t { open, token_needed };
    LoopbackMetrics loopback_metrics = LoopbackMetrics::open;
};

/// The HTTP API, version 1: takes one request and answers it through its exchange, at once or when
/// `control` has answered. Which routes there are says `routes.hpp`, and to clients the document at
/// /v1/openapi.json, which is made from the same table.
///
/// Every "no" is a problem document (RFC 9457) that says what was wrong and what would be right.
/// Nothing is changed by a request that is refused.
///
/// Streams (server-sent events and WebSockets) live in here until they close. They read the log
/// only while less than `kStreamPendingBytesMax` wait to be sent, so a slow reader costs a bounded
/// buffer; what it missed it is told. Each stream sends a heartbeat every `kHeartbeatPeriod` in
/// which nothing else was sent.
///
/// One thread. `control` and `tokens` outlive it; callbacks of `control` that come after its end
/// still answer their exchange, and touch nothing else. No sockets, no clock: the driver says
/// `now`, and calls `advance` when `deadline()` is due (look at it again after each `handle`).
class Api {
public:
    Api(control::Control& control, TokenBook& tokens, Options options);
    ~Api();
    Api(const Api&) = delete;
    Api& operator=(const Api&) = delete;

    /// Answers one request. `exchange` is released when it was answered.
    void handle(Instant now, Request request, std::shared_ptr<Exchange> exchange);

    /// Sends the heartbeats due and ends the streams of overlays that are gone.
    void advance(Instant now);
    /// When to call `advance` at the latest; `kNever` without streams.
    [[nodiscard]] Instant deadline() const;

    /// Streams open now, of both kinds.
    [[nodiscard]] std::size_t stream_count() const;

    /// Ends all streams, telling their readers why ("shutting_down"). New ones are refused.
    void close_streams();

private:
    std::shared_ptr<Service> service_;
};

}  // namespace grapevine::api
