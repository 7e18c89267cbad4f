// Asking for what is missing, giving it up, and answering others who ask. See events.hpp.

#include <algorithm>
#include <cassert>
#include <utility>

#include "base/limits.hpp"
#include "base/mutant.hpp"
#include "protocol/rumor/events.hpp"

namespace grapevine::protocol {

void Events::repair(Instant now, Flow& flow) {
    Repair& repair = flow.repair;
    assert(flow.stream.is_behind());
    watch_backlog(now, flow);
    // The timer comes up to a quarter early; what was asked for at the last one has had its time.
    repair.expire(now - config_.repair_retry * 3 / 4, load_);
    // Who was on a bad link for long has many holes, all of them given up for the same reason.
    while (give_up(now, flow)) {
        settle(now, flow);
        if (!flow.stream.is_behind()) return;
    }
    if (peers_.peer_count() == 0) {
        // Nobody could have answered: the patience for this hole begins when somebody is there.
        repair.refresh_hole(now);
        schedule(flow, now + jitter(config_.repair_retry));
        return;
    }
    const std::uint64_t head = flow.stream.head();
    const Repair::Claim* claim = repair.claim_of(repair.source);
    const bool is_good = repair.has_progress && claim != nullptr && claim->has(head);
    if (!is_good) {
        if (!repair.has_progress) repair.note_silence(repair.source, head);
        repair.source = choose_source(flow);
    }
    repair.has_progress = false;
    request(now, flow, kRequestRangesMax);
    schedule(flow, now + jitter(config_.repair_retry));
}

bool Events::give_up(Instant now, Flow& flow) {
    Stream& stream = flow.stream;
    const std::uint64_t head = stream.head();
    if (is_gone(flow)) {
        std::uint64_t lowest = kSequenceAheadMax + head;
        for (const Repair::Claim& claim : flow.repair.claims()) {
            if (claim.denies(head)) lowest = std::min(lowest, claim.lowest);
        }
        stream.give_up(std::min(lowest - 1, stream.hole_end()), load_);
        return true;
    }
    if (now - flow.repair.hole().since < patience(now, flow)) return false;
    stream.give_up(std::min(flow.repair.hole().known, stream.hole_end()), load_);
    return true;
}

/// Is it certain enough that the event at the head is retained nowhere?
bool Events::is_gone(const Flow& flow) const {
    const std::uint64_t head = flow.stream.head();
    const MemberId publisher = flow.stream.id().publisher;
    std::size_t denials = 0;
    bool publisher_denies = false;
    for (const Repair::Claim& claim : flow.repair.claims()) {
        if (claim.has(head)) return false;
        if (!claim.denies(head)) continue;
        ++denials;
        // The publisher had every event first. In a later life it only has what others gave it.
        publisher_denies |= claim.member == publisher && !is_superseded(flow.stream.id());
    }
    const bool is_everybody = flow.repair.claims().size() >= peers_.peer_count();
    if (flow.stream.is_untold()) return denials > 0;
    return denials > 0 && (denials >= kDenialsMin || publisher_denies || is_everybody);
}

Duration Events::patience(Instant now, const Flow& flow) const {
    const Repair& repair = flow.repair;
    // The very fragment that opened the hole may have come from the publisher, so its word counts
    // only after it could have been asked.
    const bool is_reachable =
        repair.publisher_heard_at >= repair.hole().since + config_.repair_delay &&
        now - repair.publisher_heard_at <= config_.gap_patience;
    const wire::StreamId id = flow.stream.id();
    const bool is_over = id.publisher == self_ || is_superseded(id);
    const bool is_short = is_reachable || is_over;
    return is_short ? config_.gap_patience : kUnreachablePatience * config_.gap_patience;
}

MemberId Events::choose_source(Flow& flow) {
    constexpr std::size_t kRandomSources = 2;
    const MemberId publisher = flow.stream.id().publisher;
    const std::uint64_t head = flow.stream.head();
    const std::vector<MemberId> holders = flow.repair.holders(head);
    const std::size_t turn = flow.repair.attempt++ % (holders.size() + kRandomSources + 1);
    if (turn < holders.size()) return holders[turn];

    const Repair::Claim* claim = flow.repair.claim_of(publisher);
    const bool may_have = publisher != self_ && (claim == nullptr || !claim->denies(head));
    if (turn == holders.size() + kRandomSources && may_have) return publisher;
    // Somebody we have not heard from about this, if the dice allow it.
    std::vector<MemberId> others = peers_.pick(random_, kSourcesMax, kNobody);
    const auto fresh = std::ranges::find_if(
        others, [&flow](MemberId member) { return flow.repair.claim_of(member) == nullptr; });
    if (fresh != others.end()) return *fresh;
    return others.empty() ? kNobody : others.front();
}

void Events::request(Instant now, Flow& flow, std::size_t parts_max) {
    Repair& repair = flow.repair;
    if (repair.source == kNobody || GV_MUTANT(no_repair)) return;
    const std::size_t window =
        kRequestRangesMax - std::min(kRequestRangesMax, repair.in_flight().size());
    const std::size_t room = kInFlightMax - std::min(kInFlightMax, load_.in_flight);
    // A source that told us its frontier is not asked for what lies beyond it.
    const Repair::Claim* claim = repair.claim_of(repair.source);
    const bool is_bounded = claim != nullptr && claim->has(flow.stream.head());
    const std::uint64_t last = is_bounded ? claim->highest : flow.stream.known();
    const std::vector<Part> parts =
        flow.stream.missing(last, std::min({window, room, parts_max}), repair.in_flight());
    if (parts.empty()) return;

    wire::EventRequest request{flow.stream.id(), {}};
    for (const Part& part : parts) {
        repair.asked(now, part, load_);
        const EventSequence sequence{part.sequence};
        if (!request.ranges.empty()) {
            wire::EventRequest::Range& previous = request.ranges.back();
            if (previous.first == sequence &&
                previous.fragment_first + previous.fragment_count == part.index) {
                ++previous.fragment_count;
                continue;
            }
        }
        request.ranges.push_back({sequence, sequence, part.index, 1});
    }
    counters_.requested += parts.size();
    // Nothing has come from behind what is missing: not one datagram was lost, the way on which
    // events come to us is broken.
    if (is_bounded && flow.stream.is_idle()) {
        spreader_->repaired(now, flow.stream.id(), repair.source);
    }
    outbox_.push(Send{repair.source, std::move(request)});
}

// Whom we asked has told us that it has not got what is missing. If another claims to have it, the
// rest of the wait is pointless. Each such answer ends a claim, so this ends.
void Events::turn_from(Instant now, Flow& flow, MemberId from) {
    if (flow.due == kNever || from != flow.repair.source) return;
    const std::uint64_t head = flow.stream.head();
    const Repair::Claim* claim = flow.repair.claim_of(from);
    if (claim == nullptr || claim->has(head) || flow.repair.holders(head).empty()) return;
    flow.repair.source = kNobody;
    flow.repair.attempt = 0;
    flow.repair.expire(now, load_);
    schedule(flow, now);
}

// Half of the window has come in: ask for the next half, so that the source never idles and a long
// backlog takes its size over the bandwidth and not a round trip per window.
void Events::request_more(Instant now, Flow& flow) {
    if (!flow.stream.is_behind() || flow.due == kNever) return;
    if (flow.repair.in_flight().size() > kRequestRangesMax / 2) return;
    request(now, flow, kRequestRangesMax);
}

void Events::handle(Instant now, MemberId from, const wire::EventRequest& request) {
    touch(now);
    std::size_t left = kRequestAnswerMax;
    bool lacks_some = false;
    for (const wire::EventRequest::Range& range : request.ranges) {
        if (left == 0) break;
        lacks_some |= !answer_range(from, request.stream, range, left);
    }
    if (!lacks_some) return;
    // What we have not got is told, so that the asker turns to others or, in the end, gives up.
    Frontier item{request.stream, EventSequence{1}, EventSequence{0}};
    if (const Flow* flow = find(request.stream)) item = frontier_of(*flow);
    outbox_.push(Send{from, wire::EventFrontier{false, {item}}});
}

/// False if an event of the range is not here.
bool Events::answer_range(MemberId to, wire::StreamId id, const wire::EventRequest::Range& range,
                          std::size_t& left) {
    EventSequence next = range.first;
    bool is_whole = true;
    while (left > 0 && next <= range.last) {
        const SharedEvent event = retention_.at_or_after(id, next);
        if (event == nullptr || event->sequence > range.last) return false;
        is_whole &= event->sequence == next;
        const std::uint16_t count = fragment_count_of(event->payload->size());
        const std::uint16_t wanted = range.fragment_count == 0 ? count : range.fragment_count;
        const std::size_t before = left;
        send_parts(to, *event, range.fragment_first, wanted, left);
        counters_.resent += before - left;
        next = event->sequence.next();
    }
    return is_whole;
}

void Events::send_parts(MemberId to, const Event& event, std::uint16_t first, std::uint16_t count,
                        std::size_t& left) {
    const std::size_t total = event.payload->size();
    const std::uint16_t fragments = fragment_count_of(total);
    const std::size_t end = std::min<std::size_t>(fragments, std::size_t{first} + count);
    for (std::size_t index = first; index < end && left > 0; ++index, --left) {
        const auto position = static_cast<std::uint16_t>(index);
        outbox_.push(Send{
            to, wire::EventFragment{event.stream, event.sequence, event.published_at, event.topic,
                                    static_cast<std::uint32_t>(total), position, fragments,
                                    wire::Slice{event.payload, index * kFragmentBytesMax,
                                                fragment_bytes_of(total, position)},
                                    event.has_dependencies, event.is_traced, event.hops}});
    }
}

}  // namespace grapevine::protocol
