#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "api/http.hpp"

namespace grapevine::api {

/// One file of the page, as it lies in the program. All views are static.
struct PageAsset {
    std::string_view path;        ///< Below /ui/: "index.html", "assets/main-1a2b3c.js".
    std::string_view media_type;  ///< With a charset, if it is text.
    std::string_view tag;         ///< Of the content, with quotes, for If-None-Match.
    std::string_view plain;
    std::string_view gzip;
    /// Its name changes with its content, so it may be kept for ever.
    bool is_named_by_content = false;
};

/// Answers what is asked of the page: `/`, `/ui` and all below it; nothing for other targets, which
/// are the API's. Without assets (a build with GRAPEVINE_WEB=OFF) a short page says so.
///
/// Everybody may read the page: it holds nothing but itself. It may load what this server has and
/// nothing else, runs no inline script, and cannot be framed (Content-Security-Policy).
[[nodiscard]] std::optional<Response> page_response(const Request& request,
                                                    std::span<const PageAsset> assets);

}  // namespace grapevine::api
