#include "api/pages.hpp"

#include <array>
#include <gtest/gtest.h>
#include <string>

namespace grapevine::api {
namespace {

constexpr std::array kAssets = {
    PageAsset{"index.html", "text/html; charset=utf-8", "\"i\"", "<html>", "zipped", false},
    PageAsset{"assets/main-1.js", "text/javascript; charset=utf-8", "\"m\"", "code", "z", true},
};

Request ask(std::string target, Headers headers = {}, std::string method = "GET") {
    Request request;
    request.method = std::move(method);
    request.target = std::move(target);
    request.headers = std::move(headers);
    return request;
}

std::string header(const Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
        if (key == name) return value;
    }
    return {};
}

TEST(Pages, what_is_below_ui_is_the_page_and_the_rest_the_api) {
    EXPECT_FALSE(page_response(ask("/v1/info"), kAssets));
    EXPECT_FALSE(page_response(ask("/uix"), kAssets));
    EXPECT_EQ(page_response(ask("/"), kAssets)->status, 302);
    EXPECT_EQ(header(*page_response(ask("/ui"), kAssets), "location"), "/ui/");
    EXPECT_EQ(page_response(ask("/ui/"), kAssets)->body, "<html>");
    EXPECT_EQ(page_response(ask("/ui/assets/main-1.js?x=1"), kAssets)->body, "code");
    EXPECT_EQ(page_response(ask("/ui/../secret"), kAssets)->status, 404);
}

TEST(Pages, compressed_only_for_those_who_take_it) {
    const auto zipped = page_response(ask("/ui/", {{"accept-encoding", "br, gzip"}}), kAssets);
    EXPECT_EQ(zipped->body, "zipped");
    EXPECT_EQ(header(*zipped, "content-encoding"), "gzip");
    const auto plain = page_response(ask("/ui/", {{"accept-encoding", "gzip;q=0"}}), kAssets);
    EXPECT_EQ(plain->body, "<html>");
    EXPECT_EQ(header(*plain, "content-encoding"), "");
}

TEST(Pages, what_the_browser_has_is_not_sent_again) {
    const auto answer = page_response(ask("/ui/", {{"if-none-match", "\"i\""}}), kAssets);
    EXPECT_EQ(answer->status, 304);
    EXPECT_TRUE(answer->body.empty());
}

TEST(Pages, only_what_changes_its_name_with_its_content_is_kept) {
    EXPECT_EQ(header(*page_response(ask("/ui/"), kAssets), "cache-control"), "no-cache");
    EXPECT_NE(header(*page_response(ask("/ui/assets/main-1.js"), kAssets), "cache-control")
                  .find("immutable"),
              std::string::npos);
}

TEST(Pages, every_answer_forbids_foreign_and_inline_scripts_and_frames) {
    for (const std::string target : {"/ui/", "/ui/nothing", "/ui/assets/main-1.js"}) {
        const std::string policy =
            header(*page_response(ask(target), kAssets), "content-security-policy");
        EXPECT_NE(policy.find("default-src 'none'"), std::string::npos) << target;
        EXPECT_NE(policy.find("script-src 'self';"), std::string::npos) << target;
        EXPECT_NE(policy.find("frame-ancestors 'none'"), std::string::npos) << target;
    }
}

TEST(Pages, the_page_is_only_read) {
    const auto answer = page_response(ask("/ui/", {}, "POST"), kAssets);
    EXPECT_EQ(answer->status, 405);
    EXPECT_EQ(header(*answer, "allow"), "GET, HEAD");
}

TEST(Pages, a_build_without_it_says_so) {
    const auto answer = page_response(ask("/ui/"), {});
    EXPECT_EQ(answer->status, 200);
    EXPECT_NE(answer->body.find("GRAPEVINE_WEB=OFF"), std::string::npos);
}

}  // namespace
}  // namespace grapevine::api
