#include "daemon/interfaces.hpp"

#include <algorithm>
#include <cstring>
#include <ifaddrs.h>
#include <memory>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/limits.hpp"

namespace grapevine::daemon {
namespace {

/// How good an address is for being told to others; lower is better.
int rank_of(const Endpoint& endpoint) {
    if (endpoint.is_loopback()) return 4;
    if (endpoint.is_v4()) {
        const bool is_link_local = endpoint.ip[12] == 169 && endpoint.ip[13] == 254;
        return is_link_local ? 3 : 0;
    }
    const bool is_link_local = endpoint.ip[0] == 0xfe && (endpoint.ip[1] & 0xc0) == 0x80;
    return is_link_local ? 3 : 1;
}

bool read_address(const sockaddr* address, std::uint16_t port, Endpoint& endpoint) {
    if (address->sa_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, address, sizeof v4);
        std::uint8_t bytes[4];
        std::memcpy(bytes, &v4.sin_addr, sizeof bytes);
        endpoint = Endpoint::v4(bytes[0], bytes[1], bytes[2], bytes[3], port);
        return true;
    }
    if (address->sa_family == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, address, sizeof v6);
        std::memcpy(endpoint.ip.data(), &v6.sin6_addr, endpoint.ip.size());
        endpoint.port = port;
        // A scope id is a number of this host: to others a link-local address means nothing with
        // it.
        endpoint.scope = 0;
        return true;
    }
    return false;
}

struct Address {
    std::string interface;
    Endpoint endpoint;
};

std::vector<Address> all_addresses(std::uint16_t port) {
    std::vector<Address> found;
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) != 0) return found;
    const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> guard(list, &::freeifaddrs);
    for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
        if (entry->ifa_addr == nullptr || (entry->ifa_flags & IFF_UP) == 0) continue;
        Address address{entry->ifa_name, {}};
        if (!read_address(entry->ifa_addr, port, address.endpoint)) continue;
        found.push_back(std::move(address));
    }
    return found;
}

}  // namespace

std::vector<Endpoint> interface_addresses() {
    std::vector<Endpoint> endpoints;
    for (const Address& address : all_addresses(0)) endpoints.push_back(address.endpoint);
    return endpoints;
}

std::optional<Endpoint> first_address_of(const std::string& interface) {
    for (const Address& address : all_addresses(0)) {
        if (address.interface == interface) return address.endpoint;
    }
    return std::nullopt;
}

std::vector<Endpoint> reachable_addresses(const Endpoint& bind) {
    if (!bind.is_unspecified()) return {bind};
    std::vector<Endpoint> found;
    for (const Address& address : all_addresses(bind.port)) {
        if (bind.is_v4() && !address.endpoint.is_v4()) continue;
        found.push_back(address.endpoint);
    }
    std::ranges::stable_sort(found, {}, rank_of);
    const bool has_better = !found.empty() && rank_of(found.front()) < 4;
    if (has_better) std::erase_if(found, [](const Endpoint& e) { return e.is_loopback(); });
    if (found.empty()) found.push_back(Endpoint::v4(127, 0, 0, 1, bind.port));
    if (found.size() > kMemberAddressesMax) found.resize(kMemberAddressesMax);
    return found;
}

}  // namespace grapevine::daemon
