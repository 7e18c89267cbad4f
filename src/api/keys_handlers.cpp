#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <string_view>

#include "api/asking.hpp"
#include "api/handlers.hpp"
#include "api/json_reader.hpp"
#include "api/service.hpp"
#include "api/text.hpp"
#include "base/limits.hpp"

namespace grapevine::api {

namespace json = boost::json;

namespace {

json::array to_array(const std::vector<std::uint8_t>& ids) {
    json::array array;
    for (const std::uint8_t id : ids) array.emplace_back(static_cast<int>(id));
    return array;
}

std::string encode(const control::KeysView& view) {
    json::array members;
    for (const control::KeysView::Member& member : view.members) {
        json::object row;
        row["id"] = to_utf8(member.id);
        row["name"] = to_utf8(member.name);
        row["status"] = member.status;
        row["status_age_ms"] = member.status_age_ms;
        row["step"] = member.step;
        row["holds"] = to_array(member.holds);
        if (member.uses) row["uses"] = static_cast<int>(*member.uses);
        members.emplace_back(std::move(row));
    }
    json::object object;
    object["epoch"] = view.epoch;
    object["stage"] = view.stage;
    object["is_complete"] = view.is_complete;
    object["sealing"] = static_cast<int>(view.sealing);
    object["held"] = to_array(view.held);
    object["is_driving"] = view.is_driving;
    object["overruled"] = to_array(view.overruled);
    object["members"] = std::move(members);
    return json::serialize(object);
}

json::object to_object(const control::WipeView& view) {
    json::object object;
    object["part"] = to_utf8(view.part);
    object["epoch"] = view.epoch;
    object["before_ms"] = view.before_ms;
    return object;
}

Outcome<control::RotateKeys> decode_rotation(std::string_view body) {
    static constexpr std::array<std::string_view, 3> kKeys = {"key", "without", "operator_key"};
    const JsonReader reader = GV_TRY(JsonReader::parse(body, kKeys));
    control::RotateKeys wanted;
    wanted.secret = GV_TRY(reader.text("key"));
    wanted.without =
        GV_TRY(reader.texts("without", kRotationWithoutMax)).value_or(std::vector<std::string>{});
    wanted.operator_key = GV_TRY(reader.text("operator_key"));
    return wanted;
}

Outcome<control::Wipe> decode_wipe(std::string_view body) {
    static constexpr std::array<std::string_view, 2> kKeys = {"part", "operator_key"};
    const JsonReader reader = GV_TRY(JsonReader::parse(body, kKeys));
    control::Wipe wanted;
    wanted.part = GV_TRY(reader.required_text("part", "\"records\""));
    wanted.operator_key = GV_TRY(reader.required_text("operator_key", "its 43 characters"));
    return wanted;
}

}  // namespace

void handle_show_keys(Service& service, const CallPointer& call) {
    ask<control::KeysView>(
        service, call, control::ShowKeys{call->path_value("overlay")},
        [](const Call& asked, const control::KeysView& view) { asked.reply(encode(view)); });
}

void handle_rotate_keys(Service& service, const CallPointer& call) {
    auto wanted = decode_rotation(call->request.body);
    if (!wanted) return call->refuse(wanted.error());
    wanted->overlay = call->path_value("overlay");
    ask<control::KeysView>(
        service, call, std::move(*wanted),
        [](const Call& asked, const control::KeysView& view) { asked.reply(encode(view)); });
}

void handle_list_wipes(Service& service, const CallPointer& call) {
    ask<std::vector<control::WipeView>>(
        service, call, control::ListWipes{call->path_value("overlay")},
        [](const Call& asked, const std::vector<control::WipeView>& views) {
            json::array wipes;
            for (const control::WipeView& view : views) wipes.emplace_back(to_object(view));
            asked.reply(json::serialize(json::object{{"wipes", std::move(wipes)}}));
        });
}

void handle_wipe(Service& service, const CallPointer& call) {
    auto wanted = decode_wipe(call->request.body);
    if (!wanted) return call->refuse(wanted.error());
    wanted->overlay = call->path_value("overlay");
    ask<control::WipeView>(service, call, std::move(*wanted),
                           [](const Call& asked, const control::WipeView& view) {
                               asked.reply(json::serialize(to_object(view)));
                           });
}

}  // namespace grapevine::api
