#pragma once

#include <cstdint>
#include <span>
#include <string_view>

// What can be tried in the lab, as data: links are checked by it, GET /v1/lab is made of it, and a
// page draws its controls from that.
namespace grapevine::sim::lab {

enum class Kind : std::uint8_t { rumor, detection, sync, average, group };

struct Choice {
    std::string_view value;
    std::string_view title;
};

struct Setting {
    enum class Type : std::uint8_t { integer, number, boolean, choice };

    std::string_view name;
    std::string_view title;
    Type type = Type::integer;
    double minimum = 0;
    double maximum = 1;
    /// Of a truth value 0 or 1, of a choice its index.
    double fallback = 0;
    std::string_view unit;
    std::string_view about;
    std::span<const Choice> choices;
};

struct Experiment {
    Kind kind = Kind::rumor;
    std::string_view name;
    std::string_view title;
    std::string_view about;
    /// What can be done to a run: the names of actions (action.hpp).
    std::span<const std::string_view> actions;
    /// In the order of the link.
    std::span<const Setting> settings;
};

/// In the order of `Kind`.
std::span<const Experiment> catalogue();
inline const Experiment& experiment_of(Kind kind) {
    return catalogue()[static_cast<std::size_t>(kind)];
}

/// Whole numbers up to here are the same in JSON, in a page and here.
inline constexpr double kWholeMax = 9007199254740991.0;

}  // namespace grapevine::sim::lab
