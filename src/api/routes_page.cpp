#include <array>

#include "api/handlers.hpp"
#include "api/routes.hpp"

// The routes that the page in the browser needs beyond those that everybody uses.
namespace grapevine::api {
namespace {

using Kind = ProblemKind;

constexpr std::array kOffer = {Content{"application/json", "LoginOffer"}};
constexpr std::array kLogin = {Content{"application/json", "Login"}};
constexpr std::array kTopology = {Content{"application/json", "Topology"}};
constexpr std::array kOnOffer = {Kind::cross_origin, Kind::forbidden};
constexpr std::array kOnRedeem = {Kind::not_found, Kind::over_limit, Kind::cross_origin};
constexpr std::array kOnEnd = {Kind::conflict, Kind::cross_origin};
constexpr std::array kOnShow = {Kind::not_found, Kind::conflict, Kind::unavailable};

constexpr std::array kRoutes = {
    Route{"POST",
          "/v1/logins",
          "offerLogin",
          "logins",
          Access::read,
          Reach::any_overlay,
          "Make a link by which a page logs in",
          "The code is valid once, for five minutes, and gives the rights of the caller, or fewer.",
          {},
          Body::optional_json,
          "LoginWish",
          201,
          kOffer,
          kOnOffer,
          handle_offer_login},
    Route{"POST",
          "/v1/logins/redeem",
          "redeemLogin",
          "logins",
          Access::open,
          Reach::none,
          "Turn the code of a link into a token",
          "The token ends after twelve hours, or when the daemon does.",
          {},
          Body::json,
          "LoginCode",
          200,
          kLogin,
          kOnRedeem,
          handle_redeem_login},
    Route{"DELETE",
          "/v1/logins",
          "endLogin",
          "logins",
          Access::read,
          Reach::any_overlay,
          "Log out",
          "The token that the page got by its link opens nothing any more; its streams end.",
          {},
          Body::none,
          "",
          204,
          {},
          kOnEnd,
          handle_end_login},
    Route{"GET",
          "/v1/overlays/{overlay}/topology",
          "getTopology",
          "members",
          Access::read,
          Reach::overlay,
          "Where members are, and who watches whom",
          "Places are network coordinates laid flat. Links are those of the fixed observers of the "
          "rings, as this daemon's view has them.",
          {},
          Body::none,
          "",
          200,
          kTopology,
          kOnShow,
          handle_topology},
};

}  // namespace

std::span<const Route> page_routes() {
    return kRoutes;
}

}  // namespace grapevine::api
