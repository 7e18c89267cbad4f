#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "api/encode.hpp"
#include "api/text.hpp"

namespace grapevine::api {

namespace json = boost::json;

std::string encode(const control::RoundTripView& view) {
    json::object object;
    const auto end = [](const std::string& id, const std::string& name) {
        return json::object{{"id", to_utf8(id)}, {"name", to_utf8(name)}};
    };
    object["from"] = end(view.from, view.from_name);
    object["to"] = end(view.to, view.to_name);
    if (view.estimated_us) object["estimated_us"] = *view.estimated_us;
    if (view.error_percent) object["error_percent"] = *view.error_percent;
    if (view.measured_us) object["measured_us"] = *view.measured_us;
    if (view.measured_age_ms) object["measured_age_ms"] = *view.measured_age_ms;
    json::array unknown;
    for (const std::string& id : view.unknown) unknown.emplace_back(to_utf8(id));
    object["unknown"] = std::move(unknown);
    return json::serialize(object);
}

}  // namespace grapevine::api
