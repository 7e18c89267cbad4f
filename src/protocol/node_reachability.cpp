// What we say when somebody asks whom we reach, and what we learn when we ask. See
// query/reachability.hpp.

#include <algorithm>

#include "protocol/node.hpp"

namespace grapevine::protocol {
namespace {

/// For examinations that wait for others to end; then what is known has to do.
constexpr Duration kTurnPatience = std::chrono::seconds(3);

constexpr std::chrono::milliseconds kAgeTold{(1 << 28) - 1};

}  // namespace

void Node::asked_reachability(Instant now, const Gather::Asked& asked) {
    const auto question = decode_reach_question(asked.body);
    if (!question) return;
    ReachDebt debt{asked.from, asked.number, question->subject, {}, now};
    if (question->subject == kNobody && reach_debts_.size() < kReachWaitingMax) {
        for (const MemberId member : membership_.ids()) {
            if (!is_peer(member) || debt.examined.size() >= kReachFreshMax) continue;
            paths_.examine(now, member, question->age_max);
            if (paths_.is_examining(member)) debt.examined.push_back(member);
        }
        debt.due = now + paths_.examination_time() + kTurnPatience;
    }
    reach_debts_.push_back(std::move(debt));
}

bool Node::pay_reach_debts(Instant now) {
    bool is_busy = false;
    for (std::size_t at = 0; at < reach_debts_.size();) {
        ReachDebt& debt = reach_debts_[at];
        if (now < debt.due) {
            std::erase_if(debt.examined,
                          [this](MemberId member) { return !paths_.is_examining(member); });
        }
        if (now < debt.due && !debt.examined.empty()) {
            ++at;
            continue;
        }
        gather_.answer(now, debt.asker, debt.number, encode(reach_answer(now, debt.subject)));
        reach_debts_.erase(reach_debts_.begin() + static_cast<std::ptrdiff_t>(at));
        is_busy = true;
    }
    return is_busy;
}

Instant Node::reach_deadline() const {
    Instant due = kNever;
    for (const ReachDebt& debt : reach_debts_) due = std::min(due, debt.due);
    return due;
}

ReachAnswer Node::reach_answer(Instant now, MemberId subject) const {
    ReachAnswer answer;
    answer.place = coordinates_.own();
    std::vector<ReachAnswer::Row> fine;
    for (const MemberId member : membership_.ids()) {
        if (!is_peer(member) || (subject != kNobody && member != subject)) continue;
        const Paths::Known known = paths_.of(now, member);
        ReachAnswer::Row row{member, known.latest, {}, {}};
        if (known.latest != Path::unknown) {
            row.age = std::min(kAgeTold, std::chrono::duration_cast<std::chrono::milliseconds>(
                                             now - known.checked));
        }
        if (const auto measured = coordinates_.between(membership_.self(), member).measured) {
            row.round_trip = static_cast<std::uint32_t>(
                std::max<Duration::rep>(1, (*measured + kReachStep / 2) / kReachStep));
        }
        const bool is_fine = known.latest == Path::both || known.latest == Path::unknown;
        (is_fine ? fine : answer.rows).push_back(row);
    }
    // If not all fit, those with trouble do.
    const std::size_t room = kReachRowsMax - std::min(kReachRowsMax, answer.rows.size());
    if (fine.size() > room) fine.resize(room);
    if (answer.rows.size() > kReachRowsMax) answer.rows.resize(kReachRowsMax);
    answer.rows.insert(answer.rows.end(), fine.begin(), fine.end());
    std::ranges::sort(answer.rows, {}, &ReachAnswer::Row::member);
    return answer;
}

void Node::learn_from(Instant now, const Gather::Gathered& gathered) {
    if (gathered.kind != static_cast<std::uint8_t>(QuestionKind::reachability)) return;
    // Their places come along: members that we have never met are then no longer of unknown
    // distance.
    for (const Gather::Answer& told : gathered.answers) {
        const auto answer = decode_reach_answer(told.body);
        if (!answer || !is_peer(told.member)) continue;
        coordinates_.heard(now, told.member, answer->place);
    }
}

}  // namespace grapevine::protocol
