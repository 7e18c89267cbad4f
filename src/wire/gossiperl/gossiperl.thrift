// The messages of the old protocol, for the code generator. What they mean is in FORMAT.md.
// Every field is required: the original's clients refuse a message that lacks one.
namespace cpp grapevine.wire.gossiperl.thrift

// The outside of every datagram: what kind of message, the message, and its id.
struct DigestEnvelope {
  1: required string payload_type
  2: required string bin_payload // Base64 of the message's struct.
  3: required string id
}

struct Digest {
  1: required string name
  2: required i32 port
  3: required i64 heartbeat
  4: required string id
  5: required string secret
}

struct DigestMember {
  1: required string member_name
  2: required string member_ip
  3: required i32 member_port
  4: required i64 member_heartbeat
}

struct DigestAck {
  1: required string name
  2: required i64 heartbeat
  3: required string reply_id
  4: required list<DigestMember> membership
}

struct DigestSubscription {
  1: required string event_type
  2: required string member_name
  3: required string origin
  4: required i64 heartbeat
}

struct DigestSubscriptions {
  1: required string name
  2: required i64 heartbeat
  3: required string reply_id
  4: required list<DigestSubscription> subscriptions
}

struct DigestExit {
  1: required string name
  2: required i64 heartbeat
  3: required string secret
}

struct DigestSubscribe {
  1: required string name
  2: required i64 heartbeat
  3: required string id
  4: required list<string> event_types
  5: required string secret
}

struct DigestUnsubscribe {
  1: required string name
  2: required i64 heartbeat
  3: required string id
  4: required list<string> event_types
  5: required string secret
}

struct DigestSubscribeAck {
  1: required i64 heartbeat
  2: required string reply_id
  3: required list<string> event_types
}

struct DigestUnsubscribeAck {
  1: required i64 heartbeat
  2: required string reply_id
  3: required list<string> event_types
}

struct DigestEvent {
  1: required string event_type
  2: required string event_object
  3: required i64 heartbeat
}

struct DigestForwardedAck {
  1: required string name
  2: required string reply_id
  3: required string secret
}

struct DigestError {
  1: required string name
  2: required i64 heartbeat
  3: required i32 error_code
  4: required string error_entity
  5: required string error_entity_name
  6: required string error_message
  7: required string reply_id
}
