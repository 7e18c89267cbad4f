#include "api/decode.hpp"

#include <algorithm>
#include <array>
#include <fmt/core.h>
#include <limits>

#include "api/json_reader.hpp"
#include "api/text.hpp"
#include "base/limits.hpp"
#include "base/nearest.hpp"

namespace grapevine::api {
namespace {

Refusal invalid(std::string_view field, std::string message, std::string cure) {
    return {Refusal::Code::invalid, std::move(message), std::move(cure), std::string(field)};
}

Outcome<EventBody> read_event(const JsonReader& reader) {
    EventBody event;
    event.topic = GV_TRY(reader.required_text("topic", "\"build.done\""));
    GV_TRY_VOID(check_topic(event.topic, "topic"));
    event.payload = GV_TRY(read_payload(reader));
    event.is_traced = GV_TRY(reader.truth("trace")).value_or(false);
    const auto after = GV_TRY(reader.texts("after", kDependenciesMax));
    if (after) event.after = GV_TRY(read_event_ids(*after, "after"));
    return event;
}

Outcome<SubscribeMessage> read_subscribe(const JsonReader& reader) {
    SubscribeMessage message;
    auto topics = GV_TRY(reader.texts("topics", kStreamTopicsMax));
    const Events events =
        GV_TRY(reader.truth("events")).value_or(true) ? Events::wanted : Events::unwanted;
    message.topics =
        GV_TRY(check_topics(topics.value_or(std::vector<std::string>{}), events, "topics"));
    message.with_members = GV_TRY(reader.truth("members")).value_or(false);
    message.with_records = GV_TRY(reader.truth("records")).value_or(false);
    message.state_prefixes =
        GV_TRY(reader.texts("state", kStreamTopicsMax)).value_or(std::vector<std::string>{});
    message.cursor = GV_TRY(reader.text("cursor"));
    message.from = GV_TRY(reader.text("from"));
    return message;
}

/// Each type of message has keys that the others do not: refuse those by name.
Outcome<void> check_keys(const JsonReader& reader, std::string_view type,
                         std::span<const std::string_view> foreign) {
    for (const std::string_view key : foreign) {
        if (!reader.has(key)) continue;
        return std::unexpected(
            invalid(key, fmt::format("does not belong in a {} message", type), "leave it out"));
    }
    return {};
}

/// The fields that two lists of `control` name, out of the document.
template <typename Settings, typename Texts, typename Numbers>
Outcome<Settings> read_settings(const JsonReader& reader, const Texts& texts,
                                const Numbers& numbers) {
    Settings settings;
    for (const auto& text : texts) settings.*text.field = GV_TRY(reader.text(text.name));
    for (const auto& number : numbers) {
        constexpr std::uint64_t kNumberMax = std::numeric_limits<std::int64_t>::max();
        if (const auto value = GV_TRY(reader.whole(number.name, kNumberMax))) {
            settings.*number.field = static_cast<std::int64_t>(*value);
        }
    }
    return settings;
}

Outcome<control::Detection> read_detection(const JsonReader& reader) {
    return read_settings<control::Detection>(reader, control::kDetectionTexts,
                                             control::kDetectionNumbers);
}

Outcome<control::Dissemination> read_dissemination(const JsonReader& reader) {
    auto settings = GV_TRY(read_settings<control::Dissemination>(
        reader, control::kDisseminationTexts, control::kDisseminationNumbers));
    settings.subscriber_topics = GV_TRY(reader.texts("subscriber_topics", kSubscriberTopicsMax));
    return settings;
}

}  // namespace

Outcome<Bytes> read_payload(const JsonReader& reader) {
    const auto text = GV_TRY(reader.text("payload"));
    const auto encoded = GV_TRY(reader.text("payload_base64"));
    if (text.has_value() == encoded.has_value()) {
        return std::unexpected(
            invalid("payload", text ? "both payload and payload_base64 are given" : "is missing",
                    "give the payload as text in payload, or as base64 in payload_base64"));
    }
    if (text) {
        GV_TRY_VOID(check_payload(text->size(), "payload"));
        const ByteView bytes = as_bytes(*text);
        return Bytes(bytes.begin(), bytes.end());
    }
    auto decoded = from_base64(*encoded);
    if (!decoded) {
        return std::unexpected(invalid("payload_base64", "not valid base64",
                                       "use the alphabet of RFC 4648 section 4, with padding"));
    }
    GV_TRY_VOID(check_payload(decoded->size(), "payload_base64"));
    return *std::move(decoded);
}

Outcome<control::OverlaySpec> decode_overlay_spec(std::string_view json, OverlayName name) {
    static constexpr std::array<std::string_view, 38> kKeys = {"name",
                                                               "protocol",
                                                               "bind",
                                                               "advertise",
                                                               "seeds",
                                                               "keys",
                                                               "operators",
                                                               "profile",
                                                               "cipher",
                                                               "member_name",
                                                               "labels",
                                                               "retention_age_ms",
                                                               "retention_bytes",
                                                               "client_key",
                                                               "client_port",
                                                               "local_delivery",
                                                               "multicast",
                                                               "detector",
                                                               "heartbeat_interval_ms",
                                                               "heartbeat_fail_ms",
                                                               "heartbeat_subnet_label",
                                                               "phi_interval_ms",
                                                               "phi_threshold",
                                                               "phi_pause_ms",
                                                               "phi_monitors",
                                                               "dissemination",
                                                               "rumor_direction",
                                                               "rumor_feedback",
                                                               "rumor_removal",
                                                               "rumor_k",
                                                               "rumor_fanout",
                                                               "rumor_interval_ms",
                                                               "subscriber_topics",
                                                               "zone_label",
                                                               "zone_representatives",
                                                               "zone_interval_ms",
                                                               "summary_path",
                                                               "summary_interval_ms"};
    const JsonReader reader = GV_TRY(JsonReader::parse(json, kKeys));
    control::OverlaySpec spec;
    if (name == OverlayName::required) {
        spec.name = GV_TRY(reader.required_text("name", "\"backend\""));
    } else {
        spec.name = GV_TRY(reader.text("name")).value_or("");
    }
    spec.protocol = GV_TRY(reader.text("protocol"));
    spec.bind = GV_TRY(reader.text("bind"));
    spec.advertise = GV_TRY(reader.texts("advertise", kMemberAddressesMax));
    spec.seeds = GV_TRY(reader.texts("seeds", kSeedsMax));
    spec.keys = GV_TRY(reader.texts("keys", kKeysMax));
    spec.operators = GV_TRY(reader.texts("operators", kOperatorsMax));
    spec.multicast = GV_TRY(reader.text("multicast"));
    spec.profile = GV_TRY(reader.text("profile"));
    spec.detection = GV_TRY(read_detection(reader));
    spec.dissemination = GV_TRY(read_dissemination(reader));
    spec.cipher = GV_TRY(reader.text("cipher"));
    spec.member_name = GV_TRY(reader.text("member_name"));
    spec.labels = GV_TRY(reader.labels("labels", kLabelsMax));
    // The clock counts nanoseconds in 64 bits; that many milliseconds still fit.
    constexpr std::uint64_t kAgeMax =
        static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) / 1'000'000;
    if (const auto age = GV_TRY(reader.whole("retention_age_ms", kAgeMax))) {
        spec.retention_age_ms = static_cast<std::int64_t>(*age);
    }
    // Above 2^53 JSON numbers are no longer exact in most languages.
    spec.retention_bytes = GV_TRY(reader.whole("retention_bytes", std::uint64_t{1} << 53));
    spec.client_key = GV_TRY(reader.text("client_key"));
    constexpr std::uint64_t kPortMax = std::numeric_limits<std::uint16_t>::max();
    if (const auto port = GV_TRY(reader.whole("client_port", kPortMax))) {
        spec.client_port = static_cast<std::uint16_t>(*port);
    }
    spec.is_local_delivery = GV_TRY(reader.truth("local_delivery"));
    return spec;
}

Outcome<EventBody> decode_event(std::string_view json) {
    static constexpr std::array<std::string_view, 5> kKeys = {"topic", "payload", "payload_base64",
                                                              "trace", "after"};
    return read_event(GV_TRY(JsonReader::parse(json, kKeys)));
}

Outcome<std::vector<control::EventId>> read_event_ids(const std::vector<std::string>& texts,
                                                      std::string_view field) {
    if (texts.size() > kDependenciesMax) {
        return std::unexpected(
            Refusal{Refusal::Code::over_limit, fmt::format("{} events are named", texts.size()),
                    fmt::format("name the newest {}: they imply the others", kDependenciesMax),
                    std::string(field)});
    }
    std::vector<control::EventId> ids;
    for (const std::string& text : texts) {
        ids.push_back(GV_TRY(control::parse_event_id(text, field)));
    }
    return ids;
}

Outcome<std::string> decode_record_value(std::string_view media_type, std::string_view body) {
    static constexpr std::array<std::string_view, 1> kKeys = {"value"};
    if (media_type == "application/json") {
        return GV_TRY(JsonReader::parse(body, kKeys)).required_text("value", "\"blue\"");
    }
    if (is_utf8(body)) return std::string(body);
    return std::unexpected(Refusal{Refusal::Code::invalid, "the body is not valid UTF-8",
                                   "records hold text: encode bytes as base64 first", "value"});
}

Outcome<std::vector<std::string>> decode_seeds(std::string_view json, Seeds seeds) {
    static constexpr std::array<std::string_view, 1> kKeys = {"seeds"};
    const JsonReader reader = GV_TRY(JsonReader::parse(json, kKeys));
    auto list = GV_TRY(reader.texts("seeds", kSeedsMax));
    if (seeds == Seeds::required && (!list || list->empty())) {
        return std::unexpected(invalid("seeds", "no seed is given",
                                       "name at least one, as in \"seeds\": [\"10.0.0.1:9471\"]"));
    }
    return std::move(list).value_or(std::vector<std::string>{});
}

Outcome<std::string> decode_invitation(std::string_view json) {
    static constexpr std::array<std::string_view, 1> kKeys = {"token"};
    return GV_TRY(JsonReader::parse(json, kKeys))
        .required_text("token", "what grapevine invite printed");
}

Outcome<Scope> decode_scope(std::string_view name, std::string_view field) {
    for (const Scope scope : {Scope::read, Scope::publish, Scope::admin}) {
        if (name == to_string(scope)) return scope;
    }
    static constexpr std::array<std::string_view, 3> kScopes = {"read", "publish", "admin"};
    return std::unexpected(
        invalid(field, fmt::format("\"{}\" is no scope", name), nearest_cure(name, kScopes)));
}

Outcome<TokenBody> decode_token(std::string_view json) {
    static constexpr std::array<std::string_view, 3> kKeys = {"scopes", "overlays", "name"};
    const JsonReader reader = GV_TRY(JsonReader::parse(json, kKeys));
    TokenBody body;
    body.name = GV_TRY(reader.text("name")).value_or("");
    const auto scopes = GV_TRY(reader.texts("scopes", 3)).value_or(std::vector<std::string>{});
    for (std::size_t index = 0; index < scopes.size(); ++index) {
        body.scopes.push_back(
            GV_TRY(decode_scope(scopes[index], fmt::format("scopes[{}]", index))));
    }
    body.overlays =
        GV_TRY(reader.texts("overlays", kOverlaysMax)).value_or(std::vector<std::string>{"*"});
    return body;
}

Outcome<SocketMessage> decode_socket_message(std::string_view json, std::string& id_out) {
    static constexpr std::array<std::string_view, 14> kKeys = {
        "type",   "id",   "topics", "members", "records",        "state", "events",
        "cursor", "from", "topic",  "payload", "payload_base64", "trace", "after"};
    static constexpr std::array<std::string_view, 7> kSubscribeKeys = {
        "topics", "members", "records", "state", "events", "cursor", "from"};
    static constexpr std::array<std::string_view, 5> kPublishKeys = {
        "topic", "payload", "payload_base64", "trace", "after"};
    const JsonReader reader = GV_TRY(JsonReader::parse(json, kKeys));
    std::string id = GV_TRY(reader.text("id")).value_or("");
    if (id.size() > kSocketIdBytesMax) {
        return std::unexpected(Refusal{Refusal::Code::over_limit,
                                       fmt::format("has {} bytes", id.size()),
                                       fmt::format("use at most {}", kSocketIdBytesMax), "id"});
    }
    id_out = id;
    const std::string type = GV_TRY(reader.required_text("type", "\"subscribe\""));
    if (type == "subscribe") {
        GV_TRY_VOID(check_keys(reader, type, kPublishKeys));
        SubscribeMessage message = GV_TRY(read_subscribe(reader));
        message.id = std::move(id);
        return message;
    }
    if (type == "publish") {
        GV_TRY_VOID(check_keys(reader, type, kSubscribeKeys));
        EventBody event = GV_TRY(read_event(reader));
        return PublishMessage{std::move(id), std::move(event)};
    }
    if (type == "unsubscribe") {
        GV_TRY_VOID(check_keys(reader, type, kPublishKeys));
        GV_TRY_VOID(check_keys(reader, type, kSubscribeKeys));
        return UnsubscribeMessage{std::move(id)};
    }
    static constexpr std::array<std::string_view, 3> kTypes = {"subscribe", "unsubscribe",
                                                               "publish"};
    return std::unexpected(invalid("type", fmt::format("\"{}\" is no type of message", type),
                                   nearest_cure(type, kTypes)));
}

Outcome<void> check_topic(std::string_view topic, std::string_view field) {
    if (topic.empty()) {
        return std::unexpected(invalid(field, "is empty", "name a topic, such as build.done"));
    }
    if (topic.size() > kTopicBytesMax) {
        return std::unexpected(Refusal{
            Refusal::Code::over_limit, fmt::format("has {} bytes", topic.size()),
            fmt::format("a topic has at most {} bytes", kTopicBytesMax), std::string(field)});
    }
    if (!is_utf8(topic) || has_control_character(topic) || topic.find(' ') != topic.npos) {
        return std::unexpected(invalid(field, "has a blank, a control character or no valid UTF-8",
                                       "write words separated by dots, such as build.done"));
    }
    return {};
}

Outcome<std::vector<std::string>> check_topics(std::vector<std::string> topics, Events events,
                                               std::string_view field) {
    if (events == Events::unwanted && !topics.empty()) {
        return std::unexpected(invalid(field, "topics are given, but events are not wanted",
                                       "leave out the topics, or events"));
    }
    if (events == Events::unwanted) return topics;
    if (topics.empty()) return std::vector<std::string>{">"};
    if (topics.size() > kStreamTopicsMax) {
        return std::unexpected(
            Refusal{Refusal::Code::over_limit, fmt::format("{} patterns are given", topics.size()),
                    fmt::format("give at most {}, or one that is wider", kStreamTopicsMax),
                    std::string(field)});
    }
    for (const std::string& topic : topics) GV_TRY_VOID(check_topic(topic, field));
    return topics;
}

Outcome<void> check_payload(std::size_t bytes, std::string_view field) {
    if (bytes <= kEventPayloadBytesMax) return {};
    return std::unexpected(
        Refusal{Refusal::Code::over_limit, fmt::format("has {} bytes", bytes),
                fmt::format("an event carries at most {} bytes: publish where the data can be had",
                            kEventPayloadBytesMax),
                std::string(field)});
}

}  // namespace grapevine::api
