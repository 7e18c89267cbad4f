#include "api/access.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "api/text.hpp"

namespace grapevine::api {
namespace {

constexpr std::string_view kTokenProtocol = "grapevine.token.";
constexpr std::string_view kProtocol = "grapevine.v1";

std::optional<std::string_view> first_header(const Request& request, std::string_view name) {
    for (const auto& [key, value] : request.headers) {
        if (key == name) return value;
    }
    return std::nullopt;
}

Problem unauthenticated(std::string detail, std::string_view error) {
    Problem problem;
    problem.kind = ProblemKind::unauthenticated;
    problem.detail = std::move(detail);
    problem.cure =
        "send \"Authorization: Bearer gv_...\"; the daemon wrote its first token to the token file "
        "in its state folder";
    problem.field = "authorization";
    // RFC 6750, section 3: an error is named only when a token was given.
    std::string challenge = "Bearer realm=\"grapevine\"";
    if (!error.empty()) challenge += fmt::format(", error=\"{}\"", error);
    problem.headers.emplace_back("www-authenticate", std::move(challenge));
    return problem;
}

Problem forbidden(Scope scope, std::string_view where) {
    Problem problem;
    problem.kind = ProblemKind::forbidden;
    problem.detail =
        fmt::format("this token does not have the scope {} on {}", to_string(scope), where);
    problem.cure = fmt::format("use a token with the scope {} on {}", to_string(scope), where);
    problem.headers.emplace_back(
        "www-authenticate",
        fmt::format("Bearer realm=\"grapevine\", error=\"insufficient_scope\", scope=\"{}\"",
                    to_string(scope)));
    return problem;
}

std::string quoted(std::string_view overlay) {
    return fmt::format("the overlay \"{}\"", overlay);
}

/// "[::1]:9470" -> "[::1]"
std::string_view without_port(std::string_view host) {
    if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
    return host.substr(0, host.find(':'));
}

bool names_loopback(std::string_view host) {
    const std::string name = to_lower(without_port(host));
    if (name == "localhost" || name == "[::1]") return true;
    const bool has_digits_only = std::ranges::all_of(
        name, [](char letter) { return (letter >= '0' && letter <= '9') || letter == '.'; });
    return name.starts_with("127.") && has_digits_only;
}

bool is_open_to(const Request& request, const Route& route, const Options& options) {
    if (route.access == Access::open) return true;
    return route.access == Access::metrics && request.peer_is_loopback &&
           options.loopback_metrics == Options::LoopbackMetrics::open;
}

/// The token that the request carries, wherever it is allowed to.
Checked<std::optional<std::string_view>> find_token(const Request& request) {
    const auto authorization = GV_TRY(single_header(request, "authorization"));
    if (authorization) {
        const std::size_t blank = std::min(authorization->find(' '), authorization->size());
        if (to_lower(authorization->substr(0, blank)) != "bearer") {
            return std::unexpected(
                unauthenticated("the Authorization header has another scheme than Bearer", ""));
        }
        std::string_view token = authorization->substr(std::min(authorization->size(), blank + 1));
        while (token.starts_with(' ')) token.remove_prefix(1);
        return token;
    }
    if (!is_websocket_request(request)) return std::nullopt;
    const auto protocols = first_header(request, "sec-websocket-protocol");
    if (!protocols) return std::nullopt;
    for (const std::string_view protocol : split_list(*protocols)) {
        if (protocol.starts_with(kTokenProtocol)) return protocol.substr(kTokenProtocol.size());
    }
    return std::nullopt;
}

/// Browsers drop a connection whose offer was ignored, so an offer without ours is a problem.
Checked<std::string_view> select_subprotocol(const Request& request) {
    const auto offered = first_header(request, "sec-websocket-protocol");
    if (!offered) return std::string_view();
    for (const std::string_view protocol : split_list(*offered)) {
        if (protocol == kProtocol) return kProtocol;
    }
    Problem problem;
    problem.detail = "none of the offered subprotocols is spoken here";
    problem.cure = "offer \"grapevine.v1\", beside the token if there is one";
    problem.field = "sec-websocket-protocol";
    return std::unexpected(std::move(problem));
}

}  // namespace

Checked<std::optional<std::string_view>> single_header(const Request& request,
                                                       std::string_view name) {
    std::optional<std::string_view> found;
    for (const auto& [key, value] : request.headers) {
        if (key != name) continue;
        if (found) {
            Problem problem;
            problem.detail = fmt::format("the header {} is given more than once", name);
            problem.cure = "give it once";
            problem.field = std::string(name);
            return std::unexpected(std::move(problem));
        }
        found = value;
    }
    return found;
}

bool Caller::may(Scope scope, std::string_view overlay) const {
    return may_everything || (token && token->has_scope(scope) && token->reaches(overlay));
}

bool Caller::may_on_all(Scope scope) const {
    return may_everything || (token && token->has_scope(scope) && token->reaches_all());
}

bool Caller::may_on_any(Scope scope) const {
    return may_everything || (token && token->has_scope(scope));
}

Checked<Caller> authenticate(const Request& request, const Route& route, const TokenBook& tokens,
                             const Logins& logins, Instant now, const Options& options) {
    if (is_open_to(request, route, options)) return Caller{};
    const auto token = GV_TRY(find_token(request));
    if (token) {
        const TokenEntry* entry = tokens.recognise(*token);
        if (entry == nullptr) entry = logins.recognise(now, *token);
        if (entry != nullptr) return Caller{*entry, false};
        return std::unexpected(unauthenticated("the token is not known here", "invalid_token"));
    }
    if (options.anonymous == Options::Anonymous::loopback && request.peer_is_loopback) {
        const auto host = GV_TRY(single_header(request, "host"));
        if (host && names_loopback(*host)) return Caller{std::nullopt, true};
        Problem problem;
        problem.kind = ProblemKind::cross_origin;
        problem.detail = "without a token, the Host header must name this host's loopback";
        problem.cure = "use http://localhost or http://127.0.0.1, or send a token";
        problem.field = "host";
        return std::unexpected(std::move(problem));
    }
    return std::unexpected(unauthenticated("this route needs a token", ""));
}

Checked<void> authorize(const Caller& caller, Scope scope, std::string_view overlay) {
    if (caller.may(scope, overlay)) return {};
    return std::unexpected(forbidden(scope, quoted(overlay)));
}

Checked<void> authorize(const Caller& caller, const Route& route, std::string_view overlay) {
    if (route.access == Access::open || route.reach == Reach::body) return {};
    if (route.access == Access::metrics && !caller.token) return {};
    if (route.access == Access::any) {
        if (caller.may(Scope::publish, overlay)) return {};
        return authorize(caller, Scope::read, overlay);
    }
    const Scope scope = route.access == Access::publish ? Scope::publish
                        : route.access == Access::admin ? Scope::admin
                                                        : Scope::read;
    switch (route.reach) {
        case Reach::overlay:
            return authorize(caller, scope, overlay);
        case Reach::any_overlay:
            if (caller.may_on_any(scope)) return {};
            return std::unexpected(forbidden(scope, "any overlay"));
        case Reach::all_overlays:
            if (caller.may_on_all(scope)) return {};
            return std::unexpected(forbidden(scope, "all overlays"));
        case Reach::none:
        case Reach::body:
            break;
    }
    return {};
}

Checked<void> check_origin(const Request& request) {
    const auto origin = GV_TRY(single_header(request, "origin"));
    if (!origin) return {};
    const auto host = GV_TRY(single_header(request, "host"));
    const std::string from = to_lower(*origin);
    const std::string here = host ? to_lower(*host) : "";
    // Either scheme: a proxy in front may end TLS.
    if (!here.empty() && (from == "http://" + here || from == "https://" + here)) return {};
    Problem problem;
    problem.kind = ProblemKind::cross_origin;
    problem.detail = "the Origin header names another host than the Host header";
    problem.cure = "send the request from a page of this host, or from a program without Origin";
    problem.field = "origin";
    return std::unexpected(std::move(problem));
}

bool is_websocket_request(const Request& request) {
    const auto upgrade = first_header(request, "upgrade");
    if (!upgrade) return false;
    return std::ranges::any_of(split_list(*upgrade), [](std::string_view protocol) {
        return to_lower(protocol) == "websocket";
    });
}

Checked<std::string_view> check_websocket(const Request& request, std::string_view otherwise) {
    if (is_websocket_request(request)) return select_subprotocol(request);
    Problem problem;
    problem.kind = ProblemKind::upgrade_required;
    problem.detail = "this route is a WebSocket, and the request does not ask for one";
    problem.cure = fmt::format("connect with a WebSocket client, or {}", otherwise);
    problem.field = "upgrade";
    problem.headers.emplace_back("upgrade", "websocket");
    return std::unexpected(std::move(problem));
}

}  // namespace grapevine::api
