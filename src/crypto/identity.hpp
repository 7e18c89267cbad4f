#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "crypto/secret.hpp"

struct evp_pkey_st;

namespace grapevine::crypto {

using PublicKey = std::array<std::uint8_t, 32>;
using Signature = std::array<std::uint8_t, 64>;

/// Who we are: an Ed25519 key pair (RFC 8032), made once and kept. Ed25519 because signing needs no
/// random numbers, so it fits a deterministic core and has no nonce to get wrong.
///
/// It makes no randomness: the seed is the caller's, and is the private key. Wiped on destruction,
/// in our memory and in OpenSSL's. Moves, does not copy. About 40 us a signature.
class Identity {
public:
    static Identity from_seed(std::span<const std::uint8_t, 32> seed);

    [[nodiscard]] const PublicKey& public_key() const { return public_key_; }
    /// For the store, and nobody else.
    [[nodiscard]] const Secret<32>& seed() const { return seed_; }
    [[nodiscard]] MemberId member() const { return member_; }
    [[nodiscard]] Signature sign(ByteView message) const;

private:
    struct Deleter {
        void operator()(evp_pkey_st* key) const;
    };
    Identity() = default;

    Secret<32> seed_;
    PublicKey public_key_{};
    MemberId member_;
    std::unique_ptr<evp_pkey_st, Deleter> key_;
};

/// The first eight bytes, big endian, of the SHA-256 of the key (see base/ids.hpp).
MemberId member_id_of(const PublicKey& public_key);

/// False for a key that is no point of the curve, too. About 100 us.
bool verify(const PublicKey& public_key, ByteView message, const Signature& signature);

}  // namespace grapevine::crypto
