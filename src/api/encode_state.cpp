#include "api/encode_state.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "api/encode.hpp"
#include "api/text.hpp"
#include "base/bytes.hpp"

namespace grapevine::api {

namespace json = boost::json;

json::object state_object(const control::StateEntryView& entry) {
    json::object object;
    object["key"] = to_utf8(entry.key);
    object["type"] = entry.type;
    object["version"] = entry.version;
    if (entry.type == "value") {
        if (is_utf8(entry.value)) {
            object["value"] = entry.value;
        } else {
            object["value_base64"] = to_base64(as_bytes(entry.value));
        }
        object["writer"] = entry.writer;
        if (entry.expires_at_ms != 0) object["expires_at_ms"] = entry.expires_at_ms;
    } else if (entry.type == "counter") {
        object["count"] = entry.count;
    } else {
        json::array elements;
        for (const std::string& element : entry.elements) elements.emplace_back(to_utf8(element));
        object["elements"] = std::move(elements);
        object["element_count"] = entry.element_count;
    }
    return object;
}

std::string encode(const control::StateEntryView& entry) {
    return json::serialize(state_object(entry));
}

std::string encode(const control::StatePage& page) {
    json::array entries;
    for (const control::StateEntryView& entry : page.entries) {
        entries.emplace_back(state_object(entry));
    }
    json::object object{{"entries", std::move(entries)}};
    if (page.next.empty()) {
        object["next"] = nullptr;
    } else {
        object["next"] = to_utf8(page.next);
    }
    return json::serialize(object);
}

}  // namespace grapevine::api
