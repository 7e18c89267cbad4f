#include "api/openapi.hpp"

namespace grapevine::api {
namespace {

constexpr std::string_view kSchemas = R"json(
"MemberName": {
  "type": "object", "additionalProperties": false, "required": ["id", "name"],
  "properties": {
    "id": {"type": "string"},
    "name": {"type": "string", "description": "Empty if the member is not known any more."}
  }
},
"TraceNode": {
  "type": "object", "additionalProperties": false,
  "required": ["id", "name", "hops", "repair", "duplicates", "learned_at_us", "is_skewed", "clock",
               "skew_us"],
  "description": "How one member learned of the event.",
  "properties": {
    "id": {"type": "string"},
    "name": {"type": "string"},
    "from": {"type": "string", "description": "Who brought it; absent at the publisher."},
    "hops": {"type": "integer", "description": "From the publisher, on the way on which it came."},
    "repair": {"type": "string", "enum": ["none", "asked", "frontier"],
               "description": "Came unasked; missed behind a later event; announced."},
    "duplicates": {"type": "integer", "description": "Parts of it that came again."},
    "learned_at_us": {"type": "integer",
                      "description": "Microseconds since 1970, by the clock of this daemon."},
    "after_us": {"type": "integer", "description": "Since the publisher had it, if that answered."},
    "hop_us": {"type": "integer", "description": "Since `from` had it, if that answered."},
    "is_skewed": {"type": "boolean", "description": "hop_us is negative: clocks disagree."},
    "clock": {"type": "string", "enum": ["agreed", "corrected", "unchecked", "estimated"],
              "description": "What learned_at_us is worth; see docs/internals/traces.md."},
    "skew_us": {"type": "integer", "description": "How far its clock seems to be ahead of ours."},
    "round_trip_us": {"type": "integer"}
  }
},
"Trace": {
  "type": "object", "additionalProperties": false,
  "required": ["id", "publisher", "nodes", "edges", "untraced", "lacking", "silent", "duplicates",
               "repairs"],
  "properties": {
    "id": {"type": "string"},
    "publisher": {"type": "string"},
    "nodes": {"type": "array", "items": {"$ref": "#/components/schemas/TraceNode"},
              "description": "In the order in which they learned of it, the publisher first."},
    "edges": {"type": "array", "items": {
      "type": "object", "additionalProperties": false, "required": ["from", "to"],
      "properties": {
        "from": {"type": "string"},
        "to": {"type": "string"},
        "hop_us": {"type": "integer"}
      }}},
    "untraced": {"type": "array", "items": {"$ref": "#/components/schemas/MemberName"},
                 "description": "Have the event, and no note of how it came."},
    "lacking": {"type": "array", "items": {"$ref": "#/components/schemas/MemberName"},
                "description": "Answered that they do not hold it."},
    "silent": {"type": "array", "items": {"$ref": "#/components/schemas/MemberName"},
               "description": "Did not answer in time."},
    "duplicates": {"type": "integer"},
    "repairs": {"type": "integer"}
  }
},
)json";

}  // namespace

std::string_view openapi_trace_schemas() {
    return kSchemas;
}

}  // namespace grapevine::api
