#pragma once

#include <cstddef>
#include <cstdint>

// Every limit of the house, with its reason. What is full refuses the newest or displaces the oldest;
// the header of the owner says which. Each limit has a test at limit + 1.
namespace grapevine {

// -- Datagrams --

/// What one datagram may carry, seal included. 1,280 (the least MTU of IPv6) less 40 (IPv6) and 8
/// (UDP) leaves 1,232; the rest is room for a tunnel's header.
inline constexpr std::size_t kDatagramBytesMax = 1200;
/// Smaller than this no sealed datagram of ours can be: header 28 and tag 16.
inline constexpr std::size_t kDatagramBytesMin = 44;
/// Header 28 and tag 16: what sealing adds to a packet.
inline constexpr std::size_t kSealBytes = 44;
/// Flags and cookie in front of the sections of the first datagrams between two members.
inline constexpr std::size_t kProofBytesMax = 17;
/// What is left for a body: flags, perhaps a cookie, sections.
inline constexpr std::size_t kPacketBytesMax = kDatagramBytesMax - kSealBytes;
/// Sections of one packet. Probes are 5 bytes, so garbage could claim hundreds.
inline constexpr std::size_t kSectionsMax = 64;
/// Pings answered per datagram (memberlist issue 371: 255 pings in one packet drew 255 acks).
inline constexpr std::size_t kPingsPerDatagramMax = 4;

// -- Names and records --

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
/// Deleted keys that a member remembers in its record. One more, and the oldest is collected early:
/// safe by the reset rule, it only costs those who are far behind a fresh copy.
inline constexpr std::size_t kRecordTombstonesMax = 256;
/// Items of a copy, tombstones included. A copy can for a moment hold keys that their owner has
/// deleted next to those that replaced them, hence more than an owner may have; above this it is a lie.
inline constexpr std::size_t kRecordItemsMax = 512;

// -- Events --

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
/// Fragments asked for and not yet here, over all streams: what a receive buffer of 212 kB (Linux's
/// default) holds.
inline constexpr std::size_t kInFlightMax = 160;
/// Fragments sent in answer to one request, so that 60 bytes never draw a megabyte.
inline constexpr std::size_t kRequestAnswerMax = 64;
/// Large events being put together at once; at 1 MiB each this bounds their memory at 32 MiB.
inline constexpr std::size_t kAssembliesMax = 32;
/// Bytes of events that are complete but wait behind a hole, over all streams.
inline constexpr std::size_t kWaitingBytesMax = 16 * 1024 * 1024;
/// Members remembered per stream as having what we miss, and as having said that they do not.
inline constexpr std::size_t kSourcesMax = 8;
/// How far ahead of what we hold a claim about a stream is believed: at 1,000 events a second, seven
/// weeks. What is beyond is garbage, and must not reach the arithmetic of sequences.
inline constexpr std::uint64_t kSequenceAheadMax = std::uint64_t{1} << 32U;

// -- Overlays and keys --

inline constexpr std::size_t kOverlaysMax = 256;
inline constexpr std::size_t kKeysMax = 8;
inline constexpr std::size_t kSeedsMax = 64;
/// Peers remembered on disk for the day on which every seed is gone.
inline constexpr std::size_t kPeerCacheMax = 128;

}  // namespace grapevine
