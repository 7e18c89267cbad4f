#include "daemon/influx_writer.hpp"

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <future>
#include <gtest/gtest.h>
#include <mutex>
#include <thread>

#include "base/limits.hpp"
#include "runtime/clock.hpp"
#include "runtime/http_server.hpp"
#include "runtime/log.hpp"
#include "runtime/loop.hpp"

// Against a server of our own that answers as it is told; nothing waits but for what must come.
namespace grapevine::daemon {
namespace {

using namespace std::chrono_literals;
using control::gossiperl::Series;
using Dialect = InfluxSettings::Dialect;

constexpr auto kPatience = 10s;
/// Fast enough for tests. The log keeps its minute.
constexpr InfluxWriter::Pace kFast{1ms, 1ms, 4ms, 1min};

/// Keeps what it was asked, and answers with a status; 0: not at all.
class Database {
public:
    using Answer = std::function<unsigned(const runtime::HttpRequest&)>;

    explicit Database(Answer answer) : answer_(std::move(answer)) {
        runtime::HttpServerOptions options;
        options.bind = Endpoint::v4(127, 0, 0, 1, 0);
        auto listening = runtime::HttpServer::listen(
            loop_, std::move(options),
            [this](runtime::HttpRequest request, std::shared_ptr<runtime::Responder> responder) {
                take(std::move(request), std::move(responder));
            });
        EXPECT_TRUE(listening.has_value());
        server_.emplace(std::move(*listening));
        port = server_->bound_port();
        thread_ = std::jthread([this] { loop_.run(); });
    }
    ~Database() {
        loop_.post([this] {
            held_.clear();
            server_.reset();
            loop_.stop();
        });
    }

    /// The first `count` requests, once they have come.
    std::vector<runtime::HttpRequest> wait_for(std::size_t count) {
        std::unique_lock lock(mutex_);
        const bool have_come =
            come_.wait_for(lock, kPatience, [&] { return requests_.size() >= count; });
        EXPECT_TRUE(have_come) << requests_.size() << " of " << count;
        return {requests_.begin(),
                requests_.begin() + static_cast<std::ptrdiff_t>(std::min(count, requests_.size()))};
    }

    std::uint16_t port = 0;

private:
    void take(runtime::HttpRequest request, std::shared_ptr<runtime::Responder> responder) {
        const unsigned status = answer_(request);
        {
            const std::scoped_lock lock(mutex_);
            requests_.push_back(std::move(request));
        }
        come_.notify_all();
        if (status == 0) return held_.push_back(std::move(responder));
        responder->reply({status, {}, ""});
    }

    Answer answer_;
    runtime::Loop loop_;
    std::optional<runtime::HttpServer> server_;
    std::vector<std::shared_ptr<runtime::Responder>> held_;
    std::mutex mutex_;
    std::condition_variable come_;
    std::vector<runtime::HttpRequest> requests_;
    std::jthread thread_;
};

InfluxSettings at(std::uint16_t port, Dialect dialect = Dialect::v08) {
    InfluxSettings settings;
    settings.host = "127.0.0.1";
    settings.port = port;
    settings.dialect = dialect;
    settings.username = "u&";
    settings.password = "p=";
    return settings;
}

/// Until the counters please, or patience ends; the expectation of the caller says which.
InfluxWriter::Counters wait_for(const InfluxWriter& writer,
                                const std::function<bool(const InfluxWriter::Counters&)>& pleases) {
    const runtime::SteadyClock clock;
    while (!pleases(writer.counters()) && clock.now() < Instant(kPatience)) {
        std::this_thread::yield();
    }
    return writer.counters();
}

std::string target(const runtime::HttpRequest& request) {
    return request.path + "?" + request.query;
}

// -- What is said --

TEST(InfluxWriter, an_old_server_is_asked_for_the_database_and_then_given_the_points) {
    Database database([](const auto&) { return 200U; });
    InfluxWriter writer(at(database.port), kFast);
    writer.write("o", {{"digest-in", 3, 330}, {"message-failed-decode-in", 2, std::nullopt}},
                 WallTime{5});
    const auto requests = database.wait_for(2);
    EXPECT_EQ(requests[0].method, "POST");
    EXPECT_EQ(target(requests[0]), "/db?u=u%26&p=p%3D");
    EXPECT_EQ(requests[0].body, R"({"name":"o"})");
    EXPECT_EQ(requests[1].method, "POST");
    EXPECT_EQ(target(requests[1]), "/db/o/series?u=u%26&p=p%3D");
    EXPECT_EQ(requests[1].body,
              R"([{"points":[[3,330]],"name":"digest-in","columns":["count","size"]},)"
              R"({"points":[[2]],"name":"message-failed-decode-in","columns":["count"]}])");
    const auto counters = wait_for(writer, [](const auto& now) { return now.points_written == 2; });
    EXPECT_EQ(counters.points_written, 2U);
    EXPECT_EQ(counters.points_waiting, 0U);
}

TEST(InfluxWriter, a_database_is_asked_for_once_and_may_be_there_already) {
    Database database([](const auto& request) { return request.path == "/db" ? 409U : 200U; });
    InfluxWriter writer(at(database.port), kFast);
    writer.write("o", {{"digest-in", 1, 1}}, {});
    database.wait_for(2);
    writer.write("o", {{"digest-in", 2, 2}}, {});
    writer.write("p", {{"digest-in", 3, 3}}, {});
    const auto requests = database.wait_for(5);
    std::size_t creations = 0;
    for (const auto& request : requests) creations += request.path == "/db" ? 1U : 0U;
    EXPECT_EQ(creations, 2U);
}

TEST(InfluxWriter, a_server_of_version_one_is_given_lines) {
    Database database([](const auto&) { return 204U; });
    InfluxSettings settings = at(database.port, Dialect::v1);
    settings.database = "my db";
    InfluxWriter writer(settings, kFast);
    writer.write("o", {{"digest-in", 3, 330}, {"failed", 2, std::nullopt}}, WallTime{1500});
    const auto requests = database.wait_for(2);
    EXPECT_EQ(target(requests[0]), "/query?u=u%26&p=p%3D&q=CREATE%20DATABASE%20%22my%20db%22");
    EXPECT_EQ(target(requests[1]), "/write?db=my%20db&precision=ms&u=u%26&p=p%3D");
    EXPECT_EQ(requests[1].body,
              "digest-in,overlay=o count=3i,size=330i 1500\nfailed,overlay=o count=2i 1500\n");
}

TEST(InfluxWriter, a_server_of_version_two_is_given_lines_and_a_token) {
    Database database([](const auto&) { return 204U; });
    InfluxSettings settings = at(database.port, Dialect::v2);
    settings.org = "our org";
    settings.bucket = "b";
    settings.token = "t0ken";
    InfluxWriter writer(settings, kFast);
    writer.write("o", {{"digest-in", 3, 330}}, WallTime{1500});
    const auto requests = database.wait_for(1);
    EXPECT_EQ(target(requests[0]), "/api/v2/write?org=our%20org&bucket=b&precision=ms");
    EXPECT_EQ(runtime::find_header(requests[0].headers, "authorization"), "Token t0ken");
    EXPECT_EQ(requests[0].body, "digest-in,overlay=o count=3i,size=330i 1500\n");
}

TEST(InfluxText, a_name_cannot_end_its_line) {
    const auto line = [](const char* name) {
        const InfluxPoint point{"o", {name, 1, std::nullopt}, WallTime{7}};
        return influx_write(at(1, Dialect::v1), std::span(&point, 1)).body;
    };
    EXPECT_EQ(line("a b,c=d"), "a\\ b\\,c\\=d,overlay=o count=1i 7\n");
    EXPECT_EQ(line("a\nb count=9i\n"), "a_b\\ count\\=9i_,overlay=o count=1i 7\n");
    EXPECT_EQ(line("a\\"), "a_,overlay=o count=1i 7\n");
    EXPECT_EQ(line("a\xff"), "a\xef\xbf\xbd,overlay=o count=1i 7\n");
}

TEST(InfluxText, points_of_one_series_stand_together) {
    const InfluxPoint points[] = {
        {"o", {"a", 1, 10}, {}}, {"o", {"b", 2, 20}, {}}, {"o", {"a", 3, 30}, {}}};
    EXPECT_EQ(influx_write(at(1), points).body,
              R"([{"points":[[1,10],[3,30]],"name":"a","columns":["count","size"]},)"
              R"({"points":[[2,20]],"name":"b","columns":["count","size"]}])");
}

TEST(InfluxText, an_address_of_version_six_has_brackets) {
    InfluxSettings settings = at(8086);
    settings.host = "::1";
    EXPECT_EQ(influx_place(settings), "[::1]:8086");
    EXPECT_TRUE(influx_creation(settings, "o").url.starts_with("http://[::1]:8086/db?"));
}

// -- When the server is not well --

TEST(InfluxWriter, a_server_that_is_absent_loses_nothing_and_keeps_nobody_waiting) {
    std::uint16_t port = 0;
    {
        const Database gone([](const auto&) { return 200U; });
        port = gone.port;
    }
    InfluxWriter writer(at(port), kFast);
    writer.write("o", {{"digest-in", 1, 1}}, {});
    const auto counters =
        wait_for(writer, [](const auto& now) { return now.requests_failed >= 3; });
    EXPECT_GE(counters.requests_failed, 3U);
    EXPECT_EQ(counters.points_waiting, 1U);
    EXPECT_EQ(counters.points_written, 0U);
}

TEST(InfluxWriter, a_server_that_recovers_is_given_everything_in_order) {
    int count = 0;
    Database database([&](const auto&) { return ++count <= 3 ? 503U : 204U; });
    InfluxWriter writer(at(database.port, Dialect::v2), kFast);
    writer.write("o", {{"a", 1, 1}}, WallTime{1});
    database.wait_for(2);
    writer.write("o", {{"a", 2, 2}}, WallTime{2});
    const auto counters = wait_for(writer, [](const auto& now) { return now.points_written == 2; });
    EXPECT_EQ(counters.points_written, 2U);
    EXPECT_EQ(counters.requests_failed, 3U);
    EXPECT_EQ(counters.points_dropped_refused, 0U);
}

TEST(InfluxWriter, what_the_server_refuses_is_dropped_and_counted) {
    Database database([](const auto& request) { return request.path == "/db" ? 200U : 401U; });
    InfluxWriter writer(at(database.port), kFast);
    writer.write("o", {{"a", 1, 1}, {"b", 1, 1}}, {});
    const auto counters =
        wait_for(writer, [](const auto& now) { return now.points_dropped_refused == 2; });
    EXPECT_EQ(counters.points_dropped_refused, 2U);
    EXPECT_EQ(counters.points_waiting, 0U);
}

TEST(InfluxWriter, an_overlay_that_the_server_cannot_take_keeps_no_other_back) {
    Database database(
        [](const auto& request) { return request.path == "/db/a/series" ? 500U : 200U; });
    InfluxWriter writer(at(database.port), kFast);
    writer.write("a", {{"x", 1, 1}}, {});
    writer.write("b", {{"x", 1, 1}}, {});
    const auto counters = wait_for(writer, [](const auto& now) { return now.points_written == 1; });
    EXPECT_EQ(counters.points_written, 1U);
    EXPECT_EQ(counters.points_waiting, 1U);
}

TEST(InfluxWriter, a_server_that_does_not_answer_lets_points_wait_up_to_the_limit) {
    Database database([](const auto&) { return 0U; });
    InfluxSettings settings = at(database.port);
    settings.timeout = 1min;
    InfluxWriter writer(settings, kFast);
    writer.write("o", {{"a", 1, 1}}, {});
    // It holds the request for the database; from now on nothing leaves the queue.
    database.wait_for(1);
    std::vector<Series> series(kInfluxQueueMax - 1, {"a", 1, 1});
    writer.write("o", std::move(series), {});
    EXPECT_EQ(writer.counters().points_waiting, kInfluxQueueMax);
    EXPECT_EQ(writer.counters().points_dropped_full, 0U);
    writer.write("o", {{"b", 1, 1}}, {});
    EXPECT_EQ(writer.counters().points_waiting, kInfluxQueueMax);
    EXPECT_EQ(writer.counters().points_dropped_full, 1U);
    // And its end, here, waits for no answer: the server gives none.
}

TEST(InfluxWriter, points_without_room_are_said_though_the_server_is_well) {
    std::promise<void> release;
    auto released = release.get_future().share();
    Database database([&](const auto&) {
        released.wait();
        return 204U;
    });
    std::mutex mutex;
    std::vector<std::string> lines;
    runtime::log::redirect([&](std::string_view line) {
        const std::scoped_lock lock(mutex);
        lines.emplace_back(line);
    });
    {
        InfluxWriter writer(at(database.port, Dialect::v2), kFast);
        writer.write("o", std::vector<Series>(kInfluxQueueMax + 7, {"a", 1, 1}), {});
        release.set_value();
        wait_for(writer, [](const auto& now) { return now.points_written == kInfluxQueueMax; });
    }
    runtime::log::redirect({});
    const std::scoped_lock lock(mutex);
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_NE(lines[0].find("is too slow"), std::string::npos) << lines[0];
    EXPECT_NE(lines[0].find("7 had no room"), std::string::npos) << lines[0];
}

TEST(InfluxWriter, trouble_is_said_once_a_minute_and_without_passwords) {
    std::mutex mutex;
    std::vector<std::string> lines;
    runtime::log::redirect([&](std::string_view line) {
        const std::scoped_lock lock(mutex);
        lines.emplace_back(line);
    });
    {
        Database database([](const auto&) { return 500U; });
        InfluxSettings settings = at(database.port);
        settings.password = "sesame";
        InfluxWriter writer(settings, kFast);
        writer.write("o", {{"a", 1, 1}}, {});
        wait_for(writer, [](const auto& now) { return now.requests_failed >= 5; });
    }
    runtime::log::redirect({});
    const std::scoped_lock lock(mutex);
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_NE(lines[0].find("answered 500: 1 points wait"), std::string::npos) << lines[0];
    EXPECT_EQ(lines[0].find("sesame"), std::string::npos);
}

TEST(InfluxWriter, many_points_are_sent_in_several_requests) {
    Database database([](const auto&) { return 204U; });
    InfluxWriter writer(at(database.port, Dialect::v2), kFast);
    writer.write("o", std::vector<Series>(kInfluxBatchMax + 1, {"a", 1, 1}), {});
    const auto requests = database.wait_for(2);
    EXPECT_EQ(std::ranges::count(requests[0].body, '\n'),
              static_cast<std::ptrdiff_t>(kInfluxBatchMax));
    EXPECT_EQ(std::ranges::count(requests[1].body, '\n'), 1);
}

}  // namespace
}  // namespace grapevine::daemon
