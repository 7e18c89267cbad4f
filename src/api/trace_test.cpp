// Publishing with a trace or after other events, and asking how an event spread.

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include "api/testing/bench.hpp"
#include "base/limits.hpp"

namespace grapevine::api::testing {
namespace {

constexpr std::string_view kEvent = "00000000000000bb-2-7";

int status_of(Bench& bench, const std::string& method, const std::string& target,
              const std::string& body = {}) {
    return static_cast<int>(bench.ask(method, target, body)->response->status);
}

TEST(Trace, of_an_event_names_nodes_edges_and_the_silent) {
    Bench bench;
    const auto exchange =
        bench.ask("GET", "/v1/overlays/a/events/00000000000000aa/3/9/trace?patience_ms=500");
    ASSERT_EQ(exchange->response->status, 200);
    const auto& asked = bench.control.last<control::TraceEvent>();
    EXPECT_EQ(control::format_event_id(asked.event), "00000000000000aa-3-9");
    EXPECT_EQ(asked.patience_ms, 500);
    const auto answer = boost::json::parse(exchange->response->body).as_object();
    EXPECT_EQ(answer.at("id").as_string(), "00000000000000aa-3-9");
    EXPECT_EQ(answer.at("nodes").as_array().size(), 2U);
    const auto& edge = answer.at("edges").as_array().at(0).as_object();
    EXPECT_EQ(edge.at("from").as_string(), "00000000000000aa");
    EXPECT_EQ(edge.at("to").as_string(), "00000000000000bb");
    EXPECT_EQ(edge.at("hop_us").as_int64(), 400);
    EXPECT_EQ(answer.at("silent").as_array().at(0).at("name").as_string(), "gamma");
}

TEST(Trace, of_an_event_in_a_channel_names_it_in_the_query) {
    Bench bench;
    EXPECT_EQ(
        status_of(bench, "GET", "/v1/overlays/a/events/00000000000000aa/3/9/trace?channel=77"),
        200);
    EXPECT_EQ(bench.control.last<control::TraceEvent>().event.channel, 77U);
    EXPECT_EQ(status_of(bench, "GET", "/v1/overlays/a/events/00000000000000aa/3/9/trace?channel=0"),
              200);
    EXPECT_EQ(bench.control.last<control::TraceEvent>().event.channel, 0U);
    EXPECT_EQ(bench.control.last<control::TraceEvent>().patience_ms, 2000);
}

TEST(Trace, of_what_is_no_event_is_refused) {
    Bench bench;
    const std::string base = "/v1/overlays/a/events/";
    for (const char* const target :
         {"alpha/3/9/trace", "00000000000000aa/3/0/trace", "00000000000000aa/x/9/trace",
          "00000000000000aa/3/9/trace?channel=-1", "00000000000000aa/3/9/trace?patience_ms=0",
          "00000000000000aa/3/9/trace?patience_ms=30001"}) {
        EXPECT_EQ(status_of(bench, "GET", base + target), 400) << target;
    }
    EXPECT_TRUE(bench.control.requests.empty());
    EXPECT_EQ(status_of(bench, "GET", "/v1/overlays/b/events/00000000000000aa/3/9/trace"), 404);
}

TEST(PublishOptions, stand_in_the_json_or_in_the_query) {
    Bench bench;
    const std::string event(kEvent);
    EXPECT_EQ(status_of(bench, "POST", "/v1/overlays/a/events",
                        R"({"topic":"t","payload":"x","trace":true,"after":[")" + event + "\"]}"),
              202);
    EXPECT_TRUE(bench.control.last<control::Publish>().is_traced);
    ASSERT_EQ(bench.control.last<control::Publish>().after.size(), 1U);
    EXPECT_EQ(control::format_event_id(bench.control.last<control::Publish>().after[0]), kEvent);

    EXPECT_EQ(status_of(bench, "POST", "/v1/overlays/a/events", R"({"topic":"t","payload":"x"})"),
              202);
    EXPECT_FALSE(bench.control.last<control::Publish>().is_traced);
    EXPECT_TRUE(bench.control.last<control::Publish>().after.empty());

    const auto raw = bench.ask_with({"content-type", "text/plain"}, "POST",
                                    "/v1/overlays/a/events?topic=t&trace=1&after=" + event, "x");
    EXPECT_EQ(raw->response->status, 202);
    EXPECT_TRUE(bench.control.last<control::Publish>().is_traced);
    EXPECT_EQ(bench.control.last<control::Publish>().after.size(), 1U);
}

TEST(PublishOptions, of_a_json_body_are_not_given_in_the_query) {
    Bench bench;
    for (const char* const query : {"?trace=1", "?after=00000000000000bb-2-7"}) {
        EXPECT_EQ(status_of(bench, "POST", std::string("/v1/overlays/a/events") + query,
                            R"({"topic":"t","payload":"x"})"),
                  400);
    }
}

TEST(PublishOptions, name_so_many_events_and_no_more) {
    Bench bench;
    const auto body = [](std::size_t count) {
        std::string list;
        for (std::size_t index = 0; index < count; ++index) {
            list += (index == 0 ? "\"" : ",\"") + std::string(kEvent) + "\"";
        }
        return R"({"topic":"t","payload":"x","after":[)" + list + "]}";
    };
    EXPECT_EQ(status_of(bench, "POST", "/v1/overlays/a/events", body(kDependenciesMax)), 202);
    EXPECT_EQ(status_of(bench, "POST", "/v1/overlays/a/events", body(kDependenciesMax + 1)), 422);
    EXPECT_EQ(status_of(bench, "POST", "/v1/overlays/a/events",
                        R"({"topic":"t","payload":"x","after":["x"]})"),
              400);
}

}  // namespace
}  // namespace grapevine::api::testing
