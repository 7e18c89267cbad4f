// One `Events` machine, fed by hand: refusals, limits and times, from both sides.

#include "protocol/rumor/events.hpp"

#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.hpp"
#include "protocol/machine.hpp"
#include "protocol/rumor/events_testing.hpp"

namespace grapevine::protocol {
namespace {

using namespace std::chrono_literals;
using test::at;
using test::Fixture;
using test::fragment;
using test::frontier;
using test::kPublisher;
using test::kSelf;
using test::kStream;
using wire::EventFragment;
using wire::EventFrontier;
using wire::EventRequest;

static_assert(Machine<Events>);

TEST(EventsPublish, is_delivered_to_ourselves_and_pushed_to_everybody_in_a_small_group) {
    Fixture f;
    EXPECT_EQ(f.events->publish(at(100s), WallTime{3}, "a.b", Bytes(10)).value(), EventSequence{1});
    f.drain();
    ASSERT_EQ(f.delivered.size(), 1U);
    EXPECT_EQ(f.delivered[0]->topic, "a.b");
    EXPECT_EQ(f.delivered[0]->stream, (wire::StreamId{kSelf, Epoch{5}}));
    EXPECT_EQ(f.sent_of<EventFragment>().size(), 5U);
    EXPECT_EQ(f.events->counters().pushed, 5U);
}

TEST(EventsPublish, refuses_bad_topics_and_changes_nothing) {
    Fixture f;
    EXPECT_EQ(f.events->publish(at(100s), {}, "", {}).error().field, "topic");
    EXPECT_EQ(f.events->publish(at(100s), {}, "a\tb", {}).error().code, Refusal::Code::invalid);
    EXPECT_EQ(
        f.events->publish(at(100s), {}, std::string(kTopicBytesMax + 1, 't'), {}).error().code,
        Refusal::Code::over_limit);
    f.drain();
    EXPECT_TRUE(f.sent.empty() && f.delivered.empty());
    EXPECT_EQ(f.events->publish(at(100s), {}, std::string(kTopicBytesMax, 't'), {}).value(),
              EventSequence{1});
}

TEST(EventsPublish, refuses_one_byte_above_a_megabyte) {
    Fixture f;
    const auto refused = f.events->publish(at(100s), {}, "t", Bytes(kEventPayloadBytesMax + 1));
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Refusal::Code::over_limit);
    EXPECT_EQ(refused.error().field, "payload");
    EXPECT_TRUE(f.events->publish(at(100s), {}, "t", Bytes(kEventPayloadBytesMax)).has_value());
    f.drain();
}

TEST(Events, a_hole_is_asked_for_after_the_delay_and_not_before) {
    Fixture f;
    f.hear(at(100s), MemberId{3}, fragment(1));
    f.hear(at(100s), MemberId{3}, fragment(3));
    f.clear();
    f.advance_to(at(100s) + f.config.repair_delay * 3 / 4 - 1ns);
    EXPECT_TRUE(f.sent_of<EventRequest>().empty());
    f.advance_to(at(100s) + f.config.repair_delay * 5 / 4);
    const auto requests = f.sent_of<EventRequest>();
    ASSERT_EQ(requests.size(), 1U);
    EXPECT_EQ(requests[0].first, MemberId{3}) << "the one who sent what is behind the hole";
    const std::vector<EventRequest::Range> expected{{EventSequence{2}, EventSequence{2}, 0, 1}};
    EXPECT_EQ(requests[0].second.ranges, expected);
}

TEST(Events, an_unanswered_request_goes_to_another_source) {
    Fixture f;
    f.hear(at(100s), MemberId{3}, fragment(2));
    f.hear(at(100s), MemberId{4}, fragment(3));
    f.clear();
    f.advance_to(at(101s));
    std::set<MemberId> asked;
    for (const auto& [to, request] : f.sent_of<EventRequest>()) asked.insert(to);
    EXPECT_TRUE(asked.contains(MemberId{3}) && asked.contains(MemberId{4}));
    EXPECT_TRUE(asked.contains(kPublisher));
    const std::size_t count = f.sent_of<EventRequest>().size();
    EXPECT_GE(count, 6U);
    EXPECT_LE(count, 11U) << "one per retry, a quarter early at most";
}

TEST(Events, what_was_asked_for_is_not_pushed_on) {
    Fixture f;
    f.hear(at(100s), MemberId{3}, fragment(2));
    f.advance_to(at(100s) + 200ms);
    f.clear();
    f.hear(at(100s) + 201ms, MemberId{3}, fragment(1));
    EXPECT_EQ(f.delivered.size(), 2U);
    EXPECT_TRUE(f.sent_of<EventFragment>().empty());
}

TEST(Events, a_hole_nobody_can_fill_is_a_gap_after_patience_if_the_publisher_answers) {
    Fixture f;
    f.hear(at(100s), MemberId{3}, fragment(2));
    const Instant opened = at(100s);
    for (Instant now = opened + 100ms; now < opened + 4s; now += 100ms) {
        f.advance_to(now);
        if (now < opened + f.config.gap_patience) {
            EXPECT_TRUE(f.gaps.empty());
        }
        f.hear(now, kPublisher, frontier(1, 0));
    }
    ASSERT_EQ(f.gaps.size(), 1U);
    EXPECT_EQ(f.gaps[0].first, EventSequence{1});
    EXPECT_EQ(f.gaps[0].last, EventSequence{1});
    ASSERT_EQ(f.delivered.size(), 1U);
    f.hear(at(110s), MemberId{3}, fragment(1));
    EXPECT_EQ(f.delivered.size(), 1U) << "given up is given up";
}

TEST(Events, an_unreachable_publisher_is_waited_for_ten_times_as_long) {
    Fixture f;
    f.hear(at(100s), MemberId{3}, fragment(2));
    const Duration patience = Events::kUnreachablePatience * f.config.gap_patience;
    f.advance_to(at(100s) + patience - 1ms);
    EXPECT_TRUE(f.gaps.empty());
    f.advance_to(at(100s) + patience + 1s);
    EXPECT_EQ(f.gaps.size(), 1U);
}

TEST(Events, a_later_epoch_shows_that_the_old_publisher_is_gone) {
    Fixture f;
    f.hear(at(100s), MemberId{3}, fragment(2));
    f.hear(at(100s), MemberId{3}, fragment(1, {kPublisher, Epoch{2}}));
    EXPECT_EQ(f.delivered.size(), 1U) << "the new epoch does not wait";
    f.advance_to(at(100s) + f.config.gap_patience - 1ms);
    EXPECT_TRUE(f.gaps.empty());
    f.advance_to(at(100s) + f.config.gap_patience + 1s);
    ASSERT_EQ(f.gaps.size(), 1U);
    EXPECT_EQ(f.gaps[0].stream, kStream);
    EXPECT_EQ(f.delivered.size(), 2U);
}

TEST(Events, nothing_is_given_up_while_nobody_is_there) {
    Fixture f;
    f.hear(at(100s), MemberId{3}, fragment(2));
    f.peers.set({});
    f.advance_to(at(1000s));
    EXPECT_TRUE(f.gaps.empty());
}

TEST(Events, three_denials_make_a_gap_at_once_and_two_do_not) {
    Fixture f(8);
    f.hear(at(100s), MemberId{3}, frontier(10, 12));
    f.hear(at(100s), MemberId{4}, frontier(8, 12));
    f.advance_to(at(101s));
    EXPECT_TRUE(f.gaps.empty());
    f.hear(at(101s), MemberId{5}, frontier(9, 12));
    f.advance_to(at(102s));
    f.hear(at(102s), MemberId{4}, fragment(8));
    ASSERT_EQ(f.gaps.size(), 1U);
    EXPECT_EQ(f.gaps[0].first, EventSequence{1});
    EXPECT_EQ(f.gaps[0].last, EventSequence{7}) << "the lowest that anybody offers";
}

TEST(Events, the_publisher_itself_is_believed_alone) {
    Fixture f(8);
    f.hear(at(100s), kPublisher, frontier(10, 9));
    f.advance_to(at(101s));
    ASSERT_EQ(f.gaps.size(), 1U);
    EXPECT_EQ(f.gaps[0].last, EventSequence{9});
}

TEST(Events, a_request_draws_no_more_than_its_limit) {
    Fixture f;
    ASSERT_TRUE(f.events->publish(at(100s), {}, "t", Bytes(kEventPayloadBytesMax)).has_value());
    f.drain();
    f.clear();
    const wire::StreamId own{kSelf, Epoch{5}};
    f.hear(at(100s), MemberId{3}, EventRequest{own, {{EventSequence{1}, EventSequence{1}, 0, 0}}});
    EXPECT_EQ(f.sent_of<EventFragment>().size(), kRequestAnswerMax);
    EXPECT_EQ(f.events->counters().resent, kRequestAnswerMax);
}

TEST(Events, a_request_for_what_is_not_here_is_answered_with_the_frontier) {
    Fixture f;
    const wire::StreamId own{kSelf, Epoch{5}};
    ASSERT_TRUE(f.events->publish(at(100s), {}, "t", Bytes(1)).has_value());
    f.drain();
    f.clear();
    f.hear(at(100s), MemberId{3}, EventRequest{own, {{EventSequence{1}, EventSequence{4}, 0, 0}}});
    EXPECT_EQ(f.sent_of<EventFragment>().size(), 1U);
    ASSERT_EQ(f.sent_of<EventFrontier>().size(), 1U);
    EXPECT_EQ(f.sent_of<EventFrontier>()[0].second.items[0].highest, EventSequence{1});
    f.clear();
    f.hear(at(100s), MemberId{3},
           EventRequest{{MemberId{99}, Epoch{1}}, {{EventSequence{1}, EventSequence{1}, 0, 0}}});
    ASSERT_EQ(f.sent_of<EventFrontier>().size(), 1U);
    EXPECT_EQ(f.sent_of<EventFrontier>()[0].second.items[0].highest, EventSequence{0});
}

TEST(Events, a_digest_is_answered_with_what_its_sender_lacks_and_only_then) {
    Fixture f;
    f.hear(at(100s), MemberId{3}, fragment(1));
    f.clear();
    f.hear(at(100s), MemberId{4}, frontier(1, 1, true));
    EXPECT_TRUE(f.sent.empty());
    f.hear(at(100s), MemberId{4}, EventFrontier{true, {}});
    ASSERT_EQ(f.sent_of<EventFrontier>().size(), 1U);
    EXPECT_FALSE(f.sent_of<EventFrontier>()[0].second.wants_reply);
}

TEST(Events, garbage_is_counted_and_changes_nothing) {
    Fixture f;
    EventFragment bad = fragment(1);
    bad.count = 2;
    f.hear(at(100s), MemberId{3}, bad);
    bad = fragment(1);
    bad.total_bytes = 3;
    f.hear(at(100s), MemberId{3}, bad);
    bad = fragment(0);
    f.hear(at(100s), MemberId{3}, bad);
    bad = fragment(~std::uint64_t{0});
    f.hear(at(100s), MemberId{3}, bad);
    f.hear(at(100s), MemberId{3}, frontier(0, 5));
    f.hear(at(100s), MemberId{3}, frontier(9, 5));
    f.hear(at(100s), MemberId{3}, frontier(1, ~std::uint64_t{0}));
    EXPECT_EQ(f.events->counters().dropped_conflict, 7U);
    EXPECT_TRUE(f.delivered.empty() && f.gaps.empty());
    f.hear(at(100s), MemberId{3}, fragment(1));
    EXPECT_EQ(f.delivered.size(), 1U);
}

TEST(Events, nobody_can_invent_our_own_events) {
    Fixture f;
    f.hear(at(100s), MemberId{3}, fragment(1, {kSelf, Epoch{5}}));
    f.hear(at(100s), MemberId{3}, fragment(1, {kSelf, Epoch{6}}));
    EXPECT_TRUE(f.delivered.empty());
    f.hear(at(100s), MemberId{3}, fragment(1, {kSelf, Epoch{4}}));
    EXPECT_EQ(f.delivered.size(), 1U) << "an earlier life of ours is a stream like any other";
}

TEST(Events, one_stream_above_the_limit_is_refused_until_another_is_idle) {
    ProtocolConfig config;
    config.retention_age = 10s;
    Fixture f(5, config);
    for (std::uint64_t id = 0; id + 1 < kStreamsMax; ++id) {
        f.events->handle(at(100s), MemberId{3}, fragment(1, {MemberId{1000 + id}, Epoch{1}}));
        while (f.events->poll()) {
        }
    }
    EXPECT_EQ(f.events->stream_count(), kStreamsMax);
    f.hear(at(100s), MemberId{3}, fragment(1, {MemberId{900}, Epoch{1}}));
    EXPECT_EQ(f.events->counters().dropped_full, 1U);
    EXPECT_TRUE(f.delivered.empty());
    // Ten seconds later none of them retains anything: the longest silent makes room.
    f.advance_to(at(115s));
    f.hear(at(115s), MemberId{3}, fragment(1, {MemberId{900}, Epoch{1}}));
    EXPECT_EQ(f.events->counters().evicted, 1U);
    EXPECT_EQ(f.delivered.size(), 1U);
    EXPECT_EQ(f.events->stream_count(), kStreamsMax);
}

TEST(Events, what_is_in_flight_is_bounded_over_all_streams) {
    Fixture f;
    for (std::uint64_t id = 0; id < 20; ++id) {
        f.hear(at(100s), MemberId{3}, fragment(100, {MemberId{100 + id}, Epoch{1}}));
    }
    f.clear();
    f.advance_to(at(100s) + 95ms);
    std::size_t parts = 0;
    for (const auto& [to, request] : f.sent_of<EventRequest>()) parts += request.ranges.size();
    EXPECT_EQ(parts, kInFlightMax);
}

TEST(Events, a_differing_summary_starts_one_exchange_per_half_interval) {
    Fixture f;
    f.events->peer_differs(at(100s) + 600ms, MemberId{3});
    f.drain();
    f.clear();
    f.events->peer_differs(at(100s) + 601ms, MemberId{4});
    f.drain();
    EXPECT_TRUE(f.sent.empty());
    f.events->peer_differs(at(100s) + 600ms + f.config.frontier_interval / 2, MemberId{4});
    f.drain();
    EXPECT_EQ(f.sent_of<EventFrontier>().size(), 1U);
}

TEST(Events, the_summary_depends_on_what_is_had_and_not_on_its_order) {
    Fixture a;
    Fixture b;
    const wire::StreamId other{MemberId{3}, Epoch{1}};
    a.hear(at(100s), MemberId{3}, fragment(1));
    a.hear(at(100s), MemberId{3}, fragment(1, other));
    EXPECT_NE(a.events->summary(), b.events->summary());
    b.hear(at(100s), MemberId{3}, fragment(1, other));
    b.hear(at(100s), MemberId{3}, fragment(1));
    EXPECT_EQ(a.events->summary(), b.events->summary());
    a.hear(at(100s), MemberId{3}, fragment(2));
    EXPECT_NE(a.events->summary(), b.events->summary());
}

TEST(Events, retention_is_bounded_by_bytes) {
    ProtocolConfig config;
    config.retention_bytes = 10'000;
    Fixture f(5, config);
    for (int i = 0; i < 100; ++i) {
        ASSERT_TRUE(f.events->publish(at(100s), {}, "t", Bytes(500)).has_value());
        f.drain();
        EXPECT_LE(f.events->retained_bytes(), 10'000U);
    }
}

}  // namespace
}  // namespace grapevine::protocol
