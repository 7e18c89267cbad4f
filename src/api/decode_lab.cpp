#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <fmt/core.h>
#include <string>
#include <vector>

#include "api/json_value.hpp"
#include "api/lab_session.hpp"
#include "base/limits.hpp"
#include "base/nearest.hpp"

namespace grapevine::api {

namespace json = boost::json;

namespace {

constexpr double kSpeedMin = 0.01;
constexpr double kSpeedMax = 1000;

Refusal invalid(std::string_view field, std::string message, std::string cure) {
    return {Refusal::Code::invalid, std::move(message), std::move(cure), std::string(field)};
}

Outcome<std::string> read_text(const json::object& object, std::string_view key,
                               std::string_view example) {
    const json::value* const value = object.if_contains(key);
    if (value != nullptr && value->is_string()) return std::string(value->get_string());
    return std::unexpected(
        invalid(key, value == nullptr ? "missing" : "expected a string", std::string(example)));
}

Outcome<double> read_number(const json::object& object, std::string_view key, double minimum,
                            double maximum) {
    const json::value* const value = object.if_contains(key);
    const auto range = fmt::format("give a number from {} to {}", minimum, maximum);
    if (value == nullptr || !value->is_number()) {
        return std::unexpected(
            invalid(key, value == nullptr ? "missing" : "expected a number", range));
    }
    const double number = value->to_number<double>();
    if (number >= minimum && number <= maximum) return number;
    return std::unexpected(invalid(key, fmt::format("{} is out of range", number), range));
}

Outcome<std::int64_t> read_whole(const json::value& value, std::string_view key,
                                 std::int64_t maximum) {
    if (value.is_int64() && value.get_int64() >= 0 && value.get_int64() <= maximum) {
        return value.get_int64();
    }
    return std::unexpected(invalid(key, "expected a whole number in its range",
                                   fmt::format("give one from 0 to {}", maximum)));
}

Outcome<std::int64_t> read_whole(const json::object& object, std::string_view key,
                                 std::int64_t maximum) {
    const json::value* const value = object.if_contains(key);
    if (value != nullptr) return read_whole(*value, key, maximum);
    return std::unexpected(invalid(key, "missing", fmt::format("a number up to {}", maximum)));
}

Outcome<std::string> read_members(const json::object& object) {
    const json::value* const value = object.if_contains("members");
    if (value == nullptr || !value->is_array()) {
        return std::unexpected(invalid("members", "expected a list of members", "[0,1,2]"));
    }
    if (value->get_array().size() > kLabMembersMax) {
        return std::unexpected(Refusal{Refusal::Code::over_limit, "too many members",
                                       fmt::format("at most {}", kLabMembersMax), "members"});
    }
    std::string text;
    for (const json::value& member : value->get_array()) {
        if (!text.empty()) text += ',';
        text += std::to_string(GV_TRY(read_whole(member, "members", kLabMembersMax)));
    }
    return text;
}

/// As the text that a link has for it. Which names and members there are is checked by the run.
Outcome<control::LabAct> read_act(const json::object& object) {
    constexpr std::int64_t kMember = kLabMembersMax;
    constexpr std::int64_t kMillisecondsMax = 3'600'000;
    std::string text = GV_TRY(read_text(object, "do", "kill"));
    if (text.size() > kSocketIdBytesMax || text.find(':') != std::string::npos) {
        return std::unexpected(invalid("do", "is no action", "kill"));
    }
    if (text == "partition") {
        text += ':' + GV_TRY(read_members(object));
    } else if (text == "clog") {
        for (const std::string_view key : {"from", "to"}) {
            text += fmt::format(":{}", GV_TRY(read_whole(object, key, kMember)));
        }
        text += fmt::format(":{}", GV_TRY(read_whole(object, "for_ms", kMillisecondsMax)));
    } else if (text == "add") {
        text += fmt::format(":{}", GV_TRY(read_whole(object, "count", kMember)));
    } else if (text == "rumor" || text == "kill" || text == "restart") {
        text += fmt::format(":{}", GV_TRY(read_whole(object, "member", kMember)));
    }
    return control::LabAct{std::move(text)};
}

Outcome<void> check_keys(const json::object& object, std::span<const std::string_view> known) {
    for (const auto& member : object) {
        const std::string_view key = member.key();
        if (std::ranges::find(known, key) != known.end()) continue;
        return std::unexpected(
            invalid(key.substr(0, kSocketIdBytesMax), "unknown key", nearest_cure(key, known)));
    }
    return {};
}

}  // namespace

Outcome<control::LabCommand> decode_lab_message(std::string_view text) {
    static constexpr std::array<std::string_view, 11> kKeys = {"type", "link",   "speed",   "at_ms",
                                                               "do",   "member", "members", "from",
                                                               "to",   "for_ms", "count"};
    static constexpr std::array<std::string_view, 6> kTypes = {"start", "play", "pause",
                                                               "step",  "act",  "seek"};
    const json::value value = GV_TRY(parse_json(text));
    if (!value.is_object()) {
        return std::unexpected(invalid("", "expected an object", R"({"type":"pause"})"));
    }
    const json::object& object = value.get_object();
    GV_TRY_VOID(check_keys(object, kKeys));
    const std::string type = GV_TRY(read_text(object, "type", "\"start\""));
    if (type == "start") {
        std::string link = GV_TRY(read_text(object, "link", "experiment=rumor&members=200"));
        return control::LabStart{std::move(link)};
    }
    if (type == "play") {
        const bool has_speed = object.contains("speed");
        return control::LabPlay{
            has_speed ? GV_TRY(read_number(object, "speed", kSpeedMin, kSpeedMax)) : 1.0};
    }
    if (type == "pause") return control::LabPause{};
    if (type == "step") return control::LabStep{};
    if (type == "act") return GV_TRY(read_act(object));
    if (type == "seek") {
        return control::LabSeek{GV_TRY(read_whole(object, "at_ms", 3'600'000))};
    }
    return std::unexpected(invalid("type",
                                   fmt::format("\"{}\" is no type of message", type.substr(0, 40)),
                                   nearest_cure(type, kTypes)));
}

}  // namespace grapevine::api
