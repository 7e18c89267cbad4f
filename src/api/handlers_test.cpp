#include <gtest/gtest.h>
#include <string>

#include "api/testing/bench.hpp"
#include "api/text.hpp"

// That what a request says reaches the daemon as it was meant, and what the daemon says the client.
namespace grapevine::api::testing {
namespace {

std::string body_of(const std::shared_ptr<FakeExchange>& exchange) {
    return exchange->response->body;
}

TEST(Handlers, a_spec_is_passed_on_as_it_is_written) {
    Bench bench;
    bench.ask("POST", "/v1/overlays",
              R"({"name":"n","bind":"0.0.0.0:0","advertise":["1.2.3.4:5"],"seeds":["h:1"],
                  "keys":["1:abc"],"profile":"fast","cipher":"aes-256-gcm","member_name":"m",
                  "labels":{"rack":"r1","dc":"x"},"retention_age_ms":1000,
                  "retention_bytes":4096})");
    const control::OverlaySpec& spec = bench.control.last<control::CreateOverlay>().spec;
    EXPECT_EQ(spec.name, "n");
    EXPECT_EQ(spec.bind, "0.0.0.0:0");
    EXPECT_EQ(spec.advertise, std::vector<std::string>{"1.2.3.4:5"});
    EXPECT_EQ(spec.seeds, std::vector<std::string>{"h:1"});
    EXPECT_EQ(spec.keys, std::vector<std::string>{"1:abc"});
    EXPECT_EQ(spec.profile, "fast");
    EXPECT_EQ(spec.cipher, "aes-256-gcm");
    EXPECT_EQ(spec.member_name, "m");
    EXPECT_EQ(spec.labels, (control::Labels{{"dc", "x"}, {"rack", "r1"}}));
    EXPECT_EQ(spec.retention_age_ms, 1000);
    EXPECT_EQ(spec.retention_bytes, 4096U);
}

TEST(Handlers, what_a_change_does_not_name_stays_absent) {
    Bench bench;
    bench.ask("PATCH", "/v1/overlays/a", R"({"seeds":[]})");
    const control::OverlaySpec& spec = bench.control.last<control::ChangeOverlay>().spec;
    EXPECT_EQ(spec.name, "a");
    EXPECT_EQ(spec.seeds, std::vector<std::string>{});
    EXPECT_EQ(spec.bind, std::nullopt);
    EXPECT_EQ(spec.labels, std::nullopt);
}

TEST(Handlers, a_created_overlay_has_a_location) {
    Bench bench;
    const auto exchange = bench.ask("POST", "/v1/overlays", R"({"name":"a b"})");
    EXPECT_EQ(exchange->response->headers.front().second, "/v1/overlays/a%20b");
}

TEST(Handlers, members_are_sorted_and_filtered) {
    Bench bench;
    const auto names = [&](const std::string& query) {
        const std::string body = body_of(bench.ask("GET", "/v1/overlays/a/members" + query));
        std::string found;
        for (const char* name : {"alpha", "beta", "gamma"}) {
            if (body.find(name) != std::string::npos) found += name + std::string(" ");
        }
        return found;
    };
    const std::string all = body_of(bench.ask("GET", "/v1/overlays/a/members"));
    EXPECT_LT(all.find("alpha"), all.find("beta"));
    EXPECT_LT(all.find("beta"), all.find("gamma"));
    EXPECT_EQ(names("?status=alive"), "alpha beta ");
    EXPECT_EQ(names("?status=alive&status=dead"), "alpha beta gamma ");
    EXPECT_EQ(names("?label=rack%3Dr1&status=dead"), "gamma ");
    EXPECT_EQ(names("?label=rack=r2"), "");
    EXPECT_EQ(names("?limit=1"), "alpha ");
}

TEST(Handlers, members_can_be_sorted_by_distance) {
    Bench bench;
    const std::string sorted = body_of(bench.ask("GET", "/v1/overlays/a/members?sort=rtt"));
    // Only of alpha a round trip is known; the others keep the order of their names.
    EXPECT_LT(sorted.find("alpha"), sorted.find("beta"));
    EXPECT_LT(sorted.find("beta"), sorted.find("gamma"));
    EXPECT_NE(sorted.find(R"("rtt_us":300,"is_rtt_measured":true)"), std::string::npos);
    const auto refused = bench.ask("GET", "/v1/overlays/a/members?sort=rrt");
    EXPECT_EQ(refused->response->status, 400);
    EXPECT_NE(body_of(refused).find("did you mean rtt?"), std::string::npos);
}

TEST(Handlers, a_round_trip_is_asked_between_whom_the_query_names) {
    Bench bench;
    const std::string body = body_of(bench.ask("GET", "/v1/overlays/a/rtt?from=x%2Fy&to=z"));
    EXPECT_EQ(bench.control.last<control::ShowRoundTrip>().from, "x/y");
    EXPECT_EQ(bench.control.last<control::ShowRoundTrip>().to, "z");
    EXPECT_NE(body.find(R"("estimated_us":1200,"error_percent":25)"), std::string::npos);
    bench.ask("GET", "/v1/overlays/a/rtt");
    EXPECT_EQ(bench.control.last<control::ShowRoundTrip>().from, "");
}

TEST(Handlers, reachability_is_asked_with_an_age_that_can_be) {
    Bench bench;
    bench.ask("GET", "/v1/overlays/a/reachability");
    EXPECT_EQ(bench.control.last<control::ShowReachability>().age_max_ms, 5000);
    const std::string body =
        body_of(bench.ask("GET", "/v1/overlays/a/reachability?age_ms=3600000"));
    EXPECT_EQ(bench.control.last<control::ShowReachability>().age_max_ms, 3'600'000);
    EXPECT_NE(body.find(R"("paths":".<","rtt_us":[null,1200])"), std::string::npos);
    EXPECT_EQ(bench.ask("GET", "/v1/overlays/a/reachability?age_ms=3600001")->response->status,
              400);
    EXPECT_EQ(bench.ask("GET", "/v1/overlays/a/reachability?age_ms=soon")->response->status, 400);
}

TEST(Handlers, a_list_that_a_limit_cut_says_how_many_there_are) {
    Bench bench;
    EXPECT_NE(body_of(bench.ask("GET", "/v1/overlays/a/members?limit=1")).find(R"("matched":3)"),
              std::string::npos);
}

TEST(Handlers, an_encoded_slash_is_part_of_a_name) {
    Bench bench;
    bench.ask("GET", "/v1/overlays/a/members/x%2Fy");
    EXPECT_EQ(bench.control.last<control::ShowMember>().member, "x/y");
}

TEST(Handlers, a_record_value_comes_as_json_or_as_itself) {
    Bench bench;
    bench.ask("PUT", "/v1/overlays/a/record/color", R"({"value":"red"})");
    EXPECT_EQ(bench.control.last<control::SetRecord>().value, "red");
    bench.ask_with({"content-type", "text/plain; charset=utf-8"}, "PUT",
                   "/v1/overlays/a/record/color", R"({"value":"red"})");
    EXPECT_EQ(bench.control.last<control::SetRecord>().value, R"({"value":"red"})");
    EXPECT_EQ(bench.control.last<control::SetRecord>().key, "color");
}

TEST(Handlers, a_record_key_that_is_not_there_names_the_nearest) {
    Bench bench;
    const auto exchange = bench.ask("GET", "/v1/overlays/a/record/colour");
    EXPECT_EQ(exchange->response->status, 404);
    EXPECT_NE(body_of(exchange).find("did you mean color?"), std::string::npos);
}

TEST(Handlers, a_record_value_that_is_no_text_is_base64) {
    Bench bench;
    bench.control.record_value = "\xff";
    EXPECT_NE(
        body_of(bench.ask("GET", "/v1/overlays/a/record/color")).find(R"("value_base64":"/w==")"),
        std::string::npos);
}

TEST(Handlers, answers_are_utf8_whatever_the_daemon_has_seen) {
    Bench bench;
    const auto exchange = bench.ask("POST", "/v1/overlays", R"({"name":"é"})");
    EXPECT_TRUE(is_utf8(body_of(exchange)));
}

TEST(Handlers, an_event_comes_as_json_text_base64_or_as_itself) {
    Bench bench;
    const auto payload = [&] {
        return std::string(as_text(ByteView(bench.control.last<control::Publish>().payload)));
    };
    bench.ask("POST", "/v1/overlays/a/events", R"({"topic":"t","payload":"\u00e9"})");
    EXPECT_EQ(payload(), "\xc3\xa9");
    bench.ask("POST", "/v1/overlays/a/events", R"({"topic":"t","payload_base64":"/wE="})");
    EXPECT_EQ(payload(), "\xff\x01");
    const std::string raw("\x00{}", 3);
    bench.ask_with({"content-type", "application/x-www-form-urlencoded"}, "POST",
                   "/v1/overlays/a/events?topic=u", raw);
    EXPECT_EQ(payload(), raw);
    EXPECT_EQ(bench.control.last<control::Publish>().topic, "u");
}

TEST(Handlers, an_empty_payload_is_a_payload) {
    Bench bench;
    EXPECT_EQ(bench.ask("POST", "/v1/overlays/a/events?topic=t")->response->status, 202);
    EXPECT_TRUE(bench.control.last<control::Publish>().payload.empty());
}

TEST(Handlers, an_invitation_takes_seeds_or_nothing) {
    Bench bench;
    EXPECT_EQ(body_of(bench.ask("POST", "/v1/overlays/a/invite")),
              "{\"token\":\"gvi_invitation\",\"expires\":null}\n");
    bench.ask("POST", "/v1/overlays/a/invite", R"({"seeds":["h:1"]})");
    EXPECT_EQ(bench.control.last<control::Invite>().seeds, std::vector<std::string>{"h:1"});
}

TEST(Handlers, health_asks_nobody_and_readiness_the_daemon) {
    Bench bench;
    bench.control.is_ready = false;
    EXPECT_EQ(bench.ask_as("", "GET", "/v1/health")->response->status, 200);
    EXPECT_TRUE(bench.control.requests.empty());
    const auto exchange = bench.ask_as("", "GET", "/v1/ready");
    EXPECT_EQ(exchange->response->status, 503);
    EXPECT_EQ(exchange->response->headers.front(),
              (std::pair<std::string, std::string>("retry-after", "1")));
}

TEST(Handlers, metrics_are_text) {
    Bench bench;
    const auto exchange = bench.ask("GET", "/metrics");
    EXPECT_EQ(body_of(exchange), "grapevine_members 2\n");
    EXPECT_EQ(exchange->response->headers.front().second,
              "text/plain; version=0.0.4; charset=utf-8");
}

TEST(Handlers, head_is_answered_as_get) {
    Bench bench;
    EXPECT_EQ(bench.ask("HEAD", "/v1/info")->response->status, 200);
    EXPECT_EQ(bench.ask("HEAD", "/v1/overlays/b")->response->status, 404);
}

}  // namespace
}  // namespace grapevine::api::testing
