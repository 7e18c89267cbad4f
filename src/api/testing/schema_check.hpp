#pragma once

#include <string>
#include <string_view>

namespace grapevine::api::testing {

/// What in `text` breaks the schema of this name in `openapi_schemas`, with its place; empty if
/// nothing does. Knows the part of JSON Schema that our schemas use: type, const, enum, required,
/// properties, additionalProperties, items, oneOf and $ref.
[[nodiscard]] std::string violation(std::string_view text, std::string_view schema);

}  // namespace grapevine::api::testing
