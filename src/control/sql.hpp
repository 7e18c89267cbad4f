#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

// Asking this daemon, in SQL, for what it knows of an overlay.
namespace grapevine::control {

/// Of a row or a parameter. Nothing: NULL. Blobs are shown as their bytes in hexadecimal.
using SqlValue = std::variant<std::monostate, std::int64_t, double, std::string>;

/// One SELECT over the tables of docs/reference/sql.md. `parameters` stand for the ? in it, in
/// order. It is answered by a `TableView`.
struct RunSql {
    std::string overlay;
    std::string sql;
    std::vector<SqlValue> parameters{};
};

/// Rows of a statement or an aggregate.
struct TableView {
    std::vector<std::string> columns;
    std::vector<std::vector<SqlValue>> rows;
    bool is_truncated = false;  ///< Something was left out or cut; `cut` says what.
    std::string cut{};          ///< For people; empty if nothing was.
    /// How long ago this daemon looked at what it knows.
    std::int64_t age_ms = 0;
    /// How long ago the oldest value of a record that went into it came here. Nothing: none did.
    std::optional<std::int64_t> oldest_ms{};
};

}  // namespace grapevine::control
