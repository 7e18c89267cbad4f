#pragma once

#include <string>

#include "sim/moment.hpp"

namespace grapevine::sim {

/// A property that did not hold.
struct Violation {
    Moment time{};
    std::string property;  ///< One word per property, such as "incarnation_issued".
    std::string text;      ///< What was seen, for a person.
};

}  // namespace grapevine::sim
