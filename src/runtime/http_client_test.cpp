#include "runtime/http_client.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "runtime/http_test_support.hpp"

namespace grapevine::runtime {
namespace {

using namespace std::chrono_literals;

// A port on which nobody listens any more.
Endpoint closed_port() {
    Loop loop;
    return HttpServer::listen(loop, on_loopback(), {}).value().bound();
}

TEST(HttpUrl, its_parts_are_found) {
    const HttpUrl plain = HttpUrl::parse("http://example.org:9470/v1/x?y=1").value();
    EXPECT_FALSE(plain.is_https);
    EXPECT_EQ(plain.host, "example.org");
    EXPECT_EQ(plain.port, 9470);
    EXPECT_EQ(plain.target, "/v1/x?y=1");
    const HttpUrl six = HttpUrl::parse("https://[fd00::1]").value();
    EXPECT_TRUE(six.is_https);
    EXPECT_EQ(six.host, "fd00::1");
    EXPECT_EQ(six.port, 443);
    EXPECT_EQ(six.target, "/");
    EXPECT_EQ(six.host_and_port(), "[fd00::1]:443");
    EXPECT_EQ(HttpUrl::parse("http://h?q").value().target, "/?q");
}

TEST(HttpUrl, what_is_none_is_refused_with_an_example) {
    for (const char* text :
         {"", "localhost:80", "ftp://x/", "http://", "http://[::1", "http://[::1]x", "http://h:x/",
          "http://h:70000/", "http://user@h/", "http://h/a b", "http://h/\r\nx: y"}) {
        const auto refused = HttpUrl::parse(text);
        ASSERT_FALSE(refused.has_value()) << text;
        EXPECT_EQ(refused.error().code, Refusal::Code::invalid);
        EXPECT_FALSE(refused.error().cure.empty());
    }
}

TEST(HttpClient, when_nothing_listens_it_says_where_and_what_to_do) {
    const Endpoint nobody = closed_port();
    const auto refused = HttpClient().request("GET", fmt::format("http://{}/", to_string(nobody)));
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(describe(refused.error()),
              fmt::format("nothing listens on {}; is the daemon running? start it with: "
                          "grapevine agent",
                          to_string(nobody)));
}

TEST(HttpClient, a_server_that_does_not_answer_is_given_up_after_the_timeout) {
    TestServer server;
    HttpClient client({.timeout = 50ms});
    const auto refused = client.request("GET", server.url("/hold"));
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Refusal::Code::unavailable);
    EXPECT_TRUE(contains(refused.error().message, "did not answer in time"));
}

TEST(HttpClient, a_longer_answer_than_the_limit_is_refused) {
    TestServer server;
    HttpClient client({.body_bytes_max = 1000});
    const auto refused = client.request("GET", server.url("/huge"));
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Refusal::Code::over_limit);
}

TEST(HttpClient, an_error_status_is_an_answer) {
    TestServer server;
    const auto answer = HttpClient().request("GET", server.url("/missing"));
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->status, 404U);
    EXPECT_TRUE(contains(answer->body, "there is no /missing"));
}

TEST(HttpClient, a_head_request_ends_without_a_body) {
    TestServer server;
    const auto answer = HttpClient().request("HEAD", server.url("/echo"));
    ASSERT_TRUE(answer.has_value()) << describe(answer.error());
    EXPECT_EQ(answer->body, "");
}

TEST(HttpClient, a_stream_that_is_refused_returns_the_answer_and_no_line) {
    TestServer server;
    bool called = false;
    const auto answer = HttpClient().stream(server.url("/missing"), {},
                                            [&](std::string_view) { return called = true; });
    ASSERT_TRUE(answer.has_value()) << describe(answer.error());
    EXPECT_EQ(answer->status, 404U);
    EXPECT_TRUE(contains(answer->body, "there is no /missing"));
    EXPECT_FALSE(called);
}

TEST(HttpClient, a_stream_that_is_cut_is_no_proper_end) {
    TestServer server;
    const auto answer = HttpClient().stream(server.url("/stream"), {}, [&](std::string_view) {
        server.destroy_server();
        return true;
    });
    ASSERT_FALSE(answer.has_value());
    EXPECT_TRUE(contains(answer.error().message, "ended the connection"));
}

TEST(HttpClient, a_silent_stream_is_given_up_after_its_timeout) {
    TestServer server;
    HttpClient client({.stream_timeout = 50ms});
    const auto answer =
        client.stream(server.url("/stream"), {}, [](std::string_view) { return true; });
    ASSERT_FALSE(answer.has_value());
    EXPECT_TRUE(contains(answer.error().message, "did not answer in time"));
}

}  // namespace
}  // namespace grapevine::runtime
