#include "base/endpoint.hpp"

#include <array>
#include <gtest/gtest.h>
#include <unordered_set>
#include <utility>

namespace grapevine {
namespace {

TEST(Endpoint, what_is_printed_is_what_was_read) {
    for (const std::string_view text :
         {"127.0.0.1:9471", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:9471", "[::]:1",
          "[2001:db8::ff00:42:8329]:9471", "[fe80::1%2]:9471", "[fe80::1%4294967295]:9471"}) {
        const auto endpoint = Endpoint::parse(text);
        ASSERT_TRUE(endpoint.has_value()) << text;
        EXPECT_EQ(to_string(*endpoint), text);
        EXPECT_EQ(Endpoint::parse(to_string(*endpoint)).value(), *endpoint);
    }
}

TEST(Endpoint, ipv4_and_its_mapped_form_are_equal) {
    const Endpoint mapped = Endpoint::parse("[::ffff:192.0.2.7]:5").value();
    EXPECT_EQ(mapped, Endpoint::v4(192, 0, 2, 7, 5));
    EXPECT_EQ(mapped, Endpoint::parse("192.0.2.7:5").value());
    EXPECT_TRUE(mapped.is_v4());
    EXPECT_EQ(to_string(mapped), "192.0.2.7:5");
    EXPECT_EQ(ip_to_string(mapped), "192.0.2.7");
}

TEST(Endpoint, the_address_alone_keeps_its_scope) {
    EXPECT_EQ(ip_to_string(Endpoint::parse("[::1]:9").value()), "::1");
    EXPECT_EQ(ip_to_string(Endpoint::parse("[fe80::1%7]:9").value()), "fe80::1%7");
}

TEST(Endpoint, a_bad_port_is_refused_as_such) {
    for (const std::string_view text :
         {"127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1",
          "127.0.0.1:80 ", "127.0.0.1:0x50", "[::1]", "[::1]:", "[::1]:99999", "", ":"}) {
        const auto endpoint = Endpoint::parse(text);
        ASSERT_FALSE(endpoint.has_value()) << text;
        EXPECT_EQ(endpoint.error().code, Error::Code::malformed) << text;
        EXPECT_EQ(endpoint.error().field, "endpoint.port") << text;
    }
}

TEST(Endpoint, a_bad_address_is_refused_as_such) {
    for (const std::string_view text :
         {":80", "256.0.0.1:80", "1.2.3:80", "1.2.3.4.5:80", " 1.2.3.4:80", "localhost:80",
          "::1:80", "[::1:80", "::1]:80", "[]:80", "[[::1]]:80", "[1.2.3.4]:80", "[::g]:80",
          "[1:2:3:4:5:6:7:8:9]:80"}) {
        const auto endpoint = Endpoint::parse(text);
        ASSERT_FALSE(endpoint.has_value()) << text;
        EXPECT_EQ(endpoint.error().field, "endpoint.address") << text;
    }
}

TEST(Endpoint, what_stands_behind_a_zero_byte_is_not_overlooked) {
    using namespace std::string_view_literals;
    EXPECT_FALSE(Endpoint::parse("127.0.0.1\0.evil:80"sv).has_value());
    EXPECT_FALSE(Endpoint::parse("[::1\0]:80"sv).has_value());
}

TEST(Endpoint, a_bad_scope_is_refused_as_such) {
    for (const std::string_view text :
         {"[fe80::1%]:80", "[fe80::1%eth0]:80", "[fe80::1%4294967296]:80", "[fe80::1%1%2]:80",
          "[::ffff:1.2.3.4%3]:80"}) {
        const auto endpoint = Endpoint::parse(text);
        ASSERT_FALSE(endpoint.has_value()) << text;
        EXPECT_EQ(endpoint.error().field, "endpoint.scope") << text;
    }
}

TEST(Endpoint, loopback_is_known_in_either_notation) {
    for (const std::string_view text :
         {"127.0.0.1:1", "127.255.0.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1"}) {
        EXPECT_TRUE(Endpoint::parse(text).value().is_loopback()) << text;
    }
    for (const std::string_view text : {"128.0.0.1:1", "0.0.0.0:1", "[::2]:1", "[::]:1"}) {
        EXPECT_FALSE(Endpoint::parse(text).value().is_loopback()) << text;
    }
}

TEST(Endpoint, unspecified_is_known_in_either_notation) {
    for (const std::string_view text : {"0.0.0.0:1", "[::]:1", "[::ffff:0.0.0.0]:1"}) {
        EXPECT_TRUE(Endpoint::parse(text).value().is_unspecified()) << text;
    }
    for (const std::string_view text : {"0.0.0.1:1", "[::1]:1"}) {
        EXPECT_FALSE(Endpoint::parse(text).value().is_unspecified()) << text;
    }
}

TEST(Endpoint, address_port_and_scope_all_make_a_difference) {
    const std::array<Endpoint, 5> different = {
        Endpoint::parse("[fe80::1%1]:80").value(), Endpoint::parse("[fe80::1%2]:80").value(),
        Endpoint::parse("[fe80::1%1]:81").value(), Endpoint::parse("[fe80::2%1]:80").value(),
        Endpoint::parse("[fe80:0:0:1::1%1]:80").value()};
    std::unordered_set<Endpoint> set;
    std::unordered_set<std::size_t> hashes;
    for (const Endpoint& endpoint : different) {
        set.insert(endpoint);
        hashes.insert(std::hash<Endpoint>{}(endpoint));
    }
    EXPECT_EQ(set.size(), different.size());
    EXPECT_EQ(hashes.size(), different.size());
}

}  // namespace
}  // namespace grapevine
