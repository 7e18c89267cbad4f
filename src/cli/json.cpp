#include "cli/json.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/core.h>

namespace grapevine::cli {

namespace json = boost::json;

namespace {

/// As people write numbers: 40, where the library writes 4E1.
std::string leaf(const json::value& value) {
    return value.is_double() ? fmt::format("{}", value.get_double()) : json::serialize(value);
}

std::string plain(const json::value& value) {
    if (value.is_string()) {
        const json::string& text = value.get_string();
        return std::string(text.data(), text.size());
    }
    return value.is_null() ? std::string() : leaf(value);
}

void write_pretty(const json::value& value, std::size_t depth, std::string& into) {
    const std::string indent((depth + 1) * 2, ' ');
    const std::string end(depth * 2, ' ');
    if (value.is_object() && !value.get_object().empty()) {
        bool is_first = true;
        for (const auto& [key, member] : value.get_object()) {
            into += is_first ? "{\n" : ",\n";
            is_first = false;
            into += indent + json::serialize(json::value(key)) + ": ";
            write_pretty(member, depth + 1, into);
        }
        into += "\n" + end + "}";
    } else if (value.is_array() && !value.get_array().empty()) {
        bool is_first = true;
        for (const json::value& item : value.get_array()) {
            into += is_first ? "[\n" : ",\n";
            is_first = false;
            into += indent;
            write_pretty(item, depth + 1, into);
        }
        into += "\n" + end + "]";
    } else {
        into += leaf(value);
    }
}

}  // namespace

const json::value& value_at(const json::value& object, std::string_view key) {
    static const json::value kNothing;
    if (!object.is_object()) return kNothing;
    const json::value* found =
        object.get_object().if_contains(json::string_view(key.data(), key.size()));
    return found == nullptr ? kNothing : *found;
}

std::string text_at(const json::value& object, std::string_view key) {
    return plain(value_at(object, key));
}

std::int64_t number_at(const json::value& object, std::string_view key) {
    const json::value& value = value_at(object, key);
    if (value.is_int64()) return value.get_int64();
    if (value.is_uint64()) return static_cast<std::int64_t>(value.get_uint64());
    if (value.is_double()) return static_cast<std::int64_t>(value.get_double());
    return 0;
}

double real_at(const json::value& object, std::string_view key) {
    const json::value& value = value_at(object, key);
    return value.is_double() ? value.get_double() : static_cast<double>(number_at(object, key));
}

bool truth_at(const json::value& object, std::string_view key) {
    const json::value& value = value_at(object, key);
    return value.is_bool() && value.get_bool();
}

const json::array& items_at(const json::value& object, std::string_view key) {
    static const json::array kNone;
    const json::value& value = value_at(object, key);
    return value.is_array() ? value.get_array() : kNone;
}

std::string pairs_at(const json::value& object, std::string_view key) {
    const json::value& value = value_at(object, key);
    std::string text;
    if (!value.is_object()) return text;
    for (const auto& [name, item] : value.get_object()) {
        text += fmt::format("{}{}={}", text.empty() ? "" : " ",
                            std::string_view(name.data(), name.size()), plain(item));
    }
    return text;
}

std::string list_at(const json::value& object, std::string_view key) {
    std::string text;
    for (const json::value& item : items_at(object, key)) {
        text += fmt::format("{}{}", text.empty() ? "" : ", ", plain(item));
    }
    return text;
}

json::value parsed(const std::string& text) {
    boost::system::error_code error;
    json::value value = json::parse(text, error);
    return error ? json::value(nullptr) : value;
}

std::string pretty(const json::value& value) {
    std::string text;
    write_pretty(value, 0, text);
    return text + "\n";
}

}  // namespace grapevine::cli
