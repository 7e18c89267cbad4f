#include "base/endpoint.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <cstring>
#include <fmt/core.h>

namespace grapevine {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::unexpected<Error> refuse(std::string_view field, std::size_t offset) {
    return std::unexpected(
        Error{Error::Code::malformed, field, static_cast<std::uint32_t>(offset)});
}

template <typename T>
bool parse_number(std::string_view text, T& value) {
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    return failure == std::errc() && end == text.data() + text.size() && !text.empty();
}

}  // namespace

bool Endpoint::is_v4() const {
    return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), ip.begin());
}

bool Endpoint::is_loopback() const {
    if (is_v4()) return ip[12] == 127;
    return std::all_of(ip.begin(), ip.end() - 1, [](auto byte) { return byte == 0; }) &&
           ip[15] == 1;
}

bool Endpoint::is_unspecified() const {
    const auto first = is_v4() ? ip.begin() + 12 : ip.begin();
    return std::all_of(first, ip.end(), [](auto byte) { return byte == 0; });
}

Endpoint Endpoint::v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d,
                      std::uint16_t port) {
    Endpoint endpoint;
    std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), endpoint.ip.begin());
    endpoint.ip[12] = a;
    endpoint.ip[13] = b;
    endpoint.ip[14] = c;
    endpoint.ip[15] = d;
    endpoint.port = port;
    return endpoint;
}

Result<Endpoint> Endpoint::parse(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return refuse("endpoint.port", text.size());
    Endpoint endpoint;
    if (!parse_number(text.substr(colon + 1), endpoint.port)) {
        return refuse("endpoint.port", colon + 1);
    }
    std::string_view host = text.substr(0, colon);
    // inet_pton reads up to the first zero byte, and would not see what stands behind it.
    if (host.find('\0') != std::string_view::npos) return refuse("endpoint.address", 0);
    if (host.starts_with('[')) {
        if (!host.ends_with(']')) return refuse("endpoint.address", 0);
        host = host.substr(1, host.size() - 2);
        if (const std::size_t percent = host.find('%'); percent != std::string_view::npos) {
            if (!parse_number(host.substr(percent + 1), endpoint.scope)) {
                return refuse("endpoint.scope", percent + 1);
            }
            host = host.substr(0, percent);
        }
        if (::inet_pton(AF_INET6, std::string(host).c_str(), endpoint.ip.data()) != 1) {
            return refuse("endpoint.address", 1);
        }
        // IPv4 has no scopes, and is printed without one.
        if (endpoint.is_v4() && endpoint.scope != 0) return refuse("endpoint.scope", 1);
        return endpoint;
    }
    std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), endpoint.ip.begin());
    if (::inet_pton(AF_INET, std::string(host).c_str(), endpoint.ip.data() + 12) != 1) {
        return refuse("endpoint.address", 0);
    }
    return endpoint;
}

std::string ip_to_string(const Endpoint& endpoint) {
    char buffer[INET6_ADDRSTRLEN];
    if (endpoint.is_v4()) {
        ::inet_ntop(AF_INET, endpoint.ip.data() + 12, buffer, sizeof buffer);
        return buffer;
    }
    ::inet_ntop(AF_INET6, endpoint.ip.data(), buffer, sizeof buffer);
    return endpoint.scope == 0 ? std::string(buffer) : fmt::format("{}%{}", buffer, endpoint.scope);
}

std::string to_string(const Endpoint& endpoint) {
    return endpoint.is_v4() ? fmt::format("{}:{}", ip_to_string(endpoint), endpoint.port)
                            : fmt::format("[{}]:{}", ip_to_string(endpoint), endpoint.port);
}

}  // namespace grapevine

std::size_t std::hash<grapevine::Endpoint>::operator()(
    const grapevine::Endpoint& endpoint) const noexcept {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    std::memcpy(&high, endpoint.ip.data(), 8);
    std::memcpy(&low, endpoint.ip.data() + 8, 8);
    return (high * 0x9e3779b97f4a7c15ULL) ^ (low * 0xc2b2ae3d27d4eb4fULL) ^
           (static_cast<std::uint64_t>(endpoint.port) << 17) ^ endpoint.scope;
}
