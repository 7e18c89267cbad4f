#include "api/encode.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/core.h>

#include "api/encode_state.hpp"
#include "api/text.hpp"
#include "base/bytes.hpp"

namespace grapevine::api {
namespace {

namespace json = boost::json;

json::array to_array(const std::vector<std::string>& texts) {
    json::array array;
    for (const std::string& text : texts) array.emplace_back(to_utf8(text));
    return array;
}

json::object to_object(const control::Labels& labels) {
    json::object object;
    for (const auto& [key, value] : labels) object[to_utf8(key)] = to_utf8(value);
    return object;
}

/// Text stays text when it can be, and becomes base64 under another key when it cannot.
void put_text(json::object& object, std::string_view key, std::string_view bytes) {
    if (is_utf8(bytes)) {
        object[json::string_view(key.data(), key.size())] = bytes;
    } else {
        object[std::string(key) + "_base64"] = to_base64(as_bytes(bytes));
    }
}

json::object to_object(const control::MemberView& member) {
    json::object object;
    object["id"] = to_utf8(member.id);
    object["name"] = to_utf8(member.name);
    object["status"] = to_utf8(member.status);
    object["incarnation"] = member.incarnation;
    object["addresses"] = to_array(member.addresses);
    object["labels"] = to_object(member.labels);
    object["status_age_ms"] = member.status_age_ms;
    object["is_self"] = member.is_self;
    if (!member.path.empty()) object["path"] = to_utf8(member.path);
    if (member.rtt_us) {
        object["rtt_us"] = *member.rtt_us;
        object["is_rtt_measured"] = member.is_rtt_measured;
    }
    return object;
}

json::object to_object(const control::PressureView& pressure) {
    json::object object;
    object["member"] = to_utf8(pressure.member);
    object["member_name"] = to_utf8(pressure.member_name);
    object["backlog"] = pressure.backlog;
    object["rate"] = pressure.rate;
    object["limit"] = pressure.limit;
    object["since_ms"] = pressure.since_ms;
    return object;
}

json::object to_object(const control::OverlayView& overlay) {
    json::object object;
    object["name"] = to_utf8(overlay.name);
    object["protocol"] = to_utf8(overlay.protocol);
    object["id"] = to_utf8(overlay.id);
    object["member_name"] = to_utf8(overlay.member_name);
    object["incarnation"] = overlay.incarnation;
    object["bind"] = to_utf8(overlay.bind);
    object["advertise"] = to_array(overlay.advertise);
    object["seeds"] = to_array(overlay.seeds);
    json::array key_ids;
    for (const std::uint8_t id : overlay.key_ids) key_ids.emplace_back(static_cast<int>(id));
    object["key_ids"] = std::move(key_ids);
    object["profile"] = to_utf8(overlay.profile);
    object["detector"] = to_utf8(overlay.detector);
    object["dissemination"] = to_utf8(overlay.dissemination);
    if (!overlay.subscriber_topics.empty()) {
        object["subscriber_topics"] = to_array(overlay.subscriber_topics);
    }
    object["cipher"] = to_utf8(overlay.cipher);
    object["labels"] = to_object(overlay.labels);
    object["origin"] = to_utf8(overlay.origin);
    object["state"] = to_utf8(overlay.state);
    object["view_fingerprint"] = to_utf8(overlay.view_fingerprint);
    object["members_alive"] = overlay.members_alive;
    object["members_suspect"] = overlay.members_suspect;
    object["members_dead"] = overlay.members_dead;
    object["members_left"] = overlay.members_left;
    object["local_health"] = overlay.local_health;
    if (overlay.pressure) object["pressure"] = to_object(*overlay.pressure);
    json::object counters;
    for (const auto& [name, count] : overlay.counters) counters[to_utf8(name)] = count;
    object["counters"] = std::move(counters);
    return object;
}

json::object to_object(const control::KeyValue& item) {
    json::object object;
    object["key"] = to_utf8(item.key);
    put_text(object, "value", item.value);
    object["version"] = item.version;
    return object;
}

json::object to_object(const TokenEntry& entry) {
    json::object object;
    object["id"] = entry.id;
    object["name"] = to_utf8(entry.name);
    json::array scopes;
    for (const Scope scope : entry.scopes) scopes.emplace_back(to_string(scope));
    object["scopes"] = std::move(scopes);
    object["overlays"] = to_array(entry.overlays);
    object["created_at_ms"] = entry.created_at.unix_ms;
    return object;
}

template <typename Named>
std::string event_id(const Named& event) {
    return to_utf8(
        control::format_event_id({event.publisher, event.epoch, event.sequence, event.channel}));
}

json::object to_object(const control::PublishReceipt& receipt) {
    json::object object;
    object["publisher"] = to_utf8(receipt.publisher);
    object["epoch"] = receipt.epoch;
    object["sequence"] = receipt.sequence;
    if (receipt.channel != 0) object["channel"] = receipt.channel;
    object["id"] = event_id(receipt);
    return object;
}

/// What every item of a stream begins with.
json::object item_head(std::string_view kind, const std::string& cursor,
                       std::optional<std::string_view> subscription) {
    json::object object;
    object["type"] = kind;
    object["cursor"] = to_utf8(cursor);
    if (subscription) object["subscription"] = *subscription;
    return object;
}

void put(json::object& object, const control::LogItem::Event& event) {
    object["id"] = event_id(event);
    object["publisher"] = to_utf8(event.publisher);
    object["epoch"] = event.epoch;
    object["sequence"] = event.sequence;
    if (event.channel != 0) object["channel"] = event.channel;
    if (event.is_traced) object["trace"] = true;
    if (!event.after.empty()) {
        json::array after;
        for (const control::EventId& id : event.after) {
            after.emplace_back(to_utf8(control::format_event_id(id)));
        }
        object["after"] = std::move(after);
        object["causal_unknown"] = event.is_causal_unknown;
    }
    object["published_at_ms"] = event.published_at.unix_ms;
    object["topic"] = to_utf8(event.topic);
    put_text(object, "payload",
             event.payload ? as_text(ByteView(*event.payload)) : std::string_view());
}

void put(json::object& object, const control::LogItem::Gap& gap) {
    object["publisher"] = to_utf8(gap.publisher);
    object["epoch"] = gap.epoch;
    if (gap.channel != 0) object["channel"] = gap.channel;
    object["first"] = gap.first;
    object["last"] = gap.last;
}

void put(json::object& object, const control::LogItem::Member& change) {
    object["kind"] = to_utf8(change.kind);
    object["member"] = to_object(change.member);
}

void put(json::object& object, const control::LogItem::Members& changes) {
    object["kind"] = to_utf8(changes.kind);
    json::array members;
    for (const control::MemberView& member : changes.members) {
        members.emplace_back(to_object(member));
    }
    object["members"] = std::move(members);
}

void put(json::object& object, const control::LogItem::View& view) {
    object["size"] = view.size;
    object["fingerprint"] = to_utf8(view.fingerprint);
}

void put(json::object& object, const control::LogItem::Record& record) {
    object["member"] = to_utf8(record.member);
    object["version"] = record.version;
    json::array changes;
    for (const auto& [key, value] : record.changes) {
        json::object change;
        change["key"] = to_utf8(key);
        if (value) {
            put_text(change, "value", *value);
        } else {
            change["value"] = nullptr;
        }
        changes.emplace_back(std::move(change));
    }
    object["changes"] = std::move(changes);
}

void put(json::object& object, const control::LogItem::State& state) {
    object["key"] = to_utf8(state.key);
    if (state.entry) {
        object["entry"] = state_object(*state.entry);
    } else {
        object["entry"] = nullptr;
    }
}

void put(json::object& object, const control::LogItem::StateReload& reload) {
    object["reason"] = reload.reason;
    object["dropped"] = reload.dropped;
}

std::string_view kind_of(const control::LogItem& item) {
    struct Namer {
        std::string_view operator()(const control::LogItem::Event&) const { return "event"; }
        std::string_view operator()(const control::LogItem::Gap&) const { return "gap"; }
        std::string_view operator()(const control::LogItem::Member&) const { return "member"; }
        std::string_view operator()(const control::LogItem::Members&) const { return "members"; }
        std::string_view operator()(const control::LogItem::View&) const { return "view"; }
        std::string_view operator()(const control::LogItem::Record&) const { return "record"; }
        std::string_view operator()(const control::LogItem::State&) const { return "state"; }
        std::string_view operator()(const control::LogItem::StateReload&) const {
            return "state_reload";
        }
    };
    return std::visit(Namer{}, item.what);
}

}  // namespace

std::string encode(const control::InfoView& info) {
    json::object object;
    object["version"] = to_utf8(info.version);
    object["node_name"] = to_utf8(info.node_name);
    object["uptime_ms"] = info.uptime_ms;
    object["resident_bytes"] = info.resident_bytes;
    object["overlays"] = info.overlays;
    object["state_folder"] = to_utf8(info.state_folder);
    object["config_file"] = to_utf8(info.config_file);
    object["is_ready"] = info.is_ready;
    return json::serialize(object);
}

std::string encode(const control::OverlayView& overlay) {
    return json::serialize(to_object(overlay));
}

std::string encode(const std::vector<control::OverlayView>& overlays) {
    json::array array;
    for (const control::OverlayView& overlay : overlays) array.emplace_back(to_object(overlay));
    return json::serialize(json::object{{"overlays", std::move(array)}});
}

std::string encode(const control::MemberView& member) {
    return json::serialize(to_object(member));
}

std::string encode(const std::vector<control::MemberView>& members, std::size_t matched) {
    json::array array;
    for (const control::MemberView& member : members) array.emplace_back(to_object(member));
    return json::serialize(json::object{{"members", std::move(array)}, {"matched", matched}});
}

std::string encode(const control::RecordView& record) {
    json::array items;
    for (const control::KeyValue& item : record.items) items.emplace_back(to_object(item));
    json::object object;
    object["member"] = to_utf8(record.member);
    object["version"] = record.version;
    object["items"] = std::move(items);
    return json::serialize(object);
}

std::string encode(const control::KeyValue& item) {
    return json::serialize(to_object(item));
}

std::string encode(const control::PublishReceipt& receipt) {
    return json::serialize(to_object(receipt));
}

std::string encode_invitation(std::string_view token) {
    // An invitation holds the overlay's key: it is valid for as long as the key is.
    return json::serialize(json::object{{"token", token}, {"expires", nullptr}});
}

std::string encode_health() {
    return R"({"status":"alive"})";
}

std::string encode_readiness() {
    return R"({"is_ready":true})";
}

std::string encode(const TokenEntry& entry, std::optional<std::string_view> token) {
    json::object object = to_object(entry);
    if (token) object["token"] = *token;
    return json::serialize(object);
}

std::string encode(const std::vector<TokenEntry>& entries) {
    json::array array;
    for (const TokenEntry& entry : entries) array.emplace_back(to_object(entry));
    return json::serialize(json::object{{"tokens", std::move(array)}});
}

StreamItem encode_item(const control::LogItem& item, const std::string& life,
                       std::optional<std::string_view> subscription) {
    StreamItem encoded;
    encoded.kind = kind_of(item);
    encoded.cursor = to_string(Cursor{life, item.offset + 1});
    json::object object = item_head(encoded.kind, encoded.cursor, subscription);
    object["seen_at_ms"] = item.seen_at.unix_ms;
    std::visit([&object](const auto& what) { put(object, what); }, item.what);
    encoded.json = json::serialize(object);
    return encoded;
}

StreamItem encode_missed(MissedReason reason, std::optional<std::uint64_t> missed,
                         std::string cursor, std::optional<std::string_view> subscription) {
    json::object object = item_head("missed", cursor, subscription);
    object["reason"] = reason == MissedReason::overrun ? "overrun" : "unknown_position";
    object["missed"] = missed ? json::value(*missed) : json::value(nullptr);
    return {"missed", std::move(cursor), json::serialize(object)};
}

std::string encode_page(const std::vector<StreamItem>& items, std::string_view next_cursor) {
    std::string page = R"({"items":[)";
    for (const StreamItem& item : items) {
        if (!page.ends_with('[')) page += ',';
        page += item.json;
    }
    page += R"(],"next":)";
    page += json::serialize(json::value(to_utf8(next_cursor)));
    page += '}';
    return page;
}

std::string encode_ended(std::string_view reason) {
    return json::serialize(json::object{{"type", "ended"}, {"reason", reason}});
}

std::string encode_heartbeat() {
    return R"({"type":"heartbeat"})";
}

std::string encode_subscribed(std::string_view id, std::string_view cursor) {
    return json::serialize(
        json::object{{"type", "subscribed"}, {"id", id}, {"cursor", to_utf8(cursor)}});
}

std::string encode_unsubscribed(std::string_view id) {
    return json::serialize(json::object{{"type", "unsubscribed"}, {"id", id}});
}

std::string encode_published(std::string_view id, const control::PublishReceipt& receipt) {
    json::object object{{"type", "published"}, {"id", id}};
    object["publisher"] = to_utf8(receipt.publisher);
    object["epoch"] = receipt.epoch;
    object["sequence"] = receipt.sequence;
    if (receipt.channel != 0) object["channel"] = receipt.channel;
    object["event_id"] = event_id(receipt);
    return json::serialize(object);
}

std::string encode_error(std::string_view id, std::string_view problem) {
    std::string text = json::serialize(json::object{{"type", "error"}, {"id", id}});
    text.pop_back();
    text += R"(,"problem":)";
    text += problem;
    text += '}';
    return text;
}

}  // namespace grapevine::api
