#include "runtime/udp_socket.hpp"

#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <vector>

namespace grapevine::runtime {
namespace {

using namespace std::chrono_literals;

Bytes bytes_of(std::string_view text) {
    const ByteView view = as_bytes(text);
    return {view.begin(), view.end()};
}

Endpoint at(std::string_view text) {
    return Endpoint::parse(text).value();
}

Endpoint with_port(Endpoint endpoint, std::uint16_t port) {
    endpoint.port = port;
    return endpoint;
}

// A socket that keeps what it hears.
struct Listener {
    Listener(Loop& loop, std::string_view bind, std::size_t stop_after = 1) {
        UdpSocket::Handlers handlers;
        handlers.on_received = [this, &loop, stop_after](std::span<const Received> batch) {
            largest_batch = std::max(largest_batch, batch.size());
            for (const Received& one : batch) {
                texts.emplace_back(as_text(one.bytes));
                senders.push_back(one.from);
            }
            if (texts.size() >= stop_after) loop.stop();
        };
        handlers.on_unreachable = [this, &loop](const Endpoint& endpoint) {
            unreachable.push_back(endpoint);
            loop.stop();
        };
        auto opened = UdpSocket::open(loop, UdpOptions{.bind = at(bind)}, std::move(handlers));
        EXPECT_TRUE(opened.has_value()) << describe(opened.error());
        socket.emplace(std::move(*opened));
    }

    void send(const Endpoint& to, std::string_view text) {
        socket->queue({to, bytes_of(text)});
        socket->flush();
    }

    std::optional<UdpSocket> socket;
    std::vector<std::string> texts;
    std::vector<Endpoint> senders;
    std::vector<Endpoint> unreachable;
    std::size_t largest_batch = 0;
};

// A port of that address on which nobody listens.
Endpoint closed_port(Loop& loop, std::string_view bind) {
    return Listener(loop, bind).socket->bound();
}

class UdpFamilies : public testing::TestWithParam<const char*> {};

TEST_P(UdpFamilies, a_datagram_arrives_with_its_sender_and_can_be_answered) {
    Loop loop;
    Listener alice(loop, GetParam());
    Listener bob(loop, GetParam());
    EXPECT_NE(alice.socket->bound().port, 0);
    alice.send(bob.socket->bound(), "hello");
    loop.run_for(2s);
    ASSERT_EQ(bob.texts, std::vector<std::string>{"hello"});
    EXPECT_EQ(bob.senders[0], alice.socket->bound());
    bob.send(bob.senders[0], "hello yourself");
    loop.run_for(2s);
    EXPECT_EQ(alice.texts, std::vector<std::string>{"hello yourself"});
    EXPECT_EQ(alice.socket->counters().sent, 1U);
    EXPECT_EQ(alice.socket->counters().sent_bytes, 5U);
    EXPECT_EQ(alice.socket->counters().received_bytes, 14U);
}

TEST_P(UdpFamilies, a_closed_port_is_reported_with_the_address_that_we_had_sent_to) {
    Loop loop;
    const Endpoint nobody = closed_port(loop, GetParam());
    Listener alice(loop, GetParam());
    alice.send(nobody, "anybody there?");
    loop.run_for(2s);
    EXPECT_EQ(alice.unreachable, std::vector<Endpoint>{nobody});
    EXPECT_EQ(alice.socket->counters().unreachable, 1U);
    EXPECT_EQ(alice.socket->counters().receive_failed, 0U);
}

INSTANTIATE_TEST_SUITE_P(Loopback, UdpFamilies, testing::Values("127.0.0.1:0", "[::1]:0"));

TEST(UdpSocket, dual_stack_hears_both_families_and_answers_both) {
    Loop loop;
    Listener dual(loop, "[::]:0", 2);
    Listener four(loop, "127.0.0.1:0");
    Listener six(loop, "[::1]:0");
    const std::uint16_t port = dual.socket->bound().port;
    four.send(with_port(at("127.0.0.1:0"), port), "four");
    six.send(with_port(at("[::1]:0"), port), "six");
    loop.run_for(2s);
    ASSERT_EQ(dual.texts.size(), 2U);
    for (std::size_t index = 0; index < 2; ++index) {
        EXPECT_EQ(dual.senders[index],
                  dual.texts[index] == "four" ? four.socket->bound() : six.socket->bound());
        dual.send(dual.senders[index], "re: " + dual.texts[index]);
    }
    while (four.texts.empty() || six.texts.empty()) loop.run_for(2s);
    EXPECT_EQ(four.texts[0], "re: four");
    EXPECT_EQ(six.texts[0], "re: six");
}

TEST(UdpSocket, dual_stack_hears_of_closed_ports_of_both_families) {
    Loop loop;
    Listener dual(loop, "[::]:0");
    const Endpoint four = closed_port(loop, "127.0.0.1:0");
    const Endpoint six = closed_port(loop, "[::1]:0");
    dual.send(four, "x");
    loop.run_for(2s);
    EXPECT_EQ(dual.unreachable, std::vector<Endpoint>{four});
    dual.send(six, "x");
    loop.run_for(2s);
    EXPECT_EQ(dual.unreachable, (std::vector<Endpoint>{four, six}));
}

TEST(UdpSocket, a_closed_port_does_not_swallow_datagrams_to_others) {
    Loop loop;
    const Endpoint nobody = closed_port(loop, "127.0.0.1:0");
    Listener alice(loop, "127.0.0.1:0");
    Listener bob(loop, "127.0.0.1:0", 200);
    for (int round = 0; round < 200; ++round) {
        alice.send(nobody, "x");
        alice.send(bob.socket->bound(), "y");
    }
    for (int turn = 0; turn < 100 && bob.texts.size() < 200; ++turn) loop.run_for(20ms);
    EXPECT_EQ(bob.texts.size(), 200U);
    EXPECT_EQ(alice.socket->counters().send_failed, 0U);
}

TEST(UdpSocket, many_datagrams_arrive_in_order_and_in_batches) {
    Loop loop;
    constexpr std::size_t kCount = 300;
    Listener alice(loop, "127.0.0.1:0");
    Listener bob(loop, "127.0.0.1:0", kCount);
    for (std::size_t index = 0; index < kCount; ++index) {
        alice.socket->queue({bob.socket->bound(), bytes_of(std::to_string(index))});
    }
    alice.socket->flush();
    loop.run_for(2s);
    ASSERT_EQ(bob.texts.size(), kCount);
    for (std::size_t index = 0; index < kCount; ++index) {
        EXPECT_EQ(bob.texts[index], std::to_string(index));
    }
    EXPECT_EQ(bob.largest_batch, kDatagramBatch);
}

TEST(UdpSocket, a_datagram_at_the_limit_passes_and_one_byte_more_is_dropped_and_counted) {
    Loop loop;
    Listener alice(loop, "127.0.0.1:0");
    Listener bob(loop, "127.0.0.1:0");
    alice.send(bob.socket->bound(), std::string(kDatagramBytesMax + 1, 'x'));
    alice.send(bob.socket->bound(), std::string(kDatagramBytesMax, 'y'));
    loop.run_for(2s);
    EXPECT_EQ(bob.texts, std::vector<std::string>{std::string(kDatagramBytesMax, 'y')});
    EXPECT_EQ(bob.socket->counters().received_oversize, 1U);
    EXPECT_EQ(bob.socket->counters().received, 1U);
}

TEST(UdpSocket, what_the_kernel_refuses_is_counted_and_the_rest_still_leaves) {
    Loop loop;
    Listener alice(loop, "127.0.0.1:0");
    Listener bob(loop, "127.0.0.1:0");
    alice.socket->queue({bob.socket->bound(), Bytes(70'000)});
    alice.socket->queue({at("[::1]:9"), bytes_of("an IPv4 socket cannot")});
    alice.socket->queue({bob.socket->bound(), bytes_of("still here")});
    alice.socket->flush();
    loop.run_for(2s);
    EXPECT_EQ(bob.texts, std::vector<std::string>{"still here"});
    EXPECT_EQ(alice.socket->counters().send_failed, 2U);
}

TEST(UdpSocket, a_port_in_use_is_refused_with_port_and_cure) {
    Loop loop;
    Listener first(loop, "127.0.0.1:0");
    const auto second = UdpSocket::open(loop, UdpOptions{.bind = first.socket->bound()}, {});
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().code, Refusal::Code::conflict);
    EXPECT_NE(second.error().message.find(std::to_string(first.socket->bound().port)),
              std::string::npos);
    EXPECT_NE(second.error().cure.find("another port"), std::string::npos);
}

TEST(UdpSocket, an_address_of_another_host_is_refused) {
    Loop loop;
    const auto opened = UdpSocket::open(loop, UdpOptions{.bind = at("192.0.2.1:0")}, {});
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().code, Refusal::Code::invalid);
    EXPECT_EQ(opened.error().message, "192.0.2.1 is not an address of this host");
}

TEST(UdpSocket, it_may_be_destroyed_by_its_own_callback) {
    Loop loop;
    std::optional<UdpSocket> bob;
    UdpSocket::Handlers handlers;
    handlers.on_received = [&](std::span<const Received>) {
        bob.reset();
        loop.stop();
    };
    bob = UdpSocket::open(loop, UdpOptions{.bind = at("127.0.0.1:0")}, std::move(handlers)).value();
    Listener alice(loop, "127.0.0.1:0");
    for (int round = 0; round < 100; ++round) alice.send(bob->bound(), "x");
    loop.run_for(2s);
    EXPECT_FALSE(bob.has_value());
}

TEST(SendQueue, full_refuses_the_newest_and_takes_again_after_a_pop) {
    SendQueue queue;
    for (std::size_t index = 0; index < kSendQueueDatagramsMax; ++index) {
        ASSERT_TRUE(queue.push({Endpoint(), bytes_of(std::to_string(index))}));
    }
    EXPECT_FALSE(queue.push({Endpoint(), bytes_of("one too many")}));
    EXPECT_EQ(queue.size(), kSendQueueDatagramsMax);
    queue.pop(2);
    EXPECT_EQ(as_text(queue.at(0).bytes), "2");
    EXPECT_TRUE(queue.push({Endpoint(), bytes_of("room again")}));
}

}  // namespace
}  // namespace grapevine::runtime
