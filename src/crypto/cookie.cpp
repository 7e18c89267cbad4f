#include "crypto/cookie.hpp"

#include <algorithm>
#include <cassert>

#include "base/reader.hpp"
#include "crypto/hash.hpp"

namespace grapevine::crypto {

CookieJar::CookieJar(const Secret<32>& secret, Duration lifetime)
    : secret_(secret), lifetime_(lifetime) {
    assert(lifetime > Duration::zero());
}

std::int64_t CookieJar::step_of(Instant now) const {
    assert(now >= Instant{});
    return now.time_since_epoch() / lifetime_;
}

Cookie CookieJar::bake(std::int64_t step, MemberId member, Boot boot,
                       const Endpoint& endpoint) const {
    Bytes message;
    message.reserve(64);
    Writer writer(message);
    writer.bytes(as_bytes("grapevine cookie"));
    writer.integer(static_cast<std::uint64_t>(step));
    writer.integer(member.value());
    writer.integer(boot.value());
    writer.bytes(endpoint.ip);
    writer.integer(endpoint.port);
    writer.integer(endpoint.scope);
    const Digest digest = hmac_sha256(secret_.view(), message);
    Cookie cookie{};
    std::copy_n(digest.begin(), cookie.size(), cookie.begin());
    return cookie;
}

Cookie CookieJar::make(Instant now, MemberId member, Boot boot, const Endpoint& endpoint) const {
    return bake(step_of(now), member, boot, endpoint);
}

bool CookieJar::check(Instant now, MemberId member, Boot boot, const Endpoint& endpoint,
                      const Cookie& cookie) const {
    const std::int64_t step = step_of(now);
    if (constant_time_equal(bake(step, member, boot, endpoint), cookie)) return true;
    return step > 0 && constant_time_equal(bake(step - 1, member, boot, endpoint), cookie);
}

}  // namespace grapevine::crypto
