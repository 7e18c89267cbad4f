#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "base/bytes.hpp"
#include "base/endpoint.hpp"
#include "base/error.hpp"
#include "base/limits.hpp"
#include "runtime/loop.hpp"
#include "runtime/multicast.hpp"
#include "runtime/send_queue.hpp"

namespace grapevine::runtime {

/// One datagram as it arrived. `bytes` lives until the callback returns.
struct Received {
    Endpoint from;
    ByteView bytes;
};

struct UdpOptions {
    /// Port 0 takes a free one. `[::]` takes IPv4 as well (as mapped addresses); any other IPv6
    /// address takes IPv6 only; an IPv4 address, IPv4 only.
    Endpoint bind{};

    /// Asked of the kernel, which may give less: beyond net.core.rmem_max only a process with
    /// CAP_NET_ADMIN gets them. 4 MiB hold 3,000 datagrams, so a burst from all members of a large
    /// overlay survives one pause of the loop. The kernel takes the memory only when used.
    int receive_buffer_bytes = 4 * 1024 * 1024;
    int send_buffer_bytes = 1024 * 1024;

    /// A datagram longer than this is dropped and counted. From 1 to kOldDatagramBytesMax, the most
    /// that UDP carries. A batch is `kDatagramBatch` of them, or fewer if these would be above
    /// kReceiveBatchBytesMax; that is the memory it costs, as far as datagrams reach into it.
    std::size_t datagram_bytes_max = kDatagramBytesMax;

    /// Joined after binding. Bound to a wildcard or an address of this host, the socket hears what
    /// comes to that and to the group; bound to the group itself, nothing but the group.
    std::optional<MulticastGroup> group;

    /// Others on this host may bind the same address and port, and each hears what comes to the
    /// group. Only for a socket bound to its group, or to [::] (IPv6 alone, then) for a group of
    /// link-local scope, to which Linux binds nothing: between sockets with a shared unicast
    /// address the kernel would deal out the datagrams to one of them.
    enum class Port : std::uint8_t { own, shared };
    Port port = Port::own;
};

struct UdpCounters {
    std::uint64_t received = 0;
    std::uint64_t received_bytes = 0;
    std::uint64_t received_oversize = 0;  ///< Longer than `datagram_bytes_max`; dropped.
    std::uint64_t receive_failed = 0;     ///< System calls that failed for no reason of a peer.
    std::uint64_t sent = 0;
    std::uint64_t sent_bytes = 0;
    std::uint64_t send_overflow = 0;  ///< The queue was full; the newest was dropped.
    std::uint64_t send_failed = 0;    ///< The kernel refused it: no route, firewall, too long.
    std::uint64_t unreachable = 0;    ///< ICMP errors about datagrams that we had sent.
};

/// Datagrams in and out of one port, in batches, without waiting.
///
/// Reads by recvmmsg, at most `kDatagramBatch` times `kReceiveBatchesPerWake` before others on the
/// loop have their turn. Writes by sendmmsg; what the kernel has no room for waits in a `SendQueue`
/// until it has. What ICMP says about our datagrams (port, host or network unreachable) is read
/// from the socket's error queue (IP_RECVERR). It is a hint, which anybody can forge who sees our
/// traffic: reason to look elsewhere sooner, never a proof.
///
/// Callbacks run on the loop, never from within `queue` or `flush`; they may queue, flush and
/// destroy the socket.
class UdpSocket {
public:
    struct Handlers {
        std::move_only_function<void(std::span<const Received>)> on_received;
        /// Somebody says that nobody listens there. The endpoint is where we had sent to.
        std::move_only_function<void(const Endpoint&)> on_unreachable;
    };

    /// Refuses, with the cure, when the port is taken, the address is not of this host, the host
    /// has no IPv6, or the group cannot be joined (see `check_group`, `GroupMembership`).
    static Outcome<UdpSocket> open(Loop& loop, const UdpOptions& options, Handlers handlers);

    UdpSocket(UdpSocket&&) noexcept;
    UdpSocket& operator=(UdpSocket&&) noexcept;
    ~UdpSocket();

    /// Where it is bound, with the port that 0 became.
    [[nodiscard]] const Endpoint& bound() const;

    /// Takes a datagram along with the next `flush`; full batches leave at once. To the group it
    /// leaves once through each interface on which that is joined. When the queue is full, or the
    /// family of the address is not the socket's, it is dropped and counted.
    void queue(Outgoing datagram);

    /// Hands what is queued to the kernel.
    void flush();

    /// Follows interfaces that have come or gone since the group was joined; to be called now and
    /// then, because nothing watches them. The refusals are those of `open`; the socket goes on
    /// with what it has. Without a group nothing happens.
    Outcome<void> rejoin();

    /// On how many interfaces the group is joined.
    [[nodiscard]] std::size_t interface_count() const;

    [[nodiscard]] const UdpCounters& counters() const;
    /// Datagrams that the kernel has had no room for yet.
    [[nodiscard]] std::size_t waiting() const;

private:
    struct State;
    explicit UdpSocket(std::shared_ptr<State> state);
    std::shared_ptr<State> state_;
};

}  // namespace grapevine::runtime
