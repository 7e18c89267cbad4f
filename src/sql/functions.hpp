#pragma once

#include "sql/evaluation.hpp"

struct sqlite3;

namespace grapevine::sql {

/// Adds to a connection what SQL alone does not have, and replaces what depends on the order of
/// rows:
///
///     label(member, key)           the label's value, or NULL
///     record(member, key)          the value of a key of its record, or NULL
///     record_number(member, key)   the same as a number; NULL if it is none
///     sum(x), total(x), avg(x)     exact, rounded once: see exact_sum.hpp
///     quantile(x, q)               the ceil(q n)-th smallest of n values, q from 0 to 1; q = 0 is
///                                  the smallest. A value that occurs, never one in between.
///     top(n, x, text)              JSON: [[text, x], ...] of the n largest x, ties by text
///     hll(x), hll_count(s), dd(x), dd_quantile(s, q)
///                                  sketches: see sketch_functions.hpp
///
/// As in SQL, NULLs do not count, and texts that are numbers do. `evaluation` outlives the
/// connection. Returns the status of SQLite.
int register_functions(sqlite3* database, Evaluation& evaluation);

}  // namespace grapevine::sql
