#pragma once

#include <array>
#include <cstdint>

#include "base/endpoint.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"
#include "crypto/secret.hpp"

namespace grapevine::crypto {

using Cookie = std::array<std::uint8_t, 16>;

/// Lets a stranger prove that it receives what we send to its address, in the life it claims, while
/// we remember nothing about it. The idea of Photuris (RFC 2522, section 3) and of WireGuard's
/// cookies: what we would have to remember travels, under a MAC of ours.
///
/// A cookie is HMAC-SHA-256 over the time (in steps of `lifetime`), member, boot and endpoint, cut
/// to 128 bits. It is good for between one and two lifetimes. Bounded: it has no state.
class CookieJar {
public:
    /// `secret` is random and new at every start: cookies of another life of ours are void.
    /// `lifetime` is above zero; a few round trips suffice, two minutes is generous (WireGuard's).
    CookieJar(const Secret<32>& secret, Duration lifetime);

    [[nodiscard]] Cookie make(Instant now, MemberId member, Boot boot,
                              const Endpoint& endpoint) const;

    /// True if `make` has returned it for the same three in this step of time or the one before.
    [[nodiscard]] bool check(Instant now, MemberId member, Boot boot, const Endpoint& endpoint,
                             const Cookie& cookie) const;

private:
    [[nodiscard]] Cookie bake(std::int64_t step, MemberId member, Boot boot,
                              const Endpoint& endpoint) const;
    [[nodiscard]] std::int64_t step_of(Instant now) const;

    Secret<32> secret_;
    Duration lifetime_;
};

}  // namespace grapevine::crypto
