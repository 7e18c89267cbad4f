#include <functional>
#include <gtest/gtest.h>

#include "wire/native/codec.hpp"
#include "wire/rules.hpp"

// What the decoder refuses in the sections of observers, trees, rumors of events and questions
// (FORMAT.md, 6.14 to 6.23): each limit at limit + 1, each rule broken once. The bytes are written
// field by field, because the encoder would assert.
namespace grapevine::wire::native {
namespace {

using Fill = std::function<void(Writer&)>;

constexpr std::uint64_t kSomebody = 0x1122334455667788;

/// "malformed burst_verdict.vote", or "accepted".
std::string verdict(SectionType type, const Fill& fill) {
    Bytes body;
    Writer writer(body);
    fill(writer);
    Bytes bytes;
    Writer frame(bytes);
    frame.integer(static_cast<std::uint8_t>(type));
    frame.sized_bytes(body);
    const auto decoded = decode(bytes);
    if (decoded) return "accepted";
    return std::string(to_string(decoded.error().code)) + " " + std::string(decoded.error().field);
}

void write_stream(Writer& w, std::uint64_t publisher, std::uint64_t channel = 0) {
    w.integer(publisher);
    w.integer(std::uint32_t{1});
    w.varint(channel);
}

TEST(Refusals, a_link_is_eager_or_not) {
    const auto link = [](std::uint64_t publisher, std::uint8_t flags, std::uint64_t channel = 0) {
        return verdict(SectionType::event_link, [=](Writer& w) {
            write_stream(w, publisher, channel);
            w.integer(flags);
        });
    };
    EXPECT_EQ(link(kSomebody, 0), "accepted");
    EXPECT_EQ(link(kSomebody, 1, UINT32_MAX), "accepted");
    EXPECT_EQ(link(kSomebody, 2), "malformed event_link.flags");
    EXPECT_EQ(link(0, 1), "malformed event_link.publisher");
    EXPECT_EQ(link(kSomebody, 1, std::uint64_t{UINT32_MAX} + 1), "over limit event_link.stream");
}

TEST(Refusals, pressure_names_a_member_and_numbers_of_32_bits) {
    const auto pressure = [](std::uint64_t publisher, std::uint64_t slowest, std::uint64_t backlog,
                             std::uint64_t rate) {
        return verdict(SectionType::event_pressure, [=](Writer& w) {
            write_stream(w, publisher);
            w.integer(slowest);
            w.varint(backlog);
            w.varint(rate);
        });
    };
    EXPECT_EQ(pressure(kSomebody, 2, UINT32_MAX, UINT32_MAX), "accepted");
    EXPECT_EQ(pressure(0, 2, 1, 1), "malformed event_pressure.publisher");
    EXPECT_EQ(pressure(kSomebody, 0, 1, 1), "malformed event_pressure.slowest");
    EXPECT_EQ(pressure(kSomebody, 2, std::uint64_t{UINT32_MAX} + 1, 1),
              "over limit event_pressure.backlog");
    EXPECT_EQ(pressure(kSomebody, 2, 1, std::uint64_t{UINT32_MAX} + 1),
              "over limit event_pressure.rate");
}

TEST(Refusals, feedback_on_events_has_one_to_thirty_two_items) {
    const auto feedback = [](std::size_t count, std::uint64_t publisher = kSomebody,
                             std::uint64_t sequence = 1, std::uint8_t flags = 1) {
        return verdict(SectionType::event_feedback, [=](Writer& w) {
            for (std::size_t index = 0; index < count; ++index) {
                write_stream(w, publisher);
                w.varint(sequence);
                w.integer(flags);
                w.integer(std::uint8_t{255});
            }
        });
    };
    EXPECT_EQ(feedback(1), "accepted");
    EXPECT_EQ(feedback(kEventFeedbackMax), "accepted");
    EXPECT_EQ(feedback(kEventFeedbackMax + 1), "over limit event_feedback.items");
    EXPECT_EQ(feedback(0), "malformed event_feedback.items");
    EXPECT_EQ(feedback(1, 0), "malformed event_feedback.publisher");
    EXPECT_EQ(feedback(1, kSomebody, 0), "malformed event_feedback.sequence");
    EXPECT_EQ(feedback(1, kSomebody, 1, 2), "malformed event_feedback.flags");
}

TEST(Refusals, nobody_cannot_be_the_target_of_a_burst) {
    const auto request = [](std::uint64_t target) {
        return verdict(SectionType::burst_request, [=](Writer& w) {
            w.integer(std::uint32_t{1});
            w.integer(target);
            w.integer(std::uint32_t{3});
        });
    };
    EXPECT_EQ(request(kSomebody), "accepted");
    EXPECT_EQ(request(0), "malformed burst_request.target");
}

TEST(Refusals, a_burst_ends_in_an_answer_or_a_vote) {
    const auto burst = [](std::uint64_t target, std::uint8_t flags, const Fill& rest) {
        return verdict(SectionType::burst_verdict, [&](Writer& w) {
            w.integer(std::uint32_t{1});
            w.integer(target);
            w.integer(std::uint32_t{3});
            w.integer(flags);
            rest(w);
        });
    };
    const auto vote = [](std::uint64_t voter, std::uint8_t refused = 0) {
        return [=](Writer& w) {
            w.integer(voter);
            w.integer(refused);
            w.bytes(Signature{});
        };
    };
    const auto nothing = [](Writer&) {};
    EXPECT_EQ(burst(kSomebody, 1, nothing), "accepted");
    EXPECT_EQ(burst(kSomebody, 0, vote(2)), "accepted");
    EXPECT_EQ(burst(kSomebody, 0, nothing), "truncated burst_verdict.vote");
    EXPECT_EQ(burst(kSomebody, 1, vote(2)), "malformed section") << "alive, and a vote behind it";
    EXPECT_EQ(burst(kSomebody, 2, nothing), "malformed burst_verdict.flags");
    EXPECT_EQ(burst(0, 1, nothing), "malformed burst_verdict.target");
    EXPECT_EQ(burst(kSomebody, 0, vote(2, 1)), "accepted");
    EXPECT_EQ(burst(kSomebody, 0, vote(2, 2)), "malformed burst_verdict.vote");
    EXPECT_EQ(burst(kSomebody, 0, vote(0)), "malformed burst_verdict.vote");
    EXPECT_EQ(burst(kSomebody, 0, vote(kSomebody)), "malformed burst_verdict.vote");
}

TEST(Refusals, heartbeats_count_one_to_ninety_members) {
    const auto heartbeats = [](std::size_t count, std::uint64_t member = kSomebody) {
        return verdict(SectionType::heartbeats, [=](Writer& w) {
            w.integer(std::uint64_t{1});
            w.integer(std::uint64_t{2});
            w.integer(std::uint64_t{3});
            for (std::size_t index = 0; index < count; ++index) {
                w.integer(member);
                w.integer(std::uint32_t{7});
            }
        });
    };
    EXPECT_EQ(heartbeats(1), "accepted");
    EXPECT_EQ(heartbeats(kHeartbeatsPerPacketMax), "accepted");
    EXPECT_EQ(heartbeats(kHeartbeatsPerPacketMax + 1), "over limit heartbeats.items");
    EXPECT_EQ(heartbeats(0), "malformed heartbeats.items");
    EXPECT_EQ(heartbeats(1, 0), "malformed heartbeats.member");
    EXPECT_EQ(verdict(SectionType::heartbeats, [](Writer& w) { w.integer(std::uint64_t{1}); }),
              "truncated heartbeats.events");
}

TEST(Refusals, a_question_has_a_limit) {
    const auto question = [](std::size_t size, std::uint64_t parts = 1) {
        return verdict(SectionType::question, [=](Writer& w) {
            w.integer(std::uint64_t{9});
            w.integer(std::uint8_t{200});
            w.integer(parts);
            w.bytes(Bytes(size, 'q'));
        });
    };
    EXPECT_EQ(question(0), "accepted");
    EXPECT_EQ(question(kQuestionBytesMax), "accepted");
    EXPECT_EQ(question(kQuestionBytesMax + 1), "over limit question.body");
    EXPECT_EQ(question(3, UINT64_MAX), "accepted");
    EXPECT_EQ(question(3, 0), "malformed question.parts");
}

TEST(Refusals, every_part_of_an_answer_but_the_last_is_full) {
    const auto part = [](std::uint64_t index, std::uint64_t count, std::size_t size) {
        return verdict(SectionType::answer_part, [=](Writer& w) {
            w.integer(std::uint64_t{9});
            w.varint(index);
            w.varint(count);
            w.bytes(Bytes(size, 'a'));
        });
    };
    EXPECT_EQ(part(0, 1, 0), "accepted");
    EXPECT_EQ(part(0, 1, kAnswerPartBytes), "accepted");
    EXPECT_EQ(part(0, 1, kAnswerPartBytes + 1), "malformed answer_part.body");
    EXPECT_EQ(part(0, 2, kAnswerPartBytes), "accepted");
    EXPECT_EQ(part(1, 2, 0), "malformed answer_part.body");
    EXPECT_EQ(part(0, 2, kAnswerPartBytes - 1), "malformed answer_part.body");
    EXPECT_EQ(part(kAnswerPartsMax - 1, kAnswerPartsMax, 3), "accepted");
    EXPECT_EQ(part(0, kAnswerPartsMax + 1, kAnswerPartBytes), "over limit answer_part.count");
    EXPECT_EQ(part(kAnswerPartsMax, kAnswerPartsMax, 3), "over limit answer_part.index");
    EXPECT_EQ(part(1, 1, 3), "malformed answer_part.index");
    EXPECT_EQ(part(0, 0, 3), "malformed answer_part.index");
}

}  // namespace
}  // namespace grapevine::wire::native
