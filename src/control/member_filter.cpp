#include "control/member_filter.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "base/limits.hpp"

namespace grapevine::control {
namespace {

constexpr std::string_view kLabelPrefix = "label:";

}  // namespace

// With one place to come back to: after a star, only the last one need ever be tried again.
bool fits_pattern(std::string_view text, std::string_view pattern) {
    std::size_t at = 0;
    std::size_t in_pattern = 0;
    std::size_t star = std::string_view::npos;
    std::size_t star_at = 0;
    while (at < text.size()) {
        if (in_pattern < pattern.size() && pattern[in_pattern] == '*') {
            star = in_pattern++;
            star_at = at;
        } else if (in_pattern < pattern.size() && pattern[in_pattern] == text[at]) {
            ++in_pattern;
            ++at;
        } else if (star != std::string_view::npos) {
            in_pattern = star + 1;
            at = ++star_at;
        } else {
            return false;
        }
    }
    while (in_pattern < pattern.size() && pattern[in_pattern] == '*') ++in_pattern;
    return in_pattern == pattern.size();
}

Outcome<MemberFilter::Condition> MemberFilter::parse_one(const std::string& text,
                                                         std::string_view field) {
    const auto refuse = [&](std::string message, std::string cure) {
        return std::unexpected(Refusal{Refusal::Code::invalid, std::move(message), std::move(cure),
                                       std::string(field)});
    };
    if (text.size() > kQueryFilterBytesMax) {
        return refuse(fmt::format("a condition has {} bytes", text.size()),
                      fmt::format("at most {} are possible", kQueryFilterBytesMax));
    }
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) {
        return refuse(fmt::format("\"{}\" is no condition", text),
                      "write KEY=VALUE or KEY!=VALUE, such as dc=ams or name=web-*");
    }
    Condition condition;
    condition.is_negated = equals > 0 && text[equals - 1] == '!';
    condition.key = text.substr(0, equals - (condition.is_negated ? 1 : 0));
    condition.pattern = text.substr(equals + 1);
    if (condition.key == "id") {
        condition.of = Condition::Of::id;
    } else if (condition.key == "name") {
        condition.of = Condition::Of::name;
    } else if (condition.key.starts_with(kLabelPrefix)) {
        condition.key.erase(0, kLabelPrefix.size());
    }
    if (condition.key.empty()) {
        return refuse(fmt::format("\"{}\" names no label", text),
                      "write the label in front, such as dc=ams");
    }
    return condition;
}

Outcome<MemberFilter> MemberFilter::parse(const std::vector<std::string>& texts,
                                          std::string_view field) {
    if (texts.size() > kQueryFiltersMax) {
        return std::unexpected(
            Refusal{Refusal::Code::over_limit, fmt::format("{} conditions are given", texts.size()),
                    fmt::format("at most {} are possible", kQueryFiltersMax), std::string(field)});
    }
    MemberFilter filter;
    for (const std::string& text : texts) {
        filter.conditions_.push_back(GV_TRY(parse_one(text, field)));
    }
    return filter;
}

bool MemberFilter::matches(std::string_view id, std::string_view name,
                           const LabelOf& label_of) const {
    return std::ranges::all_of(conditions_, [&](const Condition& condition) {
        std::optional<std::string_view> value;
        switch (condition.of) {
            case Condition::Of::id:
                value = id;
                break;
            case Condition::Of::name:
                value = name;
                break;
            case Condition::Of::label:
                value = label_of(condition.key);
                break;
        }
        return condition.is_negated != (value && fits_pattern(*value, condition.pattern));
    });
}

}  // namespace grapevine::control
