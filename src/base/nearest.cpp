#include "base/nearest.hpp"

#include <algorithm>
#include <vector>

namespace grapevine {

std::size_t edit_distance(std::string_view left, std::string_view right) {
    // Three rows of the table suffice: a swap looks back two.
    std::vector<std::size_t> before(right.size() + 1);
    std::vector<std::size_t> previous(right.size() + 1);
    std::vector<std::size_t> current(right.size() + 1);
    for (std::size_t column = 0; column <= right.size(); ++column) previous[column] = column;

    for (std::size_t row = 1; row <= left.size(); ++row) {
        current[0] = row;
        for (std::size_t column = 1; column <= right.size(); ++column) {
            const bool is_same = left[row - 1] == right[column - 1];
            current[column] = std::min({previous[column] + 1, current[column - 1] + 1,
                                        previous[column - 1] + (is_same ? 0U : 1U)});
            if (row > 1 && column > 1 && left[row - 1] == right[column - 2] &&
                left[row - 2] == right[column - 1]) {
                current[column] = std::min(current[column], before[column - 2] + 1);
            }
        }
        std::swap(before, previous);
        std::swap(previous, current);
    }
    return previous[right.size()];
}

std::optional<std::string_view> nearest_name(std::string_view name,
                                             std::span<const std::string_view> known) {
    if (name.empty() || name.size() > kNearestNameBytesMax) return std::nullopt;
    std::optional<std::string_view> nearest;
    std::size_t nearest_distance = std::max<std::size_t>(1, name.size() / 3) + 1;
    for (const std::string_view candidate : known) {
        if (candidate.size() > kNearestNameBytesMax) continue;
        const std::size_t distance = edit_distance(name, candidate);
        if (distance >= nearest_distance) continue;
        nearest_distance = distance;
        nearest = candidate;
    }
    return nearest;
}

std::string nearest_cure(std::string_view name, std::span<const std::string_view> known) {
    if (const auto nearest = nearest_name(name, known)) {
        return "did you mean " + std::string(*nearest) + "?";
    }
    if (known.empty()) return "none is known here";
    std::string cure = "known are: ";
    for (const std::string_view candidate : known) {
        if (!cure.ends_with(": ")) cure += ", ";
        cure += candidate;
    }
    return cure;
}

}  // namespace grapevine
