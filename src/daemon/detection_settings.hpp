#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "control/control.hpp"
#include "protocol/membership/config.hpp"

// How an overlay finds failures: what the settings of the user come to.
namespace grapevine::daemon {

/// The rules that it breaks, `Refusal::field` being the name in JSON.
std::vector<Refusal> check_detection(const control::Detection& detection);

/// What is set in `next` replaces what is in `base`.
void merge_detection(control::Detection& base, const control::Detection& next);

/// The profile with what was set instead.
protocol::ProtocolConfig protocol_of(protocol::Profile profile,
                                     const control::Detection& detection);

/// The detector of an overlay whose profile is known: the one that was set, or the profile's.
std::string detector_of(const control::OverlaySpec& spec);

/// As lines of the configuration file.
std::string describe_detection(const control::OverlaySpec& spec);

}  // namespace grapevine::daemon
