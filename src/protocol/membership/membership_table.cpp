// The view as a table: where a member stands, its one timer, and what others may ask about it. The
// rules that change it are in membership.cpp.

#include <algorithm>
#include <cassert>
#include <span>

#include "base/checksum.hpp"
#include "base/limits.hpp"
#include "protocol/membership/membership.hpp"
#include "protocol/neighbours.hpp"

namespace grapevine::protocol {

using wire::Status;

// -- The table -----------------------------------------------------------------------------------

void Membership::set_claim(Instant now, Position position, Claim claim) {
    const MemberId member = id_at(position);
    Member& held = members_[position];
    assert(claim > claim_of(position) || member == self_);
    unschedule(member);
    // A certificate of a later life lives from now, too.
    if (held.status != claim.status || is_gone(claim.status)) held.since = now;
    held.incarnation = claim.incarnation;
    held.status = claim.status;
    suspicions_.erase(member);
    evidence_.erase(member);
    if (claim.status == Status::alive || claim.status == Status::left) reminders_.erase(member);
    place(position);
    schedule(member);
}

/// Moves the member to its side of the border between peers and all others.
void Membership::place(Position position) {
    const bool belongs = is_peer(members_[position]);
    if (belongs && position >= peer_count_) {
        swap_positions(position, peer_count_);
        ++peer_count_;
    } else if (!belongs && position < peer_count_) {
        --peer_count_;
        swap_positions(position, peer_count_);
    }
}

void Membership::swap_positions(Position first, Position second) {
    if (first == second) return;
    index_.swap(id_at(first), id_at(second), [this](Position at) { return id_at(at); });
    std::swap(members_[first], members_[second]);
}

std::optional<Membership::Position> Membership::position_of(MemberId member) const {
    return index_.find(member, [this](Position at) { return id_at(at); });
}

Membership::Claim Membership::claim_of(Position position) const {
    return {members_[position].incarnation, members_[position].status};
}

MemberId Membership::id_at(Position position) const {
    return members_[position].record->member;
}

bool Membership::is_peer(const Member& member) const {
    return member.record->member != self_ && !is_gone(member.status);
}

/// When the one timer of `member` runs out; kNever if it has none.
Instant Membership::timer_of(MemberId member) const {
    const auto floor = floors_.find(member);
    if (floor != floors_.end()) return floor->second.until;
    const auto suspicion = suspicions_.find(member);
    if (suspicion != suspicions_.end()) return suspicion->second.due;
    const auto position = position_of(member);
    if (!position || member == self_ || !is_gone(members_[*position].status)) return kNever;
    return members_[*position].since + config_.certificate_life;
}

void Membership::schedule(MemberId member) {
    const Instant due = timer_of(member);
    if (due != kNever) timers_.emplace(due, member);
}

void Membership::unschedule(MemberId member) {
    timers_.erase({timer_of(member), member});
}

// -- Questions -----------------------------------------------------------------------------------

MemberId Membership::self() const {
    return self_;
}

const wire::SharedRecord& Membership::self_record() const {
    return members_[*position_of(self_)].record;
}

const Member* Membership::find(MemberId member) const {
    const auto position = position_of(member);
    return position ? &members_[*position] : nullptr;
}

std::vector<MemberId> Membership::ids() const {
    std::vector<MemberId> ids;
    ids.reserve(members_.size());
    for (const Member& member : members_) ids.push_back(member.record->member);
    std::ranges::sort(ids);
    return ids;
}

std::size_t Membership::alive_count() const {
    return peer_count_ + (is_leaving_ ? 0U : 1U);
}

std::uint64_t Membership::fingerprint() const {
    std::uint64_t sum = is_leaving_ ? 0 : mix64(self_.value());
    for (Position at = 0; at < peer_count_; ++at) sum += mix64(id_at(at).value());
    return sum;
}

std::optional<wire::RumorItem> Membership::item_for(MemberId member) const {
    const Member* held = find(member);
    if (!held) {
        const auto floor = forgotten_at(member);
        if (!floor) return std::nullopt;
        return wire::Accusation{member, *floor, Status::dead, self_};
    }
    switch (held->status) {
        case Status::alive:
        case Status::left:
            return held->record;
        case Status::suspect: {
            // The latest votes: those are the ones that may be news.
            const Votes& votes = suspicions_.at(member).votes;
            const std::size_t count = std::min(votes.size(), kVotesMax);
            return wire::Accusation{
                member, held->incarnation, Status::suspect, votes.back().voter,
                Votes(votes.end() - static_cast<std::ptrdiff_t>(count), votes.end())};
        }
        case Status::dead:
            return wire::Accusation{member, held->incarnation, Status::dead, self_,
                                    evidence_.at(member)};
    }
    return std::nullopt;
}

std::size_t Membership::peer_count() const {
    return peer_count_;
}

std::vector<MemberId> Membership::pick(Random& random, std::size_t count, MemberId except) const {
    std::vector<MemberId> picked;
    if (peer_count_ <= 2 * (count + 1)) {
        for (Position at = 0; at < peer_count_; ++at) {
            if (id_at(at) != except) picked.push_back(id_at(at));
        }
        random.shuffle(std::span(picked));
        if (picked.size() > count) picked.resize(count);
        return picked;
    }
    // More than twice as many peers as wanted: each try hits with a probability above one half.
    while (picked.size() < count) {
        const MemberId peer = id_at(static_cast<Position>(random.below(peer_count_)));
        if (peer == except || std::ranges::find(picked, peer) != picked.end()) continue;
        picked.push_back(peer);
    }
    return picked;
}

std::vector<MemberId> Membership::neighbours(std::size_t count) const {
    std::vector<MemberId> peers;
    peers.reserve(peer_count());
    for (Position at = 0; at < peer_count(); ++at) peers.push_back(id_at(at));
    return ring_neighbours(self_, peers, count);
}

std::optional<MemberId> Membership::pick_dead(Random& random) const {
    std::vector<MemberId> dead;
    for (Position at = peer_count_; at < members_.size(); ++at) {
        if (members_[at].status == Status::dead) dead.push_back(id_at(at));
    }
    if (dead.empty()) return std::nullopt;
    return dead[random.below(dead.size())];
}

const Membership::Counters& Membership::counters() const {
    return counters_;
}

void Membership::check_invariants() const {
    assert(index_.count() == members_.size());
    assert(members_.size() <= kMembersMax && floors_.size() <= kForgottenMax);
    const auto assert_votes = [](MemberId accused, const Votes& votes) {
        assert(!votes.empty());
        for (auto vote = votes.begin(); vote != votes.end(); ++vote) {
            assert(vote->voter != accused && vote->voter != kNobody);
            assert(std::find_if(votes.begin(), vote, [&](const wire::Vote& other) {
                       return other.voter == vote->voter;
                   }) == vote);
        }
    };
    std::size_t suspect_count = 0;
    std::size_t dead_count = 0;
    std::size_t timer_count = floors_.size();
    for (Position at = 0; at < members_.size(); ++at) {
        const Member& member = members_[at];
        const MemberId id = id_at(at);
        assert(position_of(id) == at);
        assert(is_peer(member) == (at < peer_count_));
        assert(member.incarnation >= member.record->incarnation);
        assert(!floors_.contains(id));
        // Who is alive or has left said so itself.
        if (member.status == Status::alive || member.status == Status::left) {
            assert(member.incarnation == member.record->incarnation);
            assert((member.status == Status::left) == member.record->leaving);
        }
        if (member.status == Status::suspect) ++suspect_count;
        if (member.status == Status::dead) {
            ++dead_count;
            assert_votes(id, evidence_.at(id));
            assert(evidence_.at(id).size() <= kVotesMax);
        }
        if (timer_of(id) != kNever) {
            assert(timers_.contains({timer_of(id), id}));
            ++timer_count;
        }
    }
    assert(timers_.size() == timer_count);
    assert(suspicions_.size() == suspect_count && evidence_.size() == dead_count);
    for (const auto& [id, suspicion] : suspicions_) {
        assert(find(id) && find(id)->status == Status::suspect);
        assert(suspicion.awaits_verdict == (suspicion.due == kNever));
        assert_votes(id, suspicion.votes);
        assert(suspicion.confirmations() <= suspicion.times.confirmations_max);
    }
    const Member* self = find(self_);
    assert(self && self->status == (is_leaving_ ? Status::left : Status::alive));
}

}  // namespace grapevine::protocol
