#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"

// The messages of the old protocol as structs. What each field means on the wire, and what a reader
// must tolerate, is in FORMAT.md beside this file. Heartbeats are Unix seconds of the sender's
// clock; secrets are text. Nothing here knows Thrift: the codec does.
namespace grapevine::wire::gossiperl {

/// A daemon or a client says that it is there.
struct Digest {
    std::string name;
    std::int32_t port = 0;  ///< Where answers go; 1 to 65535.
    std::int64_t heartbeat = 0;
    std::string id;
    std::string secret;
    friend bool operator==(const Digest&, const Digest&) = default;
};

struct DigestMember {
    std::string member_name;
    std::string member_ip;  ///< As text; "0.0.0.0" and "::" mean where the datagram came from.
    std::int32_t member_port = 0;
    std::int64_t member_heartbeat = 0;
    friend bool operator==(const DigestMember&, const DigestMember&) = default;
};

struct DigestAck {
    std::string name;
    std::int64_t heartbeat = 0;
    std::string reply_id;
    std::vector<DigestMember> membership;
    friend bool operator==(const DigestAck&, const DigestAck&) = default;
};

struct DigestSubscription {
    std::string event_type;
    std::string member_name;
    std::string origin;
    std::int64_t heartbeat = 0;
    friend bool operator==(const DigestSubscription&, const DigestSubscription&) = default;
};

struct DigestSubscriptions {
    std::string name;
    std::int64_t heartbeat = 0;
    std::string reply_id;
    std::vector<DigestSubscription> subscriptions;
    friend bool operator==(const DigestSubscriptions&, const DigestSubscriptions&) = default;
};

struct DigestExit {
    std::string name;
    std::int64_t heartbeat = 0;
    std::string secret;
    friend bool operator==(const DigestExit&, const DigestExit&) = default;
};

struct DigestSubscribe {
    std::string name;
    std::int64_t heartbeat = 0;
    std::string id;
    std::vector<std::string> event_types;
    std::string secret;
    friend bool operator==(const DigestSubscribe&, const DigestSubscribe&) = default;
};

struct DigestUnsubscribe {
    std::string name;
    std::int64_t heartbeat = 0;
    std::string id;
    std::vector<std::string> event_types;
    std::string secret;
    friend bool operator==(const DigestUnsubscribe&, const DigestUnsubscribe&) = default;
};

struct DigestSubscribeAck {
    std::int64_t heartbeat = 0;
    std::string reply_id;
    std::vector<std::string> event_types;
    friend bool operator==(const DigestSubscribeAck&, const DigestSubscribeAck&) = default;
};

struct DigestUnsubscribeAck {
    std::int64_t heartbeat = 0;
    std::string reply_id;
    std::vector<std::string> event_types;
    friend bool operator==(const DigestUnsubscribeAck&, const DigestUnsubscribeAck&) = default;
};

struct DigestEvent {
    std::string event_type;
    std::string event_object;
    std::int64_t heartbeat = 0;
    friend bool operator==(const DigestEvent&, const DigestEvent&) = default;
};

struct DigestForwardedAck {
    std::string name;
    std::string reply_id;
    std::string secret;
    friend bool operator==(const DigestForwardedAck&, const DigestForwardedAck&) = default;
};

/// Never sent by anybody; known so that it can be dropped by name.
struct DigestError {
    std::string name;
    std::int64_t heartbeat = 0;
    std::int32_t error_code = 0;
    std::string error_entity;
    std::string error_entity_name;
    std::string error_message;
    std::string reply_id;
    friend bool operator==(const DigestError&, const DigestError&) = default;
};

/// A message of an application: any other payload type. It travels through daemons unchanged, so it
/// keeps the envelope as it came.
struct Application {
    std::string type;
    /// The envelope struct up to and including its STOP byte: what is forwarded, byte for byte.
    std::shared_ptr<const Bytes> envelope;
    /// What `bin_payload` said: the bytes of the application's struct.
    std::shared_ptr<const Bytes> payload;
};

using Message = std::variant<Digest, DigestAck, DigestSubscriptions, DigestExit, DigestSubscribe,
                             DigestUnsubscribe, DigestSubscribeAck, DigestUnsubscribeAck,
                             DigestEvent, DigestForwardedAck, DigestError, Application>;

/// One envelope.
struct Letter {
    std::string id;  ///< Of the envelope: a UUID by custom, opaque to everybody.
    Message message;
};

/// The payload type of a message: "digestAck", or the application's own.
std::string_view payload_type(const Message& message);

/// True for the ten types that daemons and clients speak among themselves, and for digestError.
bool is_internal_type(std::string_view payload_type);

/// True for member_in, member_quarantine, member_unreachable, member_drop, member_out and
/// member_rejoin: what a client may subscribe to, and what must never be told to another daemon.
bool is_member_event(std::string_view event_type);

}  // namespace grapevine::wire::gossiperl
