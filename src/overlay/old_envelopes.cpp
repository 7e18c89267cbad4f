#include "overlay/old_envelopes.hpp"

#include <algorithm>
#include <optional>

#include "base/limits.hpp"
#include "crypto/hash.hpp"
#include "wire/gossiperl/codec.hpp"

namespace grapevine::overlay {

using crypto::gossiperl::Cipher;
using wire::gossiperl::Letter;

OldEnvelopes::OldEnvelopes(std::string_view symmetric_key, const Secret& secret)
    : cipher_(symmetric_key), secret_(secret) {}

void OldEnvelopes::set_key(std::string_view symmetric_key) {
    cipher_ = Cipher(symmetric_key);
}

Result<Letter> OldEnvelopes::open(ByteView datagram) {
    ++counters_.datagrams_received;
    counters_.bytes_received += datagram.size();
    std::optional<Bytes> plaintext;
    if (datagram.size() <= kOldDatagramBytesMax) plaintext = cipher_.open(datagram);
    if (!plaintext) {
        ++counters_.dropped_size;
        return std::unexpected(Error{Error::Code::malformed, "datagram.size",
                                     static_cast<std::uint32_t>(datagram.size())});
    }
    Result<Letter> letter = wire::gossiperl::decode(*plaintext);
    if (!letter) ++counters_.dropped_undecodable;
    return letter;
}

Bytes OldEnvelopes::seal(const Letter& letter) {
    Bytes datagram = cipher_.seal(wire::gossiperl::encode(letter), next_iv());
    if (datagram.size() > kOldDatagramBytesMax) {
        ++counters_.oversize;
    } else {
        ++counters_.datagrams_sent;
        counters_.bytes_sent += datagram.size();
    }
    return datagram;
}

/// The first half of SHA-256(secret, count): without the secret no IV tells of another.
Cipher::Iv OldEnvelopes::next_iv() {
    Bytes input(secret_.begin(), secret_.end());
    ++sealed_;
    for (unsigned shift = 0; shift < 64; shift += 8) {
        input.push_back(static_cast<std::uint8_t>(sealed_ >> shift));
    }
    const crypto::Digest digest = crypto::sha256(input);
    Cipher::Iv iv;
    std::copy_n(digest.begin(), iv.size(), iv.begin());
    return iv;
}

}  // namespace grapevine::overlay
