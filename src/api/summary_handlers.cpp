#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdint>
#include <string_view>

#include "api/asking.hpp"
#include "api/decode.hpp"
#include "api/handlers.hpp"
#include "api/json_reader.hpp"
#include "api/service.hpp"
#include "api/text.hpp"

namespace grapevine::api {

namespace json = boost::json;

namespace {

using control::SummaryView;

/// Ten years: what is longer does not expire.
constexpr std::uint64_t kExpiresInMsMax = 10ULL * 365 * 24 * 3600 * 1000;

json::object texts_of(const std::vector<std::pair<std::string, std::string>>& texts) {
    json::object object;
    for (const auto& [key, value] : texts) object[to_utf8(key)] = to_utf8(value);
    return object;
}

json::object encode(const SummaryView::Row& row) {
    json::array representatives;
    for (const std::string& id : row.representatives) representatives.emplace_back(id);
    json::object object;
    object["name"] = to_utf8(row.name);
    if (!row.display.empty()) object["member_name"] = to_utf8(row.display);
    object["members"] = row.members;
    object["age_ms"] = row.age_ms;
    object["is_own"] = row.is_own;
    object["representatives"] = std::move(representatives);
    object["attributes"] = texts_of(row.attributes);
    return object;
}

json::object encode(const SummaryView::Level& level) {
    json::array rows;
    for (const SummaryView::Row& row : level.rows) rows.emplace_back(encode(row));
    json::object object;
    object["label"] = to_utf8(level.label);
    object["zone"] = to_utf8(level.zone);
    object["is_spoken_for"] = level.is_spoken_for;
    object["rows"] = std::move(rows);
    return object;
}

json::object encode(const SummaryView::Statement& statement) {
    json::object object;
    object["name"] = to_utf8(statement.name);
    object["sql"] = to_utf8(statement.sql);
    object["epoch"] = statement.epoch;
    if (statement.expires_at) object["expires_at"] = *statement.expires_at;
    object["state"] = statement.state;
    if (!statement.error.empty()) object["error"] = to_utf8(statement.error);
    return object;
}

std::string encode(const SummaryView& view) {
    json::array levels;
    for (const SummaryView::Level& level : view.levels) levels.emplace_back(encode(level));
    json::array statements;
    for (const auto& statement : view.statements) statements.emplace_back(encode(statement));
    json::object object;
    object["is_on"] = view.is_on;
    object["levels"] = std::move(levels);
    object["statements"] = std::move(statements);
    object["values"] = texts_of(view.values);
    return json::serialize(object);
}

void reply(const Call& asked, const SummaryView& view) {
    asked.reply(encode(view));
}

Outcome<control::SetSummary> decode_order(std::string_view body) {
    static constexpr std::array<std::string_view, 3> kKeys = {"sql", "expires_in_ms",
                                                              "operator_key"};
    const JsonReader reader = GV_TRY(JsonReader::parse(body, kKeys));
    control::SetSummary wanted;
    wanted.sql = GV_TRY(
        reader.required_text("sql", "\"select sum(record_number('load')) as load from members\""));
    if (wanted.sql.empty()) {
        return std::unexpected(Refusal{Refusal::Code::invalid, "the statement is empty",
                                       "write one SELECT, or remove it with DELETE", "sql"});
    }
    wanted.expires_in_ms = GV_TRY(reader.whole("expires_in_ms", kExpiresInMsMax));
    wanted.operator_key = GV_TRY(reader.required_text("operator_key", "its 43 characters"));
    return wanted;
}

Outcome<control::SetSummary> decode_removal(std::string_view body) {
    static constexpr std::array<std::string_view, 1> kKeys = {"operator_key"};
    const JsonReader reader = GV_TRY(JsonReader::parse(body, kKeys));
    control::SetSummary wanted;
    wanted.operator_key = GV_TRY(reader.required_text("operator_key", "its 43 characters"));
    return wanted;
}

void order(Service& service, const CallPointer& call, Outcome<control::SetSummary> wanted) {
    if (!wanted) return call->refuse(wanted.error());
    wanted->overlay = call->path_value("overlay");
    wanted->name = call->path_value("name");
    ask<SummaryView>(service, call, *std::move(wanted), reply);
}

}  // namespace

void handle_show_summary(Service& service, const CallPointer& call) {
    ask<SummaryView>(service, call, control::ShowSummary{call->path_value("overlay")}, reply);
}

void handle_set_summary(Service& service, const CallPointer& call) {
    order(service, call, decode_order(call->request.body));
}

void handle_remove_summary(Service& service, const CallPointer& call) {
    order(service, call, decode_removal(call->request.body));
}

void handle_set_zone_value(Service& service, const CallPointer& call) {
    auto value = decode_record_value(call->body_type(), call->request.body);
    if (!value) return call->refuse(value.error());
    ask<SummaryView>(service, call,
                     control::SetZoneValue{call->path_value("overlay"), call->path_value("key"),
                                           *std::move(value)},
                     reply);
}

void handle_erase_zone_value(Service& service, const CallPointer& call) {
    ask<SummaryView>(
        service, call,
        control::SetZoneValue{call->path_value("overlay"), call->path_value("key"), std::nullopt},
        reply);
}

}  // namespace grapevine::api
