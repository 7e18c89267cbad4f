#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace grapevine {

/// Where a datagram goes to or came from: an IP address and a UDP port. IPv4 is held in its
/// IPv6-mapped form (::ffff:a.b.c.d), so that one type serves both and equal means equal. A scope
/// id of link-local IPv6 is kept, because fe80::1 is a different host on every interface.
struct Endpoint {
    std::array<std::uint8_t, 16> ip{};
    std::uint16_t port = 0;
    std::uint32_t scope = 0;

    [[nodiscard]] bool is_v4() const;
    /// 127.0.0.0/8 and ::1, in either notation.
    [[nodiscard]] bool is_loopback() const;
    /// 0.0.0.0 or ::, in either notation.
    [[nodiscard]] bool is_unspecified() const;

    friend auto operator<=>(const Endpoint&, const Endpoint&) = default;

    static Endpoint v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d,
                       std::uint16_t port);

    /// "127.0.0.1:9471", "[::1]:9471", "[fe80::1%2]:9471". Numeric only: names are for discovery.
    /// A missing or zero-length part, a port above 65535, or a trailing rest is malformed.
    static Result<Endpoint> parse(std::string_view text);
};

/// The form that `parse` reads; mapped IPv4 is printed as IPv4.
std::string to_string(const Endpoint& endpoint);

/// The address without the port: "127.0.0.1", "::1".
std::string ip_to_string(const Endpoint& endpoint);

}  // namespace grapevine

template <>
struct std::hash<grapevine::Endpoint> {
    std::size_t operator()(const grapevine::Endpoint& endpoint) const noexcept;
};
