#include "api/gossiperl/properties.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fmt/core.h>
#include <gtest/gtest.h>

#include "api/gossiperl/erlang_text.hpp"
#include "base/limits.hpp"

namespace grapevine::api::gossiperl {
namespace {

namespace json = boost::json;

/// What is said about a configuration that has this beside what it needs.
std::string verdict(std::string_view extra) {
    const std::string text = fmt::format(R"({{{}"ip":"::1","port":7,"symmetric_key":"k"}})",
                                         extra.empty() ? std::string() : std::string(extra) + ",");
    const auto settings = read_properties(json::parse(text).as_object());
    if (settings) return "fine";
    constexpr std::string_view kPrefix = "Configuration property problematic ";
    const std::string& said = settings.error().text;
    return said.starts_with(kPrefix) ? said.substr(kPrefix.size()) : said;
}

TEST(OldProperties, each_mistake_has_its_words) {
    const std::pair<const char*, const char*> kMistakes[] = {
        {R"("colour":1)", R"(<<"colour">>, badarg.)"},
        {R"("is_local_delivery":true)", R"(<<"is_local_delivery">>, badarg.)"},
        {R"("secret":5)", "5, not_binary."},
        {R"("secret":null)", "null, not_binary."},
        {R"("member_name":true)", "true, not_binary."},
        {R"("rack_name":{"a":1.5})", R"([{<<"a">>,1.5}], not_binary.)"},
        {R"("iface":[])", "[], not_binary."},
        {R"("ip_hint":7)", "7, not_binary."},
        {R"("max_quarantined":"6666")", R"(<<"6666">>, not_integer.)"},
        {R"("max_quarantined":5.0)", "5.0, not_integer."},
        {R"("max_quarantined":null)", "null, not_integer."},
        {R"("ip_hint":"localhost")", R"(<<"localhost">>, not_ip.)"},
        {R"("ip_hint":"10.0.0.1:1")", R"(<<"10.0.0.1:1">>, not_ip.)"},
        {R"("ip_hint":"")", "<<>>, not_ip."},
        {R"("ip_hint":"[::1]")", R"(<<"[::1]">>, not_ip.)"},
        {R"("racks":{"default":["x"]})", R"(<<"x">>, not_ip.)"},
        {R"("racks":{"default":[7]})", "7, not_ip."},
        {R"("racks":{"default":"10.0.0.1"})", R"(<<"10.0.0.1">>, rack_settings_invalid.)"},
        {R"("racks":["10.0.0.1"])", R"([<<"10.0.0.1">>], rack_settings_invalid.)"},
        {R"("multicast":{})", "multicast_ip, missing_value."},
        {R"("multicast":{"ttl":4})", "multicast_ip, missing_value."},
        {R"("multicast":{"ip":"x"})", R"(<<"x">>, not_ip.)"},
        {R"("multicast":{"ip":"239.0.0.1","ttl":"4"})", R"(<<"4">>, not_integer.)"},
        {R"("multicast":{"ip":"239.0.0.1","local_iface_address":"eth0"})",
         R"(<<"eth0">>, not_ip.)"},
        {R"("multicast":{"ip":"239.0.0.1","local_port":false})", "false, not_integer."},
        {R"("multicast":{"x":4,"ip":"239.0.0.1"})",
         R"({<<"x">>,4}, unsupported_multicast_setting.)"},
        {R"("multicast":"off")", R"(<<"off">>, unsupported_multicast_setting.)"},
        {R"("rack_name":"r1")", "No seeds for overlay given."},
        {R"("racks":{})", "No seeds for overlay given."},
        {R"("member_name":"")", R"(<<"member_name">>, empty.)"},
        {R"("gossip_round_every":0)", "0, out_of_range."},
        {R"("quarantine_after":-1)", "-1, out_of_range."},
        {R"("quarantine_after":2147483648)", "2147483648, out_of_range."},
        {R"("quarantine_after":18446744073709551615)", "18446744073709551615, out_of_range."},
        {R"("multicast":{"ip":"239.0.0.1","ttl":256})", "256, out_of_range."},
        {R"("multicast":{"ip":"239.0.0.1","local_port":65536})", "65536, out_of_range."},
    };
    for (const auto& [extra, expected] : kMistakes) EXPECT_EQ(verdict(extra), expected) << extra;
}

TEST(OldProperties, what_is_right_is_taken) {
    for (const char* extra :
         {"", R"("secret":"")", R"("drop_unreachable_after":0)", R"("redelivery_retry_max":0)",
          R"("quarantine_after":2147483647)", R"("ip_hint":"fe80::1")",
          R"("rack_name":"r","racks":{"r":["10.0.0.1","::1"]})", R"("iface":"eth0")",
          R"("multicast":{"ip":"ff02::1","ttl":0,"local_iface_address":"::","local_port":0})"}) {
        EXPECT_EQ(verdict(extra), "fine") << extra;
    }
}

TEST(OldProperties, the_first_mistake_in_the_text_is_named) {
    EXPECT_EQ(verdict(R"("max_quarantined":"x","colour":1)"), R"(<<"x">>, not_integer.)");
    EXPECT_EQ(verdict(R"("colour":1,"max_quarantined":"x")"), R"(<<"colour">>, badarg.)");
}

TEST(OldProperties, what_an_overlay_needs_must_be_there) {
    const auto verdict_of = [](const char* text) {
        return read_properties(json::parse(text).as_object()).error().text;
    };
    EXPECT_EQ(verdict_of("{}"), "Configuration property problematic ip, missing_value.");
    EXPECT_EQ(verdict_of(R"({"iface":"eth0"})"),
              "Configuration property problematic port, missing_value.");
    EXPECT_EQ(verdict_of(R"({"multicast":{"ip":"239.0.0.1"},"port":1})"),
              "Configuration property problematic symmetric_key, missing_value.");
    EXPECT_EQ(verdict_of(R"({"port":0})"), "Configuration property problematic 0, out_of_range.");
    EXPECT_EQ(verdict_of(R"({"port":65536})"),
              "Configuration property problematic 65536, out_of_range.");
}

TEST(OldProperties, what_is_not_named_has_its_default) {
    const auto settings =
        read_properties(json::parse(R"({"ip":"::1","port":7,"symmetric_key":"k"})").as_object());
    control::gossiperl::Settings expected;
    expected.ip = "::1";
    expected.port = 7;
    expected.symmetric_key = "k";
    EXPECT_EQ(*settings, expected);
}

TEST(OldProperties, every_property_arrives) {
    const auto settings = read_properties(json::parse(R"({"read_packet_count":17,
        "outgoing_data_buffer_size":16,"incoming_data_buffer_size":15,
        "drop_stale_subscriptions_after":14,"gossip_round_every":13,"redelivery_retry_every":12,
        "redelivery_retry_max":11,"drop_unreachable_after":10,"max_quarantined":9,
        "quarantine_after":8,"racks":{"r":["10.0.0.7"],"s":[]},"rack_name":"r","iface":"eth0",
        "ip_hint":"10.0.0.3","multicast":{"local_port":5,"local_iface_address":"10.0.0.4",
        "ttl":3,"ip":"239.0.0.1"},"port":2,"ip":"10.0.0.1","member_name":"m","secret":"s",
        "symmetric_key":"k"})")
                                              .as_object());
    ASSERT_TRUE(settings);
    control::gossiperl::Settings expected;
    expected.member_name = "m";
    expected.ip = "10.0.0.1";
    expected.port = 2;
    expected.multicast = {"239.0.0.1", 3, "10.0.0.4", 5};
    expected.ip_hint = "10.0.0.3";
    expected.iface = "eth0";
    expected.rack_name = "r";
    expected.racks = {{"r", {"10.0.0.7"}}, {"s", {}}};
    expected.quarantine_after = 8;
    expected.max_quarantined = 9;
    expected.drop_unreachable_after = 10;
    expected.redelivery_retry_max = 11;
    expected.redelivery_retry_every = 12;
    expected.gossip_round_every = 13;
    expected.drop_stale_subscriptions_after = 14;
    expected.incoming_data_buffer_size = 15;
    expected.outgoing_data_buffer_size = 16;
    expected.read_packet_count = 17;
    expected.secret = "s";
    expected.symmetric_key = "k";
    EXPECT_EQ(*settings, expected);
}

TEST(OldProperties, texts_and_lists_have_limits) {
    const auto text = [](std::size_t bytes) {
        return fmt::format(R"("secret":"{}")", std::string(bytes, 'x'));
    };
    EXPECT_EQ(verdict(text(kOldTextBytesMax)), "fine");
    EXPECT_EQ(verdict(text(kOldTextBytesMax + 1)), R"(<<"secret">>, too_long.)");
    const auto racks = [](std::size_t count) {
        std::string text_of_racks = R"("racks":{"default":[])";
        for (std::size_t index = 1; index < count; ++index) {
            text_of_racks += fmt::format(R"(,"r{}":[])", index);
        }
        return text_of_racks + "}";
    };
    EXPECT_EQ(verdict(racks(kOldRacksMax)), "fine");
    EXPECT_EQ(verdict(racks(kOldRacksMax + 1)), R"(<<"racks">>, too_many.)");
    const auto seeds = [](std::size_t count) {
        std::string text_of_seeds = R"("racks":{"default":["10.0.0.1")";
        for (std::size_t index = 1; index < count; ++index) text_of_seeds += R"(,"10.0.0.1")";
        return text_of_seeds + "]}";
    };
    EXPECT_EQ(verdict(seeds(kOldSeedsMax)), "fine");
    EXPECT_EQ(verdict(seeds(kOldSeedsMax + 1)), R"(<<"racks">>, too_many.)");
    EXPECT_EQ(verdict(fmt::format(R"("racks":{{"{}":[]}})", std::string(2000, 'r'))),
              R"(<<"racks">>, too_long.)");
}

TEST(OldProperties, a_place_is_the_same_however_its_address_is_written) {
    control::gossiperl::Settings left;
    left.ip = "::1";
    control::gossiperl::Settings right = left;
    right.ip = "0:0:0:0:0:0:0:1";
    EXPECT_TRUE(is_same_place(left, right));
    right.ip = "::2";
    EXPECT_FALSE(is_same_place(left, right));
    right.ip.reset();
    EXPECT_FALSE(is_same_place(left, right));
}

TEST(OldProperties, the_place_of_a_multicast_overlay_is_its_interface) {
    control::gossiperl::Settings left;
    left.ip = "10.0.0.1";
    left.multicast = {"239.0.0.1", 4, "0.0.0.0", 0};
    control::gossiperl::Settings right = left;
    right.ip = "10.0.0.2";
    EXPECT_TRUE(is_same_place(left, right));
    right.multicast->local_iface_address = "10.0.0.2";
    EXPECT_FALSE(is_same_place(left, right));
}

TEST(ErlangText, values_are_printed_as_terms) {
    const std::pair<const char*, const char*> kTexts[] = {
        {R"("6666")", R"(<<"6666">>)"},
        {R"("")", "<<>>"},
        {R"("a\"b\\")", R"(<<"a\"b\\">>)"},
        {R"("ä")", "<<195,164>>"},
        {R"("a\nb")", "<<97,10,98>>"},
        {"5", "5"},
        {"-5", "-5"},
        {"5.0", "5.0"},
        {"2.5e-3", "0.0025"},
        {"1e300", "1.0e+300"},
        {"true", "true"},
        {"null", "null"},
        {"[]", "[]"},
        {R"([1,"a",[2]])", R"([1,<<"a">>,[2]])"},
        {"{}", "[{}]"},
        {R"({"a":1,"b":{}})", R"([{<<"a">>,1},{<<"b">>,[{}]}])"},
    };
    for (const auto& [text, expected] : kTexts) EXPECT_EQ(to_erlang(json::parse(text)), expected);
}

TEST(ErlangText, what_is_long_is_cut_off) {
    json::array array(100'000, 7);
    EXPECT_EQ(to_erlang(array).size(), kErlangTextBytesMax + 3);
    EXPECT_EQ(to_erlang(json::string(100'000, 'x')).size(), kErlangTextBytesMax + 3);
    EXPECT_EQ(to_erlang(json::string(100'000, '\n')).size(), kErlangTextBytesMax + 3);
    EXPECT_TRUE(to_erlang(array).ends_with("7,7..."));
}

}  // namespace
}  // namespace grapevine::api::gossiperl
