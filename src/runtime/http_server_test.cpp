#include "runtime/http_server.hpp"

#include <gtest/gtest.h>

#include "runtime/http_client.hpp"
#include "runtime/http_test_support.hpp"

namespace grapevine::runtime {
namespace {

using namespace std::chrono_literals;

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
    EXPECT_EQ(answer->body.size(), 20'000'000U);
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

}  // namespace
}  // namespace grapevine::runtime
