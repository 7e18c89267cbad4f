#include <array>

#include "api/handlers.hpp"
#include "api/routes.hpp"

// The routes that concern an overlay as a whole: its keys, and what is wiped in it.
namespace grapevine::api {
namespace {

using Kind = ProblemKind;

constexpr std::array kKeys = {Content{"application/json", "Keys"}};
constexpr std::array kWipe = {Content{"application/json", "Wipe"}};
constexpr std::array kWipes = {Content{"application/json", "Wipes"}};
constexpr std::array kOnShow = {Kind::not_found, Kind::conflict, Kind::unavailable};
constexpr std::array kOnOrder = {Kind::not_found, Kind::conflict, Kind::unavailable,
                                 Kind::over_limit, Kind::too_large};

constexpr std::array kRoutes = {
    Route{"GET",
          "/v1/overlays/{overlay}/keys",
          "getKeys",
          "keys",
          Access::read,
          Reach::overlay,
          "Which keys are valid, and how far a rotation is",
          "Ids of keys, never the keys; and of every member which it holds and seals with.",
          {},
          Body::none,
          "",
          200,
          kKeys,
          kOnShow,
          handle_show_keys},
    Route{"POST",
          "/v1/overlays/{overlay}/keys/rotate",
          "rotateKeys",
          "keys",
          Access::admin,
          Reach::overlay,
          "Rotate to a new key",
          "Begins a rotation and drives it to its end, or takes over the one that is under way. "
          "Each stage (install, use, remove) begins when every member has confirmed the one "
          "before; members that are dead and not forgotten are waited for.",
          {},
          Body::json,
          "RotateKeys",
          202,
          kKeys,
          kOnOrder,
          handle_rotate_keys},
    Route{"GET",
          "/v1/overlays/{overlay}/wipes",
          "listWipes",
          "keys",
          Access::read,
          Reach::overlay,
          "What has been wiped",
          "",
          {},
          Body::none,
          "",
          200,
          kWipes,
          kOnShow,
          handle_list_wipes},
    Route{"POST",
          "/v1/overlays/{overlay}/wipes",
          "wipe",
          "keys",
          Access::admin,
          Reach::overlay,
          "Wipe a part of the state everywhere",
          "Everything of that part that is older than this moment is dropped by all members, and "
          "refused from whoever still has it. It takes the key of an operator of the overlay.",
          {},
          Body::json,
          "WipeOrder",
          202,
          kWipe,
          kOnOrder,
          handle_wipe},
};

}  // namespace

std::span<const Route> keys_routes() {
    return kRoutes;
}

}  // namespace grapevine::api
