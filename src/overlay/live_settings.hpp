#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string_view>

#include "protocol/membership/config.hpp"

// What can be set for a whole overlay while it runs (rollout.hpp).
namespace grapevine::overlay {

/// One setting that a running member can take over, and that members may have differently for a
/// while. Not among them is what must be alike everywhere from the start: the kind of detector and
/// of dissemination, labels, zones, keys; and what is each daemon's own affair.
struct LiveSetting {
    std::uint8_t id = 0;    ///< On the wire (FORMAT.md, 7.2). Never given to another one.
    std::string_view name;  ///< As in the configuration file, without its table.
    /// Its values: milliseconds, bytes, counts; of `profile` the place among the profiles. The same
    /// bounds as in the configuration file.
    std::uint64_t min = 0;
    std::uint64_t max = 0;
    void (*apply)(protocol::ProtocolConfig& config, std::uint64_t value) = nullptr;
};

/// By id, ascending.
std::span<const LiveSetting> live_settings();
/// Null if there is none of this name or id.
const LiveSetting* find_live_setting(std::string_view name);
const LiveSetting* find_live_setting(std::uint8_t id);

/// Values by id. What is not there is as each member's own configuration says.
using LiveValues = std::map<std::uint8_t, std::uint64_t>;

/// Whether all of them are known here and within their bounds.
bool is_understood(const LiveValues& values);

/// `config` with these values instead; they are understood. A profile brings all of its times, and
/// the detector stays what it is; what is set beside it wins.
protocol::ProtocolConfig with_values(protocol::ProtocolConfig config, const LiveValues& values);

}  // namespace grapevine::overlay
