#include "crypto/hash.hpp"

#include <algorithm>
#include <cassert>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "crypto/secret.hpp"

namespace grapevine::crypto {

void wipe(std::span<std::uint8_t> bytes) {
    OPENSSL_cleanse(bytes.data(), bytes.size());
}

Digest sha256(ByteView message) {
    Digest digest{};
    SHA256(message.data(), message.size(), digest.data());
    return digest;
}

Digest hmac_sha256(ByteView key, ByteView message) {
    static constexpr std::uint8_t kNoKey = 0;  // OpenSSL takes a null key for "the last one".
    Digest digest{};
    unsigned size = digest.size();
    const auto* result =
        HMAC(EVP_sha256(), key.empty() ? &kNoKey : key.data(), static_cast<int>(key.size()),
             message.data(), message.size(), digest.data(), &size);
    assert(result != nullptr && size == digest.size());
    return digest;
}

void hkdf_sha256(ByteView secret, ByteView salt, ByteView info, std::span<std::uint8_t> out) {
    assert(out.size() <= 255 * sizeof(Digest));
    // Section 2.2: PRK = HMAC-Hash(salt, IKM); no salt means HashLen zeros, which is what HMAC
    // makes of an empty key.
    Secret<sizeof(Digest)> pseudorandom(hmac_sha256(salt, secret));
    // Section 2.3: T(n) = HMAC-Hash(PRK, T(n-1) | info | n).
    Secret<sizeof(Digest)> block;
    Bytes input;
    input.reserve(sizeof(Digest) + info.size() + 1);
    std::uint8_t number = 0;
    for (std::size_t done = 0; done < out.size();) {
        input.clear();
        if (number > 0) input.insert(input.end(), block.view().begin(), block.view().end());
        input.insert(input.end(), info.begin(), info.end());
        input.push_back(++number);
        block = Secret<sizeof(Digest)>(hmac_sha256(pseudorandom.view(), input));
        const std::size_t count = std::min(sizeof(Digest), out.size() - done);
        std::ranges::copy(block.view().first(count), out.begin() + static_cast<long>(done));
        done += count;
    }
    wipe(input);
}

bool constant_time_equal(ByteView a, ByteView b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace grapevine::crypto
