#pragma once

#include <string>

#include "overlay/overlay.hpp"

namespace grapevine::daemon {

/// One number for the settings of an overlay that its members should agree about: cipher, detector,
/// times, zones, dissemination and retention. What is a member's own business (name, labels,
/// addresses, seeds, keys) is left out. 16 hexadecimal digits, equal on every machine and build
/// that knows the same settings.
std::string config_fingerprint(const overlay::Settings& settings);

}  // namespace grapevine::daemon
