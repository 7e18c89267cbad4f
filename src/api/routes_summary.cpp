#include <array>

#include "api/handlers.hpp"
#include "api/routes.hpp"

// The routes of zones within zones.
namespace grapevine::api {
namespace {

using Kind = ProblemKind;

constexpr std::array kSummary = {Content{"application/json", "Summary"}};
constexpr std::array kOnShow = {Kind::not_found, Kind::conflict, Kind::unavailable};
constexpr std::array kOnOrder = {Kind::not_found, Kind::conflict, Kind::unavailable,
                                 Kind::over_limit, Kind::too_large};

constexpr std::array kRoutes = {
    Route{"GET",
          "/v1/overlays/{overlay}/summary",
          "getSummary",
          "summary",
          Access::read,
          Reach::overlay,
          "What is known of zones within zones",
          "Of every zone that this member is in, a row for each part of it; the statements that "
          "compute them; and what this member tells its zone.",
          {},
          Body::none,
          "",
          200,
          kSummary,
          kOnShow,
          handle_show_summary},
    Route{"PUT",
          "/v1/overlays/{overlay}/summary/statements/{name}",
          "setSummaryStatement",
          "summary",
          Access::admin,
          Reach::overlay,
          "Set a statement that summarises zones, on all members",
          "One SELECT over the rows of a zone as if they were members, whose columns are what the "
          "zone says of itself. It takes the key of an operator of the overlay.",
          {},
          Body::json,
          "SummaryOrder",
          202,
          kSummary,
          kOnOrder,
          handle_set_summary},
    Route{"DELETE",
          "/v1/overlays/{overlay}/summary/statements/{name}",
          "removeSummaryStatement",
          "summary",
          Access::admin,
          Reach::overlay,
          "Remove such a statement from all members",
          "It takes the key of an operator of the overlay.",
          {},
          Body::json,
          "SummaryRemoval",
          202,
          kSummary,
          kOnOrder,
          handle_remove_summary},
    Route{"PUT",
          "/v1/overlays/{overlay}/summary/values/{key}",
          "setZoneValue",
          "summary",
          Access::publish,
          Reach::overlay,
          "Tell our zone a value",
          "Unlike a record it goes to the members of our zone only, and is gone when the daemon "
          "ends. Statements see it as a key of our record.",
          {},
          Body::record,
          "RecordValue",
          200,
          kSummary,
          kOnOrder,
          handle_set_zone_value},
    Route{"DELETE",
          "/v1/overlays/{overlay}/summary/values/{key}",
          "eraseZoneValue",
          "summary",
          Access::publish,
          Reach::overlay,
          "Tell our zone no longer",
          "The value is gone from the row of this member with the next round.",
          {},
          Body::none,
          "",
          200,
          kSummary,
          kOnShow,
          handle_erase_zone_value},
};

}  // namespace

std::span<const Route> summary_routes() {
    return kRoutes;
}

}  // namespace grapevine::api
