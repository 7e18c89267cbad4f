#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sql/evaluation.hpp"
#include "sql/snapshot.hpp"

struct sqlite3;

namespace grapevine::sql {

/// By its name in small letters.
[[nodiscard]] std::optional<Table> find_table(std::string_view name);
/// "members, labels, ..."
[[nodiscard]] std::string table_names();
/// "members(id, name, ...), labels(...)": for the cure of a refusal.
[[nodiscard]] std::string column_names();

/// Makes the tables known to a connection, as virtual tables over the rows of `evaluation`, which
/// outlives it. Nothing is copied, so rows do not count as memory of the statement.
///
/// Members can be found by id, labels and records by member and by key, events by topic and
/// publisher, the rest by name or key; other conditions walk the table. The estimates given to the
/// planner do not depend on the number of rows, so that the same statement has the same plan on all
/// members.
///
/// Returns the status of SQLite.
int register_tables(sqlite3* database, Evaluation& evaluation);

}  // namespace grapevine::sql
