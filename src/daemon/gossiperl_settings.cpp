#include "daemon/gossiperl_settings.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <chrono>
#include <fmt/core.h>
#include <limits>

#include "base/limits.hpp"
#include "client/uuid.hpp"
#include "daemon/interfaces.hpp"
#include "daemon/overlay_spec.hpp"
#include "runtime/os_random.hpp"

namespace grapevine::daemon {
namespace {

using control::gossiperl::Settings;

/// Where multicast = "on" gossips: ours to choose, of the administrative and the site scope.
constexpr const char* kGroupV4 = "239.255.94.72";
constexpr const char* kGroupV6 = "ff15::5e48";

/// A day: what waits longer is not waiting.
constexpr std::int64_t kSecondsMax = 86'400;

std::optional<Endpoint> ip_of(const std::string& text, std::int64_t port) {
    if (port < 0 || port > std::numeric_limits<std::uint16_t>::max()) return std::nullopt;
    const bool is_v6 = text.find(':') != std::string::npos;
    const auto parsed = Endpoint::parse(is_v6 ? fmt::format("[{}]:{}", text, port)
                                              : fmt::format("{}:{}", text, port));
    return parsed ? std::optional(*parsed) : std::nullopt;
}

bool is_multicast(const Endpoint& endpoint) {
    return endpoint.is_v4() ? (endpoint.ip[12] & 0xf0U) == 0xe0 : endpoint.ip[0] == 0xff;
}

class Checker {
public:
    void refuse(std::string_view field, std::string message, std::string cure) {
        refusals.push_back(
            {Refusal::Code::invalid, std::move(message), std::move(cure), std::string(field)});
    }

    void range(std::string_view field, std::int64_t value, std::int64_t min, std::int64_t max) {
        if (value >= min && value <= max) return;
        refuse(field, fmt::format("{} is out of range", value),
               fmt::format("write a whole number from {} to {}", min, max));
    }

    void ip(std::string_view field, const std::string& text) {
        if (ip_of(text, 1)) return;
        refuse(field, fmt::format("'{}' is not an IP address", printable(text)),
               "write one such as 192.0.2.7 or 2001:db8::7");
    }

    void text(std::string_view field, const std::string& value, std::size_t bytes_max) {
        if (!value.empty() && value.size() <= bytes_max) return;
        refuse(field,
               value.empty() ? std::string("is empty")
                             : fmt::format("has {} bytes, more than {}", value.size(), bytes_max),
               fmt::format("write 1 to {} bytes", bytes_max));
    }

    std::vector<Refusal> refusals;
};

void check_multicast(Checker& checker, const control::gossiperl::Multicast& multicast) {
    checker.ip("multicast", multicast.ip);
    checker.ip("multicast", multicast.local_iface_address);
    checker.range("multicast", multicast.ttl, 0, 255);
    checker.range("multicast", multicast.local_port, 0, 65'535);
    const auto group = ip_of(multicast.ip, 1);
    if (group && !is_multicast(*group)) {
        checker.refuse("multicast", fmt::format("'{}' is not a multicast group", multicast.ip),
                       "write one such as 239.255.94.72");
    }
    const auto local = ip_of(multicast.local_iface_address, 1);
    if (group && local && group->is_v4() != local->is_v4()) {
        checker.refuse("multicast", "the group and local_iface_address are of different families",
                       "write both as IPv4 or both as IPv6");
    }
}

void check_racks(Checker& checker, const Settings& settings) {
    std::size_t seeds = 0;
    for (const auto& [rack, ips] : settings.racks) {
        for (const std::string& ip : ips) checker.ip("racks", ip);
        seeds += ips.size();
    }
    if (seeds > kSeedsMax) {
        checker.refuse("racks", fmt::format("{} seeds, more than {}", seeds, kSeedsMax),
                       "a few are enough: one that answers tells of all others");
    }
    if (!settings.racks.contains(settings.rack_name)) {
        checker.refuse("rack_name",
                       fmt::format("there is no rack '{}'", printable(settings.rack_name)),
                       "name one of the racks");
    }
}

}  // namespace

std::vector<Refusal> check_gossiperl_settings(const Settings& settings) {
    Checker checker;
    // The longest name whose digestAck still fits what a client can read; client/sessions.hpp.
    if (settings.member_name) checker.text("member_name", *settings.member_name, kOldNameBytesMax);
    checker.text("symmetric_key", settings.symmetric_key, kOldTextBytesMax);
    checker.text("secret", settings.secret, kOldTextBytesMax);
    checker.range("port", settings.port, 0, 65'535);
    if (settings.multicast) {
        check_multicast(checker, *settings.multicast);
    } else if (!settings.ip && !settings.iface) {
        checker.refuse("ip", "there is no address to listen on", "write one, such as 0.0.0.0");
    }
    if (settings.ip) checker.ip("ip", *settings.ip);
    if (settings.ip_hint) checker.ip("ip_hint", *settings.ip_hint);
    check_racks(checker, settings);
    checker.range("quarantine_after", settings.quarantine_after, 1, kSecondsMax);
    checker.range("max_quarantined", settings.max_quarantined, 0, kSecondsMax);
    checker.range("drop_unreachable_after", settings.drop_unreachable_after, 0, kSecondsMax);
    checker.range("redelivery_retry_max", settings.redelivery_retry_max, 0,
                  std::numeric_limits<std::int32_t>::max());
    checker.range("redelivery_retry_every", settings.redelivery_retry_every, 1, kSecondsMax);
    checker.range("gossip_round_every", settings.gossip_round_every, 1, kSecondsMax);
    checker.range("drop_stale_subscriptions_after", settings.drop_stale_subscriptions_after, 1,
                  kSecondsMax);
    checker.range("incoming_data_buffer_size", settings.incoming_data_buffer_size, 4096,
                  std::numeric_limits<std::int32_t>::max());
    checker.range("outgoing_data_buffer_size", settings.outgoing_data_buffer_size, 4096,
                  std::numeric_limits<std::int32_t>::max());
    return std::move(checker.refusals);
}

std::vector<Refusal> check_gossiperl_spec(const control::OverlaySpec& spec) {
    Checker checker;
    const auto foreign = [&checker](bool is_given, std::string_view field) {
        if (!is_given) return;
        checker.refuse(field, "does not exist in the gossiperl protocol", "leave it out");
    };
    foreign(spec.keys.has_value(), "keys");
    foreign(spec.operators.has_value(), "operators");
    foreign(spec.advertise.has_value(), "advertise");
    foreign(spec.client_key.has_value(), "client_key");
    if (!spec.gossiperl) {
        checker.refuse("symmetric_key", "is missing", "set it as the other daemons have it");
        return std::move(checker.refusals);
    }
    auto refusals = check_gossiperl_settings(*spec.gossiperl);
    refusals.insert(refusals.begin(), checker.refusals.begin(), checker.refusals.end());
    return refusals;
}

Outcome<Settings> gossiperl_settings_of(const control::OverlaySpec& spec) {
    Settings settings = spec.gossiperl.value_or(Settings{});
    settings.member_name = spec.member_name;
    settings.is_local_delivery = spec.is_local_delivery.value_or(false);
    const auto bind = Endpoint::parse(spec.bind.value_or(""));
    if (!bind) {
        return std::unexpected(Refusal{Refusal::Code::invalid, "is not an address with a port",
                                       "write one such as 0.0.0.0:6666", "bind"});
    }
    settings.ip = ip_to_string(*bind);
    settings.port = bind->port;
    auto& rack = (settings.racks = {})[settings.rack_name];
    for (const std::string& seed : spec.seeds.value_or(std::vector<std::string>{})) {
        const auto address = Endpoint::parse(seed);
        if (!address && !ip_of(seed, 1)) {
            return std::unexpected(Refusal{
                Refusal::Code::invalid, fmt::format("'{}' is not an IP address", printable(seed)),
                "seeds of the gossiperl protocol are IP addresses: 192.0.2.7", "seeds"});
        }
        if (address && address->port != bind->port) {
            return std::unexpected(
                Refusal{Refusal::Code::invalid,
                        fmt::format("'{}' has another port than the overlay", printable(seed)),
                        "all daemons of a gossiperl overlay have the same port", "seeds"});
        }
        rack.push_back(address ? ip_to_string(*address) : seed);
    }
    if (spec.multicast && *spec.multicast != "off") {
        if (!settings.multicast) settings.multicast.emplace();
        settings.multicast->ip = *spec.multicast != "on" ? *spec.multicast
                                 : bind->is_v4()         ? kGroupV4
                                                         : kGroupV6;
        settings.multicast->local_iface_address = *settings.ip;
        settings.multicast->local_port = spec.client_port.value_or(0);
    } else if (settings.multicast || spec.client_port) {
        return std::unexpected(Refusal{Refusal::Code::invalid,
                                       "is for overlays that gossip by multicast",
                                       "set multicast to the group's address too, or leave it out",
                                       spec.client_port ? "client_port" : "multicast_ttl"});
    }
    return settings;
}

Outcome<Settings> completed(const std::string& overlay, Settings settings) {
    if (settings.iface && !settings.multicast) {
        const auto address = first_address_of(*settings.iface);
        if (!address) {
            return std::unexpected(
                Refusal{Refusal::Code::invalid,
                        fmt::format("this host has no interface '{}' with an address",
                                    printable(*settings.iface)),
                        "name one that `ip address` shows, or give the address as ip", "iface"});
        }
        settings.ip = ip_to_string(*address);
    }
    if (settings.multicast) {
        settings.ip = settings.multicast->local_iface_address;
        if (settings.multicast->local_port == 0 && settings.port != 0) {
            settings.multicast->local_port = settings.port + 1;
        }
    }
    if (!settings.member_name) {
        std::array<std::uint8_t, 16> bits{};
        runtime::os_random(bits);
        settings.member_name = fmt::format("{}{}:{}@{}", overlay, *settings.ip, settings.port,
                                           client::uuid_text(bits));
    }
    return settings;
}

Endpoint bind_of(const Settings& settings) {
    const auto bind = ip_of(*settings.ip, settings.port);
    assert(bind && "checked");
    return *bind;
}

Endpoint group_of(const Settings& settings) {
    const auto group = ip_of(settings.multicast->ip, settings.port);
    assert(group && "checked");
    return *group;
}

gossiperl::NodeConfig node_config_of(const Settings& settings, const Endpoint& bound) {
    using std::chrono::seconds;
    gossiperl::NodeConfig config;
    config.member_name = *settings.member_name;
    config.secret = settings.secret;
    config.bind = bound;
    for (const std::string& ip : settings.racks.at(settings.rack_name)) {
        const auto seed = ip_of(ip, bound.port);
        assert(seed && "checked");
        config.seeds.push_back(*seed);
    }
    config.own_addresses = interface_addresses();
    if (settings.ip_hint) config.own_addresses.push_back(*ip_of(*settings.ip_hint, bound.port));
    if (settings.multicast) config.group = group_of(settings);
    config.gossip_round_every = seconds(settings.gossip_round_every);
    config.drop_stale_subscriptions_after = seconds(settings.drop_stale_subscriptions_after);
    config.times = {seconds(settings.quarantine_after), seconds(settings.max_quarantined),
                    seconds(settings.drop_unreachable_after)};
    config.redelivery = {seconds(settings.redelivery_retry_every),
                         static_cast<std::uint32_t>(settings.redelivery_retry_max)};
    config.is_local_delivery = settings.is_local_delivery;
    config.is_exit_announced = settings.is_exit_announced;
    return config;
}

}  // namespace grapevine::daemon
