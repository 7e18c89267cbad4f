#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "api/encode.hpp"
#include "api/text.hpp"

namespace grapevine::api {

namespace json = boost::json;

namespace {

json::object to_object(const control::TraceView::Member& member) {
    return {{"id", to_utf8(member.id)}, {"name", to_utf8(member.name)}};
}

json::array to_array(const std::vector<control::TraceView::Member>& members) {
    json::array array;
    for (const auto& member : members) array.push_back(to_object(member));
    return array;
}

json::object to_object(const control::TraceView::Node& node) {
    json::object object = to_object(node.member);
    if (!node.from.empty()) object["from"] = to_utf8(node.from);
    object["hops"] = node.hops;
    object["repair"] = node.repair;
    object["duplicates"] = node.duplicates;
    object["learned_at_us"] = node.learned_at_us;
    if (node.after_us) object["after_us"] = *node.after_us;
    if (node.hop_us) object["hop_us"] = *node.hop_us;
    object["is_skewed"] = node.is_skewed;
    object["clock"] = node.clock;
    object["skew_us"] = node.skew_us;
    if (node.round_trip_us) object["round_trip_us"] = *node.round_trip_us;
    return object;
}

}  // namespace

std::string encode(const control::TraceView& view) {
    json::object object;
    object["id"] = to_utf8(control::format_event_id(view.event));
    object["publisher"] = to_utf8(view.event.publisher);
    json::array nodes;
    json::array edges;
    for (const control::TraceView::Node& node : view.nodes) {
        nodes.push_back(to_object(node));
        if (node.from.empty()) continue;
        json::object edge{{"from", to_utf8(node.from)}, {"to", to_utf8(node.member.id)}};
        if (node.hop_us) edge["hop_us"] = *node.hop_us;
        edges.push_back(std::move(edge));
    }
    object["nodes"] = std::move(nodes);
    object["edges"] = std::move(edges);
    object["untraced"] = to_array(view.untraced);
    object["lacking"] = to_array(view.lacking);
    object["silent"] = to_array(view.silent);
    object["duplicates"] = view.duplicates;
    object["repairs"] = view.repairs;
    return json::serialize(object);
}

}  // namespace grapevine::api
