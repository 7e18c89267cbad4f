#pragma once

#include <string_view>

// What patterns of topics mean; how users write them, and what is refused, says
// client/topic_pattern.hpp. A topic is a row of tokens with '.' between them; in a pattern '*'
// stands for one token, and '>' at the end for one or more. Both functions take any text.
namespace grapevine {

[[nodiscard]] bool topic_matches(std::string_view pattern, std::string_view topic);

/// Is there a topic that both patterns match? Exact for patterns as users may write them.
[[nodiscard]] bool patterns_overlap(std::string_view one, std::string_view other);

}  // namespace grapevine
