#include "sim/lab/action.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/core.h>
#include <optional>

#include "base/limits.hpp"
#include "base/nearest.hpp"

namespace grapevine::sim::lab {
namespace {

using Do = Action::Do;

Refusal refusal(std::string message, std::string cure) {
    return {Refusal::Code::invalid, std::move(message), std::move(cure), "action"};
}

/// Up to the next `separator`, which is taken too; all if there is none.
std::string_view take_part(std::string_view& rest, char separator) {
    const std::size_t end = rest.find(separator);
    const std::string_view part = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    return part;
}

Outcome<std::int64_t> parse_whole(std::string_view text, std::int64_t maximum,
                                  std::string_view what) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size() && value >= 0 &&
        value <= maximum) {
        return value;
    }
    return std::unexpected(refusal(fmt::format("\"{}\" is not {}", text.substr(0, 40), what),
                                   fmt::format("give a whole number from 0 to {}", maximum)));
}

Outcome<HostIndex> parse_member(std::string_view text) {
    const std::int64_t member = GV_TRY(parse_whole(text, kLabMembersMax - 1, "a member"));
    return static_cast<HostIndex>(member);
}

/// "0-9,12"
Outcome<std::vector<HostIndex>> parse_members(std::string_view text) {
    std::vector<HostIndex> members;
    while (!text.empty()) {
        std::string_view part = take_part(text, ',');
        const HostIndex first = GV_TRY(parse_member(take_part(part, '-')));
        const HostIndex last = part.empty() ? first : GV_TRY(parse_member(part));
        if (last < first) {
            return std::unexpected(refusal(fmt::format("{}-{} runs backwards", first, last),
                                           "give the smaller first"));
        }
        for (HostIndex member = first; member <= last; ++member) members.push_back(member);
        // Ranges may overlap, and many of them would make a short text a long list.
        if (members.size() > 2 * kLabMembersMax) break;
    }
    std::ranges::sort(members);
    members.erase(std::ranges::unique(members).begin(), members.end());
    if (members.empty() || members.size() > kLabMembersMax) {
        return std::unexpected(refusal("a partition needs members", "partition:0-9,12"));
    }
    return members;
}

std::string text_of(const std::vector<HostIndex>& members) {
    std::string text;
    for (std::size_t index = 0; index < members.size();) {
        std::size_t last = index;
        while (last + 1 < members.size() && members[last + 1] == members[last] + 1) ++last;
        if (!text.empty()) text += ',';
        text += std::to_string(members[index]);
        if (last > index) text += fmt::format("-{}", members[last]);
        index = last + 1;
    }
    return text;
}

Outcome<Do> parse_do(std::string_view name) {
    const auto found = std::ranges::find(kActionNames, name);
    if (found == std::end(kActionNames)) {
        return std::unexpected(refusal(fmt::format("there is no action \"{}\"", name.substr(0, 40)),
                                       nearest_cure(name, kActionNames)));
    }
    return static_cast<Do>(found - std::begin(kActionNames));
}

}  // namespace

Outcome<Action> parse_action(std::string_view text) {
    std::string_view rest = text;
    Action action;
    action.what = GV_TRY(parse_do(take_part(rest, ':')));
    switch (action.what) {
        case Do::rumor:
        case Do::kill:
        case Do::restart:
            action.member = GV_TRY(parse_member(take_part(rest, ':')));
            break;
        case Do::partition:
            action.members = GV_TRY(parse_members(take_part(rest, ':')));
            break;
        case Do::clog:
            action.member = GV_TRY(parse_member(take_part(rest, ':')));
            action.to = GV_TRY(parse_member(take_part(rest, ':')));
            action.for_ms = GV_TRY(parse_whole(take_part(rest, ':'), kClogMsMax, "a duration"));
            break;
        case Do::add:
            action.count = static_cast<std::uint32_t>(
                GV_TRY(parse_whole(take_part(rest, ':'), kLabMembersMax, "a count")));
            break;
        case Do::heal:
            break;
    }
    if (!rest.empty()) {
        return std::unexpected(
            refusal(fmt::format("\"{}\" has something behind its end", text.substr(0, 80)),
                    fmt::format("write {}", to_string(action))));
    }
    return action;
}

Outcome<TimedAction> parse_timed_action(std::string_view text) {
    TimedAction timed;
    timed.at_ms = GV_TRY(parse_whole(take_part(text, ':'), kRunMsMax, "a moment"));
    timed.action = GV_TRY(parse_action(text));
    return timed;
}

std::string to_string(const Action& action) {
    const std::string_view name = name_of(action.what);
    switch (action.what) {
        case Do::rumor:
        case Do::kill:
        case Do::restart:
            return fmt::format("{}:{}", name, action.member);
        case Do::partition:
            return fmt::format("{}:{}", name, text_of(action.members));
        case Do::clog:
            return fmt::format("{}:{}:{}:{}", name, action.member, action.to, action.for_ms);
        case Do::add:
            return fmt::format("{}:{}", name, action.count);
        case Do::heal:
            break;
    }
    return std::string(name);
}

std::string to_string(const TimedAction& timed) {
    return fmt::format("{}:{}", timed.at_ms, to_string(timed.action));
}

}  // namespace grapevine::sim::lab
