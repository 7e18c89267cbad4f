#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// Who is where, and who watches whom: what a picture of an overlay is drawn from. Part of
// control.hpp.
namespace grapevine::control {

struct ShowTopology {
    std::string overlay;
};

struct TopologyView {
    struct Member {
        std::string id;
        std::string zone;  ///< Of the label by which the overlay forms zones; may be empty.
        /// Its place by network coordinates, laid flat: distances are round trips in microseconds,
        /// as well as two dimensions can show them. Nothing: its place is not known here.
        std::optional<std::int64_t> x_us{};
        std::optional<std::int64_t> y_us{};
    };
    std::vector<Member> members;  ///< Alive and suspect, by id.
    /// The first watches the second, by index. Empty if the detector has no fixed observers.
    std::vector<std::pair<std::uint32_t, std::uint32_t>> links;
    std::size_t links_left_out = 0;  ///< Above kTopologyLinksMax.
};

}  // namespace grapevine::control
