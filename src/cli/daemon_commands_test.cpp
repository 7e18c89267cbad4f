// The commands against a daemon that answers what a test tells it to.

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <map>
#include <mutex>
#include <sstream>
#include <thread>

#include "cli/remote.hpp"
#include "cli/run.hpp"
#include "runtime/http_server.hpp"

namespace grapevine::cli {
namespace {

struct Asked {
    std::string method;
    std::string target;
    std::string body;
    std::string authorization;
};

/// On a thread of its own; answers by "METHOD /path?query".
class FakeDaemon {
public:
    FakeDaemon() {
        runtime::HttpServerOptions options;
        options.bind = Endpoint::v4(127, 0, 0, 1, 0);
        server_ = std::make_unique<runtime::HttpServer>(
            runtime::HttpServer::listen(loop_, options,
                                        [this](runtime::HttpRequest request,
                                               std::shared_ptr<runtime::Responder> responder) {
                                            answer(std::move(request), *responder);
                                        })
                .value());
        thread_ = std::thread([this] { loop_.run(); });
    }
    ~FakeDaemon() {
        loop_.post([this] { server_.reset(); });
        loop_.post([this] { loop_.stop(); });
        thread_.join();
    }
    FakeDaemon(const FakeDaemon&) = delete;
    FakeDaemon& operator=(const FakeDaemon&) = delete;

    void on(const std::string& what, unsigned status, const std::string& body,
            const std::string& type = "application/json") {
        const std::lock_guard lock(mutex_);
        answers_[what] = {status, {{"content-type", type}}, body};
    }
    [[nodiscard]] std::string url() const {
        return fmt::format("http://127.0.0.1:{}", server_->bound_port());
    }
    [[nodiscard]] std::vector<Asked> asked() {
        const std::lock_guard lock(mutex_);
        return asked_;
    }

private:
    void answer(runtime::HttpRequest request, runtime::Responder& responder) {
        const std::lock_guard lock(mutex_);
        const std::string target =
            request.query.empty() ? request.path : request.path + "?" + request.query;
        asked_.push_back({request.method, target, request.body,
                          std::string(find_header(request.headers, "authorization"))});
        const auto found = answers_.find(request.method + " " + target);
        responder.reply(found == answers_.end() ? runtime::problem(404, "no route " + target)
                                                : found->second);
    }

    runtime::Loop loop_;
    std::unique_ptr<runtime::HttpServer> server_;
    std::thread thread_;
    std::mutex mutex_;
    std::map<std::string, runtime::HttpResponse> answers_;
    std::vector<Asked> asked_;
};

struct Outcome {
    int code = 0;
    std::string out;
    std::string err;
};

Outcome ask(const FakeDaemon& daemon, std::vector<std::string> arguments,
            const std::string& input = {}) {
    std::ostringstream out;
    std::ostringstream err;
    std::istringstream in(input);
    Console console{out,   err,   in,   {{"HOME", "/nonexistent"}, {"GRAPEVINE_URL", daemon.url()}},
                    false, false, false};
    arguments.emplace_back("--token");
    arguments.emplace_back("gv_secret");
    Outcome outcome;
    outcome.code = run(arguments, console);
    outcome.out = out.str();
    outcome.err = err.str();
    return outcome;
}

constexpr std::string_view kOneOverlay = R"({"overlays":[{"name":"demo"}]})";

TEST(DaemonCommands, members_are_a_table_of_the_only_overlay) {
    FakeDaemon daemon;
    daemon.on("GET /v1/overlays", 200, std::string(kOneOverlay));
    daemon.on("GET /v1/overlays/demo/members", 200, R"({"members":[
        {"id":"00000000000000aa","name":"web-1","status":"alive","incarnation":3,
         "addresses":["127.0.0.1:9471"],"labels":{"rack":"r1"},"status_age_ms":61000,
         "is_self":true},
        {"id":"00000000000000bb","name":"web-2","status":"dead","incarnation":1,
         "addresses":["127.0.0.1:9472"],"labels":{},"status_age_ms":500,"is_self":false,
         "rtt_us":840,"is_rtt_measured":true,"path":"udp in only"}],
        "matched":2})");
    const Outcome outcome = ask(daemon, {"members"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(
        outcome.out,
        "NAME          STATUS     FOR  ADDRESS         LIFE     RTT  PATH         LABELS   ID\n"
        "web-1 (here)  alive     61 s  127.0.0.1:9471     3                       rack=r1  "
        "00000000000000aa\n"
        "web-2         dead    500 ms  127.0.0.1:9472     1  840 us  udp in only           "
        "00000000000000bb\n");
    EXPECT_EQ(daemon.asked().front().authorization, "Bearer gv_secret");
}

TEST(DaemonCommands, several_overlays_must_be_told_apart) {
    FakeDaemon daemon;
    daemon.on("GET /v1/overlays", 200, R"({"overlays":[{"name":"a"},{"name":"b"}]})");
    const Outcome outcome = ask(daemon, {"members"});
    EXPECT_EQ(outcome.code, 2);
    EXPECT_EQ(outcome.err,
              "error: this daemon is in several overlays: a, b\n  cure: say which with --overlay "
              "NAME\n");
    daemon.on("GET /v1/overlays", 200, R"({"overlays":[]})");
    EXPECT_EQ(ask(daemon, {"members"}).code, 4);
}

TEST(DaemonCommands, a_problem_is_told_with_its_cure_and_code) {
    FakeDaemon daemon;
    daemon.on("DELETE /v1/overlays/demo/members/web%209", 404,
              R"({"title":"t","detail":"no member is called web 9","cure":"did you mean web-9?"})",
              "application/problem+json");
    const Outcome outcome = ask(daemon, {"forget", "web 9", "-o", "demo"});
    EXPECT_EQ(outcome.code, 4);
    EXPECT_EQ(outcome.err, "error: no member is called web 9\n  cure: did you mean web-9?\n");
}

TEST(DaemonCommands, a_payload_is_sent_as_it_is) {
    FakeDaemon daemon;
    daemon.on("POST /v1/overlays/demo/events?topic=a.b%3E", 202,
              R"({"publisher":"aa","epoch":1,"sequence":2,"id":"aa-1-2"})");
    const std::string bytes("\0\xff\n", 3);
    EXPECT_EQ(ask(daemon, {"publish", "a.b>", "-o", "demo"}, bytes).code, 0);
    EXPECT_EQ(daemon.asked().back().body, bytes);
    const Outcome outcome = ask(daemon, {"publish", "a.b>", "hello", "-o", "demo", "--json"});
    EXPECT_EQ(daemon.asked().back().body, "hello");
    EXPECT_NE(outcome.out.find("\"sequence\": 2"), std::string::npos);
}

TEST(DaemonCommands, a_traced_publish_prints_the_id_that_trace_takes) {
    FakeDaemon daemon;
    daemon.on(
        "POST /v1/overlays/demo/events?topic=t&trace=1&after=00000000000000aa-1-1", 202,
        R"({"publisher":"00000000000000aa","epoch":1,"sequence":2,"id":"00000000000000aa-1-2"})");
    const Outcome published = ask(
        daemon, {"publish", "t", "x", "--trace", "--after", "00000000000000aa-1-1", "-o", "demo"});
    EXPECT_EQ(published.code, 0) << published.err;
    EXPECT_EQ(published.out, "00000000000000aa-1-2\n");

    daemon.on("GET /v1/overlays/demo/events/00000000000000aa/1/2/trace?patience_ms=2000", 200,
              R"({"id":"00000000000000aa-1-2","duplicates":0,"repairs":0,"nodes":[
                  {"id":"00000000000000aa","name":"web-1","after_us":0,"repair":"none",
                   "clock":"agreed"},
                  {"id":"00000000000000bb","name":"web-2","from":"00000000000000aa",
                   "after_us":420,"hop_us":420,"repair":"none","clock":"agreed"}]})");
    const Outcome traced = ask(daemon, {"trace", "00000000000000aa-1-2", "-o", "demo"});
    EXPECT_EQ(traced.code, 0) << traced.err;
    EXPECT_NE(traced.out.find("└─ web-2  0.42 ms"), std::string::npos) << traced.out;
}

TEST(DaemonCommands, what_is_no_event_is_not_traced) {
    FakeDaemon daemon;
    EXPECT_EQ(ask(daemon, {"trace", "42", "-o", "demo"}).code, 2);
    EXPECT_TRUE(daemon.asked().empty());
}

TEST(DaemonCommands, a_payload_above_the_limit_is_never_sent) {
    FakeDaemon daemon;
    const Outcome outcome =
        ask(daemon, {"publish", "t", "-o", "demo"}, std::string(1024 * 1024 + 1, 'x'));
    EXPECT_EQ(outcome.code, 1);
    EXPECT_EQ(outcome.err,
              "error: the payload is longer than 1048576 bytes\n  cure: publish where it can be "
              "fetched instead\n");
    EXPECT_TRUE(daemon.asked().empty());
}

TEST(DaemonCommands, overlay_settings_are_sent_in_the_units_of_the_api) {
    FakeDaemon daemon;
    daemon.on("POST /v1/overlays", 201, R"({"name":"demo","bind":"0.0.0.0:9471"})");
    const Outcome outcome =
        ask(daemon, {"overlay", "create", "demo", "--seed", "a:1,b:2", "--seed", "c:3", "--label",
                     "rack=r1", "--retention-age", "2m", "--retention-bytes", "1MiB"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(daemon.asked().back().body,
              R"({"labels":{"rack":"r1"},"retention_age_ms":120000,"retention_bytes":1048576,)"
              R"("seeds":["a:1","b:2","c:3"],"name":"demo"})");
    EXPECT_EQ(ask(daemon, {"overlay", "create", "demo", "--subscriber-topic", "metrics.>,a.*",
                           "--subscriber-topic", "b"})
                  .code,
              0);
    EXPECT_EQ(daemon.asked().back().body,
              R"({"subscriber_topics":["metrics.>","a.*","b"],"name":"demo"})");
    EXPECT_EQ(ask(daemon, {"overlay", "create", "demo", "--detector", "phi", "--phi-pause", "2s",
                           "--phi-threshold", "12"})
                  .code,
              0);
    EXPECT_EQ(daemon.asked().back().body,
              R"({"detector":"phi","phi_pause_ms":2000,"phi_threshold":12,"name":"demo"})");
    EXPECT_EQ(ask(daemon, {"overlay", "create", "demo", "--phi-threshold", "101"}).code, 2);
}

TEST(DaemonCommands, joining_tells_a_token_from_seeds) {
    FakeDaemon daemon;
    daemon.on("POST /v1/join", 200, R"({"name":"demo","member_name":"m","bind":"0.0.0.0:1"})");
    EXPECT_EQ(ask(daemon, {"join", "gv1.AAAA"}).out, "in overlay demo as m, bound to 0.0.0.0:1\n");
    EXPECT_EQ(daemon.asked().back().body, R"({"token":"gv1.AAAA"})");
    daemon.on("POST /v1/overlays/demo/join", 204, "");
    EXPECT_EQ(ask(daemon, {"join", "gv1-host:1", "b:2", "-o", "demo"}).code, 0);
    EXPECT_EQ(daemon.asked().back().body, R"({"seeds":["gv1-host:1","b:2"]})");
}

TEST(DaemonCommands, a_record_of_bytes_is_printed_as_bytes) {
    FakeDaemon daemon;
    daemon.on("GET /v1/overlays/demo/record/k", 200, R"({"key":"k","value":"v","version":1})");
    EXPECT_EQ(ask(daemon, {"record", "get", "k", "-o", "demo"}).out, "v\n");
    daemon.on(
        "GET /v1/overlays/demo/members/m/record", 200,
        R"({"member":"m","version":1,"items":[{"key":"k","value_base64":"/w==","version":1}]})");
    EXPECT_EQ(ask(daemon, {"record", "get", "k", "-m", "m", "-o", "demo"}).out, "\xff\n");
    EXPECT_EQ(ask(daemon, {"record", "get", "z", "-m", "m", "-o", "demo"}).code, 4);
}

TEST(DaemonCommands, a_subscription_ends_after_its_count) {
    FakeDaemon daemon;
    daemon.on("GET /v1/overlays/demo/events?topic=a.%2A&from=oldest", 200,
              "id: 1-1\n\n"
              "id: 1-2\nevent: event\ndata: {\"topic\":\"a.b\",\"payload\":\"one\"}\n\n"
              "id: 1-3\nevent: gap\ndata: {\"publisher\":\"aa\",\"first\":4,\"last\":6}\n\n"
              "id: 1-4\nevent: event\ndata: {\"topic\":\"a.c\",\"payload\":\"two\"}\n\n"
              "id: 1-5\nevent: event\ndata: {\"topic\":\"a.d\",\"payload\":\"three\"}\n\n",
              "text/event-stream");
    const Outcome outcome = ask(
        daemon, {"subscribe", "a.*", "--from", "oldest", "--count", "2", "--json", "-o", "demo"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.out,
              "{\"topic\":\"a.b\",\"payload\":\"one\"}\n"
              "{\"publisher\":\"aa\",\"first\":4,\"last\":6}\n"
              "{\"topic\":\"a.c\",\"payload\":\"two\"}\n");
}

TEST(DaemonCommands, a_subscription_that_broke_continues_at_its_cursor) {
    FakeDaemon daemon;
    daemon.on("GET /v1/overlays/demo/events?from=now", 200,
              "id: 1-2\nevent: event\ndata: {\"payload\":\"one\"}\n\n", "text/event-stream");
    daemon.on("GET /v1/overlays/demo/events?cursor=1-2", 200,
              "id: 1-3\nevent: event\ndata: {\"payload\":\"two\"}\n\n", "text/event-stream");
    const Outcome outcome = ask(daemon, {"subscribe", "-n", "2", "--json", "-o", "demo"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.out, "{\"payload\":\"one\"}\n{\"payload\":\"two\"}\n");
    EXPECT_EQ(outcome.err, "the connection was lost; trying again\n");
}

TEST(DaemonCommands, an_overlay_that_is_removed_ends_the_subscription) {
    FakeDaemon daemon;
    daemon.on("GET /v1/overlays/demo/events?from=now", 200,
              "event: ended\ndata: {\"reason\":\"overlay_removed\"}\n\n", "text/event-stream");
    EXPECT_EQ(ask(daemon, {"subscribe", "-o", "demo"}).code, 4);
}

TEST(DaemonCommands, an_answer_that_is_no_json_is_not_believed) {
    FakeDaemon daemon;
    daemon.on("GET /v1/info", 200, "<html>", "text/html");
    const Outcome outcome = ask(daemon, {"info"});
    EXPECT_EQ(outcome.code, 1);
    EXPECT_NE(outcome.err.find("is not JSON"), std::string::npos);
}

TEST(Problems, a_missing_token_is_told_with_where_to_find_it) {
    const Failure failure =
        failure_of(401, R"({"detail":"no token","cure":"send one"})", "give --token-file");
    EXPECT_EQ(failure.message, "no token");
    EXPECT_EQ(failure.cure, "give --token-file");
    EXPECT_EQ(failure_of(401, R"({"detail":"no","cure":"c"})", "").cure, "c");
    EXPECT_EQ(failure_of(503, "busy", "").message, "the daemon answered 503 Service Unavailable");
}

}  // namespace
}  // namespace grapevine::cli
