#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>

#include "base/endpoint.hpp"
#include "base/error.hpp"
#include "base/time.hpp"

// What everything that listens or connects over TCP shares. For the sources of this folder only.
namespace grapevine::runtime {

boost::asio::ip::tcp::endpoint to_tcp(const Endpoint& endpoint);

/// Opens, binds and listens. IPv6 alone, unless bound to [::].
boost::system::error_code open_acceptor(boost::asio::ip::tcp::acceptor& acceptor,
                                        const Endpoint& bind);

/// Why `open_acceptor` failed, for a person.
Refusal refuse_listen(const Endpoint& bind, int error_number);

/// Out of descriptors: accepting again at once would fail at once.
inline constexpr Duration kAcceptPause = std::chrono::milliseconds(100);

}  // namespace grapevine::runtime
