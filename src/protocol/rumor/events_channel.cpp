// What `Events` does only as one of several buses of an overlay. See events.hpp and channels.hpp.

#include "protocol/rumor/events.hpp"

namespace grapevine::protocol {

void Events::ignore_others() {
    is_following_ = false;
    for (auto flow = flows_.begin(); flow != flows_.end();) {
        if (flow->first == own_) {
            ++flow;
            continue;
        }
        spreader_->forget(flow->first);
        flow = flows_.erase(flow);
    }
    // Only streams of others have anything under way.
    timers_.clear();
    load_ = {};
    relayed_.clear();
    retention_.keep_only(own_);
}

void Events::follow_others(Instant now) {
    is_following_ = true;
    replay_ = Replay::none;
    // The first contact is now, be anybody there or not: a stream that begins some time later is
    // new to everybody, and nothing of it may be left out in silence.
    has_contact_ = false;
    touch(now);
}

void Events::compare(Instant now, MemberId peer) {
    touch(now);
    exchange(now, peer);
}

void Events::moved_elsewhere(const wire::StreamId& stream) {
    causal_.moved(stream);
    tell_subscribers();
}

Events::Counters& Events::Counters::operator+=(const Counters& other) {
    published += other.published;
    delivered += other.delivered;
    pushed += other.pushed;
    announced += other.announced;
    grafted += other.grafted;
    pruned += other.pruned;
    duplicates += other.duplicates;
    requested += other.requested;
    resent += other.resent;
    gaps += other.gaps;
    lost += other.lost;
    dropped_conflict += other.dropped_conflict;
    dropped_full += other.dropped_full;
    deferred += other.deferred;
    evicted += other.evicted;
    exchanges += other.exchanges;
    pressure_told += other.pressure_told;
    pressure_heard += other.pressure_heard;
    pressure_ignored += other.pressure_ignored;
    unwanted += other.unwanted;
    dropped_wiped += other.dropped_wiped;
    return *this;
}

}  // namespace grapevine::protocol
