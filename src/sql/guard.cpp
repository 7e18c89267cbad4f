#include "sql/guard.hpp"

#include <algorithm>
#include <array>
#include <fmt/core.h>
#include <sqlite3.h>

#include "base/nearest.hpp"
#include "sql/tables.hpp"

namespace grapevine::sql {
namespace {

/// Instructions between two looks at the time: a single one can work for a millisecond, on two
/// texts of full size.
constexpr int kStep = 50;

constexpr auto kAllowedFunctions = std::to_array<std::string_view>(
    {"->",           "->>",          "abs",          "avg",           "ceil",
     "ceiling",      "char",         "coalesce",     "count",         "cume_dist",
     "dd",           "dd_quantile",  "dense_rank",   "exp",           "first_value",
     "floor",        "glob",         "group_concat", "hex",           "hll",
     "hll_count",    "ifnull",       "iif",          "instr",         "json_array_length",
     "json_extract", "json_type",    "json_valid",   "label",         "lag",
     "last_value",   "lead",         "length",       "like",          "ln",
     "log",          "log10",        "log2",         "lower",         "ltrim",
     "max",          "min",          "mod",          "nth_value",     "ntile",
     "nullif",       "percent_rank", "pow",          "power",         "quantile",
     "quote",        "rank",         "record",       "record_number", "replace",
     "round",        "row_number",   "rtrim",        "sign",          "sqrt",
     "substr",       "substring",    "sum",          "top",           "total",
     "trim",         "trunc",        "typeof",       "unicode",       "upper"});
static_assert(std::ranges::is_sorted(kAllowedFunctions));

/// Those that say what time it is, under all their names.
constexpr auto kClocks =
    std::to_array<std::string_view>({"current_date", "current_time", "current_timestamp", "date",
                                     "datetime", "julianday", "strftime", "time", "unixepoch"});

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return result;
}

struct LimitSetting {
    int id;
    int value;
};

}  // namespace

std::string nearest_function_cure(std::string_view name) {
    return nearest_cure(name, kAllowedFunctions);
}

Guard::Guard(const Clock& clock, const Limits& limits)
    : clock_(clock), limits_(limits), deadline_(clock() + limits.time_max) {}

Outcome<void> Guard::harden(sqlite3* database) const {
    // Sorting and temporary tables stay in memory, where they are counted.
    int status = sqlite3_exec(database, "PRAGMA temp_store=MEMORY", nullptr, nullptr, nullptr);
    const auto set = [&](int what, int value) {
        if (status == SQLITE_OK) status = sqlite3_db_config(database, what, value, nullptr);
    };
    set(SQLITE_DBCONFIG_DEFENSIVE, 1);
    set(SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0);
    set(SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0);
    set(SQLITE_DBCONFIG_ENABLE_TRIGGER, 0);
    set(SQLITE_DBCONFIG_ENABLE_VIEW, 0);
    set(SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0);
    set(SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0);
    // "alive" is a name, and not a text when there is no such name: mistakes are told.
    set(SQLITE_DBCONFIG_DQS_DDL, 0);
    set(SQLITE_DBCONFIG_DQS_DML, 0);
    if (status == SQLITE_OK) status = sqlite3_drop_modules(database, nullptr);
    if (status != SQLITE_OK) {
        return std::unexpected(
            Refusal{Refusal::Code::internal,
                    fmt::format("SQLite could not be made safe: {}", sqlite3_errmsg(database)),
                    "report it, with the version of libsqlite3", "sql"});
    }
    const std::array settings = {
        LimitSetting{SQLITE_LIMIT_LENGTH, static_cast<int>(limits_.value_bytes_max)},
        // Twice, for what the rewriting adds; users have been checked before.
        LimitSetting{SQLITE_LIMIT_SQL_LENGTH, static_cast<int>(2 * kSqlTextBytesMax)},
        LimitSetting{SQLITE_LIMIT_COLUMN, kSqlColumnsMax},
        LimitSetting{SQLITE_LIMIT_EXPR_DEPTH, kSqlExpressionDepthMax},
        LimitSetting{SQLITE_LIMIT_COMPOUND_SELECT, kSqlCompoundMax},
        LimitSetting{SQLITE_LIMIT_VDBE_OP, kSqlProgramMax},
        LimitSetting{SQLITE_LIMIT_FUNCTION_ARG, kSqlFunctionArgumentsMax},
        LimitSetting{SQLITE_LIMIT_ATTACHED, 0},
        LimitSetting{SQLITE_LIMIT_LIKE_PATTERN_LENGTH, kSqlPatternBytesMax},
        LimitSetting{SQLITE_LIMIT_VARIABLE_NUMBER, static_cast<int>(kSqlParametersMax)},
        LimitSetting{SQLITE_LIMIT_TRIGGER_DEPTH, 1},
        LimitSetting{SQLITE_LIMIT_WORKER_THREADS, 0},
    };
    for (const LimitSetting& setting : settings) sqlite3_limit(database, setting.id, setting.value);
    return {};
}

void Guard::watch(sqlite3* database) {
    sqlite3_set_authorizer(database, on_authorize, this);
    sqlite3_progress_handler(database, kStep, on_progress, this);
}

int Guard::on_authorize(void* self, int action, const char* first, const char* second,
                        const char* /*database*/, const char* /*trigger*/) {
    const auto view = [](const char* text) { return std::string_view(text ? text : ""); };
    return static_cast<Guard*>(self)->authorize(action, view(first), view(second));
}

int Guard::on_progress(void* self) {
    Guard& guard = *static_cast<Guard*>(self);
    guard.instructions_ += kStep;
    if (guard.instructions_ > guard.limits_.instructions_max) {
        guard.refuse(
            fmt::format("it took more than {} instructions", guard.limits_.instructions_max),
            "read less: a narrower WHERE, fewer joins, no endless recursion",
            Refusal::Code::over_limit);
    } else if (!guard.is_over_time()) {
        return 0;
    }
    guard.has_aborted_ = true;
    return 1;
}

bool Guard::is_over_time() {
    if (clock_() < deadline_) return false;
    refuse(fmt::format(
               "it took longer than {} ms",
               std::chrono::duration_cast<std::chrono::milliseconds>(limits_.time_max).count()),
           "read less: a narrower WHERE, fewer joins, no endless recursion",
           Refusal::Code::over_limit);
    return true;
}

int Guard::refuse(std::string message, std::string cure, Refusal::Code code) {
    if (!refusal_) refusal_ = Refusal{code, std::move(message), std::move(cure), "sql"};
    return SQLITE_DENY;
}

int Guard::authorize(int action, std::string_view first, std::string_view second) {
    if (++prepare_steps_ > kSqlPrepareStepsMax) {
        has_aborted_ = true;
        return refuse("it refers to too many names, by way of each other",
                      "write it with fewer names in WITH", Refusal::Code::over_limit);
    }
    if (prepare_steps_ % kStep == 0 && is_over_time()) {
        has_aborted_ = true;
        return SQLITE_DENY;
    }
    switch (action) {
        case SQLITE_SELECT:
        case SQLITE_RECURSIVE:
            return SQLITE_OK;
        case SQLITE_READ:
            return read(first, second);
        case SQLITE_FUNCTION:
            return call(second);
        case SQLITE_PRAGMA:
            return refuse("PRAGMA is not allowed", "there is nothing to be set here");
        case SQLITE_ATTACH:
        case SQLITE_DETACH:
            return refuse("other databases cannot be attached",
                          "select from the tables there are: " + table_names());
        default:
            return refuse("only SELECT is allowed",
                          "what members know is changed by them: grapevine record set");
    }
}

int Guard::read(std::string_view table, std::string_view column) {
    const std::string name = lower(table);
    if (const auto known = find_table(name)) {
        tables_.add(*known);
        has_read_records_ = has_read_records_ || *known == Table::records;
        return SQLITE_OK;
    }
    // A name of WITH of which no column is read. Real tables of SQLite's own have reserved names.
    const bool is_reserved = name.starts_with("sqlite_") || name.starts_with("pragma_");
    if (column.empty() && !is_reserved) return SQLITE_OK;
    return refuse(fmt::format("there is no table '{}'", table), "the tables are: " + table_names());
}

int Guard::call(std::string_view function) {
    const std::string name = lower(function);
    if (std::ranges::binary_search(kAllowedFunctions, name)) {
        if (name == "label") tables_.add(Table::labels);
        if (name == "record" || name == "record_number") {
            // Members too: who lacks a key is told.
            tables_.add(Table::records);
            tables_.add(Table::members);
        }
        return SQLITE_OK;
    }
    if (std::ranges::find(kClocks, name) != kClocks.end()) {
        return refuse(
            fmt::format("{} is not allowed: the answer must depend on the rows alone", name),
            "times are milliseconds since 1970, and ages are columns (status_age_ms)");
    }
    if (name.starts_with("random")) {
        return refuse(
            fmt::format("{} is not allowed: the answer must depend on the rows alone", name),
            "order by a column instead");
    }
    return refuse(fmt::format("there is no function '{}' here", function),
                  nearest_function_cure(name));
}

}  // namespace grapevine::sql
