#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/endpoint.hpp"

// The addresses of this host, as the operating system tells them.
namespace grapevine::daemon {

/// Of every interface that is up, loopback included; without ports.
std::vector<Endpoint> interface_addresses();

/// The first address of the interface with this name, without a port; nothing if it has none.
std::optional<Endpoint> first_address_of(const std::string& interface);

/// The addresses of this host on which a socket bound to `bind` can be reached, best first: `bind`
/// itself if it names one; else those of interfaces that are up (global before private before
/// link-local, IPv4 before IPv6), loopback only if there is nothing else. At most
/// kMemberAddressesMax.
std::vector<Endpoint> reachable_addresses(const Endpoint& bind);

}  // namespace grapevine::daemon
