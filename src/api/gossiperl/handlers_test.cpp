#include <gtest/gtest.h>

#include "api/gossiperl/testing/bench.hpp"
#include "base/limits.hpp"

// What each route answers, byte for byte, and what it asks the daemon.
namespace grapevine::api::gossiperl::testing {
namespace {

constexpr const char* kSmallest = R"({"ip":"0.0.0.0","port":6666,"symmetric_key":"k"})";
constexpr const char* kSame =
    R"({"member_name":"alpha","ip":"127.0.0.1","port":6666,"symmetric_key":"k"})";
constexpr const char* kPlaceChanged =
    "One of the properties has changed: ip, iface, port or member_name. Not allowed. To change any "
    "of these you must remove and add overlay again.";
constexpr const char* kIncomplete =
    "Given JSON arguments not complete. Required fields: digest_type. Optional: specification.";

void expect(const Response& response, int status, const std::string& body) {
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(response.body, body);
}

// -- Overlays --

TEST(OldRoutes, overlays_are_listed) {
    Bench bench;
    bench.daemon.overlays["a"] = FakeDaemon::settings();
    const Response response = bench.as_user("GET", "/overlays");
    expect(response, 200,
           R"({"overlays":["a","o"],"operation":"overlays","timestamp":1400000000})");
    EXPECT_EQ(Bench::header(response, "content-type"), "application/json; charset=utf-8");
    bench.daemon.overlays.clear();
    expect(bench.as_user("GET", "/overlays"), 200,
           R"({"overlays":[],"operation":"overlays","timestamp":1400000000})");
}

TEST(OldRoutes, an_overlay_is_added_and_its_token_opens_it) {
    Bench bench;
    const Response response = bench.as_user("POST", "/overlays/n", kSmallest);
    const std::string token = Bench::header(response, "x-session-token");
    expect(response, 201,
           R"({"token":")" + token +
               R"(","overlays":["n","o"],"operation":"add_overlay","timestamp":1400000000})");
    EXPECT_EQ(bench.send("GET", "/membership/n", {{"x-session-token", token}}).status, 200);
    const auto* const asked = bench.daemon.last<control::gossiperl::Create>();
    EXPECT_EQ(asked->overlay, "n");
    EXPECT_EQ(asked->settings.ip, "0.0.0.0");
    EXPECT_EQ(asked->settings.symmetric_key, "k");
    EXPECT_EQ(asked->settings.member_name, std::nullopt);
}

TEST(OldRoutes, what_follows_the_name_of_a_new_overlay_is_not_looked_at) {
    Bench bench;
    EXPECT_EQ(bench.as_user("POST", "/overlays/n/anything", kSmallest).status, 201);
    EXPECT_TRUE(bench.daemon.overlays.contains("n"));
}

TEST(OldRoutes, an_overlay_that_exists_is_not_added_again) {
    Bench bench;
    for (const char* target : {"/overlays/o", "/overlays/native"}) {
        expect(bench.as_user("POST", target, kSmallest), 409,
               "Overlay with a given name already started.");
    }
    expect(bench.as_user("POST", "/overlays/o", R"({"port":"6666"})"), 409,
           "Configuration property problematic <<\"6666\">>, not_integer.");
}

TEST(OldRoutes, an_overlay_that_somebody_else_adds_meanwhile_is_not_added_again) {
    Bench bench;
    bench.daemon.refusal = Refusal{Refusal::Code::conflict, "taken", "", "name"};
    expect(bench.as_user("POST", "/overlays/n", kSmallest), 409,
           "Overlay with a given name already started.");
}

TEST(OldRoutes, what_is_no_object_of_json_is_refused) {
    Bench bench;
    const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
    for (const std::string& body :
         {std::string(), std::string("{"), std::string("[]"), std::string("5"), std::string("null"),
          std::string("{}x"), std::string("port=6666"), deep, R"({"port":1,"port":2})" + deep,
          std::string(R"({"port":1,"port":2})"), std::string("{\"ip\":\"\xff\"}"),
          std::string(1'000'000, '{')}) {
        expect(bench.as_user("POST", "/overlays/n", body), 400, "Error while parsing JSON data.");
        expect(bench.as_holder("PUT", "/overlays/o", body), 400, "Error while parsing JSON data.");
        expect(bench.as_holder("POST", "/digest/o", body), 400, "Error while parsing JSON data.");
    }
    EXPECT_FALSE(bench.daemon.overlays.contains("n"));
}

TEST(OldRoutes, an_overlay_that_cannot_be_made_leaves_nothing_and_discloses_nothing) {
    Bench bench;
    const std::tuple<Refusal::Code, const char*, int, const char*> kRefusals[] = {
        {Refusal::Code::conflict, "", 409, "Error while adding an overlay: eaddrinuse: no; do"},
        {Refusal::Code::invalid, "iface", 409, "Error while adding an overlay: iface: no; do"},
        {Refusal::Code::over_limit, "", 409, "Error while adding an overlay: no; do"},
        {Refusal::Code::forbidden, "", 409, "Error while adding an overlay: no; do"},
        {Refusal::Code::internal, "", 500, "Error while adding an overlay: no; do"},
        {Refusal::Code::unavailable, "", 503, "Error while adding an overlay: no; do"},
    };
    const std::string before = bench.as_superuser("GET", "/tokens").body;
    for (const auto& [code, field, status, text] : kRefusals) {
        bench.daemon.refusal = Refusal{code, "no", "do", field};
        expect(bench.as_user("POST", "/overlays/n", kSmallest), status, text);
        EXPECT_EQ(bench.as_user("GET", "/overlays").body.find("\"n\""), std::string::npos);
        EXPECT_EQ(bench.as_superuser("GET", "/tokens").body, before);
    }
}

TEST(OldRoutes, a_name_that_the_daemon_does_not_take_is_a_conflict) {
    Bench bench;
    bench.daemon.refusal = Refusal{Refusal::Code::invalid, "has a blank", "use a-z", "name"};
    expect(bench.as_user("POST", "/overlays/a%20b", kSmallest), 409,
           "Error while adding an overlay: name: has a blank; use a-z");
    EXPECT_EQ(bench.daemon.last<control::gossiperl::Create>()->overlay, "a b");
}

TEST(OldRoutes, names_by_the_thousand_are_not_remembered) {
    Bench bench;
    bench.daemon.refusal = Refusal{Refusal::Code::over_limit, "too many overlays", "", ""};
    const std::string before = bench.as_superuser("GET", "/tokens").body;
    for (int index = 0; index < 1000; ++index) {
        const std::string name = "/overlays/atom" + std::to_string(index);
        EXPECT_EQ(bench.as_user("POST", name, kSmallest).status, 409);
        EXPECT_EQ(bench.send("GET", "/membership/atom" + std::to_string(index)).status, 404);
    }
    EXPECT_EQ(bench.as_superuser("GET", "/tokens").body, before);
}

TEST(OldRoutes, a_rack_that_is_none_of_the_racks_fails_a_precondition) {
    Bench bench;
    expect(bench.as_user("POST", "/overlays/n",
                         R"({"ip":"::","port":1,"symmetric_key":"k","rack_name":"r"})"),
           412, "No seeds for overlay given.");
    expect(bench.as_holder("PUT", "/overlays/o/rack_name", R"("r")"), 412,
           "No seeds for overlay given.");
    expect(bench.as_holder("PUT", "/overlays/o", R"({"racks":{},"ip":"::","port":1,
                                                     "symmetric_key":"k"})"),
           412, "No seeds for overlay given.");
}

TEST(OldRoutes, an_overlay_is_removed_and_then_unknown) {
    Bench bench;
    bench.daemon.overlays["p"] = FakeDaemon::settings();
    const Headers headers = {{"x-session-token", bench.token("o")}};
    expect(bench.send("DELETE", "/overlays/o", headers), 202,
           R"({"overlays":["p"],"operation":"remove_overlay","timestamp":1400000000})");
    expect(bench.send("DELETE", "/overlays/o", headers), 404, "");
}

TEST(OldRoutes, an_overlay_that_may_not_be_removed_stays) {
    Bench bench;
    const std::string token = bench.token("o");
    bench.daemon.refusal = Refusal{Refusal::Code::forbidden, "it is in the file", "edit it", ""};
    expect(bench.as_holder("DELETE", "/overlays/o"), 409,
           "Error while removing overlay: it is in the file; edit it");
    EXPECT_EQ(bench.token("o"), token);
}

TEST(OldRoutes, an_overlay_that_was_made_again_has_a_new_token) {
    Bench bench;
    const std::string first = bench.token("o");
    EXPECT_EQ(bench.as_holder("DELETE", "/overlays/o").status, 202);
    EXPECT_EQ(bench.as_user("POST", "/overlays/o", kSmallest).status, 201);
    EXPECT_NE(bench.token("o"), first);
    EXPECT_EQ(bench.send("GET", "/membership/o", {{"x-session-token", first}}).status, 401);
}

TEST(OldRoutes, a_token_given_out_survives_a_list_that_is_older_than_it) {
    Bench bench;
    bench.daemon.is_holding = true;
    const Headers login = {{"authorization", Bench::basic("user", "userpass")}};
    const auto add = bench.start("POST", "/overlays/n", login, kSmallest);
    bench.daemon.answer_next();  // The list of the creation; then the creation is asked for.
    const auto create = std::move(bench.daemon.held.front());
    bench.daemon.held.clear();
    bench.daemon.overlays.erase("n");  // The daemon has not begun with it,
    const auto list = bench.start("GET", "/overlays", login);
    bench.daemon.overlays["n"] = FakeDaemon::settings();
    create();
    bench.daemon.answer_next();
    const std::string token = Bench::header(*add->response, "x-session-token");
    bench.daemon.is_holding = false;
    EXPECT_EQ(bench.send("GET", "/membership/n", {{"x-session-token", token}}).status, 200);
}

// -- Configuration --

TEST(OldRoutes, a_whole_configuration_replaces_the_old_one) {
    Bench bench;
    bench.daemon.overlays["o"].quarantine_after = 7;
    bench.daemon.overlays["o"].is_local_delivery = true;
    expect(bench.as_holder("PUT", "/overlays/o", kSame), 200,
           R"({"overlay":"o","operation":"reconfigure_overlay","timestamp":1400000000})");
    const auto& settings = bench.daemon.overlays["o"];
    EXPECT_EQ(settings.quarantine_after, 20);
    EXPECT_EQ(settings.secret, "default-overlay-secret");
    EXPECT_EQ(settings.symmetric_key, "k");
    EXPECT_TRUE(settings.is_local_delivery);
}

TEST(OldRoutes, the_place_of_an_overlay_cannot_change) {
    Bench bench;
    for (const char* body : {
             R"({"ip":"127.0.0.1","port":6666,"symmetric_key":"k"})",
             R"({"member_name":"beta","ip":"127.0.0.1","port":6666,"symmetric_key":"k"})",
             R"({"member_name":"alpha","ip":"127.0.0.2","port":6666,"symmetric_key":"k"})",
             R"({"member_name":"alpha","ip":"127.0.0.1","port":6667,"symmetric_key":"k"})",
             R"({"member_name":"alpha","ip":"127.0.0.1","port":6666,"iface":"eth0",
                 "symmetric_key":"k"})",
         }) {
        expect(bench.as_holder("PUT", "/overlays/o", body), 409, kPlaceChanged);
    }
    for (const auto& [property, value] : {std::pair{"ip", R"("127.0.0.2")"},
                                          {"port", "6667"},
                                          {"iface", R"("eth0")"},
                                          {"member_name", R"("beta")"}}) {
        expect(bench.as_holder("PUT", std::string("/overlays/o/") + property, value), 409,
               kPlaceChanged);
    }
    EXPECT_EQ(bench.daemon.last<control::gossiperl::Change>(), nullptr);
    for (const auto& [property, value] :
         {std::pair{"ip", R"("127.0.0.1")"}, {"port", "6666"}, {"member_name", R"("alpha")"}}) {
        EXPECT_EQ(bench.as_holder("PUT", std::string("/overlays/o/") + property, value).status,
                  202);
    }
}

TEST(OldRoutes, one_property_is_replaced_and_the_others_stay) {
    Bench bench;
    bench.daemon.overlays["o"].max_quarantined = 3;
    expect(bench.as_holder("PUT", "/overlays/o/quarantine_after", " 9 "), 202,
           R"({"overlay":"o","operation":"reconfigure_overlay","property":"quarantine_after",)"
           R"("timestamp":1400000000})");
    const auto& settings = bench.daemon.overlays["o"];
    EXPECT_EQ(settings.quarantine_after, 9);
    EXPECT_EQ(settings.max_quarantined, 3);
    EXPECT_EQ(settings.symmetric_key, "a-key");
    EXPECT_EQ(settings.secret, "a-secret");
    EXPECT_EQ(
        bench.as_holder("PUT", "/overlays/o/racks", R"({"r1":["10.0.0.1"],"default":[]})").status,
        202);
    EXPECT_EQ(settings.racks.at("r1"), std::vector<std::string>{"10.0.0.1"});
}

TEST(OldRoutes, a_property_that_is_none_or_not_fit_is_a_conflict) {
    Bench bench;
    expect(bench.as_holder("PUT", "/overlays/o/colour", "1"), 409,
           "Configuration property problematic <<\"colour\">>, badarg.");
    expect(bench.as_holder("PUT", "/overlays/o/port", R"("6666")"), 409,
           "Configuration property problematic <<\"6666\">>, not_integer.");
    expect(bench.as_holder("PUT", "/overlays/o/port", "x"), 400, "Error while parsing JSON data.");
    expect(bench.as_holder("PUT", "/overlays/o/port", ""), 400, "Error while parsing JSON data.");
}

TEST(OldRoutes, a_change_that_the_daemon_refuses_says_why) {
    Bench bench;
    bench.as_holder("GET", "/configuration/o");
    bench.daemon.refusal = Refusal{Refusal::Code::unavailable, "going down", "", ""};
    expect(bench.as_holder("PUT", "/overlays/o", kSame), 503, "going down");
    bench.daemon.refusal = Refusal{Refusal::Code::not_found, "gone", "", ""};
    expect(bench.as_holder("PUT", "/overlays/o", kSame), 404, "");
    expect(bench.as_holder("PUT", "/overlays/o/port", "6666"), 404, "");
}

TEST(OldRoutes, a_change_that_the_overlay_cannot_take_is_a_conflict) {
    Bench bench;
    bench.daemon.change_refusal = Refusal{Refusal::Code::conflict, "fixed", "no", "multicast"};
    expect(bench.as_holder("PUT", "/overlays/o", kSame), 409,
           "Error while reconfiguring overlay: multicast: fixed; no");
    bench.daemon.change_refusal = Refusal{Refusal::Code::conflict, "fixed", "no", "ip"};
    expect(bench.as_holder("PUT", "/overlays/o/port", "6666"), 409, kPlaceChanged);
}

TEST(OldRoutes, a_configuration_is_shown_in_its_order_and_without_secrets) {
    Bench bench;
    const char* const end =
        R"("rack_name":"default","racks":{"default":[]},"quarantine_after":20,)"
        R"("max_quarantined":10,"drop_unreachable_after":180,"redelivery_retry_max":0,)"
        R"("redelivery_retry_every":5,"gossip_round_every":2,)"
        R"("drop_stale_subscriptions_after":20,"incoming_data_buffer_size":16777216,)"
        R"("outgoing_data_buffer_size":16777216,"read_packet_count":5,"secret":"protected",)"
        R"("symmetric_key":"protected"},"operation":"configuration","overlay":"o",)"
        R"("timestamp":1400000000})";
    expect(bench.as_holder("GET", "/configuration/o"), 200,
           std::string(R"({"configuration":{"member_name":"alpha","ip":"127.0.0.1","port":6666,)"
                       R"("multicast":"off","ip_hint":"undefined","iface":"undefined",)") +
               end);
    auto& settings = bench.daemon.overlays["o"];
    settings.multicast = control::gossiperl::Multicast{"239.1.2.3", 4, "10.0.0.1", 6667};
    settings.ip_hint = "10.0.0.9";
    settings.iface = "eth0";
    expect(bench.as_holder("GET", "/configuration/o"), 200,
           std::string(R"({"configuration":{"member_name":"alpha","ip":"10.0.0.1","port":6666,)"
                       R"("multicast":{"ip":"239.1.2.3","ttl":4,)"
                       R"("local_iface_address":"10.0.0.1","local_port":6667},)"
                       R"("ip_hint":"10.0.0.9","iface":"eth0",)") +
               end);
}

// -- Looking --

TEST(OldRoutes, members_are_shown_in_the_order_of_the_daemon) {
    Bench bench;
    bench.daemon.members = {{"alpha", "reachable", "0.0.0.0", 6666, 1'400'000'000},
                            {"a\xff", "quarantine", "10.0.0.2", 6667, 1}};
    expect(bench.as_holder("GET", "/membership/o"), 200,
           R"({"membership":[{"name":"alpha","state":"reachable","ip":"0.0.0.0","port":6666,)"
           R"("heartbeat":1400000000},{"name":"a)"
           "\xef\xbf\xbd"
           R"(","state":"quarantine","ip":"10.0.0.2","port":6667,"heartbeat":1}],)"
           R"("operation":"membership","overlay":"o","timestamp":1400000000})");
}

TEST(OldRoutes, subscriptions_are_shown) {
    Bench bench;
    bench.daemon.subscriptions = {{"member_in", "client", "127.0.0.1", 5}};
    expect(bench.as_holder("GET", "/subscriptions/o"), 200,
           R"({"subscriptions":[{"event_type":"member_in","member_name":"client",)"
           R"("origin":"127.0.0.1","heartbeat":5}],"operation":"subscriptions","overlay":"o",)"
           R"("timestamp":1400000000})");
}

TEST(OldRoutes, statistics_are_json_in_a_text) {
    Bench bench;
    bench.daemon.series = {
        {"digest-in", 3, 330}, {"digest-out", 0, 0}, {"message-failed-decode-in", 2, std::nullopt}};
    expect(bench.as_holder("GET", "/statistics/o/1h"), 200,
           R"({"overlay":"o","window":"1h","enabled":true,"statistics":")"
           R"({\"digest-in\":{\"sum_packets\":3,\"total_size\":330},\"digest-out\":\"nil\",)"
           R"(\"message-failed-decode-in\":{\"sum_packets\":2}}","ts":1400000000})");
    EXPECT_EQ(bench.daemon.last<control::gossiperl::ShowStatistics>()->window, "1h");
}

TEST(OldRoutes, every_window_is_served_and_no_other) {
    Bench bench;
    EXPECT_EQ(bench.as_holder("GET", "/statistics/o").status, 200);
    EXPECT_EQ(bench.daemon.last<control::gossiperl::ShowStatistics>()->window, "total");
    for (const char* window : control::gossiperl::kWindows) {
        EXPECT_EQ(bench.as_holder("GET", std::string("/statistics/o/") + window).status, 200);
    }
    for (const char* window : {"2d", "1", "1H", "totals", "%20"}) {
        expect(bench.as_holder("GET", std::string("/statistics/o/") + window), 412,
               "Requested window ~p is not supported.");
    }
}

// -- Publishing --

TEST(OldRoutes, a_digest_is_published) {
    Bench bench;
    expect(bench.as_holder("POST", "/digest/o",
                           R"({"hello":[{"text":"a","string":1},{"number":1234,"i32":2}]})"),
           202, R"({"status":"ok"})");
    const auto* const sent = bench.daemon.last<control::gossiperl::SendDigest>();
    EXPECT_EQ(sent->overlay, "o");
    EXPECT_EQ(sent->type, "hello");
    EXPECT_EQ(to_hex(sent->payload), "0b00010000000161080002000004d200");
    EXPECT_EQ(sent->recipient, std::nullopt);
}

TEST(OldRoutes, a_digest_that_is_none_or_not_fit_is_not_published) {
    Bench bench;
    expect(bench.as_holder("POST", "/digest/o", "{}"), 409, kIncomplete);
    expect(bench.as_holder("POST", "/digest/o", R"({"t":[{"x":"text","i32":1}]})"), 400,
           "The value <<\"text\">> of field 1 does not fit its type, i32.");
    EXPECT_EQ(bench.daemon.last<control::gossiperl::SendDigest>(), nullptr);
    std::string body = R"({"t":[{"x":")";
    body += std::string(kOldRequestBodyBytesMax - body.size() - 16, 'x') + R"(","string":1}]})";
    EXPECT_EQ(bench.as_holder("POST", "/digest/o", body).status, 400);
}

TEST(OldRoutes, a_digest_that_the_daemon_refuses_is_refused) {
    Bench bench;
    const std::string token = bench.token("o");
    bench.daemon.refusal = Refusal{Refusal::Code::over_limit, "too long", "", ""};
    expect(bench.as_holder("POST", "/digest/o", R"({"t":[]})"), 400, "too long");
    bench.daemon.refusal = Refusal{Refusal::Code::not_found, "gone", "", ""};
    expect(bench.as_holder("POST", "/digest/o", R"({"t":[]})"), 404, "Overlay not found.");
}

// -- The superuser --

TEST(OldRoutes, tokens_are_shown_one_object_each) {
    Bench bench;
    const std::string token = bench.token("o");
    EXPECT_EQ(token, "ffffffff-ffff-4fff-bfff-ffffffffff01");
    expect(bench.as_superuser("GET", "/tokens"), 200,
           R"({"tokens":[{"o":")" + token + R"("}],"operation":"tokens","timestamp":1400000000})");
    bench.daemon.overlays["a"] = FakeDaemon::settings();
    expect(bench.as_superuser("GET", "/tokens"), 200,
           R"({"tokens":[{"a":"ffffffff-ffff-4fff-bfff-ffffffffff02"},{"o":")" + token +
               R"("}],"operation":"tokens","timestamp":1400000000})");
}

TEST(OldRoutes, settings_are_read_again) {
    Bench bench;
    expect(bench.as_superuser("POST", "/reconfigure"), 200,
           R"({"status":"no_config","operation":"reconfigure","timestamp":1400000000})");
    bench.reread = std::unexpected(Refusal{Refusal::Code::invalid, "not JSON", "mend it", ""});
    expect(bench.as_superuser("POST", "/reconfigure"), 500,
           R"({"status":"error:not JSON; mend it","operation":"reconfigure",)"
           R"("timestamp":1400000000})");
    EXPECT_EQ(bench.as_user("GET", "/overlays").status, 200);
    bench.reread = Credentials{Login{"new", "pass"}, Login{"super", "superpass"}};
    expect(bench.as_superuser("POST", "/reconfigure"), 202,
           R"({"status":"reconfigured","operation":"reconfigure","timestamp":1400000000})");
    EXPECT_EQ(bench.as_user("GET", "/overlays").status, 401);
    EXPECT_EQ(
        bench.send("GET", "/overlays", {{"authorization", Bench::basic("new", "pass")}}).status,
        200);
}

}  // namespace
}  // namespace grapevine::api::gossiperl::testing
