#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "base/limits.hpp"

namespace grapevine {

/// Queries that every daemon answers itself; no application can.
inline constexpr std::array<std::string_view, 5> kBuiltInQueries = {"version", "keys", "clock",
                                                                    "config", "reachability"};
/// Names that begin like this are for those that later releases add.
inline constexpr std::string_view kReservedQueryPrefix = "gv.";

/// Letters, digits and -._ so that it stands in a path as it is; not empty.
constexpr bool is_query_name(std::string_view name) {
    const auto is_legal = [](char letter) {
        return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
               (letter >= '0' && letter <= '9') || letter == '-' || letter == '.' || letter == '_';
    };
    return !name.empty() && name.size() <= kQueryNameBytesMax &&
           std::ranges::all_of(name, is_legal);
}

constexpr bool is_built_in_query(std::string_view name) {
    return name.starts_with(kReservedQueryPrefix) ||
           std::ranges::find(kBuiltInQueries, name) != kBuiltInQueries.end();
}

}  // namespace grapevine
