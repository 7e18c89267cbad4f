#include <array>
#include <limits>

#include "api/decode.hpp"
#include "api/json_reader.hpp"
#include "base/limits.hpp"

namespace grapevine::api {

Outcome<SqlBody> decode_sql(std::string_view json) {
    static constexpr std::array<std::string_view, 2> kKnown = {"sql", "parameters"};
    const JsonReader reader = GV_TRY(JsonReader::parse(json, kKnown));
    SqlBody body;
    body.sql = GV_TRY(reader.required_text("sql", "\"select count(*) from members\""));
    auto parameters = GV_TRY(reader.values("parameters", kSqlParametersMax));
    if (parameters) body.parameters = std::move(*parameters);
    return body;
}

Outcome<control::AggregateSpec> decode_aggregate(std::string_view json, std::string name) {
    static constexpr std::array<std::string_view, 7> kKnown = {
        "sql", "function", "key", "group_by", "statuses", "labels", "top"};
    const JsonReader reader = GV_TRY(JsonReader::parse(json, kKnown));
    control::AggregateSpec spec;
    spec.name = std::move(name);
    spec.sql = GV_TRY(reader.text("sql")).value_or("");
    for (const std::string_view key : kKnown) {
        if (spec.sql.empty() || key == "sql" || !reader.has(key)) continue;
        return std::unexpected(Refusal{Refusal::Code::invalid, "stands beside sql",
                                       "give sql, or function with what belongs to it",
                                       std::string(key)});
    }
    if (!spec.sql.empty()) return spec;
    spec.function = GV_TRY(reader.required_text("function", "\"mean\""));
    spec.key = GV_TRY(reader.text("key")).value_or("");
    spec.group_by = GV_TRY(reader.text("group_by")).value_or("");
    spec.statuses = GV_TRY(reader.texts("statuses", 4)).value_or(std::vector<std::string>());
    spec.labels = GV_TRY(reader.labels("labels", kLabelsMax)).value_or(control::Labels());
    const auto top = GV_TRY(reader.whole("top", std::numeric_limits<std::uint32_t>::max()));
    if (top) spec.top = static_cast<std::uint32_t>(*top);
    return spec;
}

}  // namespace grapevine::api
