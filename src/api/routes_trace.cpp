#include <array>

#include "api/handlers.hpp"
#include "api/routes.hpp"

// The route that tells how an event spread.
namespace grapevine::api {
namespace {

using Type = QueryParameter::Type;
using Times = QueryParameter::Times;
using Kind = ProblemKind;

constexpr std::array kTraceQuery = {
    QueryParameter{"channel", Type::whole, Times::once,
                   "The last part of the event's id, if it has four."},
    QueryParameter{
        "patience_ms", Type::whole, Times::once,
        "How long to wait for members that do not answer, 2000 when not given; those are "
        "listed in `silent`."},
};

constexpr std::array kTrace = {Content{"application/json", "Trace"}};
constexpr std::array kOnTrace = {Kind::not_found, Kind::conflict, Kind::unavailable,
                                 Kind::over_limit};

constexpr std::array kRoutes = {
    Route{"GET", "/v1/overlays/{overlay}/events/{publisher}/{epoch}/{sequence}/trace", "traceEvent",
          "events", Access::read, Reach::overlay, "How an event spread",
          "Asks every member that is alive from whom and when it learned of an event that was "
          "published with a trace. Times are civil times of the members, held against the middle "
          "of the question's round trip: a clock that is certainly wrong is corrected, and `clock` "
          "says so.",
          kTraceQuery, Body::none, "", 200, kTrace, kOnTrace, handle_trace},
};

}  // namespace

std::span<const Route> trace_routes() {
    return kRoutes;
}

}  // namespace grapevine::api
