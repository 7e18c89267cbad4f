#include "protocol/membership/telling.hpp"

#include <algorithm>
#include <utility>

#include "base/limits.hpp"

namespace grapevine::protocol {

using Kind = MemberChange::Kind;

Telling::Telling(const ProtocolConfig& config)
    : quiet_(config.batch_quiet), hold_(config.batch_hold), settle_time_(config.settle_time) {}

void Telling::changed(Instant now, MemberChange change) {
    const Kind kind = change.kind;
    if (kind == Kind::joined || kind == Kind::returned || kind == Kind::died ||
        kind == Kind::left) {
        settles_at_ = now + settle_time_;
    }
    if (kind == Kind::died) {
        if (held_.empty()) held_until_ = now + hold_;
        if (!change.is_refused) quiet_at_ = now + quiet_;
        held_.push_back(std::move(change));
        return;
    }
    const bool is_held = std::ranges::any_of(held_, [&](const MemberChange& held) {
        return held.member.record->member == change.member.record->member;
    });
    if (is_held) tell_held(now);
    outbox_.emplace_back(Changes{{std::move(change)}});
}

void Telling::release(Instant now, bool is_anybody_in_doubt) {
    if (held_.empty()) return;
    const bool is_one_of_many = last_told_ && now - *last_told_ < hold_;
    if (now >= quiet_at_) quiet_at_ = kNever;
    const bool is_quiet = quiet_at_ == kNever;
    if (now < held_until_ && (!is_quiet || is_anybody_in_doubt || is_one_of_many)) return;
    tell_held(now);
}

void Telling::tell_held(Instant now) {
    for (std::size_t begin = 0; begin < held_.size(); begin += kTogetherMax) {
        const std::size_t end = std::min(held_.size(), begin + kTogetherMax);
        Changes changes;
        for (std::size_t at = begin; at < end; ++at) changes.changes.push_back(held_[at]);
        outbox_.emplace_back(std::move(changes));
    }
    const auto is_refused = [](const MemberChange& held) { return held.is_refused; };
    if (!std::ranges::all_of(held_, is_refused)) last_told_ = now;
    held_.clear();
    quiet_at_ = kNever;
    held_until_ = kNever;
}

void Telling::settled(Settled view) {
    settles_at_ = kNever;
    if (last_settled_ == view) return;
    last_settled_ = view;
    outbox_.emplace_back(view);
}

std::optional<Telling::Action> Telling::poll() {
    std::optional<Action> action;
    if (!outbox_.empty()) {
        action.emplace(std::move(outbox_.front()));
        outbox_.pop_front();
    }
    return action;
}

Instant Telling::deadline() const {
    // A view is not settled while deaths of it are untold.
    return held_.empty() ? settles_at_ : std::min(quiet_at_, held_until_);
}

}  // namespace grapevine::protocol
