#include "maelstrom/message.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/system/error_code.hpp>
#include <fmt/core.h>

#include "base/error.hpp"
#include "base/limits.hpp"

namespace grapevine::maelstrom {
namespace {

namespace json = boost::json;

std::expected<std::string, Unreadable> text_at(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    if (value == nullptr || !value->is_string()) {
        return std::unexpected(fmt::format("\"{}\" is not a text", key));
    }
    return std::string(value->get_string());
}

std::expected<std::optional<std::int64_t>, Unreadable> id_at(const json::object& object,
                                                             std::string_view key) {
    const json::value* value = object.if_contains(key);
    if (value == nullptr || value->is_null()) return std::optional<std::int64_t>{};
    if (!value->is_int64()) return std::unexpected(fmt::format("\"{}\" is not a number", key));
    return std::optional(value->get_int64());
}

}  // namespace

std::expected<Message, Unreadable> parse_message(std::string_view line) {
    if (line.size() > kMaelstromLineBytesMax) return std::unexpected("the line is too long");
    boost::system::error_code error;
    json::value value = json::parse({line.data(), line.size()}, error);
    if (error) return std::unexpected("the line is not JSON");
    if (!value.is_object()) return std::unexpected("the line is not an object");
    json::object& top = value.get_object();
    json::value* body = top.if_contains("body");
    if (body == nullptr || !body->is_object()) return std::unexpected("\"body\" is not an object");

    Message message;
    message.source = GV_TRY(text_at(top, "src"));
    message.target = GV_TRY(text_at(top, "dest"));
    message.body = std::move(body->get_object());
    message.type = GV_TRY(text_at(message.body, "type"));
    message.id = GV_TRY(id_at(message.body, "msg_id"));
    message.in_reply_to = GV_TRY(id_at(message.body, "in_reply_to"));
    return message;
}

std::string print_message(std::string_view source, std::string_view target,
                          const json::object& body) {
    return json::serialize(json::object{{"src", source}, {"dest", target}, {"body", body}});
}

}  // namespace grapevine::maelstrom
