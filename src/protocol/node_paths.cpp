#include <algorithm>

#include "base/overloaded.hpp"
#include "protocol/node.hpp"

namespace grapevine::protocol {
namespace {

/// A driver that was later than this in the time of a ping has spoilt its round trip. What is less
/// than that, the median of three takes care of.
constexpr Duration kSampleLatenessMax = std::chrono::milliseconds(5);
/// Members near us that are preferred as helpers, and how often we look who they are.
constexpr std::size_t kNearMax = 8;
constexpr Duration kNearInterval = std::chrono::seconds(10);

}  // namespace

// -- How far away and how reachable the others are --

void Node::note_lateness(Instant now) {
    const Instant due = deadline();
    if (due != Instant{} && due < now - kSampleLatenessMax) late_at_ = now;
}

void Node::answered(Instant now, const Detector::Answered& answer) {
    if (answer.is_relayed) {
        // Heartbeats come by hearsay, and nobody was asked: that says nothing of a path.
        if (config_.detector != DetectorKind::heartbeat) paths_.relayed(now, answer.member);
        return;
    }
    paths_.answered(now, answer.member);
    if (answer.round_trip > Duration::zero()) measured(now, answer.member, answer.round_trip);
}

void Node::measured(Instant now, MemberId member, Duration round_trip) {
    note_lateness(now);
    // Sent before we were found to be late, or in the same breath: an answer may have waited for us
    // to wake up.
    if (late_at_ != Instant{} && now - round_trip <= late_at_) return;
    if (detector_->local_health() > 0) return;
    coordinates_.measured(now, member, round_trip);
    if (now < next_near_) return;
    next_near_ = now + kNearInterval;
    const std::vector<MemberId> near = coordinates_.nearest(kNearMax);
    detector_->prefer(near);
    paths_.prefer(near);
}

void Node::handle_answer(Instant now, MemberId from, const ProbeMessage& message) {
    const auto* ack = std::get_if<wire::Ack>(&message);
    const auto* nack = std::get_if<wire::Nack>(&message);
    const ProbeSequence sequence = ack != nullptr    ? ack->sequence
                                   : nack != nullptr ? nack->sequence
                                                     : ProbeSequence{};
    if (Paths::is_ours(sequence)) {
        paths_.handle(now, from, message);
    } else if (Zones::is_ours(sequence)) {
        zones_.handle(now, from, message);
    } else {
        detector_->handle(now, from, message);
    }
}

bool Node::settle_paths(Instant now) {
    bool is_busy = false;
    while (auto action = paths_.poll()) {
        is_busy = true;
        std::visit(Overloaded{
                       [&](Paths::SendProbe& probe) { send_probe(probe.to, probe.message); },
                       [&](const Paths::Measured& sample) {
                           measured(now, sample.member, sample.round_trip);
                       },
                       [&](const Paths::Changed& changed) { outbox_.push_back(changed); },
                   },
                   *action);
    }
    return is_busy;
}

void Node::follow_paths(Instant now, const MemberChange& change) {
    const MemberId id = change.member.record->member;
    switch (change.kind) {
        case MemberChange::Kind::died:
        case MemberChange::Kind::left:
            coordinates_.forget(id);
            paths_.gone(now, id);
            break;
        case MemberChange::Kind::joined:
        case MemberChange::Kind::returned:
        case MemberChange::Kind::forgotten:
            coordinates_.forget(id);
            paths_.forget(id);
            break;
        case MemberChange::Kind::updated:
        case MemberChange::Kind::suspected:
        case MemberChange::Kind::cleared:
            break;
    }
}

void Node::add_coordinate(Instant now, Waiting& waiting) {
    const bool has_ack = std::ranges::any_of(waiting.probes, [](const wire::Section& section) {
        return std::holds_alternative<wire::Ack>(section);
    });
    if (!has_ack) return;
    // In front: it is known when the ack is taken.
    if (const auto place = coordinates_.to_tell(now, waiting.to)) {
        waiting.probes.insert(waiting.probes.begin(), *place);
    }
}

}  // namespace grapevine::protocol
