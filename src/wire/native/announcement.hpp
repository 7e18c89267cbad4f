#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/limits.hpp"
#include "wire/messages.hpp"
#include "wire/native/header.hpp"

// What a member tells a whole network by multicast: that it is here, and where. Specification:
// FORMAT.md, section 9. A datagram of its own form, because who holds no key must not learn who
// speaks, and an ordinary header would say so.
namespace grapevine::wire::native {

/// The kind of datagram, at the place where every other has its own (`DatagramKind`).
inline constexpr std::uint8_t kAnnouncementKind = 3;
/// The first byte of what an identity signs in an announcement; that of a record is kRecordTag.
inline constexpr std::uint8_t kAnnouncementTag = 2;

inline constexpr std::size_t kAnnouncementHeadBytes = 4 + kAnnouncementSaltBytes;

using AnnouncementSalt = std::array<std::uint8_t, kAnnouncementSaltBytes>;
using AnnouncementHeadBytes = std::array<std::uint8_t, kAnnouncementHeadBytes>;

/// Clear text, and authenticated: it is the associated data of the seal.
struct AnnouncementHead {
    std::uint8_t version = kProtocolMin;  ///< The lowest we speak: nobody has told us more.
    KeyId key;
    AnnouncementSalt salt{};  ///< Names the key of this one datagram.

    friend bool operator==(const AnnouncementHead&, const AnnouncementHead&) = default;
};

AnnouncementHeadBytes encode_announcement_head(const AnnouncementHead& head);

/// Looks at the size and the first 20 bytes. truncated below kAnnouncementBytesMin, over_limit
/// above kDatagramBytesMax; malformed for version 0; unsupported for another version, kind or flag.
/// Nothing that comes to a group draws an answer, whatever is wrong with it.
Result<AnnouncementHead> decode_announcement_head(ByteView datagram);

/// Behind the head: body and tag. `datagram` has passed `decode_announcement_head`.
ByteView sealed_announcement(ByteView datagram);

/// Inside the seal.
struct Announcement {
    /// Milliseconds of the speaker's own clock since its start; rises in one life (boot) of it. Not
    /// the time of day: a host without network has no clock to be believed.
    std::uint64_t told_at_ms = 0;
    ByteView record;       ///< A whole signed record, for `decode_record`. Into the input.
    ByteView signed_part;  ///< What `signature` is over. Into the input.
    Signature signature{};
};

/// `record` is an encoded one, with its signature.
Bytes encode_announcement_signed_part(std::uint64_t told_at_ms, ByteView record);
Bytes encode_announcement(ByteView signed_part, const Signature& signature);

/// Shape only: record and signature are the caller's to check. truncated; malformed for a rest or
/// an empty record; over_limit for a record above kEncodedRecordBytesMax; unsupported for another
/// tag than kAnnouncementTag.
Result<Announcement> decode_announcement(ByteView body);

}  // namespace grapevine::wire::native
