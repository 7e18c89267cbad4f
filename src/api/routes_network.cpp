#include <array>

#include "api/handlers.hpp"
#include "api/routes.hpp"

// The routes that tell of the network between the members.
namespace grapevine::api {
namespace {

using Type = QueryParameter::Type;
using Times = QueryParameter::Times;
using Kind = ProblemKind;

constexpr std::array kRoundTripQuery = {
    QueryParameter{"from", Type::text, Times::once,
                   "A member, by id or by a name that only it has; our own when not given."},
    QueryParameter{"to", Type::text, Times::once, "The other one; our own when not given."},
};

constexpr std::array kRoundTrip = {Content{"application/json", "RoundTrip"}};
constexpr std::array kOnMembers = {Kind::not_found, Kind::conflict, Kind::unavailable};

constexpr std::array kRoutes = {
    Route{"GET", "/v1/overlays/{overlay}/rtt", "getRoundTrip", "members", Access::read,
          Reach::overlay, "The round trip between two members",
          "Estimated by coordinates, with its error; and measured, where this daemon has measured "
          "it. Members whose coordinates are not known are listed in `unknown`.",
          kRoundTripQuery, Body::none, "", 200, kRoundTrip, kOnMembers, handle_round_trip},
};

}  // namespace

std::span<const Route> network_routes() {
    return kRoutes;
}

}  // namespace grapevine::api
