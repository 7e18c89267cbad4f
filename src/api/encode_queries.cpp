#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "api/encode.hpp"
#include "api/text.hpp"
#include "base/bytes.hpp"

namespace grapevine::api {

namespace json = boost::json;

namespace {

json::object to_object(const control::QueryMember& member) {
    return {{"id", to_utf8(member.id)}, {"name", to_utf8(member.name)}};
}

json::array to_array(const std::vector<control::QueryMember>& members) {
    json::array array;
    for (const auto& member : members) array.push_back(to_object(member));
    return array;
}

json::array to_array(const std::vector<control::QueryEnd::Without>& members) {
    json::array array;
    for (const auto& without : members) {
        json::object object = to_object(without.member);
        object["reason"] = without.reason;
        array.push_back(std::move(object));
    }
    return array;
}

void put_payload(json::object& object, const Bytes& payload) {
    const std::string_view text = as_text(ByteView(payload));
    if (is_utf8(text)) {
        object["payload"] = text;
    } else {
        object["payload_base64"] = to_base64(ByteView(payload));
    }
}

json::object to_object(const control::QueryAnswer& answer) {
    json::object object;
    object["member"] = to_object(answer.member);
    put_payload(object, answer.payload);
    object["after_us"] = answer.after_us;
    if (answer.round_trip_us) object["round_trip_us"] = *answer.round_trip_us;
    return object;
}

json::object to_object(const control::QueryEnd& end) {
    json::object object;
    object["complete"] = end.missing.empty();
    object["answered"] = to_array(end.answered);
    object["missing"] = to_array(end.missing);
    object["not_expected"] = to_array(end.not_expected);
    object["took_us"] = end.took_us;
    return object;
}

}  // namespace

std::string encode(const control::EstimateView& view) {
    json::object object;
    object["of"] = view.of;
    if (!view.key.empty()) object["key"] = to_utf8(view.key);
    object["method"] = view.method;
    if (view.value) object["value"] = *view.value;
    object["expected_error"] = view.error;
    object["rounds"] = view.rounds;
    if (view.contributors) object["contributors"] = *view.contributors;
    object["took_us"] = view.took_us;
    return json::serialize(object);
}

std::string encode(const control::QueryAnswer& answer) {
    return json::serialize(to_object(answer));
}

std::string encode(const control::QueryEnd& end) {
    return json::serialize(to_object(end));
}

std::string encode(const std::vector<control::QueryAnswer>& answers, const control::QueryEnd& end) {
    json::array array;
    for (const control::QueryAnswer& answer : answers) array.push_back(to_object(answer));
    json::object object = to_object(end);
    object["answers"] = std::move(array);
    return json::serialize(object);
}

std::string encode(const control::QueryCall& call) {
    json::object object;
    object["id"] = call.id;
    object["name"] = call.name;
    put_payload(object, call.payload);
    object["from"] = to_object(call.from);
    object["timeout_ms"] = call.patience_ms;
    return json::serialize(object);
}

std::string encode_serving(std::string_view name) {
    return json::serialize(json::object{{"name", name}});
}

}  // namespace grapevine::api
