#include "api/openapi.hpp"

namespace grapevine::api {
namespace {

constexpr std::string_view kSchemas = R"json(
"LoginWish": {
  "type": "object", "additionalProperties": false,
  "properties": {
    "scopes": {"type": "array", "minItems": 1, "maxItems": 3,
               "items": {"type": "string", "enum": ["read", "publish", "admin"]},
               "description": "What the page may do; all that the caller may when absent."}
  }
},
"LoginOffer": {
  "type": "object", "additionalProperties": false, "required": ["code", "path", "expires_in_s"],
  "properties": {
    "code": {"type": "string"},
    "path": {"type": "string", "description": "To be opened in a browser, on this daemon."},
    "expires_in_s": {"type": "integer"}
  }
},
"LoginCode": {
  "type": "object", "additionalProperties": false, "required": ["code"],
  "properties": {"code": {"type": "string"}}
},
"Login": {
  "type": "object", "additionalProperties": false,
  "required": ["token", "scopes", "overlays", "expires_in_s"],
  "properties": {
    "token": {"type": "string"},
    "scopes": {"type": "array", "items": {"type": "string"}},
    "overlays": {"type": "array", "items": {"type": "string"}},
    "expires_in_s": {"type": "integer"}
  }
},
"Topology": {
  "type": "object", "additionalProperties": false,
  "required": ["members", "links", "links_left_out"],
  "properties": {
    "members": {"type": "array", "items": {
      "type": "object", "additionalProperties": false,
      "required": ["id", "zone", "x_us", "y_us"],
      "properties": {
        "id": {"type": "string"},
        "zone": {"type": "string"},
        "x_us": {"type": ["integer", "null"], "description": "Null: its place is not known here."},
        "y_us": {"type": ["integer", "null"]}
      }}},
    "links": {"type": "array", "description": "Pairs of indexes: the first watches the second.",
              "items": {"type": "array", "minItems": 2, "maxItems": 2,
                        "items": {"type": "integer"}}},
    "links_left_out": {"type": "integer"}
  }
},
)json";

}  // namespace

std::string_view openapi_page_schemas() {
    return kSchemas;
}

}  // namespace grapevine::api
