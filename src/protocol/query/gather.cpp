#include "protocol/query/gather.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <fmt/core.h>
#include <iterator>
#include <utility>

namespace grapevine::protocol {
namespace {

/// What one part of an answer takes of its asker's allowance.
constexpr Duration kPartCost =
    std::chrono::duration_cast<Duration>(std::chrono::seconds(1)) / kAnswerPartsPerSecond;
constexpr Duration kAllowance = kPartCost * kAnswerPartsBurst;

std::size_t part_count_of(std::size_t bytes) {
    return bytes == 0 ? 1 : (bytes + kAnswerPartBytes - 1) / kAnswerPartBytes;
}

/// The decoder has checked it; a machine does not rely on that.
bool is_sound(const wire::AnswerPart& part) {
    if (part.count < 1 || part.count > kAnswerPartsMax || part.index >= part.count) return false;
    if (part.index + 1 < part.count) return part.body.size() == kAnswerPartBytes;
    return part.body.size() <= kAnswerPartBytes && (part.count == 1 || !part.body.empty());
}

Outcome<void> check_question(std::size_t open, std::size_t targets, std::size_t body_bytes) {
    const auto refuse = [](std::string message, std::string cure, std::string field) {
        return std::unexpected(Refusal{Refusal::Code::over_limit, std::move(message),
                                       std::move(cure), std::move(field)});
    };
    if (body_bytes > kQuestionBytesMax) {
        return refuse(fmt::format("the question has {} bytes", body_bytes),
                      fmt::format("at most {} are possible", kQuestionBytesMax), "question");
    }
    if (targets > kMembersMax) {
        return refuse(fmt::format("{} members are to be asked", targets),
                      fmt::format("at most {} are possible", kMembersMax), "targets");
    }
    if (open >= kGathersMax) {
        return refuse(fmt::format("{} questions to members are open", open),
                      "wait until one of them has ended", "");
    }
    return {};
}

}  // namespace

Gather::Gather(MemberId self, std::uint64_t seed) : self_(self), random_(seed) {}

// -- Asking --

Outcome<std::uint64_t> Gather::ask(Instant now, const std::vector<MemberId>& targets,
                                   QuestionKind kind, Bytes body, Instant deadline,
                                   Telling telling) {
    GV_TRY_VOID(check_question(open_.size(), targets.size(), body.size()));
    std::uint64_t number = random_.next();
    while (number == 0 || open_.contains(number)) number = random_.next();
    Open& question = open_[number];
    question.kind = static_cast<std::uint8_t>(kind);
    question.telling = telling;
    question.body = std::move(body);
    question.deadline = std::min(deadline, now + kPatienceMax);
    for (const MemberId member : targets) {
        const auto [found, is_new] = question.waiting.try_emplace(member);
        if (!is_new) continue;
        found->second.due = kNever;
        if (member != self_) {
            set_due(number, member, found->second, now);
            continue;
        }
        found->second.asked_at = now;
        outbox_.push(Asked{self_, number, question.kind, question.body});
    }
    if (!finish_if_done(open_.find(number))) advance(now);
    return number;
}

void Gather::cancel(std::uint64_t number) {
    const auto found = open_.find(number);
    if (found == open_.end()) return;
    Open& open = found->second;
    while (!open.waiting.empty()) drop_target(number, open, open.waiting.begin()->first);
    for (const auto& [member, answer] : open.answers) gathered_bytes_ -= answer.body.size();
    open_.erase(found);
}

/// Of those that are lacking, `room` at most. They are asked for in rounds: what was asked for in
/// this one may still be on its way.
std::uint64_t Gather::pick_parts(Target& target, std::size_t room) {
    if (target.parts.empty()) return 1;
    const auto lacks = [&target](std::size_t index) { return target.parts[index].empty(); };
    std::uint64_t wanted = 0;
    while (wanted == 0) {
        if (target.next >= target.parts.size()) target.next = 0;
        for (; target.next < target.parts.size(); ++target.next) {
            if (!lacks(target.next)) continue;
            if (room-- == 0) break;
            wanted |= std::uint64_t{1} << target.next;
        }
    }
    return wanted;
}

/// How many parts were asked for, of `room` at most.
std::size_t Gather::put(Instant now, std::uint64_t number, Open& question, MemberId member,
                        std::size_t room) {
    Target& target = question.waiting.at(member);
    const std::uint64_t wanted = pick_parts(target, room);
    const auto count = static_cast<std::size_t>(std::popcount(wanted));
    outbox_.push(Send{member, wire::Question{number, question.kind, wanted, question.body}});
    ++(target.attempts == 0 ? counters_.asked : counters_.repeated);
    ++target.attempts;
    target.asked_at = now;
    if (target.next < target.parts.size()) {
        set_due(number, member, target, now);
        return count;
    }
    // Spread by up to a quarter, so that those who were asked together do not stay together.
    const double spread = 1 + random_.unit() / 4;
    set_due(number, member, target,
            now + std::chrono::duration_cast<Duration>(target.retry * spread));
    const bool is_even = target.parts.empty() && target.attempts < kRetriesEven;
    if (!is_even) target.retry = std::min(2 * target.retry, kRetryMax);
    return count;
}

void Gather::set_due(std::uint64_t number, MemberId member, Target& target, Instant due) {
    if (target.due != kNever) due_.erase({target.due, number, member});
    target.due = due;
    if (due != kNever) due_.emplace(due, number, member);
}

void Gather::handle(Instant now, MemberId from, const wire::AnswerPart& part) {
    const auto question = open_.find(part.number);
    const bool is_ours = question != open_.end() && question->second.waiting.contains(from);
    if (!is_ours || !is_sound(part)) {
        ++counters_.dropped_stray;
        return;
    }
    Target& target = question->second.waiting.at(from);
    if (!take_part(now, target, part)) return;
    if (target.parts_here < part.count) {
        // It is alive and telling: what is lost of it is asked for after a pause of the first size;
        // what has not been asked for yet, in the next burst.
        target.retry = target.round_trip
                           ? std::clamp(3 * *target.round_trip, kRetryPartMin, kRetryFirst)
                           : kRetryFirst;
        const bool is_round_over = target.next >= target.parts.size();
        set_due(part.number, from, target, is_round_over ? now + target.retry : now);
        advance(now);
        return;
    }
    Bytes body;
    body.reserve(target.bytes);
    for (const Bytes& piece : target.parts) body.insert(body.end(), piece.begin(), piece.end());
    ++counters_.answered;
    complete(now, question, from, std::move(body));
}

bool Gather::take_part(Instant now, Target& target, const wire::AnswerPart& part) {
    if (target.parts.size() != part.count) {
        // The first part, or a member that forgot its answer and made another: the later one holds.
        gathered_bytes_ -= target.bytes;
        target.bytes = 0;
        target.parts_here = 0;
        target.parts.assign(part.count, {});
        target.next = 1;
        target.answered_at = now;
        if (target.attempts == 1) target.round_trip = now - target.asked_at;
    }
    Bytes& piece = target.parts[part.index];
    // Only the one part of an empty answer is empty, and with it the answer is whole.
    if (!piece.empty()) return false;
    if (gathered_bytes_ + part.body.size() > kGatherBytesMax) {
        ++counters_.dropped_full;
        return false;
    }
    piece = part.body;
    ++target.parts_here;
    target.bytes += piece.size();
    gathered_bytes_ += piece.size();
    return true;
}

void Gather::complete(Instant now, Questions::iterator question, MemberId member, Bytes body) {
    Target& target = question->second.waiting.at(member);
    if (member == self_) {
        target.answered_at = now;
        target.round_trip = now - target.asked_at;
        target.bytes = body.size();
        gathered_bytes_ += body.size();
    }
    Answer answer{member, std::move(body), target.round_trip, target.answered_at};
    if (question->second.telling == Telling::as_they_come) {
        outbox_.push(Answered{question->first, question->second.kind, std::move(answer)});
    } else {
        // The bytes stay counted: they move to the answer, and are given back when the question
        // ends.
        question->second.answers.emplace(member, std::move(answer));
        target.bytes = 0;
    }
    drop_target(question->first, question->second, member);
    finish_if_done(question);
}

void Gather::drop_target(std::uint64_t number, Open& question, MemberId member) {
    const auto found = question.waiting.find(member);
    assert(found != question.waiting.end());
    set_due(number, member, found->second, kNever);
    gathered_bytes_ -= found->second.bytes;
    question.waiting.erase(found);
}

void Gather::peer_left(Instant now, MemberId member) {
    (void)now;
    for (auto question = open_.begin(); question != open_.end();) {
        const auto next = std::next(question);
        if (question->second.waiting.contains(member)) {
            drop_target(question->first, question->second, member);
            question->second.silent.insert(member);
            finish_if_done(question);
        }
        question = next;
    }
}

bool Gather::finish_if_done(Questions::iterator question) {
    if (!question->second.waiting.empty()) return false;
    finish(question);
    return true;
}

void Gather::finish(Questions::iterator question) {
    Open& open = question->second;
    while (!open.waiting.empty()) {
        const MemberId member = open.waiting.begin()->first;
        drop_target(question->first, open, member);
        open.silent.insert(member);
    }
    Gathered gathered{question->first, open.kind, {}, {open.silent.begin(), open.silent.end()}};
    for (auto& [member, answer] : open.answers) {
        gathered_bytes_ -= answer.body.size();
        gathered.answers.push_back(std::move(answer));
    }
    counters_.silent += gathered.silent.size();
    open_.erase(question);
    outbox_.push(std::move(gathered));
}

void Gather::advance(Instant now) {
    for (auto question = open_.begin(); question != open_.end();) {
        const auto next = std::next(question);
        if (question->second.deadline <= now) finish(question);
        question = next;
    }
    while (!held_order_.empty() && held_order_.begin()->first + kHeldLife <= now) {
        forget_held(held_.find(held_order_.begin()->second));
    }
    if (now < burst_at_) return;
    for (std::size_t room = kGatherBurst; room > 0;) {
        if (due_.empty() || std::get<Instant>(*due_.begin()) > now) return;
        const auto [due, number, member] = *due_.begin();
        burst_at_ = now + kPace;
        room -= put(now, number, open_.at(number), member, room);
    }
}

Instant Gather::deadline() const {
    Instant next = kNever;
    for (const auto& [number, question] : open_) next = std::min(next, question.deadline);
    if (!due_.empty()) next = std::min(next, std::max(burst_at_, std::get<Instant>(*due_.begin())));
    if (!held_order_.empty()) next = std::min(next, held_order_.begin()->first + kHeldLife);
    return next;
}

// -- Answering --

void Gather::handle(Instant now, MemberId from, const wire::Question& question) {
    ++counters_.questions;
    const HeldKey key{from, question.number};
    const auto found = held_.find(key);
    if (found != held_.end()) {
        remember(now, *found);
        if (found->second.is_answered) {
            tell(now, from, question.number, found->second, question.parts);
        } else {
            found->second.parts |= question.parts;
        }
        return;
    }
    if (spend(now, from, 1) == 0) {
        ++counters_.refused_rate;
        return;
    }
    held_.emplace(key, Held{now, false, {}, question.parts});
    held_order_.emplace(now, key);
    make_room();
    outbox_.push(Asked{from, question.number, question.kind, question.body});
}

void Gather::answer(Instant now, MemberId to, std::uint64_t number, Bytes body) {
    assert(body.size() <= kAnswerBytesMax);
    if (to == self_) {
        const auto question = open_.find(number);
        const bool is_open = question != open_.end() && question->second.waiting.contains(self_);
        if (is_open) complete(now, question, self_, std::move(body));
        return;
    }
    const auto found = held_.find({to, number});
    if (found == held_.end() || found->second.is_answered) return;
    Held& held = found->second;
    held_bytes_ += body.size();
    held.is_answered = true;
    held.body = std::move(body);
    remember(now, *found);
    tell(now, to, number, held, held.parts);
    make_room();
}

void Gather::tell(Instant now, MemberId to, std::uint64_t number, const Held& held,
                  std::uint64_t parts) {
    const std::size_t count = part_count_of(held.body.size());
    static_assert(kAnswerPartsMax == 64);
    if (count < kAnswerPartsMax) parts &= (std::uint64_t{1} << count) - 1;
    // Whoever wants what is not there has heard another, longer answer of an earlier life of ours.
    if (parts == 0) parts = 1;
    const auto wanted = static_cast<std::size_t>(std::popcount(parts));
    const std::size_t allowed = spend(now, to, wanted);
    if (allowed < wanted) ++counters_.refused_rate;
    for (std::size_t told = 0; told < allowed; ++told) {
        const auto index = static_cast<std::size_t>(std::countr_zero(parts));
        parts &= parts - 1;
        const std::size_t begin = index * kAnswerPartBytes;
        const std::size_t end = std::min(begin + kAnswerPartBytes, held.body.size());
        wire::AnswerPart part{number, static_cast<std::uint16_t>(index),
                              static_cast<std::uint16_t>(count),
                              Bytes(held.body.begin() + static_cast<std::ptrdiff_t>(begin),
                                    held.body.begin() + static_cast<std::ptrdiff_t>(end))};
        ++counters_.parts_sent;
        outbox_.push(Send{to, std::move(part)});
    }
}

/// Its life counts from the last word about it: who waits for parts of it asks again before.
void Gather::remember(Instant now, std::pair<const HeldKey, Held>& held) {
    held_order_.erase({held.second.since, held.first});
    held.second.since = now;
    held_order_.emplace(now, held.first);
}

void Gather::make_room() {
    while (held_.size() > kQuestionsHeldMax || held_bytes_ > kAnswersHeldBytesMax) {
        forget_held(held_.find(held_order_.begin()->second));
        ++counters_.displaced;
    }
}

void Gather::forget_held(std::map<HeldKey, Held>::iterator held) {
    assert(held != held_.end());
    held_bytes_ -= held->second.body.size();
    held_order_.erase({held->second.since, held->first});
    held_.erase(held);
}

std::size_t Gather::spend(Instant now, MemberId asker, std::size_t wanted) {
    if (spent_until_.size() >= kAskersMax) {
        std::erase_if(spent_until_, [now](const auto& entry) { return entry.second <= now; });
    }
    const auto found = spent_until_.find(asker);
    if (found == spent_until_.end() && spent_until_.size() >= kAskersMax) return 0;
    const Instant whole_at = found == spent_until_.end() ? now : std::max(now, found->second);
    const auto affordable = static_cast<std::size_t>(
        std::max<Duration>(kAllowance - (whole_at - now), Duration{}) / kPartCost);
    const std::size_t spent = std::min(wanted, affordable);
    if (spent > 0) {
        spent_until_[asker] = whole_at + kPartCost * static_cast<Duration::rep>(spent);
    }
    return spent;
}

void Gather::check_invariants() const {
    std::size_t bytes = 0;
    std::size_t due = 0;
    for (const auto& [number, question] : open_) {
        assert(!question.waiting.empty());
        for (const auto& [member, target] : question.waiting) {
            bytes += target.bytes;
            assert(target.parts_here <= target.parts.size());
            if (target.due != kNever) ++due;
        }
        for (const auto& [member, answer] : question.answers) bytes += answer.body.size();
    }
    assert(bytes == gathered_bytes_);
    assert(due == due_.size());
    assert(open_.size() <= kGathersMax);
    assert(held_.size() == held_order_.size() && held_.size() <= kQuestionsHeldMax);
    assert(held_bytes_ <= kAnswersHeldBytesMax);
    assert(spent_until_.size() <= kAskersMax);
}

}  // namespace grapevine::protocol
