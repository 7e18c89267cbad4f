// The wheel, the standing probes, and who says what to whom. What follows a miss is in
// rings_confirmation.cpp.
#include "protocol/membership/rings.hpp"

#include <algorithm>
#include <cassert>

#include "protocol/membership/ring_sequence.hpp"

namespace grapevine::protocol {

namespace {

void check_times(const ProtocolConfig& config) {
    assert(config.ring_timeout > Duration::zero() && config.ring_retry > Duration::zero());
    assert(config.burst_count >= 1 && config.burst_gap > Duration::zero());
    // Who pings for us must be able to answer in time, and the whole of it should fit into a
    // period: a probe is over before the next.
    assert(config.burst_gap * (config.burst_count - 1) + config.ring_timeout <
           config.burst_patience);
    assert(config.ring_timeout + 2 * config.ring_retry + config.burst_patience <
           config.ring_period);
}

}  // namespace

Rings::Rings(MemberId self, const ProtocolConfig& config, std::uint64_t seed)
    : self_(self),
      config_(config),
      random_(seed),
      swim_(self, config, random_.next()),
      order_(self, config.ring_count),
      phases_(config.ring_count, config.ring_period) {
    check_times(config);
}

void Rings::configure(const ProtocolConfig& config) {
    check_times(config);
    assert(config.ring_count == config_.ring_count);
    if (config.ring_period != config_.ring_period) phases_.use_period(config.ring_period);
    config_ = config;
    swim_.configure(config);
}

// -- Who observes whom ---------------------------------------------------------------------------

void Rings::add(MemberId member) {
    if (member == self_ || member == kNobody || swim_.is_watching(member)) return;
    swim_.add(member);
    order_.add(member);
    for (std::uint8_t ring = 0; ring < order_.ring_count(); ++ring) follow_ring(ring);
}

void Rings::remove(MemberId member) {
    if (!swim_.is_watching(member)) return;
    swim_.remove(member);
    order_.remove(member, swim_.members());
    for (std::uint8_t ring = 0; ring < order_.ring_count(); ++ring) follow_ring(ring);
    end_confirmation(member);
    std::erase_if(bursts_, [&](const Burst& burst) { return burst.target == member; });
    std::erase_if(doubted_, [&](const auto& doubt) { return doubt.first == member; });
    // Who is gone owes us no answer.
    for (Confirmation& confirmation : confirmations_) std::erase(confirmation.silent, member);
}

void Rings::follow_ring(std::uint8_t ring) {
    if (order_.observer(ring) != observers_[ring]) {
        observers_[ring] = order_.observer(ring);
        phases_.forget(ring);
    }
    const MemberId subject = order_.subject(ring);
    if (subject == duties_[ring].subject) return;
    duties_[ring] = {};
    duties_[ring].subject = subject;
    duties_[ring].next_at = subject == kNobody ? kNever : Instant{};
}

// -- Standing probes -----------------------------------------------------------------------------

void Rings::advance_duties(Instant now) {
    for (std::uint8_t ring = 0; ring < order_.ring_count(); ++ring) {
        Duty& duty = duties_[ring];
        if (duty.subject == kNobody) continue;
        if (duty.next_at == Instant{}) {
            // Its former observer may have failed together with it: soon, but not all new observers
            // of a failed rack at once.
            duty.next_at = now + draw(shift_max(config_.ring_period));
        }
        if (duty.answer_by <= now) {
            duty.answer_by = kNever;
            ++counters_.unanswered;
            begin_confirmation(now, duty.subject, Cause::unanswered);
        }
        if (duty.next_at <= now) probe(now, ring);
    }
}

void Rings::probe(Instant now, std::uint8_t ring) {
    Duty& duty = duties_[ring];
    duty.next_at = now + swim_.health().stretch(config_.ring_period);
    // It is being pinged already, more often.
    if (confirmation_of(duty.subject) != nullptr) return;
    duty.sequence = next_sequence(ring);
    duty.sent_at = now;
    duty.answer_by = now + swim_.health().stretch(config_.ring_timeout);
    duty.is_answered = false;
    send(duty.subject, wire::Ping{duty.sequence, {}});
    ++counters_.probes;
}

bool Rings::settle_duty(Instant now, MemberId from, const wire::Ack& ack) {
    const auto ring = ring_of(ack.sequence);
    if (!ring || *ring >= order_.ring_count()) return false;
    Duty& duty = duties_[*ring];
    if (duty.sequence != ack.sequence || duty.subject != from || duty.is_answered) return false;
    // Of an answer that came too late nobody knows how long it lay in our own socket.
    Duration round_trip{};
    if (duty.answer_by != kNever) {
        loss_.answered();
        swim_.health().probe_succeeded();
        round_trip = now - duty.sent_at;
    }
    duty.is_answered = true;
    duty.answer_by = kNever;
    const Duration bound = shift_max(config_.ring_period);
    const Duration shift =
        std::clamp<Duration>(std::chrono::milliseconds(ack.shift_ms), -bound, bound);
    duty.next_at = std::max(now, duty.next_at + shift);
    outbox_.push_back(Answered{from, round_trip});
    found_alive(now, from);
    return true;
}

// -- Messages ------------------------------------------------------------------------------------

void Rings::handle(Instant now, MemberId from, const ProbeMessage& message) {
    notice_lateness(now);
    if (const auto* ping = std::get_if<wire::Ping>(&message)) {
        handle_ping(now, from, *ping);
    } else if (const auto* ack = std::get_if<wire::Ack>(&message);
               ack != nullptr && is_ring_sequence(ack->sequence)) {
        handle_ack(now, from, *ack);
    } else if (const auto* request = std::get_if<wire::BurstRequest>(&message)) {
        handle_request(now, from, *request);
    } else if (const auto* verdict = std::get_if<wire::BurstVerdict>(&message)) {
        handle_verdict(now, from, *verdict);
    } else {
        swim_.handle(now, from, message);
        take_from_swim(now);
    }
}

void Rings::take_from_swim(Instant now) {
    while (auto action = swim_.poll()) {
        const auto* missed = std::get_if<Missed>(&*action);
        const bool is_confirmed_first =
            missed != nullptr && begin_confirmation(now, missed->member, Cause::backstop);
        if (!is_confirmed_first) outbox_.push_back(std::move(*action));
    }
}

void Rings::handle_ping(Instant now, MemberId from, const wire::Ping& ping) {
    wire::Ack ack{ping.sequence};
    const auto ring = ring_of(ping.sequence);
    const bool is_standing = ring && *ring < order_.ring_count() && observers_[*ring] == from;
    if (is_standing && now >= phases_from_) {
        ack.shift_ms = static_cast<std::int16_t>(phases_.heard(now, *ring).count());
    }
    send(from, ack);
}

void Rings::handle_ack(Instant now, MemberId from, const wire::Ack& ack) {
    if (settle_duty(now, from, ack)) return;
    const Confirmation* confirmation = confirmation_of(from);
    const Burst* burst = burst_of(from);
    const bool is_of_confirmation =
        confirmation != nullptr && confirmation->sequence == ack.sequence;
    const bool is_of_burst = burst != nullptr && burst->sequence == ack.sequence;
    if (!is_of_confirmation && !is_of_burst) {
        ++counters_.dropped_unexpected;
        return;
    }
    if (is_of_confirmation) swim_.health().probe_succeeded();
    // Which of several pings this answers cannot be known, and so no round trip.
    outbox_.push_back(Answered{from});
    found_alive(now, from);
}

void Rings::unreachable(Instant now, MemberId member) {
    swim_.unreachable(now, member);
    take_from_swim(now);
    notice_lateness(now);
    if (Burst* burst = burst_of(member); burst && burst->refused_count < burst->pings_sent) {
        ++burst->refused_count;
        // Anybody can forge this, but nobody can keep a member that lives from answering within the
        // gaps.
        if (burst->refused_count >= 2) {
            const Instant early = std::max(now, burst->began_at + 2 * config_.burst_gap);
            burst->answer_by = std::min(burst->answer_by, early);
        }
    }
    if (Confirmation* confirmation = confirmation_of(member)) {
        if (!confirmation->is_bursting) step(now, *confirmation);
        return;
    }
    bool was_asked = false;
    for (Duty& duty : duties_) {
        if (duty.subject != member || duty.answer_by == kNever) continue;
        duty.answer_by = kNever;
        was_asked = true;
    }
    if (was_asked || may_doubt(now, member)) begin_confirmation(now, member, Cause::unreachable);
}

bool Rings::may_doubt(Instant now, MemberId member) {
    std::erase_if(doubted_, [&](const auto& doubt) { return doubt.second <= now; });
    if (!swim_.is_watching(member) || doubted_.size() >= kDoubtedMax) return false;
    if (confirmations_.size() + order_.ring_count() >= kConfirmationsMax) return false;
    const auto is_it = [&](const auto& doubt) { return doubt.first == member; };
    if (std::ranges::any_of(doubted_, is_it)) return false;
    doubted_.emplace_back(member, now + config_.ring_period);
    return true;
}

void Rings::confirm(Instant now, MemberId member) {
    swim_.confirm(now, member);
    take_from_swim(now);
}

void Rings::self_refuted(Instant now) {
    swim_.self_refuted(now);
}

// -- The wheel -----------------------------------------------------------------------------------

void Rings::advance(Instant now) {
    notice_lateness(now);
    swim_.advance(now);
    take_from_swim(now);
    advance_duties(now);
    advance_confirmations(now);
    advance_bursts(now);
}

/// When we have slept, what has not been answered may lie in our socket. Everything under way is
/// asked anew and has its whole time; the phases stay where they were.
void Rings::notice_lateness(Instant now) {
    const Instant due = own_deadline();
    if (now - due <= config_.lateness_max) return;
    ++counters_.late_wakeups;
    // What piled up in our socket comes in one heap, which says nothing of phases.
    phases_from_ = now + config_.ring_timeout;
    // Whoever asked us has not waited.
    bursts_.clear();
    for (Confirmation& confirmation : confirmations_) restart(now, confirmation);
    for (std::uint8_t ring = 0; ring < order_.ring_count(); ++ring) {
        Duty& duty = duties_[ring];
        if (duty.next_at != Instant{} && duty.next_at < now) {
            const auto periods = (now - duty.next_at) / config_.ring_period + 1;
            duty.next_at += periods * config_.ring_period;
        }
        if (duty.answer_by > now) continue;
        duty.answer_by = kNever;
        begin_confirmation(now, duty.subject, Cause::unanswered);
    }
}

std::optional<Detector::Action> Rings::poll() {
    if (outbox_.empty()) return std::nullopt;
    Action action = std::move(outbox_.front());
    outbox_.pop_front();
    return action;
}

/// Without what is due "at once": that is no instant that the driver could have missed.
Instant Rings::own_deadline() const {
    Instant due = kNever;
    for (const Duty& duty : duties_) {
        due = std::min(due, duty.answer_by);
        if (duty.next_at != Instant{}) due = std::min(due, duty.next_at);
    }
    for (const Confirmation& confirmation : confirmations_) {
        due = std::min(due, confirmation.next_at);
    }
    for (const Burst& burst : bursts_) due = std::min({due, burst.next_at, burst.answer_by});
    return due;
}

Instant Rings::deadline() const {
    const auto is_new = [](const Duty& duty) { return duty.next_at == Instant{}; };
    // `add` and `remove` are not told the time, so the phase of a new subject is drawn when we are.
    if (std::ranges::any_of(duties_, is_new)) return Instant{};
    return std::min(own_deadline(), swim_.deadline());
}

ProbeSequence Rings::next_sequence(std::uint8_t ring) {
    return ring_sequence(ring, ++last_counter_);
}

Duration Rings::draw(Duration bound) {
    return Duration(
        static_cast<Duration::rep>(random_.below(static_cast<std::uint64_t>(bound.count()))));
}

void Rings::send(MemberId to, ProbeMessage message) {
    outbox_.push_back(SendProbe{to, std::move(message)});
}

void Rings::check_invariants() const {
    swim_.check_invariants();
    for (std::uint8_t ring = 0; ring < kRingsMax; ++ring) {
        const Duty& duty = duties_[ring];
        assert((duty.subject == kNobody) == (duty.next_at == kNever));
        if (ring >= order_.ring_count()) assert(duty.subject == kNobody);
        if (duty.subject == kNobody) continue;
        assert(duty.subject == order_.subject(ring) && swim_.is_watching(duty.subject));
        assert(duty.answer_by == kNever || !duty.is_answered);
    }
    assert(confirmations_.size() <= kConfirmationsMax);
    for (const Confirmation& confirmation : confirmations_) {
        assert(swim_.is_watching(confirmation.subject));
        assert(confirmation.silent.size() <= kBurstAskedMax);
        assert(confirmation.votes.size() <= kBurstAskedMax);
        // Somebody still owes an answer, or the verdict would have fallen.
        assert(confirmation.next_at != kNever);
    }
    assert(bursts_.size() <= kBurstsMax && doubted_.size() <= kDoubtedMax);
    for (const Burst& burst : bursts_) {
        assert(swim_.is_watching(burst.target));
        assert(!burst.askers.empty() && burst.askers.size() <= kBurstAskersMax);
        assert(burst.next_at != kNever || burst.answer_by != kNever);
        assert(burst.refused_count <= burst.pings_sent);
    }
}

}  // namespace grapevine::protocol
