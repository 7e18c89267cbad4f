#pragma once

#include <atomic>
#include <fmt/core.h>
#include <functional>
#include <future>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <vector>

#include "runtime/file_descriptor.hpp"
#include "runtime/http_server.hpp"
#include "runtime/socket_address.hpp"

// What the tests of the HTTP server share: a server with one route per behaviour, and a client that
// says exactly what it is told to.
namespace grapevine::runtime {

inline constexpr Duration kPatience = std::chrono::seconds(5);

inline HttpServerOptions on_loopback() {
    HttpServerOptions options;
    options.bind = Endpoint::v4(127, 0, 0, 1, 0);
    return options;
}

// A server on a thread of its own, with one route per behaviour that the tests look at.
class TestServer {
public:
    explicit TestServer(HttpServerOptions options = on_loopback()) {
        auto listening =
            HttpServer::listen(loop_, std::move(options),
                               [this](HttpRequest request, std::shared_ptr<Responder> responder) {
                                   handle(std::move(request), std::move(responder));
                               });
        EXPECT_TRUE(listening.has_value()) << describe(listening.error());
        server_.emplace(std::move(*listening));
        bound_ = server_->bound();
        thread_ = std::jthread([this] { loop_.run(); });
    }
    ~TestServer() {
        loop_.post([this] {
            streams_.clear();
            sockets_.clear();
            held_.clear();
            server_.reset();
            loop_.stop();
        });
    }

    [[nodiscard]] const Endpoint& bound() const { return bound_; }
    [[nodiscard]] std::string url(std::string_view path) const {
        return fmt::format("http://{}{}", to_string(bound_), path);
    }

    HttpCounters counters() {
        return on_loop<HttpCounters>([this] { return server_->counters(); });
    }

    // Until the counters please, or patience ends; the caller's expectation says which.
    HttpCounters wait_for(const std::function<bool(const HttpCounters&)>& wanted) {
        const SteadyClock clock;
        while (!wanted(counters()) && clock.now() < Instant(kPatience)) std::this_thread::yield();
        return counters();
    }

    template <typename T>
    T on_loop(std::move_only_function<T()> task) {
        std::promise<T> promise;
        auto future = promise.get_future();
        loop_.post([&] { promise.set_value(task()); });
        return future.get();
    }

    std::shared_ptr<HttpStream> last_stream() {
        return on_loop<std::shared_ptr<HttpStream>>([this] { return streams_.back(); });
    }
    std::size_t stream_count() {
        return on_loop<std::size_t>([this] { return streams_.size(); });
    }
    void drop_streams() {
        on_loop<bool>([this] { return streams_.clear(), true; });
    }
    void stop_accepting() {
        on_loop<bool>([this] { return server_->stop_accepting(), true; });
    }
    void destroy_server() {
        on_loop<bool>([this] { return server_.reset(), true; });
    }
    void answer_held() {
        on_loop<bool>([this] {
            for (auto& responder : held_) responder->reply({200, {}, "at last"});
            return held_.clear(), true;
        });
    }

    std::atomic<int> streams_closed = 0;
    std::atomic<int> sockets_closed = 0;
    std::atomic<int> drained = 0;

private:
    void handle(HttpRequest request, std::shared_ptr<Responder> responder) {
        if (request.path == "/echo") {
            std::string text = fmt::format("{} {}?{} {} tls={}", request.method, request.path,
                                           request.query, request.body, request.is_tls);
            return responder->reply({200, {{"content-type", "text/plain"}}, std::move(text)});
        }
        if (request.path == "/size") {
            return responder->reply({200, {}, std::to_string(request.body.size())});
        }
        if (request.path == "/header") {
            return responder->reply({200,
                                     {{"x-back", "a\r\nx-evil: 1"}},
                                     std::string(find_header(request.headers, "x-question"))});
        }
        if (request.path == "/nothing") return responder->reply({204, {}, ""});
        if (request.path == "/huge")
            return responder->reply({200, {}, std::string(20'000'000, 'h')});
        if (request.path == "/hold") return held_.push_back(std::move(responder));
        if (request.path == "/drop") return;
        if (request.path == "/stream") return stream(std::move(responder));
        if (request.path == "/ws" && request.is_websocket_upgrade) {
            return web_socket(find_header(request.headers, "sec-websocket-protocol"),
                              std::move(responder));
        }
        responder->reply(problem(404, fmt::format("there is no {}", request.path)));
    }

    void stream(std::shared_ptr<Responder> responder) {
        auto stream = responder->start_stream({200, {{"content-type", "text/event-stream"}}, ""});
        stream->on_closed([this] { ++streams_closed; });
        stream->on_drained([this] { ++drained; });
        EXPECT_TRUE(stream->write("data: first\n\n"));
        streams_.push_back(std::move(stream));
    }

    void web_socket(std::string_view offered, std::shared_ptr<Responder> responder) {
        auto socket = responder->accept_websocket(offered);
        socket->on_closed([this] { ++sockets_closed; });
        socket->on_message([this, raw = socket.get()](std::string text) {
            if (text == "bye") return raw->close();
            if (text == "policy") return raw->close(1008, "not for you");
            // Two bytes a letter: the 123rd byte is the first half of one.
            if (text == "verbose") {
                std::string reason;
                for (int letter = 0; letter < 100; ++letter) reason += "\u00e4";
                return raw->close(1008, reason);
            }
            if (text == "flood") {
                raw->on_drained([raw] {
                    while (raw->send(std::string(100'000, 'f'))) continue;
                });
            }
            EXPECT_TRUE(raw->send("echo: " + text));
        });
        sockets_.push_back(std::move(socket));
    }

    Loop loop_;
    std::optional<HttpServer> server_;
    Endpoint bound_;
    std::vector<std::shared_ptr<HttpStream>> streams_;
    std::vector<std::shared_ptr<WebSocket>> sockets_;
    std::vector<std::shared_ptr<Responder>> held_;
    std::jthread thread_;
};

// A client that says exactly what it is told to, byte for byte.
class RawClient {
public:
    explicit RawClient(const Endpoint& server, int receive_buffer_bytes = 0)
        : socket_(::socket(family_of(server), SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        if (receive_buffer_bytes > 0) {
            ::setsockopt(socket_.value(), SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes,
                         sizeof receive_buffer_bytes);
        }
        const auto address = to_socket_address(server, family_of(server));
        EXPECT_EQ(::connect(socket_.value(), address->get(), address->length), 0);
    }

    void send(std::string_view text) {
        while (!text.empty()) {
            const ssize_t count = ::send(socket_.value(), text.data(), text.size(), MSG_NOSIGNAL);
            if (count < 0) return;  // The server may have closed already.
            text.remove_prefix(static_cast<std::size_t>(count));
        }
    }
    void end_sending() { ::shutdown(socket_.value(), SHUT_WR); }

    // Everything up to and with `end`, or up to the end of the connection or of patience.
    std::string read_until(std::string_view end) {
        while (heard_.find(end) == std::string::npos && read_some()) continue;
        const std::size_t found = heard_.find(end);
        const std::size_t count = found == std::string::npos ? heard_.size() : found + end.size();
        std::string text = heard_.substr(0, count);
        heard_.erase(0, count);
        return text;
    }
    std::string read_to_the_end() {
        while (read_some()) continue;
        return std::exchange(heard_, {});
    }
    // What comes within a moment, and away with it.
    void read_briefly() {
        read_some(std::chrono::milliseconds(20));
        heard_.clear();
    }
    bool is_cut_off() {
        while (read_some()) continue;
        return is_over_;
    }

private:
    bool read_some(std::chrono::milliseconds patience = std::chrono::seconds(5)) {
        pollfd wait{socket_.value(), POLLIN, 0};
        if (::poll(&wait, 1, static_cast<int>(patience.count())) <= 0) return false;
        char buffer[65536];
        const ssize_t count = ::recv(socket_.value(), buffer, sizeof buffer, 0);
        if (count <= 0) {
            is_over_ = true;
            return false;
        }
        heard_.append(buffer, static_cast<std::size_t>(count));
        return true;
    }

    FileDescriptor socket_;
    std::string heard_;
    bool is_over_ = false;
};

inline bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

}  // namespace grapevine::runtime
