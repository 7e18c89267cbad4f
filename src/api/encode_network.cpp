#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "api/encode.hpp"
#include "api/text.hpp"

namespace grapevine::api {

namespace json = boost::json;

namespace {

json::object end(const std::string& id, const std::string& name) {
    return {{"id", to_utf8(id)}, {"name", to_utf8(name)}};
}

}  // namespace

std::string encode(const control::ReachabilityView& view) {
    json::array members;
    for (const control::ReachabilityView::Member& member : view.members) {
        json::object row = end(member.id, member.name);
        row["status"] = to_utf8(member.status);
        row["has_answered"] = member.has_answered;
        row["paths"] = member.paths;
        if (!member.rtt_us.empty()) {
            json::array trips;
            for (const auto& trip : member.rtt_us) {
                trips.emplace_back(trip ? json::value(*trip) : json::value(nullptr));
            }
            row["rtt_us"] = std::move(trips);
        }
        members.emplace_back(std::move(row));
    }
    json::array troubles;
    for (const control::ReachabilityView::Trouble& trouble : view.troubles) {
        json::object item;
        item["kind"] = trouble.kind;
        item["from"] = end(trouble.from, trouble.from_name);
        item["to"] = end(trouble.to, trouble.to_name);
        item["text"] = to_utf8(trouble.text);
        troubles.emplace_back(std::move(item));
    }
    json::object object;
    object["members"] = std::move(members);
    object["troubles"] = std::move(troubles);
    return json::serialize(object);
}

std::string encode(const control::RoundTripView& view) {
    json::object object;
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
