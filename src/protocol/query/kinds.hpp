#pragma once

#include <cstdint>

namespace grapevine::protocol {

/// What one member can ask another (wire::Question::kind). A number once given is never used for
/// anything else; who does not know a kind answers nothing, so that kinds can be added without a
/// new version of the format.
enum class QuestionKind : std::uint8_t {
    reachability = 1,  ///< "Whom do you reach, and how?"
    state_cell = 16,   ///< "Send me that cell of the shared map" (state/map.hpp).
    trace = 2,         ///< "How did you learn of this event?" (rumor/traces.hpp)
    query = 3,         ///< "What does an application of yours say to this?" (query/query.hpp)
    /// "Have you other rows of the zones that we share?", "Give me these" (aggregate/zone_bodies).
    zone_offer = 4,
    zone_rows = 5,
};

}  // namespace grapevine::protocol
