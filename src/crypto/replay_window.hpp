#pragma once

#include <array>
#include <cstdint>

namespace grapevine::crypto {

/// Remembers which counters of one sender have been seen, so that a recorded datagram does nothing
/// the second time: a sliding window of 1,024 bits.
///
/// Source: the window of IPsec (RFC 6479: shift by whole words, so that a step costs no loop over
/// the bits), sized like WireGuard's. Datagrams may come late or in another order by less than the
/// window; what is older is refused, seen or not.
///
/// Order: `check` before the seal is opened (it is cheaper), `commit` only after that has
/// succeeded, else a forged counter would push the window on. 152 bytes.
class ReplayWindow {
public:
    static constexpr std::uint64_t kWindow = 1024;

    /// True if `counter` is new: above everything seen, or within the window and not seen. The
    /// highest counter of 64 bits is never new; a sender stops before it.
    [[nodiscard]] bool check(std::uint64_t counter) const;

    /// Marks `counter` as seen. It has passed `check`.
    void commit(std::uint64_t counter);

    /// Everything up to and including `counter` counts as seen, whatever was seen before: the life
    /// of this sender begins here for us.
    void start_at(std::uint64_t counter);

    /// One above the highest seen; 0 before the first.
    [[nodiscard]] std::uint64_t next() const { return next_; }

private:
    /// One word more than the window has: the newest word is only partly above the window's end.
    static constexpr std::size_t kWords = kWindow / 64 + 1;

    static std::size_t word_of(std::uint64_t counter) { return (counter / 64) % kWords; }
    static std::uint64_t bit_of(std::uint64_t counter) { return std::uint64_t{1} << counter % 64; }

    std::uint64_t next_ = 0;
    std::array<std::uint64_t, kWords> seen_{};
};

}  // namespace grapevine::crypto
