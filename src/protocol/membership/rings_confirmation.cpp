// What an observer does about a member that did not answer: more pings of its own, then the pings
// of others, then a verdict. And the other side of it, the pings for others.
#include <algorithm>
#include <cassert>
#include <iterator>

#include "protocol/membership/pick_members.hpp"
#include "protocol/membership/rings.hpp"

namespace grapevine::protocol {
namespace {

/// Pings of our own before others are asked.
constexpr std::uint8_t kRetries = 2;
/// Bursts that nobody answers, to 2, 4, 8 and 16 members: with 80% of all members dead, the last
/// alone finds one that lives in 97 of 100 cases.
constexpr std::uint8_t kBurstRoundsMax = 4;
/// Asked at random where the observers are none or silent; doubled in each round.
constexpr std::size_t kOthersAsked = 2;
static_assert(kOthersAsked << (kBurstRoundsMax - 1) <= kBurstAskedMax);
static_assert(kRingsMax <= kBurstAskedMax);

/// A burst that wrongly agrees is rare and grows with a high power of the loss; see
/// loss_estimate.hpp for what these are in lost datagrams (8% and 22%). With 30% lost and 50
/// members, one burst would be wrong every 40 s, two every 18 hours.
constexpr double kLossOfTwoBursts = 0.15;
constexpr double kLossOfThreeBursts = 0.40;

}  // namespace

// -- Confirmations -------------------------------------------------------------------------------

Rings::Confirmation* Rings::confirmation_of(MemberId subject) {
    const auto found = std::ranges::find(confirmations_, subject, &Confirmation::subject);
    return found == confirmations_.end() ? nullptr : &*found;
}

bool Rings::begin_confirmation(Instant now, MemberId subject, Cause cause) {
    assert(swim_.is_watching(subject));
    if (confirmation_of(subject) != nullptr) return true;
    if (confirmations_.size() >= kConfirmationsMax) return false;
    ++counters_.confirmations;
    confirmations_.push_back({.subject = subject, .cause = cause});
    restart(now, confirmations_.back());
    return true;
}

void Rings::restart(Instant now, Confirmation& confirmation) {
    const MemberId subject = confirmation.subject;
    const Cause cause = confirmation.cause;
    confirmation = {.subject = subject, .cause = cause, .sequence = next_sequence(kNoRing)};
    confirmation.pings_left = kRetries;
    step(now, confirmation);
}

void Rings::end_confirmation(MemberId subject) {
    std::erase_if(confirmations_, [&](const Confirmation& confirmation) {
        return confirmation.subject == subject;
    });
}

void Rings::advance_confirmations(Instant now) {
    std::vector<MemberId> due;
    for (const Confirmation& confirmation : confirmations_) {
        if (confirmation.next_at <= now) due.push_back(confirmation.subject);
    }
    for (const MemberId subject : due) {
        if (Confirmation* confirmation = confirmation_of(subject)) step(now, *confirmation);
    }
}

void Rings::step(Instant now, Confirmation& confirmation) {
    if (confirmation.is_bursting) {
        conclude(now, confirmation);
    } else if (confirmation.pings_left > 0) {
        --confirmation.pings_left;
        confirmation.next_at = now + swim_.health().stretch(config_.ring_retry);
        send(confirmation.subject, wire::Ping{confirmation.sequence, {}});
    } else {
        ask_observers(now, confirmation);
    }
}

void Rings::ask_observers(Instant now, Confirmation& confirmation) {
    std::vector<MemberId> observers = order_.observers_of(confirmation.subject, swim_.members());
    std::erase(observers, self_);
    if (!observers.empty()) {
        ask(now, confirmation, std::move(observers));
    } else if (!ask_others(now, confirmation)) {
        ask(now, confirmation, {});  // Two members alone: our own burst is all there can be.
    }
}

bool Rings::ask_others(Instant now, Confirmation& confirmation) {
    std::vector<MemberId> except = confirmation.tried;
    except.push_back(confirmation.subject);
    auto others =
        pick_members(random_, swim_.members(), kOthersAsked << confirmation.round, except);
    if (others.empty()) return false;
    ask(now, confirmation, std::move(others));
    return true;
}

void Rings::ask(Instant now, Confirmation& confirmation, std::vector<MemberId> whom) {
    const MemberId subject = confirmation.subject;
    confirmation.is_bursting = true;
    confirmation.burst_sequence = next_sequence(kNoRing);
    confirmation.next_at = now + swim_.health().stretch(config_.burst_patience);
    confirmation.votes.clear();
    for (const MemberId member : whom) {
        send(member, wire::BurstRequest{confirmation.burst_sequence, subject, {}});
        ++counters_.bursts_asked;
    }
    std::ranges::copy(whom, std::back_inserter(confirmation.tried));
    confirmation.silent = std::move(whom);
    confirmation.has_own_burst_ended = !join_burst(now, subject, {self_, {}, {}});
}

void Rings::handle_verdict(Instant now, MemberId from, const wire::BurstVerdict& verdict) {
    Confirmation* confirmation = confirmation_of(verdict.target);
    const bool is_ours =
        confirmation != nullptr && confirmation->is_bursting &&
        confirmation->burst_sequence == verdict.sequence &&
        std::ranges::find(confirmation->silent, from) != confirmation->silent.end();
    if (!is_ours || (verdict.vote && verdict.vote->voter != from)) {
        ++counters_.dropped_unexpected;
        return;
    }
    if (verdict.is_alive) {
        ++counters_.relayed;
        if (confirmation->cause == Cause::unanswered) loss_.lost();
        swim_.health().probe_failed();
        outbox_.push_back(Answered{verdict.target, Duration::zero(), true});
        if (confirmation->cause == Cause::backstop) {
            ++counters_.missed;
            outbox_.push_back(Missed{verdict.target});
        }
        end_confirmation(verdict.target);
        return;
    }
    assert(verdict.vote);  // The decoder's rule.
    std::erase(confirmation->silent, from);
    // Votes about an earlier life than that of the others say nothing of this one.
    if (verdict.incarnation > confirmation->incarnation) {
        confirmation->incarnation = verdict.incarnation;
        confirmation->votes.clear();
    }
    if (verdict.incarnation == confirmation->incarnation) {
        confirmation->votes.push_back(*verdict.vote);
    }
    conclude_if_complete(now, *confirmation);
}

void Rings::conclude_if_complete(Instant now, Confirmation& confirmation) {
    const bool is_complete =
        confirmation.is_bursting && confirmation.silent.empty() && confirmation.has_own_burst_ended;
    if (is_complete) conclude(now, confirmation);
}

std::uint8_t Rings::agreements_wanted() const {
    if (loss_.value() > kLossOfThreeBursts) return 3;
    return loss_.value() > kLossOfTwoBursts ? 2 : 1;
}

void Rings::conclude(Instant now, Confirmation& confirmation) {
    const MemberId subject = confirmation.subject;
    if (confirmation.votes.empty()) {
        if (++confirmation.round < kBurstRoundsMax && ask_others(now, confirmation)) return;
        // Not one of all those: it may be us.
        if (!confirmation.tried.empty()) swim_.health().nack_missed();
    } else if (swim_.local_health() == 0) {
        if (++confirmation.agreed < agreements_wanted()) {
            ++counters_.repeated_for_loss;
            confirmation.round = 0;
            confirmation.tried.clear();
            return ask_observers(now, confirmation);
        }
        ++counters_.declared;
        outbox_.push_back(
            Declared{subject, confirmation.incarnation, std::move(confirmation.votes)});
        return end_confirmation(subject);
    }
    ++counters_.missed;
    outbox_.push_back(Missed{subject});
    end_confirmation(subject);
}

/// It has answered us. What others have asked about it is answered, too.
void Rings::found_alive(Instant now, MemberId member) {
    if (const Confirmation* confirmation = confirmation_of(member)) {
        if (confirmation->cause == Cause::unanswered) loss_.lost();
        end_confirmation(member);
    }
    if (burst_of(member) != nullptr) end_burst(now, member, true);
}

// -- Bursts --------------------------------------------------------------------------------------

Rings::Burst* Rings::burst_of(MemberId target) {
    const auto found = std::ranges::find(bursts_, target, &Burst::target);
    return found == bursts_.end() ? nullptr : &*found;
}

void Rings::handle_request(Instant now, MemberId from, const wire::BurstRequest& request) {
    if (request.target == self_) {
        send(from, wire::BurstVerdict{request.sequence, self_, request.incarnation, true, {}});
        return;
    }
    const bool is_known = request.target != from && swim_.is_watching(request.target);
    const Asker asker{from, request.sequence, request.incarnation};
    if (!is_known || !join_burst(now, request.target, asker)) ++counters_.bursts_refused;
}

bool Rings::join_burst(Instant now, MemberId target, const Asker& asker) {
    const bool is_own = asker.member == self_;
    if (Burst* burst = burst_of(target)) {
        const auto held = std::ranges::find(burst->askers, asker.member, &Asker::member);
        if (held != burst->askers.end()) {
            *held = asker;
            return true;
        }
        // One place is kept for ourselves.
        if (!is_own && burst->askers.size() + 1 >= kBurstAskersMax) return false;
        burst->askers.push_back(asker);
        return true;
    }
    // Room is kept for one burst per confirmation of ours.
    if (!is_own && bursts_.size() + kConfirmationsMax >= kBurstsMax) return false;
    ++counters_.bursts;
    bursts_.push_back({.target = target, .sequence = next_sequence(kNoRing), .askers = {asker}});
    bursts_.back().pings_left = config_.burst_count;
    bursts_.back().began_at = now;
    ping_in_burst(now, bursts_.back());
    return true;
}

void Rings::ping_in_burst(Instant now, Burst& burst) {
    send(burst.target, wire::Ping{burst.sequence, {}});
    ++burst.pings_sent;
    --burst.pings_left;
    burst.next_at = burst.pings_left > 0 ? now + config_.burst_gap : kNever;
    if (burst.pings_left == 0) {
        burst.answer_by = std::min(burst.answer_by, now + config_.ring_timeout);
    }
}

void Rings::advance_bursts(Instant now) {
    std::vector<MemberId> ended;
    for (Burst& burst : bursts_) {
        if (burst.answer_by <= now) {
            ended.push_back(burst.target);
        } else if (burst.next_at <= now) {
            ping_in_burst(now, burst);
        }
    }
    for (const MemberId target : ended) end_burst(now, target, false);
}

void Rings::end_burst(Instant now, MemberId target, bool is_alive) {
    const Burst burst = *burst_of(target);
    std::erase_if(bursts_, [&](const Burst& each) { return each.target == target; });
    for (const Asker& asker : burst.askers) {
        if (asker.member == self_) {
            Confirmation* confirmation = confirmation_of(target);
            if (confirmation == nullptr) continue;
            confirmation->has_own_burst_ended = true;
            conclude_if_complete(now, *confirmation);
            continue;
        }
        wire::BurstVerdict verdict{asker.sequence, target, asker.incarnation, is_alive, {}};
        // A witness that is not well itself says nothing against others.
        if (!is_alive && swim_.local_health() > 0) continue;
        if (!is_alive) verdict.vote = wire::Vote{self_, {}, burst.refused_count > 0};
        send(asker.member, verdict);
    }
}

}  // namespace grapevine::protocol
