#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"

// Queries to all members, and the applications that answer them, as the outside sees both. Part of
// control.hpp.
namespace grapevine::control {

struct AskQuery {
    std::string overlay;
    std::string name;
    Bytes payload;
    std::vector<std::string> filters;  ///< See member_filter.hpp; all of them must hold.
    std::int64_t patience_ms = 2000;   ///< 1 .. 120,000
};

/// What an application says to the query with this id.
struct AnswerQuery {
    std::string overlay;
    std::string id;
    Bytes payload;
};

struct QueryMember {
    std::string id;
    std::string name;  ///< Empty if the member is not known any more.
};

/// One answer, as it comes.
struct QueryAnswer {
    QueryMember member;
    Bytes payload;
    std::int64_t after_us = 0;  ///< Since the query was asked.
    /// Between question and answer, the time that the application took included. Nothing: the
    /// question had to be repeated.
    std::optional<std::int64_t> round_trip_us{};
};

/// All of it has been said: everybody that is alive is in one of the lists, by name and id.
struct QueryEnd {
    struct Without {
        QueryMember member;
        std::string reason;
    };
    std::vector<QueryMember> answered;
    /// Who should have answered: "silent" (not in time), "gone" (died or left meanwhile),
    /// "abandoned" (its application detached without an answer), "busy", "too_large" (the answer
    /// is larger than an answer, or all answers, may be), "unreadable".
    std::vector<Without> missing;
    /// Who need not: "filtered" (the filter does not match it), "not_served" (no application there
    /// answers to that name).
    std::vector<Without> not_expected;
    std::int64_t took_us = 0;
};
using QueryItem = std::variant<QueryAnswer, QueryEnd>;
/// Answers, then one end; or a refusal, and nothing after it.
using QueryTaker = std::function<void(Outcome<QueryItem>)>;

/// A query as an application gets it.
struct QueryCall {
    std::string id;  ///< To be named in the answer.
    std::string name;
    Bytes payload;
    QueryMember from;
    std::int64_t patience_ms = 0;  ///< How long the asker waits, from when it asked.
};
using CallTaker = std::function<void(const QueryCall&)>;

}  // namespace grapevine::control
