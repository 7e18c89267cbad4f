#include "runtime/multicast.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fmt/core.h>
#include <ifaddrs.h>
#include <memory>
#include <net/if.h>
#include <netinet/in.h>
#include <optional>

#include "runtime/socket_address.hpp"
#include "runtime/system_refusal.hpp"

namespace grapevine::runtime {
namespace {

struct Interface {
    std::uint32_t index = 0;
    std::string name;
    unsigned flags = 0;
    std::vector<Endpoint> addresses;  ///< Of the family that was asked for.

    [[nodiscard]] bool is_up() const { return (flags & IFF_UP) != 0; }
    [[nodiscard]] bool is_loopback() const { return (flags & IFF_LOOPBACK) != 0; }
    [[nodiscard]] bool can_multicast() const { return (flags & IFF_MULTICAST) != 0; }
};

/// Interfaces with an address of `family`, by number.
Outcome<std::vector<Interface>> list_interfaces(int family) {
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) != 0) {
        return std::unexpected(system_refusal("cannot list the interfaces of this host", errno));
    }
    const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> guard(list, &::freeifaddrs);
    std::vector<Interface> interfaces;
    for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
        if (entry->ifa_addr == nullptr || entry->ifa_addr->sa_family != family) continue;
        const socklen_t length = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
        auto address = from_socket_address(entry->ifa_addr, length);
        const std::uint32_t index = ::if_nametoindex(entry->ifa_name);
        if (!address || index == 0) continue;  // Gone since the list was made.
        auto known = std::ranges::find(interfaces, index, &Interface::index);
        if (known == interfaces.end()) {
            interfaces.push_back({index, entry->ifa_name, entry->ifa_flags, {}});
            known = interfaces.end() - 1;
        }
        known->addresses.push_back(*address);
    }
    std::ranges::sort(interfaces, {}, &Interface::index);
    return interfaces;
}

Refusal no_interface(std::string message) {
    return {Refusal::Code::invalid, std::move(message), "`ip address` shows those that there are",
            ""};
}

bool has_address(const Interface& interface, const Endpoint& address) {
    return std::ranges::find(interface.addresses, address.ip, &Endpoint::ip) !=
           interface.addresses.end();
}

Outcome<std::vector<std::uint32_t>> named(const std::vector<Interface>& interfaces,
                                          const MulticastGroup& group) {
    const auto found = std::ranges::find_if(interfaces, [&](const Interface& interface) {
        return group.interface_index != 0 ? interface.index == group.interface_index
                                          : has_address(interface, group.interface_address);
    });
    if (found == interfaces.end()) {
        const char* const family = group.address.is_v4() ? "IPv4" : "IPv6";
        return std::unexpected(no_interface(
            group.interface_index != 0
                ? fmt::format("this host has no interface number {} with an {} address",
                              group.interface_index, family)
                : fmt::format("no interface of this host has the address {}",
                              ip_to_string(group.interface_address))));
    }
    if (!found->is_up()) {
        return std::unexpected(Refusal{
            Refusal::Code::unavailable, fmt::format("the interface {} is down", found->name),
            fmt::format("bring it up: ip link set {} up", found->name), ""});
    }
    return std::vector<std::uint32_t>{found->index};
}

Refusal refuse_join(const Endpoint& group, std::uint32_t index, int error_number) {
    char name[IF_NAMESIZE] = "?";
    ::if_indextoname(index, name);
    return system_refusal(
        fmt::format("cannot join the group {} on {}", ip_to_string(group), name), error_number,
        error_number == ENOBUFS ? "raise net.ipv4.igmp_max_memberships, or leave other groups"
                                : "");
}

bool set_option(int socket, int level, int option, int value) {
    return ::setsockopt(socket, level, option, &value, sizeof value) == 0;
}

}  // namespace

bool is_multicast(const Endpoint& endpoint) {
    return endpoint.is_v4() ? endpoint.ip[12] >= 224 && endpoint.ip[12] <= 239
                            : endpoint.ip[0] == 0xff;
}

Outcome<void> check_group(const Endpoint& group, const Endpoint& bind) {
    const std::string text = ip_to_string(group);
    if (!is_multicast(group)) {
        return std::unexpected(
            Refusal{Refusal::Code::invalid, fmt::format("{} is not a multicast group", text),
                    "choose one from 239.0.0.0 to 239.255.255.255, or one of ff12::/16", ""});
    }
    if (group.is_v4() == bind.is_v4()) return {};
    return std::unexpected(Refusal{Refusal::Code::invalid,
                                   fmt::format("the group {} is {} and {} is not", text,
                                               group.is_v4() ? "IPv4" : "IPv6", ip_to_string(bind)),
                                   group.is_v4() ? "bind to an IPv4 address, such as 0.0.0.0"
                                                 : "bind to an IPv6 address, such as [::]",
                                   ""});
}

Outcome<std::vector<std::uint32_t>> GroupMembership::wanted() const {
    const bool is_v4 = group_.address.is_v4();
    const auto interfaces = GV_TRY(list_interfaces(is_v4 ? AF_INET : AF_INET6));
    const bool is_named = group_.interface_index != 0 || !group_.interface_address.is_unspecified();
    if (is_named) return named(interfaces, group_);

    std::vector<std::uint32_t> found;
    for (const Interface& interface : interfaces) {
        if (found.size() == kMulticastInterfacesMax) break;
        if (interface.is_up() && interface.can_multicast() && !interface.is_loopback()) {
            found.push_back(interface.index);
        }
    }
    if (!found.empty()) return found;
    // Off every network the programs of this host can still find each other.
    for (const Interface& interface : interfaces) {
        if (interface.is_up() && interface.is_loopback()) found.push_back(interface.index);
    }
    if (!found.empty()) return found;
    return std::unexpected(
        Refusal{Refusal::Code::unavailable,
                fmt::format("no interface of this host is up and has an {} address",
                            is_v4 ? "IPv4" : "IPv6"),
                is_v4 ? "connect it to a network: ip link, ip address"
                      : "connect it to a network, or switch IPv6 on: sysctl "
                        "net.ipv6.conf.all.disable_ipv6=0",
                ""});
}

int GroupMembership::change(std::uint32_t interface_index, int v4_option, int v6_option) const {
    int result = 0;
    if (group_.address.is_v4()) {
        ip_mreqn request{};
        std::memcpy(&request.imr_multiaddr, group_.address.ip.data() + 12, 4);
        request.imr_ifindex = static_cast<int>(interface_index);
        result = ::setsockopt(socket_, IPPROTO_IP, v4_option, &request, sizeof request);
    } else {
        ipv6_mreq request{};
        std::memcpy(&request.ipv6mr_multiaddr, group_.address.ip.data(), 16);
        request.ipv6mr_interface = interface_index;
        result = ::setsockopt(socket_, IPPROTO_IPV6, v6_option, &request, sizeof request);
    }
    return result == 0 ? 0 : errno;
}

Outcome<void> GroupMembership::join() {
    if (group_.address.is_v4()) {
        set_option(socket_, IPPROTO_IP, IP_MULTICAST_TTL, group_.hops);
        set_option(socket_, IPPROTO_IP, IP_MULTICAST_LOOP, 1);
        // Else it would hear every group that any program of this host has joined.
        set_option(socket_, IPPROTO_IP, IP_MULTICAST_ALL, 0);
    } else {
        set_option(socket_, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, group_.hops);
        set_option(socket_, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 1);
        set_option(socket_, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0);
    }
    return rejoin();
}

Outcome<void> GroupMembership::rejoin() {
    const auto now = GV_TRY(wanted());
    for (const std::uint32_t index : interfaces_) {
        if (std::ranges::find(now, index) != now.end()) continue;
        // The kernel has left already where the interface is gone.
        (void)change(index, IP_DROP_MEMBERSHIP, IPV6_LEAVE_GROUP);
    }
    std::vector<std::uint32_t> joined;
    std::optional<Refusal> refusal;
    for (const std::uint32_t index : now) {
        // Also where we have joined before: the interface may be another one with the same number.
        const int error_number = change(index, IP_ADD_MEMBERSHIP, IPV6_JOIN_GROUP);
        if (error_number == 0 || error_number == EADDRINUSE) {
            joined.push_back(index);
        } else if (!refusal) {
            refusal = refuse_join(group_.address, index, error_number);
        }
    }
    interfaces_ = std::move(joined);
    if (interfaces_.empty() && refusal) return std::unexpected(std::move(*refusal));
    return {};
}

void GroupMembership::direct(std::uint32_t interface_index, Control& control,
                             msghdr& header) const {
    control.bytes.fill(0);
    header.msg_control = control.bytes.data();
    header.msg_controllen = control.bytes.size();
    const Endpoint& source = group_.interface_address;
    cmsghdr* const part = CMSG_FIRSTHDR(&header);
    if (group_.address.is_v4()) {
        in_pktinfo info{};
        info.ipi_ifindex = static_cast<int>(interface_index);
        if (!source.is_unspecified()) std::memcpy(&info.ipi_spec_dst, source.ip.data() + 12, 4);
        part->cmsg_level = IPPROTO_IP;
        part->cmsg_type = IP_PKTINFO;
        part->cmsg_len = CMSG_LEN(sizeof info);
        std::memcpy(CMSG_DATA(part), &info, sizeof info);
        header.msg_controllen = CMSG_SPACE(sizeof info);
    } else {
        in6_pktinfo info{};
        info.ipi6_ifindex = interface_index;
        if (!source.is_unspecified()) std::memcpy(&info.ipi6_addr, source.ip.data(), 16);
        part->cmsg_level = IPPROTO_IPV6;
        part->cmsg_type = IPV6_PKTINFO;
        part->cmsg_len = CMSG_LEN(sizeof info);
        std::memcpy(CMSG_DATA(part), &info, sizeof info);
        header.msg_controllen = CMSG_SPACE(sizeof info);
    }
}

}  // namespace grapevine::runtime
