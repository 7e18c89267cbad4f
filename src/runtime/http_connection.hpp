#pragma once

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>
#include <optional>
#include <string>

#include "runtime/http_peers.hpp"

namespace grapevine::runtime {

/// One client of an `HttpServer`, from accept to close. For the sources of this folder only.
///
///     handshake -> idle -> header -> body -> handling -> replying -> idle ...
///                             |        |         \-> streaming -> lingering
///                             \--------+--> replying -> lingering -> gone
///
/// One timer serves all phases. It lives through the callbacks of its transport, the list of its
/// server, and whoever holds a responder or stream of it.
class HttpConnection final : public HttpPeer, public std::enable_shared_from_this<HttpConnection> {
public:
    enum class Admission : std::uint8_t { served, refused };

    HttpConnection(std::shared_ptr<HttpServerShared> server, std::unique_ptr<Transport> transport,
                   Endpoint peer, Admission admission);

    void start();
    void close_now() override;
    void close_if_idle() override;

    // For the responder.
    void reply(HttpResponse response);
    void start_stream(HttpResponse head);
    [[nodiscard]] std::shared_ptr<WebSocket> accept_websocket(std::string_view subprotocol);

    // For the stream.
    [[nodiscard]] bool stream_write(std::string text);
    [[nodiscard]] std::size_t pending_bytes() const;
    void stream_on_drained(Loop::Task task);
    void stream_on_closed(Loop::Task task);
    void stream_close();
    [[nodiscard]] bool is_streaming() const { return phase_ == Phase::streaming; }

private:
    using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
    enum class Phase : std::uint8_t {
        handshake,
        idle,
        header,
        body,
        handling,
        replying,
        streaming,
        lingering,
        gone,
    };

    void enter(Phase phase, Duration patience);
    void on_timer();
    void await_request();
    void read();
    void on_read(boost::system::error_code failure, std::size_t count);
    void feed();
    void on_header_done();
    void refuse_request(boost::system::error_code reason);
    void dispatch();
    [[nodiscard]] HttpRequest take_request();
    void refuse_and_linger(HttpResponse response);
    void append_head(const HttpResponse& response, std::optional<std::size_t> content_length);
    void pump_output();
    void on_written(boost::system::error_code failure, std::size_t count);
    void on_output_empty();
    void linger();
    void say_goodbye();

    std::shared_ptr<HttpServerShared> server_;
    std::unique_ptr<Transport> transport_;
    Endpoint peer_;
    Admission admission_;
    Phase phase_ = Phase::handshake;
    Timer timer_;

    boost::beast::flat_buffer input_;
    std::optional<Parser> parser_;
    bool is_reading_ = false;
    bool is_input_ended_ = false;
    bool is_keep_alive_ = false;
    bool is_head_request_ = false;
    bool is_http_1_0_ = false;

    // What is on its way to the kernel, and what waits behind it.
    std::string in_flight_;
    std::size_t in_flight_sent_ = 0;
    bool is_writing_ = false;
    std::string waiting_;

    SharedTask on_drained_;
    Loop::Task on_closed_;
    // The stream ended, or never began, without its writer's doing.
    bool was_stream_cut_ = false;
};

}  // namespace grapevine::runtime
