#include <array>

#include "api/handlers.hpp"
#include "api/routes.hpp"

// Routes of queries to all members.
namespace grapevine::api {
namespace {

using Type = QueryParameter::Type;
using Times = QueryParameter::Times;
using Kind = ProblemKind;

constexpr std::array kServeQuery = {
    QueryParameter{"name", Type::text, Times::once, "The queries that are answered."},
};

constexpr std::array kEstimateQuery = {
    QueryParameter{"of", Type::text, Times::once, "count (the default), mean, sum, max or min."},
    QueryParameter{"key", Type::text, Times::once,
                   "Key of the members' records; a count without one is of all members."},
    QueryParameter{"method", Type::text, Times::once,
                   "push-pull (count, mean, sum), push-sum (mean) or extrema (count, sum, max, "
                   "min); the first that fits when not given."},
};

constexpr std::array kEstimate = {Content{"application/json", "Estimate"}};
constexpr std::array kOnEstimate = {Kind::not_found, Kind::conflict, Kind::unavailable};
constexpr std::array kResult = {Content{"application/json", "QueryResult"},
                                Content{"text/event-stream", "QueryItem"}};
constexpr std::array kCalls = {Content{"text/event-stream", "QueryCall"}};
constexpr std::array kOnQuery = {Kind::not_found, Kind::conflict, Kind::unavailable,
                                 Kind::cross_origin};

constexpr std::array kRoutes = {
    Route{"POST",
          "/v1/overlays/{overlay}/queries",
          "askQuery",
          "queries",
          Access::publish,
          Reach::overlay,
          "Ask all members something",
          "Puts the query to every member that is alive and that the filter matches, and gathers "
          "what their applications answer. One document at the end; with \"Accept: "
          "text/event-stream\" each answer as it comes (`answer`), and then who has answered, who "
          "has not and who was not expected to (`end`).",
          {},
          Body::json,
          "QueryBody",
          200,
          kResult,
          kOnQuery,
          handle_ask_query},
    Route{"GET", "/v1/overlays/{overlay}/queries/serve", "serveQueries", "queries", Access::publish,
          Reach::overlay, "Answer queries",
          "Server-sent events: first `serving`, then each query of this name (`query`), to be "
          "answered with answerQuery. Of several applications that serve a name each gets each "
          "query, and the first answer counts. What is not answered when the stream ends is told "
          "to the asker as abandoned.",
          kServeQuery, Body::none, "", 200, kCalls, kOnQuery, handle_serve_queries},
    Route{"POST",
          "/v1/overlays/{overlay}/queries/{query}/answer",
          "answerQuery",
          "queries",
          Access::publish,
          Reach::overlay,
          "Answer one query",
          "The body is JSON with the payload, or with any other content type the payload itself. "
          "404: it has been answered, or its asker does not wait any more.",
          {},
          Body::event,
          "QueryAnswerBody",
          204,
          {},
          kOnQuery,
          handle_answer_query},
    Route{"GET", "/v1/overlays/{overlay}/estimate", "getEstimate", "queries", Access::read,
          Reach::overlay, "Estimate something about all members",
          "Has all members run a gossip aggregation among themselves, and answers some seconds "
          "later with what came of it here. Nobody asks everybody: each member sends one datagram "
          "per round.",
          kEstimateQuery, Body::none, "", 200, kEstimate, kOnEstimate, handle_estimate},
};

}  // namespace

std::span<const Route> query_routes() {
    return kRoutes;
}

}  // namespace grapevine::api
