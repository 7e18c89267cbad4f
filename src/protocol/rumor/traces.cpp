#include "protocol/rumor/traces.hpp"

#include <cassert>

#include "base/limits.hpp"

namespace grapevine::protocol {

void Traces::learned(const EventKey& event, TraceNote note) {
    const auto is_over = [&](const EventKey& oldest) {
        return note.learned_at - notes_.at(oldest).learned_at > life_;
    };
    while (!order_.empty() && is_over(order_.front())) drop_oldest();
    if (!notes_.emplace(event, note).second) return;
    order_.push_back(event);
    if (order_.size() > kTraceNotesMax) drop_oldest();
}

void Traces::duplicate(const EventKey& event) {
    const auto found = notes_.find(event);
    if (found == notes_.end() || found->second.duplicates == UINT32_MAX) return;
    ++found->second.duplicates;
}

const TraceNote* Traces::find(Instant now, const EventKey& event) const {
    const auto found = notes_.find(event);
    if (found == notes_.end() || now - found->second.learned_at > life_) return nullptr;
    return &found->second;
}

void Traces::drop_oldest() {
    notes_.erase(order_.front());
    order_.pop_front();
}

void Traces::check_invariants() const {
    assert(notes_.size() == order_.size() && order_.size() <= kTraceNotesMax);
}

}  // namespace grapevine::protocol
