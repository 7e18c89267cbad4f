#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/text.hpp"

// The answer of GET .../trace as a tree, for the eye: as text, and as a picture.
namespace grapevine::cli {

/// One member of the infection tree, in the order in which the tree is drawn.
struct TraceLine {
    std::string name;                   ///< Safe for a terminal.
    std::string stem;                   ///< "│  ├─ ": what joins it to its parent.
    std::optional<std::size_t> parent;  ///< Which line; nothing for a root.
    std::optional<std::int64_t> after_us;
    std::optional<std::int64_t> hop_us;
    bool is_skewed = false;
    std::int64_t duplicates = 0;
    std::string repair;
    std::string clock;
};

/// Every node of the answer once: a parent before its children, children in the order of the
/// answer. What names itself as its own ancestor becomes a root: the answer comes from members.
std::vector<TraceLine> trace_lines(const boost::json::value& answer);

/// The tree with its numbers, and what else is to be said.
std::string trace_text(const boost::json::value& answer, const Paint& paint);

/// The same as an SVG document: a line per member, time from left to right, colours for repairs.
std::string trace_svg(const boost::json::value& answer);

/// "0.42 ms", "-1.30 ms", "2.10 s": two places, so that columns of them can be compared.
std::string format_delay(std::int64_t microseconds);

}  // namespace grapevine::cli
