#include <array>

#include "api/handlers.hpp"
#include "api/routes.hpp"

// The routes that answer questions about all members at once: SQL and named aggregates.
namespace grapevine::api {
namespace {

using Kind = ProblemKind;

constexpr std::array kTable = {Content{"application/json", "Table"}};
constexpr std::array kAggregate = {Content{"application/json", "Aggregate"}};
constexpr std::array kAggregates = {Content{"application/json", "AggregateList"}};
constexpr std::array kFollow = {Content{"text/event-stream", "Aggregate"}};

constexpr std::array kOnSql = {Kind::not_found,    Kind::over_limit, Kind::unsupported_media_type,
                               Kind::unavailable,  Kind::conflict,   Kind::too_large,
                               Kind::cross_origin, Kind::busy};
constexpr std::array kOnOverlay = {Kind::not_found, Kind::conflict, Kind::unavailable};
constexpr std::array kOnSet = {
    Kind::not_found,   Kind::conflict,  Kind::over_limit,   Kind::unsupported_media_type,
    Kind::unavailable, Kind::too_large, Kind::cross_origin, Kind::busy};
constexpr std::array kOnErase = {Kind::not_found, Kind::conflict, Kind::unavailable,
                                 Kind::cross_origin};
constexpr std::array kOnFollow = {Kind::not_found, Kind::unavailable};

constexpr std::array kRoutes = {
    Route{"POST",
          "/v1/overlays/{overlay}/sql",
          "runSql",
          "answers",
          Access::read,
          Reach::overlay,
          "Ask in SQL",
          "One SELECT over what this daemon knows of the overlay; see the reference of SQL. It is "
          "aborted after a second, and what is cut of an answer is told.",
          {},
          Body::json,
          "SqlBody",
          200,
          kTable,
          kOnSql,
          handle_sql},
    Route{"GET",
          "/v1/overlays/{overlay}/aggregates",
          "listAggregates",
          "answers",
          Access::read,
          Reach::overlay,
          "List aggregates",
          "With their present values, by name.",
          {},
          Body::none,
          "",
          200,
          kAggregates,
          kOnOverlay,
          handle_list_aggregates},
    Route{"GET",
          "/v1/overlays/{overlay}/aggregates/{name}",
          "getAggregate",
          "answers",
          Access::read,
          Reach::overlay,
          "Show an aggregate",
          "Its definition and present value, as this daemon computes it.",
          {},
          Body::none,
          "",
          200,
          kAggregate,
          kOnOverlay,
          handle_show_aggregate},
    Route{"PUT",
          "/v1/overlays/{overlay}/aggregates/{name}",
          "setAggregate",
          "answers",
          Access::admin,
          Reach::overlay,
          "Define an aggregate",
          "On all members: each computes it from then on, whenever something that it reads has "
          "changed.",
          {},
          Body::json,
          "AggregateDefinition",
          200,
          kAggregate,
          kOnSet,
          handle_set_aggregate},
    Route{"DELETE",
          "/v1/overlays/{overlay}/aggregates/{name}",
          "eraseAggregate",
          "answers",
          Access::admin,
          Reach::overlay,
          "Remove an aggregate",
          "From all members. Those who follow it are told.",
          {},
          Body::none,
          "",
          204,
          {},
          kOnErase,
          handle_erase_aggregate},
    Route{"GET",
          "/v1/overlays/{overlay}/aggregates/{name}/follow",
          "followAggregate",
          "answers",
          Access::read,
          Reach::overlay,
          "Follow an aggregate",
          "Server-sent events: `value` with an Aggregate, at once and whenever it has changed, and "
          "`ended` with a reason. `id` is the revision. A slow reader gets the newest value and "
          "not those in between.",
          {},
          Body::none,
          "",
          200,
          kFollow,
          kOnFollow,
          handle_follow_aggregate},
};

}  // namespace

std::span<const Route> answer_routes() {
    return kRoutes;
}

}  // namespace grapevine::api
