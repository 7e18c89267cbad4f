// Questions to other members, and theirs to us. See node.hpp and query/gather.hpp.

#include "base/overloaded.hpp"
#include "protocol/node.hpp"
#include "protocol/rumor/trace_bodies.hpp"

namespace grapevine::protocol {

Outcome<std::uint64_t> Node::ask(Instant now, const std::vector<MemberId>& targets,
                                 QuestionKind kind, Bytes body, Duration patience,
                                 Gather::Telling telling) {
    const auto number = gather_.ask(now, targets, kind, std::move(body), now + patience, telling);
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

void Node::cancel(Instant now, std::uint64_t number) {
    gather_.cancel(number);
    finish(now);
}

void Node::answer(Instant now, MemberId to, std::uint64_t number, Bytes body) {
    gather_.answer(now, to, number, std::move(body));
    finish(now);
}

bool Node::settle_questions(Instant now) {
    bool is_busy = false;
    while (auto action = gather_.poll()) {
        is_busy = true;
        std::visit(
            Overloaded{
                [&](Gather::Send& send) {
                    if (!is_peer(send.to)) return;
                    waiting_for(send.to).sections.push_back(std::move(send.section));
                },
                [&](Gather::Asked& asked) { answer(now, asked); },
                [&](Gather::Answered& answered) { outbox_.emplace_back(std::move(answered)); },
                [&](Gather::Gathered& gathered) {
                    if (take_fetched(now, gathered)) return;
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

void Node::set_wall(Instant now, std::int64_t unix_us) {
    wall_zero_us_ =
        unix_us -
        std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count();
}

/// Those kinds that are not known here, and questions that cannot be read, draw no answer.
void Node::answer(Instant now, Gather::Asked& asked) {
    switch (static_cast<QuestionKind>(asked.kind)) {
        case QuestionKind::reachability:
            asked_reachability(now, asked);
            break;
        case QuestionKind::state_cell:
            gather_.answer(now, asked.from, asked.number, state_.answer_fetch(asked.body));
            break;
        case QuestionKind::trace:
            if (auto body = answer_trace(now, asked.body)) {
                gather_.answer(now, asked.from, asked.number, std::move(*body));
            }
            break;
        case QuestionKind::query:
        case QuestionKind::zone_offer:
        case QuestionKind::zone_rows:
            outbox_.emplace_back(std::move(asked));
            break;
    }
}

std::optional<Bytes> Node::answer_trace(Instant now, ByteView question) const {
    const auto event = decode_trace_question(question);
    if (!event) return std::nullopt;
    const auto microseconds = [](Duration duration) {
        return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
    };
    TraceAnswer answer;
    if (wall_zero_us_ != 0) answer.wall_us = wall_zero_us_ + microseconds(now.time_since_epoch());
    const std::uint32_t channel = event->stream.channel;
    const Events* bus = channel == 0 ? &events_ : channels_.find(channel);
    if (bus == nullptr) return encode_trace_answer(answer);
    answer.has_event = bus->retains(*event);
    if (const TraceNote* note = bus->traces().find(now, *event)) {
        answer.has_event = true;
        answer.note =
            TraceAnswer::Note{note->from, note->hops, note->repair, note->duplicates,
                              static_cast<std::uint64_t>(microseconds(now - note->learned_at))};
    }
    return encode_trace_answer(answer);
}

}  // namespace grapevine::protocol
