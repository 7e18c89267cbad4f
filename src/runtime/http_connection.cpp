#include "runtime/http_connection.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/string.hpp>
#include <cassert>
#include <ctime>
#include <fmt/core.h>

#include "runtime/http_websocket.hpp"

namespace grapevine::runtime {
namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr std::size_t kReadBytes = 16 * 1024;
// A slow reader is judged by the time it takes for this much.
constexpr std::size_t kWriteBytes = 64 * 1024;
constexpr Duration kLingerTimeout = std::chrono::seconds(2);

std::string http_date() {
    const std::time_t seconds = static_cast<std::time_t>(wall_now().unix_ms / 1000);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    char text[40];
    const std::size_t count = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return {text, count};
}

// A value may quote what a client sent; a line break in it must not start a header of its own.
void append_header(std::string& out, std::string_view name, std::string_view value) {
    out += name;
    out += ": ";
    for (const char letter : value) out += letter == '\r' || letter == '\n' ? ' ' : letter;
    out += "\r\n";
}

char lower_case(char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

bool may_have_body(unsigned status) {
    return status >= 200 && status != 204 && status != 304;
}

void append_chunk(std::string& out, std::string_view text) {
    if (text.empty()) return;  // An empty chunk would end the body.
    out += fmt::format("{:x}\r\n", text.size());
    out += text;
    out += "\r\n";
}

class ConnectionStream final : public HttpStream {
public:
    explicit ConnectionStream(std::shared_ptr<HttpConnection> connection)
        : connection_(std::move(connection)) {}
    ~ConnectionStream() override { connection_->stream_close(); }

    bool write(std::string text) override { return connection_->stream_write(std::move(text)); }
    [[nodiscard]] std::size_t pending_bytes() const override {
        return connection_->pending_bytes();
    }
    void on_drained(Loop::Task task) override { connection_->stream_on_drained(std::move(task)); }
    void on_closed(Loop::Task task) override { connection_->stream_on_closed(std::move(task)); }
    void close() override { connection_->stream_close(); }
    [[nodiscard]] bool is_open() const override { return connection_->is_streaming(); }

private:
    std::shared_ptr<HttpConnection> connection_;
};

class ConnectionResponder final : public Responder {
public:
    explicit ConnectionResponder(std::shared_ptr<HttpConnection> connection)
        : connection_(std::move(connection)) {}
    ~ConnectionResponder() override {
        if (connection_) connection_->reply(problem(500, "the request was given up unanswered"));
    }

    void reply(HttpResponse response) override { take()->reply(std::move(response)); }
    std::shared_ptr<HttpStream> start_stream(HttpResponse head) override {
        auto connection = take();
        connection->start_stream(std::move(head));
        return std::make_shared<ConnectionStream>(std::move(connection));
    }
    std::shared_ptr<WebSocket> accept_websocket(std::string_view subprotocol) override {
        return take()->accept_websocket(subprotocol);
    }

private:
    std::shared_ptr<HttpConnection> take() {
        assert(connection_ && "a request was answered twice");
        return std::exchange(connection_, nullptr);
    }
    std::shared_ptr<HttpConnection> connection_;
};

}  // namespace

HttpConnection::HttpConnection(std::shared_ptr<HttpServerShared> server,
                               std::unique_ptr<Transport> transport, Endpoint peer,
                               Admission admission)
    : server_(std::move(server)),
      transport_(std::move(transport)),
      peer_(peer),
      admission_(admission),
      timer_(server_->loop, [this] { on_timer(); }) {}

void HttpConnection::start() {
    enter(Phase::handshake, server_->options.header_timeout);
    transport_->handshake([self = shared_from_this()](error_code failure) {
        if (self->phase_ != Phase::handshake) return;
        if (failure) {
            if (self->transport_->is_tls()) ++self->server_->counters.tls_failed;
            return self->close_now();
        }
        if (self->admission_ == Admission::refused) {
            return self->refuse_and_linger(
                problem(503, fmt::format("more than {} connections are open; try again later",
                                         self->server_->options.connections_max)));
        }
        // The first request is expected at once, and not after the patience for later ones.
        self->await_request();
        if (self->phase_ == Phase::idle) {
            self->enter(Phase::idle, self->server_->options.header_timeout);
        }
    });
}

void HttpConnection::close_now() {
    if (phase_ == Phase::gone) return;
    const auto self = shared_from_this();
    if (phase_ == Phase::streaming) {
        --server_->counters.streams_open;
        was_stream_cut_ = true;
        if (on_closed_) server_->loop.post(std::exchange(on_closed_, nullptr));
    }
    phase_ = Phase::gone;
    timer_.cancel();
    if (transport_) transport_->close();
    on_drained_ = nullptr;
    on_closed_ = nullptr;
    server_->remove(self);
}

void HttpConnection::close_if_idle() {
    if (phase_ == Phase::idle) close_now();
}

void HttpConnection::enter(Phase phase, Duration patience) {
    phase_ = phase;
    timer_.arm(patience == Duration::max() ? kNever : server_->loop.now() + patience);
}

void HttpConnection::on_timer() {
    const auto self = shared_from_this();
    switch (phase_) {
        case Phase::header:
        case Phase::body:
            ++server_->counters.timed_out_reading;
            return refuse_and_linger(problem(408, "the request did not arrive in time"));
        case Phase::handshake:
            ++server_->counters.timed_out_reading;
            return close_now();
        case Phase::replying:
        case Phase::streaming:
            ++server_->counters.timed_out_writing;
            transport_->abort();
            return close_now();
        case Phase::idle:
        case Phase::lingering:
            return close_now();
        case Phase::handling:
        case Phase::gone:
            return;
    }
}

// -- Reading -------------------------------------------------------------------------------------

void HttpConnection::await_request() {
    if (server_->is_stopping) return linger();
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(server_->options.header_bytes_max));
    parser_->body_limit(server_->options.body_bytes_max);
    parser_->eager(true);
    if (input_.size() == 0) {
        enter(Phase::idle, server_->options.idle_timeout);
        return read();
    }
    enter(Phase::header, server_->options.header_timeout);
    feed();
}

void HttpConnection::read() {
    if (is_reading_) return;
    is_reading_ = true;
    transport_->read_some(input_.prepare(kReadBytes),
                          [self = shared_from_this()](error_code failure, std::size_t count) {
                              self->is_reading_ = false;
                              self->on_read(failure, count);
                          });
}

void HttpConnection::on_read(error_code failure, std::size_t count) {
    switch (phase_) {
        case Phase::idle:
        case Phase::header:
        case Phase::body:
            if (failure) return close_now();
            input_.commit(count);
            if (phase_ == Phase::idle) enter(Phase::header, server_->options.header_timeout);
            return feed();
        case Phase::streaming:
            // Nothing is expected but the end, which is how we learn that the reader has gone.
            return failure ? close_now() : read();
        case Phase::lingering:
            return failure ? say_goodbye() : read();
        case Phase::handshake:
        case Phase::handling:
        case Phase::replying:
            // The request was refused, or the stream closed, while this read was under way.
            is_input_ended_ = static_cast<bool>(failure);
            return;
        case Phase::gone:
            return;
    }
}

void HttpConnection::feed() {
    error_code failure;
    const std::size_t used = parser_->put(input_.data(), failure);
    input_.consume(used);
    if (failure && failure != http::error::need_more) return refuse_request(failure);
    if (parser_->is_done()) return dispatch();
    if (phase_ == Phase::header && parser_->is_header_done()) on_header_done();
    read();
}

void HttpConnection::on_header_done() {
    enter(Phase::body, server_->options.body_timeout);
    if (parser_->get().version() >= 11 &&
        boost::beast::iequals(parser_->get()[http::field::expect], "100-continue")) {
        waiting_ += "HTTP/1.1 100 Continue\r\n\r\n";
        pump_output();
    }
}

void HttpConnection::refuse_request(error_code reason) {
    HttpCounters& counters = server_->counters;
    if (reason == http::error::header_limit) {
        ++counters.refused_header_bytes;
        return refuse_and_linger(problem(431, fmt::format("the header is longer than {} bytes",
                                                          server_->options.header_bytes_max)));
    }
    if (reason == http::error::body_limit) {
        ++counters.refused_body_bytes;
        return refuse_and_linger(problem(
            413, fmt::format("the body is longer than {} bytes", server_->options.body_bytes_max)));
    }
    ++counters.refused_malformed;
    refuse_and_linger(
        problem(400, fmt::format("this is no HTTP/1.1 request: {}", reason.message())));
}

HttpRequest HttpConnection::take_request() {
    auto& message = parser_->get();
    HttpRequest request;
    request.method = std::string(message.method_string());
    const std::string_view target(message.target().data(), message.target().size());
    const std::size_t question = target.find('?');
    request.path = std::string(target.substr(0, question));
    if (question != std::string_view::npos)
        request.query = std::string(target.substr(question + 1));
    for (const auto& field : message) {
        std::string name(field.name_string());
        std::ranges::transform(name, name.begin(), lower_case);
        request.headers.push_back({std::move(name), std::string(field.value())});
    }
    request.peer = peer_;
    request.is_tls = transport_->is_tls();
    request.is_websocket_upgrade =
        message.method() == http::verb::get &&
        boost::beast::iequals(message[http::field::upgrade], "websocket") &&
        !message[http::field::sec_websocket_key].empty() && !is_writing_;
    request.body = std::move(message.body());
    return request;
}

void HttpConnection::dispatch() {
    ++server_->counters.requests;
    enter(Phase::handling, Duration::max());
    const auto& message = parser_->get();
    is_keep_alive_ = message.keep_alive();
    is_http_1_0_ = message.version() < 11;
    is_head_request_ = message.method() == http::verb::head;
    server_->handler(take_request(), std::make_shared<ConnectionResponder>(shared_from_this()));
}

// -- Answering -----------------------------------------------------------------------------------

void HttpConnection::append_head(const HttpResponse& response,
                                 std::optional<std::size_t> content_length) {
    waiting_ += fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason_phrase(response.status));
    append_header(waiting_, "date", http_date());
    for (const HttpHeader& header : response.headers) {
        append_header(waiting_, header.name, header.value);
    }
    if (content_length) append_header(waiting_, "content-length", std::to_string(*content_length));
    if (!is_keep_alive_) append_header(waiting_, "connection", "close");
    if (is_keep_alive_ && is_http_1_0_) append_header(waiting_, "connection", "keep-alive");
}

void HttpConnection::reply(HttpResponse response) {
    if (phase_ != Phase::handling) return;
    if (server_->is_stopping) is_keep_alive_ = false;
    parser_.reset();
    const bool has_body = may_have_body(response.status);
    append_head(response, has_body ? std::optional(response.body.size()) : std::nullopt);
    waiting_ += "\r\n";
    if (has_body && !is_head_request_) waiting_ += response.body;
    phase_ = Phase::replying;
    pump_output();
}

void HttpConnection::refuse_and_linger(HttpResponse response) {
    is_keep_alive_ = false;
    is_head_request_ = false;
    phase_ = Phase::handling;
    reply(std::move(response));
}

void HttpConnection::start_stream(HttpResponse head) {
    was_stream_cut_ = is_head_request_ || phase_ != Phase::handling;
    if (phase_ != Phase::handling) return;
    parser_.reset();
    is_keep_alive_ = false;
    append_head(head, std::nullopt);
    // HTTP/1.0 knows no chunks; there the end of the connection ends the body.
    if (!is_http_1_0_) append_header(waiting_, "transfer-encoding", "chunked");
    waiting_ += "\r\n";
    if (is_head_request_) {
        phase_ = Phase::replying;
        return pump_output();
    }
    enter(Phase::streaming, Duration::max());
    ++server_->counters.streams_open;
    if (is_http_1_0_) {
        waiting_ += head.body;
    } else {
        append_chunk(waiting_, head.body);
    }
    pump_output();
    input_.clear();
    read();
}

std::shared_ptr<WebSocket> HttpConnection::accept_websocket(std::string_view subprotocol) {
    std::string unread(static_cast<const char*>(input_.data().data()), input_.size());
    const bool is_alive = phase_ == Phase::handling;
    // A client that has gone gets a socket that is closed from the start.
    auto request = is_alive ? parser_->release() : UpgradeRequest();
    auto transport = std::exchange(transport_, nullptr);
    const auto server = server_;
    close_now();
    return start_websocket(server, is_alive ? std::move(transport) : nullptr, std::move(request),
                           std::move(unread), std::string(subprotocol));
}

// -- Streaming -----------------------------------------------------------------------------------

bool HttpConnection::stream_write(std::string text) {
    if (phase_ != Phase::streaming) return false;
    if (pending_bytes() > 0 && pending_bytes() + text.size() > kHttpPendingBytesMax) return false;
    if (is_http_1_0_) {
        waiting_ += text;
    } else {
        append_chunk(waiting_, text);
    }
    pump_output();
    return true;
}

std::size_t HttpConnection::pending_bytes() const {
    return waiting_.size() + in_flight_.size() - in_flight_sent_;
}

void HttpConnection::stream_on_closed(Loop::Task task) {
    if (phase_ == Phase::streaming) {
        on_closed_ = std::move(task);
    } else if (was_stream_cut_) {
        server_->loop.post(std::move(task));
    }
}

void HttpConnection::stream_on_drained(Loop::Task task) {
    if (phase_ == Phase::streaming) on_drained_ = share(std::move(task));
}

void HttpConnection::stream_close() {
    if (phase_ != Phase::streaming) return;
    --server_->counters.streams_open;
    on_closed_ = nullptr;
    on_drained_ = nullptr;
    phase_ = Phase::replying;
    if (!is_http_1_0_) waiting_ += "0\r\n\r\n";
    if (waiting_.empty() && !is_writing_) return linger();
    pump_output();
}

// -- Writing -------------------------------------------------------------------------------------

void HttpConnection::pump_output() {
    if (is_writing_ || phase_ == Phase::gone) return;
    if (in_flight_sent_ == in_flight_.size()) {
        in_flight_.clear();
        in_flight_sent_ = 0;
        // What one large answer took is given back.
        if (in_flight_.capacity() > kWriteBytes) in_flight_.shrink_to_fit();
        std::swap(in_flight_, waiting_);
        if (in_flight_.empty()) return on_output_empty();
    }
    is_writing_ = true;
    // While a request is read only a 100 Continue is written, and the patience for reading rules.
    if (phase_ == Phase::replying || phase_ == Phase::streaming) {
        enter(phase_, server_->options.write_timeout);
    }
    const std::size_t count = std::min(in_flight_.size() - in_flight_sent_, kWriteBytes);
    transport_->write_some(asio::const_buffer(in_flight_.data() + in_flight_sent_, count),
                           [self = shared_from_this()](error_code failure, std::size_t written) {
                               self->on_written(failure, written);
                           });
}

void HttpConnection::on_written(error_code failure, std::size_t count) {
    is_writing_ = false;
    if (phase_ == Phase::gone) return;
    if (failure) return close_now();
    in_flight_sent_ += count;
    pump_output();
}

void HttpConnection::on_output_empty() {
    if (phase_ == Phase::streaming) {
        timer_.cancel();
        return call(on_drained_);
    }
    if (phase_ != Phase::replying) return;
    if (is_keep_alive_) return await_request();
    linger();
}

// -- Ending --------------------------------------------------------------------------------------

// Closing while the client still sends would reset the connection, and the answer might be lost on
// it. So: say that nothing more comes, and throw away what does, for a while.
void HttpConnection::linger() {
    enter(Phase::lingering, kLingerTimeout);
    if (is_input_ended_) return say_goodbye();
    // With TLS the length of the answer says it, because a goodbye would end our reading too.
    if (!transport_->is_tls()) transport_->shutdown([](error_code) {});
    read();
}

void HttpConnection::say_goodbye() {
    if (!transport_->is_tls()) return close_now();
    transport_->shutdown([self = shared_from_this()](error_code) { self->close_now(); });
}

}  // namespace grapevine::runtime
