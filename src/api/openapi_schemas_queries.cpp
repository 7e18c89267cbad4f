#include "api/openapi.hpp"

namespace grapevine::api {
namespace {

constexpr std::string_view kSchemas = R"json(
"Estimate": {
  "type": "object", "additionalProperties": false,
  "required": ["of", "method", "expected_error", "rounds", "took_us"],
  "properties": {
    "of": {"type": "string", "enum": ["count", "mean", "sum", "max", "min"]},
    "key": {"type": "string"},
    "method": {"type": "string", "enum": ["push-pull", "push-sum", "extrema"]},
    "value": {"type": "number", "description": "Absent if no member has a number under the key."},
    "expected_error": {"type": "number", "description": "Relative standard deviation."},
    "rounds": {"type": "integer"},
    "contributors": {"type": "number",
                     "description": "About so many members have a number; if it was counted."},
    "took_us": {"type": "integer"}
  }
},
"QueryBody": {
  "type": "object", "additionalProperties": false, "required": ["name"],
  "description": "At most one of payload and payload_base64 is given.",
  "properties": {
    "name": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z0-9._-]+$",
             "description": "version, keys, clock, config and reachability every daemon answers."},
    "payload": {"type": "string", "description": "Text; at most 896 bytes."},
    "payload_base64": {"type": "string", "contentEncoding": "base64"},
    "filter": {"type": "array", "maxItems": 16, "items": {"type": "string"},
               "description": "Who is asked: KEY=VALUE or KEY!=VALUE; see docs/guide/queries.md."},
    "timeout_ms": {"type": "integer", "minimum": 1, "maximum": 120000,
                   "description": "How long to wait for the silent; 2000 when not given."}
  }
},
"QueryAnswerBody": {
  "type": "object", "additionalProperties": false,
  "description": "One of payload and payload_base64 is given.",
  "properties": {
    "payload": {"type": "string", "description": "Text; at most 65,535 bytes."},
    "payload_base64": {"type": "string", "contentEncoding": "base64"}
  }
},
"QueryAnswer": {
  "type": "object", "additionalProperties": false, "required": ["member", "after_us"],
  "description": "What one member answered; payload when it is UTF-8, otherwise payload_base64.",
  "properties": {
    "member": {"$ref": "#/components/schemas/MemberName"},
    "payload": {"type": "string"},
    "payload_base64": {"type": "string", "contentEncoding": "base64"},
    "after_us": {"type": "integer", "description": "Since the query was asked."},
    "round_trip_us": {"type": "integer",
                      "description": "Absent if the question had to be repeated."}
  }
},
"QueryWithout": {
  "type": "object", "additionalProperties": false, "required": ["id", "name", "reason"],
  "properties": {
    "id": {"type": "string"},
    "name": {"type": "string"},
    "reason": {"type": "string",
               "enum": ["silent", "gone", "abandoned", "busy", "too_large", "unreadable",
                        "filtered", "not_served"]}
  }
},
"QueryEnd": {
  "type": "object", "additionalProperties": false,
  "required": ["complete", "answered", "missing", "not_expected", "took_us"],
  "properties": {
    "complete": {"type": "boolean", "description": "Nobody is missing."},
    "answered": {"type": "array", "items": {"$ref": "#/components/schemas/MemberName"}},
    "missing": {"type": "array", "items": {"$ref": "#/components/schemas/QueryWithout"},
                "description": "Should have answered and did not."},
    "not_expected": {"type": "array", "items": {"$ref": "#/components/schemas/QueryWithout"},
                     "description": "Filtered out, or no application there answers to the name."},
    "took_us": {"type": "integer"}
  }
},
"QueryResult": {
  "type": "object", "additionalProperties": false,
  "required": ["answers", "complete", "answered", "missing", "not_expected", "took_us"],
  "properties": {
    "answers": {"type": "array", "items": {"$ref": "#/components/schemas/QueryAnswer"},
                "description": "In the order in which they came."},
    "complete": {"type": "boolean"},
    "answered": {"type": "array", "items": {"$ref": "#/components/schemas/MemberName"}},
    "missing": {"type": "array", "items": {"$ref": "#/components/schemas/QueryWithout"}},
    "not_expected": {"type": "array", "items": {"$ref": "#/components/schemas/QueryWithout"}},
    "took_us": {"type": "integer"}
  }
},
"QueryItem": {
  "description": "An item `answer`, or the last one, `end`.",
  "oneOf": [{"$ref": "#/components/schemas/QueryAnswer"}, {"$ref": "#/components/schemas/QueryEnd"}]
},
"QueryCall": {
  "type": "object", "additionalProperties": false,
  "required": ["id", "name", "from", "timeout_ms"],
  "description": "An item `query`, to be answered under its id.",
  "properties": {
    "id": {"type": "string"},
    "name": {"type": "string"},
    "payload": {"type": "string"},
    "payload_base64": {"type": "string", "contentEncoding": "base64"},
    "from": {"$ref": "#/components/schemas/MemberName"},
    "timeout_ms": {"type": "integer", "description": "How long the asker waits."}
  }
},
)json";

}  // namespace

std::string_view openapi_query_schemas() {
    return kSchemas;
}

}  // namespace grapevine::api
