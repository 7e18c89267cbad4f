#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "api/problem.hpp"

// The routes, as one table. The dispatcher, the checks of scopes and query keys, the OpenAPI
// document and the tests all read it, so they cannot differ.
namespace grapevine::api {

class Service;
struct Call;

/// Who may call.
enum class Access : std::uint8_t {
    open,     ///< Anybody.
    metrics,  ///< Anybody over loopback if the options say so, otherwise `read`.
    read,
    publish,
    admin,
    any,  ///< Read or publish: each message is checked again by what it asks.
};

/// On which overlays the token must have the scope.
enum class Reach : std::uint8_t {
    none,
    overlay,       ///< The one that the path names.
    body,          ///< The one that the body names; the handler checks.
    any_overlay,   ///< On one at least; the answer shows only what the token reaches.
    all_overlays,  ///< On "*".
};

struct QueryParameter {
    enum class Type : std::uint8_t { text, whole, truth };
    enum class Times : std::uint8_t { once, repeated };
    std::string_view name;
    Type type = Type::text;
    Times times = Times::once;
    std::string_view description;
};

enum class Body : std::uint8_t {
    none,
    json,           ///< application/json, and nothing else.
    optional_json,  ///< The same, or nothing.
    event,          ///< application/json, or anything else with ?topic=.
    record,         ///< application/json or text/plain.
    value,          ///< application/json, or anything else: the value itself.
};

/// Content of a successful answer; `schema` names one of `openapi_schemas`.
struct Content {
    std::string_view media_type;
    std::string_view schema;
};

struct Route {
    std::string_view method;
    std::string_view pattern;    ///< "/v1/overlays/{overlay}"
    std::string_view operation;  ///< OpenAPI operationId.
    std::string_view tag;
    Access access;
    Reach reach;
    std::string_view summary;
    std::string_view description;
    std::span<const QueryParameter> query;
    Body body;
    std::string_view body_schema;
    int status;  ///< Of success.
    std::span<const Content> content;
    /// Beyond those that every route can give (see openapi.cpp).
    std::span<const ProblemKind> problems;
    void (*handler)(Service&, const std::shared_ptr<Call>&);
};

std::span<const Route> routes();

/// The part of it that stands in routes_network.cpp.
std::span<const Route> network_routes();
std::span<const Route> state_routes();
/// In routes_trace.cpp.
std::span<const Route> trace_routes();
/// In routes_answers.cpp.
std::span<const Route> answer_routes();
/// In routes_queries.cpp.
std::span<const Route> query_routes();
/// In routes_page.cpp.
std::span<const Route> page_routes();
/// In routes_lab.cpp.
std::span<const Route> lab_routes();
/// In routes_keys.cpp.
std::span<const Route> keys_routes();
std::span<const Route> rollout_routes();
std::span<const Route> summary_routes();

}  // namespace grapevine::api
