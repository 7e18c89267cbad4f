#include "protocol/rumor/causal.hpp"

#include <algorithm>
#include <cassert>

namespace grapevine::protocol {
namespace {

std::size_t bytes_of(const std::variant<SharedEvent, Causal::TellGap>& item) {
    const auto* event = std::get_if<SharedEvent>(&item);
    return event != nullptr ? cost_of(**event) : kEventOverheadBytes;
}

wire::StreamId stream_of(const std::variant<SharedEvent, Causal::TellGap>& item) {
    const auto* event = std::get_if<SharedEvent>(&item);
    return event != nullptr ? (*event)->stream : std::get<Causal::TellGap>(item).stream;
}

/// Where the item begins in its stream.
EventSequence first_of(const std::variant<SharedEvent, Causal::TellGap>& item) {
    const auto* event = std::get_if<SharedEvent>(&item);
    return event != nullptr ? (*event)->sequence : std::get<Causal::TellGap>(item).first;
}

}  // namespace

void Causal::offer(Instant now, SharedEvent event) {
    const wire::StreamId stream = event->stream;
    offer(now, stream, Item(std::move(event)));
}

void Causal::offer(Instant now, const TellGap& gap) {
    offer(now, gap.stream, Item(gap));
}

void Causal::offer(Instant now, const wire::StreamId& stream, Item item) {
    auto queue = queues_.find(stream);
    if (queue == queues_.end()) {
        const EventKey* unmet = first_unmet(item);
        if (unmet == nullptr) {
            tell(item, false);
            wake(stream);
            return;
        }
        queue = queues_.emplace(stream, Queue{}).first;
        timers_.emplace(now + patience_, stream);
        block(queue, unmet->stream);
    }
    ++counters_.held;
    ++waiting_count_;
    waiting_bytes_ += bytes_of(item);
    queue->second.items.push_back({std::move(item), now + patience_});
    while (waiting_count_ > kCausalWaitingMax || waiting_bytes_ > kCausalBytesMax) {
        ++counters_.displaced;
        give_up_first();
    }
}

bool Causal::is_told(const EventKey& event) const {
    const auto queue = queues_.find(event.stream);
    if (queue != queues_.end()) return first_of(queue->second.items.front().item) > event.sequence;
    return has_passed_(event);
}

const EventKey* Causal::first_unmet(const Item& item) const {
    const auto* event = std::get_if<SharedEvent>(&item);
    if (event == nullptr) return nullptr;
    for (const EventKey& dependency : (*event)->after) {
        if (dependency.stream == (*event)->stream) continue;
        if (!is_told(dependency)) return &dependency;
    }
    return nullptr;
}

void Causal::block(Queues::iterator queue, const wire::StreamId& on) {
    queue->second.blocked_on = on;
    blocked_[on].insert(queue->first);
}

void Causal::unblock(Queues::iterator queue) {
    const auto entry = blocked_.find(queue->second.blocked_on);
    assert(entry != blocked_.end());
    entry->second.erase(queue->first);
    if (entry->second.empty()) blocked_.erase(entry);
}

void Causal::tell(const Item& item, bool is_unknown) {
    if (const auto* event = std::get_if<SharedEvent>(&item)) {
        if (is_unknown) ++counters_.unknown;
        outbox_.push(Tell{*event, is_unknown});
    } else {
        outbox_.push(std::get<TellGap>(item));
    }
}

void Causal::tell_first(Queues::iterator queue, bool is_unknown) {
    std::deque<Waiting>& items = queue->second.items;
    timers_.erase({items.front().until, queue->first});
    tell(items.front().item, is_unknown);
    --waiting_count_;
    waiting_bytes_ -= bytes_of(items.front().item);
    items.pop_front();
    if (!items.empty()) timers_.emplace(items.front().until, queue->first);
}

void Causal::release(Queues::iterator queue) {
    while (!queue->second.items.empty()) {
        if (const EventKey* unmet = first_unmet(queue->second.items.front().item)) {
            block(queue, unmet->stream);
            return;
        }
        tell_first(queue, false);
    }
    queues_.erase(queue);
}

void Causal::wake(const wire::StreamId& stream) {
    // A chain of answers is as long as its events, so no recursion. Each turn takes a queue out of
    // what is blocked on a stream that moved; it comes back only if something has been told, or
    // blocked on a stream that has not moved since.
    std::vector<wire::StreamId> moved{stream};
    while (!moved.empty()) {
        const auto entry = blocked_.find(moved.back());
        moved.pop_back();
        if (entry == blocked_.end()) continue;
        const std::set<wire::StreamId> waiting = entry->second;
        for (const wire::StreamId& name : waiting) {
            const auto queue = queues_.find(name);
            assert(queue != queues_.end());
            const std::size_t before = queue->second.items.size();
            unblock(queue);
            release(queue);
            const auto after = queues_.find(name);
            const std::size_t left = after == queues_.end() ? 0 : after->second.items.size();
            if (left < before) moved.push_back(name);
        }
    }
}

void Causal::give_up_first() {
    assert(!timers_.empty());
    const wire::StreamId stream = timers_.begin()->second;
    const auto queue = queues_.find(stream);
    unblock(queue);
    tell_first(queue, true);
    release(queue);
    wake(stream);
}

void Causal::advance(Instant now) {
    while (!timers_.empty() && timers_.begin()->first <= now) give_up_first();
}

void Causal::check_invariants() const {
    std::size_t count = 0;
    std::size_t bytes = 0;
    for (const auto& [stream, queue] : queues_) {
        assert(!queue.items.empty());
        assert(timers_.contains({queue.items.front().until, stream}));
        assert(blocked_.at(queue.blocked_on).contains(stream));
        for (const Waiting& waiting : queue.items) {
            assert(stream_of(waiting.item) == stream);
            bytes += bytes_of(waiting.item);
        }
        count += queue.items.size();
        // What could be told has been.
        assert(first_unmet(queue.items.front().item) != nullptr);
    }
    assert(timers_.size() == queues_.size());
    assert(count == waiting_count_ && count <= kCausalWaitingMax);
    assert(bytes == waiting_bytes_ && bytes <= kCausalBytesMax);
}

}  // namespace grapevine::protocol
