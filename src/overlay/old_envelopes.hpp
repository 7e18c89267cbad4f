#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "crypto/gossiperl/cipher.hpp"
#include "wire/gossiperl/messages.hpp"

namespace grapevine::overlay {

/// Datagrams of the old protocol: its cipher and its codec in one, with what it takes to seal (an
/// IV that nobody can foresee, and that never comes twice) and a counter for each refusal.
///
/// What opens proves nothing about its sender: see crypto/gossiperl/cipher.hpp.
class OldEnvelopes {
public:
    /// Random, and new at every start: all IVs come from it.
    using Secret = std::array<std::uint8_t, 32>;

    struct Counters {
        std::uint64_t datagrams_received = 0;
        std::uint64_t bytes_received = 0;
        std::uint64_t datagrams_sent = 0;
        std::uint64_t bytes_sent = 0;
        std::uint64_t dropped_size = 0;         ///< A length that no datagram has.
        std::uint64_t dropped_undecodable = 0;  ///< Another key, or no message: nobody can tell.
        std::uint64_t oversize = 0;             ///< Ours that no datagram can carry.
    };

    OldEnvelopes(std::string_view symmetric_key, const Secret& secret);

    /// The letter in a datagram. An error has been counted, and nothing else has changed.
    Result<wire::gossiperl::Letter> open(ByteView datagram);

    /// The datagram of a letter. It is longer than `kOldDatagramBytesMax` if the letter is too long
    /// for UDP: counted as `oversize` and not as sent, and whoever sends must look.
    [[nodiscard]] Bytes seal(const wire::gossiperl::Letter& letter);

    /// Opens and seals by this key from now on. The old protocol knows no overlap of two keys.
    void set_key(std::string_view symmetric_key);

    [[nodiscard]] const Counters& counters() const { return counters_; }

private:
    crypto::gossiperl::Cipher::Iv next_iv();

    crypto::gossiperl::Cipher cipher_;
    Secret secret_;
    std::uint64_t sealed_ = 0;
    Counters counters_;
};

}  // namespace grapevine::overlay
