#include "runtime/multicast.hpp"

#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <vector>

#include "runtime/udp_socket.hpp"

// On loopback, which carries multicast when it is named. IPv6 and several interfaces are in
// tests/system/test_multicast.py.
namespace grapevine::runtime {
namespace {

using namespace std::chrono_literals;

constexpr const char* kGroup = "239.255.71.1:0";

Endpoint at(std::string_view text) {
    return Endpoint::parse(text).value();
}

Endpoint with_port(Endpoint endpoint, std::uint16_t port) {
    endpoint.port = port;
    return endpoint;
}

MulticastGroup on_loopback(std::string_view group) {
    return {.address = at(group), .interface_address = at("127.0.0.1:0")};
}

UdpOptions announcing(std::string_view group, std::uint16_t port = 0) {
    return {.bind = with_port(at(group), port),
            .group = on_loopback(group),
            .port = UdpOptions::Port::shared};
}

struct Listener {
    Listener(Loop& loop, const UdpOptions& options) {
        UdpSocket::Handlers handlers;
        handlers.on_received = [this](std::span<const Received> batch) {
            for (const Received& one : batch) {
                texts.emplace_back(as_text(one.bytes));
                senders.push_back(one.from);
            }
        };
        auto opened = UdpSocket::open(loop, options, std::move(handlers));
        EXPECT_TRUE(opened.has_value()) << describe(opened.error());
        socket.emplace(std::move(*opened));
    }

    void send(const Endpoint& to, std::string_view text) {
        const ByteView view = as_bytes(text);
        socket->queue({to, Bytes(view.begin(), view.end())});
        socket->flush();
    }

    std::optional<UdpSocket> socket;
    std::vector<std::string> texts;
    std::vector<Endpoint> senders;
};

Refusal refused(Loop& loop, const UdpOptions& options) {
    auto opened = UdpSocket::open(loop, options, {});
    EXPECT_FALSE(opened.has_value());
    return opened ? Refusal{} : opened.error();
}

using Texts = std::vector<std::string>;

TEST(Multicast, everybody_on_a_shared_port_hears_the_group_the_speaker_too) {
    Loop loop;
    Listener alice(loop, announcing(kGroup));
    const std::uint16_t port = alice.socket->bound().port;
    Listener bob(loop, announcing(kGroup, port));
    alice.send(with_port(at(kGroup), port), "hello");
    loop.run_for(50ms);
    EXPECT_EQ(alice.texts, Texts{"hello"});
    EXPECT_EQ(bob.texts, Texts{"hello"});
    EXPECT_EQ(bob.senders.front(), with_port(at("127.0.0.1:0"), port));
    EXPECT_EQ(alice.socket->interface_count(), 1U);
}

TEST(Multicast, a_socket_on_an_ordinary_address_hears_that_and_the_group) {
    Loop loop;
    Listener alice(loop, {.bind = at("0.0.0.0:0"), .group = on_loopback(kGroup)});
    const std::uint16_t port = alice.socket->bound().port;
    Listener bob(loop, {.bind = at("127.0.0.1:0"), .group = on_loopback("239.255.71.2:0")});
    bob.send(with_port(at("127.0.0.1:0"), port), "to you");
    loop.run_for(50ms);
    alice.send(with_port(at(kGroup), port), "to all");
    loop.run_for(50ms);
    EXPECT_EQ(alice.texts, (Texts{"to you", "to all"}));
    EXPECT_EQ(alice.senders.back(), with_port(at("127.0.0.1:0"), port));
}

TEST(Multicast, groups_that_others_have_joined_are_not_heard) {
    Loop loop;
    Listener other(loop, announcing("239.255.71.3:0"));
    const std::uint16_t port = other.socket->bound().port;
    Listener wide(loop, {.bind = with_port(at("127.0.0.1:0"), port), .group = on_loopback(kGroup)});
    other.send(with_port(at("239.255.71.3:0"), port), "not for you");
    loop.run_for(50ms);
    EXPECT_EQ(other.texts, Texts{"not for you"});
    EXPECT_EQ(wide.texts, Texts{});
}

TEST(Multicast, an_address_that_is_not_shared_is_refused_to_the_second) {
    Loop loop;
    UdpOptions options = announcing(kGroup);
    options.port = UdpOptions::Port::own;
    Listener alice(loop, options);
    options.bind = alice.socket->bound();
    EXPECT_EQ(refused(loop, options).code, Refusal::Code::conflict);
}

TEST(Multicast, joining_again_changes_nothing) {
    Loop loop;
    Listener alice(loop, announcing(kGroup));
    const Endpoint group = with_port(at(kGroup), alice.socket->bound().port);
    EXPECT_TRUE(alice.socket->rejoin());
    EXPECT_EQ(alice.socket->interface_count(), 1U);
    alice.send(group, "once");
    loop.run_for(50ms);
    EXPECT_EQ(alice.texts, Texts{"once"});
}

TEST(Multicast, a_socket_without_a_group_has_nothing_to_join) {
    Loop loop;
    Listener alice(loop, {.bind = at("127.0.0.1:0")});
    EXPECT_TRUE(alice.socket->rejoin());
    EXPECT_EQ(alice.socket->interface_count(), 0U);
}

TEST(Multicast, what_is_no_group_is_refused) {
    Loop loop;
    const UdpOptions options{.bind = at("0.0.0.0:0"), .group = on_loopback("192.0.2.1:0")};
    const Refusal refusal = refused(loop, options);
    EXPECT_EQ(refusal.code, Refusal::Code::invalid);
    EXPECT_EQ(refusal.message, "192.0.2.1 is not a multicast group");
}

TEST(Multicast, a_group_of_the_other_family_is_refused_with_a_bind_that_would_do) {
    Loop loop;
    const UdpOptions four{.bind = at("[::]:0"), .group = on_loopback(kGroup)};
    EXPECT_EQ(refused(loop, four).cure, "bind to an IPv4 address, such as 0.0.0.0");
    const UdpOptions six{.bind = at("0.0.0.0:0"), .group = MulticastGroup{at("[ff12::1]:0")}};
    EXPECT_EQ(refused(loop, six).cure, "bind to an IPv6 address, such as [::]");
}

TEST(Multicast, an_interface_that_does_not_exist_is_refused) {
    Loop loop;
    UdpOptions options = announcing(kGroup);
    options.group->interface_address = at("192.0.2.1:0");
    EXPECT_EQ(refused(loop, options).message,
              "no interface of this host has the address 192.0.2.1");
    options.group->interface_index = 987'654;
    EXPECT_EQ(refused(loop, options).message,
              "this host has no interface number 987654 with an IPv4 address");
}

TEST(UdpSocket, the_largest_datagram_of_all_passes) {
    Loop loop;
    const UdpOptions options{.bind = at("127.0.0.1:0"), .datagram_bytes_max = kOldDatagramBytesMax};
    Listener alice(loop, options);
    Listener bob(loop, options);
    // More of them than one batch has room for.
    for (int round = 0; round < 6; ++round) {
        alice.send(bob.socket->bound(), std::string(kOldDatagramBytesMax, 'x'));
    }
    loop.run_for(200ms);
    ASSERT_EQ(bob.texts.size(), 6U);
    EXPECT_EQ(bob.texts.back(), std::string(kOldDatagramBytesMax, 'x'));
    EXPECT_EQ(bob.socket->counters().received_oversize, 0U);
}

TEST(SendQueue, its_bytes_are_limited_too) {
    SendQueue queue;
    constexpr std::size_t kFits = kSendQueueBytesMax / kOldDatagramBytesMax;
    static_assert(kFits < kSendQueueDatagramsMax);
    for (std::size_t index = 0; index < kFits; ++index) {
        ASSERT_TRUE(queue.push({Endpoint(), Bytes(kOldDatagramBytesMax)}));
    }
    EXPECT_FALSE(queue.push({Endpoint(), Bytes(kOldDatagramBytesMax)}));
    queue.pop(1);
    EXPECT_TRUE(queue.push({Endpoint(), Bytes(kOldDatagramBytesMax)}));
}

}  // namespace
}  // namespace grapevine::runtime
