#include "client/topic_pattern.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include "base/limits.hpp"
#include "base/topics.hpp"

namespace grapevine::client {
namespace {

constexpr std::string_view kWildcards = "*>";

/// Takes the first token and its '.' off `rest`. Afterwards `has_more` says whether there was a
/// '.'.
std::string_view take_token(std::string_view& rest, bool& has_more) {
    const std::size_t dot = rest.find('.');
    has_more = dot != std::string_view::npos;
    const std::string_view token = rest.substr(0, dot);
    rest.remove_prefix(has_more ? dot + 1 : rest.size());
    return token;
}

std::unexpected<Refusal> refuse(std::string message, std::string cure) {
    return std::unexpected(
        Refusal{Refusal::Code::invalid, std::move(message), std::move(cure), "topic"});
}

}  // namespace

TopicPattern::TopicPattern(std::string text) : text_(std::move(text)) {
    is_exact_ = text_.find_first_of(kWildcards) == std::string::npos;
}

Outcome<TopicPattern> TopicPattern::parse(std::string_view text) {
    if (text.empty()) return refuse("the pattern is empty", "use \">\" for every topic");
    if (text.size() > kTopicBytesMax) {
        return std::unexpected(
            Refusal{Refusal::Code::over_limit, fmt::format("the pattern has {} bytes", text.size()),
                    fmt::format("at most {} are possible", kTopicBytesMax), "topic"});
    }
    const bool has_control = std::ranges::any_of(text, [](char letter) {
        const auto byte = static_cast<unsigned char>(letter);
        return byte < 0x20 || byte == 0x7f;
    });
    if (has_control) {
        return refuse("the pattern has control characters", "topics are printable text");
    }
    std::string_view rest = text;
    bool has_more = true;
    while (has_more) {
        const std::string_view token = take_token(rest, has_more);
        if (token.empty()) {
            return refuse(fmt::format("the pattern \"{}\" has an empty token", text),
                          "write exactly one '.' between tokens, and none at the ends");
        }
        if (token == ">" && has_more) {
            return refuse(
                fmt::format("the '>' in \"{}\" is not the last token", text),
                "'>' stands for all that follows: end the pattern with it, or use '*' for "
                "one token");
        }
        if (token.size() > 1 && token.find_first_of(kWildcards) != std::string_view::npos) {
            return refuse(fmt::format("the token \"{}\" mixes a wildcard with text", token),
                          "'*' and '>' stand for whole tokens, as in \"orders.*.new\"");
        }
    }
    return TopicPattern(std::string(text));
}

bool TopicPattern::matches(std::string_view topic) const {
    return is_exact_ ? topic == text_ : topic_matches(text_, topic);
}

Outcome<TopicFilter> TopicFilter::parse(const std::vector<std::string>& patterns) {
    if (patterns.size() > kTopicPatternsMax) {
        return std::unexpected(
            Refusal{Refusal::Code::over_limit,
                    fmt::format("{} patterns in one subscription", patterns.size()),
                    fmt::format("at most {} are possible; use wildcards, or "
                                "subscribe several times",
                                kTopicPatternsMax),
                    "topic"});
    }
    TopicFilter filter;
    filter.patterns_.reserve(patterns.size());
    for (const std::string& text : patterns) {
        filter.patterns_.push_back(GV_TRY(TopicPattern::parse(text)));
    }
    return filter;
}

bool TopicFilter::matches(std::string_view topic) const {
    return std::ranges::any_of(
        patterns_, [topic](const TopicPattern& pattern) { return pattern.matches(topic); });
}

}  // namespace grapevine::client
