#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace grapevine::client {

/// Patterns of one subscription. Nothing special in this value.
inline constexpr std::size_t kTopicPatternsMax = 64;

/// Which topics a subscriber wants, as users write it.
///
/// Source: the subject syntax of NATS. A topic is a row of tokens with '.' between them;
///
///     orders.eu.new    this topic and no other
///     orders.*.new     one token, any, where the '*' stands: orders.eu.new, not orders.new
///     orders.>         one token or more behind the '.': orders.eu, orders.eu.new, not orders
///     >                every topic
///
/// Deviation: NATS takes a '*' or '>' inside a token ("order*") for an ordinary letter. Whoever
/// writes that expects it to match something, so it is refused with an explanation.
/// Topics themselves may be any text; one with empty tokens ("a..b") is matched by wildcards only.
class TopicPattern {
public:
    /// Refused: empty, above kTopicBytesMax, control characters, an empty token, a wildcard that is
    /// not a whole token, a '>' that is not the last one.
    [[nodiscard]] static Outcome<TopicPattern> parse(std::string_view text);

    [[nodiscard]] bool matches(std::string_view topic) const;
    [[nodiscard]] const std::string& text() const { return text_; }

private:
    explicit TopicPattern(std::string text);

    std::string text_;
    bool is_exact_ = true;
};

/// The patterns of one subscription: a topic passes if one of them matches.
class TopicFilter {
public:
    /// Refused as a whole, naming the first pattern that is wrong, or above kTopicPatternsMax.
    [[nodiscard]] static Outcome<TopicFilter> parse(const std::vector<std::string>& patterns);

    /// False for every topic if there is no pattern.
    [[nodiscard]] bool matches(std::string_view topic) const;
    [[nodiscard]] bool is_empty() const { return patterns_.empty(); }

private:
    std::vector<TopicPattern> patterns_;
};

}  // namespace grapevine::client
