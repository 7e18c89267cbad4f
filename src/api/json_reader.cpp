#include "api/json_reader.hpp"

#include <algorithm>
#include <boost/json/value.hpp>
#include <fmt/core.h>

#include "api/json_value.hpp"
#include "base/nearest.hpp"

namespace grapevine::api {
namespace {

namespace json = boost::json;

Refusal invalid(std::string field, std::string message, std::string cure) {
    return {Refusal::Code::invalid, std::move(message), std::move(cure), std::move(field)};
}

std::string_view kind_name(const json::value& value) {
    switch (value.kind()) {
        case json::kind::null:
            return "null";
        case json::kind::bool_:
            return "true or false";
        case json::kind::int64:
        case json::kind::uint64:
        case json::kind::double_:
            return "a number";
        case json::kind::string:
            return "a string";
        case json::kind::array:
            return "an array";
        case json::kind::object:
            return "an object";
    }
    return "something else";
}

Refusal wrong_type(std::string field, std::string_view expected, const json::value& value) {
    return invalid(std::move(field), fmt::format("expected {}, got {}", expected, kind_name(value)),
                   fmt::format("give {}, or leave the key out", expected));
}

Refusal too_many(std::string field, std::size_t count, std::size_t count_max) {
    return {Refusal::Code::over_limit, fmt::format("has {} entries", count),
            fmt::format("give at most {}", count_max), std::move(field)};
}

}  // namespace

struct JsonReader::Document {
    json::value value;

    [[nodiscard]] const json::value* find(std::string_view key) const {
        return value.get_object().if_contains({key.data(), key.size()});
    }
};

JsonReader::JsonReader(std::unique_ptr<Document> document) : document_(std::move(document)) {}
JsonReader::~JsonReader() = default;
JsonReader::JsonReader(JsonReader&&) noexcept = default;
JsonReader& JsonReader::operator=(JsonReader&&) noexcept = default;

Outcome<JsonReader> JsonReader::parse(std::string_view text,
                                      std::span<const std::string_view> known) {
    json::value value = GV_TRY(parse_json(text));
    if (!value.is_object()) {
        return std::unexpected(
            invalid("", fmt::format("expected an object, got {}", kind_name(value)),
                    "send a JSON object: {\"" + std::string(known.front()) + "\": ...}"));
    }
    for (const auto& [key, unused] : value.get_object()) {
        const std::string name(key.data(), key.size());
        if (std::ranges::find(known, std::string_view(name)) != known.end()) continue;
        return std::unexpected(invalid(name, "unknown key", nearest_cure(name, known)));
    }
    return JsonReader(std::make_unique<Document>(Document{std::move(value)}));
}

bool JsonReader::has(std::string_view key) const {
    return document_->find(key) != nullptr;
}

Outcome<std::optional<std::string>> JsonReader::text(std::string_view key) const {
    const json::value* const value = document_->find(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_string()) {
        return std::unexpected(wrong_type(std::string(key), "a string", *value));
    }
    return std::string(value->get_string().data(), value->get_string().size());
}

Outcome<std::optional<bool>> JsonReader::truth(std::string_view key) const {
    const json::value* const value = document_->find(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_bool()) {
        return std::unexpected(wrong_type(std::string(key), "true or false", *value));
    }
    return value->get_bool();
}

Outcome<std::optional<std::uint64_t>> JsonReader::whole(std::string_view key,
                                                        std::uint64_t maximum) const {
    const json::value* const value = document_->find(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_number()) {
        return std::unexpected(wrong_type(std::string(key), "a whole number", *value));
    }
    json::error_code error;
    const auto number = value->to_number<std::uint64_t>(error);
    if (error || number > maximum) {
        return std::unexpected(invalid(std::string(key),
                                       "not a whole number in the range of this key",
                                       fmt::format("give a whole number from 0 to {}", maximum)));
    }
    return number;
}

Outcome<std::optional<std::vector<std::string>>> JsonReader::texts(std::string_view key,
                                                                   std::size_t count_max) const {
    const json::value* const value = document_->find(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_array()) {
        return std::unexpected(wrong_type(std::string(key), "an array of strings", *value));
    }
    const json::array& array = value->get_array();
    if (array.size() > count_max) {
        return std::unexpected(too_many(std::string(key), array.size(), count_max));
    }
    std::vector<std::string> texts;
    for (std::size_t index = 0; index < array.size(); ++index) {
        if (!array[index].is_string()) {
            return std::unexpected(
                wrong_type(fmt::format("{}[{}]", key, index), "a string", array[index]));
        }
        const json::string& text = array[index].get_string();
        texts.emplace_back(text.data(), text.size());
    }
    return texts;
}

Outcome<std::optional<std::vector<control::SqlValue>>> JsonReader::values(
    std::string_view key, std::size_t count_max) const {
    const json::value* const value = document_->find(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_array()) {
        return std::unexpected(wrong_type(std::string(key), "an array", *value));
    }
    const json::array& array = value->get_array();
    if (array.size() > count_max) {
        return std::unexpected(too_many(std::string(key), array.size(), count_max));
    }
    std::vector<control::SqlValue> values;
    for (std::size_t index = 0; index < array.size(); ++index) {
        const json::value& item = array[index];
        if (const json::string* text = item.if_string()) {
            values.emplace_back(std::string(text->data(), text->size()));
        } else if (item.is_bool()) {
            values.emplace_back(std::int64_t{item.get_bool()});
        } else if (item.is_int64()) {
            values.emplace_back(std::int64_t{item.get_int64()});
        } else if (item.is_number()) {
            values.emplace_back(item.to_number<double>());
        } else if (item.is_null()) {
            values.emplace_back(std::monostate());
        } else {
            return std::unexpected(
                wrong_type(fmt::format("{}[{}]", key, index), "a string, number or null", item));
        }
    }
    return values;
}

Outcome<std::optional<control::Labels>> JsonReader::labels(std::string_view key,
                                                           std::size_t count_max) const {
    const json::value* const value = document_->find(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_object()) {
        return std::unexpected(wrong_type(std::string(key), "an object of strings", *value));
    }
    const json::object& object = value->get_object();
    if (object.size() > count_max) {
        return std::unexpected(too_many(std::string(key), object.size(), count_max));
    }
    control::Labels labels;
    for (const auto& [name, label] : object) {
        const std::string name_text(name.data(), name.size());
        if (!label.is_string()) {
            return std::unexpected(
                wrong_type(fmt::format("{}.{}", key, name_text), "a string", label));
        }
        labels.emplace_back(name_text,
                            std::string(label.get_string().data(), label.get_string().size()));
    }
    std::ranges::sort(labels);
    return labels;
}

Outcome<std::string> JsonReader::required_text(std::string_view key,
                                               std::string_view example) const {
    std::optional<std::string> value = GV_TRY(text(key));
    if (!value) {
        return std::unexpected(invalid(std::string(key), "the key is missing",
                                       fmt::format("give it, as in \"{}\": {}", key, example)));
    }
    return *std::move(value);
}

}  // namespace grapevine::api
