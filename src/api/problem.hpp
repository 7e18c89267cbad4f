#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "api/http.hpp"
#include "base/error.hpp"

namespace grapevine::api {

/// Why a request was refused, as clients tell kinds apart: each has one status and one type URI.
enum class ProblemKind : std::uint8_t {
    invalid,
    unauthenticated,
    forbidden,
    cross_origin,
    not_found,
    no_such_route,
    wrong_method,
    not_acceptable,
    conflict,
    too_large,
    unsupported_media_type,
    over_limit,
    upgrade_required,
    busy,
    internal,
    unavailable,
};

struct ProblemInfo {
    ProblemKind kind;
    int status;
    std::string_view code;   ///< Last part of the type URI.
    std::string_view title;  ///< The same for every problem of the kind.
};

/// All kinds, in the order of the enumeration.
std::span<const ProblemInfo> problem_kinds();
const ProblemInfo& info(ProblemKind kind);

/// One refusal, for a person and for a program.
struct Problem {
    ProblemKind kind = ProblemKind::invalid;
    std::string detail;  ///< What was wrong, with the field in front if there is one.
    std::string cure;    ///< What would be right.
    std::string field;   ///< JSON path, query key or header concerned; empty when none is.
    Headers headers;     ///< That the kind demands: allow, www-authenticate, retry-after.
};

/// Payloads, values and bodies over a limit are too_large; anything else over one is over_limit.
Problem to_problem(const Refusal& refusal);

/// RFC 9457: application/problem+json with type ("urn:grapevine:problem:CODE"), title, status,
/// detail, and our extensions cure and field (each left out when empty).
Response to_response(const Problem& problem);
/// The same document as one line of JSON, for WebSockets.
std::string to_json(const Problem& problem);

template <typename T>
using Checked = std::expected<T, Problem>;

}  // namespace grapevine::api
