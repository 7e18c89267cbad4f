#include "runtime/udp_socket.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <fmt/core.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <optional>
#include <sys/socket.h>
#include <vector>

#include "runtime/file_descriptor.hpp"
#include "runtime/socket_address.hpp"
#include "runtime/system_refusal.hpp"

namespace grapevine::runtime {
namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::size_t kErrorsPerWake = 32;

bool set_option(int socket, int level, int option, int value) {
    return ::setsockopt(socket, level, option, &value, sizeof value) == 0;
}

// The forced form passes net.core.*mem_max, but only for the privileged.
void set_buffer(int socket, int forced, int plain, int bytes) {
    if (!set_option(socket, SOL_SOCKET, forced, bytes)) {
        set_option(socket, SOL_SOCKET, plain, bytes);
    }
}

Refusal refuse_bind(const Endpoint& bind, int error_number) {
    switch (error_number) {
        case EADDRINUSE:
            return {Refusal::Code::conflict,
                    fmt::format("UDP port {} on {} is in use by another process", bind.port,
                                ip_to_string(bind)),
                    "choose another port, or stop that process (ss -lunp shows it)", ""};
        case EADDRNOTAVAIL:
            return {Refusal::Code::invalid,
                    fmt::format("{} is not an address of this host", ip_to_string(bind)),
                    "bind to one that `ip address` shows, or to 0.0.0.0 or [::] for all", ""};
        case EAFNOSUPPORT:
            return {Refusal::Code::unavailable, "this host has no IPv6",
                    "bind to an IPv4 address, such as 0.0.0.0", ""};
        case EACCES:
            return {Refusal::Code::forbidden,
                    fmt::format("UDP port {} needs privileges that this process lacks", bind.port),
                    "choose a port from 1024 up", ""};
        default:
            return system_refusal(fmt::format("cannot bind UDP {}", to_string(bind)), error_number);
    }
}

Outcome<FileDescriptor> open_bound(const UdpOptions& options) {
    assert(options.datagram_bytes_max > 0 && options.datagram_bytes_max <= kOldDatagramBytesMax);
    const bool is_shared = options.port == UdpOptions::Port::shared;
    assert(!is_shared || (options.group && (options.group->address.ip == options.bind.ip ||
                                            options.bind.ip == Endpoint{}.ip)));
    if (options.group) GV_TRY_VOID(check_group(options.group->address, options.bind));
    const int family = family_of(options.bind);
    FileDescriptor socket(::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket.is_open()) return std::unexpected(refuse_bind(options.bind, errno));
    if (family == AF_INET6) {
        set_option(socket.value(), IPPROTO_IPV6, IPV6_V6ONLY,
                   is_shared || !options.bind.is_unspecified());
        set_option(socket.value(), IPPROTO_IPV6, IPV6_RECVERR, 1);
    }
    if (is_shared) {
        // Linux gives what comes to a group to every socket that is bound to it. SO_REUSEPORT would
        // do so only for sockets of one user.
        set_option(socket.value(), SOL_SOCKET, SO_REUSEADDR, 1);
    }
    // Also on IPv6 sockets: a dual stack socket has IPv4 peers.
    set_option(socket.value(), IPPROTO_IP, IP_RECVERR, 1);
    set_buffer(socket.value(), SO_RCVBUFFORCE, SO_RCVBUF, options.receive_buffer_bytes);
    set_buffer(socket.value(), SO_SNDBUFFORCE, SO_SNDBUF, options.send_buffer_bytes);
    const auto address = to_socket_address(options.bind, family);
    if (::bind(socket.value(), address->get(), address->length) != 0) {
        return std::unexpected(refuse_bind(options.bind, errno));
    }
    return socket;
}

// The errors that a send or receive reports on behalf of an earlier datagram, or for want of a
// route: nothing is wrong with the socket.
bool tells_of_a_peer(int error_number) {
    switch (error_number) {
        case ECONNREFUSED:
        case EHOSTUNREACH:
        case ENETUNREACH:
        case EHOSTDOWN:
        case ENETDOWN:
        case ENOPROTOOPT:
        case EPROTO:
        case EMSGSIZE:
            return true;
        default:
            return false;
    }
}

bool says_unreachable(const sock_extended_err& error) {
    if (error.ee_origin != SO_EE_ORIGIN_ICMP && error.ee_origin != SO_EE_ORIGIN_ICMP6) return false;
    switch (error.ee_errno) {
        case ECONNREFUSED:
        case EHOSTUNREACH:
        case ENETUNREACH:
        case EHOSTDOWN:
            return true;
        default:
            return false;
    }
}

// The room that one system call needs, for `kDatagramBatch` datagrams.
struct MessageBatch {
    std::array<mmsghdr, kDatagramBatch> headers{};
    std::array<iovec, kDatagramBatch> vectors{};
    std::array<sockaddr_in6, kDatagramBatch> addresses{};
    std::array<GroupMembership::Control, kDatagramBatch> controls;

    void set(std::size_t index, const std::uint8_t* bytes, std::size_t count, socklen_t length) {
        vectors[index] = {const_cast<std::uint8_t*>(bytes), count};
        msghdr& header = headers[index].msg_hdr;
        header = {};
        header.msg_name = &addresses[index];
        header.msg_namelen = length;
        header.msg_iov = &vectors[index];
        header.msg_iovlen = 1;
    }
};

}  // namespace

struct UdpSocket::State : std::enable_shared_from_this<State> {
    State(Loop& loop, const UdpOptions& options, Handlers handlers_in, FileDescriptor socket)
        : handlers(std::move(handlers_in)),
          descriptor(loop.context(), socket.value()),
          datagram_bytes_max(options.datagram_bytes_max),
          batch_size(std::clamp(kReceiveBatchBytesMax / datagram_bytes_max, std::size_t{1},
                                kDatagramBatch)),
          family(family_of(options.bind)),
          arena(std::make_unique_for_overwrite<std::uint8_t[]>(datagram_bytes_max * batch_size)) {
        // From here on the stream descriptor is the owner.
        static_cast<void>(socket.release());
    }

    [[nodiscard]] int fd() { return descriptor.native_handle(); }
    [[nodiscard]] std::uint8_t* room_for(std::size_t index) {
        return arena.get() + index * datagram_bytes_max;
    }

    void close() {
        is_closed = true;
        error_code ignored;
        descriptor.close(ignored);
    }

    void wait_readable() {
        if (is_closed) return;
        descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                              [self = shared_from_this()](error_code failure) {
                                  if (failure || self->is_closed) return;
                                  self->receive();
                                  self->wait_readable();
                              });
    }

    // An error alone (EPOLLERR) also makes the socket readable.
    void receive() {
        const std::size_t batches = kReceiveBatchesPerWake * kDatagramBatch / batch_size;
        for (std::size_t batch = 0; batch < batches && !is_closed; ++batch) {
            const int count = read_batch();
            if (count < 0) {
                const int error_number = errno;
                if (error_number == EINTR) continue;
                if (tells_of_a_peer(error_number) || batch == 0) read_errors();
                if (error_number == EAGAIN) return;
                if (!tells_of_a_peer(error_number)) {
                    ++counters.receive_failed;
                    return;
                }
                continue;
            }
            deliver(static_cast<std::size_t>(count));
            if (static_cast<std::size_t>(count) < batch_size) return;
        }
    }

    int read_batch() {
        for (std::size_t index = 0; index < batch_size; ++index) {
            incoming.set(index, room_for(index), datagram_bytes_max, sizeof(sockaddr_in6));
        }
        return ::recvmmsg(fd(), incoming.headers.data(), static_cast<unsigned>(batch_size),
                          MSG_DONTWAIT, nullptr);
    }

    void deliver(std::size_t count) {
        std::array<Received, kDatagramBatch> batch;
        std::size_t kept = 0;
        for (std::size_t index = 0; index < count; ++index) {
            const mmsghdr& header = incoming.headers[index];
            if ((header.msg_hdr.msg_flags & MSG_TRUNC) != 0) {
                ++counters.received_oversize;
                continue;
            }
            const auto from =
                from_socket_address(reinterpret_cast<const sockaddr*>(&incoming.addresses[index]),
                                    header.msg_hdr.msg_namelen);
            if (!from) continue;
            ++counters.received;
            counters.received_bytes += header.msg_len;
            batch[kept++] = {*from, ByteView(room_for(index), header.msg_len)};
        }
        if (kept > 0 && handlers.on_received) {
            handlers.on_received(std::span<const Received>(batch.data(), kept));
        }
    }

    void read_errors() {
        for (std::size_t index = 0; index < kErrorsPerWake && !is_closed; ++index) {
            sockaddr_in6 target{};
            alignas(cmsghdr) std::array<std::uint8_t, 512> control{};
            msghdr header{};
            header.msg_name = &target;
            header.msg_namelen = sizeof target;
            header.msg_control = control.data();
            header.msg_controllen = control.size();
            if (::recvmsg(fd(), &header, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return;
            report_error(header);
        }
    }

    void report_error(msghdr& header) {
        const auto target =
            from_socket_address(static_cast<const sockaddr*>(header.msg_name), header.msg_namelen);
        for (cmsghdr* part = CMSG_FIRSTHDR(&header); part; part = CMSG_NXTHDR(&header, part)) {
            const bool is_v4 = part->cmsg_level == SOL_IP && part->cmsg_type == IP_RECVERR;
            const bool is_v6 = part->cmsg_level == SOL_IPV6 && part->cmsg_type == IPV6_RECVERR;
            if (!is_v4 && !is_v6) continue;
            sock_extended_err error{};
            std::memcpy(&error, CMSG_DATA(part), sizeof error);
            if (!target || !says_unreachable(error)) continue;
            ++counters.unreachable;
            if (handlers.on_unreachable) handlers.on_unreachable(*target);
            return;
        }
    }

    void queue(Outgoing datagram) {
        if (!group || !group->is_group(datagram.to)) return queue_one(std::move(datagram));
        if (group->interfaces().empty()) ++counters.send_failed;
        for (const std::uint32_t index : group->interfaces()) {
            queue_one({datagram.to, datagram.bytes, index});
        }
    }

    void queue_one(Outgoing datagram) {
        if (family == AF_INET && !datagram.to.is_v4()) {
            ++counters.send_failed;
        } else if (!waiting.push(std::move(datagram))) {
            ++counters.send_overflow;
        } else if (!is_waiting_writable && waiting.size() >= kDatagramBatch) {
            flush();
        }
    }

    void flush() {
        bool is_second_try = false;
        while (!waiting.is_empty() && !is_waiting_writable && !is_closed) {
            const int count = write_batch();
            if (count > 0) {
                for (int index = 0; index < count; ++index) {
                    counters.sent_bytes += waiting.at(static_cast<std::size_t>(index)).bytes.size();
                }
                counters.sent += static_cast<std::uint64_t>(count);
                waiting.pop(static_cast<std::size_t>(count));
                is_second_try = false;
                continue;
            }
            const int error_number = errno;
            if (error_number == EINTR) continue;
            if (error_number == EAGAIN) return wait_writable();
            if (tells_of_a_peer(error_number) && !is_second_try) {
                // The kernel may only have told us of an earlier datagram, and sent nothing now.
                // The callback must not run inside of the caller's flush.
                is_second_try = true;
                read_errors_soon();
                continue;
            }
            ++counters.send_failed;
            waiting.pop(1);
            is_second_try = false;
        }
    }

    int write_batch() {
        const std::size_t count = std::min(waiting.size(), kDatagramBatch);
        MessageBatch batch;
        for (std::size_t index = 0; index < count; ++index) {
            const Outgoing& datagram = waiting.at(index);
            const auto address = to_socket_address(datagram.to, family);
            std::memcpy(&batch.addresses[index], &address->storage, address->length);
            batch.set(index, datagram.bytes.data(), datagram.bytes.size(), address->length);
            if (datagram.interface_index != 0 && group) {
                group->direct(datagram.interface_index, batch.controls[index],
                              batch.headers[index].msg_hdr);
            }
        }
        return ::sendmmsg(fd(), batch.headers.data(), static_cast<unsigned>(count),
                          MSG_DONTWAIT | MSG_NOSIGNAL);
    }

    void wait_writable() {
        is_waiting_writable = true;
        descriptor.async_wait(asio::posix::stream_descriptor::wait_write,
                              [self = shared_from_this()](error_code failure) {
                                  self->is_waiting_writable = false;
                                  if (failure || self->is_closed) return;
                                  self->flush();
                              });
    }

    void read_errors_soon() {
        asio::post(descriptor.get_executor(), [self = shared_from_this()] {
            if (!self->is_closed) self->read_errors();
        });
    }

    Handlers handlers;
    asio::posix::stream_descriptor descriptor;
    std::size_t datagram_bytes_max;
    std::size_t batch_size;
    int family;
    Endpoint bound;
    std::optional<GroupMembership> group;
    UdpCounters counters;
    /// Not written to before datagrams are: what none has reached takes no memory.
    std::unique_ptr<std::uint8_t[]> arena;
    MessageBatch incoming;
    SendQueue waiting;
    bool is_waiting_writable = false;
    bool is_closed = false;
};

Outcome<UdpSocket> UdpSocket::open(Loop& loop, const UdpOptions& options, Handlers handlers) {
    FileDescriptor socket = GV_TRY(open_bound(options));
    const auto bound = local_endpoint(socket.value());
    if (!bound) return std::unexpected(system_refusal("cannot read the bound address", errno));
    auto state = std::make_shared<State>(loop, options, std::move(handlers), std::move(socket));
    state->bound = *bound;
    if (options.group) {
        state->group.emplace(state->fd(), *options.group);
        GV_TRY_VOID(state->group->join());
    }
    state->wait_readable();
    return UdpSocket(std::move(state));
}

UdpSocket::UdpSocket(std::shared_ptr<State> state) : state_(std::move(state)) {}

UdpSocket::UdpSocket(UdpSocket&&) noexcept = default;

UdpSocket& UdpSocket::operator=(UdpSocket&& other) noexcept {
    if (this != &other) {
        if (state_) state_->close();
        state_ = std::move(other.state_);
    }
    return *this;
}

UdpSocket::~UdpSocket() {
    if (state_) state_->close();
}

const Endpoint& UdpSocket::bound() const {
    return state_->bound;
}

void UdpSocket::queue(Outgoing datagram) {
    state_->queue(std::move(datagram));
}

void UdpSocket::flush() {
    state_->flush();
}

Outcome<void> UdpSocket::rejoin() {
    return state_->group ? state_->group->rejoin() : Outcome<void>();
}

std::size_t UdpSocket::interface_count() const {
    return state_->group ? state_->group->interfaces().size() : 0;
}

const UdpCounters& UdpSocket::counters() const {
    return state_->counters;
}

std::size_t UdpSocket::waiting() const {
    return state_->waiting.size();
}

}  // namespace grapevine::runtime
