#include <gtest/gtest.h>

#include "runtime/http_client.hpp"
#include "runtime/http_test_support.hpp"

namespace grapevine::runtime {
namespace {

using namespace std::chrono_literals;

// The client's side of RFC 6455, with a mask of zeros, which leaves the text as it is.
class RawWebSocket {
public:
    explicit RawWebSocket(const Endpoint& server, int receive_buffer_bytes = 0,
                          std::string_view more_headers = "")
        : client_(server, receive_buffer_bytes) {
        client_.send(fmt::format(
            "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{}\r\n",
            more_headers));
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

TEST(WebSocket, a_close_carries_its_status_and_reason) {
    TestServer server;
    RawWebSocket socket(server.bound());
    socket.send("policy");
    EXPECT_EQ(socket.client().read_until("you"), "\x88\x0d\x03\xf0not for you");
}

TEST(WebSocket, a_reason_that_is_too_long_is_cut_between_letters) {
    TestServer server;
    RawWebSocket socket(server.bound());
    socket.send("verbose");
    socket.send("\x03\xf0", 8);
    const std::string frame = socket.client().read_to_the_end();
    std::string expected = "\x88\x7c\x03\xf0";
    for (int letter = 0; letter < 61; ++letter) expected += "\u00e4";
    EXPECT_EQ(frame, expected);
}

TEST(WebSocket, the_chosen_subprotocol_is_in_the_answer_and_none_is_when_none_was_chosen) {
    TestServer server;
    const RawWebSocket chosen(server.bound(), 0, "Sec-WebSocket-Protocol: events.v1\r\n");
    EXPECT_TRUE(contains(chosen.head, "Sec-WebSocket-Protocol: events.v1\r\n")) << chosen.head;
    const RawWebSocket none(server.bound());
    EXPECT_FALSE(contains(none.head, "Sec-WebSocket-Protocol")) << none.head;
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
