#include "protocol/rumor/pressure.hpp"

#include <algorithm>
#include <limits>

namespace grapevine::protocol {
namespace {

constexpr double kShare = 0.9;   ///< Of what gets through, so that the rest drains the backlog.
constexpr double kRaise = 1.25;  ///< Per interval without a word.

std::uint32_t clamp(double value) {
    constexpr double kMax = std::numeric_limits<std::uint32_t>::max();
    return static_cast<std::uint32_t>(std::clamp(value, 0.0, kMax));
}

double seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

}  // namespace

std::optional<Shortfall> Backlog::sample(Instant now, Duration interval, MemberId self,
                                         std::uint64_t missing, std::uint64_t arrived) {
    if (sampled_at_ && now - *sampled_at_ < interval) return std::nullopt;
    // A stream that was in order for a while begins anew: its last sample says nothing about now.
    const bool is_fresh = sampled_at_ && now - *sampled_at_ < 3 * interval;
    const Duration elapsed = is_fresh ? now - *sampled_at_ : interval;
    const std::uint64_t came = arrived - std::min(arrived_, arrived);
    const bool is_growing = is_fresh && missing_ >= kMissingMin && missing >= missing_;
    sampled_at_ = now;
    missing_ = missing;
    arrived_ = arrived;
    if (!is_growing || missing <= came) return std::nullopt;
    return Shortfall{self, clamp(static_cast<double>(missing)),
                     clamp(static_cast<double>(came) / seconds(elapsed))};
}

bool Pace::heard(Instant now, const Shortfall& shortfall) {
    if (is_ignored(now, shortfall.slowest)) {
        if (state_ && state_->slowest.slowest == shortfall.slowest) heard_at_ = Instant{};
        return false;
    }
    recover(now);
    if (state_ && now - state_->since >= kPatienceWithAll) {
        state_.reset();
        deaf_until_ = now + 2 * kPatienceWithAll;
    }
    if (now < deaf_until_) return false;
    const double wanted = std::max<double>(kRateMin, shortfall.rate * kShare);
    heard_at_ = now;
    raised_at_ = now;
    if (!state_) {
        state_ = State{shortfall, 0, now};
        limit_ = wanted;
        next_ = now;
    } else if (wanted <= limit_ || state_->slowest.slowest == shortfall.slowest) {
        state_->slowest = shortfall;
        limit_ = std::min(limit_, wanted);
    }
    return true;
}

bool Pace::is_ignored(Instant now, MemberId member) {
    std::erase_if(laggards_, [&](const auto& entry) {
        return entry.first != member && now >= entry.second.ignored_until &&
               now - entry.second.heard_at > kPatience;
    });
    if (!laggards_.contains(member) && laggards_.size() >= kLaggardsMax) return true;
    const auto [entry, is_new] = laggards_.try_emplace(member, Laggard{now, now, {}});
    Laggard& laggard = entry->second;
    if (now < laggard.ignored_until) return true;
    // Silent for a while, or pardoned: its time begins anew.
    const bool is_pardoned = laggard.ignored_until != Instant{};
    if (is_pardoned || now - laggard.heard_at > kPatience / 3) laggard = {now, now, {}};
    laggard.heard_at = now;
    if (now - laggard.since < kPatience) return false;
    laggard.ignored_until = now + kIgnored;
    return true;
}

// Lazily: nothing happens between two looks at it.
void Pace::recover(Instant now) {
    while (state_ &&
           now - std::max(heard_at_ + (kWordIntervals - 1) * interval_, raised_at_) >= interval_) {
        if (!is_wanted_) {
            state_.reset();
            return;
        }
        raised_at_ = std::max(heard_at_ + (kWordIntervals - 1) * interval_, raised_at_) + interval_;
        limit_ *= kRaise;
        is_wanted_ = false;
    }
}

Instant Pace::ready_at(Instant now) {
    recover(now);
    return state_ ? next_ - kBurst : now;
}

void Pace::published(Instant now) {
    recover(now);
    if (!state_) return;
    next_ = std::max(next_, now) +
            std::chrono::duration_cast<Duration>(std::chrono::duration<double>(1 / limit_));
}

std::optional<Pace::State> Pace::state(Instant now) const {
    Pace then = *this;
    then.recover(now);
    if (then.state_) then.state_->limit = clamp(then.limit_);
    return then.state_;
}

std::size_t Pace::left_behind(Instant now) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        laggards_, [now](const auto& entry) { return now < entry.second.ignored_until; }));
}

}  // namespace grapevine::protocol
