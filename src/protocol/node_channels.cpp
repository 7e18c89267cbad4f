// Between a node's machines and the events that go to their subscribers only. See
// rumor/channels.hpp and docs/internals/events.md.

#include <algorithm>
#include <utility>

#include "base/overloaded.hpp"
#include "protocol/node.hpp"
#include "protocol/state/reserved_keys.hpp"

namespace grapevine::protocol {

void Node::set_interest(Instant now, const std::vector<std::string>& patterns) {
    channels_.set_interest(now, patterns);
    finish(now);
}

Events::Counters Node::event_counters() const {
    Events::Counters sum = events_.counters();
    sum += channels_.event_counters();
    return sum;
}

bool Node::settle_channels(Instant now) {
    bool is_busy = false;
    while (auto action = channels_.poll()) {
        is_busy = true;
        std::visit(Overloaded{
                       [&](Events::Send& send) {
                           waiting_for(send.to).sections.push_back(std::move(send.section));
                       },
                       [&](Events::Deliver& told) { deliver(std::move(told)); },
                       [&](const Events::Gap& gap) { tell_gap(gap); },
                       [&](const Channels::Write& write) {
                           // Neither can be refused: the daemon's own keys have room of their own.
                           // One that is to go and is not there is gone already.
                           if (write.value.empty()) {
                               (void)records_.erase(now, write.key);
                           } else {
                               (void)records_.set(now, write.key, write.value);
                           }
                       },
                   },
                   *action);
    }
    return is_busy;
}

void Node::deliver(Events::Deliver deliver) {
    const wire::StreamId stream = deliver.event->stream;
    outbox_.push_back(std::move(deliver));
    moved(stream);
}

void Node::tell_gap(const Events::Gap& gap) {
    outbox_.push_back(gap);
    moved(gap.stream);
}

/// Events of one channel may wait for events of another.
void Node::moved(const wire::StreamId& stream) {
    if (stream.channel != 0) events_.moved_elsewhere(stream);
    channels_.moved(stream);
}

void Node::note_reserved_keys(Instant now, const Records::Changed& changed) {
    const bool is_about_us = std::ranges::any_of(changed.items, [](const wire::StateItem& item) {
        return item.key == kInterestKey || item.key == kChannelsKey;
    });
    const Record* record = records_.find(changed.member);
    if (!is_about_us || record == nullptr) return;
    channels_.note_record(now, changed.member, is_peer(changed.member), *record);
}

}  // namespace grapevine::protocol
