#include <array>

#include "api/handlers.hpp"
#include "api/routes.hpp"

// The routes of the map that an overlay shares.
namespace grapevine::api {
namespace {

using Type = QueryParameter::Type;
using Times = QueryParameter::Times;
using Kind = ProblemKind;

constexpr std::array kListQuery = {
    QueryParameter{"prefix", Type::text, Times::once, "Only keys that begin with this."},
    QueryParameter{"after", Type::text, Times::once,
                   "Only keys behind this one: `next` of the page before."},
    QueryParameter{"limit", Type::whole, Times::once, "At most this many, 100 when not given."},
};
constexpr QueryParameter kVersion = {
    "version", Type::text, Times::once,
    "The version that the key must have here, or nothing (`?version=`): it must not exist. "
    "Compared with what this daemon holds: a write elsewhere that has not come here yet is not "
    "seen, and the later one wins."};
constexpr std::array kPutQuery = {
    QueryParameter{"ttl_ms", Type::whole, Times::once,
                   "The entry ends everywhere after so many milliseconds; when the body is the "
                   "value itself."},
    kVersion,
};
constexpr std::array kEraseQuery = {kVersion};

constexpr std::array kEntry = {Content{"application/json", "StateEntry"}};
constexpr std::array kPage = {Content{"application/json", "StatePage"}};
constexpr std::array kOnRead = {Kind::not_found, Kind::conflict, Kind::unavailable};
constexpr std::array kOnWrite = {Kind::not_found, Kind::conflict, Kind::unavailable,
                                 Kind::over_limit, Kind::unsupported_media_type};

constexpr std::array kRoutes = {
    Route{"GET", "/v1/overlays/{overlay}/state", "listState", "state", Access::read, Reach::overlay,
          "List the shared map",
          "By key. What this daemon holds, which is what all members hold a moment later.",
          kListQuery, Body::none, "", 200, kPage, kOnRead, handle_list_state},
    Route{"POST",
          "/v1/overlays/{overlay}/state",
          "loadState",
          "state",
          Access::publish,
          Reach::overlay,
          "Write many values of the shared map",
          "At most 1024 at once, of text.",
          {},
          Body::json,
          "StateLoad",
          204,
          {},
          kOnWrite,
          handle_load_state},
    Route{"GET",
          "/v1/overlays/{overlay}/state/{key}",
          "getState",
          "state",
          Access::read,
          Reach::overlay,
          "Show one key of the shared map",
          "A value, a counter or a set. A slash in the key is written %2F.",
          {},
          Body::none,
          "",
          200,
          kEntry,
          kOnRead,
          handle_get_state},
    Route{"PUT", "/v1/overlays/{overlay}/state/{key}", "putState", "state", Access::publish,
          Reach::overlay, "Write one key of the shared map",
          "JSON sets a value, adds to a counter, or adds to a set and removes from it; any other "
          "body is the value itself, at most 64 KiB.",
          kPutQuery, Body::value, "StateChange", 200, kEntry, kOnWrite, handle_put_state},
    Route{"DELETE",
          "/v1/overlays/{overlay}/state/{key}",
          "eraseState",
          "state",
          Access::publish,
          Reach::overlay,
          "Delete one key of the shared map",
          "Everywhere, and for good: who was away does not bring it back.",
          kEraseQuery,
          Body::none,
          "",
          204,
          {},
          kOnRead,
          handle_erase_state},
};

}  // namespace

std::span<const Route> state_routes() {
    return kRoutes;
}

}  // namespace grapevine::api
