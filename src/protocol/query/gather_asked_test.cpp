// Gather as the one who is asked.

#include <gtest/gtest.h>
#include <map>
#include <set>

#include "protocol/query/gather.hpp"
#include "protocol/testing.hpp"

namespace grapevine::protocol {
namespace {

using namespace std::chrono_literals;
using testing::drain;
using testing::only;

constexpr MemberId kSelf{1};

Bytes bytes_of(std::size_t size, std::uint64_t seed = 7) {
    Bytes bytes(size);
    Random random(seed);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random.next());
    return bytes;
}

TEST(Gather, parts_wanted_while_the_answer_is_made_are_told_together) {
    Gather gather(kSelf, 1);
    gather.handle(Instant{}, MemberId(2), wire::Question{77, 3, 1, {}});
    gather.handle(Instant{}, MemberId(2), wire::Question{77, 3, 4, {}});
    drain(gather);
    gather.answer(Instant{}, MemberId(2), 77, bytes_of(4000));
    const auto sends = only<Gather::Send>(drain(gather));
    ASSERT_EQ(sends.size(), 2U);
    EXPECT_EQ(std::get<wire::AnswerPart>(sends[0].section).index, 0U);
    EXPECT_EQ(std::get<wire::AnswerPart>(sends[1].section).index, 2U);
}

TEST(Gather, who_wants_parts_that_are_not_there_learns_how_many_there_are) {
    Gather gather(kSelf, 1);
    gather.handle(Instant{}, MemberId(2), wire::Question{77, 3, 8, {}});
    drain(gather);
    gather.answer(Instant{}, MemberId(2), 77, bytes_of(2000));
    const auto sends = only<Gather::Send>(drain(gather));
    ASSERT_EQ(sends.size(), 1U);
    EXPECT_EQ(std::get<wire::AnswerPart>(sends[0].section).index, 0U);
    EXPECT_EQ(std::get<wire::AnswerPart>(sends[0].section).count, 2U);
}

TEST(Gather, a_repeated_question_draws_the_same_answer_again) {
    Gather gather(kSelf, 1);
    const wire::Question question{77, 200, 3, {1}};
    gather.handle(Instant{}, MemberId(2), question);
    const auto asked = only<Gather::Asked>(drain(gather));
    ASSERT_EQ(asked.size(), 1U);
    EXPECT_EQ(asked[0].body, Bytes{1});
    gather.handle(Instant{} + 1ms, MemberId(2), question);
    EXPECT_TRUE(drain(gather).empty()) << "it is being answered already";
    gather.answer(Instant{} + 2ms, MemberId(2), 77, bytes_of(2000));
    EXPECT_EQ(drain(gather).size(), 2U);
    gather.answer(Instant{} + 3ms, MemberId(2), 77, bytes_of(500));
    EXPECT_TRUE(drain(gather).empty()) << "one question has one answer";
    gather.handle(Instant{} + 4ms, MemberId(2), question);
    EXPECT_EQ(drain(gather).size(), 2U);
}

TEST(Gather, an_answer_is_forgotten_after_its_life) {
    Gather gather(kSelf, 1);
    gather.handle(Instant{}, MemberId(2), wire::Question{77, 2, 1, {}});
    gather.answer(Instant{}, MemberId(2), 77, {1});
    drain(gather);
    const Instant again = Instant{} + Gather::kHeldLife - 1ns;
    gather.advance(again);
    gather.handle(again, MemberId(2), wire::Question{77, 2, 1, {}});
    EXPECT_EQ(only<Gather::Send>(drain(gather)).size(), 1U);
    EXPECT_EQ(gather.deadline(), again + Gather::kHeldLife) << "it is wanted, so it is kept";
    gather.advance(again + Gather::kHeldLife);
    gather.handle(again + Gather::kHeldLife, MemberId(2), wire::Question{77, 2, 1, {}});
    EXPECT_EQ(only<Gather::Asked>(drain(gather)).size(), 1U);
}

TEST(Gather, as_many_questions_are_remembered_as_the_limit_says) {
    Gather gather(kSelf, 1);
    for (std::uint64_t asker = 2; asker < kQuestionsHeldMax + 3; ++asker) {
        gather.handle(Instant{}, MemberId(asker), wire::Question{asker, 2, 1, {}});
        gather.check_invariants();
    }
    EXPECT_EQ(gather.counters().displaced, 1U);
    drain(gather);
    gather.answer(Instant{}, MemberId(2), 2, {1});
    EXPECT_TRUE(drain(gather).empty()) << "the oldest was forgotten";
    gather.answer(Instant{}, MemberId(3), 3, {1});
    EXPECT_EQ(drain(gather).size(), 1U);
}

TEST(Gather, answers_are_remembered_up_to_the_limit_of_bytes) {
    Gather gather(kSelf, 1);
    const std::uint64_t whole = kAnswersHeldBytesMax / kAnswerBytesMax;
    for (std::uint64_t asker = 2; asker < whole + 3; ++asker) {
        gather.handle(Instant{}, MemberId(asker), wire::Question{asker, 2, UINT64_MAX, {}});
        drain(gather);
        gather.answer(Instant{}, MemberId(asker), asker, Bytes(kAnswerBytesMax));
        EXPECT_EQ(drain(gather).size(), kAnswerPartsMax);
        gather.check_invariants();
    }
    EXPECT_EQ(gather.counters().displaced, 1U);
}

TEST(Gather, one_asker_draws_no_more_than_its_allowance) {
    Gather gather(kSelf, 1);
    const auto drawn = [&](Instant now) {
        std::size_t parts = 0;
        for (std::uint64_t number = 1; number <= 2 * kAnswerPartsBurst; ++number) {
            const auto id = number + static_cast<std::uint64_t>(now.time_since_epoch().count());
            gather.handle(now, MemberId(2), wire::Question{id, 2, 1, {}});
            if (only<Gather::Asked>(drain(gather)).empty()) continue;
            gather.answer(now, MemberId(2), id, {1});
            parts += drain(gather).size();
        }
        return parts;
    };
    EXPECT_EQ(drawn(Instant{}), kAnswerPartsBurst / 2);  // A question costs as much as a part.
    EXPECT_GT(gather.counters().refused_rate, 0U);
    EXPECT_EQ(drawn(Instant{} + 1s), kAnswerPartsPerSecond / 2);
    // Others are served meanwhile.
    gather.handle(Instant{} + 1s, MemberId(3), wire::Question{9, 2, 1, {}});
    EXPECT_EQ(only<Gather::Asked>(drain(gather)).size(), 1U);
}

TEST(Gather, an_allowance_below_the_whole_leaves_out_no_part_for_ever) {
    Gather gather(kSelf, 1);
    std::set<std::uint16_t> lacking;
    for (std::uint16_t index = 0; index < kAnswerPartsMax; ++index) lacking.insert(index);
    // Somebody else of the same name has spent all but a few of its parts before.
    for (std::uint64_t other = 10; other < 10 + kAnswerPartsBurst - 5; ++other) {
        gather.handle(Instant{}, MemberId(2), wire::Question{other, 2, 1, {}});
    }
    gather.handle(Instant{}, MemberId(2), wire::Question{1, 2, UINT64_MAX, {}});
    gather.answer(Instant{}, MemberId(2), 1, Bytes(kAnswerBytesMax));
    const auto take = [&] {
        for (const auto& send : only<Gather::Send>(drain(gather))) {
            lacking.erase(std::get<wire::AnswerPart>(send.section).index);
        }
    };
    take();
    EXPECT_EQ(lacking.size(), kAnswerPartsMax - 4);
    for (int step = 1; step <= 4; ++step) {
        std::uint64_t parts = 0;
        for (const std::uint16_t index : lacking) parts |= std::uint64_t{1} << index;
        gather.handle(Instant{} + step * 250ms, MemberId(2), wire::Question{1, 2, parts, {}});
        take();
    }
    EXPECT_TRUE(lacking.empty());
}

TEST(Gather, allowances_of_as_many_askers_are_kept_as_the_limit_says) {
    Gather gather(kSelf, 1);
    for (std::uint64_t asker = 2; asker < kAskersMax + 2; ++asker) {
        gather.handle(Instant{}, MemberId(asker), wire::Question{1, 2, 1, {}});
    }
    EXPECT_EQ(only<Gather::Asked>(drain(gather)).size(), kAskersMax);
    gather.handle(Instant{}, MemberId(kAskersMax + 2), wire::Question{1, 2, 1, {}});
    EXPECT_TRUE(drain(gather).empty());
    gather.handle(Instant{} + 1s, MemberId(kAskersMax + 2), wire::Question{1, 2, 1, {}});
    EXPECT_EQ(only<Gather::Asked>(drain(gather)).size(), 1U);
    gather.check_invariants();
}

}  // namespace
}  // namespace grapevine::protocol
