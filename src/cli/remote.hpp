#pragma once

#include <boost/json/value.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "cli/console.hpp"
#include "cli/failure.hpp"
#include "cli/options.hpp"
#include "runtime/http_client.hpp"

namespace grapevine::cli {

/// The daemon as a command sees it: its HTTP API, with addresses, tokens and errors taken care of.
/// Waits for every answer. One thread at a time.
class Remote {
public:
    /// Fills in what `connection` leaves open from the environment and the defaults. Contacts
    /// nobody. Fails when a token file that was named cannot be read.
    static Attempt<Remote> open(const Connection& connection, const Console& console);

    /// `path` from "/v1/..." on, encoded. An answer without a body is null.
    Attempt<boost::json::value> get(std::string_view path);
    Attempt<boost::json::value> send(std::string_view method, std::string_view path,
                                     const boost::json::value& body);
    Attempt<boost::json::value> send_bytes(std::string_view method, std::string_view path,
                                           std::string_view body, std::string_view content_type);
    Attempt<boost::json::value> remove(std::string_view path);

    /// Calls `on_line` with every line of an event stream until it returns false (then the result
    /// is true) or the daemon ends the stream (false). Fails when nothing comes for `silence_max`.
    Attempt<bool> follow(std::string_view path, Duration silence_max,
                         std::function<bool(std::string_view)> on_line);

    /// The same for the answer to a POST of `body`; its head comes within `head_max`.
    Attempt<bool> ask(std::string_view path, const boost::json::value& body, Duration head_max,
                      std::function<bool(std::string_view)> on_line);

    /// "http://127.0.0.1:9470", without a path.
    [[nodiscard]] std::string origin() const;

    /// The overlay that was named, or the only one there is.
    Attempt<std::string> overlay();
    /// "/v1/overlays/NAME" and `rest`.
    Attempt<std::string> overlay_path(std::string_view rest);

private:
    Remote() = default;
    [[nodiscard]] runtime::HttpHeaders headers(std::string_view accept) const;
    [[nodiscard]] Failure unreachable(const Refusal& refusal, Duration waited) const;
    Attempt<boost::json::value> exchange(std::string_view method, std::string_view path,
                                         std::string_view body, std::string_view content_type);

    std::string url_;
    std::string token_;
    std::string token_hint_;  ///< Where one would find a token, for the cure.
    std::string overlay_;
    runtime::HttpClientOptions options_;
};

/// What a problem document (RFC 9457) says.
Failure failure_of(unsigned status, std::string_view body, std::string_view token_hint);

/// Every byte but letters, digits and -._~ as %XX: one segment of a path, or a query value.
std::string percent_encoded(std::string_view text);

}  // namespace grapevine::cli
