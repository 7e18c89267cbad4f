#include "daemon/group_sockets.hpp"

#include <fmt/core.h>
#include <utility>

#include "daemon/overlay_spec.hpp"
#include "runtime/log.hpp"

namespace grapevine::daemon {

const Endpoint kDefaultGroupV4 = Endpoint::v4(239, 255, 94, 71, 9470);
const Endpoint kDefaultGroupV6 = Endpoint::parse("[ff15::9471:9470]:9470").value();

namespace {

/// Announcements are few and small; a burst of a thousand is 300 kB.
constexpr int kBufferBytes = 512 * 1024;

std::unexpected<Refusal> no(std::string message, std::string cure) {
    return std::unexpected(
        Refusal{Refusal::Code::invalid, std::move(message), std::move(cure), "multicast"});
}

/// Of link-local and narrower scope (RFC 4291, section 2.7): the kernel binds no socket to it
/// without an interface.
bool needs_interface(const Endpoint& group) {
    return !group.is_v4() && (group.ip[1] & 0x0f) <= 2;
}

}  // namespace

Outcome<std::vector<Endpoint>> parse_groups(const std::string& text, const Endpoint& bind) {
    std::vector<Endpoint> groups;
    if (text == "off") return groups;
    // A socket bound to [::] speaks both; one that is bound to an IPv6 address, only that.
    const bool has_v4 = bind.is_v4() || bind.is_unspecified();
    const bool has_v6 = !bind.is_v4();
    if (text == "on") {
        if (has_v4) groups.push_back(kDefaultGroupV4);
        if (has_v6) groups.push_back(kDefaultGroupV6);
        return groups;
    }
    const auto group = Endpoint::parse(text);
    if (!group || group->port == 0) {
        return no(fmt::format("'{}' is not on, off or a group with a port", printable(text)),
                  "write on, or a group such as 239.1.2.3:9470 or [ff15::1]:9470");
    }
    if (!runtime::is_multicast(*group)) {
        return no(fmt::format("{} is not a multicast group", ip_to_string(*group)),
                  "choose one from 239.0.0.0 to 239.255.255.255, or one of ff15::/16");
    }
    if (group->is_v4() ? !has_v4 : !has_v6) {
        return no(fmt::format("the group {} and the bind {} are of different families",
                              ip_to_string(*group), ip_to_string(bind)),
                  "bind to [::], which takes both");
    }
    groups.push_back(*group);
    return groups;
}

GroupSockets::GroupSockets(runtime::Loop& loop, std::string overlay, const Endpoint& bind,
                           const std::vector<Endpoint>& groups, Handlers handlers)
    : loop_(loop),
      overlay_(std::move(overlay)),
      bind_(bind),
      handlers_(std::move(handlers)),
      timer_(loop, [this] {
          look();
          handlers_.on_looked();
      }) {
    for (const Endpoint& group : groups) groups_.push_back({group, std::nullopt, {}});
    look();
}

void GroupSockets::look() {
    for (Group& group : groups_) {
        const auto outcome = group.socket ? group.socket->rejoin() : open(group);
        const std::string trouble = outcome ? std::string() : describe(outcome.error());
        if (trouble == group.trouble) continue;
        group.trouble = trouble;
        const std::string name = to_string(group.address);
        if (trouble.empty()) {
            runtime::log::info("discovery", "'{}' announces itself in {} again", overlay_, name);
        } else {
            runtime::log::warn("discovery", "'{}' cannot announce itself in {}: {}", overlay_, name,
                               trouble);
        }
    }
    timer_.arm(loop_.now() + kLookInterval);
}

Outcome<void> GroupSockets::open(Group& group) {
    runtime::UdpOptions options;
    options.group.emplace();
    options.group->address = group.address;
    options.group->interface_index = group.address.scope;
    if (!bind_.is_unspecified() && bind_.is_v4() == group.address.is_v4()) {
        options.group->interface_address = bind_;
    }
    options.bind = group.address;
    if (needs_interface(group.address)) options.bind.ip = {};
    options.port = runtime::UdpOptions::Port::shared;
    options.receive_buffer_bytes = kBufferBytes;
    options.send_buffer_bytes = kBufferBytes;
    runtime::UdpSocket::Handlers handlers;
    handlers.on_received = [this](std::span<const runtime::Received> datagrams) {
        for (const runtime::Received& datagram : datagrams)
            handlers_.on_heard(datagram.from, datagram.bytes);
    };
    group.socket.emplace(GV_TRY(runtime::UdpSocket::open(loop_, options, std::move(handlers))));
    return {};
}

void GroupSockets::send(const Bytes& bytes) {
    for (Group& group : groups_) {
        if (!group.socket) continue;
        group.socket->queue({group.address, bytes});
        group.socket->flush();
    }
}

std::size_t GroupSockets::interface_count() const {
    std::size_t count = 0;
    for (const Group& group : groups_) {
        if (group.socket) count += group.socket->interface_count();
    }
    return count;
}

}  // namespace grapevine::daemon
