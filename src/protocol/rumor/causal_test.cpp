#include "protocol/rumor/causal.hpp"

#include <gtest/gtest.h>
#include <set>

#include "protocol/machine.hpp"
#include "protocol/rumor/event_network.hpp"
#include "protocol/testing.hpp"

namespace grapevine::protocol {
namespace {

using namespace std::chrono_literals;
using testing::drain;

static_assert(Machine<Causal>);

EventKey key(std::uint64_t publisher, std::uint64_t sequence) {
    return {{MemberId(publisher), Epoch(1)}, EventSequence(sequence)};
}

SharedEvent event(std::uint64_t publisher, std::uint64_t sequence, std::vector<EventKey> after = {},
                  std::size_t bytes = 0) {
    Event made{key(publisher, sequence).stream,
               EventSequence(sequence),
               {},
               "t",
               std::make_shared<const Bytes>(bytes)};
    made.after = std::move(after);
    return std::make_shared<const Event>(std::move(made));
}

/// Streams that come in order, each event put into the machine as it comes.
struct Fixture {
    std::map<wire::StreamId, std::uint64_t> come;
    std::set<wire::StreamId> unfollowed;
    Causal causal{2s, [this](const EventKey& event) {
                      return unfollowed.contains(event.stream) ||
                             come[event.stream] >= event.sequence.value();
                  }};
    Instant now{};

    void comes(const SharedEvent& event) {
        come[event->stream] = event->sequence.value();
        causal.offer(now, event);
    }
    void is_lost(std::uint64_t publisher, std::uint64_t first, std::uint64_t last) {
        come[key(publisher, 1).stream] = last;
        causal.offer(now, Causal::TellGap{key(publisher, 1).stream, EventSequence(first),
                                          EventSequence(last)});
    }
    void pass(Duration duration) {
        now += duration;
        causal.advance(now);
    }
    /// "2.1 3.4? 2.2-5": what has been told, with flags and gaps.
    std::string told() {
        std::string text;
        for (const auto& action : drain(causal)) {
            if (!text.empty()) text += ' ';
            if (const auto* tell = std::get_if<Causal::Tell>(&action)) {
                text += std::to_string(tell->event->stream.publisher.value()) + "." +
                        std::to_string(tell->event->sequence.value()) +
                        (tell->is_unknown ? "?" : "");
            } else {
                const auto& gap = std::get<Causal::TellGap>(action);
                text += std::to_string(gap.stream.publisher.value()) + "." +
                        std::to_string(gap.first.value()) + "-" + std::to_string(gap.last.value());
            }
        }
        causal.check_invariants();
        return text;
    }
};

TEST(Causal, an_event_without_dependencies_waits_for_nothing) {
    Fixture fixture;
    fixture.comes(event(2, 1));
    EXPECT_EQ(fixture.told(), "2.1");
    EXPECT_EQ(fixture.causal.deadline(), kNever);
}

TEST(Causal, an_answer_waits_for_its_question_and_holds_what_follows) {
    Fixture fixture;
    fixture.comes(event(2, 1, {key(3, 1)}));
    fixture.comes(event(2, 2));
    fixture.comes(event(4, 1));
    EXPECT_EQ(fixture.told(), "4.1");
    EXPECT_EQ(fixture.causal.waiting_count(), 2U);
    fixture.comes(event(3, 1));
    EXPECT_EQ(fixture.told(), "3.1 2.1 2.2");
    EXPECT_EQ(fixture.causal.waiting_count(), 0U);
    EXPECT_EQ(fixture.causal.counters().held, 2U);
    EXPECT_EQ(fixture.causal.counters().unknown, 0U);
}

TEST(Causal, a_question_that_itself_waits_is_not_told) {
    Fixture fixture;
    fixture.comes(event(4, 1, {key(3, 1)}));
    fixture.comes(event(3, 1, {key(2, 1)}));
    EXPECT_EQ(fixture.told(), "");
    fixture.comes(event(2, 1));
    EXPECT_EQ(fixture.told(), "2.1 3.1 4.1");
}

TEST(Causal, after_its_patience_an_answer_is_told_with_a_flag_and_not_before) {
    Fixture fixture;
    fixture.comes(event(2, 1, {key(3, 1)}));
    fixture.pass(1s);
    fixture.comes(event(2, 2));
    fixture.comes(event(2, 3, {key(3, 2)}));
    fixture.pass(1s - 1ns);
    EXPECT_EQ(fixture.told(), "");
    EXPECT_EQ(fixture.causal.deadline(), Instant{} + 2s);
    fixture.pass(1ns);
    EXPECT_EQ(fixture.told(), "2.1? 2.2");
    EXPECT_EQ(fixture.causal.deadline(), Instant{} + 3s) << "each has its own patience";
    fixture.pass(1s);
    EXPECT_EQ(fixture.told(), "2.3?");
    fixture.comes(event(3, 1));
    EXPECT_EQ(fixture.told(), "3.1");
}

TEST(Causal, a_question_told_as_lost_is_waited_for_no_longer) {
    Fixture fixture;
    fixture.comes(event(2, 1, {key(3, 4)}));
    fixture.is_lost(3, 1, 5);
    EXPECT_EQ(fixture.told(), "3.1-5 2.1");
}

TEST(Causal, a_gap_behind_a_held_event_keeps_its_place) {
    Fixture fixture;
    fixture.comes(event(2, 1, {key(3, 1)}));
    fixture.is_lost(2, 2, 4);
    fixture.comes(event(4, 1, {key(2, 3)}));
    EXPECT_EQ(fixture.told(), "");
    fixture.comes(event(3, 1));
    EXPECT_EQ(fixture.told(), "3.1 2.1 2.2-4 4.1");
}

TEST(Causal, streams_that_are_not_followed_and_the_own_stream_are_not_waited_for) {
    Fixture fixture;
    fixture.unfollowed = {key(3, 1).stream};
    fixture.comes(event(2, 1, {key(3, 7), key(2, 9)}));
    EXPECT_EQ(fixture.told(), "2.1");
}

TEST(Causal, a_stream_that_moves_on_silently_wakes_those_that_wait) {
    Fixture fixture;
    fixture.comes(event(2, 1, {key(3, 4)}));
    EXPECT_EQ(fixture.told(), "");
    fixture.come[key(3, 1).stream] = 9;
    fixture.causal.moved(key(3, 1).stream);
    EXPECT_EQ(fixture.told(), "2.1");
}

TEST(Causal, events_that_wait_for_each_other_are_told_in_the_end) {
    Fixture fixture;
    fixture.comes(event(2, 1, {key(3, 1)}));
    fixture.comes(event(3, 1, {key(2, 1)}));
    EXPECT_EQ(fixture.told(), "");
    fixture.pass(2s);
    EXPECT_EQ(fixture.told(), "2.1? 3.1");
}

TEST(Causal, above_the_limit_of_events_the_one_that_waited_longest_is_told) {
    Fixture fixture;
    fixture.comes(event(2, 1, {key(3, 1)}));
    fixture.pass(1ms);
    for (std::uint64_t sequence = 1; sequence < kCausalWaitingMax; ++sequence) {
        fixture.comes(event(4, sequence, {key(3, 1)}));
    }
    EXPECT_EQ(fixture.told(), "");
    EXPECT_EQ(fixture.causal.waiting_count(), kCausalWaitingMax);
    fixture.comes(event(4, kCausalWaitingMax, {key(3, 1)}));
    EXPECT_EQ(fixture.told(), "2.1?");
    EXPECT_EQ(fixture.causal.counters().displaced, 1U);
}

TEST(Causal, above_the_limit_of_bytes_too) {
    Fixture fixture;
    const std::size_t large = kCausalBytesMax / 16;
    for (std::uint64_t sequence = 1; sequence <= 15; ++sequence) {
        fixture.comes(event(2, sequence, {key(3, 1)}, large));
    }
    EXPECT_EQ(fixture.told(), "");
    fixture.comes(event(2, 16, {key(3, 1)}, large));
    EXPECT_EQ(fixture.told(), "2.1?");
}

// -- The block --

TEST(Dependencies, are_read_as_they_were_written) {
    const std::vector<EventKey> after = {
        {{MemberId(2), Epoch(1), 0}, EventSequence(5)},
        {{MemberId(2), Epoch(1), 9}, EventSequence(1)},
        {{MemberId(2), Epoch(7), 0}, EventSequence(300)},
    };
    Bytes payload = encode_dependencies(after);
    EXPECT_EQ(to_hex(ByteView(payload).first(15)),
              "03000000000000000200000001"
              "0005");
    const std::size_t block = payload.size();
    payload.push_back('x');
    const auto read = decode_dependencies(payload);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->after, after);
    EXPECT_EQ(read->bytes, block);
    for (std::size_t size = 0; size < block; ++size) {
        EXPECT_FALSE(decode_dependencies(ByteView(payload).first(size))) << size;
    }
    EXPECT_TRUE(encode_dependencies({}).empty());
}

TEST(Dependencies, as_many_as_the_limit_take_no_more_than_their_room) {
    std::vector<EventKey> after;
    for (std::uint32_t index = 0; index < kDependenciesMax; ++index) {
        after.push_back({{MemberId(UINT64_MAX), Epoch(UINT32_MAX), UINT32_MAX - 9 + index},
                         EventSequence(UINT64_MAX)});
    }
    Bytes bytes = encode_dependencies(after);
    EXPECT_EQ(bytes.size(), kDependencyBlockBytesMax);
    EXPECT_TRUE(decode_dependencies(bytes));
    bytes[0] = kDependenciesMax + 1;
    EXPECT_FALSE(decode_dependencies(bytes));
    bytes[0] = 0;
    EXPECT_FALSE(decode_dependencies(bytes));
}

TEST(Dependencies, have_one_order_and_name_somebody) {
    EXPECT_FALSE(decode_dependencies(encode_dependencies({key(3, 1), key(2, 1)})));
    EXPECT_FALSE(decode_dependencies(encode_dependencies({key(2, 1), key(2, 2)})));
    EXPECT_FALSE(decode_dependencies(encode_dependencies({key(0, 1)})));
    EXPECT_FALSE(decode_dependencies(encode_dependencies({key(2, 0)})));
    EXPECT_EQ(newest_of_each({key(3, 1), key(2, 1), key(2, 5), key(2, 3)}),
              (std::vector{key(2, 5), key(3, 1)}));
}

// -- In events --

using test::EventNetwork;

/// Where an event stands in what a member was told; nothing if it was not.
std::optional<std::size_t> place_of(const EventNetwork::Told& told, const EventKey& wanted) {
    for (std::size_t place = 0; place < told.events.size(); ++place) {
        const Event& event = *told.events[place];
        if (EventKey{event.stream, event.sequence} == wanted) return place;
    }
    return std::nullopt;
}

/// Three members answer each other in turn, each as soon as it sees what it answers, while every
/// datagram takes up to half a second. Returns how many answers were told before their question.
struct ChainResult {
    std::size_t told = 0;
    std::size_t flagged = 0;
    std::size_t before_its_question = 0;
};

ChainResult run_chains(std::uint64_t seed, double loss, Duration patience) {
    ProtocolConfig config;
    config.causal_patience = patience;
    EventNetwork network(8, seed, config);
    network.run_for(10s);
    network.faults.delay_min = 0ms;
    network.faults.delay_max = 500ms;
    network.faults.loss = loss;
    for (int chain = 0; chain < 20; ++chain) {
        std::optional<EventKey> last;
        for (const std::uint64_t member : {1, 2, 3, 2, 1}) {
            if (last) {
                EXPECT_TRUE(network.run_until(
                    [&] { return place_of(network.at(member).told, *last).has_value(); }, 60s));
            }
            PublishOptions options;
            if (last) options.after = {*last};
            const EventSequence sequence = network.publish(member, "chat", {}, std::move(options));
            last = EventKey{{MemberId(member), Epoch(1)}, sequence};
        }
    }
    network.faults.loss = 0;
    network.run_for(60s);
    ChainResult result;
    for (std::uint64_t member = 1; member <= 8; ++member) {
        const EventNetwork::Told& told = network.at(member).told;
        EXPECT_EQ(told.disorder, 0U);
        result.told += told.events.size();
        result.flagged += told.flagged.size();
        for (const SharedEvent& event : told.events) {
            if (event->after.empty() || told.flagged.contains({event->stream, event->sequence})) {
                continue;
            }
            const auto answer = place_of(told, {event->stream, event->sequence});
            const auto question = place_of(told, event->after.front());
            if (!question || *question > *answer) ++result.before_its_question;
        }
    }
    return result;
}

TEST(CausalEvents, nobody_sees_an_answer_before_its_question) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        const ChainResult result = run_chains(seed, 0, 2s);
        EXPECT_EQ(result.told, 8U * 100) << seed;
        EXPECT_EQ(result.before_its_question, 0U) << seed;
        EXPECT_EQ(result.flagged, 0U) << "delays are below the patience; seed " << seed;
    }
}

TEST(CausalEvents, what_is_seen_too_early_for_want_of_patience_is_flagged) {
    std::size_t flagged = 0;
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        const ChainResult result = run_chains(seed, 0.2, 100ms);
        EXPECT_EQ(result.told, 8U * 100) << seed;
        EXPECT_EQ(result.before_its_question, 0U) << seed;
        flagged += result.flagged;
    }
    EXPECT_GT(flagged, 0U) << "the test would not notice";
}

TEST(CausalEvents, the_largest_event_has_room_for_the_most_dependencies) {
    EventNetwork network(2, 1);
    network.run_for(10s);
    PublishOptions options;
    for (std::uint64_t publisher = 10; publisher < 10 + kDependenciesMax; ++publisher) {
        options.after.push_back(key(publisher, 1));
    }
    network.publish(1, "film", Bytes(kEventPayloadBytesMax, 7), options);
    EXPECT_TRUE(network.run_until([&] { return !network.at(2).told.events.empty(); }, 60s));
    const Event& event = *network.at(2).told.events.at(0);
    EXPECT_EQ(event.after, options.after);
    EXPECT_EQ(*content_of(event), Bytes(kEventPayloadBytesMax, 7));

    options.after.push_back(key(99, 1));
    EXPECT_FALSE(network.at(1).events->publish(network.now(), {}, "t", {}, options));
    EXPECT_FALSE(
        network.at(1).events->publish(network.now(), {}, "t", Bytes(kEventPayloadBytesMax + 1)));
}

}  // namespace
}  // namespace grapevine::protocol
