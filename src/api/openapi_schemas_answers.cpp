#include "api/openapi.hpp"

namespace grapevine::api {
namespace {

constexpr std::string_view kSchemas = R"json(
"SqlValue": {"type": ["string", "number", "null"]},
"SqlBody": {
  "type": "object", "additionalProperties": false, "required": ["sql"],
  "properties": {
    "sql": {"type": "string", "maxLength": 4096, "description": "One SELECT.",
            "examples": ["select status, count(*) n from members group by status"]},
    "parameters": {"type": "array", "maxItems": 32,
                   "items": {"$ref": "#/components/schemas/SqlValue"},
                   "description": "One value for each ?, in order."}
  }
},
"Table": {
  "type": "object", "additionalProperties": false,
  "required": ["columns", "rows", "is_truncated", "age_ms"],
  "properties": {
    "columns": {"type": "array", "items": {"type": "string"}},
    "rows": {"type": "array", "items": {
      "type": "array", "items": {"$ref": "#/components/schemas/SqlValue"}}},
    "is_truncated": {"type": "boolean", "description": "Something was left out or cut."},
    "cut": {"type": "string", "description": "What, for people."},
    "age_ms": {"type": "integer",
               "description": "How long ago this daemon looked at what it knows."},
    "oldest_ms": {"type": "integer",
                  "description": "How long before that the oldest record value in it came here."}
  }
},
"AggregateDefinition": {
  "type": "object", "additionalProperties": false,
  "description": "Either sql, or function with what belongs to it.",
  "properties": {
    "sql": {"type": "string", "maxLength": 4096, "description": "One SELECT."},
    "function": {"type": "string",
                 "enum": ["count", "sum", "mean", "min", "max", "p50", "p90", "p99", "top"]},
    "key": {"type": "string", "description": "Of the records; count without one counts members."},
    "group_by": {"type": "string", "description": "A label: one row for each of its values."},
    "statuses": {"type": "array", "maxItems": 4,
                 "items": {"type": "string", "enum": ["alive", "suspect", "dead", "left"]},
                 "description": "Which members; alive and suspect when absent."},
    "labels": {"$ref": "#/components/schemas/Labels"},
    "top": {"type": "integer", "minimum": 1, "maximum": 100,
            "description": "Rows per group of top; 10 when absent."}
  }
},
"Aggregate": {
  "type": "object", "additionalProperties": false,
  "required": ["name", "definition", "state", "revision", "columns", "rows", "is_truncated",
               "age_ms"],
  "properties": {
    "name": {"type": "string"},
    "definition": {"$ref": "#/components/schemas/AggregateDefinition"},
    "state": {"type": "string", "enum": ["waiting", "ready", "failed"],
              "description": "Not computed yet; as it is; `error` says why it could not be."},
    "error": {"type": "string"},
    "revision": {"type": "integer", "description": "Raised with each change of the value."},
    "contributors": {"type": "integer", "description": "Members whose record gave a value."},
    "lacking": {"type": "integer", "description": "Members that were asked for a key in vain."},
    "columns": {"type": "array", "items": {"type": "string"}},
    "rows": {"type": "array", "items": {
      "type": "array", "items": {"$ref": "#/components/schemas/SqlValue"}}},
    "is_truncated": {"type": "boolean"},
    "cut": {"type": "string"},
    "age_ms": {"type": "integer", "description": "How long ago it was computed."},
    "oldest_ms": {"type": "integer",
                  "description": "How old the oldest value of a record was then."}
  }
},
"AggregateList": {
  "type": "object", "additionalProperties": false, "required": ["aggregates"],
  "properties": {
    "aggregates": {"type": "array", "items": {"$ref": "#/components/schemas/Aggregate"}}
  }
},
)json";

}  // namespace

std::string_view openapi_answer_schemas() {
    return kSchemas;
}

}  // namespace grapevine::api
