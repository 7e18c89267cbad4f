#include "runtime/tcp.hpp"

#include <boost/asio/ip/v6_only.hpp>
#include <cerrno>
#include <cstring>
#include <fmt/core.h>

#include "runtime/socket_address.hpp"
#include "runtime/system_refusal.hpp"

namespace grapevine::runtime {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr int kBacklog = 128;

}  // namespace

tcp::endpoint to_tcp(const Endpoint& endpoint) {
    const auto address = to_socket_address(endpoint, family_of(endpoint));
    tcp::endpoint result;
    result.resize(address->length);
    std::memcpy(result.data(), address->get(), address->length);
    return result;
}

Refusal refuse_listen(const Endpoint& bind, int error_number) {
    switch (error_number) {
        case EADDRINUSE:
            return {Refusal::Code::conflict,
                    fmt::format("TCP port {} on {} is in use by another process", bind.port,
                                ip_to_string(bind)),
                    "choose another port, or stop that process (ss -ltnp shows it)", ""};
        case EADDRNOTAVAIL:
            return {Refusal::Code::invalid,
                    fmt::format("{} is not an address of this host", ip_to_string(bind)),
                    "bind to one that `ip address` shows, or to 127.0.0.1 for this host alone", ""};
        case EAFNOSUPPORT:
            return {Refusal::Code::unavailable, "this host has no IPv6",
                    "bind to an IPv4 address, such as 127.0.0.1", ""};
        case EACCES:
            return {Refusal::Code::forbidden,
                    fmt::format("TCP port {} needs privileges that this process lacks", bind.port),
                    "choose a port from 1024 up", ""};
        default:
            return system_refusal(fmt::format("cannot listen on {}", to_string(bind)),
                                  error_number);
    }
}

error_code open_acceptor(tcp::acceptor& acceptor, const Endpoint& bind) {
    const tcp::endpoint address = to_tcp(bind);
    error_code failure;
    acceptor.open(address.protocol(), failure);
    if (failure) return failure;
    // Not a second listener, but past the connections of an earlier one that still die away.
    acceptor.set_option(tcp::acceptor::reuse_address(true), failure);
    if (!bind.is_v4() && !failure) {
        acceptor.set_option(asio::ip::v6_only(!bind.is_unspecified()), failure);
    }
    if (!failure) acceptor.bind(address, failure);
    if (!failure) acceptor.listen(kBacklog, failure);
    return failure;
}

}  // namespace grapevine::runtime
