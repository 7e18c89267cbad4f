#include "api/decode_state.hpp"

#include <array>
#include <fmt/core.h>

#include "api/json_reader.hpp"
#include "base/bytes.hpp"
#include "base/limits.hpp"

namespace grapevine::api {
namespace {

constexpr std::uint64_t kStepMax = std::uint64_t{1} << 52U;

Refusal invalid(std::string_view field, std::string message, std::string cure) {
    return {Refusal::Code::invalid, std::move(message), std::move(cure), std::string(field)};
}

Outcome<void> check_value(std::string_view field, std::size_t bytes) {
    if (bytes <= kStateValueBytesMax) return {};
    return std::unexpected(Refusal{Refusal::Code::over_limit, fmt::format("has {} bytes", bytes),
                                   fmt::format("use at most {}", kStateValueBytesMax),
                                   std::string(field)});
}

Outcome<StateChange::Value> read_value(const JsonReader& reader) {
    StateChange::Value value;
    const auto text = GV_TRY(reader.text("value"));
    if (text) {
        value.bytes = *text;
        GV_TRY_VOID(check_value("value", value.bytes.size()));
    } else {
        const std::string encoded = GV_TRY(reader.required_text("value_base64", "\"AAEC\""));
        const auto decoded = from_base64(encoded);
        if (!decoded) {
            return std::unexpected(invalid("value_base64", "not valid base64",
                                           "use the alphabet of RFC 4648 section 4, with padding"));
        }
        value.bytes = as_text(*decoded);
        GV_TRY_VOID(check_value("value_base64", value.bytes.size()));
    }
    value.lifetime_ms = GV_TRY(reader.whole("ttl_ms", kStateLifetimeMaxMs));
    if (value.lifetime_ms == std::uint64_t{0}) {
        return std::unexpected(invalid("ttl_ms", "0 is no lifetime", "leave it out: it lives on"));
    }
    return value;
}

Outcome<StateChange::Elements> read_elements(const JsonReader& reader) {
    StateChange::Elements elements;
    using Texts = std::vector<std::string>;
    elements.added = GV_TRY(reader.texts("elements_add", kStateElementsMax)).value_or(Texts{});
    elements.removed = GV_TRY(reader.texts("elements_remove", kStateElementsMax)).value_or(Texts{});
    return elements;
}

}  // namespace

Outcome<StateChange> decode_state_change(std::string_view json) {
    static constexpr std::array<std::string_view, 7> kKeys = {
        "value", "value_base64", "ttl_ms", "add", "subtract", "elements_add", "elements_remove"};
    const JsonReader reader = GV_TRY(JsonReader::parse(json, kKeys));
    const bool is_set = reader.has("elements_add") || reader.has("elements_remove");
    int kinds = is_set ? 1 : 0;
    for (const std::string_view key : {"value", "value_base64", "add", "subtract"}) {
        kinds += reader.has(key) ? 1 : 0;
    }
    const bool is_value = reader.has("value") || reader.has("value_base64");
    if (kinds != 1 || (reader.has("ttl_ms") && !is_value)) {
        return std::unexpected(
            invalid("value", kinds == 1 ? "only values have a lifetime" : "is not one change",
                    "give one of value (with ttl_ms if wanted), value_base64, add, subtract, and "
                    "elements_add with elements_remove"));
    }
    StateChange change;
    if (is_value) {
        change.what = GV_TRY(read_value(reader));
    } else if (is_set) {
        change.what = GV_TRY(read_elements(reader));
    } else {
        const auto up = GV_TRY(reader.whole("add", kStepMax));
        const auto down = GV_TRY(reader.whole("subtract", kStepMax));
        const auto step = static_cast<std::int64_t>(up ? *up : *down);
        change.what = StateChange::Add{up ? step : -step};
    }
    return change;
}

Outcome<std::vector<std::pair<std::string, std::string>>> decode_state_load(std::string_view json) {
    static constexpr std::array<std::string_view, 1> kKeys = {"values"};
    const JsonReader reader = GV_TRY(JsonReader::parse(json, kKeys));
    auto values = GV_TRY(reader.labels("values", kStateSpreadCellsMax));
    if (!values || values->empty()) {
        return std::unexpected(
            invalid("values", "is missing or empty", "give {\"values\": {\"key\": \"value\"}}"));
    }
    for (const auto& [key, value] : *values)
        GV_TRY_VOID(check_value("values." + key, value.size()));
    return *std::move(values);
}

}  // namespace grapevine::api
