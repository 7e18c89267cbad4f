#include "daemon/saved_sessions.hpp"

#include <boost/json.hpp>

#include "base/bytes.hpp"
#include "base/endpoint.hpp"
#include "base/limits.hpp"

namespace grapevine::daemon {
namespace {

namespace json = boost::json;

std::string coded(std::string_view text) {
    return to_base64url(as_bytes(text));
}

std::optional<std::string> decoded(const json::value* value) {
    if (value == nullptr || !value->is_string()) return std::nullopt;
    const auto bytes = from_base64url(value->as_string());
    if (!bytes || bytes->size() > kOldTextBytesMax) return std::nullopt;
    return std::string(as_text(*bytes));
}

std::optional<client::SavedSession> parse_session(const storage::Entry& entry) {
    std::error_code error;
    const json::value document = json::parse(as_text(entry.value), error);
    if (error || !document.is_object()) return std::nullopt;
    const json::object& object = document.as_object();
    client::SavedSession session;
    auto name = decoded(object.if_contains("name"));
    auto secret = decoded(object.if_contains("secret"));
    const json::value* address = object.if_contains("address");
    const json::value* types = object.if_contains("event_types");
    if (!name || !secret || address == nullptr || !address->is_string() || types == nullptr ||
        !types->is_array() || types->as_array().size() > kClientSubscriptionsMax) {
        return std::nullopt;
    }
    const auto endpoint = Endpoint::parse(std::string_view(address->as_string()));
    if (!endpoint) return std::nullopt;
    session.name = std::move(*name);
    session.secret = std::move(*secret);
    session.address = *endpoint;
    for (const json::value& type : types->as_array()) {
        auto text = decoded(&type);
        if (!text) return std::nullopt;
        session.event_types.push_back(std::move(*text));
    }
    return session;
}

}  // namespace

std::string sessions_bucket_of(const std::string& overlay) {
    return "clients/" + overlay;
}

storage::Batch save_session(const std::string& overlay, const std::string& client,
                            const std::optional<client::SavedSession>& session) {
    storage::Write write{sessions_bucket_of(overlay), coded(client), std::nullopt};
    if (session) {
        json::array types;
        for (const std::string& type : session->event_types) types.emplace_back(coded(type));
        const std::string text = json::serialize(json::object{
            {"name", coded(session->name)},
            {"secret", coded(session->secret)},
            {"address", to_string(session->address)},
            {"event_types", std::move(types)},
        });
        const ByteView bytes = as_bytes(text);
        write.value.emplace(bytes.begin(), bytes.end());
    }
    // Losing the last moments with the power costs a client a new subscription, no more.
    return {{std::move(write)}, storage::Durability::lazy};
}

LoadedSessions load_sessions(const std::vector<storage::Entry>& entries) {
    LoadedSessions loaded;
    for (const storage::Entry& entry : entries) {
        auto session = parse_session(entry);
        const bool is_room = loaded.sessions.size() < kLocalClientsMax;
        if (session && is_room) {
            loaded.sessions.push_back(std::move(*session));
        } else {
            ++loaded.damaged_entries;
        }
    }
    return loaded;
}

storage::Batch erase_sessions(const std::string& overlay,
                              const std::vector<storage::Entry>& entries) {
    storage::Batch batch;
    for (const storage::Entry& entry : entries) {
        batch.writes.push_back({sessions_bucket_of(overlay), entry.key, std::nullopt});
    }
    return batch;
}

}  // namespace grapevine::daemon
