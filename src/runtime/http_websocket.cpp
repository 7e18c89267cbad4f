#include "runtime/http_websocket.hpp"

#include <boost/asio/post.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/websocket/error.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <cstring>
#include <deque>

namespace grapevine::runtime {

// What Beast asks of a stream (AsyncReadStream, AsyncWriteStream, and the three free functions
// below), over any transport. It has no next_layer() on purpose: Beast would descend into it.
class AnyStream {
public:
    using executor_type = boost::asio::any_io_executor;

    AnyStream(std::unique_ptr<Transport> transport, std::string unread)
        : transport_(std::move(transport)), unread_(std::move(unread)) {}

    executor_type get_executor() { return transport_->socket().get_executor(); }
    Transport& transport() { return *transport_; }

    /// Called whenever the kernel has taken something.
    void on_progress(Loop::Task task) { on_progress_ = std::move(task); }

    template <typename Buffers, typename Handler>
    void async_read_some(const Buffers& buffers, Handler&& handler) {
        const boost::asio::mutable_buffer room = first_of<boost::asio::mutable_buffer>(buffers);
        if (!unread_.empty() && room.size() > 0) {
            const std::size_t count = std::min(unread_.size(), room.size());
            std::memcpy(room.data(), unread_.data(), count);
            unread_.erase(0, count);
            boost::asio::post(get_executor(),
                              [count, handler = std::forward<Handler>(handler)]() mutable {
                                  handler(boost::system::error_code(), count);
                              });
            return;
        }
        transport_->read_some(room, std::forward<Handler>(handler));
    }

    template <typename Buffers, typename Handler>
    void async_write_some(const Buffers& buffers, Handler&& handler) {
        transport_->write_some(gather(buffers),
                               [this, handler = std::forward<Handler>(handler)](
                                   boost::system::error_code failure, std::size_t count) mutable {
                                   if (!failure && on_progress_) on_progress_();
                                   handler(failure, count);
                               });
    }

private:
    static constexpr std::size_t kGatherBytes = 16 * 1024;

    template <typename Buffer, typename Buffers>
    static Buffer first_of(const Buffers& buffers) {
        const auto end = boost::asio::buffer_sequence_end(buffers);
        for (auto it = boost::asio::buffer_sequence_begin(buffers); it != end; ++it) {
            if (Buffer(*it).size() > 0) return *it;
        }
        return Buffer();
    }

    // A frame's header and its payload are two buffers; sent apart they would be two segments, or
    // two TLS records.
    template <typename Buffers>
    boost::asio::const_buffer gather(const Buffers& buffers) {
        const auto first = first_of<boost::asio::const_buffer>(buffers);
        if (first.size() >= kGatherBytes || first.size() == boost::asio::buffer_size(buffers)) {
            return first;
        }
        gathered_.resize(std::min(kGatherBytes, boost::asio::buffer_size(buffers)));
        boost::asio::buffer_copy(boost::asio::buffer(gathered_), buffers);
        return boost::asio::const_buffer(gathered_.data(), gathered_.size());
    }

    std::unique_ptr<Transport> transport_;
    std::string unread_;
    std::string gathered_;
    Loop::Task on_progress_;
};

void beast_close_socket(AnyStream& stream) {
    stream.transport().close();
}

void teardown(boost::beast::role_type, AnyStream& stream, boost::system::error_code& failure) {
    stream.transport().close();
    failure = {};
}

template <typename Handler>
void async_teardown(boost::beast::role_type, AnyStream& stream, Handler&& handler) {
    stream.transport().shutdown(
        [&stream, handler = std::forward<Handler>(handler)](boost::system::error_code) mutable {
            stream.transport().close();
            handler(boost::system::error_code());
        });
}

namespace {

namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;

// A control frame carries 125 bytes, two of them the status; Beast throws beyond. Cut between
// characters, for the reason must be UTF-8 (RFC 6455, section 5.5.1).
std::string fit_reason(std::string_view reason) {
    constexpr std::size_t kReasonBytesMax = 123;
    if (reason.size() <= kReasonBytesMax) return std::string(reason);
    std::size_t end = kReasonBytesMax;
    while (end > 0 && (static_cast<unsigned char>(reason[end]) & 0xc0U) == 0x80U) --end;
    return std::string(reason.substr(0, end));
}

class Session final : public HttpPeer, public std::enable_shared_from_this<Session> {
public:
    Session(std::shared_ptr<HttpServerShared> server, std::unique_ptr<Transport> transport,
            UpgradeRequest request, std::string unread, std::string subprotocol)
        : server_(std::move(server)),
          request_(std::move(request)),
          stream_(std::move(transport), std::move(unread)),
          write_timer_(server_->loop, [this] { on_write_timeout(); }) {
        websocket::stream_base::timeout patience{};
        patience.handshake_timeout = server_->options.header_timeout;
        patience.idle_timeout = server_->options.idle_timeout;
        patience.keep_alive_pings = true;
        stream_.set_option(patience);
        stream_.read_message_max(server_->options.body_bytes_max);
        stream_.text(true);
        if (!subprotocol.empty()) {
            stream_.set_option(websocket::stream_base::decorator(
                [name = std::move(subprotocol)](websocket::response_type& response) {
                    response.set(beast::http::field::sec_websocket_protocol, name);
                }));
        }
        stream_.next_layer().on_progress([this] { expect_progress(); });
    }

    void start() {
        server_->add(shared_from_this());
        ++server_->counters.websockets_open;
        stream_.async_accept(request_, [self = shared_from_this()](error_code failure) {
            if (!self->is_open_) return;
            if (failure) return self->close_now();
            self->is_accepted_ = true;
            self->read();
            self->write();
        });
    }

    bool send(std::string text) {
        if (!is_open_ || is_closing_) return false;
        if (pending_bytes_ > 0 && pending_bytes_ + text.size() > kHttpPendingBytesMax) {
            return false;
        }
        pending_bytes_ += text.size();
        waiting_.push_back(std::move(text));
        write();
        return true;
    }

    [[nodiscard]] std::size_t pending_bytes() const { return pending_bytes_; }
    [[nodiscard]] bool is_open() const { return is_open_ && !is_closing_; }

    void on_drained(Loop::Task task) {
        if (is_open()) on_drained_ = share(std::move(task));
    }

    void on_message(std::move_only_function<void(std::string)> handler) {
        if (!is_open()) return;
        on_message_ =
            std::make_shared<std::move_only_function<void(std::string)>>(std::move(handler));
        // Posted, so that a caller is not called back before it has finished setting up.
        server_->loop.post([self = shared_from_this()] {
            if (self->is_accepted_) self->read();
        });
    }

    void on_closed(Loop::Task task) {
        if (is_open()) {
            on_closed_ = std::move(task);
        } else if (was_cut_) {
            server_->loop.post(std::move(task));
        }
    }

    // Sends what waits, then says goodbye.
    void close(std::uint16_t status, std::string_view reason) {
        if (!is_open_ || is_closing_) return;
        is_closing_ = true;
        goodbye_ = websocket::close_reason(websocket::close_code{status}, fit_reason(reason));
        forget_callbacks();
        if (is_accepted_ && !is_writing_) say_goodbye(goodbye_);
    }

    void close_now() override {
        if (!is_open_) return;
        const auto self = shared_from_this();
        is_open_ = false;
        was_cut_ = !is_closing_;
        --server_->counters.websockets_open;
        write_timer_.cancel();
        stream_.next_layer().transport().close();
        if (was_cut_ && on_closed_) server_->loop.post(std::exchange(on_closed_, nullptr));
        forget_callbacks();
        waiting_.clear();
        server_->remove(self);
    }

    void close_if_idle() override {
        if (!is_open_ || is_closing_) return;
        if (on_closed_) server_->loop.post(std::exchange(on_closed_, nullptr));
        was_cut_ = true;
        is_closing_ = true;
        goodbye_ = websocket::close_code::going_away;
        forget_callbacks();
        if (is_accepted_ && !is_writing_) say_goodbye(goodbye_);
    }

private:
    // One message is read ahead of its handler at most; the rest waits in the client.
    void read() {
        if (is_reading_ || !is_open_ || !(on_message_ || is_closing_)) return;
        is_reading_ = true;
        stream_.async_read(input_, [self = shared_from_this()](error_code failure, std::size_t) {
            self->is_reading_ = false;
            self->on_read(failure);
        });
    }

    void on_read(error_code failure) {
        if (!is_open_) return;
        if (failure) return close_now();
        std::string text = beast::buffers_to_string(input_.data());
        input_.clear();
        if (is_closing_) return read();
        if (stream_.got_binary()) return say_goodbye(websocket::close_code::unknown_data);
        const auto handler = on_message_;
        (*handler)(std::move(text));
        read();
    }

    void write() {
        if (is_writing_ || !is_open_ || !is_accepted_) return;
        if (waiting_.empty()) {
            if (is_closing_) say_goodbye(goodbye_);
            return;
        }
        is_writing_ = true;
        expect_progress();
        const std::string& text = waiting_.front();
        stream_.async_write(boost::asio::const_buffer(text.data(), text.size()),
                            [self = shared_from_this()](error_code failure, std::size_t) {
                                self->is_writing_ = false;
                                self->on_written(failure);
                            });
    }

    void on_written(error_code failure) {
        write_timer_.cancel();
        if (!is_open_) return;
        if (failure) return close_now();
        pending_bytes_ -= waiting_.front().size();
        waiting_.pop_front();
        if (waiting_.empty() && !is_closing_) call(on_drained_);
        write();
    }

    void say_goodbye(const websocket::close_reason& reason) {
        if (said_goodbye_) return;
        said_goodbye_ = true;
        stream_.async_close(reason, [self = shared_from_this()](error_code) { self->close_now(); });
    }

    void expect_progress() {
        if (is_writing_ && is_open_) {
            write_timer_.arm(server_->loop.now() + server_->options.write_timeout);
        }
    }

    void on_write_timeout() {
        const auto self = shared_from_this();
        ++server_->counters.timed_out_writing;
        stream_.next_layer().transport().abort();
        close_now();
    }

    void forget_callbacks() {
        on_drained_ = nullptr;
        on_message_ = nullptr;
        on_closed_ = nullptr;
    }

    std::shared_ptr<HttpServerShared> server_;
    UpgradeRequest request_;
    websocket::stream<AnyStream, false> stream_;
    beast::flat_buffer input_;
    Timer write_timer_;
    std::deque<std::string> waiting_;
    std::size_t pending_bytes_ = 0;
    SharedTask on_drained_;
    std::shared_ptr<std::move_only_function<void(std::string)>> on_message_;
    Loop::Task on_closed_;
    bool is_open_ = true;
    bool is_accepted_ = false;
    bool is_closing_ = false;
    bool said_goodbye_ = false;
    bool is_reading_ = false;
    bool is_writing_ = false;
    // The end came from elsewhere than `close`.
    bool was_cut_ = false;
    websocket::close_reason goodbye_ = websocket::close_code::normal;
};

class SessionSocket final : public WebSocket {
public:
    explicit SessionSocket(std::shared_ptr<Session> session) : session_(std::move(session)) {}
    ~SessionSocket() override { session_->close(websocket::close_code::normal, {}); }

    bool send(std::string text) override { return session_->send(std::move(text)); }
    [[nodiscard]] std::size_t pending_bytes() const override { return session_->pending_bytes(); }
    void on_drained(Loop::Task task) override { session_->on_drained(std::move(task)); }
    void on_message(std::move_only_function<void(std::string)> handler) override {
        session_->on_message(std::move(handler));
    }
    void on_closed(Loop::Task task) override { session_->on_closed(std::move(task)); }
    void close(std::uint16_t status, std::string_view reason) override {
        session_->close(status, reason);
    }
    [[nodiscard]] bool is_open() const override { return session_->is_open(); }

private:
    std::shared_ptr<Session> session_;
};

// For a client that went before it was answered.
class DeadSocket final : public WebSocket {
public:
    explicit DeadSocket(Loop& loop) : loop_(loop) {}
    bool send(std::string) override { return false; }
    [[nodiscard]] std::size_t pending_bytes() const override { return 0; }
    void on_drained(Loop::Task) override {}
    void on_message(std::move_only_function<void(std::string)>) override {}
    void on_closed(Loop::Task task) override { loop_.post(std::move(task)); }
    void close(std::uint16_t, std::string_view) override {}
    [[nodiscard]] bool is_open() const override { return false; }

private:
    Loop& loop_;
};

}  // namespace

std::shared_ptr<WebSocket> start_websocket(std::shared_ptr<HttpServerShared> server,
                                           std::unique_ptr<Transport> transport,
                                           UpgradeRequest request, std::string unread,
                                           std::string subprotocol) {
    if (!transport) return std::make_shared<DeadSocket>(server->loop);
    auto session =
        std::make_shared<Session>(std::move(server), std::move(transport), std::move(request),
                                  std::move(unread), std::move(subprotocol));
    session->start();
    return std::make_shared<SessionSocket>(std::move(session));
}

}  // namespace grapevine::runtime
