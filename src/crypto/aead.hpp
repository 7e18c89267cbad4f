#pragma once

#include <cassert>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "crypto/key_ring.hpp"

namespace grapevine::crypto {

inline constexpr std::size_t kTagBytes = 16;

/// Gives out the nonces of one subkey: 0, 1, 2, ... A repeated nonce would reveal the key that
/// authenticates, so one `Counter` belongs to one subkey for as long as that is used, and running
/// out of numbers asserts (after 584,000 years of a million datagrams a second).
class Counter {
public:
    Counter() = default;
    explicit Counter(std::uint64_t first) : next_(first) {}

    [[nodiscard]] std::uint64_t take() {
        assert(next_ != std::numeric_limits<std::uint64_t>::max());
        return next_++;
    }
    /// The one that `take` will return.
    [[nodiscard]] std::uint64_t peek() const { return next_; }

private:
    std::uint64_t next_ = 0;
};

/// Seals and opens datagrams: encryption and authentication in one (AEAD, RFC 5116). The nonce is
/// four zero bytes and the counter, big endian.
///
/// Keeps one OpenSSL context for sealing and one for opening, set up again only if the key is not
/// the one of the call before: a fresh context would cost three times the work on a datagram of 200
/// bytes. Not shared between threads.
class Aead {
public:
    Aead();
    ~Aead();
    Aead(Aead&&) noexcept;
    Aead& operator=(Aead&&) noexcept;

    /// Appends the encrypted `plain` and a tag of kTagBytes to `out`. `plain` does not lie in
    /// `out`.
    void seal(const SubKey& key, std::uint64_t counter, ByteView associated, ByteView plain,
              Bytes& out);

    /// Appends what was sealed to `out`. unauthenticated if key, counter, associated data or any
    /// bit of `sealed` is not what it was; truncated below kTagBytes. `out` is then as it was
    /// before.
    Result<void> open(const SubKey& key, std::uint64_t counter, ByteView associated,
                      ByteView sealed, Bytes& out);

private:
    class Direction;
    std::unique_ptr<Direction> sealing_;
    std::unique_ptr<Direction> opening_;
};

}  // namespace grapevine::crypto
