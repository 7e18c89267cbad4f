#pragma once

#include <cstddef>
#include <sqlite3.h>
#include <string_view>

// What the arguments of our functions of SQL are.
namespace grapevine::sql {

/// Valid for as long as SQLite keeps the value as it is; empty for NULL.
inline std::string_view text_of(sqlite3_value* value) {
    const auto* const bytes = reinterpret_cast<const char*>(sqlite3_value_text(value));
    if (bytes == nullptr) return {};
    return {bytes, static_cast<std::size_t>(sqlite3_value_bytes(value))};
}

/// A number, or a text that is one.
inline bool is_number(sqlite3_value* value) {
    const int type = sqlite3_value_numeric_type(value);
    return type == SQLITE_INTEGER || type == SQLITE_FLOAT;
}

}  // namespace grapevine::sql
