#include "protocol/membership/membership.hpp"

#include <algorithm>
#include <cassert>
#include <memory>
#include <tuple>
#include <utility>

#include "base/limits.hpp"
#include "base/mutant.hpp"

namespace grapevine::protocol {

using wire::Status;
using Kind = MemberChange::Kind;

namespace {

/// Which of two records of one member is the newer. Boot and signature only decide between two
/// lives that claim the same incarnation (a disk image started twice): arbitrary, and the same
/// everywhere.
bool outranks(const wire::MemberRecord& left, const wire::MemberRecord& right) {
    return std::tie(left.incarnation, left.leaving, left.boot, left.signature) >
           std::tie(right.incarnation, right.leaving, right.boot, right.signature);
}

/// A sick accuser probes every member a few times in this many periods, slowed down ninefold by its
/// own local health.
constexpr int kAccuserWindowPeriods = 120;
/// So long it is ignored for that: four suspicions of its making in five minutes are bearable.
constexpr Duration kAccuserSentence = std::chrono::minutes(5);

Duration accuser_window(const ProtocolConfig& config) {
    return config.probe_period * kAccuserWindowPeriods;
}

}  // namespace

Membership::Membership(wire::SharedRecord self, ProtocolConfig config)
    : self_(self->member),
      config_(config),
      accusers_(accuser_window(config), std::max(kAccuserSentence, accuser_window(config))) {
    assert(self_ != kNobody);
    assert(!self->leaving);
    const Incarnation incarnation = self->incarnation;
    members_.push_back({std::move(self), Status::alive, incarnation, Instant{}});
    index_.insert(self_, 0, [this](Position at) { return id_at(at); });
}

void Membership::configure(const ProtocolConfig& config) {
    config_ = config;
    accusers_.configure(accuser_window(config), std::max(kAccuserSentence, accuser_window(config)));
}

// -- News from others ----------------------------------------------------------------------------

bool Membership::handle_record(Instant now, MemberId from, const wire::SharedRecord& record) {
    assert(record);
    if (record->member == self_) return hear_own_record(now, from, *record);
    if (const auto position = position_of(record->member)) {
        return merge_record(now, from, *position, record);
    }
    const auto floor = floors_.find(record->member);
    if (floor != floors_.end() && record->incarnation <= floor->second.incarnation) {
        ++counters_.dropped_old;
        return false;
    }
    return admit(now, record);
}

bool Membership::admit(Instant now, const wire::SharedRecord& record) {
    if (members_.size() >= kMembersMax) {
        ++counters_.dropped_full;
        return false;
    }
    const MemberId member = record->member;
    if (floors_.contains(member)) {
        unschedule(member);
        floors_.erase(member);
    }
    const Status status = record->leaving ? Status::left : Status::alive;
    reserve_one_more(members_);
    members_.push_back({record, status, record->incarnation, now});
    const auto position = static_cast<Position>(members_.size() - 1);
    index_.insert(member, position, [this](Position at) { return id_at(at); });
    place(position);
    schedule(member);
    emit(record->leaving ? Kind::left : Kind::joined, *position_of(member));
    spread(member);
    return true;
}

bool Membership::merge_record(Instant now, MemberId from, Position position,
                              const wire::SharedRecord& record) {
    const MemberId member = record->member;
    const Claim held = claim_of(position);
    const Claim told{record->incarnation, record->leaving ? Status::left : Status::alive};
    const bool is_newer_record = outranks(*record, *members_[position].record);
    if (told < held) {
        // The sender missed what we know; a member that was declared dead learns it here, and
        // refutes.
        ++counters_.dropped_old;
        tell(from, member);
    }
    if (told <= held && !is_newer_record) return false;

    if (told > held) cleared(now, position, *record);
    if (is_newer_record) {
        if (members_[position].record->boot != record->boot) flaps_.forget(member);
        members_[position].record = record;
    }
    if (told > held) set_claim(now, position, told);
    position = *position_of(member);
    Kind kind = Kind::updated;
    if (told > held && told.status != held.status) {
        if (told.status == Status::left) {
            kind = Kind::left;
        } else {
            kind = is_gone(held.status) ? Kind::returned : Kind::cleared;
        }
    }
    emit(kind, position);
    // Beneath an accusation a newer record changes nothing of what is told about the member.
    if (told < held) return false;
    spread(member);
    return true;
}

bool Membership::handle_accusation(Instant now, MemberId from, const wire::Accusation& accusation) {
    if (accusation.status != Status::suspect && accusation.status != Status::dead) {
        ++counters_.dropped_forged;
        return false;
    }
    if (accusation.member == self_) return hear_own_accusation(now, from, accusation);
    const auto position = position_of(accusation.member);
    if (!position) {
        // Without a record there is nobody to hold it against, and no address to ask.
        ++counters_.dropped_unknown;
        return false;
    }
    const std::uint64_t lead = kIncarnationLeadMax;
    if (accusation.incarnation.value() > members_[*position].record->incarnation.value() + lead) {
        ++counters_.dropped_forged;
        return false;
    }
    const Votes votes = of_witnesses(accusation.member, accusation.votes);
    const Claim held = claim_of(*position);
    const Claim told{accusation.incarnation, accusation.status};
    const bool is_old = told < held && !GV_MUTANT(merge_older_death);
    if (is_old) {
        ++counters_.dropped_old;
        tell(from, accusation.member);
    }
    if (held.status == Status::dead && held.incarnation == told.incarnation) {
        return strengthen(now, *position, votes);
    }
    if (is_old) return false;
    if (votes.empty()) {
        ++counters_.dropped_unproven;
        return false;
    }
    const bool is_suspect = held == Claim{told.incarnation, Status::suspect};
    if (!is_suspect && !is_credible(now, votes)) {
        ++counters_.dropped_unreliable;
        return false;
    }
    if (told.status == Status::suspect || !is_quorum(now, votes)) {
        return hear_suspicion(now, *position, told.incarnation, votes);
    }
    hear_death(now, *position, told.incarnation, votes);
    return true;
}

bool Membership::hear_suspicion(Instant now, Position position, Incarnation incarnation,
                                const Votes& votes) {
    if (claim_of(position) != Claim{incarnation, Status::suspect}) {
        begin_suspicion(now, position, incarnation, votes);
        return true;
    }
    bool is_news = false;
    for (const wire::Vote& vote : votes) is_news |= add_vote(position, vote);
    return is_news;
}

void Membership::hear_death(Instant now, Position position, Incarnation incarnation, Votes votes) {
    const MemberId member = id_at(position);
    const Kind kind = claim_of(position).status == Status::dead ? Kind::updated : Kind::died;
    if (kind == Kind::died) ++counters_.deaths_heard;
    set_claim(now, position,
              {incarnation, GV_MUTANT(death_is_leaving) ? Status::left : Status::dead});
    if (votes.size() > kVotesMax) votes.resize(kVotesMax);
    evidence_[member] = std::move(votes);
    emit(kind, *position_of(member));
    spread(member);
}

// -- News about ourselves ------------------------------------------------------------------------

bool Membership::hear_own_record(Instant now, MemberId from, const wire::MemberRecord& record) {
    const wire::MemberRecord& own = *self_record();
    if (is_leaving_) return false;
    if (record.incarnation == own.incarnation && record.boot == own.boot &&
        record.leaving == own.leaving) {
        return false;
    }
    if (record.incarnation < own.incarnation) {
        ++counters_.dropped_old;
        tell(from, self_);
        return false;
    }
    if (record.incarnation.value() == UINT32_MAX) {
        ++counters_.dropped_forged;
        return false;
    }
    // Another life of ours is believed to be the newer one: this disk was restored from an image,
    // or started twice.
    ++counters_.refutations;
    raise_own(now, record.incarnation, own);
    tell(from, self_);
    return true;
}

bool Membership::hear_own_accusation(Instant now, MemberId from,
                                     const wire::Accusation& accusation) {
    if (is_leaving_ || GV_MUTANT(no_refutation)) return false;
    const Incarnation own = self_record()->incarnation;
    if (accusation.incarnation < own) {
        ++counters_.dropped_old;
        tell(from, self_);
        return false;
    }
    const std::uint64_t highest =
        std::min<std::uint64_t>(std::uint64_t{own.value()} + kIncarnationLeadMax, UINT32_MAX - 1);
    if (accusation.incarnation.value() > highest) {
        ++counters_.dropped_forged;
        return false;
    }
    ++counters_.refutations;
    raise_own(now, accusation.incarnation, *self_record());
    outbox_.push_back(SelfRefuted{});
    // Every member that believes it has a timer running; the accuser's began first.
    tell(from, self_);
    if (accusation.accuser != from) {
        const Member* accuser = find(accusation.accuser);
        if (accuser && is_peer(*accuser)) tell(accusation.accuser, self_);
    }
    return true;
}

void Membership::raise_own(Instant now, Incarnation above, wire::MemberRecord next) {
    const wire::MemberRecord& own = *self_record();
    next.member = own.member;
    next.public_key = own.public_key;
    next.boot = own.boot;
    next.leaving = false;
    next.incarnation = std::max(above, own.incarnation).next();
    if (GV_MUTANT(refute_with_equal)) next.incarnation = own.incarnation;
    next.signature = {};
    const Incarnation incarnation = next.incarnation;
    const Position position = *position_of(self_);
    members_[position].record = std::make_shared<const wire::MemberRecord>(std::move(next));
    set_claim(now, position, {incarnation, Status::alive});
    // A restart must never gossip an incarnation that it forgot: disk first, network second.
    outbox_.push_back(Persist{incarnation});
    emit(Kind::updated, position);
    spread(self_);
}

void Membership::change_self(Instant now, wire::MemberRecord next) {
    if (is_leaving_) return;
    raise_own(now, self_record()->incarnation, std::move(next));
}

void Membership::leave(Instant now) {
    if (is_leaving_) return;
    is_leaving_ = true;
    // The same incarnation suffices: left outranks all else that can be said of this life.
    wire::MemberRecord goodbye = *self_record();
    goodbye.leaving = true;
    goodbye.signature = {};
    const Position position = *position_of(self_);
    const Incarnation incarnation = goodbye.incarnation;
    members_[position].record = std::make_shared<const wire::MemberRecord>(std::move(goodbye));
    set_claim(now, position, {incarnation, Status::left});
    emit(Kind::left, position);
    spread(self_);
}

// -- Those who speak although they are doubted ---------------------------------------------------

void Membership::heard_from(Instant now, MemberId from) {
    if (const auto floor = floors_.find(from); floor != floors_.end()) {
        if (now < floor->second.reminder) return;
        floor->second.reminder = now + config_.probe_period;
        return tell(from, from);
    }
    const Member* member = find(from);
    if (!member || from == self_) return;
    if (member->status != Status::suspect && member->status != Status::dead) return;
    const auto [reminder, is_first] = reminders_.try_emplace(from, now);
    if (!is_first && now < reminder->second) return;
    reminder->second = now + config_.probe_period;
    tell(from, from);
}

// -- Forgetting ----------------------------------------------------------------------------------

bool Membership::forget(Instant now, MemberId member) {
    const auto position = position_of(member);
    if (!position || member == self_ || !is_gone(members_[*position].status)) return false;
    forget_at(now, *position);
    return true;
}

void Membership::forget_at(Instant now, Position position) {
    const MemberId member = id_at(position);
    assert(member != self_ && position >= peer_count_);
    emit(Kind::forgotten, position);
    unschedule(member);
    const Incarnation incarnation = members_[position].incarnation;
    swap_positions(position, static_cast<Position>(members_.size() - 1));
    index_.erase(member, [this](Position at) { return id_at(at); });
    members_.pop_back();
    reminders_.erase(member);
    evidence_.erase(member);
    flaps_.forget(member);
    add_floor(now, member, incarnation);
}

void Membership::add_floor(Instant now, MemberId member, Incarnation incarnation) {
    if (GV_MUTANT(forget_the_floor)) return;
    if (floors_.size() >= kForgottenMax) {
        const auto oldest = std::ranges::find_if(
            timers_, [&](const auto& timer) { return floors_.contains(timer.second); });
        const MemberId displaced = oldest->second;
        unschedule(displaced);
        floors_.erase(displaced);
    }
    floors_[member] = {incarnation, now + config_.certificate_life, now};
    schedule(member);
}

std::optional<Incarnation> Membership::forgotten_at(MemberId member) const {
    const auto floor = floors_.find(member);
    if (floor == floors_.end()) return std::nullopt;
    return floor->second.incarnation;
}

// -- The wheel -----------------------------------------------------------------------------------

void Membership::advance(Instant now) {
    while (!timers_.empty() && timers_.begin()->first <= now) {
        const MemberId member = timers_.begin()->second;
        const auto position = position_of(member);
        if (!position) {
            unschedule(member);
            floors_.erase(member);
        } else if (members_[*position].status == Status::suspect) {
            suspicion_is_due(now, *position);
        } else {
            forget_at(now, *position);
        }
    }
}

std::optional<Membership::Action> Membership::poll() {
    // One name for both outcomes, so that it is built in place: g++ 12 warns wrongly about a
    // variant that holds a shared_ptr when it is moved once more on its way out.
    std::optional<Action> action;
    if (!outbox_.empty()) {
        action.emplace(std::move(outbox_.front()));
        outbox_.pop_front();
    }
    return action;
}

Instant Membership::deadline() const {
    return timers_.empty() ? kNever : timers_.begin()->first;
}

void Membership::emit(Kind kind, Position position) {
    MemberChange change{kind, members_[position]};
    if (const auto evidence = evidence_.find(id_at(position));
        kind == Kind::died && evidence != evidence_.end()) {
        change.is_refused = std::ranges::any_of(evidence->second, &wire::Vote::is_refused);
    }
    outbox_.push_back(Change{std::move(change)});
}

void Membership::spread(MemberId member) {
    outbox_.push_back(Spread{member});
}

void Membership::tell(MemberId to, MemberId member) {
    if (to != kNobody && to != self_) outbox_.push_back(Tell{to, member});
}

}  // namespace grapevine::protocol
