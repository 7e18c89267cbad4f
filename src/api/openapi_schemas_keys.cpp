#include "api/openapi.hpp"

namespace grapevine::api {
namespace {

constexpr std::string_view kSchemas = R"json(
"Keys": {
  "type": "object", "additionalProperties": false,
  "required": ["epoch", "stage", "is_complete", "sealing", "held", "is_driving", "overruled",
               "members"],
  "properties": {
    "epoch": {"type": "integer", "description": "Of the last notice; 0: there was no rotation."},
    "stage": {"type": "string", "enum": ["none", "install", "use", "remove"]},
    "is_complete": {"type": "boolean",
                    "description": "Every member has confirmed the last stage."},
    "sealing": {"type": "integer", "description": "The key that seals what we send."},
    "held": {"type": "array", "items": {"type": "integer"},
             "description": "The keys that open what we receive; ids, never the keys."},
    "is_driving": {"type": "boolean", "description": "This daemon makes the steps."},
    "overruled": {"type": "array", "items": {"type": "integer"},
                  "description": "Keys of the configuration that a rotation has taken away."},
    "members": {"type": "array", "items": {
      "type": "object", "additionalProperties": false,
      "required": ["id", "name", "status", "status_age_ms", "step", "holds"],
      "properties": {
        "id": {"type": "string"},
        "name": {"type": "string"},
        "status": {"type": "string", "enum": ["alive", "suspect", "dead", "left", "unknown"]},
        "status_age_ms": {"type": "integer"},
        "step": {"type": "string", "enum": ["done", "behind", "silent", "waived"],
                 "description": "Confirmed: this stage, an earlier one, nothing, not awaited."},
        "holds": {"type": "array", "items": {"type": "integer"}},
        "uses": {"type": "integer", "description": "What it seals with, if it has said so."}
      }}}
  }
},
"RotateKeys": {
  "type": "object", "additionalProperties": false,
  "properties": {
    "key": {"type": "string", "description": "base64url of 32 bytes; a fresh one when absent."},
    "without": {"type": "array", "maxItems": 64, "items": {"type": "string"},
                "description": "Members that are not waited for, by name or id."},
    "operator_key": {"type": "string",
                     "description": "The secret key of an operator, where the overlay names any."}
  }
},
"WipeOrder": {
  "type": "object", "additionalProperties": false, "required": ["part", "operator_key"],
  "properties": {
    "part": {"type": "string", "examples": ["records", "events", "state", "state:cache/"]},
    "operator_key": {"type": "string", "description": "The secret key of an operator."}
  }
},
"Wipe": {
  "type": "object", "additionalProperties": false, "required": ["part", "epoch", "before_ms"],
  "properties": {
    "part": {"type": "string"},
    "epoch": {"type": "integer"},
    "before_ms": {"type": "integer",
                  "description": "What is older is gone; milliseconds since 1970."}
  }
},
"Wipes": {
  "type": "object", "additionalProperties": false, "required": ["wipes"],
  "properties": {"wipes": {"type": "array", "items": {"$ref": "#/components/schemas/Wipe"}}}
},
)json";

}  // namespace

std::string_view openapi_keys_schemas() {
    return kSchemas;
}

}  // namespace grapevine::api
