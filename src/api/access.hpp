#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/api.hpp"
#include "api/http.hpp"
#include "api/logins.hpp"
#include "api/problem.hpp"
#include "api/routes.hpp"
#include "api/token_book.hpp"

namespace grapevine::api {

/// The value of the only header of this name; nothing if there is none. More than one is a
/// problem: two readers could choose differently.
[[nodiscard]] Checked<std::optional<std::string_view>> single_header(const Request& request,
                                                                     std::string_view name);

/// Who asks, as far as it matters: a token, nobody, or somebody who may do everything.
struct Caller {
    std::optional<TokenEntry> token;
    bool may_everything = false;

    [[nodiscard]] bool may(Scope scope, std::string_view overlay) const;
    [[nodiscard]] bool may_on_all(Scope scope) const;
    [[nodiscard]] bool may_on_any(Scope scope) const;
};

/// Recognises the caller, and refuses one who may not call this route at all. Tokens come in the
/// header `authorization: Bearer`, for WebSockets also as the subprotocol "grapevine.token.TOKEN";
/// never in the target, which ends up in logs.
[[nodiscard]] Checked<Caller> authenticate(const Request& request, const Route& route,
                                           const TokenBook& tokens, const Logins& logins,
                                           Instant now, const Options& options);

/// Refuses a caller without the route's scope on `overlay` (empty if the path names none).
[[nodiscard]] Checked<void> authorize(const Caller& caller, const Route& route,
                                      std::string_view overlay);
[[nodiscard]] Checked<void> authorize(const Caller& caller, Scope scope, std::string_view overlay);

/// Refuses what a page of another site in a browser sent: an Origin header that does not name the
/// host of the Host header. For requests that change something, and for WebSockets, which browsers
/// do not hold back themselves.
[[nodiscard]] Checked<void> check_origin(const Request& request);

/// The request asks for a WebSocket (RFC 6455, section 4.2.1).
[[nodiscard]] bool is_websocket_request(const Request& request);

/// For a route that is a WebSocket and nothing else: the subprotocol to accept it with, which is
/// "grapevine.v1", or nothing if none was offered. Refuses any other request; `otherwise` completes
/// the cure, "connect with a WebSocket client, or ...".
[[nodiscard]] Checked<std::string_view> check_websocket(const Request& request,
                                                        std::string_view otherwise);

}  // namespace grapevine::api
