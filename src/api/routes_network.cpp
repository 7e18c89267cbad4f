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

constexpr std::array kReachabilityQuery = {
    QueryParameter{"age_ms", Type::whole, Times::once,
                   "What a member found out longer ago than this it finds out anew, by pings; "
                   "5000 when not given, at most 3600000."},
};

constexpr std::array kReachability = {Content{"application/json", "Reachability"}};
constexpr std::array kRoundTrip = {Content{"application/json", "RoundTrip"}};
constexpr std::array kOnMatrix = {Kind::not_found, Kind::conflict, Kind::unavailable,
                                  Kind::over_limit};
constexpr std::array kOnMembers = {Kind::not_found, Kind::conflict, Kind::unavailable};

constexpr std::array kRoutes = {
    Route{"GET", "/v1/overlays/{overlay}/rtt", "getRoundTrip", "members", Access::read,
          Reach::overlay, "The round trip between two members",
          "Estimated by coordinates, with its error; and measured, where this daemon has measured "
          "it. Members whose coordinates are not known are listed in `unknown`.",
          kRoundTripQuery, Body::none, "", 200, kRoundTrip, kOnMembers, handle_round_trip},
    Route{"GET", "/v1/overlays/{overlay}/reachability", "getReachability", "members", Access::read,
          Reach::overlay, "Who reaches whom",
          "Asks every living member whom it reaches, which takes some seconds, and says what is "
          "wrong between any two. For overlays of up to 1000 members.",
          kReachabilityQuery, Body::none, "", 200, kReachability, kOnMatrix, handle_reachability},
};

}  // namespace

std::span<const Route> network_routes() {
    return kRoutes;
}

}  // namespace grapevine::api
