#pragma once

#include <cstddef>

#include "wire/gossiperl/messages.hpp"

namespace grapevine::client {

/// How long the datagram of a letter to a client is: Thrift, Base64, envelope, IV and padding. One
/// of the client libraries reads into a buffer of `kOldClientDatagramBytesMax` and takes what is
/// longer for damaged, so whoever answers must know before it answers.
///
/// Knows what daemons say to clients: acknowledgements, events, messages of applications. Anything
/// else is a bug and asserts.
std::size_t datagram_bytes(const wire::gossiperl::Letter& letter);

}  // namespace grapevine::client
