#include "protocol/query/gather.hpp"

#include <algorithm>
#include <bit>
#include <gtest/gtest.h>
#include <memory>

#include "protocol/machine.hpp"
#include "protocol/testing.hpp"
#include "wire/rules.hpp"

namespace grapevine::protocol {
namespace {

using namespace std::chrono_literals;
using testing::drain;
using testing::only;

static_assert(Machine<Gather>);

constexpr MemberId kSelf{1};

Bytes bytes_of(std::size_t size, std::uint64_t seed = 7) {
    Bytes bytes(size);
    Random random(seed);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random.next());
    return bytes;
}

std::vector<MemberId> members(std::uint64_t first, std::uint64_t last) {
    std::vector<MemberId> ids;
    for (std::uint64_t id = first; id <= last; ++id) ids.emplace_back(id);
    return ids;
}

/// Members that ask each other over a network that loses what it is told to lose.
class Net {
public:
    explicit Net(std::uint64_t count) {
        for (std::uint64_t id = 1; id <= count; ++id) {
            machines_.push_back(std::make_unique<Gather>(MemberId(id), id));
        }
    }

    Gather& at(MemberId id) { return *machines_.at(id.value() - 1); }

    /// Runs until `end`; datagrams take a millisecond.
    void run(Instant end) {
        for (;;) {
            settle();
            Instant next = mail_.empty() ? kNever : mail_.front().at;
            for (const auto& machine : machines_) next = std::min(next, machine->deadline());
            if (next > end) break;
            now = std::max(now, next);
            for (const auto& machine : machines_) {
                if (machine->deadline() > now) continue;
                machine->advance(now);
                settle();
            }
            while (!mail_.empty() && mail_.front().at <= now) deliver();
        }
        now = end;
    }

    void settle() {
        for (std::uint64_t id = 1; id <= machines_.size(); ++id) {
            Gather& machine = at(MemberId(id));
            while (auto action = machine.poll()) {
                if (auto* send = std::get_if<Gather::Send>(&*action)) {
                    sent.push_back(*send);
                    if (random.chance(loss)) continue;
                    mail_.push_back({now + 1ms, MemberId(id), std::move(*send)});
                } else if (auto* asked = std::get_if<Gather::Asked>(&*action)) {
                    ++asked_count;
                    if (mute.contains(MemberId(id))) continue;
                    machine.answer(now, asked->from, asked->number, bytes_of(answer_bytes, id));
                } else if (auto* came = std::get_if<Gather::Answered>(&*action)) {
                    answered.push_back(std::move(came->answer));
                } else {
                    gathered.push_back(std::get<Gather::Gathered>(std::move(*action)));
                }
            }
            machine.check_invariants();
        }
    }

    Instant now{};
    double loss = 0;
    std::size_t answer_bytes = 100;
    std::set<MemberId> mute;  ///< Who does not know the answer.
    std::size_t asked_count = 0;
    std::vector<Gather::Send> sent;
    std::vector<Gather::Answer> answered;
    std::vector<Gather::Gathered> gathered;
    Random random{3};

private:
    struct Mail {
        Instant at;
        MemberId from;
        Gather::Send what;
    };

    void deliver() {
        const Mail mail = mail_.front();
        mail_.erase(mail_.begin());
        std::visit(
            [&]<typename T>(const T& section) {
                if constexpr (std::is_same_v<T, wire::Question> ||
                              std::is_same_v<T, wire::AnswerPart>) {
                    EXPECT_TRUE(wire::check(section));
                    at(mail.what.to).handle(now, mail.from, section);
                } else {
                    ADD_FAILURE() << "a section that is none of ours";
                }
            },
            mail.what.section);
        settle();
    }

    std::vector<std::unique_ptr<Gather>> machines_;
    std::vector<Mail> mail_;
};

/// The one question that `gather` has just sent.
wire::Question question_in(Gather& gather) {
    const auto sends = only<Gather::Send>(drain(gather));
    EXPECT_EQ(sends.size(), 1U);
    return std::get<wire::Question>(sends.at(0).section);
}

TEST(Gather, everybody_answers_and_the_asker_too) {
    Net net(5);
    const auto number =
        net.at(kSelf).ask(net.now, members(1, 5), QuestionKind::trace, {1, 2}, net.now + 5s);
    ASSERT_TRUE(number);
    net.run(net.now + 1s);
    ASSERT_EQ(net.gathered.size(), 1U);
    EXPECT_EQ(net.gathered[0].number, *number);
    EXPECT_EQ(net.gathered[0].kind, static_cast<std::uint8_t>(QuestionKind::trace));
    EXPECT_TRUE(net.gathered[0].silent.empty());
    ASSERT_EQ(net.gathered[0].answers.size(), 5U);
    for (const Gather::Answer& answer : net.gathered[0].answers) {
        EXPECT_EQ(answer.body, bytes_of(100, answer.member.value()));
        EXPECT_EQ(answer.round_trip, answer.member == kSelf ? 0ms : 2ms);
    }
    EXPECT_EQ(net.sent.size(), 8U);  // A question and a part for each of the four others.
}

TEST(Gather, answers_of_every_size_come_as_they_were_given) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kAnswerPartBytes - 1,
                                   kAnswerPartBytes, kAnswerPartBytes + 1, kAnswerBytesMax}) {
        Net net(2);
        net.answer_bytes = size;
        ASSERT_TRUE(
            net.at(kSelf).ask(net.now, {MemberId(2)}, QuestionKind::trace, {}, 5s + net.now));
        net.run(net.now + 1s);
        ASSERT_EQ(net.gathered.size(), 1U) << size;
        ASSERT_EQ(net.gathered[0].answers.size(), 1U) << size;
        EXPECT_EQ(net.gathered[0].answers[0].body, bytes_of(size, 2)) << size;
    }
}

TEST(Gather, a_third_of_all_datagrams_may_be_lost) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Net net(20);
        net.random = Random(seed);
        net.loss = 0.3;
        net.answer_bytes = 3 * kAnswerPartBytes;
        ASSERT_TRUE(
            net.at(kSelf).ask(net.now, members(2, 20), QuestionKind::trace, {}, net.now + 30s));
        net.run(net.now + 30s);
        ASSERT_EQ(net.gathered.size(), 1U) << seed;
        EXPECT_EQ(net.gathered[0].answers.size(), 19U) << seed;
        EXPECT_EQ(net.asked_count, 19U) << "asked once each, however often repeated; seed " << seed;
    }
}

TEST(Gather, who_does_not_answer_is_named_at_the_deadline_and_not_before) {
    Net net(3);
    net.mute = {MemberId(3)};
    ASSERT_TRUE(net.at(kSelf).ask(net.now, members(2, 3), QuestionKind::trace, {}, net.now + 3s));
    net.run(Instant{} + 2999ms);
    EXPECT_TRUE(net.gathered.empty());
    net.run(Instant{} + 3s);
    ASSERT_EQ(net.gathered.size(), 1U);
    EXPECT_EQ(net.gathered[0].answers.size(), 1U);
    EXPECT_EQ(net.gathered[0].silent, members(3, 3));
    EXPECT_EQ(net.at(kSelf).open_count(), 0U);
}

TEST(Gather, silence_is_answered_by_the_same_question_less_and_less_often) {
    Gather gather(kSelf, 1);
    ASSERT_TRUE(gather.ask(Instant{}, {MemberId(2)}, QuestionKind::trace, {}, Instant{} + 60s));
    const std::uint64_t number = question_in(gather).number;
    Instant last{};
    const Duration pauses[] = {300ms, 300ms, 300ms, 300ms, 600ms, 1200ms, 2400ms, 2400ms};
    for (const Duration pause : pauses) {
        const Instant next = gather.deadline();
        EXPECT_GE(next - last, pause);
        EXPECT_LE(next - last, pause + pause / 4);
        gather.advance(next - 1ns);
        EXPECT_TRUE(drain(gather).empty());
        gather.advance(next);
        EXPECT_EQ(question_in(gather).number, number);
        last = next;
    }
}

TEST(Gather, no_burst_is_larger_than_the_limit) {
    Gather gather(kSelf, 1);
    ASSERT_TRUE(gather.ask(Instant{}, members(2, 2 * kGatherBurst + 2), QuestionKind::trace, {},
                           Instant{} + 60s));
    EXPECT_EQ(drain(gather).size(), kGatherBurst);
    gather.advance(Instant{} + Gather::kPace - 1ns);
    EXPECT_TRUE(drain(gather).empty());
    gather.advance(gather.deadline());
    EXPECT_EQ(drain(gather).size(), kGatherBurst);
    EXPECT_EQ(gather.deadline(), Instant{} + 2 * Gather::kPace);
    gather.advance(gather.deadline());
    EXPECT_EQ(drain(gather).size(), 1U);
}

TEST(Gather, who_dies_while_it_is_asked_is_silent_at_once) {
    Gather gather(kSelf, 1);
    ASSERT_TRUE(gather.ask(Instant{}, members(2, 3), QuestionKind::trace, {}, Instant{} + 60s));
    drain(gather);
    gather.peer_left(Instant{} + 1ms, MemberId(2));
    EXPECT_TRUE(drain(gather).empty());
    gather.peer_left(Instant{} + 2ms, MemberId(3));
    const auto ends = only<Gather::Gathered>(drain(gather));
    ASSERT_EQ(ends.size(), 1U);
    EXPECT_EQ(ends[0].silent, members(2, 3));
    EXPECT_EQ(gather.deadline(), kNever);
}

TEST(Gather, a_question_to_nobody_ends_at_once) {
    Gather gather(kSelf, 1);
    ASSERT_TRUE(gather.ask(Instant{}, {}, QuestionKind::trace, {}, Instant{} + 60s));
    EXPECT_EQ(only<Gather::Gathered>(drain(gather)).size(), 1U);
}

TEST(Gather, no_question_stays_open_longer_than_the_limit) {
    Gather gather(kSelf, 1);
    ASSERT_TRUE(gather.ask(Instant{}, {MemberId(2)}, QuestionKind::trace, {}, kNever));
    drain(gather);
    gather.advance(Instant{} + Gather::kPatienceMax - 1ns);
    EXPECT_TRUE(only<Gather::Gathered>(drain(gather)).empty());
    gather.advance(Instant{} + Gather::kPatienceMax);
    EXPECT_EQ(only<Gather::Gathered>(drain(gather)).size(), 1U);
}

TEST(Gather, as_many_questions_are_open_as_the_limit_says) {
    Gather gather(kSelf, 1);
    for (std::size_t count = 0; count < kGathersMax; ++count) {
        ASSERT_TRUE(gather.ask(Instant{}, {MemberId(2)}, QuestionKind::trace, {}, Instant{} + 1s));
    }
    const auto refused =
        gather.ask(Instant{}, {MemberId(2)}, QuestionKind::trace, {}, Instant{} + 1s);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Refusal::Code::over_limit);
    EXPECT_EQ(gather.open_count(), kGathersMax);
    gather.check_invariants();
}

TEST(Gather, a_question_is_as_long_as_the_limit_says) {
    Gather gather(kSelf, 1);
    EXPECT_TRUE(gather.ask(Instant{}, {MemberId(2)}, QuestionKind::trace, Bytes(kQuestionBytesMax),
                           Instant{} + 1s));
    EXPECT_FALSE(gather.ask(Instant{}, {MemberId(2)}, QuestionKind::trace,
                            Bytes(kQuestionBytesMax + 1), Instant{} + 1s));
}

TEST(Gather, as_many_are_asked_as_an_overlay_can_have_members) {
    Gather gather(kSelf, 1);
    EXPECT_TRUE(gather.ask(Instant{}, members(2, kMembersMax + 1), QuestionKind::trace, {},
                           Instant{} + 1s));
    EXPECT_FALSE(gather.ask(Instant{}, members(2, kMembersMax + 2), QuestionKind::trace, {},
                            Instant{} + 1s));
}

TEST(Gather, a_part_counts_only_from_the_member_that_was_asked) {
    Gather gather(kSelf, 1);
    ASSERT_TRUE(gather.ask(Instant{}, {MemberId(2)}, QuestionKind::trace, {}, Instant{} + 1s));
    const std::uint64_t number = question_in(gather).number;
    gather.handle(Instant{}, MemberId(3), wire::AnswerPart{number, 0, 1, {9}});
    gather.handle(Instant{}, MemberId(2), wire::AnswerPart{number + 1, 0, 1, {9}});
    EXPECT_TRUE(drain(gather).empty());
    EXPECT_EQ(gather.counters().dropped_stray, 2U);
    gather.handle(Instant{}, MemberId(2), wire::AnswerPart{number, 0, 1, {9}});
    EXPECT_EQ(only<Gather::Gathered>(drain(gather)).size(), 1U);
    gather.handle(Instant{}, MemberId(2), wire::AnswerPart{number, 0, 1, {9}});
    EXPECT_TRUE(drain(gather).empty());
}

TEST(Gather, parts_that_no_answer_can_have_are_dropped) {
    Gather gather(kSelf, 1);
    ASSERT_TRUE(gather.ask(Instant{}, {MemberId(2)}, QuestionKind::trace, {}, Instant{} + 1s));
    const std::uint64_t number = question_in(gather).number;
    const wire::AnswerPart wrong[] = {
        {number, 0, 0, {}},
        {number, 1, 1, {}},
        {number, 0, kAnswerPartsMax + 1, Bytes(kAnswerPartBytes)},
        {number, 0, 2, Bytes(kAnswerPartBytes - 1)},
        {number, 1, 2, {}},
        {number, 1, 2, Bytes(kAnswerPartBytes + 1)},
    };
    for (const wire::AnswerPart& part : wrong) {
        EXPECT_FALSE(wire::check(part));
        gather.handle(Instant{}, MemberId(2), part);
        gather.check_invariants();
    }
    EXPECT_EQ(gather.counters().dropped_stray, std::size(wrong));
    EXPECT_TRUE(drain(gather).empty());
}

TEST(Gather, parts_of_two_different_answers_are_not_mixed) {
    Gather gather(kSelf, 1);
    ASSERT_TRUE(gather.ask(Instant{}, {MemberId(2)}, QuestionKind::trace, {}, Instant{} + 9s));
    const std::uint64_t number = question_in(gather).number;
    gather.handle(Instant{}, MemberId(2),
                  wire::AnswerPart{number, 0, 2, Bytes(kAnswerPartBytes, 1)});
    gather.handle(Instant{}, MemberId(2), wire::AnswerPart{number, 2, 3, Bytes(5, 2)});
    gather.handle(Instant{}, MemberId(2),
                  wire::AnswerPart{number, 0, 3, Bytes(kAnswerPartBytes, 2)});
    gather.handle(Instant{}, MemberId(2),
                  wire::AnswerPart{number, 0, 3, Bytes(kAnswerPartBytes, 2)});
    EXPECT_TRUE(drain(gather).empty());
    gather.handle(Instant{}, MemberId(2),
                  wire::AnswerPart{number, 1, 3, Bytes(kAnswerPartBytes, 2)});
    const auto ends = only<Gather::Gathered>(drain(gather));
    ASSERT_EQ(ends.size(), 1U);
    EXPECT_EQ(ends[0].answers.at(0).body, Bytes(2 * kAnswerPartBytes + 5, 2));
}

TEST(Gather, a_round_trip_is_not_told_if_the_question_was_repeated) {
    Gather gather(kSelf, 1);
    ASSERT_TRUE(gather.ask(Instant{}, {MemberId(2)}, QuestionKind::trace, {}, Instant{} + 9s));
    const std::uint64_t number = question_in(gather).number;
    const Instant again = gather.deadline();
    gather.advance(again);
    drain(gather);
    gather.handle(again + 1ms, MemberId(2), wire::AnswerPart{number, 0, 1, {9}});
    const auto ends = only<Gather::Gathered>(drain(gather));
    EXPECT_EQ(ends.at(0).answers.at(0).round_trip, std::nullopt);
}

TEST(Gather, a_restarted_asker_uses_other_numbers) {
    Gather before(kSelf, 1);
    Gather after(kSelf, 2);
    ASSERT_TRUE(before.ask(Instant{}, {MemberId(2)}, QuestionKind::trace, {}, Instant{} + 9s));
    ASSERT_TRUE(after.ask(Instant{}, {MemberId(2)}, QuestionKind::trace, {}, Instant{} + 9s));
    EXPECT_NE(question_in(before).number, question_in(after).number);
}

TEST(Gather, answers_are_held_up_to_the_limit_of_bytes) {
    Gather gather(kSelf, 1);
    const std::size_t whole = kGatherBytesMax / kAnswerBytesMax;
    ASSERT_TRUE(
        gather.ask(Instant{}, members(2, whole + 2), QuestionKind::trace, {}, Instant{} + 1s));
    std::uint64_t number = 0;
    for (const auto& send : only<Gather::Send>(drain(gather))) {
        number = std::get<wire::Question>(send.section).number;
    }
    const Bytes part(kAnswerPartBytes);
    for (const MemberId member : members(2, whole + 2)) {
        for (std::uint16_t index = 0; index < kAnswerPartsMax; ++index) {
            gather.handle(Instant{}, member,
                          wire::AnswerPart{number, index, kAnswerPartsMax, part});
        }
    }
    gather.check_invariants();
    const std::size_t room = kGatherBytesMax % kAnswerBytesMax / kAnswerPartBytes;
    EXPECT_EQ(gather.counters().dropped_full, kAnswerPartsMax - room);
    gather.advance(Instant{} + 1s);
    const auto ends = only<Gather::Gathered>(drain(gather));
    ASSERT_EQ(ends.size(), 1U);
    EXPECT_EQ(ends[0].answers.size(), whole);
    EXPECT_EQ(ends[0].silent, members(whole + 2, whole + 2));
    gather.check_invariants();
}

TEST(Gather, no_more_parts_are_asked_for_at_once_than_the_limit) {
    Gather gather(kSelf, 1);
    ASSERT_TRUE(gather.ask(Instant{}, members(2, 4), QuestionKind::trace, {}, Instant{} + 60s));
    std::uint64_t number = 0;
    for (const auto& send : only<Gather::Send>(drain(gather))) {
        const auto& question = std::get<wire::Question>(send.section);
        EXPECT_EQ(question.parts, 1U) << "how many there are is not known";
        number = question.number;
    }
    for (const MemberId member : members(2, 4)) {
        gather.handle(Instant{} + 1ms, member,
                      wire::AnswerPart{number, 0, kAnswerPartsMax, Bytes(kAnswerPartBytes)});
    }
    EXPECT_TRUE(drain(gather).empty());
    std::size_t asked = 0;
    for (int burst = 1; burst <= 12; ++burst) {
        gather.advance(Instant{} + burst * Gather::kPace);
        std::size_t parts = 0;
        for (const auto& send : only<Gather::Send>(drain(gather))) {
            parts += static_cast<std::size_t>(
                std::popcount(std::get<wire::Question>(send.section).parts));
        }
        EXPECT_LE(parts, kGatherBurst);
        asked += parts;
        gather.check_invariants();
    }
    EXPECT_EQ(asked, 3 * (kAnswerPartsMax - 1));
}

TEST(Gather, what_is_lost_of_an_answer_is_asked_for_and_nothing_else) {
    Gather gather(kSelf, 1);
    ASSERT_TRUE(gather.ask(Instant{}, {MemberId(2)}, QuestionKind::trace, {}, Instant{} + 60s));
    const std::uint64_t number = question_in(gather).number;
    const Bytes part(kAnswerPartBytes);
    gather.handle(Instant{} + 10ms, MemberId(2), wire::AnswerPart{number, 0, 5, part});
    EXPECT_EQ(question_in(gather).parts, 0b11110U);
    gather.handle(Instant{} + 20ms, MemberId(2), wire::AnswerPart{number, 1, 5, part});
    gather.handle(Instant{} + 20ms, MemberId(2), wire::AnswerPart{number, 3, 5, part});
    EXPECT_TRUE(drain(gather).empty());
    // Its round trip is 10 ms: the least pause.
    EXPECT_EQ(gather.deadline(), Instant{} + 20ms + Gather::kRetryPartMin);
    gather.advance(gather.deadline());
    EXPECT_EQ(question_in(gather).parts, 0b10100U);
}

TEST(Gather, answers_are_told_as_they_come_and_not_held) {
    Net net(5);
    net.answer_bytes = 3000;
    net.mute = {MemberId(5)};
    const auto number = net.at(kSelf).ask(net.now, members(1, 5), QuestionKind::query, {},
                                          net.now + 1s, Gather::Telling::as_they_come);
    ASSERT_TRUE(number);
    net.run(net.now + 500ms);
    EXPECT_EQ(net.answered.size(), 4U);
    EXPECT_TRUE(net.gathered.empty());
    for (const Gather::Answer& answer : net.answered) {
        EXPECT_EQ(answer.body, bytes_of(3000, answer.member.value()));
    }
    net.run(net.now + 500ms);
    ASSERT_EQ(net.gathered.size(), 1U);
    EXPECT_TRUE(net.gathered[0].answers.empty());
    EXPECT_EQ(net.gathered[0].silent, members(5, 5));
}

TEST(Gather, a_question_that_is_cancelled_ends_without_a_word) {
    for (const auto telling : {Gather::Telling::at_the_end, Gather::Telling::as_they_come}) {
        Gather gather(kSelf, 1);
        const auto number =
            gather.ask(Instant{}, members(2, 3), QuestionKind::query, {}, Instant{} + 1s, telling);
        drain(gather);
        gather.handle(Instant{}, MemberId(2), wire::AnswerPart{*number, 0, 1, {9}});
        gather.handle(Instant{}, MemberId(3),
                      wire::AnswerPart{*number, 0, 2, Bytes(kAnswerPartBytes)});
        drain(gather);
        gather.cancel(*number);
        gather.check_invariants();
        gather.cancel(*number);
        EXPECT_EQ(gather.open_count(), 0U);
        EXPECT_EQ(gather.deadline(), kNever);
        gather.handle(Instant{}, MemberId(3), wire::AnswerPart{*number, 1, 2, {9}});
        EXPECT_TRUE(drain(gather).empty());
    }
}

}  // namespace
}  // namespace grapevine::protocol
