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
[[nodiscard]] std::string_view openapi_keys_schemas();

}  // namespace grapevine::api
