#include "api/gossiperl/api.hpp"

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cassert>
#include <fmt/core.h>

#include "api/access.hpp"
#include "api/gossiperl/service.hpp"
#include "api/text.hpp"
#include "base/limits.hpp"

namespace grapevine::api::gossiperl {
namespace {

constexpr std::array kRoutes = {
    Route{"GET", "overlays", 1, 1, Access::rest_user, "Overlays", "", handle_list},
    Route{"POST", "overlays", 2, 3, Access::rest_user, "Add an overlay", "", handle_add},
    Route{"PUT", "overlays", 2, 2, Access::token, "Update configuration for {}", "",
          handle_configure},
    Route{"PUT", "overlays", 3, 3, Access::token, "Update configuration for {}", "",
          handle_configure_property},
    Route{"DELETE", "overlays", 2, 2, Access::token, "Delete overlay {}", "", handle_remove},
    Route{"GET", "configuration", 2, 2, Access::token, "Configuration of {}", "",
          handle_configuration},
    Route{"GET", "membership", 2, 2, Access::token, "{}", "", handle_membership},
    Route{"GET", "subscriptions", 2, 2, Access::token, "Subscriptions of {}", "",
          handle_subscriptions},
    Route{"GET", "statistics", 2, 3, Access::token, "Statistics of {}", "", handle_statistics},
    Route{"POST", "digest", 2, 2, Access::token, "Send digest from {}", "Overlay not found.",
          handle_digest},
    Route{"GET", "tokens", 1, 1, Access::superuser, "Overlays", "", handle_tokens},
    Route{"POST", "reconfigure", 1, 1, Access::superuser, "Overlays", "", handle_reconfigure},
};

/// The segments of the path without a slash at its end; nothing if it cannot be read.
std::vector<std::string> segments_of(std::string_view target) {
    auto parsed = parse_target(target);
    if (!parsed) return {};
    std::vector<std::string> segments = std::move(parsed->segments);
    if (!segments.empty() && segments.back().empty()) segments.pop_back();
    if (std::ranges::any_of(segments, &std::string::empty)) return {};
    return segments;
}

/// The route, or an answer.
std::expected<const Route*, Response> find_route(const std::string& method,
                                                 const std::vector<std::string>& segments) {
    std::string allowed;
    for (const Route& route : kRoutes) {
        const bool is_path = !segments.empty() && segments.front() == route.word &&
                             segments.size() >= route.segments_min &&
                             segments.size() <= route.segments_max;
        if (!is_path) continue;
        if (route.method == method) return &route;
        if (!allowed.empty()) allowed += ", ";
        allowed += route.method;
    }
    if (allowed.empty()) return std::unexpected(Response{404, {}, ""});
    return std::unexpected(Response{405, {{"allow", std::move(allowed)}}, ""});
}

void challenge(const CallPointer& call) {
    call->reply(401, "Authorization required.",
                {{"www-authenticate",
                  fmt::format("Basic realm=\"{}\"",
                              fmt::format(fmt::runtime(call->route->realm), call->overlay))}});
}

void go_on(const CallPointer& call) {
    if (call->request.body.size() > kOldRequestBodyBytesMax) {
        return call->reply(413,
                           fmt::format("A body has at most {} bytes.", kOldRequestBodyBytesMax));
    }
    call->route->handler(call);
}

/// `absent_text` is said when settings.json names nobody.
void enter_by_login(const CallPointer& call, const std::optional<Login>& login,
                    std::string absent_text) {
    if (!login) return call->reply(412, std::move(absent_text));
    if (!is_login(call->request, *login)) return challenge(call);
    go_on(call);
}

void enter_by_token(const CallPointer& call) {
    list_overlays(call, [call](const std::vector<std::string>&) {
        if (!std::ranges::binary_search(call->overlays, call->overlay)) {
            return call->reply(404, std::string(call->route->lost_text));
        }
        const std::string_view token = call->service->tokens.find(call->overlay);
        if (!is_holder(call->request, call->overlay, token)) return challenge(call);
        go_on(call);
    });
}

void enter(const CallPointer& call) {
    const Credentials& credentials = call->service->environment.credentials;
    switch (call->route->access) {
        case Access::rest_user:
            // The list has always complained about the wrong one.
            return enter_by_login(call, credentials.rest_user,
                                  call->request.method == "GET" ? "Superuser not configured."
                                                                : "REST user not configured.");
        case Access::superuser:
            return enter_by_login(call, credentials.superuser, "Superuser not configured.");
        case Access::token:
            return enter_by_token(call);
    }
}

}  // namespace

Api::Api(control::Control& control, Environment environment)
    : service_(std::make_shared<Service>(
          Service{control, environment, TokenTable(environment.random)})) {
    assert(environment.random && environment.reread);
}

Api::~Api() = default;

void Api::handle(WallTime now, Request request, std::shared_ptr<Exchange> exchange) {
    std::vector<std::string> segments = segments_of(request.target);
    auto route = find_route(request.method, segments);
    if (!route) return exchange->reply(std::move(route.error()));
    if ((*route)->method != "GET" && !check_origin(request)) {
        return exchange->reply({403, {}, "Not from a page of another host."});
    }
    auto call = std::make_shared<Call>();
    call->service = service_;
    call->route = *route;
    call->now = now;
    call->request = std::move(request);
    call->exchange = std::move(exchange);
    if (segments.size() > 1) call->overlay = std::move(segments[1]);
    if (segments.size() > 2) call->extra = std::move(segments[2]);
    enter(call);
}

bool Api::owns(std::string_view target) {
    const std::vector<std::string> segments = segments_of(target);
    return !segments.empty() &&
           std::ranges::find(kRoutes, segments.front(), &Route::word) != kRoutes.end();
}

void Call::reply(int status, const boost::json::object& body, Headers headers) {
    headers.emplace_back("content-type", "application/json; charset=utf-8");
    std::exchange(exchange, nullptr)
        ->reply({status, std::move(headers), boost::json::serialize(body)});
}

void Call::reply(int status, std::string text, Headers headers) {
    std::exchange(exchange, nullptr)->reply({status, std::move(headers), std::move(text)});
}

void Call::refuse(const Refusal& refusal, int status, std::string_view prefix) {
    switch (refusal.code) {
        case Refusal::Code::not_found:
            return reply(404, std::string(route->lost_text));
        case Refusal::Code::internal:
            return reply(500, fmt::format("{}{}", prefix, describe(refusal)));
        case Refusal::Code::unavailable:
            return reply(503, fmt::format("{}{}", prefix, describe(refusal)));
        case Refusal::Code::invalid:
        case Refusal::Code::conflict:
        case Refusal::Code::forbidden:
        case Refusal::Code::over_limit:
        case Refusal::Code::busy:
            return reply(status, fmt::format("{}{}", prefix, describe(refusal)));
    }
}

void list_overlays(const CallPointer& call,
                   std::function<void(const std::vector<std::string>& all)> then) {
    const TokenTable::Moment asked = call->service->tokens.moment();
    ask<std::vector<control::OverlayView>>(
        call, control::ListOverlays{},
        [call, asked, then = std::move(then)](const std::vector<control::OverlayView>& views) {
            std::vector<std::string> all;
            for (const control::OverlayView& view : views) {
                all.push_back(view.name);
                if (view.protocol == "gossiperl") call->overlays.push_back(view.name);
            }
            std::ranges::sort(call->overlays);
            call->service->tokens.keep(call->overlays, asked);
            then(all);
        });
}

}  // namespace grapevine::api::gossiperl
