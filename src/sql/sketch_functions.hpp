#pragma once

struct sqlite3;

namespace grapevine::sql {

/// Adds sketches to a connection, as texts that can be stored, sent and summarised again:
///
///     hll(x)             how many different x there are, as "hll:..." (4.1 kB): hyper_log_log.hpp.
///                        An x that is itself such a text is merged.
///     hll_count(s)       that number, to 1.6%
///     dd(x)              how numbers are distributed, as "dd:..." (some 100 B to 8 kB):
///                        dd_sketch.hpp. An x that is itself such a text is merged.
///     dd_quantile(s, q)  the quantile, to 1%; q from 0 to 1
///
/// Because a sketch takes sketches, one statement serves all levels of a tree of zones: hosts have
/// values, zones have sketches of them, and larger zones sketches of those.
///
/// Texts that begin like sketches and are none are errors of the statement. Memory is SQLite's, and
/// counted with it. Returns the status of SQLite.
int register_sketches(sqlite3* database);

}  // namespace grapevine::sql
