#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "crypto/identity.hpp"

namespace grapevine::daemon {

/// The key pair of one who decides for whole overlays, as people carry it: base64url.
struct OperatorKey {
    std::string secret;  ///< The seed of an Ed25519 key.
    std::string public_key;
};

/// Out of 32 random bytes of the operating system.
OperatorKey make_operator_key();

/// Of a secret half; white space around it is ignored. Invalid for anything else.
Outcome<OperatorKey> read_operator_key(std::string_view text);

/// Who signs with this secret half. Invalid (of the field `operator_key`) for anything else.
Outcome<crypto::Identity> signer_of(const std::string& secret);

}  // namespace grapevine::daemon
