// Between `Events`, which holds them, and the `Spreader`, which says where they go. See events.hpp.

#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "base/overloaded.hpp"
#include "protocol/rumor/events.hpp"
#include "wire/size.hpp"

namespace grapevine::protocol {

void Events::handle(Instant now, MemberId from, const wire::EventLink& link) {
    touch(now);
    // Of a stream that we do not follow there is nothing to send, and nothing to remember.
    if (find(link.stream) == nullptr) return;
    spreader_->handle(now, from, link);
    spread(now);
}

void Events::handle(Instant now, MemberId from, const wire::EventFeedback& feedback) {
    touch(now);
    spreader_->handle(now, from, feedback);
    spread(now);
}

void Events::handle(Instant now, MemberId from, const wire::EventPull& pull) {
    touch(now);
    spreader_->handle(now, from, pull);
    spread(now);
}

void Events::spread(Instant now) {
    while (auto action = spreader_->poll()) {
        std::visit(Overloaded{
                       [&](const Spreader::Push& push) { this->push(now, push.to, push.event); },
                       [this](const Spreader::Announce& news) { announce(news.to, news.streams); },
                       [this](Spreader::Tell& word) { tell(word.to, std::move(word.section)); },
                   },
                   *action);
    }
}

void Events::push(Instant now, MemberId to, const EventKey& key) {
    if (config_.event_gather > Duration::zero() && gathered_count_ < kGatheredMax) {
        if (gathered_.empty()) gathered_at_ = now + config_.event_gather;
        gathered_[to].push_back(key);
        ++gathered_count_;
        return;
    }
    push_now(to, key);
}

void Events::push_gathered() {
    for (const auto& [to, keys] : gathered_) {
        for (const EventKey& key : keys) push_now(to, key);
    }
    gathered_.clear();
    gathered_count_ = 0;
    gathered_at_ = kNever;
}

void Events::push_now(MemberId to, const EventKey& key) {
    const SharedEvent event = retention_.at_or_after(key.stream, key.sequence);
    if (event == nullptr || event->sequence != key.sequence) return;
    const std::uint16_t count = fragment_count_of(event->payload->size());
    std::size_t left = count > kEagerFragmentsMax ? 1 : count;
    counters_.pushed += left;
    send_parts(to, *event, 0, count, left);
}

void Events::announce(MemberId to, const std::vector<wire::StreamId>& streams) {
    wire::EventFrontier frontier;
    std::size_t bytes = 0;
    for (const wire::StreamId& stream : streams) {
        const Flow* flow = find(stream);
        if (flow == nullptr) continue;
        const Frontier item = frontier_of(*flow);
        const std::size_t size = wire::encoded_size(item);
        if (bytes + size > kFrontierPageBytes) {
            outbox_.push(Send{to, std::exchange(frontier, {})});
            bytes = 0;
        }
        bytes += size;
        ++counters_.announced;
        frontier.items.push_back(item);
    }
    if (!frontier.items.empty()) outbox_.push(Send{to, std::move(frontier)});
}

void Events::tell(MemberId to, wire::Section section) {
    if (const auto* link = std::get_if<wire::EventLink>(&section)) {
        ++(link->is_eager ? counters_.grafted : counters_.pruned);
    }
    outbox_.push(Send{to, std::move(section)});
}

}  // namespace grapevine::protocol
