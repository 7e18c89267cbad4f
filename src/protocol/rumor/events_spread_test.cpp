// One `Events` machine, fed by hand: to whom events go on, and who is asked for what did not come.

#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "protocol/rumor/events.hpp"
#include "protocol/rumor/events_testing.hpp"

namespace grapevine::protocol {
namespace {

using namespace std::chrono_literals;
using test::at;
using test::Fixture;
using test::fragment;
using test::frontier;
using test::kPublisher;
using test::kStream;
using wire::EventFragment;
using wire::EventRequest;

TEST(EventsSpread, a_hole_before_what_has_come_is_no_reason_to_graft) {
    Fixture f;
    f.hear(at(100s), MemberId{3}, fragment(1));
    f.hear(at(100s), MemberId{3}, fragment(3));
    f.hear(at(100s), MemberId{4}, frontier(1, 3));
    f.clear();
    f.advance_to(at(100s) + f.config.repair_delay * 5 / 4);
    EXPECT_EQ(f.sent_of<EventRequest>().size(), 1U);
    EXPECT_TRUE(f.sent_of<wire::EventLink>().empty());
}

TEST(EventsSpread, who_has_announced_what_does_not_come_is_asked_for_it_and_grafted) {
    Fixture f;
    f.hear(at(100s), MemberId{3}, fragment(1));
    f.hear(at(100s), MemberId{4}, frontier(1, 2));
    f.clear();
    f.advance_to(at(100s) + f.config.repair_delay * 3 / 4 - 1ns);
    EXPECT_TRUE(f.sent_of<EventRequest>().empty());
    f.advance_to(at(100s) + f.config.repair_delay * 5 / 4);
    ASSERT_EQ(f.sent_of<EventRequest>().size(), 1U);
    EXPECT_EQ(f.sent_of<EventRequest>()[0].first, MemberId{4});
    ASSERT_EQ(f.sent_of<wire::EventLink>().size(), 1U);
    EXPECT_EQ(f.sent_of<wire::EventLink>()[0].first, MemberId{4});
    EXPECT_TRUE(f.sent_of<wire::EventLink>()[0].second.is_eager);
}

TEST(EventsSpread, a_link_of_a_stream_that_is_not_followed_is_not_made) {
    Fixture f;
    f.hear(at(100s), MemberId{3}, wire::EventLink{kStream, true});
    f.hear(at(100s), kPublisher, fragment(1));
    EXPECT_TRUE(f.sent_of<EventFragment>().empty());
    f.hear(at(100s), MemberId{3}, wire::EventLink{kStream, true});
    f.hear(at(100s), kPublisher, fragment(2));
    EXPECT_EQ(f.sent_of<EventFragment>().size(), 1U);
}

TEST(EventsSpread, who_has_not_got_what_is_missing_is_followed_by_the_next_at_once) {
    Fixture f(8);
    f.hear(at(100s), MemberId{4}, frontier(1, 3));
    f.hear(at(100s), MemberId{3}, fragment(3));
    f.clear();
    f.advance_to(at(100s) + f.config.repair_delay * 5 / 4);
    ASSERT_EQ(f.sent_of<EventRequest>().size(), 1U);
    ASSERT_EQ(f.sent_of<EventRequest>()[0].first, MemberId{3});
    f.clear();
    const Instant answered = at(100s) + f.config.repair_delay * 5 / 4 + 1ms;
    f.hear(answered, MemberId{3}, frontier(1, 0));
    f.advance_to(answered);
    ASSERT_EQ(f.sent_of<EventRequest>().size(), 1U);
    EXPECT_EQ(f.sent_of<EventRequest>()[0].first, MemberId{4});
}

TEST(EventsSpread, sends_on_what_is_new_but_not_back_nor_to_its_publisher) {
    ProtocolConfig config;
    config.tree_root_degree = 7;  // So that the publisher does not reach everybody.
    config.tree_degree = 7;
    Fixture f(8, config);
    EventFragment first = fragment(1);
    first.hops = 1;
    first.is_traced = true;
    f.hear(at(100s), MemberId{3}, first);
    const auto pushed = f.sent_of<EventFragment>();
    EXPECT_GE(pushed.size(), 5U) << "seven neighbours but the sender and the publisher";
    for (const auto& [to, section] : pushed) {
        EXPECT_TRUE(to > MemberId{3});
        EXPECT_EQ(section.hops, 2);
        EXPECT_TRUE(section.is_traced);
    }
    f.clear();
    f.hear(at(100s), MemberId{4}, first);
    EXPECT_TRUE(f.delivered.empty());
    EXPECT_EQ(f.events->counters().duplicates, 1U);
    ASSERT_EQ(f.sent_of<wire::EventLink>().size(), 1U);
    EXPECT_EQ(f.sent_of<wire::EventLink>()[0].first, MemberId{4});
    EXPECT_FALSE(f.sent_of<wire::EventLink>()[0].second.is_eager);
    EXPECT_EQ(f.events->counters().pruned, 1U);
}

TEST(EventsSpread, the_rest_of_a_large_event_is_asked_for_at_once) {
    Fixture f;
    constexpr std::size_t kTotal = (kEagerFragmentsMax + 1) * kFragmentBytesMax;
    const auto bytes = std::make_shared<const Bytes>(kFragmentBytesMax);
    const EventFragment head{kStream,
                             EventSequence{1},
                             WallTime{1},
                             "t",
                             kTotal,
                             0,
                             kEagerFragmentsMax + 1,
                             {bytes, 0, kFragmentBytesMax}};
    f.hear(at(100s), MemberId{3}, head);
    f.advance_to(at(100s));
    ASSERT_EQ(f.sent_of<EventRequest>().size(), 1U);
    EXPECT_EQ(f.sent_of<EventRequest>()[0].first, MemberId{3});
    EXPECT_EQ(f.sent_of<EventRequest>()[0].second.ranges[0].fragment_count, kEagerFragmentsMax);
}

TEST(EventsSpread, pushes_all_of_sixteen_fragments_and_one_of_more) {
    Fixture f(5);
    constexpr std::size_t kEager = kEagerFragmentsMax * kFragmentBytesMax;
    ASSERT_TRUE(f.events->publish(at(100s), {}, "t", Bytes(kEager)).has_value());
    f.drain();
    EXPECT_EQ(f.sent_of<EventFragment>().size(), 5 * kEagerFragmentsMax);
    f.clear();
    ASSERT_TRUE(f.events->publish(at(100s), {}, "t", Bytes(kEager + 1)).has_value());
    f.drain();
    const auto heads = f.sent_of<EventFragment>();
    EXPECT_EQ(heads.size(), f.config.event_fanout);
    for (const auto& [to, head] : heads) EXPECT_EQ(head.index, 0);
}

}  // namespace
}  // namespace grapevine::protocol
