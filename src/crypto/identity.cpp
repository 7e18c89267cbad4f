#include "crypto/identity.hpp"

#include <cassert>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "crypto/hash.hpp"

namespace grapevine::crypto {
namespace {

struct ContextDeleter {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, ContextDeleter>;

}  // namespace

void Identity::Deleter::operator()(evp_pkey_st* key) const {
    EVP_PKEY_free(key);
}

Identity Identity::from_seed(std::span<const std::uint8_t, 32> seed) {
    Identity identity;
    identity.seed_ = Secret<32>(seed);
    identity.key_.reset(
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()));
    assert(identity.key_ != nullptr);
    std::size_t size = identity.public_key_.size();
    const int done =
        EVP_PKEY_get_raw_public_key(identity.key_.get(), identity.public_key_.data(), &size);
    assert(done == 1 && size == identity.public_key_.size());
    identity.member_ = member_id_of(identity.public_key_);
    return identity;
}

Signature Identity::sign(ByteView message) const {
    Signature signature{};
    std::size_t size = signature.size();
    const Context context(EVP_MD_CTX_new());
    const bool done =
        EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1 &&
        EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) == 1;
    assert(done && size == signature.size());
    return signature;
}

MemberId member_id_of(const PublicKey& public_key) {
    const Digest digest = sha256(public_key);
    std::uint64_t id = 0;
    for (std::size_t index = 0; index < 8; ++index) id = id << 8 | digest[index];
    return MemberId(id);
}

bool verify(const PublicKey& public_key, ByteView message, const Signature& signature) {
    EVP_PKEY* key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, public_key.data(),
                                                public_key.size());
    assert(key != nullptr);
    const Context context(EVP_MD_CTX_new());
    const bool valid = EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key) == 1 &&
                       EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                                        message.data(), message.size()) == 1;
    EVP_PKEY_free(key);
    // A refused signature leaves entries in OpenSSL's queue of errors, and others would read them.
    if (!valid) ERR_clear_error();
    return valid;
}

}  // namespace grapevine::crypto
