#pragma once

#include <string>
#include <vector>

#include "base/endpoint.hpp"
#include "base/error.hpp"
#include "control/control.hpp"
#include "gossiperl/node.hpp"

// The settings of an overlay of the old protocol, whoever wrote them: the configuration file, the
// old REST API or ours. One set of rules.
namespace grapevine::daemon {

/// Every rule that they break. `Refusal::field` is the property's name.
std::vector<Refusal> check_gossiperl_settings(const control::gossiperl::Settings& settings);

/// The same for an overlay with protocol gossiperl as a whole, which has nothing of the native
/// protocol's: no keys, profile, cipher or labels.
std::vector<Refusal> check_gossiperl_spec(const control::OverlaySpec& spec);

/// What the configuration file says in the words of every overlay (`bind`, `seeds`, `multicast`,
/// `member_name`, `client_port`), in the words of the old protocol. For specs that come from there.
Outcome<control::gossiperl::Settings> gossiperl_settings_of(const control::OverlaySpec& spec);

/// Fills in what is worked out: the address of `iface`, the local port of a multicast overlay, and
/// a member name "<overlay><ip>:<port>@<uuid>" if there is none. Refuses an interface that this
/// host does not have.
Outcome<control::gossiperl::Settings> completed(const std::string& overlay,
                                                control::gossiperl::Settings settings);

/// Where the overlay's own socket is bound. `settings` is checked and complete.
Endpoint bind_of(const control::gossiperl::Settings& settings);

/// The group of a multicast overlay, on the overlay's port.
Endpoint group_of(const control::gossiperl::Settings& settings);

/// What the machine runs by. `bound` is as the socket is, with the port that 0 became.
gossiperl::NodeConfig node_config_of(const control::gossiperl::Settings& settings,
                                     const Endpoint& bound);

}  // namespace grapevine::daemon
