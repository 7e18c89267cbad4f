#include "api/openapi.hpp"

namespace grapevine::api {
namespace {

constexpr std::string_view kSchemas = R"json(
"Summary": {
  "type": "object", "additionalProperties": false,
  "required": ["is_on", "levels", "statements", "values"],
  "properties": {
    "is_on": {"type": "boolean", "description": "The overlay has a summary_path."},
    "levels": {"type": "array", "description": "From the top; none before the first round.",
               "items": {
      "type": "object", "additionalProperties": false,
      "required": ["label", "zone", "is_spoken_for", "rows"],
      "properties": {
        "label": {"type": "string", "description": "Which tells the parts apart; member: hosts."},
        "zone": {"type": "string", "description": "As eu/fra; empty: the whole overlay."},
        "is_spoken_for": {"type": "boolean",
                          "description": "This member exchanges these rows with others."},
        "rows": {"type": "array", "items": {
          "type": "object", "additionalProperties": false,
          "required": ["name", "members", "age_ms", "is_own", "representatives", "attributes"],
          "properties": {
            "name": {"type": "string", "description": "Of a zone; of a host its member id."},
            "member_name": {"type": "string"},
            "members": {"type": "integer"},
            "age_ms": {"type": "integer",
                       "description": "Since the newest of what it was made from was said."},
            "is_own": {"type": "boolean"},
            "representatives": {"type": "array", "items": {"type": "string"}},
            "attributes": {"type": "object", "additionalProperties": {"type": "string"}}
          }
        }}
      }
    }},
    "statements": {"type": "array", "items": {
      "type": "object", "additionalProperties": false,
      "required": ["name", "sql", "epoch", "state"],
      "properties": {
        "name": {"type": "string"},
        "sql": {"type": "string"},
        "epoch": {"type": "integer"},
        "expires_at": {"type": "integer", "description": "Milliseconds since 1970."},
        "state": {"type": "string", "enum": ["running", "failed", "expired", "waiting"],
                  "description": "waiting: for the next round, or because there are too many."},
        "error": {"type": "string"}
      }
    }},
    "values": {"type": "object", "additionalProperties": {"type": "string"},
               "description": "What this member tells its zone beside its record."}
  }
},
"SummaryOrder": {
  "type": "object", "additionalProperties": false, "required": ["sql", "operator_key"],
  "properties": {
    "sql": {"type": "string",
            "examples": ["select sum(record_number('load')) as load from members"]},
    "expires_in_ms": {"type": "integer", "minimum": 0,
                      "description": "From then on it is not run. Absent: it does not expire."},
    "operator_key": {"type": "string", "description": "The secret key of an operator."}
  }
},
"SummaryRemoval": {
  "type": "object", "additionalProperties": false, "required": ["operator_key"],
  "properties": {
    "operator_key": {"type": "string", "description": "The secret key of an operator."}
  }
},
)json";

}  // namespace

std::string_view openapi_summary_schemas() {
    return kSchemas;
}

}  // namespace grapevine::api
