#pragma once

#include "base/error.hpp"
#include "control/aggregate.hpp"
#include "sql/engine.hpp"
#include "sql/snapshot.hpp"

namespace grapevine::sql {

/// Refused: a name, function, key, label or number that the short form cannot have, and a name of
/// any aggregate that is none. What a statement may say is for the engine to check.
Outcome<void> check_aggregate(const control::AggregateSpec& spec);

/// The tables that the short form reads.
[[nodiscard]] TableSet tables_of(const control::AggregateSpec& spec);

/// The value of a short form that has passed `check_aggregate`, without SQL: one walk over the
/// members. Groups are in the order of their labels, members without the label last, under NULL.
///
/// Columns: the label if it is grouped, then the function's name; for top: name and value. A mean
/// or sum is exact and rounded once, a quantile is the value of its rank, as in functions.hpp.
/// `lacking` are members that pass the filter and have no number under the key (for `count`: no
/// such key).
[[nodiscard]] Engine::Answer compute(const control::AggregateSpec& spec, const Snapshot& snapshot);

}  // namespace grapevine::sql
