#include "crypto/aead.hpp"

#include <algorithm>
#include <array>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

namespace grapevine::crypto {
namespace {

constexpr std::size_t kNonceBytes = 12;

std::array<std::uint8_t, kNonceBytes> nonce_of(std::uint64_t counter) {
    std::array<std::uint8_t, kNonceBytes> nonce{};
    for (std::size_t index = 0; index < 8; ++index) {
        nonce[4 + index] = static_cast<std::uint8_t>(counter >> (56 - 8 * index));
    }
    return nonce;
}

int as_int(std::size_t size) {
    assert(size <= static_cast<std::size_t>(std::numeric_limits<int>::max()));
    return static_cast<int>(size);
}

/// Fetched once: looking an algorithm up by name takes locks and as long as sealing a datagram.
const EVP_CIPHER* implementation(Cipher cipher) {
    static const EVP_CIPHER* const kChacha =
        EVP_CIPHER_fetch(nullptr, "ChaCha20-Poly1305", nullptr);
    static const EVP_CIPHER* const kAes = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
    const EVP_CIPHER* const found = cipher == Cipher::aes_256_gcm ? kAes : kChacha;
    assert(found != nullptr);
    return found;
}

}  // namespace

/// A context of one cipher and direction with the key that it holds.
class Aead::Direction {
public:
    enum class Way : int { open = 0, seal = 1 };

    explicit Direction(Way way) : way_(way), context_(EVP_CIPHER_CTX_new()) {
        assert(context_ != nullptr);
    }
    ~Direction() { EVP_CIPHER_CTX_free(context_); }
    Direction(const Direction&) = delete;
    Direction& operator=(const Direction&) = delete;

    /// Ready for one message. `parameters` are for this message alone.
    EVP_CIPHER_CTX* begin(const SubKey& key, std::uint64_t counter, ByteView associated,
                          const OSSL_PARAM* parameters = nullptr) {
        const auto nonce = nonce_of(counter);
        const bool is_same = key_ && *key_ == key;
        // Members take turns, the cipher stays: setting it again would cost as much as decrypting.
        const bool is_same_cipher = key_ && key_->cipher == key.cipher;
        const EVP_CIPHER* const cipher = is_same_cipher ? nullptr : implementation(key.cipher);
        const std::uint8_t* const secret = is_same ? nullptr : key.secret.view().data();
        const int ready = EVP_CipherInit_ex2(context_, cipher, secret, nonce.data(),
                                             static_cast<int>(way_), parameters);
        assert(ready == 1);
        if (!is_same) key_ = key;
        int size = 0;
        const int taken = EVP_CipherUpdate(context_, nullptr, &size, associated.data(),
                                           as_int(associated.size()));
        assert(taken == 1);
        return context_;
    }

private:
    Way way_;
    EVP_CIPHER_CTX* context_;
    std::optional<SubKey> key_;
};

Aead::Aead()
    : sealing_(std::make_unique<Direction>(Direction::Way::seal)),
      opening_(std::make_unique<Direction>(Direction::Way::open)) {}
Aead::~Aead() = default;
Aead::Aead(Aead&&) noexcept = default;
Aead& Aead::operator=(Aead&&) noexcept = default;

void Aead::seal(const SubKey& key, std::uint64_t counter, ByteView associated, ByteView plain,
                Bytes& out) {
    EVP_CIPHER_CTX* const context = sealing_->begin(key, counter, associated);
    const std::size_t start = out.size();
    out.resize(start + plain.size() + kTagBytes);
    int size = 0;
    bool done = true;
    if (!plain.empty()) {
        done = EVP_EncryptUpdate(context, out.data() + start, &size, plain.data(),
                                 as_int(plain.size())) == 1;
    }
    int rest = 0;
    done = done && EVP_EncryptFinal_ex(context, out.data() + start + size, &rest) == 1 &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kTagBytes,
                               out.data() + start + plain.size()) == 1;
    assert(done && static_cast<std::size_t>(size + rest) == plain.size());
}

Result<void> Aead::open(const SubKey& key, std::uint64_t counter, ByteView associated,
                        ByteView sealed, Bytes& out) {
    if (sealed.size() < kTagBytes) {
        return std::unexpected(Error{Error::Code::truncated, "datagram.tag", 0});
    }
    const ByteView cipher_text = sealed.first(sealed.size() - kTagBytes);
    std::array<std::uint8_t, kTagBytes> tag{};
    std::ranges::copy(sealed.last(kTagBytes), tag.begin());

    // The tag comes with the nonce: a call of its own for it (EVP_CIPHER_CTX_ctrl) costs a fifth of
    // the work on a small datagram.
    const std::array<OSSL_PARAM, 2> parameters = {
        OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, tag.data(), tag.size()),
        OSSL_PARAM_construct_end()};
    EVP_CIPHER_CTX* const context = opening_->begin(key, counter, associated, parameters.data());
    const std::size_t start = out.size();
    out.resize(start + cipher_text.size() + 1);  // OpenSSL wants an address for the empty rest.
    int size = 0;
    bool done = true;
    if (!cipher_text.empty()) {
        done = EVP_DecryptUpdate(context, out.data() + start, &size, cipher_text.data(),
                                 as_int(cipher_text.size())) == 1;
    }
    int rest = 0;
    done = done && EVP_DecryptFinal_ex(context, out.data() + start + size, &rest) == 1;
    if (!done) {
        // What was decrypted is not authentic and must not be seen by anybody.
        wipe(std::span(out).subspan(start));
        out.resize(start);
        ERR_clear_error();
        return std::unexpected(Error{Error::Code::unauthenticated, "datagram", 0});
    }
    out.resize(start + cipher_text.size());
    return {};
}

}  // namespace grapevine::crypto
