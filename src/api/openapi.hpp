#pragma once

#include <string>
#include <string_view>

namespace grapevine::api {

/// The OpenAPI 3.1 document of this API, one line of JSON: made from the table of routes, the kinds
/// of problems and `openapi_schemas`.
[[nodiscard]] const std::string& openapi_document();

/// JSON object of the schemas that routes name, as in components.schemas.
[[nodiscard]] std::string_view openapi_schemas();
/// The part of it that describes how an event spread: members of an object, with a comma behind.
[[nodiscard]] std::string_view openapi_trace_schemas();
[[nodiscard]] std::string_view openapi_state_schemas();
/// The same of SQL and aggregates.
[[nodiscard]] std::string_view openapi_answer_schemas();
/// ... and queries; after those of traces, whose MemberName they use.
[[nodiscard]] std::string_view openapi_query_schemas();
[[nodiscard]] std::string_view openapi_keys_schemas();
[[nodiscard]] std::string_view openapi_page_schemas();
[[nodiscard]] std::string_view openapi_lab_schemas();
[[nodiscard]] std::string_view openapi_rollout_schemas();
[[nodiscard]] std::string_view openapi_summary_schemas();

}  // namespace grapevine::api
