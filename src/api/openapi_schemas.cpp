#include "api/openapi.hpp"

namespace grapevine::api {
namespace {

// The shapes of all bodies. What encode.cpp writes and decode.cpp reads is held against these by
// tests. In three parts, because compilers limit the length of one literal.
constexpr std::string_view kRequestSchemas = R"json({
"OverlaySpec": {
  "type": "object", "additionalProperties": false, "required": ["name"],
  "description": "An overlay to create. What is absent has the default of the configuration.",
  "properties": {
    "name": {"type": "string", "maxLength": 64},
    "protocol": {"type": "string", "enum": ["grapevine", "gossiperl"]},
    "bind": {"type": "string", "description": "ip:port to receive on; port 0 picks one.",
             "examples": ["0.0.0.0:9471"]},
    "advertise": {"type": "array", "maxItems": 4, "items": {"type": "string"},
                  "description": "Addresses told to others; what is bound when absent."},
    "seeds": {"type": "array", "maxItems": 64, "items": {"type": "string"},
              "description": "host:port of members to contact."},
    "keys": {"type": "array", "maxItems": 8, "items": {"type": "string"},
             "description": "id:base64url; the first is used to send, all to receive."},
    "operators": {"type": "array", "maxItems": 8, "items": {"type": "string"},
                  "description": "Public keys of those who may decide for the whole overlay."},
    "multicast": {"type": "string", "examples": ["on", "off", "239.1.2.3:9470"],
                  "description": "Where the overlay announces itself to its network."},
    "profile": {"type": "string", "enum": ["fast", "lan", "wan"]},
    "detector": {"type": "string", "enum": ["rings", "swim", "heartbeat", "phi"],
                 "description": "Who finds failures; as the profile says when absent."},
    "heartbeat_interval_ms": {"type": "integer", "minimum": 20, "maximum": 60000},
    "heartbeat_fail_ms": {"type": "integer", "minimum": 0, "maximum": 3600000,
                          "description": "0: computed for the number of members."},
    "heartbeat_subnet_label": {"type": "string", "maxLength": 32},
    "phi_interval_ms": {"type": "integer", "minimum": 20, "maximum": 60000},
    "phi_threshold": {"type": "integer", "minimum": 1, "maximum": 100},
    "phi_pause_ms": {"type": "integer", "minimum": 0, "maximum": 3600000},
    "phi_monitors": {"type": "integer", "minimum": 1, "maximum": 32},
    "dissemination": {"type": "string", "enum": ["tree", "rumor"],
                      "description": "How events reach everybody; tree when absent."},
    "subscriber_topics": {"type": "array", "maxItems": 16, "items": {"type": "string"},
                          "description": "Patterns; events go to their subscribers only."},
    "rumor_direction": {"type": "string", "enum": ["push", "pull", "push-pull"]},
    "rumor_feedback": {"type": "string", "enum": ["on", "off"]},
    "rumor_removal": {"type": "string", "enum": ["counter", "coin"]},
    "rumor_k": {"type": "integer", "minimum": 1, "maximum": 100},
    "rumor_fanout": {"type": "integer", "minimum": 1, "maximum": 32},
    "rumor_interval_ms": {"type": "integer", "minimum": 10, "maximum": 60000},
    "zone_label": {"type": "string", "description": "Empty: one zone."},
    "zone_representatives": {"type": "integer", "minimum": 2, "maximum": 8},
    "zone_interval_ms": {"type": "integer", "minimum": 100, "maximum": 60000},
    "summary_path": {"type": "string",
                     "description": "Labels from the top, as region/dc; empty: no summaries."},
    "summary_interval_ms": {"type": "integer", "minimum": 100, "maximum": 60000},
    "cipher": {"type": "string", "enum": ["chacha20-poly1305", "aes-256-gcm"]},
    "member_name": {"type": "string", "maxLength": 64},
    "labels": {"$ref": "#/components/schemas/Labels"},
    "retention_age_ms": {"type": "integer", "minimum": 0},
    "retention_bytes": {"type": "integer", "minimum": 0},
    "client_key": {"type": "string", "description": "Of old clients that attach over loopback."},
    "client_port": {"type": "integer", "minimum": 1, "maximum": 65535},
    "local_delivery": {"type": "boolean"}
  }
},
"OverlayChange": {
  "type": "object", "additionalProperties": false,
  "description": "What to change; the rest stays. A name, if given, must be that of the path.",
  "properties": {
    "name": {"type": "string"},
    "protocol": {"type": "string", "description": "Cannot be changed."},
    "bind": {"type": "string"},
    "advertise": {"type": "array", "maxItems": 4, "items": {"type": "string"}},
    "seeds": {"type": "array", "maxItems": 64, "items": {"type": "string"}},
    "keys": {"type": "array", "maxItems": 8, "items": {"type": "string"}},
    "operators": {"type": "array", "maxItems": 8, "items": {"type": "string"}},
    "multicast": {"type": "string", "examples": ["on", "off", "239.1.2.3:9470"],
                  "description": "Where the overlay announces itself to its network."},
    "profile": {"type": "string", "enum": ["fast", "lan", "wan"]},
    "detector": {"type": "string", "enum": ["rings", "swim", "heartbeat", "phi"],
                 "description": "Who finds failures; as the profile says when absent."},
    "heartbeat_interval_ms": {"type": "integer", "minimum": 20, "maximum": 60000},
    "heartbeat_fail_ms": {"type": "integer", "minimum": 0, "maximum": 3600000,
                          "description": "0: computed for the number of members."},
    "heartbeat_subnet_label": {"type": "string", "maxLength": 32},
    "phi_interval_ms": {"type": "integer", "minimum": 20, "maximum": 60000},
    "phi_threshold": {"type": "integer", "minimum": 1, "maximum": 100},
    "phi_pause_ms": {"type": "integer", "minimum": 0, "maximum": 3600000},
    "phi_monitors": {"type": "integer", "minimum": 1, "maximum": 32},
    "dissemination": {"type": "string", "enum": ["tree", "rumor"],
                      "description": "How events reach everybody; tree when absent."},
    "subscriber_topics": {"type": "array", "maxItems": 16, "items": {"type": "string"},
                          "description": "Patterns; events go to their subscribers only."},
    "rumor_direction": {"type": "string", "enum": ["push", "pull", "push-pull"]},
    "rumor_feedback": {"type": "string", "enum": ["on", "off"]},
    "rumor_removal": {"type": "string", "enum": ["counter", "coin"]},
    "rumor_k": {"type": "integer", "minimum": 1, "maximum": 100},
    "rumor_fanout": {"type": "integer", "minimum": 1, "maximum": 32},
    "rumor_interval_ms": {"type": "integer", "minimum": 10, "maximum": 60000},
    "zone_label": {"type": "string", "description": "Empty: one zone."},
    "zone_representatives": {"type": "integer", "minimum": 2, "maximum": 8},
    "zone_interval_ms": {"type": "integer", "minimum": 100, "maximum": 60000},
    "summary_path": {"type": "string",
                     "description": "Labels from the top, as region/dc; empty: no summaries."},
    "summary_interval_ms": {"type": "integer", "minimum": 100, "maximum": 60000},
    "cipher": {"type": "string", "enum": ["chacha20-poly1305", "aes-256-gcm"]},
    "member_name": {"type": "string", "maxLength": 64},
    "labels": {"$ref": "#/components/schemas/Labels"},
    "retention_age_ms": {"type": "integer", "minimum": 0},
    "retention_bytes": {"type": "integer", "minimum": 0},
    "client_key": {"type": "string", "description": "Of old clients that attach over loopback."},
    "client_port": {"type": "integer", "minimum": 1, "maximum": 65535},
    "local_delivery": {"type": "boolean"}
  }
},
"SeedList": {
  "type": "object", "additionalProperties": false, "required": ["seeds"],
  "properties": {"seeds": {"type": "array", "minItems": 1, "maxItems": 64,
                           "items": {"type": "string"}, "examples": [["10.0.0.1:9471"]]}}
},
"InviteSeeds": {
  "type": "object", "additionalProperties": false,
  "description": "Seeds that the invitation carries instead of our own addresses.",
  "properties": {"seeds": {"type": "array", "maxItems": 64, "items": {"type": "string"}}}
},
"InvitationToken": {
  "type": "object", "additionalProperties": false, "required": ["token"],
  "properties": {"token": {"type": "string", "description": "What an invitation gave."}}
},
"RecordValue": {
  "type": "object", "additionalProperties": false, "required": ["value"],
  "properties": {"value": {"type": "string", "maxLength": 768}}
},
"EventBody": {
  "type": "object", "additionalProperties": false, "required": ["topic"],
  "description": "One of payload and payload_base64 is given.",
  "properties": {
    "topic": {"type": "string", "minLength": 1, "maxLength": 128},
    "payload": {"type": "string", "description": "Text; at most 1 MiB."},
    "payload_base64": {"type": "string", "contentEncoding": "base64"},
    "trace": {"type": "boolean",
              "description": "Members keep a note of how they learned of it, for traceEvent."},
    "after": {"type": "array", "maxItems": 8, "items": {"type": "string"},
              "description": "Ids of events that subscribers shall see before this one."}
  }
},
"TokenSpec": {
  "type": "object", "additionalProperties": false, "required": ["scopes"],
  "properties": {
    "scopes": {"type": "array", "minItems": 1, "maxItems": 3,
               "items": {"type": "string", "enum": ["read", "publish", "admin"]}},
    "overlays": {"type": "array", "minItems": 1, "items": {"type": "string"},
                 "description": "Names of overlays, or \"*\" alone for all (the default)."},
    "name": {"type": "string", "maxLength": 64, "description": "For people."}
  }
},
"SocketRequest": {
  "type": "object", "additionalProperties": false, "required": ["type"],
  "description": "A message from the client of a WebSocket.",
  "properties": {
    "type": {"type": "string", "enum": ["subscribe", "unsubscribe", "publish"]},
    "id": {"type": "string", "maxLength": 64,
           "description": "Chosen by the client; names the request or subscription."},
    "topics": {"type": "array", "maxItems": 32, "items": {"type": "string"}},
    "members": {"type": "boolean"},
    "records": {"type": "boolean"},
    "events": {"type": "boolean"},
    "cursor": {"type": "string"},
    "from": {"type": "string", "enum": ["oldest", "now"]},
    "topic": {"type": "string"},
    "payload": {"type": "string"},
    "payload_base64": {"type": "string", "contentEncoding": "base64"},
    "trace": {"type": "boolean"},
    "after": {"type": "array", "maxItems": 8, "items": {"type": "string"}}
  }
},
)json";

constexpr std::string_view kAnswerSchemas = R"json(
"Health": {
  "type": "object", "additionalProperties": false, "required": ["status"],
  "properties": {"status": {"const": "alive"}}
},
"Readiness": {
  "type": "object", "additionalProperties": false, "required": ["is_ready"],
  "properties": {"is_ready": {"const": true}}
},
"Info": {
  "type": "object", "additionalProperties": false,
  "required": ["version", "node_name", "uptime_ms", "resident_bytes", "overlays", "state_folder",
               "config_file", "is_ready"],
  "properties": {
    "version": {"type": "string"},
    "node_name": {"type": "string"},
    "uptime_ms": {"type": "integer"},
    "resident_bytes": {"type": "integer"},
    "overlays": {"type": "integer", "description": "How many run."},
    "state_folder": {"type": "string"},
    "config_file": {"type": "string", "description": "Empty when there is none."},
    "is_ready": {"type": "boolean"}
  }
},
"Metrics": {"type": "string", "description": "Prometheus text format 0.0.4."},
"OpenApiDocument": {"type": "object", "required": ["openapi", "info", "paths", "components"]},
"Labels": {"type": "object", "additionalProperties": {"type": "string"},
           "examples": [{"rack": "r1"}]},
"Overlay": {
  "type": "object", "additionalProperties": false,
  "required": ["name", "protocol", "id", "member_name", "incarnation", "bind", "advertise", "seeds",
               "key_ids", "profile", "detector", "dissemination", "cipher", "labels", "origin",
               "state", "view_fingerprint", "members_alive", "members_suspect",
               "members_dead", "members_left", "local_health", "counters"],
  "properties": {
    "name": {"type": "string"},
    "protocol": {"type": "string", "enum": ["grapevine", "gossiperl", ""],
                 "description": "Empty while it is starting."},
    "id": {"type": "string", "description": "Our member id in it."},
    "member_name": {"type": "string"},
    "incarnation": {"type": "integer"},
    "bind": {"type": "string", "description": "As bound, with the real port."},
    "advertise": {"type": "array", "items": {"type": "string"}},
    "seeds": {"type": "array", "items": {"type": "string"}},
    "key_ids": {"type": "array", "items": {"type": "integer"},
                "description": "Never the keys themselves."},
    "profile": {"type": "string"},
    "detector": {"type": "string", "enum": ["rings", "swim", "heartbeat", "phi", ""],
                 "description": "Empty in an overlay of the old protocol."},
    "dissemination": {"type": "string", "enum": ["tree", "rumor", ""],
                      "description": "Empty in an overlay of the old protocol."},
    "subscriber_topics": {"type": "array", "items": {"type": "string"},
                          "description": "Absent if all events go to everybody."},
    "cipher": {"type": "string"},
    "labels": {"$ref": "#/components/schemas/Labels"},
    "origin": {"type": "string", "enum": ["file", "api", "session"],
               "description": "Who defined it, and so who may change it."},
    "state": {"type": "string", "enum": ["starting", "running", "left"],
              "description": "left: this daemon is silent in the overlay until it starts again."},
    "view_fingerprint": {"type": "string",
                         "description": "Equal on two members when their views agree."},
    "members_alive": {"type": "integer"},
    "members_suspect": {"type": "integer"},
    "members_dead": {"type": "integer"},
    "members_left": {"type": "integer"},
    "local_health": {"type": "integer", "description": "0 is healthy; more is slower."},
    "pressure": {"$ref": "#/components/schemas/Pressure"},
    "counters": {"type": "object", "additionalProperties": {"type": "integer"}}
  }
},
"Pressure": {
  "type": "object", "additionalProperties": false,
  "description": "Who slows down what we publish; left out while everybody keeps up.",
  "required": ["member", "member_name", "backlog", "rate", "limit", "since_ms"],
  "properties": {
    "member": {"type": "string", "description": "Id of the slowest."},
    "member_name": {"type": "string"},
    "backlog": {"type": "integer", "description": "Events that it is behind."},
    "rate": {"type": "integer", "description": "Events per second that get through to it."},
    "limit": {"type": "integer", "description": "Events per second that we publish at most."},
    "since_ms": {"type": "integer", "description": "For how long we have been slowed."}
  }
},
"OverlayList": {
  "type": "object", "additionalProperties": false, "required": ["overlays"],
  "properties": {"overlays": {"type": "array",
                              "items": {"$ref": "#/components/schemas/Overlay"}}}
},
"Member": {
  "type": "object", "additionalProperties": false,
  "required": ["id", "name", "status", "incarnation", "addresses", "labels", "status_age_ms",
               "is_self"],
  "properties": {
    "id": {"type": "string", "description": "16 hexadecimal digits."},
    "name": {"type": "string"},
    "status": {"type": "string", "enum": ["alive", "suspect", "dead", "left"]},
    "incarnation": {"type": "integer"},
    "addresses": {"type": "array", "items": {"type": "string"}, "description": "Best first."},
    "labels": {"$ref": "#/components/schemas/Labels"},
    "status_age_ms": {"type": "integer",
                      "description": "How long it has had this status, as seen here."},
    "is_self": {"type": "boolean"},
    "path": {"type": "string",
             "enum": ["unknown", "both", "in only", "out only", "relayed", "none"],
             "description": "How this daemon reaches it; not of itself."},
    "rtt_us": {"type": "integer",
               "description": "Round trip in microseconds, as far as it is known here."},
    "is_rtt_measured": {"type": "boolean",
                        "description": "With rtt_us: measured, not estimated by coordinates."}
  }
},
"MemberEnd": {
  "type": "object", "additionalProperties": false, "required": ["id", "name"],
  "properties": {"id": {"type": "string"}, "name": {"type": "string"}}
},
"Reachability": {
  "type": "object", "additionalProperties": false, "required": ["members", "troubles"],
  "properties": {
    "members": {"type": "array", "items": {"$ref": "#/components/schemas/ReachabilityRow"}},
    "troubles": {"type": "array", "items": {"$ref": "#/components/schemas/ReachabilityTrouble"}}
  }
},
"ReachabilityRow": {
  "type": "object", "additionalProperties": false,
  "required": ["id", "name", "status", "has_answered", "paths"],
  "description": "+ both, < in only, > out only, ~ relayed, x none, ? unknown, . itself",
  "properties": {
    "id": {"type": "string"},
    "name": {"type": "string"},
    "status": {"type": "string"},
    "has_answered": {"type": "boolean"},
    "paths": {"type": "string", "description": "Of all members, in the order of the list."},
    "rtt_us": {"type": "array", "items": {"type": ["integer", "null"]},
               "description": "Measured, in the same order. Absent with more than 200 members."}
  }
},
"ReachabilityTrouble": {
  "type": "object", "additionalProperties": false, "required": ["kind", "from", "to", "text"],
  "properties": {
    "kind": {"type": "string", "enum": ["one_way", "both_ways", "doubtful"],
             "description": "one_way: nothing gets from `from` to `to`."},
    "from": {"$ref": "#/components/schemas/MemberEnd"},
    "to": {"$ref": "#/components/schemas/MemberEnd"},
    "text": {"type": "string", "description": "For people."}
  }
},
"RoundTrip": {
  "type": "object", "additionalProperties": false, "required": ["from", "to", "unknown"],
  "properties": {
    "from": {"$ref": "#/components/schemas/MemberEnd"},
    "to": {"$ref": "#/components/schemas/MemberEnd"},
    "estimated_us": {"type": "integer",
                     "description": "By coordinates, in microseconds. Absent when one is unknown."},
    "error_percent": {"type": "integer",
                      "description": "Of the estimate: 10 is good, 100 and more a guess."},
    "measured_us": {"type": "integer",
                    "description": "The median of the last three pings between the two."},
    "measured_age_ms": {"type": "integer"},
    "unknown": {"type": "array", "items": {"type": "string"},
                "description": "Ids of those whose coordinates are not known here."}
  }
},
"MemberList": {
  "type": "object", "additionalProperties": false, "required": ["members", "matched"],
  "properties": {
    "members": {"type": "array", "items": {"$ref": "#/components/schemas/Member"}},
    "matched": {"type": "integer",
                "description": "How many fit the filters; more than are listed if limit cut."}
  }
},
"KeyValue": {
  "type": "object", "additionalProperties": false, "required": ["key", "version"],
  "description": "value, or value_base64 when another member stored what is not UTF-8.",
  "properties": {
    "key": {"type": "string"},
    "value": {"type": "string"},
    "value_base64": {"type": "string", "contentEncoding": "base64"},
    "version": {"type": "integer"}
  }
},
"Record": {
  "type": "object", "additionalProperties": false, "required": ["member", "version", "items"],
  "properties": {
    "member": {"type": "string"},
    "version": {"type": "integer"},
    "items": {"type": "array", "items": {"$ref": "#/components/schemas/KeyValue"}}
  }
},
"Invitation": {
  "type": "object", "additionalProperties": false, "required": ["token", "expires"],
  "properties": {
    "token": {"type": "string"},
    "expires": {"type": "null", "description": "It is valid for as long as the key is."}
  }
},
"PublishReceipt": {
  "type": "object", "additionalProperties": false,
  "required": ["publisher", "epoch", "sequence", "id"],
  "properties": {
    "publisher": {"type": "string"},
    "epoch": {"type": "integer"},
    "sequence": {"type": "integer"},
    "channel": {"type": "integer", "description": "Of events for subscribers only; else absent."},
    "id": {"type": "string",
           "description": "publisher-epoch-sequence, and -channel: equal means the same event."}
  }
},
"Token": {
  "type": "object", "additionalProperties": false,
  "required": ["id", "name", "scopes", "overlays", "created_at_ms"],
  "properties": {
    "id": {"type": "string"},
    "name": {"type": "string"},
    "scopes": {"type": "array", "items": {"type": "string"}},
    "overlays": {"type": "array", "items": {"type": "string"}},
    "created_at_ms": {"type": "integer"}
  }
},
"TokenList": {
  "type": "object", "additionalProperties": false, "required": ["tokens"],
  "properties": {"tokens": {"type": "array", "items": {"$ref": "#/components/schemas/Token"}}}
},
"NewToken": {
  "type": "object", "additionalProperties": false,
  "required": ["id", "name", "scopes", "overlays", "created_at_ms", "token"],
  "properties": {
    "id": {"type": "string"},
    "name": {"type": "string"},
    "scopes": {"type": "array", "items": {"type": "string"}},
    "overlays": {"type": "array", "items": {"type": "string"}},
    "created_at_ms": {"type": "integer"},
    "token": {"type": "string", "description": "Shown here, and never again."}
  }
},
)json";

constexpr std::string_view kStreamSchemas = R"json(
"EventItem": {
  "type": "object", "additionalProperties": false,
  "required": ["type", "cursor", "seen_at_ms", "id", "publisher", "epoch", "sequence",
               "published_at_ms", "topic"],
  "description": "payload when it is UTF-8, otherwise payload_base64.",
  "properties": {
    "type": {"const": "event"},
    "cursor": {"type": "string"},
    "subscription": {"type": "string"},
    "seen_at_ms": {"type": "integer"},
    "id": {"type": "string"},
    "publisher": {"type": "string"},
    "epoch": {"type": "integer"},
    "sequence": {"type": "integer"},
    "channel": {"type": "integer"},
    "trace": {"type": "boolean"},
    "after": {"type": "array", "items": {"type": "string"},
              "description": "What it was published after; only if it was."},
    "causal_unknown": {"type": "boolean",
                       "description": "Not all of `after` was seen here before it in time."},
    "published_at_ms": {"type": "integer"},
    "topic": {"type": "string"},
    "payload": {"type": "string"},
    "payload_base64": {"type": "string", "contentEncoding": "base64"}
  }
},
"GapItem": {
  "type": "object", "additionalProperties": false,
  "required": ["type", "cursor", "seen_at_ms", "publisher", "epoch", "first", "last"],
  "description": "These events of this publisher cannot be had any more.",
  "properties": {
    "type": {"const": "gap"},
    "cursor": {"type": "string"},
    "subscription": {"type": "string"},
    "seen_at_ms": {"type": "integer"},
    "publisher": {"type": "string"},
    "epoch": {"type": "integer"},
    "channel": {"type": "integer"},
    "first": {"type": "integer"},
    "last": {"type": "integer"}
  }
},
"MemberItem": {
  "type": "object", "additionalProperties": false,
  "required": ["type", "cursor", "seen_at_ms", "kind", "member"],
  "properties": {
    "type": {"const": "member"},
    "cursor": {"type": "string"},
    "subscription": {"type": "string"},
    "seen_at_ms": {"type": "integer"},
    "kind": {"type": "string", "description": "joined, left, died, ..."},
    "member": {"$ref": "#/components/schemas/Member"}
  }
},
"MembersItem": {
  "type": "object", "additionalProperties": false,
  "required": ["type", "cursor", "seen_at_ms", "kind", "members"],
  "description": "Two members or more that died together, such as a rack.",
  "properties": {
    "type": {"const": "members"},
    "cursor": {"type": "string"},
    "subscription": {"type": "string"},
    "seen_at_ms": {"type": "integer"},
    "kind": {"type": "string", "enum": ["died"]},
    "members": {"type": "array", "items": {"$ref": "#/components/schemas/Member"}}
  }
},
"ViewItem": {
  "type": "object", "additionalProperties": false,
  "required": ["type", "cursor", "seen_at_ms", "size", "fingerprint"],
  "description": "Nobody has come or gone for a second: who is in, as a whole.",
  "properties": {
    "type": {"const": "view"},
    "cursor": {"type": "string"},
    "subscription": {"type": "string"},
    "seen_at_ms": {"type": "integer"},
    "size": {"type": "integer", "description": "Alive and suspect members, this one included."},
    "fingerprint": {"type": "string",
                    "description": "Equal on two daemons whose views list the same members."}
  }
},
"RecordItem": {
  "type": "object", "additionalProperties": false,
  "required": ["type", "cursor", "seen_at_ms", "member", "version", "changes"],
  "properties": {
    "type": {"const": "record"},
    "cursor": {"type": "string"},
    "subscription": {"type": "string"},
    "seen_at_ms": {"type": "integer"},
    "member": {"type": "string"},
    "version": {"type": "integer"},
    "changes": {"type": "array", "items": {"$ref": "#/components/schemas/RecordChange"}}
  }
},
"RecordChange": {
  "type": "object", "additionalProperties": false, "required": ["key"],
  "properties": {
    "key": {"type": "string"},
    "value": {"type": ["string", "null"], "description": "null when the key was erased."},
    "value_base64": {"type": "string", "contentEncoding": "base64"}
  }
},
"MissedItem": {
  "type": "object", "additionalProperties": false,
  "required": ["type", "cursor", "reason", "missed"],
  "description": "The reader was away or too slow. It continues with the oldest item held.",
  "properties": {
    "type": {"const": "missed"},
    "cursor": {"type": "string"},
    "subscription": {"type": "string"},
    "reason": {"type": "string", "enum": ["unknown_position", "overrun"]},
    "missed": {"type": ["integer", "null"],
               "description": "How many items, whatever the filter; null when nobody knows."}
  }
},
"EndedItem": {
  "type": "object", "additionalProperties": false, "required": ["type", "reason"],
  "description": "The last item of a stream that the daemon ends.",
  "properties": {
    "type": {"const": "ended"},
    "reason": {"type": "string",
               "enum": ["overlay_removed", "token_deleted", "shutting_down"]}
  }
},
"StreamItem": {
  "oneOf": [
    {"$ref": "#/components/schemas/EventItem"},
    {"$ref": "#/components/schemas/GapItem"},
    {"$ref": "#/components/schemas/MemberItem"},
    {"$ref": "#/components/schemas/MembersItem"},
    {"$ref": "#/components/schemas/ViewItem"},
    {"$ref": "#/components/schemas/RecordItem"},
    {"$ref": "#/components/schemas/StateItem"},
    {"$ref": "#/components/schemas/StateReloadItem"},
    {"$ref": "#/components/schemas/MissedItem"},
    {"$ref": "#/components/schemas/EndedItem"}
  ]
},
"EventPage": {
  "type": "object", "additionalProperties": false, "required": ["items", "next"],
  "properties": {
    "items": {"type": "array", "items": {"$ref": "#/components/schemas/StreamItem"}},
    "next": {"type": "string", "description": "The cursor to ask with next."}
  }
},
"SocketReply": {
  "type": "object", "additionalProperties": false, "required": ["type"],
  "description": "A message from the daemon that is no StreamItem.",
  "properties": {
    "type": {"type": "string",
             "enum": ["subscribed", "unsubscribed", "published", "error", "heartbeat"]},
    "id": {"type": "string"},
    "cursor": {"type": "string"},
    "publisher": {"type": "string"},
    "epoch": {"type": "integer"},
    "sequence": {"type": "integer"},
    "channel": {"type": "integer"},
    "event_id": {"type": "string"},
    "problem": {"$ref": "#/components/schemas/Problem"}
  }
},
"Problem": {
  "type": "object", "additionalProperties": false,
  "required": ["type", "title", "status", "detail"],
  "description": "RFC 9457, with cure and field as extensions.",
  "properties": {
    "type": {"type": "string", "description": "urn:grapevine:problem:CODE"},
    "title": {"type": "string"},
    "status": {"type": "integer"},
    "detail": {"type": "string", "description": "What was wrong."},
    "cure": {"type": "string", "description": "What would be right."},
    "field": {"type": "string", "description": "JSON path, query key or header concerned."}
  }
}
})json";

}  // namespace

std::string_view openapi_schemas() {
    static const std::string schemas =
        std::string(kRequestSchemas) + std::string(kAnswerSchemas) +
        std::string(openapi_trace_schemas()) + std::string(openapi_state_schemas()) +
        std::string(openapi_answer_schemas()) + std::string(openapi_query_schemas()) +
        std::string(openapi_keys_schemas()) + std::string(openapi_page_schemas()) +
        std::string(openapi_lab_schemas()) + std::string(openapi_rollout_schemas()) +
        std::string(openapi_summary_schemas()) + std::string(kStreamSchemas);
    return schemas;
}

}  // namespace grapevine::api
