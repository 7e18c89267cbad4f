#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "control/control.hpp"
#include "protocol/membership/config.hpp"

// How an overlay's events reach everybody: what the settings of the user come to.
namespace grapevine::daemon {

/// The rules that it breaks, `Refusal::field` being the name in JSON.
std::vector<Refusal> check_dissemination(const control::Dissemination& dissemination);

/// What is set in `next` replaces what is in `base`.
void merge_dissemination(control::Dissemination& base, const control::Dissemination& next);

/// What was set replaces what is in `config`; it has been checked.
void apply_dissemination(const control::Dissemination& dissemination,
                         protocol::ProtocolConfig& config);

/// tree or rumor; empty in an overlay of the old protocol.
std::string dissemination_of(const control::OverlaySpec& spec);

/// As lines of the configuration file.
std::string describe_dissemination(const control::OverlaySpec& spec);

}  // namespace grapevine::daemon
