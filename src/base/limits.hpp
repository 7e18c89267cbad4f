#pragma once

#include <cstddef>
#include <cstdint>

// Every limit of the house, with its reason. What is full refuses the newest or displaces the oldest;
// the header of the owner says which. Each limit has a test at limit + 1.
namespace grapevine {

// -- Datagrams -----------------------------------------------------------------------------------

/// What one datagram may carry, seal included. 1,280 (the least MTU of IPv6) less 40 (IPv6) and 8
/// (UDP) leaves 1,232; the rest is room for a tunnel's header.
inline constexpr std::size_t kDatagramBytesMax = 1200;
/// Smaller than this no sealed datagram of ours can be: header 28 and tag 16.
inline constexpr std::size_t kDatagramBytesMin = 44;
/// Header 28 and tag 16: what sealing adds to a packet.
inline constexpr std::size_t kSealBytes = 44;
/// What is left for sections.
inline constexpr std::size_t kPacketBytesMax = kDatagramBytesMax - kSealBytes;
/// Sections of one packet. Probes are 5 bytes, so garbage could claim hundreds.
inline constexpr std::size_t kSectionsMax = 64;
/// Pings answered per datagram (memberlist issue 371: 255 pings in one packet drew 255 acks).
inline constexpr std::size_t kPingsPerDatagramMax = 4;

// -- Names and records ---------------------------------------------------------------------------

inline constexpr std::size_t kOverlayNameBytesMax = 64;
inline constexpr std::size_t kMemberNameBytesMax = 64;
/// Addresses a member may announce: v4 and v6, inside and outside.
inline constexpr std::size_t kMemberAddressesMax = 4;
inline constexpr std::size_t kLabelsMax = 16;
inline constexpr std::size_t kLabelKeyBytesMax = 32;
inline constexpr std::size_t kLabelValueBytesMax = 128;
/// Keys and values of all labels together. With key, signature and addresses the signed record stays
/// below 900 bytes, so it always fits one datagram.
inline constexpr std::size_t kLabelsBytesMax = 512;

/// Members of one overlay, every status counted. Tested to 10,000; twice that before we refuse.
inline constexpr std::size_t kMembersMax = 20'000;

inline constexpr std::size_t kRecordKeysMax = 64;
inline constexpr std::size_t kRecordKeyBytesMax = 64;
/// With its key and frame one item always fits one datagram.
inline constexpr std::size_t kRecordValueBytesMax = 768;
/// All keys and values of one member's record. "Small" is the point: 10,000 members replicate it.
inline constexpr std::size_t kRecordBytesMax = 8 * 1024;

// -- Events --------------------------------------------------------------------------------------

inline constexpr std::size_t kTopicBytesMax = 128;
inline constexpr std::size_t kEventPayloadBytesMax = 1024 * 1024;
/// Payload bytes in one fragment: a packet less the frame of an event section with the longest topic.
inline constexpr std::size_t kFragmentBytesMax = 960;
/// 1 MiB in fragments of 960 bytes.
inline constexpr std::size_t kFragmentsMax =
    (kEventPayloadBytesMax + kFragmentBytesMax - 1) / kFragmentBytesMax;
/// Publishers (with epochs) whose streams are followed at once.
inline constexpr std::size_t kStreamsMax = 4096;
/// Fragments asked for in one request section, and in flight per stream.
inline constexpr std::size_t kRequestRangesMax = 32;

// -- Overlays and keys ---------------------------------------------------------------------------

inline constexpr std::size_t kOverlaysMax = 256;
inline constexpr std::size_t kKeysMax = 8;
inline constexpr std::size_t kSeedsMax = 64;
/// Peers remembered on disk for the day on which every seed is gone.
inline constexpr std::size_t kPeerCacheMax = 128;

// -- HTTP API ------------------------------------------------------------------------------------

/// Path and query together. Names in paths are at most 64 bytes, thrice that percent-encoded.
inline constexpr std::size_t kTargetBytesMax = 8 * 1024;
/// An event of 1 MiB in base64 is 4/3 of that; the rest is room for its envelope.
inline constexpr std::size_t kRequestBodyBytesMax = 1536 * 1024;
/// Our deepest document has three levels; the rest is so that an error can name the place.
inline constexpr std::size_t kJsonDepthMax = 16;
/// Server-sent event streams and WebSockets together. Each costs at most a few hundred kB.
inline constexpr std::size_t kApiStreamsMax = 256;
/// A stream reads on from the log only while less than this waits to be sent.
inline constexpr std::size_t kStreamPendingBytesMax = 256 * 1024;
/// A WebSocket whose peer sends requests without reading the answers is closed above this: two
/// events of full size as JSON, and the above.
inline constexpr std::size_t kSocketPendingBytesMax = 4 * 1024 * 1024;
/// Topic patterns of one subscription.
inline constexpr std::size_t kStreamTopicsMax = 32;
/// One message from a client; the same as a request body, since a publish fits both.
inline constexpr std::size_t kSocketMessageBytesMax = kRequestBodyBytesMax;
inline constexpr std::size_t kSocketSubscriptionsMax = 16;
/// Publishes of one WebSocket that are not yet answered.
inline constexpr std::size_t kSocketPublishesMax = 256;
/// The name that a client gives to a request or subscription.
inline constexpr std::size_t kSocketIdBytesMax = 64;
/// Items of one page of events, and of one read of a stream.
inline constexpr std::size_t kPageItemsMax = 1000;
/// A page ends early at this, always with at least one item: two events of full size.
inline constexpr std::size_t kPageBytesMax = 2 * 1024 * 1024;
inline constexpr std::size_t kTokensMax = 256;
inline constexpr std::size_t kTokenNameBytesMax = 64;

}  // namespace grapevine
