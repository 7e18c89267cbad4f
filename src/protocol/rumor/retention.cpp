#include "protocol/rumor/retention.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace grapevine::protocol {

void Retention::add(Instant now, SharedEvent event) {
    const Key key{event->stream, event->sequence};
    const std::size_t cost = cost_of(*event);
    if (!events_.emplace(key, std::move(event)).second) return;
    bytes_ += cost;
    offered_bytes_ += cost;
    order_.push_back({now, key});
}

std::optional<Retention::Key> Retention::withdraw(Instant now) {
    // The newest is always offered and kept, whatever its size; but nothing outlives its age.
    if (withdrawn_count_ < order_.size()) {
        const Entry& oldest = order_[withdrawn_count_];
        const bool is_old = oldest.stored_at + age_ - notice_ <= now;
        const bool is_newest = withdrawn_count_ + 1 == order_.size();
        if (is_old || (!is_newest && offered_bytes_ > bytes_max_ / 8 * 7)) {
            offered_bytes_ -= cost_of(*events_.at(oldest.key));
            ++withdrawn_count_;
            return oldest.key;
        }
    }
    drop(now);
    return std::nullopt;
}

void Retention::drop(Instant now) {
    while (withdrawn_count_ > 0) {
        const bool is_old = order_.front().stored_at + age_ <= now;
        if (!is_old && bytes_ <= bytes_max_) break;
        const auto found = events_.find(order_.front().key);
        assert(found != events_.end());
        bytes_ -= cost_of(*found->second);
        events_.erase(found);
        order_.pop_front();
        --withdrawn_count_;
    }
}

template <typename IsKept>
std::vector<Retention::Key> Retention::filter(IsKept is_kept) {
    std::vector<Key> dropped;
    std::deque<Entry> kept;
    std::size_t withdrawn = 0;
    for (std::size_t at = 0; at < order_.size(); ++at) {
        const Key& key = order_[at].key;
        const bool is_offered = at >= withdrawn_count_;
        const auto found = events_.find(key);
        assert(found != events_.end());
        if (is_kept(*found->second)) {
            kept.push_back(order_[at]);
            if (!is_offered) ++withdrawn;
            continue;
        }
        const std::size_t cost = cost_of(*found->second);
        bytes_ -= cost;
        if (is_offered) offered_bytes_ -= cost;
        dropped.push_back(key);
        events_.erase(found);
    }
    order_ = std::move(kept);
    withdrawn_count_ = withdrawn;
    return dropped;
}

void Retention::keep_only(wire::StreamId stream) {
    filter([stream](const Event& event) { return event.stream == stream; });
}

std::vector<Retention::Key> Retention::drop_published_before(WallTime before) {
    auto dropped = filter([before](const Event& event) { return event.published_at >= before; });
    std::ranges::sort(dropped);
    return dropped;
}

Instant Retention::deadline() const {
    Instant deadline = kNever;
    if (withdrawn_count_ > 0) deadline = order_.front().stored_at + age_;
    if (withdrawn_count_ < order_.size()) {
        deadline = std::min(deadline, order_[withdrawn_count_].stored_at + age_ - notice_);
    }
    return deadline;
}

SharedEvent Retention::at_or_after(wire::StreamId stream, EventSequence sequence) const {
    const auto found = events_.lower_bound({stream, sequence});
    if (found == events_.end() || found->first.first != stream) return nullptr;
    return found->second;
}

void Retention::check_invariants() const {
    assert(order_.size() == events_.size());
    assert(withdrawn_count_ <= order_.size());
    assert(bytes_ <= bytes_max_ || events_.size() - withdrawn_count_ <= 1);
    assert(offered_bytes_ <= bytes_);
    assert(events_.empty() == (bytes_ == 0));
}

}  // namespace grapevine::protocol
