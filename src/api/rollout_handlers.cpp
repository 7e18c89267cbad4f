#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdint>
#include <string_view>

#include "api/asking.hpp"
#include "api/handlers.hpp"
#include "api/json_reader.hpp"
#include "api/service.hpp"
#include "api/text.hpp"

namespace grapevine::api {

namespace json = boost::json;

namespace {

std::string encode(const control::RolloutView& view) {
    json::array settings;
    for (const control::RolloutView::Setting& setting : view.settings) {
        settings.emplace_back(json::object{{"name", to_utf8(setting.name)},
                                           {"before", to_utf8(setting.before)},
                                           {"value", to_utf8(setting.value)}});
    }
    json::array members;
    for (const control::RolloutView::Member& member : view.members) {
        json::object row;
        row["id"] = to_utf8(member.id);
        row["name"] = to_utf8(member.name);
        row["status"] = member.status;
        row["status_age_ms"] = member.status_age_ms;
        row["is_canary"] = member.is_canary;
        row["health"] = member.health;
        row["reason"] = member.reason;
        if (member.running) row["running"] = *member.running;
        row["intervals"] = member.intervals;
        members.emplace_back(std::move(row));
    }
    json::object object;
    object["epoch"] = view.epoch;
    object["stage"] = view.stage;
    object["running"] = view.running;
    object["canary_permille"] = view.canary_permille;
    object["health_interval_ms"] = view.health_interval_ms;
    object["is_overruled"] = view.is_overruled;
    object["settings"] = std::move(settings);
    object["members"] = std::move(members);
    return json::serialize(object);
}

Outcome<control::ProposeRollout> decode_proposal(std::string_view body) {
    static constexpr std::array<std::string_view, 4> kKeys = {"settings", "canary_permille",
                                                              "health_interval_ms", "operator_key"};
    const JsonReader reader = GV_TRY(JsonReader::parse(body, kKeys));
    control::ProposeRollout wanted;
    wanted.settings =
        GV_TRY(reader.labels("settings", control::kRolloutSettingsMax)).value_or(control::Labels{});
    // What is too large for the number is refused by the daemon with the range that is right.
    wanted.canary_permille = GV_TRY(reader.whole("canary_permille", UINT32_MAX));
    wanted.health_interval_ms = GV_TRY(reader.whole("health_interval_ms", UINT32_MAX));
    wanted.operator_key = GV_TRY(reader.required_text("operator_key", "its 43 characters"));
    return wanted;
}

void reply(const Call& asked, const control::RolloutView& view) {
    asked.reply(encode(view));
}

}  // namespace

void handle_show_rollout(Service& service, const CallPointer& call) {
    ask<control::RolloutView>(service, call, control::ShowRollout{call->path_value("overlay")},
                              reply);
}

void handle_propose_rollout(Service& service, const CallPointer& call) {
    auto wanted = decode_proposal(call->request.body);
    if (!wanted) return call->refuse(wanted.error());
    wanted->overlay = call->path_value("overlay");
    ask<control::RolloutView>(service, call, std::move(*wanted), reply);
}

void handle_return_rollout(Service& service, const CallPointer& call) {
    ask<control::RolloutView>(service, call, control::ReturnRollout{call->path_value("overlay")},
                              reply);
}

}  // namespace grapevine::api
