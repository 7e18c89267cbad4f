#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cmath>
#include <fmt/core.h>

#include "api/encode.hpp"
#include "api/text.hpp"
#include "base/overloaded.hpp"

namespace grapevine::api {

namespace json = boost::json;

namespace {

std::string text_of(const control::SqlValue& value) {
    return std::visit(
        Overloaded{
            [](std::monostate) { return std::string("null"); },
            [](std::int64_t number) { return fmt::format("{}", number); },
            // JSON has no infinity. And people read 1.5 sooner than the 1.5E0 of the library.
            [](double number) {
                return std::isfinite(number) ? fmt::format("{}", number) : std::string("null");
            },
            [](const std::string& text) { return json::serialize(json::value(to_utf8(text))); },
        },
        value);
}

/// `object` as a text, with the rows in it.
std::string with_rows(const json::object& object, const control::TableView& view) {
    std::string text = json::serialize(object);
    text.pop_back();
    text += ",\"rows\":[";
    for (std::size_t row = 0; row < view.rows.size(); ++row) {
        text += row == 0 ? "[" : ",[";
        for (std::size_t cell = 0; cell < view.rows[row].size(); ++cell) {
            text += (cell == 0 ? "" : ",") + text_of(view.rows[row][cell]);
        }
        text += "]";
    }
    return text + "]}";
}

void add_table(json::object& object, const control::TableView& view) {
    json::array columns;
    for (const std::string& column : view.columns) columns.emplace_back(to_utf8(column));
    object["columns"] = std::move(columns);
    object["is_truncated"] = view.is_truncated;
    if (!view.cut.empty()) object["cut"] = to_utf8(view.cut);
    object["age_ms"] = view.age_ms;
    if (view.oldest_ms) object["oldest_ms"] = *view.oldest_ms;
}

json::object definition_of(const control::AggregateSpec& spec) {
    json::object object;
    if (!spec.sql.empty()) {
        object["sql"] = to_utf8(spec.sql);
        return object;
    }
    object["function"] = spec.function;
    if (!spec.key.empty()) object["key"] = to_utf8(spec.key);
    if (!spec.group_by.empty()) object["group_by"] = to_utf8(spec.group_by);
    if (!spec.statuses.empty()) {
        object["statuses"] = json::array(spec.statuses.begin(), spec.statuses.end());
    }
    if (!spec.labels.empty()) {
        json::object labels;
        for (const auto& [key, value] : spec.labels) labels[to_utf8(key)] = to_utf8(value);
        object["labels"] = std::move(labels);
    }
    if (spec.function == "top") object["top"] = spec.top;
    return object;
}

json::object object_of(const control::AggregateView& view) {
    json::object object;
    object["name"] = to_utf8(view.spec.name);
    object["definition"] = definition_of(view.spec);
    object["state"] = view.state;
    if (!view.error.empty()) object["error"] = to_utf8(view.error);
    object["revision"] = view.revision;
    if (view.contributors) object["contributors"] = *view.contributors;
    if (view.lacking) object["lacking"] = *view.lacking;
    add_table(object, view.value);
    return object;
}

}  // namespace

std::string encode(const control::TableView& view) {
    json::object object;
    add_table(object, view);
    return with_rows(object, view);
}

std::string encode(const control::AggregateSpec& spec) {
    return json::serialize(definition_of(spec));
}

std::string encode(const control::AggregateView& view) {
    return with_rows(object_of(view), view.value);
}

std::string encode(const std::vector<control::AggregateView>& views) {
    std::string text = R"({"aggregates":[)";
    for (std::size_t index = 0; index < views.size(); ++index) {
        text += (index == 0 ? "" : ",") + encode(views[index]);
    }
    return text + "]}";
}

}  // namespace grapevine::api
