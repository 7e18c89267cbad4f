#include "protocol/rumor/retention.hpp"

#include <cassert>

namespace grapevine::protocol {

void Retention::add(Instant now, SharedEvent event) {
    const Key key{event->stream, event->sequence};
    const std::size_t cost = cost_of(*event);
    if (!events_.emplace(key, std::move(event)).second) return;
    bytes_ += cost;
    order_.push_back({now, key});
}

std::optional<Retention::Key> Retention::expire(Instant now) {
    if (order_.empty()) return std::nullopt;
    const bool is_old = order_.front().stored_at + age_ <= now;
    const bool is_over = bytes_ > bytes_max_ && order_.size() > 1;
    if (!is_old && !is_over) return std::nullopt;
    const Key key = order_.front().key;
    order_.pop_front();
    const auto found = events_.find(key);
    assert(found != events_.end());
    bytes_ -= cost_of(*found->second);
    events_.erase(found);
    return key;
}

Instant Retention::deadline() const {
    return order_.empty() ? kNever : order_.front().stored_at + age_;
}

SharedEvent Retention::at_or_after(wire::StreamId stream, EventSequence sequence) const {
    const auto found = events_.lower_bound({stream, sequence});
    if (found == events_.end() || found->first.first != stream) return nullptr;
    return found->second;
}

void Retention::check_invariants() const {
    assert(order_.size() == events_.size());
    assert(bytes_ <= bytes_max_ || events_.size() <= 1);
    assert(events_.empty() == (bytes_ == 0));
}

}  // namespace grapevine::protocol
