// Copies that wait for others to the same member (ProtocolConfig::event_gather).

#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "protocol/rumor/events_testing.hpp"

namespace grapevine::protocol {
namespace {

using namespace std::chrono_literals;
using test::at;
using test::Fixture;

ProtocolConfig gathering() {
    ProtocolConfig config;
    config.event_gather = 200ms;
    config.lazy_links = 0;
    return config;
}

void publish(Fixture& fixture, Instant now) {
    ASSERT_TRUE(fixture.events->publish(now, WallTime{1}, "t", Bytes(10)));
    fixture.drain();
}

TEST(EventsGather, copies_go_together_when_the_first_has_waited) {
    Fixture f(3, gathering());
    publish(f, at(100s));
    publish(f, at(100s) + 150ms);
    f.advance_to(at(100s) + 200ms - 1ns);
    EXPECT_TRUE(f.sent_of<wire::EventFragment>().empty());
    EXPECT_EQ(f.events->deadline(), at(100s) + 200ms);
    f.events->advance(at(100s) + 200ms);
    f.drain();
    EXPECT_EQ(f.sent_of<wire::EventFragment>().size(), 2U * 3U);
    EXPECT_EQ(f.delivered.size(), 2U) << "we ourselves do not wait";
}

TEST(EventsGather, the_next_copy_waits_anew) {
    Fixture f(3, gathering());
    publish(f, at(100s));
    f.advance_to(at(100s) + 300ms);
    f.clear();
    publish(f, at(100s) + 300ms);
    f.advance_to(at(100s) + 500ms - 1ns);
    EXPECT_TRUE(f.sent_of<wire::EventFragment>().empty());
    f.advance_to(at(100s) + 500ms);
    EXPECT_EQ(f.sent_of<wire::EventFragment>().size(), 3U);
}

TEST(EventsGather, what_waits_for_one_who_leaves_is_dropped) {
    Fixture f(3, gathering());
    publish(f, at(100s));
    for (std::uint64_t id = 2; id <= 4; ++id) {
        f.events->peer_left(at(100s), MemberId{id});
        f.drain();
    }
    f.advance_to(at(101s));
    EXPECT_TRUE(f.sent_of<wire::EventFragment>().empty());
}

TEST(EventsGather, beyond_the_limit_copies_go_at_once) {
    Fixture f(1, gathering());
    for (std::size_t count = 0; count < kGatheredMax; ++count) {
        ASSERT_TRUE(f.events->publish(at(100s), WallTime{1}, "t", Bytes(1)));
        while (f.events->poll()) {
        }
    }
    publish(f, at(100s));
    EXPECT_EQ(f.sent_of<wire::EventFragment>().size(), 1U);
}

}  // namespace
}  // namespace grapevine::protocol
