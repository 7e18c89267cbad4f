#include <array>
#include <fmt/core.h>

#include "api/decode.hpp"
#include "api/json_reader.hpp"
#include "base/limits.hpp"
#include "base/query_names.hpp"

namespace grapevine::api {
namespace {

constexpr std::uint64_t kTimeoutMaxMs = 120'000;

Outcome<void> check_name(const std::string& name) {
    if (is_query_name(name)) return {};
    return std::unexpected(
        Refusal{Refusal::Code::invalid, fmt::format("\"{}\" is no name of a query", name),
                fmt::format("use 1 to {} letters, digits and -._", kQueryNameBytesMax), "name"});
}

Outcome<std::int64_t> read_timeout(const JsonReader& reader, std::int64_t otherwise) {
    const auto given = GV_TRY(reader.whole("timeout_ms", kTimeoutMaxMs));
    if (!given) return otherwise;
    if (*given > 0) return static_cast<std::int64_t>(*given);
    return std::unexpected(Refusal{Refusal::Code::invalid, "0 is no time to wait",
                                   fmt::format("give 1 to {}", kTimeoutMaxMs), "timeout_ms"});
}

}  // namespace

Outcome<control::AskQuery> decode_query(std::string_view json) {
    static constexpr std::array<std::string_view, 5> kKeys = {"name", "payload", "payload_base64",
                                                              "filter", "timeout_ms"};
    const JsonReader reader = GV_TRY(JsonReader::parse(json, kKeys));
    control::AskQuery query;
    query.name = GV_TRY(reader.required_text("name", "\"version\""));
    GV_TRY_VOID(check_name(query.name));
    if (reader.has("payload") || reader.has("payload_base64")) {
        query.payload = GV_TRY(read_payload(reader));
    }
    if (query.payload.size() > kQueryPayloadBytesMax) {
        return std::unexpected(
            Refusal{Refusal::Code::over_limit, fmt::format("has {} bytes", query.payload.size()),
                    fmt::format("at most {} are possible", kQueryPayloadBytesMax), "payload"});
    }
    auto filters = GV_TRY(reader.texts("filter", kQueryFiltersMax));
    if (filters) query.filters = *std::move(filters);
    query.patience_ms = GV_TRY(read_timeout(reader, query.patience_ms));
    return query;
}

Outcome<Bytes> decode_query_answer(std::string_view json) {
    static constexpr std::array<std::string_view, 2> kKeys = {"payload", "payload_base64"};
    return read_payload(GV_TRY(JsonReader::parse(json, kKeys)));
}

}  // namespace grapevine::api
