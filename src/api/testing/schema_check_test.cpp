#include "api/testing/schema_check.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>

#include "api/openapi.hpp"

namespace grapevine::api::testing {
namespace {

namespace json = boost::json;

const json::object& schemas() {
    static const json::object parsed = json::parse(std::string(openapi_schemas())).as_object();
    return parsed;
}

bool has_type(const json::value& value, std::string_view type) {
    if (type == "string") return value.is_string();
    if (type == "number") return value.is_number();
    if (type == "integer") return value.is_int64() || value.is_uint64();
    if (type == "number") return value.is_number();
    if (type == "boolean") return value.is_bool();
    if (type == "array") return value.is_array();
    if (type == "object") return value.is_object();
    return type == "null" && value.is_null();
}

std::string check(const json::value& value, const json::object& schema, const std::string& place);

std::string check_type(const json::value& value, const json::object& schema,
                       const std::string& place) {
    const auto* const type = schema.if_contains("type");
    if (type == nullptr) return {};
    bool is_right = false;
    if (type->is_string()) is_right = has_type(value, std::string(type->get_string()));
    if (type->is_array()) {
        for (const json::value& option : type->get_array()) {
            is_right = is_right || has_type(value, std::string(option.as_string()));
        }
    }
    return is_right ? "" : place + ": is not of type " + json::serialize(*type);
}

std::string check_object(const json::object& object, const json::object& schema,
                         const std::string& place) {
    if (const auto* const required = schema.if_contains("required")) {
        for (const json::value& key : required->as_array()) {
            if (!object.contains(key.as_string())) {
                return place + ": lacks " + std::string(key.as_string());
            }
        }
    }
    const auto* const properties = schema.if_contains("properties");
    const auto* const others = schema.if_contains("additionalProperties");
    for (const auto& [key, value] : object) {
        const std::string inner = place + "." + std::string(key);
        const json::value* known =
            properties != nullptr ? properties->as_object().if_contains(key) : nullptr;
        if (known == nullptr && others != nullptr && others->is_object()) known = others;
        if (known == nullptr && others != nullptr && others->is_bool() && !others->get_bool()) {
            return inner + ": is not in the schema";
        }
        if (known == nullptr) continue;
        if (std::string found = check(value, known->as_object(), inner); !found.empty()) {
            return found;
        }
    }
    return {};
}

std::string check(const json::value& value, const json::object& schema, const std::string& place) {
    if (const auto* const reference = schema.if_contains("$ref")) {
        const std::string name(reference->as_string());
        return check(value, schemas().at(name.substr(name.rfind('/') + 1)).as_object(), place);
    }
    if (const auto* const options = schema.if_contains("oneOf")) {
        int fitting = 0;
        for (const json::value& option : options->as_array()) {
            fitting += check(value, option.as_object(), place).empty() ? 1 : 0;
        }
        return fitting == 1 ? "" : place + ": fits " + std::to_string(fitting) + " alternatives";
    }
    if (const auto* const constant = schema.if_contains("const")) {
        if (value != *constant) return place + ": is not the constant";
    }
    if (const auto* const options = schema.if_contains("enum")) {
        bool is_known = false;
        for (const json::value& option : options->as_array()) is_known |= option == value;
        if (!is_known) return place + ": is not one of the values";
    }
    if (std::string found = check_type(value, schema, place); !found.empty()) return found;
    if (value.is_object()) return check_object(value.get_object(), schema, place);
    const auto* const items = schema.if_contains("items");
    if (!value.is_array() || items == nullptr) return {};
    for (std::size_t index = 0; index < value.get_array().size(); ++index) {
        const std::string inner = place + "[" + std::to_string(index) + "]";
        std::string found = check(value.get_array()[index], items->as_object(), inner);
        if (!found.empty()) return found;
    }
    return {};
}

TEST(SchemaCheck, finds_what_is_missing_foreign_or_of_another_type) {
    EXPECT_EQ(violation(R"({"key":"k","value":"v","version":1})", "KeyValue"), "");
    EXPECT_EQ(violation(R"({"key":"k"})", "KeyValue"), "$: lacks version");
    EXPECT_EQ(violation(R"({"key":"k","version":1,"x":1})", "KeyValue"),
              "$.x: is not in the schema");
    EXPECT_EQ(violation(R"({"key":1,"version":1})", "KeyValue"),
              "$.key: is not of type \"string\"");
    EXPECT_EQ(violation(R"({"overlays":[{}]})", "OverlayList"), "$.overlays[0]: lacks name");
    EXPECT_EQ(violation(R"({"type":"gap"})", "StreamItem"), "$: fits 0 alternatives");
    EXPECT_NE(violation("nonsense", "KeyValue"), "");
}

}  // namespace

std::string violation(std::string_view text, std::string_view schema) {
    json::error_code error;
    const json::value value = json::parse(std::string(text), error);
    if (error) return "not JSON: " + std::string(text);
    return check(value, schemas().at(std::string(schema)).as_object(), "$");
}

}  // namespace grapevine::api::testing
