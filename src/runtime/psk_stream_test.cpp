#include "runtime/psk_stream.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <functional>

#include "runtime/psk_context.hpp"
#include "runtime/psk_testing.hpp"
#include "runtime/tcp.hpp"

namespace grapevine::runtime {
namespace {

using namespace std::chrono_literals;

// -- Frames --

TEST_F(PskStreams, frames_of_all_sizes_arrive_in_order_both_ways) {
    open();
    const std::vector<Bytes> frames = {frame_of(1), frame_of(kPskFrameBytesMax, 2), frame_of(3, 3),
                                       frame_of(17'000, 4), frame_of(kPskFrameBytesMax, 5)};
    client->write_all(frames);
    servers[0]->write_all(frames);
    EXPECT_TRUE(
        wait_for([&] { return client->frames.size() == 5 && servers[0]->frames.size() == 5; }));
    EXPECT_EQ(client->frames, frames);
    EXPECT_EQ(servers[0]->frames, frames);
    EXPECT_EQ(client->stream->bytes_received(), servers[0]->stream->bytes_sent());
    EXPECT_EQ(client->stream->bytes_sent(), 2 * kPskFrameBytesMax + 17'004 + 5 * 4);
}

TEST_F(PskStreams, an_end_between_frames_is_no_failure) {
    open();
    client->write_all({frame_of(5000)}, [&] { client->stream->finish(); });
    EXPECT_TRUE(wait_for([&] { return servers[0]->ended && client->ended; }));
    EXPECT_EQ(servers[0]->frames.size(), 1U);
    EXPECT_TRUE(servers[0]->ended->has_value());
    EXPECT_TRUE(client->ended->has_value());
}

TEST_F(PskStreams, a_stream_that_breaks_says_so) {
    open();
    client->stream.reset();
    EXPECT_TRUE(wait_for([&] { return servers[0]->ended.has_value(); }));
    ASSERT_FALSE(servers[0]->ended->has_value());
    EXPECT_EQ(servers[0]->ended->error().code, Refusal::Code::unavailable);
}

TEST_F(PskStreams, a_stream_may_be_ended_by_what_it_delivers) {
    open();
    servers[0]->on_frame = [&] { servers[0]->stream.reset(); };
    client->write_all({frame_of(10), frame_of(10)});
    EXPECT_TRUE(wait_for([&] { return client->ended.has_value(); }));
    EXPECT_EQ(servers[0]->frames.size(), 1U);
    EXPECT_FALSE(servers[0]->ended) << "nothing is called after the end";
}

/// What comes of a frame whose head says this length, from one who holds the key.
std::string verdict_on_length(PskStreams& test, std::uint32_t length) {
    boost::asio::ip::tcp::socket socket(test.loop.context());
    socket.connect(to_tcp(test.listener->bound()));
    const auto transport = make_tls_client_transport(
        std::move(socket), make_psk_client_tls(keys_of({3})).value(), "127.0.0.1");
    bool is_open = false;
    transport->handshake([&](boost::system::error_code failure) { is_open = !failure; });
    EXPECT_TRUE(test.wait_for([&] { return is_open && !test.servers.empty(); }));
    Bytes head(4 + std::min<std::size_t>(length, kPskFrameBytesMax));
    for (unsigned index = 0; index < 4; ++index) {
        head[index] = static_cast<std::uint8_t>(length >> (24 - 8 * index));
    }
    std::size_t sent = 0;
    std::function<void()> send = [&] {
        transport->write_some(boost::asio::const_buffer(head.data() + sent, head.size() - sent),
                              [&](boost::system::error_code failure, std::size_t count) {
                                  sent += count;
                                  if (!failure && sent < head.size()) send();
                              });
    };
    send();
    const PskEnd& server = *test.servers.back();
    EXPECT_TRUE(test.wait_for([&] { return server.ended || !server.frames.empty(); }));
    test.wait_for([&] { return sent == head.size(); }, 50ms);
    transport->close();
    test.loop.run_for(5ms);
    return server.frames.empty() ? server.ended->error().message : "accepted";
}

TEST_F(PskStreams, a_frame_has_1_to_131072_bytes) {
    listen(keys_of({3}));
    EXPECT_EQ(verdict_on_length(*this, kPskFrameBytesMax), "accepted");
    EXPECT_TRUE(verdict_on_length(*this, kPskFrameBytesMax + 1)
                    .ends_with("a frame of 131073 bytes came; 1 to 131072 are legal"));
    EXPECT_TRUE(verdict_on_length(*this, 0).ends_with("1 to 131072 are legal"));
    EXPECT_TRUE(verdict_on_length(*this, UINT32_MAX).ends_with("1 to 131072 are legal"));
}

// -- Slow --

TEST_F(PskStreams, a_reader_that_pauses_makes_the_writer_wait) {
    open();
    servers[0]->stream->pause();
    // More than the kernel's buffers on both sides of loopback hold.
    std::vector<Bytes> frames(400, frame_of(kPskFrameBytesMax));
    client->write_all(frames);
    for (std::size_t written = SIZE_MAX; written != client->written; loop.run_for(100ms)) {
        written = client->written;
    }
    EXPECT_LT(client->written, 400U);
    EXPECT_LE(servers[0]->frames.size(), 1U);
    servers[0]->stream->resume();
    EXPECT_TRUE(wait_for([&] { return servers[0]->frames.size() == 400; }));
}

TEST_F(PskStreams, a_reader_that_never_reads_is_given_up) {
    open({.idle_timeout = 300ms});
    servers[0]->stream->pause();
    client->write_all(std::vector<Bytes>(400, frame_of(kPskFrameBytesMax)));
    EXPECT_TRUE(wait_for([&] { return client->ended.has_value(); }));
    ASSERT_FALSE(client->ended->has_value());
    EXPECT_EQ(client->ended->error().code, Refusal::Code::unavailable);
    EXPECT_LT(client->written, 400U);
}

TEST_F(PskStreams, a_stream_on_which_nothing_happens_ends) {
    open({.idle_timeout = 200ms});
    const Instant start = loop.now();
    EXPECT_TRUE(wait_for([&] { return client->ended.has_value(); }));
    EXPECT_GE(loop.now() - start, 150ms);
    EXPECT_FALSE(client->ended->has_value());
}

// -- Rate --

TEST_F(PskStreams, a_rate_is_kept_over_all_streams_that_share_it) {
    const auto rate = std::make_shared<SendRate>(1'000'000);
    listen(keys_of({3}), {.rate = rate});
    std::vector<std::unique_ptr<PskEnd>> clients;
    for (int count = 0; count < 2; ++count) {
        auto stream = connect(keys_of({3}));
        ASSERT_TRUE(stream);
        clients.push_back(std::make_unique<PskEnd>(*std::move(stream)));
    }
    ASSERT_TRUE(wait_for([&] { return servers.size() == 2; }));
    const Instant start = loop.now();
    // 600 kB: the last of 60 frames leaves after 590 ms.
    for (const auto& server : servers) server->write_all(std::vector<Bytes>(30, frame_of(9996)));
    EXPECT_TRUE(wait_for(
        [&] { return clients[0]->frames.size() == 30 && clients[1]->frames.size() == 30; }));
    const Duration taken = loop.now() - start;
    EXPECT_GE(taken, 580ms);
    EXPECT_LE(taken, 3s);
}

TEST(SendRate, lets_so_many_bytes_leave_in_a_time) {
    SendRate rate(1'000'000);
    EXPECT_EQ(rate.reserve(Instant(0ms), 100'000), Instant(0ms));
    EXPECT_EQ(rate.reserve(Instant(0ms), 50'000), Instant(100ms));
    EXPECT_EQ(rate.reserve(Instant(10ms), 1), Instant(150ms));
    // What was not used is not saved up.
    EXPECT_EQ(rate.reserve(Instant(5s), 100'000), Instant(5s));
    EXPECT_EQ(rate.reserve(Instant(5s), 100'000), Instant(5100ms));
}

}  // namespace
}  // namespace grapevine::runtime
