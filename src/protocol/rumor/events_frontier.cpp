// Frontiers: what we tell others that we have, and what we learn from theirs. See events.hpp.

#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "protocol/rumor/events.hpp"
#include "wire/size.hpp"

namespace grapevine::protocol {
namespace {

/// Where a stream may be when we first hear of it: anywhere, but not where sequences end.
constexpr std::uint64_t kFirstSequenceMax = std::uint64_t{1} << 62U;

/// Finalizer of splitmix64: spreads its argument over all 64 bits.
std::uint64_t mix(std::uint64_t z) {
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31U);
}

}  // namespace

void Events::handle(Instant now, MemberId from, const wire::EventFrontier& frontier) {
    touch(now);
    for (const Frontier& item : frontier.items) learn(now, from, item);
    if (frontier.wants_reply) reply(from, frontier);
    spread(now);
}

void Events::learn(Instant now, MemberId from, const Frontier& item) {
    const std::uint64_t lowest = item.lowest.value();
    const std::uint64_t highest = item.highest.value();
    if (lowest == 0 || lowest - 1 > highest || item.stream.publisher == kNobody) {
        ++counters_.dropped_conflict;
        return;
    }
    Flow* flow = find(item.stream);
    if (item.stream == own_) {
        // Nobody can know more of our stream than we do.
        if (highest > flow->stream.highest()) ++counters_.dropped_conflict;
        return;
    }
    const bool is_empty = lowest > highest;
    if (flow == nullptr && (highest == 0 || (is_empty && is_superseded(item.stream)))) return;
    if (flow == nullptr && highest > kFirstSequenceMax) {
        ++counters_.dropped_conflict;
        return;
    }
    if (flow == nullptr) flow = open(now, item.stream, &item);
    if (flow == nullptr) return;
    const std::uint64_t known = flow->stream.known();
    if (!flow->stream.learn(highest)) {
        ++counters_.dropped_conflict;
        return;
    }
    if (highest > known) {
        flow->repair.revealed_first = known + 1;
        flow->repair.revealed_last = highest;
    }
    flow->repair.note_claim(from, lowest, highest);
    note_publisher(now, from, *flow);
    settle(now, *flow);
    turn_from(now, *flow, from);
}

void Events::reply(MemberId to, const wire::EventFrontier& theirs) {
    std::map<wire::StreamId, EventSequence> known;
    std::size_t bytes = 0;
    for (const Frontier& item : theirs.items) {
        known.emplace(item.stream, item.highest);
        bytes += wire::encoded_size(item);
    }
    // A digest that leaves room was complete: what it does not name, its sender does not know. Of a
    // page of a longer one that cannot be said, and only what is new is added.
    const bool is_complete = bytes < kFrontierPageBytes * 3 / 4;
    wire::EventFrontier answer;
    std::size_t left = kFrontierPageBytes;
    for (const Flow* flow : listing()) {
        const Frontier item = frontier_of(*flow);
        const auto found = known.find(item.stream);
        const bool is_news =
            found == known.end() ? is_complete || is_recent(*flow) : item.highest > found->second;
        const std::size_t size = wire::encoded_size(item);
        if (!is_news) continue;
        if (size > left) break;
        left -= size;
        answer.items.push_back(item);
        cursor_ = item.stream;
    }
    if (!answer.items.empty()) outbox_.push(Send{to, std::move(answer)});
}

void Events::exchange(Instant now, MemberId peer) {
    exchange_allowed_at_ = now + config_.frontier_interval / 2;
    ++counters_.exchanges;
    wire::EventFrontier digest;
    digest.wants_reply = true;
    std::size_t left = kFrontierPageBytes;
    for (const Flow* flow : listing()) {
        const Frontier item = frontier_of(*flow);
        const std::size_t size = wire::encoded_size(item);
        if (size > left) break;
        left -= size;
        digest.items.push_back(item);
        cursor_ = item.stream;
    }
    // A digest without streams would not say to which channel it belongs.
    if (digest.items.empty() && own_.channel != 0) {
        digest.items.push_back({own_, EventSequence{1}, EventSequence{0}});
    }
    outbox_.push(Send{peer, std::move(digest)});
}

void Events::exchange_soon(Instant now, MemberId peer) {
    touch(now);
    if (now < exchange_allowed_at_) return;
    exchange(now, peer);
}

void Events::peer_differs(Instant now, MemberId peer) {
    exchange_soon(now, peer);
}

void Events::peer_joined(Instant now, MemberId peer) {
    spreader_->peer_joined(now, peer);
    exchange_soon(now, peer);
    spread(now);
}

void Events::peer_left(Instant now, MemberId peer) {
    spreader_->peer_left(now, peer);
    if (const auto gathered = gathered_.find(peer); gathered != gathered_.end()) {
        gathered_count_ -= gathered->second.size();
        gathered_.erase(gathered);
        if (gathered_.empty()) gathered_at_ = kNever;
    }
    spread(now);
}

bool Events::is_superseded(wire::StreamId id) const {
    // Our own flow exists from our start, but nobody else knows of it before it has an event.
    for (auto next = flows_.upper_bound(id); next != flows_.end(); ++next) {
        if (next->first.publisher != id.publisher) return false;
        if (next->second.stream.known() > 0) return true;
    }
    return false;
}

// Present epochs for ever, since their end may be what somebody missed; older ones while somebody
// may still retain what is missing.
bool Events::is_listed(const Flow& flow) const {
    if (flow.stream.known() == 0) return false;
    if (!is_superseded(flow.stream.id())) return true;
    return now_ - flow.active_at < config_.retention_age;
}

bool Events::is_recent(const Flow& flow) const {
    return now_ - flow.active_at < 10 * config_.frontier_interval;
}

Events::Frontier Events::frontier_of(const Flow& flow) {
    return {flow.stream.id(), EventSequence{flow.stream.lowest()},
            EventSequence{flow.stream.highest()}};
}

std::vector<const Events::Flow*> Events::listing() const {
    std::vector<const Flow*> recent;
    std::vector<const Flow*> others;
    const auto list = [&](Flows::const_iterator first, Flows::const_iterator last) {
        for (auto flow = first; flow != last; ++flow) {
            if (!is_listed(flow->second)) continue;
            (is_recent(flow->second) ? recent : others).push_back(&flow->second);
        }
    };
    const auto middle = flows_.upper_bound(cursor_);
    list(middle, flows_.end());
    list(flows_.begin(), middle);
    // Where most differences are is told first, but never alone: a page holds some 50.
    constexpr std::size_t kRecentMax = 25;
    std::vector<const Flow*> all;
    const auto head = static_cast<std::ptrdiff_t>(std::min(recent.size(), kRecentMax));
    all.insert(all.end(), recent.begin(), recent.begin() + head);
    all.insert(all.end(), others.begin(), others.end());
    all.insert(all.end(), recent.begin() + head, recent.end());
    return all;
}

std::uint64_t Events::summary() const {
    std::uint64_t sum = 0;
    for (const auto& [id, flow] : flows_) {
        if (flow.stream.highest() == 0 || is_superseded(id)) continue;
        sum += mix(mix(mix(id.publisher.value()) + id.epoch.value()) + flow.stream.highest());
    }
    return sum;
}

}  // namespace grapevine::protocol
