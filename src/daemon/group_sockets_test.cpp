#include "daemon/group_sockets.hpp"

#include <algorithm>
#include <gtest/gtest.h>

namespace grapevine::daemon {
namespace {

using namespace std::chrono_literals;

Endpoint at(std::string_view text) {
    return Endpoint::parse(text).value();
}

std::string groups(const std::string& text, std::string_view bind) {
    const auto parsed = parse_groups(text, at(bind));
    if (!parsed) return parsed.error().field + ": " + parsed.error().message;
    std::string list;
    for (const Endpoint& group : *parsed) list += to_string(group) + " ";
    return list;
}

TEST(Groups, on_means_the_default_group_of_each_family_that_is_bound) {
    EXPECT_EQ(groups("on", "0.0.0.0:1"), "239.255.94.71:9470 ");
    EXPECT_EQ(groups("on", "192.0.2.1:1"), "239.255.94.71:9470 ");
    EXPECT_EQ(groups("on", "[::]:1"), "239.255.94.71:9470 [ff15::9471:9470]:9470 ");
    EXPECT_EQ(groups("on", "[2001:db8::1]:1"), "[ff15::9471:9470]:9470 ");
    EXPECT_EQ(groups("off", "[::]:1"), "");
}

TEST(Groups, a_group_can_be_named) {
    EXPECT_EQ(groups("239.1.2.3:77", "0.0.0.0:1"), "239.1.2.3:77 ");
    EXPECT_EQ(groups("239.1.2.3:77", "[::]:1"), "239.1.2.3:77 ");
    EXPECT_EQ(groups("[ff12::1%2]:77", "[::]:1"), "[ff12::1%2]:77 ");
}

TEST(Groups, what_is_no_group_for_this_bind_is_refused) {
    EXPECT_EQ(groups("", "[::]:1"), "multicast: '' is not on, off or a group with a port");
    EXPECT_EQ(groups("239.1.2.3", "[::]:1"),
              "multicast: '239.1.2.3' is not on, off or a group with a port");
    EXPECT_EQ(groups("239.1.2.3:0", "[::]:1"),
              "multicast: '239.1.2.3:0' is not on, off or a group with a port");
    EXPECT_EQ(groups("192.0.2.1:77", "[::]:1"), "multicast: 192.0.2.1 is not a multicast group");
    EXPECT_EQ(groups("[ff15::1]:77", "0.0.0.0:1"),
              "multicast: the group ff15::1 and the bind 0.0.0.0 are of different families");
    EXPECT_EQ(groups("239.1.2.3:77", "[2001:db8::1]:1"),
              "multicast: the group 239.1.2.3 and the bind 2001:db8::1 are of different families");
}

TEST(GroupSockets, two_on_one_host_hear_each_other_and_themselves) {
    runtime::Loop loop;
    const Endpoint bind = at("127.0.0.1:0");
    const std::vector<Endpoint> group = {at("239.255.71.9:47101")};
    std::vector<std::string> heard;
    const auto listen = [&](const std::string& name) {
        return GroupSockets::Handlers{[&heard, name](const Endpoint&, ByteView bytes) {
                                          heard.push_back(name + as_text(bytes).data()[0]);
                                      },
                                      [] {}};
    };
    GroupSockets alice(loop, "a", bind, group, listen("alice "));
    GroupSockets bob(loop, "b", bind, group, listen("bob "));
    EXPECT_EQ(alice.interface_count(), 1U);
    alice.send({'x'});
    for (int turn = 0; turn < 100 && heard.size() < 2; ++turn) loop.run_for(10ms);
    std::ranges::sort(heard);
    EXPECT_EQ(heard, (std::vector<std::string>{"alice x", "bob x"}));
}

TEST(GroupSockets, a_group_that_cannot_be_joined_is_no_end_of_the_overlay) {
    runtime::Loop loop;
    GroupSockets sockets(loop, "a", at("192.0.2.1:9471"), {kDefaultGroupV4},
                         {[](const Endpoint&, ByteView) {}, [] {}});
    EXPECT_EQ(sockets.interface_count(), 0U);
    sockets.send({'x'});
}

}  // namespace
}  // namespace grapevine::daemon
