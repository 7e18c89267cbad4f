#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <sys/socket.h>
#include <vector>

#include "base/endpoint.hpp"
#include "base/error.hpp"
#include "base/limits.hpp"

namespace grapevine::runtime {

/// A group (RFC 1112, RFC 4291 section 2.7) that a socket listens to and speaks to, and through
/// which interfaces.
struct MulticastGroup {
    /// An IPv4 or IPv6 multicast address. The port is not looked at: a socket hears what comes to
    /// its own, and each datagram says where it goes.
    Endpoint address;

    /// The interface that has this address, which datagrams to the group then have as their source.
    /// Unspecified, with an index of 0: all interfaces that are up, can multicast and have an
    /// address of the family, up to kMulticastInterfacesMax, loopback only if there is no other.
    Endpoint interface_address{};
    std::uint32_t interface_index = 0;

    /// Routers that a datagram passes at most, plus one. 1: it stays on its link.
    int hops = 1;
};

/// The part of a UDP socket that is in a group. For the sources of this folder only.
///
/// Interfaces are always named to the kernel, by number: without that it takes the one to which
/// the route of the group points, and refuses where there is none, as on a network without a
/// default router.
class GroupMembership {
public:
    /// `socket` is bound, and stays open for as long as this is used.
    GroupMembership(int socket, MulticastGroup group) : socket_(socket), group_(group) {}

    /// Sets what is sent to the group, and joins. See `rejoin` for the refusals.
    Outcome<void> join();

    /// Looks at the interfaces again: joins on those that have come, leaves on those that have
    /// gone. invalid: the interface that was asked for does not exist; unavailable: it is down, or
    /// there is none at all. What was joined before stays so.
    Outcome<void> rejoin();

    [[nodiscard]] bool is_group(const Endpoint& endpoint) const {
        return endpoint.ip == group_.address.ip;
    }
    /// By number, lowest first; at most kMulticastInterfacesMax.
    [[nodiscard]] const std::vector<std::uint32_t>& interfaces() const { return interfaces_; }

    /// Room for what tells the kernel through which interface a datagram leaves.
    struct alignas(cmsghdr) Control {
        std::array<std::uint8_t, 64> bytes;
    };
    /// Fills `control` and points `header` at it.
    void direct(std::uint32_t interface_index, Control& control, msghdr& header) const;

private:
    [[nodiscard]] Outcome<std::vector<std::uint32_t>> wanted() const;
    [[nodiscard]] int change(std::uint32_t interface_index, int v4_option, int v6_option) const;

    int socket_;
    MulticastGroup group_;
    std::vector<std::uint32_t> interfaces_;
};

/// 224.0.0.0/4 or ff00::/8.
bool is_multicast(const Endpoint& endpoint);

/// Refused (invalid) unless `group` is a multicast address of the family of `bind`.
Outcome<void> check_group(const Endpoint& group, const Endpoint& bind);

}  // namespace grapevine::runtime
