#include "daemon/definitions.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <cassert>
#include <utility>

#include "api/decode.hpp"
#include "daemon/detection_settings.hpp"
#include "daemon/dissemination_settings.hpp"
#include "daemon/group_sockets.hpp"
#include "daemon/overlay_spec.hpp"
#include "runtime/os_random.hpp"

namespace grapevine::daemon {
namespace {

const std::string kOverlaysBucket = "overlays";
const std::string kKeysBucket = "overlay-keys";

boost::json::array to_json(const std::vector<std::string>& texts) {
    boost::json::array array;
    for (const std::string& text : texts) array.emplace_back(text);
    return array;
}

std::string to_json(const control::OverlaySpec& spec) {
    boost::json::object object;
    object["name"] = spec.name;
    if (spec.bind) object["bind"] = *spec.bind;
    if (spec.advertise) object["advertise"] = to_json(*spec.advertise);
    if (spec.seeds) object["seeds"] = to_json(*spec.seeds);
    if (spec.keys) object["keys"] = to_json(*spec.keys);
    if (spec.operators) object["operators"] = to_json(*spec.operators);
    if (spec.multicast) object["multicast"] = *spec.multicast;
    if (spec.profile) object["profile"] = *spec.profile;
    for (const auto& text : control::kDetectionTexts) {
        if (const auto& value = spec.detection.*text.field) object[text.name] = *value;
    }
    for (const auto& number : control::kDetectionNumbers) {
        if (const auto& value = spec.detection.*number.field) object[number.name] = *value;
    }
    for (const auto& text : control::kDisseminationTexts) {
        if (const auto& value = spec.dissemination.*text.field) object[text.name] = *value;
    }
    for (const auto& number : control::kDisseminationNumbers) {
        if (const auto& value = spec.dissemination.*number.field) object[number.name] = *value;
    }
    if (const auto& topics = spec.dissemination.subscriber_topics) {
        object["subscriber_topics"] = to_json(*topics);
    }
    if (spec.cipher) object["cipher"] = *spec.cipher;
    if (spec.member_name) object["member_name"] = *spec.member_name;
    if (spec.labels) {
        boost::json::object labels;
        for (const auto& [key, value] : *spec.labels) labels[key] = value;
        object["labels"] = std::move(labels);
    }
    if (spec.retention_age_ms) object["retention_age_ms"] = *spec.retention_age_ms;
    if (spec.retention_bytes) object["retention_bytes"] = *spec.retention_bytes;
    if (spec.client_key) object["client_key"] = *spec.client_key;
    if (spec.client_port) object["client_port"] = *spec.client_port;
    if (spec.is_local_delivery) object["local_delivery"] = *spec.is_local_delivery;
    return boost::json::serialize(object);
}

storage::Batch one(const std::string& bucket, const std::string& key, std::optional<Bytes> value) {
    return {{{bucket, key, std::move(value)}}, storage::Durability::flush};
}

Bytes to_bytes(std::string_view text) {
    const ByteView view = as_bytes(text);
    return {view.begin(), view.end()};
}

template <typename T>
void take(std::optional<T>& base, const std::optional<T>& next) {
    if (next) base = next;
}

}  // namespace

Outcome<std::vector<control::OverlaySpec>> Definitions::load(std::vector<std::string>& damaged) {
    std::vector<control::OverlaySpec> specs;
    for (const storage::Entry& entry : GV_TRY(store_.list(kOverlaysBucket))) {
        auto spec = api::decode_overlay_spec(as_text(entry.value), api::OverlayName::required);
        if (spec && check_overlay_spec(*spec).empty() && spec->keys) {
            specs.push_back(std::move(*spec));
        } else {
            damaged.push_back(entry.key);
        }
    }
    return specs;
}

Outcome<void> Definitions::save(const control::OverlaySpec& spec) {
    return store_.apply(one(kOverlaysBucket, spec.name, to_bytes(to_json(spec))));
}

Outcome<void> Definitions::erase(const std::string& overlay) {
    GV_TRY_VOID(store_.apply(one(kKeysBucket, overlay, std::nullopt)));
    return store_.apply(one(kOverlaysBucket, overlay, std::nullopt));
}

Outcome<std::string> Definitions::own_key(const std::string& overlay) {
    for (const storage::Entry& entry : GV_TRY(store_.list(kKeysBucket))) {
        if (entry.key == overlay && parse_key(as_text(entry.value))) {
            return std::string(as_text(entry.value));
        }
    }
    std::string key = fresh_key();
    GV_TRY_VOID(store_.apply(one(kKeysBucket, overlay, to_bytes(key))));
    return key;
}

control::OverlaySpec merged(control::OverlaySpec base, const control::OverlaySpec& next) {
    take(base.bind, next.bind);
    take(base.advertise, next.advertise);
    take(base.seeds, next.seeds);
    take(base.keys, next.keys);
    take(base.operators, next.operators);
    take(base.profile, next.profile);
    merge_detection(base.detection, next.detection);
    merge_dissemination(base.dissemination, next.dissemination);
    take(base.cipher, next.cipher);
    take(base.member_name, next.member_name);
    take(base.labels, next.labels);
    take(base.retention_age_ms, next.retention_age_ms);
    take(base.retention_bytes, next.retention_bytes);
    take(base.client_key, next.client_key);
    take(base.client_port, next.client_port);
    take(base.is_local_delivery, next.is_local_delivery);
    take(base.multicast, next.multicast);
    return base;
}

control::OverlaySpec completed(control::OverlaySpec spec, const std::string& host_name) {
    const auto defaults = protocol::profile_config(protocol::Profile::lan);
    if (!spec.protocol) spec.protocol = std::string(kProtocolNames.front());
    if (!spec.retention_age_ms) {
        spec.retention_age_ms =
            std::chrono::duration_cast<std::chrono::milliseconds>(defaults.retention_age).count();
    }
    if (!spec.retention_bytes) spec.retention_bytes = defaults.retention_bytes;
    if (is_gossiperl(spec)) return spec;  // The rest is in `gossiperl`, and has its own defaults.
    if (!spec.bind) spec.bind = kDefaultOverlayBind;
    if (!spec.seeds) spec.seeds.emplace();
    if (!spec.multicast) spec.multicast = "off";
    expand_open_key(spec);
    if (!spec.profile) spec.profile = std::string(protocol::to_string(protocol::Profile::lan));
    if (!spec.cipher) {
        spec.cipher = std::string(crypto::to_string(crypto::Cipher::chacha20_poly1305));
    }
    if (!spec.member_name) spec.member_name = host_name;
    if (!spec.labels) spec.labels.emplace();
    return spec;
}

overlay::Settings settings_of(const control::OverlaySpec& spec) {
    overlay::Settings settings;
    settings.name = spec.name;
    const auto cipher = crypto::parse_cipher(*spec.cipher);
    assert(cipher && "checked");
    settings.cipher = *cipher;
    for (const std::string& text : *spec.keys) {
        const auto key = parse_key(text);
        assert(key && "checked");
        settings.keys.push_back({KeyId(key->id), crypto::Secret<32>(key->secret)});
    }
    for (const std::string& text : spec.operators.value_or(std::vector<std::string>{})) {
        const auto key = parse_operator(text);
        assert(key && "checked");
        settings.operators.push_back(*key);
    }
    const auto profile = protocol::parse_profile(*spec.profile);
    assert(profile && "checked");
    settings.protocol = protocol_of(*profile, spec.detection);
    apply_dissemination(spec.dissemination, settings.protocol);
    settings.protocol.retention_age = std::chrono::milliseconds(*spec.retention_age_ms);
    settings.protocol.retention_bytes = static_cast<std::size_t>(*spec.retention_bytes);
    settings.member_name = *spec.member_name;
    for (const auto& [key, value] : *spec.labels) settings.labels.push_back({key, value});
    std::ranges::sort(settings.labels);
    if (spec.advertise) {
        for (const std::string& text : *spec.advertise) {
            const auto address = Endpoint::parse(text);
            assert(address && "checked");
            settings.addresses.push_back(*address);
        }
    }
    settings.seeds = *spec.seeds;
    settings.subscriber_topics =
        spec.dissemination.subscriber_topics.value_or(std::vector<std::string>{});
    const auto groups = parse_groups(*spec.multicast, bind_of(spec));
    assert(groups && "checked");
    settings.groups = *groups;
    return settings;
}

Endpoint bind_of(const control::OverlaySpec& spec) {
    const auto bind = Endpoint::parse(*spec.bind);
    assert(bind && "checked");
    return *bind;
}

std::uint16_t client_port_of(const control::OverlaySpec& spec) {
    constexpr std::uint32_t kDistance = 1000;
    if (spec.client_port) return *spec.client_port;
    const std::uint32_t port = bind_of(spec).port;
    return port == 0 || port + kDistance > 65'535 ? 0
                                                  : static_cast<std::uint16_t>(port + kDistance);
}

overlay::Start start_of(storage::OverlayImage image, storage::StateImage state) {
    overlay::Start start;
    start.image = std::move(image);
    start.state = std::move(state);
    runtime::os_random(start.fresh_identity);
    start.boot = Boot(runtime::os_random_seed());
    runtime::os_random(start.cookie_secret);
    start.seed = runtime::os_random_seed();
    start.started = WallTime{runtime::wall_microseconds() / 1000};
    return start;
}

std::string fresh_key() {
    KeyText key;
    key.id = 1;
    runtime::os_random(key.secret);
    return format_key(key);
}

}  // namespace grapevine::daemon
