#include "protocol/rumor/events.hpp"

#include <algorithm>
#include <cassert>
#include <fmt/core.h>
#include <utility>

#include "base/limits.hpp"
#include "base/mutant.hpp"
#include "base/overloaded.hpp"
#include "protocol/rumor/make_spreader.hpp"

namespace grapevine::protocol {
namespace {

bool is_topic(std::string_view topic) {
    return std::ranges::none_of(topic, [](char letter) {
        const auto byte = static_cast<unsigned char>(letter);
        return byte < 0x20 || byte == 0x7f;
    });
}

Outcome<void> check_publish(std::string_view topic, const Bytes& payload) {
    if (topic.empty()) {
        return std::unexpected(
            Refusal{Refusal::Code::invalid, "the topic is empty", "name it", "topic"});
    }
    if (topic.size() > kTopicBytesMax) {
        return std::unexpected(
            Refusal{Refusal::Code::over_limit, fmt::format("the topic has {} bytes", topic.size()),
                    fmt::format("at most {} are possible", kTopicBytesMax), "topic"});
    }
    if (!is_topic(topic)) {
        return std::unexpected(Refusal{Refusal::Code::invalid, "the topic has control characters",
                                       "use printable text for topics", "topic"});
    }
    if (payload.size() > kEventPayloadBytesMax) {
        return std::unexpected(Refusal{
            Refusal::Code::over_limit, fmt::format("the payload has {} bytes", payload.size()),
            fmt::format("at most {} are possible; store it elsewhere and publish where",
                        kEventPayloadBytesMax),
            "payload"});
    }
    return {};
}

bool is_large(std::size_t total_bytes) {
    return fragment_count_of(total_bytes) > kEagerFragmentsMax;
}

/// How an event came that is whole now; `from` brought its last part.
Arrival arrival_of(const Stream::Completed& whole, MemberId from) {
    const Event& event = *whole.event;
    const bool is_repair = whole.pushed_by == kNobody;
    return {{event.stream, event.sequence},
            is_repair ? from : whole.pushed_by,
            event.hops,
            is_repair,
            is_large(event.payload->size())};
}

/// The same of a fragment that came unasked.
Arrival arrival_of(const wire::EventFragment& fragment, MemberId from) {
    return {{fragment.stream, fragment.sequence},
            from,
            hops_after(fragment.hops),
            false,
            is_large(fragment.total_bytes)};
}

/// Consistent in itself: the decoder has checked lengths, not what they mean together.
bool is_consistent(const wire::EventFragment& fragment) {
    if (fragment.stream.publisher == kNobody || fragment.sequence == EventSequence{}) return false;
    if (fragment.topic.empty() || fragment.topic.size() > kTopicBytesMax) return false;
    const std::size_t bytes_max =
        fragment.has_dependencies ? kEventBytesMax : kEventPayloadBytesMax;
    if (fragment.total_bytes > bytes_max) return false;
    if (fragment.count != fragment_count_of(fragment.total_bytes)) return false;
    if (fragment.index >= fragment.count) return false;
    const ByteView payload = fragment.payload.view();
    if (payload.size() != fragment_bytes_of(fragment.total_bytes, fragment.index)) return false;
    // The first fragment has room for all dependencies.
    static_assert(kDependencyBlockBytesMax <= kFragmentBytesMax);
    if (!fragment.has_dependencies || fragment.index > 0) return true;
    return decode_dependencies(payload).has_value();
}

}  // namespace

Events::Events(MemberId self, Epoch epoch, ProtocolConfig config, const Peers& peers,
               std::uint64_t seed, Replay replay, std::uint32_t channel)
    : self_(self),
      own_{self, epoch, channel},
      config_(std::move(config)),
      peers_(peers),
      random_(seed),
      replay_(replay),
      spreader_(make_spreader(self, config_, peers, random_.next())),
      retention_(config_.retention_age, config_.retention_bytes, 2 * config_.frontier_interval),
      pace_(pressure_interval()),
      traces_(config_.retention_age),
      causal_(config_.causal_patience,
              [this](const EventKey& event) { return has_passed(event); }) {
    flows_.emplace(own_, Flow{Stream(own_, 1, Stream::Start::told), {}, kNever, {}, {}});
}

void Events::begin_life(Epoch epoch) {
    assert(epoch > own_.epoch);
    own_.epoch = epoch;
    flows_.emplace(own_, Flow{Stream(own_, 1, Stream::Start::told), {}, kNever, {}, {}});
}

Outcome<EventSequence> Events::publish(Instant now, WallTime wall, std::string topic, Bytes payload,
                                       PublishOptions options) {
    GV_TRY_VOID(check_publish(topic, payload));
    std::vector<EventKey> after = newest_of_each(std::move(options.after));
    std::erase_if(after, [this](const EventKey& event) { return event.stream == own_; });
    if (after.size() > kDependenciesMax) {
        return std::unexpected(Refusal{
            Refusal::Code::over_limit, fmt::format("{} events are to be seen first", after.size()),
            fmt::format("name the newest {}: they imply the others", kDependenciesMax), "after"});
    }
    const Bytes block = encode_dependencies(after);
    payload.insert(payload.begin(), block.begin(), block.end());
    now_ = std::max(now_, now);
    Flow& flow = flows_.at(own_);
    const EventSequence sequence = flow.stream.append();
    const auto event = std::make_shared<const Event>(Event{
        own_, sequence, wall, std::move(topic), std::make_shared<const Bytes>(std::move(payload)),
        !after.empty(), options.is_traced, 0, std::move(after), block.size()});
    flow.active_at = now;
    quiet_rounds_ = 0;
    pace_.published(now);
    keep(now, event);
    ++counters_.published;
    ++counters_.delivered;
    causal_.offer(now, event);
    tell_subscribers();
    const Arrival arrival{{own_, sequence}, kNobody, 0, false, is_large(event->payload->size())};
    trace(now, *event, flow, arrival);
    spreader_->added(now, arrival);
    spread(now);
    return sequence;
}

void Events::handle(Instant now, MemberId from, const wire::EventFragment& fragment) {
    touch(now);
    const std::uint64_t sequence = fragment.sequence.value();
    if (fragment.published_at < wiped_before_) {
        ++counters_.dropped_wiped;
        return;
    }
    if (!is_consistent(fragment)) {
        ++counters_.dropped_conflict;
        return;
    }
    if (fragment.stream == own_) {
        ++counters_.duplicates;
        if (fragment.is_traced) traces_.duplicate({fragment.stream, fragment.sequence});
        return;
    }
    Flow* flow = open(now, fragment.stream, nullptr, sequence);
    if (flow == nullptr && !is_following_) ++counters_.unwanted;
    if (flow == nullptr) return;
    if (!flow->stream.learn(sequence)) {
        ++counters_.dropped_conflict;
        return;
    }
    flow->repair.note_sent(from, sequence);
    note_publisher(now, from, *flow);
    const bool was_asked = flow->repair.arrived({sequence, fragment.index}, load_);
    Stream::Completed whole;
    switch (flow->stream.accept(fragment, was_asked ? kNobody : from, load_, whole)) {
        case Stream::Verdict::duplicate:
            ++counters_.duplicates;
            if (fragment.is_traced) traces_.duplicate({fragment.stream, fragment.sequence});
            if (!was_asked) spreader_->duplicate(now, arrival_of(fragment, from));
            break;
        case Stream::Verdict::conflict:
            ++counters_.dropped_conflict;
            break;
        case Stream::Verdict::full:
            ++counters_.deferred;
            break;
        case Stream::Verdict::complete:
            // What we had to ask for is old news, which others ask for themselves. Sending it on
            // would answer every healed partition with several copies of all it missed.
            keep(now, whole.event);
            trace(now, *whole.event, *flow, arrival_of(whole, from));
            spreader_->added(now, arrival_of(whole, from));
            [[fallthrough]];
        case Stream::Verdict::partial:
            flow->repair.has_progress = true;
            if (sequence == flow->repair.hole().first) flow->repair.refresh_hole(now);
            break;
    }
    settle(now, *flow);
    if (was_asked) request_more(now, *flow);
    // Nobody will send the rest of a large event unasked.
    if (is_large(fragment.total_bytes) && !was_asked && flow->due != kNever) schedule(*flow, now);
    spread(now);
}

void Events::trace(Instant now, const Event& event, const Flow& flow, const Arrival& arrival) {
    if (!event.is_traced) return;
    const std::uint64_t sequence = event.sequence.value();
    const bool is_revealed =
        flow.repair.revealed_first <= sequence && sequence <= flow.repair.revealed_last;
    const TraceRepair repair = !arrival.is_repair ? TraceRepair::none
                               : is_revealed      ? TraceRepair::frontier
                                                  : TraceRepair::asked;
    traces_.learned(arrival.event, {arrival.from, arrival.hops, repair, now});
}

bool Events::retains(const EventKey& key) const {
    const SharedEvent event = retention_.at_or_after(key.stream, key.sequence);
    return event != nullptr && event->sequence == key.sequence;
}

void Events::settle(Instant now, Flow& flow) {
    deliver_ready(now, flow);
    const Stream& stream = flow.stream;
    flow.repair.drop_below(stream.head(), load_);
    if (!stream.is_behind()) {
        flow.repair.attempt = 0;
        schedule(flow, kNever);
        return;
    }
    flow.repair.watch_hole(now, stream.head(), stream.known());
    if (flow.due == kNever) schedule(flow, now + jitter(config_.repair_delay));
}

void Events::deliver_ready(Instant now, Flow& flow) {
    while (auto ready = flow.stream.take(load_)) {
        // Our frontier moves, be it by giving up: others may learn from it what they miss.
        flow.active_at = now_;
        quiet_rounds_ = 0;
        if (const auto* lost = std::get_if<Stream::Lost>(&*ready)) {
            ++counters_.gaps;
            counters_.lost += lost->last - lost->first + 1;
            if (GV_MUTANT(silent_gap)) continue;
            causal_.offer(now, Causal::TellGap{flow.stream.id(), EventSequence{lost->first},
                                               EventSequence{lost->last}});
            continue;
        }
        SharedEvent event = std::get<SharedEvent>(std::move(*ready));
        ++counters_.delivered;
        if (GV_MUTANT(deliver_twice) && event->sequence.value() % 8 == 0) {
            causal_.offer(now, event);
        }
        causal_.offer(now, std::move(event));
    }
    causal_.moved(flow.stream.id());
    tell_subscribers();
}

bool Events::has_passed(const EventKey& event) const {
    if (event.stream.channel != own_.channel && elsewhere_) return elsewhere_(event);
    const auto flow = flows_.find(event.stream);
    return flow != flows_.end() && flow->second.stream.highest() >= event.sequence.value();
}

void Events::tell_subscribers() {
    while (auto action = causal_.poll()) {
        if (auto* tell = std::get_if<Causal::Tell>(&*action)) {
            outbox_.push(Deliver{std::move(tell->event), tell->is_unknown});
        } else {
            const auto& gap = std::get<Causal::TellGap>(*action);
            outbox_.push(Gap{gap.stream, gap.first, gap.last});
        }
    }
}

void Events::keep(Instant now, const SharedEvent& event) {
    retention_.add(now, event);
    expire_retention(now);
}

void Events::expire_retention(Instant now) {
    while (const auto key = retention_.withdraw(now)) {
        if (Flow* flow = find(key->first)) flow->stream.withdrawn(key->second.value());
    }
}

void Events::configure(Instant now, const ProtocolConfig& config) {
    assert(config.dissemination == config_.dissemination);
    config_ = config;
    retention_.configure(config_.retention_age, config_.retention_bytes,
                         2 * config_.frontier_interval);
    traces_.configure(config_.retention_age);
    spreader_->configure(config_);
    expire_retention(now);
}

void Events::wipe(WallTime before) {
    wiped_before_ = std::max(wiped_before_, before);
    for (const Retention::Key& key : retention_.drop_published_before(wiped_before_)) {
        if (Flow* flow = find(key.first)) flow->stream.withdrawn(key.second.value());
    }
}

void Events::touch(Instant now) {
    now_ = std::max(now_, now);
    if (has_contact_) return;
    has_contact_ = true;
    catch_up_end_ = now + kCatchUpIntervals * config_.frontier_interval;
    catch_up_limit_ = now + 10 * kCatchUpIntervals * config_.frontier_interval;
    frontier_at_ = std::min(frontier_at_, now);
}

Events::Flow* Events::find(wire::StreamId id) {
    const auto found = flows_.find(id);
    return found == flows_.end() ? nullptr : &found->second;
}

Events::Flow* Events::open(Instant now, wire::StreamId id, const Frontier* offer,
                           std::uint64_t sequence) {
    if (Flow* flow = find(id)) return flow;
    if (id.channel != own_.channel) {
        ++counters_.dropped_conflict;
        return nullptr;
    }
    if (!is_following_) return nullptr;
    if (id.publisher == self_ && id.epoch > own_.epoch) {
        ++counters_.dropped_conflict;  // A later life of ourselves: somebody invents it.
        return nullptr;
    }
    if (flows_.size() >= kStreamsMax && !make_room()) {
        ++counters_.dropped_full;
        return nullptr;
    }
    std::uint64_t first = 1;
    Stream::Start start = Stream::Start::told;
    if (is_catching_up()) {
        start = Stream::Start::untold;
        // A fragment alone does not say what its sender retains below it: begin at 1, and skip to
        // what there is when we are told.
        if (replay_ == Replay::none) first = offer ? offer->highest.value() + 1 : sequence;
        if (replay_ == Replay::retained && offer) first = offer->lowest.value();
        const Duration quiet = kCatchUpIntervals * config_.frontier_interval;
        catch_up_end_ = std::min(catch_up_limit_, now + quiet);
    }
    const auto flow = flows_.emplace(id, Flow{Stream(id, first, start), {}, kNever, now, {}}).first;
    return &flow->second;
}

// The table is full. A stream that has nothing to do and nothing to give is forgotten, an old epoch
// before a present one, the longest silent first. If it speaks again it is new to us: what we
// missed of it cannot be told from what we had, and is told as a gap.
bool Events::make_room() {
    auto worst = flows_.end();
    const auto rank = [this](const Flow& flow) {
        return std::pair(!is_superseded(flow.stream.id()), flow.active_at);
    };
    for (auto flow = flows_.begin(); flow != flows_.end(); ++flow) {
        const Stream& stream = flow->second.stream;
        if (flow->first == own_ || stream.is_behind() || !stream.is_idle()) continue;
        if (stream.lowest() <= stream.highest()) continue;
        if (worst == flows_.end() || rank(flow->second) < rank(worst->second)) worst = flow;
    }
    if (worst == flows_.end()) return false;
    assert(worst->second.due == kNever);
    spreader_->forget(worst->first);
    flows_.erase(worst);
    ++counters_.evicted;
    return true;
}

void Events::note_publisher(Instant now, MemberId from, Flow& flow) {
    if (from == flow.stream.id().publisher) flow.repair.publisher_heard_at = now;
}

void Events::schedule(Flow& flow, Instant due) {
    if (flow.due == due) return;
    if (flow.due != kNever) timers_.erase({flow.due, flow.stream.id()});
    flow.due = due;
    if (due != kNever) timers_.emplace(due, flow.stream.id());
}

void Events::advance(Instant now) {
    now_ = std::max(now_, now);
    expire_retention(now);
    while (!timers_.empty() && timers_.begin()->first <= now) {
        Flow& flow = flows_.at(timers_.begin()->second);
        schedule(flow, kNever);
        repair(now, flow);
        assert(flow.due > now);
    }
    causal_.advance(now);
    tell_subscribers();
    spreader_->advance(now);
    spread(now);
    if (gathered_at_ <= now) push_gathered();
    if (frontier_at_ > now) return;
    const Duration interval =
        is_catching_up() ? config_.frontier_interval / 2 : config_.frontier_interval;
    frontier_at_ = now + jitter(interval);
    // In a silent overlay one digest in eight intervals is enough for a backstop.
    const bool is_quiet = !is_catching_up() && ++quiet_rounds_ > 10 && quiet_rounds_ % 8 != 0;
    const bool has_any = flows_.size() > 1 || flows_.at(own_).stream.highest() > 0;
    if (is_quiet || (!has_any && !is_catching_up())) return;
    const std::vector<MemberId> peer = peers_.pick(random_, 1, kNobody);
    if (!peer.empty()) exchange(now, peer.front());
}

Instant Events::deadline() const {
    const Instant repair_at = timers_.empty() ? kNever : timers_.begin()->first;
    return std::min({frontier_at_, gathered_at_, repair_at, retention_.deadline(),
                     spreader_->deadline(), causal_.deadline()});
}

Duration Events::jitter(Duration duration) {
    return std::chrono::duration_cast<Duration>(duration * (0.75 + 0.5 * random_.unit()));
}

void Events::check_invariants() const {
    std::size_t in_flight = 0;
    std::size_t timers = 0;
    for (const auto& [id, flow] : flows_) {
        assert(id == flow.stream.id());
        flow.stream.check_invariants();
        in_flight += flow.repair.in_flight().size();
        if (flow.due != kNever) ++timers;
        assert(flow.stream.is_behind() == (flow.due != kNever));
        assert(flow.stream.is_behind() || flow.repair.in_flight().empty());
    }
    assert(in_flight == load_.in_flight && in_flight <= kInFlightMax);
    assert(timers == timers_.size());
    assert(load_.assemblies <= kAssembliesMax);
    assert(flows_.size() <= kStreamsMax);
    assert(relayed_.size() <= kPressuredStreamsMax);
    assert(gathered_count_ <= kGatheredMax);
    assert(gathered_.empty() == (gathered_at_ == kNever));
    retention_.check_invariants();
    traces_.check_invariants();
    causal_.check_invariants();
    spreader_->check_invariants();
}

}  // namespace grapevine::protocol
