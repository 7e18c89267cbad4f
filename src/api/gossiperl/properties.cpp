#include "api/gossiperl/properties.hpp"

#include <algorithm>
#include <array>
#include <boost/json/value.hpp>
#include <fmt/core.h>
#include <limits>
#include <optional>

#include "api/gossiperl/erlang_text.hpp"
#include "api/text.hpp"
#include "base/endpoint.hpp"
#include "base/limits.hpp"

namespace grapevine::api::gossiperl {
namespace {

namespace json = boost::json;
using control::gossiperl::Multicast;
using control::gossiperl::Settings;

/// Seconds and bytes: 68 years in nanoseconds still fit a Duration, and 2 GiB is what a socket
/// option can say.
constexpr std::int64_t kNumberMax = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kPortMax = 65'535;
constexpr std::int64_t kTtlMax = 255;

std::unexpected<PropertyRefusal> problematic(std::string_view cause, std::string_view code) {
    return std::unexpected(
        PropertyRefusal{PropertyRefusal::Kind::problematic,
                        fmt::format("Configuration property problematic {}, {}.", cause, code)});
}

std::string_view text_of(const json::value& value) {
    return {value.get_string().data(), value.get_string().size()};
}

enum class Emptiness : std::uint8_t { allowed, refused };

Property<std::string> read_text(std::string_view name, const json::value& value,
                                Emptiness emptiness) {
    if (!value.is_string()) return problematic(to_erlang(value), "not_binary");
    const std::string_view text = text_of(value);
    if (text.size() > kOldTextBytesMax) return problematic(to_erlang_binary(name), "too_long");
    if (text.empty() && emptiness == Emptiness::refused) {
        return problematic(to_erlang_binary(name), "empty");
    }
    return std::string(text);
}

std::optional<Endpoint> parse_ip(std::string_view text) {
    const bool is_v6 = text.find(':') != std::string_view::npos;
    const auto endpoint =
        Endpoint::parse(is_v6 ? fmt::format("[{}]:1", text) : fmt::format("{}:1", text));
    return endpoint ? std::optional(*endpoint) : std::nullopt;
}

Property<std::string> read_ip(const json::value& value) {
    if (!value.is_string()) return problematic(to_erlang(value), "not_binary");
    const std::string_view text = text_of(value);
    if (text.size() > kOldTextBytesMax || !parse_ip(text)) {
        return problematic(to_erlang(value), "not_ip");
    }
    return std::string(text);
}

struct Range {
    std::int64_t minimum = 0;
    std::int64_t maximum = kNumberMax;
};

Property<std::int64_t> read_number(const json::value& value, Range range) {
    // 5.0 was not an integer, and is none.
    if (!value.is_int64() && !value.is_uint64()) {
        return problematic(to_erlang(value), "not_integer");
    }
    if (value.is_uint64() || value.get_int64() < range.minimum ||
        value.get_int64() > range.maximum) {
        return problematic(to_erlang(value), "out_of_range");
    }
    return value.get_int64();
}

Property<Multicast> read_multicast(const json::value& value) {
    if (!value.is_object()) {
        return problematic(to_erlang(value), "unsupported_multicast_setting");
    }
    Multicast multicast;
    for (const auto& [key, part] : value.get_object()) {
        if (key == "ip") {
            multicast.ip = GV_TRY(read_ip(part));
        } else if (key == "ttl") {
            multicast.ttl = GV_TRY(read_number(part, {0, kTtlMax}));
        } else if (key == "local_iface_address") {
            multicast.local_iface_address = GV_TRY(read_ip(part));
        } else if (key == "local_port") {
            multicast.local_port = GV_TRY(read_number(part, {0, kPortMax}));
        } else {
            return problematic(to_erlang_pair({key.data(), key.size()}, part),
                               "unsupported_multicast_setting");
        }
    }
    if (multicast.ip.empty()) return problematic("multicast_ip", "missing_value");
    return multicast;
}

Property<decltype(Settings::racks)> read_racks(const json::value& value) {
    if (!value.is_object()) return problematic(to_erlang(value), "rack_settings_invalid");
    decltype(Settings::racks) racks;
    std::size_t seed_count = 0;
    for (const auto& [key, part] : value.get_object()) {
        if (!part.is_array()) return problematic(to_erlang(part), "rack_settings_invalid");
        const std::string name(key.data(), key.size());
        if (name.size() > kOldTextBytesMax)
            return problematic(to_erlang_binary("racks"), "too_long");
        std::vector<std::string>& seeds = racks[name];
        seed_count += part.get_array().size();
        if (racks.size() > kOldRacksMax || seed_count > kOldSeedsMax) {
            return problematic(to_erlang_binary("racks"), "too_many");
        }
        for (const json::value& seed : part.get_array()) {
            if (!seed.is_string()) return problematic(to_erlang(seed), "not_ip");
            seeds.push_back(GV_TRY(read_ip(seed)));
        }
    }
    return racks;
}

using Reader = Property<void> (*)(Settings&, std::string_view, const json::value&);

/// A property whose reader stores what it read.
struct Entry {
    std::string_view name;
    Reader read;
};

template <auto Field>
Property<void> store_text(Settings& settings, std::string_view name, const json::value& value) {
    settings.*Field = GV_TRY(read_text(name, value, Emptiness::refused));
    return {};
}

template <auto Field>
Property<void> store_ip(Settings& settings, std::string_view, const json::value& value) {
    settings.*Field = GV_TRY(read_ip(value));
    return {};
}

template <auto Field, std::int64_t minimum, std::int64_t maximum = kNumberMax>
Property<void> store_number(Settings& settings, std::string_view, const json::value& value) {
    settings.*Field = GV_TRY(read_number(value, {minimum, maximum}));
    return {};
}

Property<void> store_secret(Settings& settings, std::string_view name, const json::value& value) {
    settings.secret = GV_TRY(read_text(name, value, Emptiness::allowed));
    return {};
}

Property<void> store_multicast(Settings& settings, std::string_view, const json::value& value) {
    settings.multicast = GV_TRY(read_multicast(value));
    return {};
}

Property<void> store_racks(Settings& settings, std::string_view, const json::value& value) {
    settings.racks = GV_TRY(read_racks(value));
    return {};
}

/// What lasts no time at all would turn a loop into a storm, hence 1; where 0 says "never" or
/// "without limit" it stays.
constexpr std::array kEntries = {
    Entry{"member_name", store_text<&Settings::member_name>},
    Entry{"ip", store_ip<&Settings::ip>},
    Entry{"port", store_number<&Settings::port, 1, kPortMax>},
    Entry{"multicast", store_multicast},
    Entry{"ip_hint", store_ip<&Settings::ip_hint>},
    Entry{"iface", store_text<&Settings::iface>},
    Entry{"rack_name", store_text<&Settings::rack_name>},
    Entry{"racks", store_racks},
    Entry{"quarantine_after", store_number<&Settings::quarantine_after, 1>},
    Entry{"max_quarantined", store_number<&Settings::max_quarantined, 0>},
    Entry{"drop_unreachable_after", store_number<&Settings::drop_unreachable_after, 0>},
    Entry{"redelivery_retry_max", store_number<&Settings::redelivery_retry_max, 0>},
    Entry{"redelivery_retry_every", store_number<&Settings::redelivery_retry_every, 1>},
    Entry{"gossip_round_every", store_number<&Settings::gossip_round_every, 1>},
    Entry{"drop_stale_subscriptions_after",
          store_number<&Settings::drop_stale_subscriptions_after, 1>},
    Entry{"incoming_data_buffer_size", store_number<&Settings::incoming_data_buffer_size, 1>},
    Entry{"outgoing_data_buffer_size", store_number<&Settings::outgoing_data_buffer_size, 1>},
    Entry{"read_packet_count", store_number<&Settings::read_packet_count, 1>},
    Entry{"secret", store_secret},
    Entry{"symmetric_key", store_text<&Settings::symmetric_key>},
};

Property<void> store(Settings& settings, std::string_view name, const json::value& value) {
    const auto entry = std::ranges::find(kEntries, name, &Entry::name);
    if (entry == kEntries.end()) return problematic(to_erlang_binary(name), "badarg");
    return entry->read(settings, name, value);
}

Property<Settings> check_whole(Settings settings) {
    if (!settings.ip && !settings.multicast && !settings.iface) {
        return problematic("ip", "missing_value");
    }
    if (settings.port == 0) return problematic("port", "missing_value");
    if (settings.symmetric_key.empty()) return problematic("symmetric_key", "missing_value");
    if (!settings.racks.contains(settings.rack_name)) {
        return std::unexpected(
            PropertyRefusal{PropertyRefusal::Kind::no_seeds, "No seeds for overlay given."});
    }
    return settings;
}

/// A multicast overlay binds to the address of its interface, whatever `ip` says.
std::optional<std::string> ip_of(const Settings& settings) {
    if (settings.multicast) return settings.multicast->local_iface_address;
    return settings.ip;
}

/// The same address, however it is written.
bool is_same_ip(const std::optional<std::string>& left, const std::optional<std::string>& right) {
    if (left == right || !left || !right) return left == right;
    const auto left_address = parse_ip(*left);
    return left_address && left_address == parse_ip(*right);
}

json::value text_or(const std::optional<std::string>& text, std::string_view otherwise) {
    return json::string(text ? to_utf8(*text) : std::string(otherwise));
}

json::value write_multicast(const std::optional<Multicast>& multicast) {
    if (!multicast) return "off";
    json::object object;
    object["ip"] = multicast->ip;
    object["ttl"] = multicast->ttl;
    object["local_iface_address"] = multicast->local_iface_address;
    object["local_port"] = multicast->local_port;
    return object;
}

json::value write_racks(const Settings& settings) {
    json::object racks;
    for (const auto& [name, seeds] : settings.racks) {
        json::array array;
        for (const std::string& seed : seeds) array.emplace_back(seed);
        racks[to_utf8(name)] = std::move(array);
    }
    return racks;
}

}  // namespace

Property<Settings> read_properties(const json::object& object) {
    Settings settings;
    for (const auto& [key, value] : object) {
        if (auto stored = store(settings, {key.data(), key.size()}, value); !stored) {
            return std::unexpected(std::move(stored.error()));
        }
    }
    return check_whole(std::move(settings));
}

Property<Settings> replace_property(Settings settings, std::string_view name,
                                    const json::value& value) {
    if (auto stored = store(settings, name, value); !stored) {
        return std::unexpected(std::move(stored.error()));
    }
    return check_whole(std::move(settings));
}

bool is_same_place(const Settings& running, const Settings& wanted) {
    return is_same_ip(ip_of(running), ip_of(wanted)) && running.iface == wanted.iface &&
           running.port == wanted.port && running.member_name == wanted.member_name;
}

json::object write_properties(const Settings& settings) {
    json::object object;
    object["member_name"] = text_or(settings.member_name, "undefined");
    object["ip"] = text_or(ip_of(settings), "undefined");
    object["port"] = settings.port;
    object["multicast"] = write_multicast(settings.multicast);
    object["ip_hint"] = text_or(settings.ip_hint, "undefined");
    object["iface"] = text_or(settings.iface, "undefined");
    object["rack_name"] = to_utf8(settings.rack_name);
    object["racks"] = write_racks(settings);
    object["quarantine_after"] = settings.quarantine_after;
    object["max_quarantined"] = settings.max_quarantined;
    object["drop_unreachable_after"] = settings.drop_unreachable_after;
    object["redelivery_retry_max"] = settings.redelivery_retry_max;
    object["redelivery_retry_every"] = settings.redelivery_retry_every;
    object["gossip_round_every"] = settings.gossip_round_every;
    object["drop_stale_subscriptions_after"] = settings.drop_stale_subscriptions_after;
    object["incoming_data_buffer_size"] = settings.incoming_data_buffer_size;
    object["outgoing_data_buffer_size"] = settings.outgoing_data_buffer_size;
    object["read_packet_count"] = settings.read_packet_count;
    object["secret"] = "protected";
    object["symmetric_key"] = "protected";
    return object;
}

}  // namespace grapevine::api::gossiperl
