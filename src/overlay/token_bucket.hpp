#pragma once

#include <algorithm>

#include "base/time.hpp"

namespace grapevine::overlay {

/// Lets `burst` through at once and `per_second` in the long run. Full at the start.
class TokenBucket {
public:
    TokenBucket(double per_second, double burst)
        : per_second_(per_second), burst_(burst), tokens_(burst) {}

    /// Whether one more may pass now; takes a token if so.
    [[nodiscard]] bool take(Instant now) {
        const double passed = std::chrono::duration<double>(now - last_).count();
        last_ = std::max(now, last_);
        tokens_ = std::min(burst_, tokens_ + std::max(passed, 0.0) * per_second_);
        if (tokens_ < 1) return false;
        tokens_ -= 1;
        return true;
    }

private:
    double per_second_;
    double burst_;
    double tokens_;
    Instant last_{};
};

}  // namespace grapevine::overlay
