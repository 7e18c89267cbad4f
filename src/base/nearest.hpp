#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace grapevine {

/// How many single-letter edits lead from `left` to `right`: insert, delete, replace, or swap of
/// two neighbours. Case counts.
///
/// Source: F. Damerau, "A technique for computer detection and correction of spelling errors",
/// CACM 1964; the restricted form (optimal string alignment), in which no letter is edited twice.
/// Work and memory are left.size() * right.size(): bound the inputs (`nearest_name` does).
[[nodiscard]] std::size_t edit_distance(std::string_view left, std::string_view right);

/// The known name that somebody who wrote `name` most likely meant, or nothing if none is close:
/// at most a third of its letters (and at least one) may be wrong, and a name longer than
/// `kNearestNameBytesMax` is close to none. Of equally near names the first wins. The view is one
/// of `known`.
[[nodiscard]] std::optional<std::string_view> nearest_name(std::string_view name,
                                                           std::span<const std::string_view> known);

/// The cure for an unknown name, for a person: "did you mean seeds?", or when nothing is near,
/// "known are: bind, seeds".
[[nodiscard]] std::string nearest_cure(std::string_view name,
                                       std::span<const std::string_view> known);

/// Longer names are not compared: no name of ours is half as long, and the work is quadratic.
inline constexpr std::size_t kNearestNameBytesMax = 128;

}  // namespace grapevine
