// Who cannot keep up with a stream, told along its tree to the publisher. See events.hpp and
// pressure.hpp.

#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "protocol/rumor/events.hpp"

namespace grapevine::protocol {

void Events::watch_backlog(Instant now, Flow& flow) {
    const std::uint64_t missing = flow.stream.lacking();
    const auto shortfall = flow.backlog.sample(now, pressure_interval(), self_, missing,
                                               flow.stream.known() - missing);
    if (shortfall) relay(now, flow.stream.id(), *shortfall);
}

void Events::handle(Instant now, MemberId from, const wire::EventPressure& pressure) {
    touch(now);
    const wire::StreamId& stream = pressure.stream;
    // A word that comes back to us, or down from where we send ours, has gone in a circle.
    if (pressure.slowest == self_ || find(stream) == nullptr) return;
    const Shortfall shortfall{pressure.slowest, pressure.backlog, pressure.rate};
    if (stream.publisher == self_) {
        ++(pace_.heard(now, shortfall) ? counters_.pressure_heard : counters_.pressure_ignored);
        return;
    }
    if (from == spreader_->upstream(stream)) return;
    relay(now, stream, shortfall);
}

// Every member on the way says one thing per interval, however many it hears: whoever is slowest
// decides, and a thousand slow members must not bury the publisher.
void Events::relay(Instant now, const wire::StreamId& stream, const Shortfall& shortfall) {
    if (!relayed_.contains(stream) && relayed_.size() >= kPressuredStreamsMax) {
        relayed_.erase(std::ranges::min_element(
            relayed_, {}, [](const auto& entry) { return entry.second.heard_at; }));
    }
    const auto [entry, is_new] = relayed_.try_emplace(stream, Relayed{shortfall, now, {}});
    Relayed& relayed = entry->second;
    const bool is_over = now - relayed.heard_at > Pace::kWordIntervals * pressure_interval();
    const bool is_same = relayed.worst.slowest == shortfall.slowest;
    if (is_over || is_same || shortfall.rate < relayed.worst.rate) {
        relayed.worst = shortfall;
        relayed.heard_at = now;
    }
    // A little less than an interval, so that words that come once per interval are not halved.
    if (!is_new && now - relayed.told_at < pressure_interval() * 3 / 4) return;
    relayed.told_at = now;
    const MemberId upstream = spreader_->upstream(stream);
    const MemberId to = upstream == kNobody ? stream.publisher : upstream;
    if (to == self_) return;  // An earlier epoch of ours: nobody publishes there any more.
    ++counters_.pressure_told;
    const Shortfall& worst = relayed.worst;
    outbox_.push(Send{to, wire::EventPressure{stream, worst.slowest, worst.backlog, worst.rate}});
}

}  // namespace grapevine::protocol
