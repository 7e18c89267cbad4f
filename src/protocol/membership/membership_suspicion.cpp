// From the first vote to the last chance: how suspicions begin, are confirmed and end, and what
// counts as evidence. What the rest of the view does with the outcome is in membership.cpp.

#include <algorithm>
#include <cassert>
#include <utility>

#include "base/limits.hpp"
#include "base/mutant.hpp"
#include "protocol/membership/membership.hpp"

namespace grapevine::protocol {

using wire::Status;
using Kind = MemberChange::Kind;

// -- Votes ---------------------------------------------------------------------------------------

/// Those of whoever is or was a member. Somebody that nobody knows cannot bear witness: else a liar
/// could invent as many as it takes.
Membership::Votes Membership::of_witnesses(MemberId accused, const Votes& votes) const {
    Votes witnesses = votes;
    std::erase_if(witnesses, [&](const wire::Vote& vote) {
        return vote.voter == accused || find(vote.voter) == nullptr;
    });
    return witnesses;
}

/// Not only by those whose accusations keep being refuted. Where one vote is a quorum, there are
/// too few to be choosy.
bool Membership::is_credible(Instant now, const Votes& votes) const {
    if (members_.size() <= kQuorumExemptMembers) return true;
    return std::ranges::any_of(
        votes, [&](const wire::Vote& vote) { return !is_unreliable(now, vote.voter); });
}

bool Membership::is_unreliable(Instant now, MemberId accuser) const {
    return accusers_.is_unreliable(now, accuser, alive_count());
}

bool Membership::is_flapping(Instant now, MemberId member) const {
    return flaps_.hold(now, member) > Duration{};
}

bool Membership::is_quorum(Instant now, const Votes& votes) const {
    const bool is_enough = members_.size() <= kQuorumExemptMembers;
    const std::size_t needed = is_enough ? 1 : 2;
    return votes.size() >= needed && is_credible(now, votes);
}

/// Ours first, then the latest of the others. Blank: the overlay signs it on its way out.
Membership::Votes Membership::with_own(Votes votes) const {
    std::erase_if(votes, [this](const wire::Vote& vote) { return vote.voter == self_; });
    if (votes.size() >= kVotesMax) {
        votes.erase(votes.begin(), votes.end() - (kVotesMax - 1));
    }
    votes.insert(votes.begin(), wire::Vote{self_});
    return votes;
}

/// More votes for a death that we hold. It is news if only now we can prove it to others.
bool Membership::strengthen(Instant now, Position position, const Votes& votes) {
    const MemberId member = id_at(position);
    Votes& held = evidence_.at(member);
    const bool was_proof = is_quorum(now, held);
    for (const wire::Vote& vote : votes) {
        if (held.size() == kVotesMax) break;
        if (std::ranges::find(held, vote.voter, &wire::Vote::voter) == held.end()) {
            held.push_back(vote);
        }
    }
    const bool is_news = !was_proof && is_quorum(now, held);
    if (is_news) spread(member);
    return is_news;
}

// -- Suspicion -----------------------------------------------------------------------------------

void Membership::missed(Instant now, MemberId member) {
    const auto position = position_of(member);
    if (!position || member == self_) return;
    const Claim held = claim_of(*position);
    if (GV_MUTANT(no_suspicion) && !is_gone(held.status)) {
        return hear_death(now, *position, held.incarnation, with_own({}));
    }
    if (held.status == Status::alive) {
        if (!is_credible(now, with_own({}))) {
            ++counters_.dropped_unreliable;
            return;
        }
        const bool is_wrong = GV_MUTANT(accuse_the_next_life);
        begin_suspicion(now, *position, is_wrong ? held.incarnation.next() : held.incarnation,
                        with_own({}));
    } else if (held.status != Status::suspect || !add_vote(*position, wire::Vote{self_})) {
        return;
    }
    // The buddy rule: the suspect hears it first, and from everybody who found it silent.
    tell(member, member);
}

void Membership::begin_suspicion(Instant now, Position position, Incarnation incarnation,
                                 Votes votes) {
    assert(!votes.empty());
    const MemberId member = id_at(position);
    const bool was_gone = is_gone(claim_of(position).status);
    set_claim(now, position, {incarnation, Status::suspect});
    position = *position_of(member);
    Suspicion& suspicion = suspicions_[member];
    suspicion.times =
        SuspicionTimes::make(config_, alive_count()).held_for(flaps_.hold(now, member));
    suspicion.start = now;
    if (votes.size() > suspicion.times.confirmations_max + 1) {
        votes.resize(suspicion.times.confirmations_max + 1);
    }
    suspicion.votes = std::move(votes);
    suspicion.due = now + suspicion.times.timeout(suspicion.confirmations());
    schedule(member);
    ++counters_.suspicions;
    // Suspected in a later life than the one whose death we know: it must have come back unnoticed.
    if (was_gone) emit(Kind::returned, position);
    emit(Kind::suspected, position);
    spread(member);
}

bool Membership::add_vote(Position position, const wire::Vote& vote) {
    const MemberId member = id_at(position);
    Suspicion& suspicion = suspicions_.at(member);
    // Lifeguard, section IV-B: only the first K independent suspicions are news.
    if (suspicion.confirmations() >= suspicion.times.confirmations_max) return false;
    const auto twin = std::ranges::find(suspicion.votes, vote.voter, &wire::Vote::voter);
    if (twin != suspicion.votes.end()) return false;
    unschedule(member);
    suspicion.votes.push_back(vote);
    if (!suspicion.awaits_verdict) {
        suspicion.due = suspicion.start + suspicion.times.timeout(suspicion.confirmations());
    }
    schedule(member);
    spread(member);
    return true;
}

void Membership::declared(Instant now, MemberId member, Incarnation incarnation,
                          const Votes& votes) {
    const auto position = position_of(member);
    if (!position || member == self_) return;
    const Claim held = claim_of(*position);
    if (is_gone(held.status) || held.incarnation != incarnation) return;
    const Votes witnesses = of_witnesses(member, votes);
    Votes evidence = with_own(witnesses);
    // Who hears too little does not refuse: then it is a process that has ended, however often it
    // was taken back before. If that word is forged, a quorum has had no answer all the same.
    const bool is_refused = std::ranges::any_of(witnesses, &wire::Vote::is_refused);
    if ((is_refused || !is_flapping(now, member)) && is_quorum(now, evidence)) {
        return declare_dead(now, *position, std::move(evidence));
    }
    if (!witnesses.empty() && is_credible(now, witnesses)) {
        hear_suspicion(now, *position, incarnation, witnesses);
    }
    missed(now, member);
}

/// Before a record that overrules what is said about the member is taken over.
void Membership::cleared(Instant now, Position position, const wire::MemberRecord& record) {
    const Member& held = members_[position];
    const bool is_restart = held.record->boot != record.boot;
    if (held.status == Status::alive || is_restart || record.leaving) return;
    flaps_.returned(now, record.member);
    const auto suspicion = suspicions_.find(record.member);
    if (suspicion == suspicions_.end() || suspicion->second.votes.size() != 1) return;
    accusers_.refuted(now, suspicion->second.votes.front().voter, record.member);
}

void Membership::suspicion_is_due(Instant now, Position position) {
    if (!config_.last_chance_probe) {
        declare_dead(now, position, with_own(suspicions_.at(id_at(position)).votes));
        return;
    }
    const MemberId member = id_at(position);
    unschedule(member);
    Suspicion& suspicion = suspicions_.at(member);
    suspicion.awaits_verdict = true;
    suspicion.due = kNever;
    ++counters_.last_chances;
    outbox_.push_back(Confirm{member});
}

void Membership::confirmed(Instant now, MemberId member, bool is_alive) {
    const auto found = suspicions_.find(member);
    // Refuted in the meantime, or declared dead by somebody else.
    if (found == suspicions_.end() || !found->second.awaits_verdict) return;
    Suspicion& suspicion = found->second;
    if (!is_alive) {
        declare_dead(now, *position_of(member), with_own(suspicion.votes));
        return;
    }
    ++counters_.last_chances_saved;
    suspicion.awaits_verdict = false;
    suspicion.start = now;
    suspicion.due = now + suspicion.times.timeout(suspicion.confirmations());
    schedule(member);
    tell(member, member);
}

void Membership::declare_dead(Instant now, Position position, Votes votes) {
    if (GV_MUTANT(never_declare_dead)) return;
    const MemberId member = id_at(position);
    ++counters_.deaths;
    set_claim(now, position, {claim_of(position).incarnation, Status::dead});
    evidence_[member] = std::move(votes);
    emit(Kind::died, *position_of(member));
    spread(member);
}

}  // namespace grapevine::protocol
