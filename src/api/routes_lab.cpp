#include <array>

#include "api/handlers.hpp"
#include "api/routes.hpp"

// The routes of the lab, where experiments run in the daemon's process and are watched.
namespace grapevine::api {
namespace {

using Kind = ProblemKind;

constexpr std::array kCatalogue = {Content{"application/json", "LabCatalogue"}};
constexpr std::array kOnCatalogue = {Kind::unavailable};
constexpr std::array kOnStream = {Kind::upgrade_required, Kind::unavailable, Kind::cross_origin,
                                  Kind::busy};

constexpr std::array kRoutes = {
    Route{"GET",
          "/v1/lab",
          "getLab",
          "lab",
          Access::read,
          Reach::any_overlay,
          "What can be tried in the lab",
          "The experiments with their settings, ranges and actions: a page draws its controls from "
          "it, and a link is checked by it.",
          {},
          Body::none,
          "",
          200,
          kCatalogue,
          kOnCatalogue,
          handle_lab},
    Route{"GET",
          "/v1/lab/stream",
          "openLab",
          "lab",
          Access::read,
          Reach::any_overlay,
          "Run an experiment and watch it",
          "A WebSocket with one run: text messages, each one JSON object, LabRequest from the "
          "client and LabReply from the daemon. While the client does not keep up, frames are "
          "merged. Browsers, which cannot set headers, offer the subprotocols \"grapevine.v1\" and "
          "\"grapevine.token.TOKEN\".",
          {},
          Body::none,
          "",
          101,
          {},
          kOnStream,
          handle_lab_stream},
};

}  // namespace

std::span<const Route> lab_routes() {
    return kRoutes;
}

}  // namespace grapevine::api
