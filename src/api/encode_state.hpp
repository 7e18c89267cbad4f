#pragma once

#include <boost/json/object.hpp>

#include "control/state.hpp"

namespace grapevine::api {

/// An entry of the shared map as JSON, valid UTF-8 whatever it holds.
[[nodiscard]] boost::json::object state_object(const control::StateEntryView& entry);

}  // namespace grapevine::api
