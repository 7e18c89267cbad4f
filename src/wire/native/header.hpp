#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"

// The outermost layer of the native format: what stands in clear text before the sealed body, and
// the one datagram that is not sealed at all. Specification: FORMAT.md, sections 2 and 3.
namespace grapevine::wire::native {

/// The versions of the datagram format that this build speaks. A member announces them in its
/// record
/// (`protocol_min`, `protocol_max`), in its hello and in its challenge.
inline constexpr std::uint8_t kProtocolMin = 1;
inline constexpr std::uint8_t kProtocolMax = 1;

inline constexpr std::size_t kHeaderBytes = 28;
inline constexpr std::size_t kTagBytes = 16;
inline constexpr std::size_t kRefusalBytes = 8;
inline constexpr std::size_t kAssociatedDataBytes = kHeaderBytes + 16;

using HeaderBytes = std::array<std::uint8_t, kHeaderBytes>;
using AssociatedData = std::array<std::uint8_t, kAssociatedDataBytes>;

enum class DatagramKind : std::uint8_t {
    data = 0,       ///< Bound to one receiver in one life of it; carries sections.
    hello = 1,      ///< Bound to nobody: the sender does not know the receiver's boot yet.
    challenge = 2,  ///< The answer to a hello; bound to the one who said it.
};

/// Clear text, and authenticated: it is part of the associated data of the seal.
struct DatagramHeader {
    std::uint8_t version = kProtocolMax;
    DatagramKind kind = DatagramKind::data;
    KeyId key;
    MemberId sender;
    Boot boot;                  ///< The sender's.
    std::uint64_t counter = 0;  ///< Nonce of the seal; never repeats for (key, sender, boot).

    friend bool operator==(const DatagramHeader&, const DatagramHeader&) = default;
};

/// `header.version` is one that we speak and `header.sender` is not nobody.
HeaderBytes encode_header(const DatagramHeader& header);

/// Reads the header of a whole datagram and looks at its size, nothing else: the seal is untouched.
/// Errors: truncated below kDatagramBytesMin, over_limit above kDatagramBytesMax; `unsupported`
/// with the field "datagram.version" for a version that we do not speak, which the caller may
/// answer with a refusal (never longer than what asked for it); unsupported for an unknown kind or
/// flag; malformed for sender 0 and for version 0, which is a refusal and never draws an answer.
Result<DatagramHeader> decode_header(ByteView datagram);

/// What the seal vouches for besides the body: the header as it stands in the datagram, and the
/// receiver in one life of it, so that a datagram recorded on its way to one member opens at no
/// other, nor at the same one after a restart. For a hello both are 0.
AssociatedData associated_data(const HeaderBytes& header, MemberId receiver, Boot receiver_boot);

/// The same, from a received datagram that `decode_header` has accepted.
AssociatedData associated_data(ByteView datagram, MemberId receiver, Boot receiver_boot);

/// Behind the header: body and tag. `datagram` has passed `decode_header`.
ByteView sealed_body(ByteView datagram);

/// "I do not speak that." Eight bytes in clear text that anybody could have sent: good for a
/// counter and a log line, never for a decision.
struct Refusal {
    enum class Reason : std::uint8_t {
        version = 1,  ///< The version byte of your datagram lies outside [min, max].
    };
    Reason reason = Reason::version;
    std::uint8_t protocol_min = kProtocolMin;
    std::uint8_t protocol_max = kProtocolMax;

    friend bool operator==(const Refusal&, const Refusal&) = default;
};

std::array<std::uint8_t, kRefusalBytes> encode_refusal(const Refusal& refusal);

/// malformed if it is not a refusal; unsupported for a reason we do not know.
Result<Refusal> decode_refusal(ByteView datagram);

}  // namespace grapevine::wire::native
