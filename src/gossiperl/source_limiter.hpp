#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>

#include "base/endpoint.hpp"
#include "base/limits.hpp"
#include "base/time.hpp"

namespace grapevine::gossiperl {

/// How much one remote host may say: `kOldSourceRatePerSecond` letters of each kind in the long
/// run, and `kOldSourceBurst` at once.
///
/// By kind, because three originals that forward to each other send thousands of copies a second:
/// with one account for everything, such a storm would eat the digests of the same hosts, and they
/// would seem to fall silent.
///
/// Source: the generic cell rate algorithm (ITU-T I.371), which is a token bucket kept as one
/// instant: that at which the account would be full again. Integers, so that runs replay.
///
/// By IP address, whatever the port. At most `kOldSourcesMax` hosts are remembered; the one longest
/// unheard is forgotten and begins with a full account. Whoever can forge that many sources is not
/// stopped by this, and needs the key of the overlay.
class SourceLimiter {
public:
    enum class Kind : std::uint8_t {
        digest,   ///< Says that somebody is there, and draws an answer.
        table,    ///< Lists, goodbyes, and what has no business here.
        message,  ///< Of applications.
    };

    explicit SourceLimiter(std::size_t capacity = kOldSourcesMax);
    // The index points into the order of this very object.
    SourceLimiter(const SourceLimiter&) = delete;
    SourceLimiter& operator=(const SourceLimiter&) = delete;

    /// Whether one more letter of this kind may pass; if so it is charged.
    [[nodiscard]] bool take(Instant now, const Endpoint& from, Kind kind);
    [[nodiscard]] std::size_t size() const { return index_.size(); }

private:
    using Ip = std::array<std::uint8_t, 16>;
    struct Source {
        Ip ip{};
        std::array<Instant, 3> full_at{};  ///< By kind.
    };
    using Order = std::list<Source>;

    std::size_t capacity_;
    Order order_;  ///< Longest unheard first.
    std::map<Ip, Order::iterator> index_;
};

}  // namespace grapevine::gossiperl
