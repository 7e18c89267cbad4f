#include "protocol/membership/swim.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "protocol/membership/pick_members.hpp"
#include "protocol/membership/ring_sequence.hpp"

namespace grapevine::protocol {

namespace {

/// When a helper says that it is still waiting: early enough to arrive before its asker gives up.
/// Lifeguard, section IV-A: 80% of the timeout.
Duration nack_delay(Duration ping_timeout) {
    return ping_timeout * 4 / 5;
}

}  // namespace

Swim::Swim(MemberId self, const ProtocolConfig& config, std::uint64_t seed, Rounds rounds)
    : self_(self),
      config_(config),
      rounds_(rounds),
      random_(seed),
      health_(config.local_health_max) {
    assert(self != kNobody);
    // An indirect ack makes four trips; it must fit into what the direct ping leaves of the period.
    assert(config.probe_period > 2 * config.ping_timeout);
    assert(config.ping_timeout > Duration::zero());
}

void Swim::configure(const ProtocolConfig& config) {
    assert(config.probe_period > 2 * config.ping_timeout);
    assert(config.local_health_max == config_.local_health_max);
    config_ = config;
}

// -- The list of the rounds ----------------------------------------------------------------------

std::optional<std::uint32_t> Swim::position_of(MemberId member) const {
    return index_.find(member, [this](std::uint32_t at) { return round_[at]; });
}

void Swim::swap_positions(std::size_t first, std::size_t second) {
    if (first == second) return;
    index_.swap(round_[first], round_[second], [this](std::uint32_t at) { return round_[at]; });
    std::swap(round_[first], round_[second]);
}

void Swim::add(MemberId member) {
    if (member == self_ || member == kNobody || position_of(member)) return;
    // SWIM, section 4.3: a newcomer goes to a random position. Both parts of the list, those whose
    // turn is over and those still to come, are in random order, so trading places with one of the
    // same part is as good as shifting everybody behind, and nobody loses a turn.
    reserve_one_more(round_);
    const std::size_t position = random_.below(round_.size() + 1);
    round_.push_back(member);
    const std::size_t last = round_.size() - 1;
    index_.insert(member, static_cast<std::uint32_t>(last),
                  [this](std::uint32_t at) { return round_[at]; });
    if (position < next_) {
        swap_positions(next_, last);
        ++next_;
    } else {
        swap_positions(position, last);
    }
}

void Swim::remove(MemberId member) {
    const auto found = position_of(member);
    if (!found) return;
    std::size_t position = *found;
    if (position < next_) {
        --next_;
        swap_positions(position, next_);
        position = next_;
    }
    swap_positions(position, round_.size() - 1);
    index_.erase(member, [this](std::uint32_t at) { return round_[at]; });
    round_.pop_back();

    const auto* direct = std::get_if<Direct>(&probe_);
    const auto* indirect = std::get_if<Indirect>(&probe_);
    if ((direct && direct->target == member) || (indirect && indirect->target == member)) {
        probe_ = Settled{};
    } else if (auto* waiting = std::get_if<Indirect>(&probe_)) {
        // A helper that is gone owes us no nack.
        std::erase(waiting->silent_helpers, member);
    }
    std::erase_if(last_chances_, [&](const LastChance& chance) { return chance.member == member; });
    std::erase(waiting_, member);
}

MemberId Swim::next_target() {
    assert(!round_.empty());
    if (next_ >= round_.size()) {
        // Fisher-Yates in place, so that the index follows.
        for (std::size_t count = round_.size(); count > 1; --count) {
            swap_positions(count - 1, random_.below(count));
        }
        next_ = 0;
    }
    return round_[next_++];
}

std::vector<MemberId> Swim::pick_helpers(MemberId target) {
    return pick_members(random_, round_, config_.indirect_count, std::span(&target, 1));
}

void Swim::add_near_helpers(MemberId target, std::vector<MemberId>& helpers) {
    // All but one: those near us share our lines, so one that was drawn from all keeps its place.
    std::vector<MemberId> near;
    for (const MemberId member : near_) {
        const bool is_kept = !helpers.empty() && helpers.front() == member;
        if (member != target && !is_kept && position_of(member)) near.push_back(member);
    }
    if (near.empty()) return;
    random_.shuffle(std::span(near));
    for (std::size_t at = 1; at < helpers.size() && at <= near.size(); ++at) {
        helpers[at] = near[at - 1];
    }
}

ProbeSequence Swim::next_sequence() {
    last_sequence_ = ProbeSequence((last_sequence_.value() + 1) % kRingSequences);
    return last_sequence_;
}

void Swim::send(MemberId to, ProbeMessage message) {
    outbox_.push_back(SendProbe{to, std::move(message)});
}

// -- The period ----------------------------------------------------------------------------------

void Swim::begin_period(Instant now) {
    if (round_.empty()) {
        probe_ = Idle{};
        return;
    }
    const MemberId target = next_target();
    const ProbeSequence sequence = next_sequence();
    send(target, wire::Ping{sequence, {}});
    probe_ = Direct{target, sequence, now, now + health_.stretch(config_.ping_timeout)};
    period_end_ = now + health_.stretch(config_.probe_period);
    ++counters_.probes;
}

void Swim::end_period(Instant now) {
    if (const auto* indirect = std::get_if<Indirect>(&probe_)) {
        ++counters_.missed;
        health_.probe_failed();
        if (!indirect->silent_helpers.empty()) {
            ++counters_.nacks_missed;
            health_.nack_missed();
        }
        outbox_.push_back(Missed{indirect->target});
    }
    begin_period(now);
}

void Swim::ask_helpers(Instant now) {
    const auto direct = std::get<Direct>(probe_);
    std::vector<MemberId> helpers = pick_helpers(direct.target);
    add_near_helpers(direct.target, helpers);
    for (const MemberId helper : helpers) {
        send(helper, wire::PingReq{direct.sequence, direct.target});
    }
    if (helpers.size() < config_.indirect_count) {
        send(direct.target, wire::Ping{direct.sequence, {}});
    }
    // Asked a little late, the helpers still get what they were promised.
    period_end_ =
        std::max(period_end_, now + health_.stretch(config_.probe_period - config_.ping_timeout));
    probe_ = Indirect{direct.target, direct.sequence, direct.sent_at, helpers, helpers};
    ++counters_.indirect;
}

void Swim::restart_probe(Instant now) {
    MemberId target;
    ProbeSequence sequence;
    if (const auto* direct = std::get_if<Direct>(&probe_)) {
        target = direct->target;
        sequence = direct->sequence;
    } else if (const auto* indirect = std::get_if<Indirect>(&probe_)) {
        target = indirect->target;
        sequence = indirect->sequence;
    } else {
        begin_period(now);
        return;
    }
    // The same sequence: an answer that waited in our socket while we slept still counts.
    send(target, wire::Ping{sequence, {}});
    probe_ = Direct{target, sequence, now, now + health_.stretch(config_.ping_timeout)};
    period_end_ = now + health_.stretch(config_.probe_period);
}

void Swim::unreachable(Instant now, MemberId member) {
    if (const auto* direct = std::get_if<Direct>(&probe_); direct && direct->target == member) {
        ask_helpers(now);
    }
    for (Favour& favour : favours_) {
        if (favour.target != member || favour.nack_at == kNever) continue;
        send(favour.asker, wire::Nack{favour.asker_sequence});
        favour.nack_at = kNever;
    }
}

void Swim::self_refuted(Instant) {
    health_.refuted();
}

// -- Messages ------------------------------------------------------------------------------------

void Swim::handle(Instant now, MemberId from, const ProbeMessage& message) {
    if (const auto* ping = std::get_if<wire::Ping>(&message)) {
        send(from, wire::Ack{ping->sequence});
    } else if (const auto* ack = std::get_if<wire::Ack>(&message)) {
        handle_ack(now, from, ack->sequence);
    } else if (const auto* request = std::get_if<wire::PingReq>(&message)) {
        do_favour(now, from, *request);
    } else if (const auto* nack = std::get_if<wire::Nack>(&message)) {
        handle_nack(from, nack->sequence);
    } else {
        ++counters_.dropped_unexpected;  // Of another detector: this overlay is set up unevenly.
    }
}

void Swim::handle_ack(Instant now, MemberId from, ProbeSequence sequence) {
    if (settle_round_probe(now, from, sequence)) return;
    if (settle_last_chance(now, from, sequence)) return;
    if (settle_favour(from, sequence)) return;
    ++counters_.dropped_unexpected;
}

bool Swim::settle_round_probe(Instant now, MemberId from, ProbeSequence sequence) {
    MemberId target;
    Duration round_trip{};
    if (const auto* direct = std::get_if<Direct>(&probe_)) {
        if (direct->sequence != sequence || direct->target != from) return false;
        target = from;
        round_trip = now - direct->sent_at;
    } else if (const auto* indirect = std::get_if<Indirect>(&probe_)) {
        if (indirect->sequence != sequence) return false;
        target = indirect->target;
        // A late answer of the target itself counts as well as any, and so does that of a helper
        // who has said before that it is still waiting.
        const bool is_helper =
            std::ranges::find(indirect->helpers, from) != indirect->helpers.end();
        if (from == target) {
            round_trip = now - indirect->sent_at;
        } else if (!is_helper) {
            return false;
        }
    } else {
        return false;
    }
    health_.probe_succeeded();
    outbox_.push_back(Answered{target, round_trip, from != target});
    probe_ = Settled{};
    return true;
}

bool Swim::settle_last_chance(Instant now, MemberId from, ProbeSequence sequence) {
    const auto chance = std::ranges::find(last_chances_, sequence, &LastChance::sequence);
    if (chance == last_chances_.end()) return false;
    const MemberId member = chance->member;
    const bool is_helper = std::ranges::find(chance->helpers, from) != chance->helpers.end();
    if (from != member && !is_helper) return false;
    const Duration round_trip = from == member ? now - chance->sent_at : Duration::zero();
    last_chances_.erase(chance);
    outbox_.push_back(Answered{member, round_trip, from != member});
    outbox_.push_back(Confirmed{member, true});
    begin_waiting_last_chances(now);
    return true;
}

bool Swim::settle_favour(MemberId from, ProbeSequence sequence) {
    const auto favour = std::ranges::find(favours_, sequence, &Favour::sequence);
    if (favour == favours_.end() || favour->target != from) return false;
    send(favour->asker, wire::Ack{favour->asker_sequence});
    favours_.erase(favour);
    return true;
}

void Swim::handle_nack(MemberId from, ProbeSequence sequence) {
    auto* indirect = std::get_if<Indirect>(&probe_);
    if (indirect && indirect->sequence == sequence &&
        std::erase(indirect->silent_helpers, from) > 0) {
        return;
    }
    // Nacks of a last-chance probe say nothing: its outcome is no measure of our own health.
    if (std::ranges::find(last_chances_, sequence, &LastChance::sequence) != last_chances_.end()) {
        return;
    }
    ++counters_.dropped_unexpected;
}

void Swim::do_favour(Instant now, MemberId asker, const wire::PingReq& request) {
    if (request.target == self_) {
        // Somebody asks us whether we live.
        send(asker, wire::Ack{request.sequence});
        return;
    }
    if (favours_.size() >= kFavoursMax) {
        favours_.erase(favours_.begin());
        ++counters_.favours_displaced;
    }
    const ProbeSequence sequence = next_sequence();
    send(request.target, wire::Ping{sequence, {}});
    // Our own health does not stretch a favour: its asker waits for no longer than its period. An
    // ack that comes after the nack is still passed on.
    favours_.push_back({asker, request.sequence, request.target, sequence,
                        now + nack_delay(config_.ping_timeout), now + config_.probe_period});
    ++counters_.favours;
}

// -- Last chances --------------------------------------------------------------------------------

void Swim::confirm(Instant now, MemberId member) {
    if (member == self_ || member == kNobody) return;
    const auto is_under_way = [&](const LastChance& chance) { return chance.member == member; };
    if (std::ranges::any_of(last_chances_, is_under_way)) return;
    if (std::ranges::find(waiting_, member) != waiting_.end()) return;
    waiting_.push_back(member);
    begin_waiting_last_chances(now);
}

void Swim::begin_waiting_last_chances(Instant now) {
    while (!waiting_.empty() && last_chances_.size() < kLastChancesMax) {
        const MemberId member = waiting_.front();
        waiting_.pop_front();
        begin_last_chance(now, member);
    }
}

void Swim::begin_last_chance(Instant now, MemberId member) {
    const ProbeSequence sequence = next_sequence();
    const Duration timeout = health_.stretch(config_.ping_timeout);
    std::vector<MemberId> helpers = pick_helpers(member);
    send(member, wire::Ping{sequence, {}});
    for (const MemberId helper : helpers) send(helper, wire::PingReq{sequence, member});
    last_chances_.push_back(
        {member, sequence, now, now + timeout, now + 2 * timeout, std::move(helpers)});
    ++counters_.last_chances;
}

void Swim::advance_last_chances(Instant now, bool is_late) {
    for (auto chance = last_chances_.begin(); chance != last_chances_.end();) {
        const Duration timeout = health_.stretch(config_.ping_timeout);
        if (is_late && chance->verdict_at <= now) {
            // Its answer may be waiting in our socket: all pings again, and all the time.
            send(chance->member, wire::Ping{chance->sequence, {}});
            for (const MemberId helper : chance->helpers) {
                send(helper, wire::PingReq{chance->sequence, chance->member});
            }
            chance->repeat_at = now + timeout;
            chance->verdict_at = now + 2 * timeout;
        }
        if (chance->verdict_at <= now) {
            outbox_.push_back(Confirmed{chance->member, false});
            chance = last_chances_.erase(chance);
            continue;
        }
        if (chance->repeat_at <= now) {
            send(chance->member, wire::Ping{chance->sequence, {}});
            chance->repeat_at = kNever;
        }
        ++chance;
    }
    begin_waiting_last_chances(now);
}

void Swim::advance_favours(Instant now, bool is_late) {
    for (Favour& favour : favours_) {
        if (favour.nack_at > now) continue;
        // After a long sleep nobody waits for our nacks any more.
        if (!is_late) send(favour.asker, wire::Nack{favour.asker_sequence});
        favour.nack_at = kNever;
    }
    std::erase_if(favours_, [&](const Favour& favour) { return favour.forget_at <= now; });
}

// -- The wheel -----------------------------------------------------------------------------------

void Swim::advance(Instant now) {
    const Instant due = deadline();
    if (due > now) return;
    const bool is_idle =
        std::holds_alternative<Idle>(probe_) && !round_.empty() && rounds_ == Rounds::on;
    if (is_idle) {
        period_end_ = now + Duration(static_cast<Duration::rep>(random_.below(
                                static_cast<std::uint64_t>(config_.probe_period.count()))));
        probe_ = Settled{};
    }
    // Not where `deadline` said "at once": that is no instant that the driver could have missed.
    const bool is_late = due != Instant{} && now - due > config_.lateness_max;
    if (is_late) ++counters_.late_wakeups;

    advance_favours(now, is_late);
    advance_last_chances(now, is_late);

    const auto* direct = std::get_if<Direct>(&probe_);
    const bool asks = direct && direct->ask_at <= now;
    const bool ends = !std::holds_alternative<Idle>(probe_) && period_end_ <= now;
    if (is_late && (asks || ends)) {
        restart_probe(now);
    } else if (asks) {
        ask_helpers(now);
    } else if (ends) {
        end_period(now);
    }
}

std::optional<Detector::Action> Swim::poll() {
    if (outbox_.empty()) return std::nullopt;
    Action action = std::move(outbox_.front());
    outbox_.pop_front();
    return action;
}

Instant Swim::deadline() const {
    // A last chance whose place has become free by a `remove`, which is not told the time.
    if (!waiting_.empty() && last_chances_.size() < kLastChancesMax) return Instant{};
    Instant due = kNever;
    if (std::holds_alternative<Idle>(probe_)) {
        // At once: `add` is not told the time, so the phase is drawn when we are.
        if (!round_.empty() && rounds_ == Rounds::on) return Instant{};
    } else {
        due = period_end_;
    }
    if (const auto* direct = std::get_if<Direct>(&probe_)) due = std::min(due, direct->ask_at);
    for (const Favour& favour : favours_) {
        due = std::min({due, favour.nack_at, favour.forget_at});
    }
    for (const LastChance& chance : last_chances_) {
        due = std::min({due, chance.repeat_at, chance.verdict_at});
    }
    return due;
}

void Swim::check_invariants() const {
    assert(next_ <= round_.size());
    assert(index_.count() == round_.size());
    for (std::size_t at = 0; at < round_.size(); ++at) {
        assert(round_[at] != self_ && position_of(round_[at]) == at);
    }
    assert(favours_.size() <= kFavoursMax);
    assert(last_chances_.size() <= kLastChancesMax);
    assert(health_.multiplier() <= config_.local_health_max);
    // A round probe never outlives its member.
    if (const auto* direct = std::get_if<Direct>(&probe_)) assert(position_of(direct->target));
    if (const auto* indirect = std::get_if<Indirect>(&probe_)) {
        assert(position_of(indirect->target));
    }
}

}  // namespace grapevine::protocol
