#include "runtime/http_server.hpp"

#include <arpa/inet.h>
#include <atomic>
#include <fmt/core.h>
#include <future>
#include <gtest/gtest.h>
#include <map>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <thread>

#include "runtime/file_descriptor.hpp"
#include "runtime/files.hpp"
#include "runtime/http_client.hpp"
#include "runtime/socket_address.hpp"

namespace grapevine::runtime {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 5s;

HttpServerOptions on_loopback() {
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
            return responder->reply({200, {}, std::string(50'000'000, 'h')});
        if (request.path == "/hold") return held_.push_back(std::move(responder));
        if (request.path == "/drop") return;
        if (request.path == "/stream") return stream(std::move(responder));
        if (request.path == "/ws" && request.is_websocket_upgrade) {
            return web_socket(std::move(responder));
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

    void web_socket(std::shared_ptr<Responder> responder) {
        auto socket = responder->accept_websocket();
        socket->on_closed([this] { ++sockets_closed; });
        socket->on_message([this, raw = socket.get()](std::string text) {
            if (text == "bye") return raw->close();
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
    bool is_cut_off() {
        while (read_some()) continue;
        return is_over_;
    }

private:
    bool read_some() {
        pollfd wait{socket_.value(), POLLIN, 0};
        if (::poll(&wait, 1, 5000) <= 0) return false;
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

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

// -- Requests and answers ------------------------------------------------------------------------

TEST(HttpServer, a_request_is_answered_and_the_connection_kept) {
    TestServer server;
    RawClient client(server.bound());
    client.send("GET /echo?a=%20b HTTP/1.1\r\nHost: x\r\n\r\n");
    const std::string first = client.read_until("tls=false");
    EXPECT_TRUE(first.starts_with("HTTP/1.1 200 OK\r\n")) << first;
    EXPECT_TRUE(contains(first, "GET /echo?a=%20b  tls=false"));
    EXPECT_TRUE(contains(first, "date: "));
    client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
    EXPECT_TRUE(contains(client.read_until("tls=false"), "POST /echo? hello"));
    EXPECT_EQ(server.counters().connections_accepted, 1U);
    EXPECT_EQ(server.counters().requests, 2U);
}

TEST(HttpServer, pipelined_requests_are_answered_in_order) {
    TestServer server;
    RawClient client(server.bound());
    std::string requests;
    for (int number = 0; number < 20; ++number) {
        requests += fmt::format("GET /echo?{} HTTP/1.1\r\nHost: x\r\n\r\n", number);
    }
    client.send(requests);
    for (int number = 0; number < 20; ++number) {
        EXPECT_TRUE(contains(client.read_until("tls=false"), fmt::format("/echo?{} ", number)));
    }
}

TEST(HttpServer, a_request_in_single_bytes_is_understood) {
    TestServer server;
    RawClient client(server.bound());
    for (const char letter :
         std::string_view("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi")) {
        client.send(std::string_view(&letter, 1));
    }
    EXPECT_TRUE(contains(client.read_until("tls=false"), "POST /echo? hi"));
}

TEST(HttpServer, a_chunked_body_is_put_together) {
    TestServer server;
    RawClient client(server.bound());
    client.send(
        "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n");
    EXPECT_TRUE(contains(client.read_until("tls=false"), "POST /echo? abcdefg"));
}

TEST(HttpServer, head_has_the_length_but_not_the_body) {
    TestServer server;
    RawClient client(server.bound());
    client.send("HEAD /size HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const std::string answer = client.read_to_the_end();
    EXPECT_TRUE(contains(answer, "content-length: 1\r\n"));
    EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST(HttpServer, a_204_has_neither_body_nor_length) {
    TestServer server;
    RawClient client(server.bound());
    client.send("GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const std::string answer = client.read_to_the_end();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 204 No Content\r\n"));
    EXPECT_FALSE(contains(answer, "content-length"));
}

TEST(HttpServer, who_asks_whether_to_go_on_is_told_to) {
    TestServer server;
    RawClient client(server.bound());
    client.send(
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("body");
    EXPECT_TRUE(contains(client.read_until("tls=false"), "POST /echo? body"));
}

TEST(HttpServer, http_1_0_is_answered_and_closed) {
    TestServer server;
    RawClient client(server.bound());
    client.send("GET /echo HTTP/1.0\r\n\r\n");
    EXPECT_TRUE(contains(client.read_to_the_end(), "connection: close"));
}

TEST(HttpServer, header_names_arrive_in_lower_case_and_values_cannot_start_a_header) {
    TestServer server;
    const auto answer = HttpClient().request("GET", server.url("/header"), {{"X-Question", "why"}});
    ASSERT_TRUE(answer.has_value()) << describe(answer.error());
    EXPECT_EQ(answer->body, "why");
    EXPECT_EQ(find_header(answer->headers, "x-evil"), "");
}

TEST(HttpServer, an_answer_may_come_later) {
    TestServer server;
    RawClient client(server.bound());
    client.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
    server.wait_for([](const HttpCounters& counters) { return counters.requests == 1; });
    server.answer_held();
    EXPECT_TRUE(contains(client.read_until("at last"), "200 OK"));
}

TEST(HttpServer, a_request_given_up_is_answered_with_500) {
    TestServer server;
    EXPECT_EQ(HttpClient().request("GET", server.url("/drop"))->status, 500U);
}

TEST(HttpServer, an_answer_to_a_client_that_has_gone_is_dropped) {
    TestServer server;
    {
        RawClient client(server.bound());
        client.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
        server.wait_for([](const HttpCounters& counters) { return counters.requests == 1; });
    }
    server.answer_held();
    const auto end = server.wait_for(
        [](const HttpCounters& counters) { return counters.connections_open == 0; });
    EXPECT_EQ(end.connections_open, 0U);
}

TEST(HttpServer, dual_stack_serves_both_families) {
    HttpServerOptions options = on_loopback();
    options.bind = Endpoint::parse("[::]:0").value();
    TestServer server(std::move(options));
    for (const char* host : {"127.0.0.1", "[::1]", "localhost"}) {
        const auto answer = HttpClient().request(
            "GET", fmt::format("http://{}:{}/echo", host, server.bound().port));
        ASSERT_TRUE(answer.has_value()) << describe(answer.error());
        EXPECT_EQ(answer->status, 200U);
    }
}

// -- Limits --------------------------------------------------------------------------------------

TEST(HttpServer, a_body_at_the_limit_passes_and_one_byte_more_is_refused_with_413) {
    HttpServerOptions options = on_loopback();
    options.body_bytes_max = 1000;
    TestServer server(std::move(options));
    EXPECT_EQ(HttpClient().request("POST", server.url("/size"), {}, std::string(1000, 'x'))->body,
              "1000");
    const auto refused =
        HttpClient().request("POST", server.url("/size"), {}, std::string(1001, 'x'));
    ASSERT_TRUE(refused.has_value()) << describe(refused.error());
    EXPECT_EQ(refused->status, 413U);
    EXPECT_EQ(find_header(refused->headers, "content-type"), "application/problem+json");
    EXPECT_EQ(refused->body, R"({"type":"about:blank","title":"Content Too Large","status":413,)"
                             R"("detail":"the body is longer than 1000 bytes"})");
    EXPECT_EQ(server.counters().refused_body_bytes, 1U);
}

TEST(HttpServer, a_chunked_body_is_refused_when_it_passes_the_limit_and_the_answer_arrives) {
    HttpServerOptions options = on_loopback();
    options.body_bytes_max = 100'000;
    TestServer server(std::move(options));
    RawClient client(server.bound());
    client.send("POST /size HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    const std::string chunk = "2710\r\n" + std::string(10'000, 'c') + "\r\n";
    for (int count = 0; count < 100; ++count) client.send(chunk);
    client.end_sending();
    EXPECT_TRUE(contains(client.read_to_the_end(), "413 Content Too Large"));
}

TEST(HttpServer, a_header_above_the_limit_is_refused_with_431) {
    TestServer server;
    RawClient client(server.bound());
    client.send("GET /echo HTTP/1.1\r\nHost: x\r\nX: " + std::string(kHttpHeaderBytesMax, 'x'));
    client.end_sending();
    EXPECT_TRUE(contains(client.read_to_the_end(), "431 Request Header Fields Too Large"));
    EXPECT_EQ(server.counters().refused_header_bytes, 1U);
}

TEST(HttpServer, what_is_no_http_is_refused_with_400_and_closed) {
    TestServer server;
    for (const char* garbage :
         {"\x16\x03\x01\x02garbage\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
          "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
          "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
        RawClient client(server.bound());
        client.send(garbage);
        client.end_sending();
        EXPECT_TRUE(contains(client.read_to_the_end(), "400 Bad Request")) << garbage;
    }
    EXPECT_EQ(server.counters().refused_malformed, 5U);
}

TEST(HttpServer, the_connection_above_the_limit_is_told_503_and_the_others_go_on) {
    HttpServerOptions options = on_loopback();
    options.connections_max = 10;
    TestServer server(std::move(options));
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int count = 0; count < 10; ++count) {
        clients.push_back(std::make_unique<RawClient>(server.bound()));
    }
    server.wait_for([](const HttpCounters& counters) { return counters.connections_open == 10; });
    RawClient one_too_many(server.bound());
    EXPECT_TRUE(contains(one_too_many.read_to_the_end(), "503 Service Unavailable"));
    EXPECT_EQ(server.counters().connections_refused, 1U);
    clients.front()->send("GET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(contains(clients.front()->read_until("tls="), "200 OK"));
    clients.pop_back();
    server.wait_for([](const HttpCounters& counters) { return counters.connections_open == 9; });
    EXPECT_EQ(HttpClient().request("GET", server.url("/echo"))->status, 200U)
        << "there is room again";
}

TEST(HttpServer, a_client_that_sends_a_header_by_drops_is_cut_off_after_its_time) {
    HttpServerOptions options = on_loopback();
    options.header_timeout = 100ms;
    TestServer server(std::move(options));
    RawClient client(server.bound());
    client.send("GET /echo HTTP/1.1\r\nHo");
    const SteadyClock clock;
    EXPECT_TRUE(contains(client.read_to_the_end(), "408 Request Timeout"));
    EXPECT_LT(clock.now(), Instant(kPatience));
    EXPECT_EQ(server.counters().timed_out_reading, 1U);
}

TEST(HttpServer, a_body_that_does_not_come_is_cut_off_after_its_time) {
    HttpServerOptions options = on_loopback();
    options.body_timeout = 100ms;
    TestServer server(std::move(options));
    RawClient client(server.bound());
    client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
    EXPECT_TRUE(contains(client.read_to_the_end(), "408 Request Timeout"));
}

TEST(HttpServer, an_idle_connection_is_closed_without_a_word) {
    HttpServerOptions options = on_loopback();
    options.idle_timeout = 50ms;
    TestServer server(std::move(options));
    RawClient client(server.bound());
    client.send("GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(client.read_to_the_end().ends_with("\r\n\r\n"));
    EXPECT_EQ(server.counters().timed_out_reading, 0U);
}

TEST(HttpServer, a_client_that_does_not_read_its_answer_is_cut_off_and_counted) {
    HttpServerOptions options = on_loopback();
    options.write_timeout = 200ms;
    TestServer server(std::move(options));
    RawClient client(server.bound(), 4096);
    client.send("GET /huge HTTP/1.1\r\nHost: x\r\n\r\n");
    const auto end = server.wait_for(
        [](const HttpCounters& counters) { return counters.timed_out_writing == 1; });
    EXPECT_EQ(end.timed_out_writing, 1U);
    EXPECT_TRUE(client.is_cut_off());
}

TEST(HttpServer, a_large_answer_arrives_whole) {
    TestServer server;
    const auto answer = HttpClient().request("GET", server.url("/huge"));
    ASSERT_TRUE(answer.has_value()) << describe(answer.error());
    EXPECT_EQ(answer->body.size(), 50'000'000U);
}

// -- Streams -------------------------------------------------------------------------------------

TEST(HttpStream, lines_arrive_as_they_are_written_until_the_writer_closes) {
    TestServer server;
    std::vector<std::string> lines;
    const auto answer = HttpClient().stream(server.url("/stream"), {}, [&](std::string_view line) {
        lines.emplace_back(line);
        if (line == "data: first") {
            server.on_loop<bool>([stream = server.last_stream()] {
                EXPECT_TRUE(stream->write("data: second\r\n\r\n"));
                return stream->close(), true;
            });
        }
        return true;
    });
    ASSERT_TRUE(answer.has_value()) << describe(answer.error());
    EXPECT_EQ(find_header(answer->headers, "content-type"), "text/event-stream");
    EXPECT_EQ(lines, (std::vector<std::string>{"data: first", "", "data: second", ""}));
    EXPECT_EQ(server.streams_closed, 0) << "the writer knows that it closed";
    EXPECT_EQ(server.counters().streams_open, 0U);
}

TEST(HttpStream, the_writer_hears_when_the_reader_has_gone) {
    TestServer server;
    const auto answer =
        HttpClient().stream(server.url("/stream"), {}, [](std::string_view) { return false; });
    ASSERT_TRUE(answer.has_value()) << describe(answer.error());
    server.wait_for([&](const HttpCounters&) { return server.streams_closed == 1; });
    EXPECT_EQ(server.streams_closed, 1);
    const auto stream = server.last_stream();
    EXPECT_FALSE(server.on_loop<bool>([&] { return stream->is_open(); }));
    EXPECT_FALSE(server.on_loop<bool>([&] { return stream->write("too late"); }));
}

TEST(HttpStream, dropping_the_last_pointer_ends_the_body_properly) {
    TestServer server;
    RawClient client(server.bound());
    client.send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    client.read_until("data: first\n\n\r\n");
    server.drop_streams();
    EXPECT_EQ(client.read_to_the_end(), "0\r\n\r\n");
}

TEST(HttpStream, a_writer_meets_the_limit_and_hears_when_there_is_room) {
    TestServer server;
    RawClient client(server.bound(), 4096);
    client.send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    server.wait_for([](const HttpCounters& counters) { return counters.streams_open == 1; });
    const auto stream = server.last_stream();
    const std::size_t pending = server.on_loop<std::size_t>([&] {
        EXPECT_TRUE(stream->write(std::string(2 * kHttpPendingBytesMax, 'x')))
            << "a large message passes when nothing else waits";
        while (stream->write(std::string(10'000, 'y'))) continue;
        return stream->pending_bytes();
    });
    EXPECT_GT(pending, 0U);
    EXPECT_LE(pending, 2 * kHttpPendingBytesMax + 100'000);
    const int drained_before = server.drained;
    while (server.drained == drained_before && !client.read_until("y").empty()) continue;
    EXPECT_GT(server.drained, drained_before);
    EXPECT_TRUE(server.on_loop<bool>([&] { return stream->write("room again"); }));
}

TEST(HttpStream, a_reader_that_takes_nothing_is_cut_off_and_counted) {
    HttpServerOptions options = on_loopback();
    options.write_timeout = 200ms;
    TestServer server(std::move(options));
    RawClient client(server.bound(), 4096);
    client.send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    server.wait_for([](const HttpCounters& counters) { return counters.streams_open == 1; });
    const auto stream = server.last_stream();
    server.on_loop<bool>([&] { return stream->write(std::string(20'000'000, 'x')); });
    const auto end =
        server.wait_for([&](const HttpCounters&) { return server.streams_closed == 1; });
    EXPECT_EQ(end.timed_out_writing, 1U);
    EXPECT_EQ(end.streams_open, 0U);
}

TEST(HttpStream, a_silent_stream_is_not_timed_out) {
    HttpServerOptions options = on_loopback();
    options.write_timeout = 30ms;
    options.idle_timeout = 30ms;
    options.header_timeout = 30ms;
    TestServer server(std::move(options));
    RawClient client(server.bound());
    client.send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    client.read_until("data: first\n\n\r\n");
    const SteadyClock clock;
    while (clock.now() < Instant(150ms)) std::this_thread::yield();
    const auto stream = server.last_stream();
    EXPECT_TRUE(server.on_loop<bool>([&] { return stream->write("still here"); }));
    EXPECT_TRUE(contains(client.read_until("still here"), "still here"));
}

TEST(HttpStream, http_1_0_gets_it_without_chunks) {
    TestServer server;
    RawClient client(server.bound());
    client.send("GET /stream HTTP/1.0\r\n\r\n");
    EXPECT_TRUE(contains(client.read_until("first\n\n"), "\r\n\r\ndata: first\n\n"));
    server.drop_streams();
    EXPECT_EQ(client.read_to_the_end(), "");
}

// -- The end -------------------------------------------------------------------------------------

TEST(HttpServer, it_stops_accepting_but_finishes_what_is_at_work) {
    TestServer server;
    RawClient idle(server.bound());
    RawClient busy(server.bound());
    busy.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
    server.wait_for([](const HttpCounters& counters) {
        return counters.requests == 1 && counters.connections_open == 2;
    });
    server.stop_accepting();
    EXPECT_TRUE(idle.is_cut_off());
    server.answer_held();
    const std::string answer = busy.read_to_the_end();
    EXPECT_TRUE(contains(answer, "at last"));
    EXPECT_TRUE(contains(answer, "connection: close"));
    const auto refused = HttpClient().request("GET", server.url("/echo"));
    ASSERT_FALSE(refused.has_value());
}

TEST(HttpServer, its_end_is_heard_by_streams_and_survived_by_responders) {
    TestServer server;
    RawClient stream_client(server.bound());
    stream_client.send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    RawClient held_client(server.bound());
    held_client.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
    server.wait_for([](const HttpCounters& counters) { return counters.requests == 2; });
    server.destroy_server();
    server.answer_held();
    EXPECT_TRUE(stream_client.is_cut_off());
    EXPECT_TRUE(held_client.is_cut_off());
    EXPECT_EQ(server.on_loop<int>([&] { return server.streams_closed.load(); }), 1);
}

TEST(HttpServer, a_port_in_use_is_refused_with_port_and_cure) {
    TestServer server;
    Loop loop;
    HttpServerOptions options = on_loopback();
    options.bind = server.bound();
    const auto refused = HttpServer::listen(loop, options, {});
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Refusal::Code::conflict);
    EXPECT_TRUE(contains(refused.error().message, std::to_string(server.bound().port)));
    EXPECT_TRUE(contains(refused.error().cure, "another port"));
}

// -- WebSocket -----------------------------------------------------------------------------------

// The client's side of RFC 6455, with a mask of zeros, which leaves the text as it is.
class RawWebSocket {
public:
    explicit RawWebSocket(const Endpoint& server, int receive_buffer_bytes = 0)
        : client_(server, receive_buffer_bytes) {
        client_.send(
            "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
        head = client_.read_until("\r\n\r\n");
    }

    void send(std::string_view payload, int opcode = 1) {
        std::string frame(1, static_cast<char>(0x80 | opcode));
        if (payload.size() < 126) {
            frame += static_cast<char>(0x80 | payload.size());
        } else {
            frame += static_cast<char>(0x80 | 126);
            frame += static_cast<char>(payload.size() >> 8);
            frame += static_cast<char>(payload.size());
        }
        frame += std::string(4, '\0');
        frame += payload;
        client_.send(frame);
    }

    RawClient& client() { return client_; }
    std::string head;

private:
    RawClient client_;
};

TEST(WebSocket, the_handshake_is_that_of_the_rfc_and_messages_are_echoed) {
    TestServer server;
    RawWebSocket socket(server.bound());
    EXPECT_TRUE(socket.head.starts_with("HTTP/1.1 101")) << socket.head;
    // RFC 6455, section 1.3: the answer to the sample nonce.
    EXPECT_TRUE(contains(socket.head, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    for (int round = 0; round < 3; ++round) {
        socket.send("hello");
        EXPECT_EQ(socket.client().read_until("hello"),
                  "\x81\x0b"
                  "echo: hello");
    }
    EXPECT_EQ(server.counters().websockets_open, 1U);
    EXPECT_EQ(server.counters().connections_open, 1U);
}

TEST(WebSocket, a_close_by_the_server_says_normal) {
    TestServer server;
    RawWebSocket socket(server.bound());
    socket.send("bye");
    EXPECT_EQ(socket.client().read_until("\x03\xe8"), "\x88\x02\x03\xe8");
    socket.send("\x03\xe8", 8);
    EXPECT_TRUE(socket.client().is_cut_off());
    EXPECT_EQ(server.sockets_closed, 0);
    const auto end = server.wait_for(
        [](const HttpCounters& counters) { return counters.connections_open == 0; });
    EXPECT_EQ(end.websockets_open, 0U);
    EXPECT_EQ(end.connections_open, 0U);
}

TEST(WebSocket, the_server_hears_when_the_client_has_gone) {
    TestServer server;
    {
        RawWebSocket socket(server.bound());
    }
    server.wait_for([&](const HttpCounters&) { return server.sockets_closed == 1; });
    EXPECT_EQ(server.sockets_closed, 1);
}

TEST(WebSocket, a_message_above_the_limit_closes_with_1009) {
    HttpServerOptions options = on_loopback();
    options.body_bytes_max = 1000;
    TestServer server(std::move(options));
    RawWebSocket socket(server.bound());
    socket.send(std::string(1001, 'x'));
    EXPECT_EQ(socket.client().read_until("\x03\xf1").substr(0, 4), "\x88\x02\x03\xf1");
}

TEST(WebSocket, a_binary_message_closes_with_1003) {
    TestServer server;
    RawWebSocket socket(server.bound());
    socket.send("abc", 2);
    EXPECT_EQ(socket.client().read_until("\x03\xeb"), "\x88\x02\x03\xeb");
}

TEST(WebSocket, a_silent_client_is_pinged_and_closed_when_it_stays_silent) {
    HttpServerOptions options = on_loopback();
    options.idle_timeout = 200ms;
    TestServer server(std::move(options));
    RawWebSocket socket(server.bound());
    EXPECT_TRUE(contains(socket.client().read_to_the_end(), std::string_view("\x89\x00", 2)));
    EXPECT_TRUE(socket.client().is_cut_off());
    server.wait_for([&](const HttpCounters&) { return server.sockets_closed == 1; });
    EXPECT_EQ(server.sockets_closed, 1);
}

TEST(WebSocket, a_client_that_does_not_read_is_cut_off_and_counted) {
    HttpServerOptions options = on_loopback();
    options.write_timeout = 200ms;
    TestServer server(std::move(options));
    RawWebSocket socket(server.bound(), 4096);
    socket.send("flood");
    const auto end = server.wait_for(
        [&](const HttpCounters& counters) { return counters.timed_out_writing == 1; });
    EXPECT_EQ(end.timed_out_writing, 1U);
    server.wait_for([&](const HttpCounters&) { return server.sockets_closed == 1; });
    EXPECT_EQ(server.sockets_closed, 1);
}

TEST(WebSocket, an_upgrade_without_its_key_is_an_ordinary_request) {
    TestServer server;
    EXPECT_EQ(HttpClient().request("GET", server.url("/ws"), {{"upgrade", "websocket"}})->status,
              404U);
}

}  // namespace
}  // namespace grapevine::runtime
