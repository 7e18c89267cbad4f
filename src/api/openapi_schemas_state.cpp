#include "api/openapi.hpp"

namespace grapevine::api {

std::string_view openapi_state_schemas() {
    return R"json(
"StateEntry": {
  "type": "object", "additionalProperties": false, "required": ["key", "type", "version"],
  "description": "One key of the shared map, as this daemon holds it.",
  "properties": {
    "key": {"type": "string"},
    "type": {"type": "string", "enum": ["value", "counter", "set"]},
    "version": {"type": "string", "description": "To be compared for equality, nothing else."},
    "value": {"type": "string"},
    "value_base64": {"type": "string", "contentEncoding": "base64"},
    "writer": {"type": "string", "description": "Id of the member that wrote the value."},
    "expires_at_ms": {"type": "integer", "description": "Since 1970; absent: never."},
    "count": {"type": "integer"},
    "elements": {"type": "array", "items": {"type": "string"},
                 "description": "Sorted; at most 1024 of them."},
    "element_count": {"type": "integer"}
  }
},
"StatePage": {
  "type": "object", "additionalProperties": false, "required": ["entries", "next"],
  "properties": {
    "entries": {"type": "array", "items": {"$ref": "#/components/schemas/StateEntry"}},
    "next": {"type": ["string", "null"], "description": "Give it as `after`; null: that was all."}
  }
},
"StateChange": {
  "type": "object", "additionalProperties": false,
  "description": "One of value, value_base64, add, subtract, and elements_*.",
  "properties": {
    "value": {"type": "string", "description": "At most 64 KiB."},
    "value_base64": {"type": "string", "contentEncoding": "base64"},
    "ttl_ms": {"type": "integer", "minimum": 1, "maximum": 31622400000},
    "add": {"type": "integer", "minimum": 0, "maximum": 4503599627370496},
    "subtract": {"type": "integer", "minimum": 0, "maximum": 4503599627370496},
    "elements_add": {"type": "array", "maxItems": 1024, "items": {"type": "string"}},
    "elements_remove": {"type": "array", "maxItems": 1024, "items": {"type": "string"}}
  }
},
"StateLoad": {
  "type": "object", "additionalProperties": false, "required": ["values"],
  "properties": {
    "values": {"type": "object", "additionalProperties": {"type": "string"},
               "minProperties": 1, "maxProperties": 1024}
  }
},
"StateItem": {
  "type": "object", "additionalProperties": false,
  "required": ["type", "cursor", "seen_at_ms", "key", "entry"],
  "description": "A key of the shared map is another now.",
  "properties": {
    "type": {"const": "state"},
    "cursor": {"type": "string"},
    "subscription": {"type": "string"},
    "seen_at_ms": {"type": "integer"},
    "key": {"type": "string"},
    "entry": {"oneOf": [{"$ref": "#/components/schemas/StateEntry"}, {"type": "null"}]}
  }
},
"StateReloadItem": {
  "type": "object", "additionalProperties": false,
  "required": ["type", "cursor", "seen_at_ms", "reason", "dropped"],
  "description": "More of the shared map has changed than is told by key: list it anew.",
  "properties": {
    "type": {"const": "state_reload"},
    "cursor": {"type": "string"},
    "subscription": {"type": "string"},
    "seen_at_ms": {"type": "integer"},
    "reason": {"type": "string", "enum": ["copied", "wiped", "reset"]},
    "dropped": {"type": "integer", "description": "Cells that were dropped first, if reset."}
  }
},)json";
}

}  // namespace grapevine::api
