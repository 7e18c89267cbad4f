#include <string_view>

#include "api/openapi.hpp"

namespace grapevine::api {
namespace {

constexpr std::string_view kSchemas = R"json(
"LabSetting": {
  "type": "object", "additionalProperties": false,
  "required": ["name", "title", "type", "unit", "about", "default"],
  "properties": {
    "name": {"type": "string", "description": "As in a link."},
    "title": {"type": "string"},
    "type": {"type": "string", "enum": ["integer", "number", "boolean", "choice"]},
    "unit": {"type": "string", "description": "ms, share, or nothing."},
    "about": {"type": "string"},
    "default": {"description": "A number, a truth value or the value of a choice."},
    "min": {"type": "number"},
    "max": {"type": "number"},
    "choices": {
      "type": "array",
      "items": {
        "type": "object", "additionalProperties": false, "required": ["value", "title"],
        "properties": {"value": {"type": "string"}, "title": {"type": "string"}}
      }
    }
  }
},
"LabExperiment": {
  "type": "object", "additionalProperties": false,
  "required": ["name", "title", "about", "actions", "settings"],
  "properties": {
    "name": {"type": "string"},
    "title": {"type": "string"},
    "about": {"type": "string"},
    "actions": {"type": "array", "items": {"type": "string"}},
    "settings": {"type": "array", "items": {"$ref": "#/components/schemas/LabSetting"}}
  }
},
"LabCatalogue": {
  "type": "object", "additionalProperties": false,
  "required": ["experiments", "drawn_max", "runs_max"],
  "properties": {
    "experiments": {"type": "array", "items": {"$ref": "#/components/schemas/LabExperiment"}},
    "drawn_max": {"type": "integer", "description": "Members that can be drawn one by one."},
    "runs_max": {"type": "integer", "description": "Runs at once, of all watchers."}
  }
},
"LabRequest": {
  "type": "object", "additionalProperties": false,
  "required": ["type"],
  "description": "What the client sends over the stream of the lab.",
  "properties": {
    "type": {"type": "string", "enum": ["start", "play", "pause", "step", "act", "seek"]},
    "link": {"type": "string", "description": "Of start: experiment, settings and actions."},
    "speed": {"type": "number", "description": "Of play: simulated per real time."},
    "at_ms": {"type": "integer", "description": "Of seek."},
    "do": {"type": "string", "description": "Of act: one of the experiment's actions."},
    "member": {"type": "integer"},
    "members": {"type": "array", "items": {"type": "integer"}},
    "from": {"type": "integer"},
    "to": {"type": "integer"},
    "for_ms": {"type": "integer"},
    "count": {"type": "integer"}
  }
},
"LabReply": {
  "type": "object",
  "required": ["type"],
  "description": "What the daemon sends over the stream of the lab; see docs/lab.md.",
  "properties": {
    "type": {"type": "string",
             "enum": ["started", "frame", "acted", "paused", "playing", "ended", "error",
                      "heartbeat", "closed"]}
  }
},
)json";

}  // namespace

std::string_view openapi_lab_schemas() {
    return kSchemas;
}

}  // namespace grapevine::api
