#include "datagrams/sockets.hpp"

#include <array>
#include <atomic>
#include <cassert>
#include <cerrno>
#include <ctime>
#include <fmt/core.h>
#include <memory>
#include <netinet/udp.h>
#include <poll.h>
#include <pthread.h>
#include <stdexcept>
#include <sys/socket.h>
#include <thread>

#include "base/limits.hpp"
#include "daemon/pump.hpp"
#include "datagrams/members.hpp"
#include "runtime/file_descriptor.hpp"
#include "runtime/loop.hpp"
#include "runtime/resolver.hpp"
#include "runtime/socket_address.hpp"

namespace grapevine::bench {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

constexpr int kReceiverCore = 0;
constexpr int kFloodCore = 1;
constexpr Duration kJoinPatience = 20s;
constexpr int kReceiveBufferBytes = 4 * 1024 * 1024;
constexpr double kWarmUpSeconds = 0.2;

void require(bool holds, const char* what) {
    if (!holds) throw std::runtime_error(fmt::format("{} (errno {})", what, errno));
}

void stay_on(int core) {
    if (std::thread::hardware_concurrency() < 2) return;
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET(core, &cores);
    ::pthread_setaffinity_np(::pthread_self(), sizeof cores, &cores);
}

double seconds_of(clockid_t clock) {
    timespec time{};
    ::clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

/// A bound socket on loopback, and where.
struct Socket {
    Socket() : descriptor(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
        require(descriptor.is_open(), "socket");
        const int bytes = kReceiveBufferBytes;
        ::setsockopt(descriptor.value(), SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
        const auto address = runtime::to_socket_address(Endpoint::v4(127, 0, 0, 1, 0), AF_INET);
        require(::bind(descriptor.value(), address->get(), address->length) == 0, "bind");
        endpoint = *runtime::local_endpoint(descriptor.value());
    }

    void send_to(const Endpoint& to, ByteView bytes) const {
        const auto address = runtime::to_socket_address(to, AF_INET);
        ::sendto(descriptor.value(), bytes.data(), bytes.size(), 0, address->get(),
                 address->length);
    }

    runtime::FileDescriptor descriptor;
    Endpoint endpoint;
};

/// A speaker on a socket of its own.
struct Caller {
    Caller(int number, const Endpoint& seed)
        : speaker(number, socket.endpoint, {to_string(seed)}), seed_(seed) {}

    /// What a driver does, as far as it can be done without waiting.
    void turn(Instant now) {
        std::array<std::uint8_t, kDatagramBytesMax> bytes{};
        sockaddr_storage from{};
        for (;;) {
            socklen_t length = sizeof from;
            const auto size = ::recvfrom(socket.descriptor.value(), bytes.data(), bytes.size(), 0,
                                         reinterpret_cast<sockaddr*>(&from), &length);
            if (size < 0) break;
            const auto sender =
                runtime::from_socket_address(reinterpret_cast<sockaddr*>(&from), length);
            speaker.overlay().receive(now, *sender,
                                      ByteView(bytes.data(), static_cast<std::size_t>(size)));
            drain(now);
        }
        if (speaker.overlay().deadline() <= now) speaker.overlay().advance(now);
        drain(now);
    }

    Socket socket;
    Speaker speaker;

private:
    void drain(Instant now) {
        while (auto action = speaker.overlay().poll()) {
            if (auto* transmit = std::get_if<overlay::Overlay::Transmit>(&*action)) {
                socket.send_to(transmit->to, transmit->bytes);
            } else if (auto* resolve = std::get_if<overlay::Overlay::Resolve>(&*action)) {
                speaker.overlay().resolved(now, resolve->name, {seed_});
            }
        }
    }

    Endpoint seed_;
};

using Callers = std::vector<std::unique_ptr<Caller>>;

/// Floods `target` from a thread of its own for as long as it lives.
class Flooder {
public:
    Flooder(const Flood& flood, Callers& callers, const Endpoint& target, MemberId receiver)
        : flood_(flood), callers_(callers), target_(target), receiver_(receiver), thread_([this] {
              run();
          }) {}
    ~Flooder() {
        is_over_ = true;
        thread_.join();
    }
    Flooder(const Flooder&) = delete;
    Flooder& operator=(const Flooder&) = delete;

private:
    void run() {
        stay_on(kFloodCore);
        const Bytes sections =
            flood_.kind == Kind::ack ? stray_ack() : ping(callers_.front()->speaker.overlay());
        const auto address = runtime::to_socket_address(target_, AF_INET);
        Bytes burst;
        while (!is_over_) {
            for (const auto& caller : callers_) {
                burst.clear();
                for (int count = 0; count < flood_.burst; ++count) {
                    caller->speaker.seal(receiver_, start_of(0).boot, sections, burst);
                }
                send(caller->socket.descriptor.value(), burst, *address);
            }
        }
    }

    void send(int socket, Bytes& burst, const runtime::SocketAddress& address) const {
        iovec vector{burst.data(), burst.size()};
        msghdr header{};
        header.msg_name = const_cast<sockaddr*>(address.get());
        header.msg_namelen = address.length;
        header.msg_iov = &vector;
        header.msg_iovlen = 1;
        alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(sizeof(std::uint16_t))> control{};
        if (flood_.burst > 1) {
            header.msg_control = control.data();
            header.msg_controllen = control.size();
            cmsghdr* const segment = CMSG_FIRSTHDR(&header);
            segment->cmsg_level = SOL_UDP;
            segment->cmsg_type = UDP_SEGMENT;
            segment->cmsg_len = CMSG_LEN(sizeof(std::uint16_t));
            const auto size =
                static_cast<std::uint16_t>(burst.size() / static_cast<std::size_t>(flood_.burst));
            std::memcpy(CMSG_DATA(segment), &size, sizeof size);
        }
        // What does not fit is lost, as on any network.
        ::sendmsg(socket, &header, 0);
    }

    Flood flood_;
    Callers& callers_;
    Endpoint target_;
    MemberId receiver_;
    std::atomic<bool> is_over_ = false;
    std::thread thread_;
};

Callers callers_of(const Flood& flood, const Endpoint& seed) {
    Callers callers;
    for (int number = 1; number <= flood.speaker_count; ++number) {
        callers.push_back(std::make_unique<Caller>(number, seed));
    }
    return callers;
}

/// Lets `work` receive for a while, and then again, counting.
template <typename Work, typename Count>
Taken measure(double seconds, const Work& work, const Count& count) {
    work(kWarmUpSeconds);
    const std::uint64_t before = count();
    const double cpu = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    const double wall = seconds_of(CLOCK_MONOTONIC);
    work(seconds);
    const double cpu_used = seconds_of(CLOCK_THREAD_CPUTIME_ID) - cpu;
    const double elapsed = seconds_of(CLOCK_MONOTONIC) - wall;
    const auto taken = static_cast<double>(count() - before);
    require(taken > 0, "nothing was received");
    return {cpu_used * 1e9 / taken, taken / elapsed, cpu_used / elapsed};
}

std::uint64_t counter_of(const daemon::Pump& pump, std::string_view name) {
    for (const auto& [known, value] : pump.view().counters) {
        if (known == name) return value;
    }
    throw std::runtime_error(fmt::format("no counter {}", name));
}

}  // namespace

Taken take_by_recvmmsg(const Flood& flood) {
    stay_on(kReceiverCore);
    const Socket socket;
    Callers callers = callers_of(flood, socket.endpoint);
    std::array<mmsghdr, kDatagramBatch> headers{};
    std::array<iovec, kDatagramBatch> vectors{};
    std::array<sockaddr_in6, kDatagramBatch> addresses{};
    std::vector<std::uint8_t> arena(kDatagramBatch * kDatagramBytesMax);
    std::uint64_t taken = 0;
    const auto work = [&](double seconds) {
        const double until = seconds_of(CLOCK_MONOTONIC) + seconds;
        while (seconds_of(CLOCK_MONOTONIC) < until) {
            for (std::size_t index = 0; index < kDatagramBatch; ++index) {
                vectors[index] = {arena.data() + index * kDatagramBytesMax, kDatagramBytesMax};
                headers[index].msg_hdr = {};
                headers[index].msg_hdr.msg_name = &addresses[index];
                headers[index].msg_hdr.msg_namelen = sizeof(sockaddr_in6);
                headers[index].msg_hdr.msg_iov = &vectors[index];
                headers[index].msg_hdr.msg_iovlen = 1;
            }
            const int count = ::recvmmsg(socket.descriptor.value(), headers.data(), kDatagramBatch,
                                         MSG_DONTWAIT, nullptr);
            if (count > 0) taken += static_cast<std::uint64_t>(count);
            if (count == static_cast<int>(kDatagramBatch)) continue;
            pollfd wait{socket.descriptor.value(), POLLIN, 0};
            ::poll(&wait, 1, 10);
        }
    };
    const Flooder flooder(flood, callers, socket.endpoint, kNobody);
    return measure(flood.seconds, work, [&] { return taken; });
}

Taken take_by_pump(const Flood& flood) {
    stay_on(kReceiverCore);
    runtime::Loop loop;
    runtime::Resolver resolver;
    daemon::OverlayPump::Sinks sinks;
    sinks.persist = [](const storage::Batch&) { return Outcome<void>(); };
    sinks.news = [](const std::vector<control::LogItem>&) {};
    const Endpoint any = Endpoint::v4(127, 0, 0, 1, 0);
    auto opened =
        daemon::Pump::open(loop, resolver, any, settings_of(0, any, {}), start_of(0), sinks);
    require(opened.has_value(), "pump");
    daemon::Pump& pump = **opened;
    Callers callers = callers_of(flood, pump.bound());
    const auto everybody = callers.size() + 1;
    const Instant until = loop.now() + kJoinPatience;
    const auto is_joined = [&] {
        if (pump.view().members_alive != everybody) return false;
        return std::ranges::all_of(callers, [&](const auto& caller) {
            const auto& node = caller->speaker.overlay().node();
            return node.membership().alive_count() == everybody;
        });
    };
    while (!is_joined()) {
        require(loop.now() < until, "the speakers have not joined");
        loop.run_for(1ms);
        for (const auto& caller : callers) caller->turn(loop.now());
    }
    const std::uint64_t refused = counter_of(pump, "dropped_unauthenticated_total") +
                                  counter_of(pump, "dropped_replayed_total") +
                                  counter_of(pump, "dropped_unproven_total");
    const Flooder flooder(flood, callers, pump.bound(), Speaker(0, any, {}).member());
    const Taken taken = measure(
        flood.seconds,
        [&](double seconds) {
            loop.run_for(
                std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds)));
        },
        [&] { return counter_of(pump, "datagrams_received_total"); });
    require(refused == counter_of(pump, "dropped_unauthenticated_total") +
                           counter_of(pump, "dropped_replayed_total") +
                           counter_of(pump, "dropped_unproven_total"),
            "every datagram is opened and handled");
    return taken;
}

}  // namespace grapevine::bench
