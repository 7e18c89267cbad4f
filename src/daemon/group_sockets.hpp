#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/endpoint.hpp"
#include "base/error.hpp"
#include "runtime/loop.hpp"
#include "runtime/udp_socket.hpp"

namespace grapevine::daemon {

/// The group in which native overlays announce themselves unless another is named: site-local ones
/// out of the ranges that anybody may use (RFC 2365; RFC 4291 and RFC 3307 with T = 1), with the
/// numbers of our ports. What is sent to them passes no router.
extern const Endpoint kDefaultGroupV4;
extern const Endpoint kDefaultGroupV6;

/// What `text` ("on", "off", or "239.1.2.3:9470") means for an overlay that is bound to `bind`.
/// "on" is the default group of each family that `bind` covers. Refused (field "multicast"): what
/// is none of these, an address that is no group, port 0, an IPv6 group where only IPv4 is bound.
Outcome<std::vector<Endpoint>> parse_groups(const std::string& text, const Endpoint& bind);

/// The sockets by which an overlay speaks to its groups and hears them. Shared with the other
/// overlays and daemons of this host, as everybody hears everything.
///
/// A host may have no network when it starts, and another one later: what cannot be opened or
/// joined is tried again every kLookInterval, and told in the log when it begins and ends.
class GroupSockets {
public:
    static constexpr Duration kLookInterval = std::chrono::seconds(15);

    /// Called on the loop, never from within a call of ours.
    struct Handlers {
        /// The bytes live until it returns.
        std::function<void(const Endpoint& from, ByteView bytes)> on_heard;
        /// Each kLookInterval: a good moment to see whether this host has other addresses now.
        std::function<void()> on_looked;
    };

    /// `bind` is where the overlay itself is bound: if it names an address, only that one's
    /// interface is used. `overlay` is for the log.
    GroupSockets(runtime::Loop& loop, std::string overlay, const Endpoint& bind,
                 const std::vector<Endpoint>& groups, Handlers handlers);
    GroupSockets(const GroupSockets&) = delete;
    GroupSockets& operator=(const GroupSockets&) = delete;

    /// To every group, through every interface.
    void send(const Bytes& bytes);

    /// On how many interfaces a group is joined, summed over the groups.
    [[nodiscard]] std::size_t interface_count() const;

private:
    struct Group {
        Endpoint address;
        std::optional<runtime::UdpSocket> socket;
        std::string trouble;  ///< What was said last in the log; empty if all is well.
    };

    void look();
    Outcome<void> open(Group& group);

    runtime::Loop& loop_;
    std::string overlay_;
    Endpoint bind_;
    Handlers handlers_;
    std::vector<Group> groups_;
    runtime::Timer timer_;
};

}  // namespace grapevine::daemon
