#include "api/pages.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <string>

#include "api/problem.hpp"
#include "api/text.hpp"

namespace grapevine::api {
namespace {

constexpr std::string_view kRoot = "/ui/";
constexpr std::string_view kIndex = "index.html";

constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; font-src 'self'; media-src 'self' blob:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

constexpr std::string_view kNoPage =
    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Grapevine</title>"
    "<p>This daemon was built without its page (GRAPEVINE_WEB=OFF). "
    "<p>Its API is at <a href=\"/v1/openapi.json\">/v1/openapi.json</a>, and "
    "<code>grapevine top</code> shows an overlay in a terminal.</html>\n";

/// The first value; a browser sends one.
std::string_view header(const Request& request, std::string_view name) {
    const auto found = std::ranges::find(
        request.headers, name, [](const auto& entry) { return std::string_view(entry.first); });
    return found == request.headers.end() ? std::string_view() : std::string_view(found->second);
}

/// Accept-Encoding names gzip, and not to refuse it.
bool takes_gzip(const Request& request) {
    for (const std::string_view coding : split_list(header(request, "accept-encoding"))) {
        const std::string_view name = coding.substr(0, coding.find(';'));
        const bool is_gzip = to_lower(name) == "gzip" || name == "*";
        if (is_gzip) return !coding.ends_with("q=0") && !coding.ends_with("q=0.0");
    }
    return false;
}

Response redirect_to(std::string_view target) {
    Response response;
    response.status = 302;
    response.headers = {{"location", std::string(target)}, {"cache-control", "no-store"}};
    return response;
}

Response with_policy(Response response) {
    response.headers.emplace_back("content-security-policy", kPolicy);
    response.headers.emplace_back("x-content-type-options", "nosniff");
    response.headers.emplace_back("referrer-policy", "no-referrer");
    response.headers.emplace_back("cross-origin-opener-policy", "same-origin");
    response.headers.emplace_back("cross-origin-resource-policy", "same-origin");
    return response;
}

Response give(const Request& request, const PageAsset& asset) {
    Response response;
    response.headers = {
        {"etag", std::string(asset.tag)},
        {"vary", "accept-encoding"},
        {"cache-control",
         asset.is_named_by_content ? "public, max-age=31536000, immutable" : "no-cache"},
    };
    if (header(request, "if-none-match") == asset.tag) {
        response.status = 304;
        return with_policy(std::move(response));
    }
    response.headers.emplace_back("content-type", asset.media_type);
    if (takes_gzip(request)) {
        response.headers.emplace_back("content-encoding", "gzip");
        response.body = asset.gzip;
    } else {
        response.body = asset.plain;
    }
    return with_policy(std::move(response));
}

Response no_page() {
    Response response;
    response.headers = {{"content-type", "text/html; charset=utf-8"},
                        {"cache-control", "no-cache"}};
    response.body = kNoPage;
    return with_policy(std::move(response));
}

Response refuse(ProblemKind kind, std::string detail, std::string cure) {
    Problem problem;
    problem.kind = kind;
    problem.detail = std::move(detail);
    problem.cure = std::move(cure);
    if (kind == ProblemKind::wrong_method) problem.headers.emplace_back("allow", "GET, HEAD");
    return with_policy(to_response(problem));
}

}  // namespace

std::optional<Response> page_response(const Request& request, std::span<const PageAsset> assets) {
    const std::string_view path =
        std::string_view(request.target).substr(0, request.target.find('?'));
    if (path != "/" && path != "/ui" && !path.starts_with(kRoot)) return std::nullopt;
    if (request.method != "GET" && request.method != "HEAD") {
        return refuse(ProblemKind::wrong_method, "the page is only read",
                      "use GET, or ask the API below /v1");
    }
    if (!path.starts_with(kRoot)) return redirect_to(kRoot);
    const std::string_view name = path == kRoot ? kIndex : path.substr(kRoot.size());
    if (assets.empty() && name == kIndex) return no_page();
    const auto asset = std::ranges::find(assets, name, &PageAsset::path);
    if (asset != assets.end()) return give(request, *asset);
    return refuse(ProblemKind::not_found, "the page has no such file", "open /ui/");
}

}  // namespace grapevine::api
