// Questions to other members, and theirs to us. See node.hpp and query/gather.hpp.

#include "base/overloaded.hpp"
#include "protocol/node.hpp"

namespace grapevine::protocol {

Outcome<std::uint64_t> Node::ask(Instant now, const std::vector<MemberId>& targets,
                                 QuestionKind kind, Bytes body, Duration patience) {
    const auto number = gather_.ask(now, targets, kind, std::move(body), now + patience);
    if (number) {
        // Nothing can be sent to those who are gone: they are named silent without being waited
        // for.
        for (const MemberId member : targets) {
            if (member != membership_.self() && !is_peer(member)) {
                gather_.peer_left(now, member);
            }
        }
    }
    finish(now);
    return number;
}

bool Node::settle_questions(Instant now) {
    bool is_busy = false;
    while (auto action = gather_.poll()) {
        is_busy = true;
        std::visit(Overloaded{
                       [&](Gather::Send& send) {
                           if (!is_peer(send.to)) return;
                           waiting_for(send.to).sections.push_back(std::move(send.section));
                       },
                       [&](const Gather::Asked& asked) { answer(now, asked); },
                       [&](Gather::Gathered& gathered) {
                           learn_from(now, gathered);
                           outbox_.push_back(std::move(gathered));
                       },
                   },
                   *action);
    }
    is_busy |= pay_reach_debts(now);
    return is_busy;
}

bool Node::is_peer(MemberId id) const {
    const Member* member = membership_.find(id);
    return member != nullptr && id != membership_.self() &&
           (member->status == wire::Status::alive || member->status == wire::Status::suspect);
}

/// Those kinds that are not known here draw no answer.
void Node::answer(Instant now, const Gather::Asked& asked) {
    if (asked.kind == static_cast<std::uint8_t>(QuestionKind::reachability)) {
        asked_reachability(now, asked);
    }
}

}  // namespace grapevine::protocol
