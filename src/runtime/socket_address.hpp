#pragma once

#include <netinet/in.h>
#include <optional>
#include <sys/socket.h>

#include "base/endpoint.hpp"

namespace grapevine::runtime {

/// An address in the form that system calls take.
struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t length = 0;

    [[nodiscard]] const sockaddr* get() const {
        return reinterpret_cast<const sockaddr*>(&storage);
    }
};

/// AF_INET for an IPv4 endpoint, else AF_INET6.
int family_of(const Endpoint& endpoint);

/// In the form that a socket of `family` takes; mapped IPv4 for an IPv6 socket. Nothing when an
/// IPv4 socket is asked to reach an IPv6 address.
std::optional<SocketAddress> to_socket_address(const Endpoint& endpoint, int family);

/// Nothing for a family that is not IP.
std::optional<Endpoint> from_socket_address(const sockaddr* address, socklen_t length);

/// Where a bound socket is bound: the port that 0 became.
std::optional<Endpoint> local_endpoint(int socket);

}  // namespace grapevine::runtime
