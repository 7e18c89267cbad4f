#include "runtime/socket_address.hpp"

#include <cstring>

namespace grapevine::runtime {

int family_of(const Endpoint& endpoint) {
    return endpoint.is_v4() ? AF_INET : AF_INET6;
}

std::optional<SocketAddress> to_socket_address(const Endpoint& endpoint, int family) {
    SocketAddress address;
    if (family == AF_INET) {
        if (!endpoint.is_v4()) return std::nullopt;
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        v4.sin_port = htons(endpoint.port);
        std::memcpy(&v4.sin_addr, endpoint.ip.data() + 12, 4);
        std::memcpy(&address.storage, &v4, sizeof v4);
        address.length = sizeof v4;
        return address;
    }
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(endpoint.port);
    v6.sin6_scope_id = endpoint.scope;
    std::memcpy(&v6.sin6_addr, endpoint.ip.data(), 16);
    std::memcpy(&address.storage, &v6, sizeof v6);
    address.length = sizeof v6;
    return address;
}

std::optional<Endpoint> from_socket_address(const sockaddr* address, socklen_t length) {
    if (length >= sizeof(sockaddr_in) && address->sa_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, address, sizeof v4);
        std::uint8_t parts[4];
        std::memcpy(parts, &v4.sin_addr, 4);
        return Endpoint::v4(parts[0], parts[1], parts[2], parts[3], ntohs(v4.sin_port));
    }
    if (length >= sizeof(sockaddr_in6) && address->sa_family == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, address, sizeof v6);
        Endpoint endpoint;
        std::memcpy(endpoint.ip.data(), &v6.sin6_addr, 16);
        endpoint.port = ntohs(v6.sin6_port);
        endpoint.scope = v6.sin6_scope_id;
        return endpoint;
    }
    return std::nullopt;
}

std::optional<Endpoint> local_endpoint(int socket) {
    SocketAddress address;
    address.length = sizeof address.storage;
    auto* raw = reinterpret_cast<sockaddr*>(&address.storage);
    if (::getsockname(socket, raw, &address.length) != 0) return std::nullopt;
    return from_socket_address(raw, address.length);
}

}  // namespace grapevine::runtime
