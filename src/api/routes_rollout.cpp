#include <array>

#include "api/handlers.hpp"
#include "api/routes.hpp"

// The routes of what is set for a whole overlay.
namespace grapevine::api {
namespace {

using Kind = ProblemKind;

constexpr std::array kConfig = {Content{"application/json", "Config"}};
constexpr std::array kOnShow = {Kind::not_found, Kind::conflict, Kind::unavailable};
constexpr std::array kOnOrder = {Kind::not_found, Kind::conflict, Kind::unavailable,
                                 Kind::over_limit, Kind::too_large};

constexpr std::array kRoutes = {
    Route{"GET",
          "/v1/overlays/{overlay}/config",
          "getConfig",
          "config",
          Access::read,
          Reach::overlay,
          "What is set for the whole overlay, and how far it is rolled out",
          "The settings of the last roll-out, and of every member what it runs and how it does.",
          {},
          Body::none,
          "",
          200,
          kConfig,
          kOnShow,
          handle_show_rollout},
    Route{"POST",
          "/v1/overlays/{overlay}/config",
          "proposeConfig",
          "config",
          Access::admin,
          Reach::overlay,
          "Roll settings out to the whole overlay",
          "A few members, the canaries, run them first and watch themselves. When all of them were "
          "well for three health intervals, everybody takes them over; when one is unwell, dies or "
          "is restarted, everybody goes back. It takes the key of an operator of the overlay.",
          {},
          Body::json,
          "ConfigOrder",
          202,
          kConfig,
          kOnOrder,
          handle_propose_rollout},
    Route{"POST",
          "/v1/overlays/{overlay}/config/return",
          "returnConfig",
          "config",
          Access::admin,
          Reach::overlay,
          "Take the last roll-out back",
          "Whether it is under way or everywhere: all members run again what was before it.",
          {},
          Body::none,
          "",
          202,
          kConfig,
          kOnShow,
          handle_return_rollout},
};

}  // namespace

std::span<const Route> rollout_routes() {
    return kRoutes;
}

}  // namespace grapevine::api
