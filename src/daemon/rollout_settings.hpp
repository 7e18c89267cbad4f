#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "control/rollout.hpp"
#include "overlay/live_settings.hpp"
#include "overlay/rollout.hpp"

// The settings of a roll-out as people write them: by the rules of the configuration file.
namespace grapevine::daemon {

/// The order of a request; its salt is for the caller to draw. Refused (invalid, over_limit) for a
/// setting that cannot be rolled out, a value that the configuration file would not take, and a
/// share or interval out of bounds; nothing invalid gets as far as a signature.
Outcome<overlay::RolloutOrder> rollout_order(const control::ProposeRollout& wanted);

/// The value of a setting as in the configuration file; of an unknown one its number.
std::string live_value_text(std::uint8_t id, std::uint64_t value);
/// Its name; of an unknown one "setting 13".
std::string live_setting_name(std::uint8_t id);

/// All settings that are named before or after.
std::vector<control::RolloutView::Setting> rollout_settings(const overlay::RolloutPlan& plan);

}  // namespace grapevine::daemon
