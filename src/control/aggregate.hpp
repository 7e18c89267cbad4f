#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/sql.hpp"

// Named aggregates: answers that are kept up to date on every member.
namespace grapevine::control {

/// What is computed: a statement, or the short form. It belongs to the overlay, so all members have
/// the same.
struct AggregateSpec {
    std::string name;  ///< 1 to 64 of a-z, 0-9, '.', '_' and '-'.
    std::string sql;   ///< Empty: the short form.

    // -- The short form --
    std::string function;               ///< One of kAggregateFunctions.
    std::string key;                    ///< Of the records; empty: `count` counts members.
    std::string group_by;               ///< A label; empty: one row.
    std::vector<std::string> statuses;  ///< Any of these; empty: alive and suspect.
    std::vector<std::pair<std::string, std::string>> labels;  ///< All of these.
    std::uint32_t top = 10;                                   ///< Rows per group of `top`.

    friend bool operator==(const AggregateSpec&, const AggregateSpec&) = default;
};

inline constexpr std::string_view kAggregateFunctions[] = {"count", "sum", "mean", "min", "max",
                                                           "p50",   "p90", "p99",  "top"};

struct AggregateView {
    AggregateSpec spec;
    /// waiting: not computed yet; ready; failed: `error` says why, and `value` is the last that
    /// could be had.
    std::string state;
    std::string error{};
    std::uint64_t revision = 0;  ///< Raised whenever anything of this but an age has changed.
    TableView value;
    /// Members whose record gave a value. Nothing: the statement reads no records by function.
    std::optional<std::uint64_t> contributors{};
    /// Members that were asked for a key and do not have it (or, for a number, have none in it).
    std::optional<std::uint64_t> lacking{};
};

struct ListAggregates {
    std::string overlay;
};
struct ShowAggregate {
    std::string overlay;
    std::string name;
};
/// Defines it on all members, or changes it.
struct SetAggregate {
    std::string overlay;
    AggregateSpec spec;
};
struct EraseAggregate {
    std::string overlay;
    std::string name;
};

/// The aggregates of one overlay as they change. Lives on the thread of the API.
class Aggregates {
public:
    virtual ~Aggregates() = default;
    /// The present value, or nothing if there is none of this name.
    [[nodiscard]] virtual std::optional<AggregateView> find(const std::string& name) const = 0;
    /// Calls `wake` (on this thread) after a change of any of them, until the handle is destroyed.
    [[nodiscard]] virtual std::shared_ptr<void> on_change(std::function<void()> wake) = 0;
};

}  // namespace grapevine::control
