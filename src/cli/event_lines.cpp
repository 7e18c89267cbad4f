#include "cli/event_lines.hpp"

#include <utility>

namespace grapevine::cli {

std::optional<ServerEvent> EventLines::take(std::string_view line) {
    if (line.empty()) {
        std::optional<ServerEvent> event;
        if (has_data_ || has_id_) {
            event =
                ServerEvent{id_, has_data_ ? std::move(kind_) : std::string(), std::move(data_)};
        }
        kind_.clear();
        data_.clear();
        has_data_ = false;
        has_id_ = false;
        return event;
    }
    if (line.starts_with(':')) return std::nullopt;
    const std::size_t colon = line.find(':');
    const std::string_view field = line.substr(0, colon);
    std::string_view value =
        colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (field == "id") {
        id_ = value;
        has_id_ = true;
    } else if (field == "event") {
        kind_ = value;
    } else if (field == "data") {
        if (has_data_) data_ += '\n';
        data_ += value;
        has_data_ = true;
    }
    return std::nullopt;
}

}  // namespace grapevine::cli
