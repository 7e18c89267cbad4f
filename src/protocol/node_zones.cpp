// What zones mean for a node: whom it watches and talks to, and whose word it takes about whom. See
// zones.hpp, and docs/internals/zones.md.

#include <algorithm>

#include "base/overloaded.hpp"
#include "protocol/node.hpp"

namespace grapevine::protocol {
namespace {

/// The value of a label in a record; empty if it has none.
std::string_view label_of(const wire::MemberRecord& record, std::string_view key) {
    const auto label = std::ranges::find(record.labels, key, &wire::Label::key);
    return label == record.labels.end() ? std::string_view() : std::string_view(label->value);
}

}  // namespace

void Node::seat(Instant now, const Member& member, MemberChange::Kind kind) {
    if (!zones_.is_on()) return;
    Zones::Standing standing = Zones::Standing::gone;
    if (kind == MemberChange::Kind::forgotten) {
        // It was gone before.
    } else if (member.status == wire::Status::alive) {
        standing = Zones::Standing::alive;
    } else if (member.status == wire::Status::suspect) {
        standing = Zones::Standing::suspect;
    }
    zones_.place(now, member.record->member, label_of(*member.record, config_.zone_label),
                 standing);
}

bool Node::settle_zones(Instant now) {
    bool is_busy = false;
    while (auto action = zones_.poll()) {
        is_busy = true;
        std::visit(Overloaded{
                       [&](const Zones::Inside& change) {
                           if (change.is_inside) {
                               detector_->add(change.member);
                               place(*membership_.find(change.member)->record);
                           } else {
                               detector_->remove(change.member);
                           }
                       },
                       [&](const Zones::Linked& change) {
                           if (change.is_linked) {
                               link(now, change.member);
                           } else {
                               unlink(now, change.member);
                           }
                       },
                       [&](Zones::SendProbe& probe) { send_probe(probe.to, probe.message); },
                       [&](const Zones::Measured& sample) {
                           paths_.answered(now, sample.member);
                           measured(now, sample.member, sample.round_trip);
                       },
                       [&](const Zones::Silent& silent) {
                           for (const MemberId member : silent.members) {
                               membership_.missed(now, member);
                               settle_membership(now);
                           }
                       },
                   },
                   *action);
    }
    return is_busy;
}

/// The detector watches our zone. Of a member of another one, a representative knows whether
/// anything is heard of that zone; whoever is none lets the suspicion go on until a representative
/// has decided.
bool Node::confirm_outside(Instant now, MemberId member) {
    if (!zones_.is_on() || zones_.is_inside(member)) return false;
    membership_.confirmed(now, member, !zones_.is_silent(now, member));
    return true;
}

/// A suspect of another zone is not told so by each of us: its zone is told by representatives, and
/// tells it. Whoever has just spoken to us is answered.
bool Node::may_tell(MemberId to) const {
    if (!zones_.is_on() || zones_.is_inside(to) || to == told_by_) return true;
    return zones_.is_representative(membership_.self()) && zones_.is_representative(to);
}

/// A member is judged by its own zone, and a zone as a whole by each other zone for itself. So the
/// votes must be of one of these two.
bool Node::is_competent(const wire::Accusation& accusation) const {
    if (!zones_.is_on() || accusation.member == membership_.self()) return true;
    const auto may_judge = [&](MemberId voter) {
        return zones_.is_same_zone(voter, accusation.member) || zones_.is_inside(voter);
    };
    // One that is gone has no zone any more, and nobody is harmed by what is said of it.
    if (!zones_.is_same_zone(accusation.member, accusation.member)) return true;
    if (accusation.votes.empty()) return may_judge(accusation.accuser);
    return std::ranges::any_of(accusation.votes, may_judge, &wire::Vote::voter);
}

/// Elsewhere somebody of our zone is taken for suspect or dead. We know better, or will: it hears
/// of it, and clears its name.
void Node::pass_on(MemberId from, const wire::Accusation& accusation) {
    const Member* accused = membership_.find(accusation.member);
    if (accused == nullptr || !zones_.is_inside(accusation.member)) return;
    if (accused->incarnation > accusation.incarnation) {
        tell(from, accusation.member);
        return;
    }
    ++counters_.accusations_passed_on;
    waiting_for(accusation.member).items.emplace_back(accusation);
}

/// What comes by anti-entropy is old, and not told on; but not if it comes from another zone: then
/// we are the first of ours.
bool Node::is_worth_telling() const {
    return !is_repair_ || (told_by_ != kNobody && !zones_.is_inside(told_by_));
}

/// Dead members of other zones are tried again by representatives only.
std::optional<MemberId> Node::pick_lost() {
    constexpr int kDraws = 8;
    for (int draw = 0; draw < kDraws; ++draw) {
        const auto dead = membership_.pick_dead(random_);
        if (!dead || !zones_.is_on()) return dead;
        const bool is_ours = label_of(*membership_.find(*dead)->record, config_.zone_label) ==
                             label_of(*membership_.self_record(), config_.zone_label);
        if (is_ours || zones_.is_representative(membership_.self())) return dead;
    }
    return std::nullopt;
}

}  // namespace grapevine::protocol
