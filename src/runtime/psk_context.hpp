#pragma once

#include <optional>

#include "runtime/psk_stream.hpp"
#include "runtime/transport.hpp"

// TLS 1.3 that knows no certificates, only keys that both sides have. For the sources of this
// folder only.
namespace grapevine::runtime {

/// TLS 1.3 and nothing older, with an ephemeral key exchange beside the shared key, so that a key
/// that leaks opens no connection of the past. No certificates, tickets or early data. The keys are
/// erased with the context.
Outcome<TlsContext> make_psk_server_tls(const PskKeys& keys);
/// Offers the first of the keys.
Outcome<TlsContext> make_psk_client_tls(const PskKeys& keys);

/// Which of the keys a connection rests on, after its handshake; nothing if on none, and then it is
/// to be closed.
std::optional<KeyId> psk_key_of(Transport& transport);

}  // namespace grapevine::runtime
