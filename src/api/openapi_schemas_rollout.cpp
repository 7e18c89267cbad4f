#include "api/openapi.hpp"

namespace grapevine::api {
namespace {

constexpr std::string_view kSchemas = R"json(
"Config": {
  "type": "object", "additionalProperties": false,
  "required": ["epoch", "stage", "running", "canary_permille", "health_interval_ms",
               "is_overruled", "settings", "members"],
  "properties": {
    "epoch": {"type": "integer", "description": "Of the last roll-out; 0: there was none."},
    "stage": {"type": "string", "enum": ["none", "canary", "everywhere", "returned", "unread"],
              "description": "unread: it is of a later release, and was not taken over."},
    "running": {"type": "integer",
                "description": "The epoch that this member runs; 0: its own configuration."},
    "canary_permille": {"type": "integer"},
    "health_interval_ms": {"type": "integer"},
    "is_overruled": {"type": "boolean",
                     "description": "It has displaced another one that was proposed here."},
    "settings": {"type": "array", "items": {
      "type": "object", "additionalProperties": false, "required": ["name", "before", "value"],
      "properties": {
        "name": {"type": "string"},
        "before": {"type": "string", "description": "Empty: as each member is configured."},
        "value": {"type": "string", "description": "Likewise."}
      }
    }},
    "members": {"type": "array", "items": {
      "type": "object", "additionalProperties": false,
      "required": ["id", "name", "status", "status_age_ms", "is_canary", "health", "reason",
                   "intervals"],
      "properties": {
        "id": {"type": "string"},
        "name": {"type": "string"},
        "status": {"type": "string"},
        "status_age_ms": {"type": "integer"},
        "is_canary": {"type": "boolean"},
        "health": {"type": "string", "enum": ["steady", "well", "unwell", "refused", "silent"]},
        "reason": {"type": "string",
                   "enum": ["none", "slow", "suspects", "deaths", "suspected", "lost-events",
                            "restarted", "unknown", "vanished", "stuck"]},
        "running": {"type": "integer"},
        "intervals": {"type": "integer",
                      "description": "Health intervals that a canary has been well."}
      }
    }}
  }
},
"ConfigOrder": {
  "type": "object", "additionalProperties": false, "required": ["settings", "operator_key"],
  "properties": {
    "settings": {"type": "object", "additionalProperties": {"type": "string"},
                 "examples": [{"retention_age": "10m"}],
                 "description": "As in the configuration file; empty: each member's own again."},
    "canary_permille": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100},
    "health_interval_ms": {"type": "integer", "minimum": 1000, "maximum": 3600000,
                           "default": 10000},
    "operator_key": {"type": "string", "description": "The secret key of an operator."}
  }
},
)json";

}  // namespace

std::string_view openapi_rollout_schemas() {
    return kSchemas;
}

}  // namespace grapevine::api
