#include "crypto/gossiperl/cipher.hpp"

#include <algorithm>
#include <cassert>
#include <limits>
#include <openssl/evp.h>

#include "crypto/hash.hpp"
#include "crypto/secret.hpp"

namespace grapevine::crypto::gossiperl {
namespace {

constexpr std::size_t kBlockBytes = 16;

/// Fetched once: looking an algorithm up by name takes locks.
const EVP_CIPHER* algorithm() {
    static const EVP_CIPHER* const kAes = EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr);
    assert(kAes != nullptr);
    return kAes;
}

int as_int(std::size_t size) {
    assert(size <= static_cast<std::size_t>(std::numeric_limits<int>::max()));
    return static_cast<int>(size);
}

}  // namespace

/// One context each way. They keep the expanded key, so a datagram only brings its IV.
class Cipher::Contexts {
public:
    explicit Contexts(std::string_view symmetric_key)
        : sealing_(EVP_CIPHER_CTX_new()), opening_(EVP_CIPHER_CTX_new()) {
        assert(sealing_ != nullptr && opening_ != nullptr);
        const Secret<sizeof(Digest)> key(sha256(as_bytes(symmetric_key)));
        const int sealing =
            EVP_EncryptInit_ex2(sealing_, algorithm(), key.view().data(), nullptr, nullptr);
        const int opening =
            EVP_DecryptInit_ex2(opening_, algorithm(), key.view().data(), nullptr, nullptr);
        // Nobody may look at the padding of others, nor hold the last block back for it.
        const int unpadded = EVP_CIPHER_CTX_set_padding(opening_, 0);
        assert(sealing == 1 && opening == 1 && unpadded == 1);
    }
    ~Contexts() {
        EVP_CIPHER_CTX_free(sealing_);
        EVP_CIPHER_CTX_free(opening_);
    }
    Contexts(const Contexts&) = delete;
    Contexts& operator=(const Contexts&) = delete;

    EVP_CIPHER_CTX* sealing(const std::uint8_t* iv) {
        const int ready = EVP_EncryptInit_ex2(sealing_, nullptr, nullptr, iv, nullptr);
        assert(ready == 1);
        return sealing_;
    }
    EVP_CIPHER_CTX* opening(const std::uint8_t* iv) {
        const int ready = EVP_DecryptInit_ex2(opening_, nullptr, nullptr, iv, nullptr);
        assert(ready == 1);
        return opening_;
    }

private:
    EVP_CIPHER_CTX* sealing_;
    EVP_CIPHER_CTX* opening_;
};

Cipher::Cipher(std::string_view symmetric_key)
    : contexts_(std::make_unique<Contexts>(symmetric_key)) {}
Cipher::~Cipher() = default;
Cipher::Cipher(Cipher&&) noexcept = default;
Cipher& Cipher::operator=(Cipher&&) noexcept = default;

std::optional<Bytes> Cipher::open(ByteView datagram) const {
    if (datagram.size() < 2 * kBlockBytes || datagram.size() % kBlockBytes != 0) {
        return std::nullopt;
    }
    EVP_CIPHER_CTX* const context = contexts_->opening(datagram.data());
    const ByteView sealed = datagram.subspan(kBlockBytes);
    Bytes plain(sealed.size());
    int size = 0;
    const int done =
        EVP_DecryptUpdate(context, plain.data(), &size, sealed.data(), as_int(sealed.size()));
    // Without padding nothing is held back, so there is nothing to finish.
    assert(done == 1 && static_cast<std::size_t>(size) == plain.size());
    return plain;
}

Bytes Cipher::seal(ByteView plaintext, const Iv& iv) const {
    EVP_CIPHER_CTX* const context = contexts_->sealing(iv.data());
    const std::size_t padded = (plaintext.size() / kBlockBytes + 1) * kBlockBytes;
    Bytes datagram(iv.size() + padded);
    std::ranges::copy(iv, datagram.begin());
    std::uint8_t* const out = datagram.data() + iv.size();
    int size = 0;
    int rest = 0;
    const bool taken = plaintext.empty() || EVP_EncryptUpdate(context, out, &size, plaintext.data(),
                                                              as_int(plaintext.size())) == 1;
    const bool done = taken && EVP_EncryptFinal_ex(context, out + size, &rest) == 1;
    assert(done && static_cast<std::size_t>(size + rest) == padded);
    return datagram;
}

}  // namespace grapevine::crypto::gossiperl
