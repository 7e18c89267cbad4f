#include "api/problem.hpp"

#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cassert>

#include "api/text.hpp"

namespace grapevine::api {
namespace {

using Kind = ProblemKind;

constexpr std::array kKinds = {
    ProblemInfo{Kind::invalid, 400, "invalid", "The request breaks a rule"},
    ProblemInfo{Kind::unauthenticated, 401, "unauthenticated", "A valid token is needed"},
    ProblemInfo{Kind::forbidden, 403, "forbidden", "The caller may not do this"},
    ProblemInfo{Kind::cross_origin, 403, "cross-origin", "The request comes from another site"},
    ProblemInfo{Kind::not_found, 404, "not-found", "There is no such thing here"},
    ProblemInfo{Kind::no_such_route, 404, "no-such-route", "There is no such route"},
    ProblemInfo{Kind::wrong_method, 405, "wrong-method", "The route does not take this method"},
    ProblemInfo{Kind::not_acceptable, 406, "not-acceptable", "No accepted media type is available"},
    ProblemInfo{Kind::conflict, 409, "conflict", "The request does not fit the present state"},
    ProblemInfo{Kind::too_large, 413, "too-large", "The content is too large"},
    ProblemInfo{Kind::unsupported_media_type, 415, "unsupported-media-type",
                "The content has a type that is not taken here"},
    ProblemInfo{Kind::over_limit, 422, "over-limit", "A limit is reached"},
    ProblemInfo{Kind::upgrade_required, 426, "upgrade-required", "This route is a WebSocket"},
    ProblemInfo{Kind::busy, 429, "busy", "Too much at once"},
    ProblemInfo{Kind::internal, 500, "internal", "The daemon or its host failed"},
    ProblemInfo{Kind::unavailable, 503, "unavailable", "Not now"},
};

ProblemKind kind_of(const Refusal& refusal) {
    switch (refusal.code) {
        case Refusal::Code::invalid:
            return Kind::invalid;
        case Refusal::Code::not_found:
            return Kind::not_found;
        case Refusal::Code::conflict:
            return Kind::conflict;
        case Refusal::Code::forbidden:
            return Kind::forbidden;
        case Refusal::Code::over_limit: {
            const bool is_content = refusal.field == "payload" || refusal.field == "value" ||
                                    refusal.field == "body" || refusal.field == "payload_base64";
            return is_content ? Kind::too_large : Kind::over_limit;
        }
        case Refusal::Code::unavailable:
            return Kind::unavailable;
        case Refusal::Code::busy:
            return Kind::busy;
        case Refusal::Code::internal:
            return Kind::internal;
    }
    return Kind::internal;
}

boost::json::object to_object(const Problem& problem) {
    const ProblemInfo& kind = info(problem.kind);
    boost::json::object object;
    object["type"] = "urn:grapevine:problem:" + std::string(kind.code);
    object["title"] = kind.title;
    object["status"] = kind.status;
    object["detail"] = to_utf8(problem.detail);
    if (!problem.cure.empty()) object["cure"] = to_utf8(problem.cure);
    if (!problem.field.empty()) object["field"] = to_utf8(problem.field);
    return object;
}

}  // namespace

std::span<const ProblemInfo> problem_kinds() {
    return kKinds;
}

const ProblemInfo& info(ProblemKind kind) {
    const ProblemInfo& entry = kKinds.at(static_cast<std::size_t>(kind));
    assert(entry.kind == kind);
    return entry;
}

Problem to_problem(const Refusal& refusal) {
    Problem problem;
    problem.kind = kind_of(refusal);
    problem.detail =
        refusal.field.empty() ? refusal.message : refusal.field + ": " + refusal.message;
    problem.cure = refusal.cure;
    problem.field = refusal.field;
    // One second: what is unavailable is so for a start, a stop or a full queue.
    if (problem.kind == Kind::unavailable) problem.headers.emplace_back("retry-after", "1");
    if (problem.kind == Kind::busy) {
        problem.headers.emplace_back("retry-after", std::to_string(refusal.retry_seconds));
    }
    return problem;
}

Response to_response(const Problem& problem) {
    Response response;
    response.status = info(problem.kind).status;
    response.headers = problem.headers;
    response.headers.emplace_back("content-type", "application/problem+json");
    response.headers.emplace_back("cache-control", "no-store");
    response.body = boost::json::serialize(to_object(problem)) + "\n";
    return response;
}

std::string to_json(const Problem& problem) {
    return boost::json::serialize(to_object(problem));
}

}  // namespace grapevine::api
