#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api/token_book.hpp"
#include "base/bytes.hpp"
#include "base/error.hpp"
#include "control/control.hpp"

// JSON from clients into values. Strict: unknown and duplicate keys, wrong types, ill-formed UTF-8,
// anything after the document and depth above `kJsonDepthMax` are refused, each with the place
// ("seeds[3]: expected a string, got a number"). A key that is there has a value: null is refused.
// What a value means is checked by who acts on it; here only its type and the limits on lists.
namespace grapevine::api {

class JsonReader;

enum class OverlayName : std::uint8_t {
    required,  ///< In a creation.
    optional,  ///< In a change, where the path names the overlay.
};
[[nodiscard]] Outcome<control::OverlaySpec> decode_overlay_spec(std::string_view json,
                                                                OverlayName name);

struct EventBody {
    std::string topic;
    Bytes payload;
    bool is_traced = false;
    std::vector<control::EventId> after{};
};
/// Exactly one of payload and payload_base64; "trace" and "after" may be left out.
[[nodiscard]] Outcome<EventBody> decode_event(std::string_view json);
/// Ids of events, at most kDependenciesMax.
[[nodiscard]] Outcome<std::vector<control::EventId>> read_event_ids(
    const std::vector<std::string>& texts, std::string_view field);

/// At most one of payload and payload_base64. The overlay stands in the path.
[[nodiscard]] Outcome<control::AskQuery> decode_query(std::string_view json);
/// Exactly one of them.
[[nodiscard]] Outcome<Bytes> decode_query_answer(std::string_view json);
/// Exactly one of payload and payload_base64 of a document.
[[nodiscard]] Outcome<Bytes> read_payload(const JsonReader& reader);

/// {"value": "..."}, or the text itself if it is not JSON; UTF-8.
[[nodiscard]] Outcome<std::string> decode_record_value(std::string_view media_type,
                                                       std::string_view body);

enum class Seeds : std::uint8_t { required, optional };
/// {"seeds": ["host:port", ...]}; when required, at least one.
[[nodiscard]] Outcome<std::vector<std::string>> decode_seeds(std::string_view json, Seeds seeds);

/// {"token": "..."}
[[nodiscard]] Outcome<std::string> decode_invitation(std::string_view json);

struct TokenBody {
    std::string name;
    std::vector<Scope> scopes;
    std::vector<std::string> overlays;
};
/// `overlays` defaults to ["*"], the name to nothing.
/// read, publish or admin.
[[nodiscard]] Outcome<Scope> decode_scope(std::string_view name, std::string_view field);
[[nodiscard]] Outcome<TokenBody> decode_token(std::string_view json);

struct SqlBody {
    std::string sql;
    std::vector<control::SqlValue> parameters;
};
/// {"sql": "...", "parameters": [...]}
[[nodiscard]] Outcome<SqlBody> decode_sql(std::string_view json);

/// Either {"sql": ...} or {"function": ..., ...}.
[[nodiscard]] Outcome<control::AggregateSpec> decode_aggregate(std::string_view json,
                                                               std::string name);

// -- Messages of a WebSocket --

struct SubscribeMessage {
    std::string id;
    std::vector<std::string> topics;  ///< Absent means all (">"), unless events are not wanted.
    bool with_members = false;
    bool with_records = false;
    std::vector<std::string> state_prefixes{};  ///< At most kStreamTopicsMax.
    std::optional<std::string> cursor;
    std::optional<std::string> from;
};
struct UnsubscribeMessage {
    std::string id;
};
struct PublishMessage {
    std::string id;
    EventBody event;
};
using SocketMessage = std::variant<SubscribeMessage, UnsubscribeMessage, PublishMessage>;

/// `id_out` is set as soon as the id could be read, so that a refusal of the rest can name it.
[[nodiscard]] Outcome<SocketMessage> decode_socket_message(std::string_view json,
                                                           std::string& id_out);

// -- Checks that several callers share --

/// A topic or a pattern: not empty, at most `kTopicBytesMax` bytes, no blank or control character.
[[nodiscard]] Outcome<void> check_topic(std::string_view topic, std::string_view field);
/// Several patterns, at most `kStreamTopicsMax`; none means all topics (">").
/// With `Events::unwanted` there must be none, and none is what it gives.
enum class Events : std::uint8_t { wanted, unwanted };
[[nodiscard]] Outcome<std::vector<std::string>> check_topics(std::vector<std::string> topics,
                                                             Events events, std::string_view field);
[[nodiscard]] Outcome<void> check_payload(std::size_t bytes, std::string_view field);

}  // namespace grapevine::api
