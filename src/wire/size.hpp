#pragma once

#include <cstddef>

#include "wire/messages.hpp"

namespace grapevine::wire {

/// Bytes that `section` takes in a packet, its own frame included: exactly what the native codec
/// will write, so that a packet can be filled to its budget without encoding it twice.
std::size_t encoded_size(const Section& section);

/// The same without its type and length.
std::size_t encoded_body_size(const Section& section);

/// The same for one item of a `RumorPush`, and for the items of the other lists.
std::size_t encoded_size(const RumorItem& item);
std::size_t encoded_size(const StateItem& item);
std::size_t encoded_size(const SyncEntry& entry);
std::size_t encoded_size(const EventFrontier::Item& item);
std::size_t encoded_size(const SyncPull::Item& item);
/// Depends on where the range begins.
std::size_t encoded_size(const StateRange& range, const StatePosition& lower);
std::size_t encoded_size(const Notice& notice);

/// Frame of a section around its items: type, length and the fixed fields of an empty one.
/// A `StateDelta` has the longest: 1 + 2, member 8, flags 1, three versions of up to 10, count 2.
inline constexpr std::size_t kSectionFrameBytesMax = 44;

/// A position in full, as `StateCells` lists them.
inline constexpr std::size_t kStatePositionBytes = 16;

/// A member's own record as it travels, signature included, without a length in front.
std::size_t encoded_size(const MemberRecord& record);

}  // namespace grapevine::wire
