#include "gossiperl/source_limiter.hpp"

#include <algorithm>
#include <cassert>

namespace grapevine::gossiperl {

namespace {
constexpr Duration kCost = Duration(std::chrono::seconds(1)) / kOldSourceRatePerSecond;
constexpr Duration kDepth = kCost * kOldSourceBurst;
}  // namespace

SourceLimiter::SourceLimiter(std::size_t capacity) : capacity_(capacity) {
    assert(capacity > 0);
}

bool SourceLimiter::take(Instant now, const Endpoint& from, Kind kind) {
    const auto [where, is_new] = index_.try_emplace(from.ip);
    if (is_new) {
        where->second = order_.insert(order_.end(), Source{from.ip, {now, now, now}});
        if (order_.size() > capacity_) {
            index_.erase(order_.front().ip);
            order_.pop_front();
        }
    } else {
        order_.splice(order_.end(), order_, where->second);
    }
    Instant& full_at = order_.back().full_at[static_cast<std::size_t>(kind)];
    const Instant then = std::max(full_at, now) + kCost;
    if (then - now > kDepth) return false;
    full_at = then;
    return true;
}

}  // namespace grapevine::gossiperl
