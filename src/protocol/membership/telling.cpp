#include "protocol/membership/telling.hpp"

#include <algorithm>
#include <utility>

#include "base/limits.hpp"

namespace grapevine::protocol {

using Kind = MemberChange::Kind;

Telling::Telling(const ProtocolConfig& config)
    : hold_(config.batch_hold), settle_time_(config.settle_time) {}

void Telling::changed(Instant now, MemberChange change) {
    const Kind kind = change.kind;
    if (kind == Kind::joined || kind == Kind::returned || kind == Kind::died ||
        kind == Kind::left) {
        settles_at_ = now + settle_time_;
    }
    if (kind == Kind::died) {
        if (held_.empty()) held_until_ = now + hold_;
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
    if (now < held_until_ && (is_anybody_in_doubt || is_one_of_many)) return;
    tell_held(now);
}

void Telling::tell_held(Instant now) {
    for (std::size_t begin = 0; begin < held_.size(); begin += kTogetherMax) {
        const std::size_t end = std::min(held_.size(), begin + kTogetherMax);
        Changes changes;
        for (std::size_t at = begin; at < end; ++at) changes.changes.push_back(held_[at]);
        outbox_.emplace_back(std::move(changes));
    }
    held_.clear();
    held_until_ = kNever;
    last_told_ = now;
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
    return held_.empty() ? settles_at_ : held_until_;
}

}  // namespace grapevine::protocol
