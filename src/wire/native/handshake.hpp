#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/limits.hpp"
#include "wire/native/header.hpp"

// The bodies inside the seal, by kind of datagram. Specification: FORMAT.md, section 4.
//
//     A (unknown to B)                                B
//        hello {nonce}              ------------>        draws one answer, smaller than itself,
//                                                        and leaves nothing behind
//        challenge {nonce, cookie}  <------------        the cookie is a function of A's id, boot
//                                                        and address: B keeps no state
//        data {proof, sections}     ------------>        now A's address and boot are proven fresh
//
namespace grapevine::wire::native {

using Cookie = std::array<std::uint8_t, 16>;

/// Padded with zeros to kHelloDatagramBytes, so that the challenge is always the smaller one.
struct Hello {
    std::uint64_t nonce = 0;  ///< Random; the challenge echoes it, which proves it is fresh.
    std::uint8_t protocol_min = kProtocolMin;
    std::uint8_t protocol_max = kProtocolMax;

    friend bool operator==(const Hello&, const Hello&) = default;
};

struct Challenge {
    std::uint64_t nonce = 0;  ///< Of the hello.
    Cookie cookie{};          ///< To be brought back as a proof, until data is answered.
    std::uint8_t protocol_min = kProtocolMin;
    std::uint8_t protocol_max = kProtocolMax;

    friend bool operator==(const Challenge&, const Challenge&) = default;
};

/// "I have received what you sent to my address."
struct Proof {
    Cookie cookie{};
    friend bool operator==(const Proof&, const Proof&) = default;
};

/// The body of a data datagram: flags, the proof if there is one, then sections for `decode`.
struct DataBody {
    std::optional<Proof> proof;
    ByteView sections;  ///< Into the input.
};

/// What goes between header and tag.
Bytes encode_hello(const Hello& hello);
Bytes encode_challenge(const Challenge& challenge);

/// The bytes in front of the sections: 1, or kProofBytesMax with a proof.
Bytes encode_data_prefix(const std::optional<Proof>& proof);

/// Errors of all three: truncated; malformed for a rest, for padding that is not zero, and for a
/// protocol range that is empty or begins at 0; unsupported for an unknown flag of a data body.
Result<Hello> decode_hello(ByteView body);
Result<Challenge> decode_challenge(ByteView body);
Result<DataBody> decode_data_body(ByteView body);

}  // namespace grapevine::wire::native
