#include "api/api.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <optional>

#include "api/access.hpp"
#include "api/handlers.hpp"
#include "api/problem.hpp"
#include "api/routes.hpp"
#include "api/service.hpp"
#include "api/text.hpp"
#include "base/limits.hpp"
#include "base/nearest.hpp"

namespace grapevine::api {
namespace {

using PathValues = std::vector<std::pair<std::string_view, std::string>>;

bool is_placeholder(std::string_view part) {
    return part.starts_with('{');
}

std::vector<std::string_view> split_pattern(std::string_view pattern) {
    std::vector<std::string_view> parts;
    pattern.remove_prefix(1);
    for (;;) {
        const std::string_view part = pattern.substr(0, pattern.find('/'));
        parts.push_back(part);
        if (part.size() == pattern.size()) return parts;
        pattern.remove_prefix(part.size() + 1);
    }
}

/// The values of the placeholders if the path fits the pattern. A placeholder takes any segment
/// but an empty one.
std::optional<PathValues> match(std::string_view pattern,
                                const std::vector<std::string>& segments) {
    const auto parts = split_pattern(pattern);
    if (parts.size() != segments.size()) return std::nullopt;
    PathValues values;
    for (std::size_t index = 0; index < parts.size(); ++index) {
        if (is_placeholder(parts[index])) {
            if (segments[index].empty()) return std::nullopt;
            values.emplace_back(parts[index].substr(1, parts[index].size() - 2), segments[index]);
        } else if (parts[index] != segments[index]) {
            return std::nullopt;
        }
    }
    return values;
}

std::string join(const std::vector<std::string>& segments) {
    std::string path;
    for (const std::string& segment : segments) path += "/" + segment;
    return path;
}

/// The pattern with its placeholders filled from the path, so that only the fixed words count when
/// both are compared.
std::string fill(std::string_view pattern, const std::vector<std::string>& segments) {
    std::string filled;
    const auto parts = split_pattern(pattern);
    for (std::size_t index = 0; index < parts.size(); ++index) {
        const bool has_segment = index < segments.size() && !segments[index].empty();
        filled += '/';
        filled += is_placeholder(parts[index]) && has_segment ? segments[index]
                                                              : std::string(parts[index]);
    }
    return filled;
}

Problem no_such_route(const std::vector<std::string>& segments) {
    std::vector<std::string> filled;
    for (const Route& route : routes()) filled.push_back(fill(route.pattern, segments));
    const std::vector<std::string_view> known(filled.begin(), filled.end());
    const std::string path = join(segments);
    Problem problem;
    problem.kind = ProblemKind::no_such_route;
    problem.detail = fmt::format("there is no route {}", path.substr(0, kNearestNameBytesMax));
    problem.field = "path";
    problem.cure = "GET /v1/openapi.json lists all routes";
    if (const auto nearest = nearest_name(path, known)) {
        const auto index = std::ranges::find(known, *nearest) - known.begin();
        problem.cure = fmt::format("did you mean {}? GET /v1/openapi.json lists all routes",
                                   routes()[static_cast<std::size_t>(index)].pattern);
    }
    return problem;
}

struct Found {
    const Route* route;
    PathValues path;
};

Checked<Found> find_route(const std::string& method, const std::vector<std::string>& segments) {
    std::string allowed;
    for (const Route& route : routes()) {
        auto values = match(route.pattern, segments);
        if (!values) continue;
        // What never ends has no length to tell.
        const bool takes_head = route.method == "GET" && route.handler != handle_events &&
                                route.handler != handle_socket &&
                                route.handler != handle_serve_queries;
        const bool fits = route.method == method || (takes_head && method == "HEAD");
        if (fits) return Found{&route, *std::move(values)};
        if (!allowed.empty()) allowed += ", ";
        allowed += route.method;
        if (takes_head) allowed += ", HEAD";
    }
    if (allowed.empty()) return std::unexpected(no_such_route(segments));
    Problem problem;
    problem.kind = ProblemKind::wrong_method;
    problem.detail = fmt::format("{} is not taken by {}",
                                 to_utf8(method.substr(0, kNearestNameBytesMax)), join(segments));
    problem.cure = "use " + allowed;
    problem.field = "method";
    problem.headers.emplace_back("allow", std::move(allowed));
    return std::unexpected(std::move(problem));
}

Checked<void> check_query(const Route& route,
                          const std::vector<std::pair<std::string, std::string>>& query) {
    std::vector<std::string_view> known;
    for (const QueryParameter& parameter : route.query) known.push_back(parameter.name);
    for (const auto& [key, value] : query) {
        const auto parameter = std::ranges::find(route.query, key, &QueryParameter::name);
        Problem problem;
        problem.field = key;
        if (key == "access_token" || key == "token") {
            problem.detail = "tokens are not taken in the target, which is written into logs";
            problem.cure = "send \"Authorization: Bearer TOKEN\"";
            return std::unexpected(std::move(problem));
        }
        if (parameter == route.query.end()) {
            problem.detail = key + ": unknown query key";
            problem.cure = nearest_cure(key, known);
            return std::unexpected(std::move(problem));
        }
        const auto times = std::ranges::count(query, key, [](const auto& p) { return p.first; });
        if (times > 1 && parameter->times == QueryParameter::Times::once) {
            problem.detail = key + ": given more than once";
            problem.cure = "give it once";
            return std::unexpected(std::move(problem));
        }
    }
    return {};
}

Checked<void> check_body(const Call& call) {
    const Body body = call.route->body;
    const std::size_t bytes = call.request.body.size();
    Problem problem;
    if (bytes > kRequestBodyBytesMax) {
        problem.kind = ProblemKind::too_large;
        problem.detail = fmt::format("the body has {} bytes", bytes);
        problem.cure = fmt::format("send at most {}", kRequestBodyBytesMax);
        problem.field = "body";
        return std::unexpected(std::move(problem));
    }
    if (body == Body::none) {
        if (bytes == 0) return {};
        problem.detail = "this route takes no body";
        problem.cure = "send the request without one";
        problem.field = "body";
        return std::unexpected(std::move(problem));
    }
    GV_TRY_VOID(single_header(call.request, "content-type"));
    const std::string type = call.body_type();
    const bool is_taken = body == Body::event || body == Body::value ||
                          type == "application/json" ||
                          (body == Body::record && type == "text/plain") ||
                          (body == Body::optional_json && bytes == 0);
    if (is_taken) return {};
    problem.kind = ProblemKind::unsupported_media_type;
    problem.detail = type.empty() ? "the body has no content type"
                                  : fmt::format("a body of type {} is not taken here", type);
    problem.cure = body == Body::record
                       ? "send \"Content-Type: text/plain\" with the value itself, or "
                         "application/json with {\"value\": ...}"
                       : "send JSON with \"Content-Type: application/json\"";
    problem.field = "content-type";
    return std::unexpected(std::move(problem));
}

Checked<std::shared_ptr<Call>> prepare(Service& service, Instant now, Request request) {
    auto target = parse_target(request.target);
    if (!target) return std::unexpected(to_problem(target.error()));
    auto call = std::make_shared<Call>();
    Found found = GV_TRY(find_route(request.method, target->segments));
    call->route = found.route;
    call->path = std::move(found.path);
    call->query = std::move(target->query);
    call->request = std::move(request);
    call->now = now;
    if (call->route->method != "GET" || is_websocket_request(call->request)) {
        GV_TRY_VOID(check_origin(call->request));
    }
    // Before the token is looked for: who put it into the target must be told that.
    GV_TRY_VOID(check_query(*call->route, call->query));
    call->caller = GV_TRY(authenticate(call->request, *call->route, service.tokens(),
                                       service.logins(), now, service.options()));
    const bool has_overlay = call->route->reach == Reach::overlay;
    GV_TRY_VOID(authorize(call->caller, *call->route,
                          has_overlay ? call->path_value("overlay") : std::string()));
    GV_TRY_VOID(check_body(*call));
    return call;
}

}  // namespace

Api::Api(control::Control& control, TokenBook& tokens, Options options)
    : service_(std::make_shared<Service>(control, tokens, options)) {}

Api::~Api() = default;

void Api::handle(Instant now, Request request, std::shared_ptr<Exchange> exchange) {
    service_->reap_streams();
    auto call = prepare(*service_, now, std::move(request));
    if (!call) {
        exchange->reply(to_response(call.error()));
        return;
    }
    (*call)->exchange = std::move(exchange);
    (*call)->route->handler(*service_, *call);
}

void Api::advance(Instant now) {
    service_->advance(now);
}

Instant Api::deadline() const {
    return service_->deadline();
}

std::size_t Api::stream_count() const {
    return service_->stream_count();
}

void Api::close_streams() {
    service_->close_streams();
}

}  // namespace grapevine::api
