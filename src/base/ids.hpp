#pragma once

#include <cstdint>

#include "base/strong.hpp"

namespace grapevine {

/// Who a node is, for as long as it lives: the first eight bytes (big endian) of the SHA-256 of its
/// Ed25519 public key. Never an address: addresses change and are reused. Zero means "nobody" and
/// is never a member.
///
/// Why 64 bits? To speak for a member one needs its private key, not its id: every record carries
/// the whole public key, and a record whose key does not hash to its id is refused. A colliding id
/// needs 2^64 key pairs and the overlay key, and gains a refusal.
using MemberId = Strong<struct MemberIdTag, std::uint64_t>;
inline constexpr MemberId kNobody{};

/// How often a member has spoken up for itself. Only the member raises its own (SWIM, section 4.2).
/// Kept on disk, raised at every start, so that a restart outranks everything said before it.
using Incarnation = Strong<struct IncarnationTag, std::uint32_t>;

/// 64 random bits drawn at every start of a node. Part of the key its datagrams are sealed under,
/// so that a counter that starts again never repeats a nonce, not even after a restored snapshot.
using Boot = Strong<struct BootTag, std::uint64_t>;

/// Names one probe of one prober; an ack echoes it.
using ProbeSequence = Strong<struct ProbeSequenceTag, std::uint32_t>;

/// Position of a change in the record of one member (Scuttlebutt's version). Starts at 1; 0 is
/// "none".
using Version = Strong<struct VersionTag, std::uint64_t>;

/// One life of a publisher's stream of events (overlay::Start::started). A later one supersedes.
using Epoch = Strong<struct EpochTag, std::uint32_t>;

/// Position of an event in a publisher's stream of one epoch. Starts at 1; 0 is "before the first".
using EventSequence = Strong<struct EventSequenceTag, std::uint64_t>;

/// A moment on the hybrid logical clock of an overlay's shared state (protocol/state/clock.hpp):
/// milliseconds since 1970 in the upper 48 bits, a counter in the lower 16. Zero is "never".
using Stamp = Strong<struct StampTag, std::uint64_t>;

/// Which key of the overlay's ring sealed a datagram.
using KeyId = Strong<struct KeyIdTag, std::uint8_t>;

}  // namespace grapevine
