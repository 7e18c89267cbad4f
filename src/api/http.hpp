#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What the API knows of HTTP: values, and the interfaces that the daemon lays over the server of
// the runtime. No sockets. Everything here happens on one thread, the one of the API.
namespace grapevine::api {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// One request, after the server has read all of it.
struct Request {
    /// Upper case, as sent: "GET". A HEAD is answered as the GET would be; the server drops the
    /// body.
    std::string method;
    /// Path and query exactly as sent ("/v1/overlays/a%2Fb?x=1"). The API splits and decodes it,
    /// because only it knows where an encoded slash is part of a name.
    std::string target;
    Headers headers;  ///< Names in lower case, in the order received.
    std::string body;
    bool peer_is_loopback = false;
    bool is_tls = false;
};

struct Response {
    int status = 200;
    /// Names in lower case; never content-length, connection or transfer-encoding, which are the
    /// server's.
    Headers headers;
    std::string body;
};

/// The body of a response that goes on: chunks are sent in order as the peer takes them.
///
/// No callback is called from within `write` or `close`. After `on_closed` was called nothing else
/// is, and writes are ignored.
class StreamSink {
public:
    virtual ~StreamSink() = default;
    /// Takes the chunk and sends it when it can. False once the peer is gone. The API writes only
    /// while nothing is pending, or the chunk keeps what is below `kStreamPendingBytesMax`; a sink
    /// need not take more.
    virtual bool write(std::string chunk) = 0;
    /// Bytes taken and not yet handed to the kernel.
    [[nodiscard]] virtual std::size_t pending_bytes() const = 0;
    /// Calls `wake` each time nothing is pending any more.
    virtual void on_drained(std::function<void()> wake) = 0;
    /// Ends the body after what is pending, also when the sink is released at once. Calling it
    /// twice does nothing.
    virtual void close() = 0;
    /// Calls `gone` once, when the peer has gone.
    virtual void on_closed(std::function<void()> gone) = 0;
};

/// One end of a WebSocket. Pings, pongs, fragments and UTF-8 of text messages are the server's; it
/// refuses binary messages with status 1003.
class SocketSink {
public:
    virtual ~SocketSink() = default;
    /// One text message; otherwise as `StreamSink::write`.
    virtual bool write(std::string message) = 0;
    [[nodiscard]] virtual std::size_t pending_bytes() const = 0;
    virtual void on_drained(std::function<void()> wake) = 0;
    /// Calls `take` for each text message received, in order. Messages that came before it was set
    /// are kept and given then, but not from within this call.
    virtual void on_message(std::function<void(std::string message)> take) = 0;
    /// Sends what is pending, then a close frame with this status (RFC 6455, section 7.4).
    virtual void close(std::uint16_t status, std::string_view reason) = 0;
    virtual void on_closed(std::function<void()> gone) = 0;
};

/// The answering end of one request. Exactly one of the three is called, once, now or later; on a
/// connection that has died meanwhile it does nothing (a sink then reports that it is closed).
class Exchange {
public:
    virtual ~Exchange() = default;
    virtual void reply(Response response) = 0;
    /// Sends `head` (its body is empty) and leaves the body open.
    [[nodiscard]] virtual std::shared_ptr<StreamSink> start_stream(Response head) = 0;
    /// Completes the upgrade. `subprotocol` is what the answer selects of those offered; empty
    /// selects none. Only called when the request asked for a WebSocket (`upgrade: websocket`).
    [[nodiscard]] virtual std::shared_ptr<SocketSink> accept_websocket(
        std::string_view subprotocol) = 0;
};

}  // namespace grapevine::api
