#pragma once

#include <string_view>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "wire/gossiperl/messages.hpp"

// Plaintext of a datagram <-> message, by Thrift's binary protocol. FORMAT.md beside this file says
// what is tolerated. The only files that know libthrift are those of this folder; its exceptions
// end here.
namespace grapevine::wire::gossiperl {

/// Reads one envelope and the message in it. What follows the envelope's STOP (padding, garbage) is
/// ignored, fields may come in any order, unknown fields are skipped, and Base64 may hold
/// whitespace. Refuses what is truncated or malformed, a message that lacks a field or has one of
/// another type, a port outside 1 to 65535, and whatever exceeds a limit of `limits.hpp`. Never
/// throws; allocates in proportion to the input, not to what it claims.
Result<Letter> decode(ByteView plaintext);

/// The envelope struct, without padding. Of an `Application` it is the envelope as it came, and the
/// letter's id must be the one in it.
Bytes encode(const Letter& letter);

/// A message of an application that begins here: `payload` is the bytes of its struct, and `type`
/// is none that `is_internal_type`.
Letter make_application(std::string id, std::string type, Bytes payload);

}  // namespace grapevine::wire::gossiperl
