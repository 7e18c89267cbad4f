#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/lab/frame.hpp"
#include "sim/lab/run.hpp"
#include "sim/lab/theory.hpp"

// The lab as JSON: docs/lab.md. All texts in it are ours or checked, so none needs escaping.
namespace grapevine::sim::lab {

/// What can be tried: GET /v1/lab.
[[nodiscard]] std::string catalogue_json();
/// The settings by name, with the experiment: numbers, truth values and texts.
[[nodiscard]] std::string settings_json(const Settings& settings);
[[nodiscard]] std::string actions_json(const std::vector<TimedAction>& actions);
[[nodiscard]] std::string theory_json(const Theory& theory);
[[nodiscard]] std::string points_json(const std::vector<Point>& points);
/// `thinned`: how many frames were merged into this one.
[[nodiscard]] std::string frame_json(const Frame& frame, std::uint64_t thinned);
[[nodiscard]] std::string summary_json(const Run& run);
/// 16 hexadecimal digits.
[[nodiscard]] std::string hash_text(std::uint64_t hash);

}  // namespace grapevine::sim::lab
