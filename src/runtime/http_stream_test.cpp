#include <gtest/gtest.h>

#include "runtime/http_client.hpp"
#include "runtime/http_test_support.hpp"

namespace grapevine::runtime {
namespace {

using namespace std::chrono_literals;

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
    int drained_before = 0;
    const std::size_t pending = server.on_loop<std::size_t>([&] {
        // Before the writes, on the loop: the kernel may take all of them at once.
        drained_before = server.drained;
        EXPECT_TRUE(stream->write(std::string(2 * kHttpPendingBytesMax, 'x')))
            << "a large message passes when nothing else waits";
        while (stream->write(std::string(10'000, 'y'))) continue;
        return stream->pending_bytes();
    });
    EXPECT_GT(pending, 0U);
    EXPECT_LE(pending, 2 * kHttpPendingBytesMax + 100'000);
    const SteadyClock clock;
    while (server.drained == drained_before && clock.now() < Instant(kPatience)) {
        client.read_briefly();
    }
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

}  // namespace
}  // namespace grapevine::runtime
