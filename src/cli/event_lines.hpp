#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace grapevine::cli {

/// One server-sent event.
struct ServerEvent {
    std::string id;    ///< The cursor so far, also when this event carried none itself.
    std::string kind;  ///< "event", "gap", "member", "missed", ...; empty: only the id moved.
    std::string data;
};

/// Puts the lines of an event stream together (HTML standard, section 9.2.6). Unknown fields and
/// comments are ignored, as the standard asks.
class EventLines {
public:
    /// A line without its end. Gives an event when this was the empty line behind one.
    std::optional<ServerEvent> take(std::string_view line);

    /// The last id: where to continue on another connection.
    [[nodiscard]] const std::string& cursor() const { return id_; }

private:
    std::string id_;
    std::string kind_;
    std::string data_;
    bool has_data_ = false;
    bool has_id_ = false;
};

}  // namespace grapevine::cli
