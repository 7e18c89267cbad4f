#include "sql/engine.hpp"

#include <algorithm>
#include <cassert>
#include <fmt/core.h>
#include <memory>
#include <sqlite3.h>

#include "sql/evaluation.hpp"
#include "sql/functions.hpp"
#include "sql/memory_gauge.hpp"
#include "sql/rewrite.hpp"
#include "sql/tables.hpp"

namespace grapevine::sql {
namespace {

struct CloseDatabase {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
struct FinishStatement {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

/// One statement in a database of its own. Members are destroyed from the last to the first, and
/// so everything of SQLite before the gauge.
class Session {
public:
    Session(const Guard::Clock& clock, const Limits& limits, const Snapshot* snapshot)
        : limits_(limits),
          gauge_(limits.memory_bytes_max),
          guard_(clock, limits),
          evaluation_(snapshot) {}

    Outcome<void> prepare(std::string_view sql);
    Outcome<void> bind(const std::vector<control::SqlValue>& values);
    Outcome<control::TableView> rows();

    [[nodiscard]] const Guard& guard() const { return guard_; }
    [[nodiscard]] const MemoryGauge& gauge() const { return gauge_; }
    [[nodiscard]] const Evaluation& evaluation() const { return evaluation_; }
    [[nodiscard]] std::optional<std::vector<std::string>> take_keys() {
        if (guard_.has_read_records()) return std::nullopt;
        return std::move(rewritten_.keys);
    }
    [[nodiscard]] std::size_t parameters() const {
        return static_cast<std::size_t>(sqlite3_bind_parameter_count(statement_.get()));
    }

private:
    Outcome<void> open();
    Refusal refusal_of(int status) const;
    Refusal explain(std::string_view message) const;

    Limits limits_;
    MemoryGauge gauge_;
    Guard guard_;
    Evaluation evaluation_;
    Rewritten rewritten_;
    std::unique_ptr<sqlite3, CloseDatabase> database_;
    std::unique_ptr<sqlite3_stmt, FinishStatement> statement_;
};

Outcome<void> Session::open() {
    sqlite3* database = nullptr;
    const int status =
        sqlite3_open_v2(":memory:", &database,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX, nullptr);
    database_.reset(database);
    if (status != SQLITE_OK) return std::unexpected(refusal_of(status));
    GV_TRY_VOID(guard_.harden(database));
    int made = register_tables(database, evaluation_);
    if (made == SQLITE_OK) made = register_functions(database, evaluation_);
    if (made != SQLITE_OK) return std::unexpected(refusal_of(made));
    guard_.watch(database);
    return {};
}

bool is_all_blank(std::string_view text) {
    return text.find_first_not_of(" \t\r\n\f;") == std::string_view::npos;
}

Outcome<void> Session::prepare(std::string_view sql) {
    if (sql.size() > kSqlTextBytesMax) {
        return std::unexpected(
            Refusal{Refusal::Code::over_limit,
                    fmt::format("a statement of {} bytes is too long", sql.size()),
                    fmt::format("write at most {} bytes", kSqlTextBytesMax), "sql"});
    }
    if (sql.find('\0') != std::string_view::npos) {
        return std::unexpected(Refusal{Refusal::Code::invalid, "a byte of the statement is zero",
                                       "send the text alone", "sql"});
    }
    rewritten_ = GV_TRY(rewrite(sql));
    GV_TRY_VOID(open());
    sqlite3_stmt* statement = nullptr;
    const char* rest = nullptr;
    const int status =
        sqlite3_prepare_v3(database_.get(), rewritten_.text.c_str(), -1, 0, &statement, &rest);
    statement_.reset(statement);
    if (status != SQLITE_OK) return std::unexpected(refusal_of(status));
    if (statement == nullptr) {
        return std::unexpected(Refusal{Refusal::Code::invalid, "there is no statement in it",
                                       "write one, such as: select name, status from members",
                                       "sql"});
    }
    if (!is_all_blank(rest)) {
        return std::unexpected(
            Refusal{Refusal::Code::invalid, "there is something behind the end of the statement",
                    "send one SELECT, and others in requests of their own", "sql"});
    }
    if (sqlite3_stmt_readonly(statement) == 0 || sqlite3_stmt_isexplain(statement) != 0 ||
        sqlite3_column_count(statement) == 0) {
        return std::unexpected(Refusal{Refusal::Code::invalid, "only SELECT is allowed",
                                       "write one, such as: select name, status from members",
                                       "sql"});
    }
    return {};
}

// -- Refusals --

Refusal Session::refusal_of(int status) const {
    if (guard_.refusal()) return *guard_.refusal();
    if (status == SQLITE_NOMEM || gauge_.was_exceeded()) {
        return {Refusal::Code::over_limit,
                fmt::format("it needs more memory than {} MiB", limits_.memory_bytes_max >> 20U),
                "sort, join or gather less at once", "sql"};
    }
    if (status == SQLITE_TOOBIG) {
        return {Refusal::Code::over_limit,
                fmt::format("a text in it grows beyond {} bytes", limits_.value_bytes_max),
                "gather less in one text", "sql"};
    }
    return explain(sqlite3_errmsg(database_.get()));
}

/// What SQLite says, with a cure where we know one.
Refusal Session::explain(std::string_view message) const {
    const auto refuse = [](std::string text, std::string cure) {
        return Refusal{Refusal::Code::invalid, std::move(text), std::move(cure), "sql"};
    };
    const auto rest_of = [&](std::string_view start) -> std::optional<std::string> {
        if (!message.starts_with(start)) return std::nullopt;
        return std::string(message.substr(start.size()));
    };
    const std::string own(kMemberColumn);
    if (const auto name = rest_of("no such column: ")) {
        if (*name == own) {
            return refuse("label(key) and record(key) need the table members in FROM",
                          "or say of whom: label(member, 'dc'), record(member, 'load')");
        }
        return refuse(
            fmt::format("there is no column {}", *name),
            fmt::format("texts stand in single quotes; the columns are: {}", column_names()));
    }
    if (message == "ambiguous column name: " + own) {
        return refuse("label(key) and record(key) do not say of whom",
                      "with members twice in FROM write label(a.id, 'dc')");
    }
    if (message.ends_with("may not be modified")) {
        return refuse("only SELECT is allowed",
                      "what members know is changed by them: grapevine record set");
    }
    if (const auto name = rest_of("no such table: ")) {
        return refuse(fmt::format("there is no table {}", *name),
                      "the tables are: " + table_names());
    }
    if (const auto name = rest_of("no such function: ")) {
        return refuse(fmt::format("there is no function {}", *name), nearest_function_cure(*name));
    }
    return refuse(std::string(message), "see the reference of SQL: one SELECT of SQLite");
}

// -- Parameters --

Outcome<void> Session::bind(const std::vector<control::SqlValue>& values) {
    if (values.size() != parameters()) {
        return std::unexpected(
            Refusal{Refusal::Code::invalid,
                    fmt::format("the statement has {} parameters, and {} were given", parameters(),
                                values.size()),
                    "give one value for each ?, in order", "parameters"});
    }
    for (std::size_t index = 0; index < values.size(); ++index) {
        const int place = static_cast<int>(index) + 1;
        sqlite3_stmt* const to = statement_.get();
        int status = SQLITE_OK;
        if (const auto* whole = std::get_if<std::int64_t>(&values[index])) {
            status = sqlite3_bind_int64(to, place, *whole);
        } else if (const auto* number = std::get_if<double>(&values[index])) {
            status = sqlite3_bind_double(to, place, *number);
        } else if (const auto* text = std::get_if<std::string>(&values[index])) {
            // The values outlive the session.
            status = sqlite3_bind_text64(to, place, text->data(), text->size(), SQLITE_STATIC,
                                         SQLITE_UTF8);
        }
        if (status != SQLITE_OK) return std::unexpected(refusal_of(status));
    }
    return {};
}

// -- Rows --

/// Takes values into an answer for as long as its limits allow.
class Collector {
public:
    explicit Collector(const Limits& limits) : limits_(limits) {}

    /// False when the answer is full; the row is not taken then.
    bool take(sqlite3_stmt* statement) {
        if (view_.rows.size() == limits_.rows_max) {
            return cut(fmt::format("only the first {} rows", limits_.rows_max));
        }
        row_bytes_ = 0;
        std::vector<control::SqlValue> row;
        const int count = sqlite3_column_count(statement);
        for (int column = 0; column < count; ++column) row.push_back(value(statement, column));
        if (bytes_ + row_bytes_ > limits_.answer_bytes_max) {
            return cut(fmt::format("only the first {} rows: more than {} bytes", view_.rows.size(),
                                   limits_.answer_bytes_max));
        }
        bytes_ += row_bytes_;
        view_.rows.push_back(std::move(row));
        return true;
    }

    control::TableView finish(sqlite3_stmt* statement) {
        const int count = sqlite3_column_count(statement);
        for (int column = 0; column < count; ++column) {
            const char* const name = sqlite3_column_name(statement, column);
            view_.columns.push_back(as_written(name != nullptr ? name : ""));
        }
        return std::move(view_);
    }

private:
    /// Without what `rewrite` has put in: a column without a name is called as it was written.
    static std::string as_written(std::string name) {
        const std::string added = fmt::format("({},", kMemberColumn);
        for (std::size_t at = 0; (at = name.find(added, at)) != std::string::npos; ++at) {
            name.erase(at + 1, added.size() - 1);
        }
        return name;
    }

    static constexpr std::size_t kValueCost = 16;  ///< Of a number, in JSON or in memory.

    bool cut(std::string what) {
        view_.is_truncated = true;
        view_.cut += (view_.cut.empty() ? "" : "; ") + std::move(what);
        return false;
    }

    control::SqlValue value(sqlite3_stmt* statement, int column) {
        row_bytes_ += kValueCost;
        switch (sqlite3_column_type(statement, column)) {
            case SQLITE_INTEGER:
                return std::int64_t{sqlite3_column_int64(statement, column)};
            case SQLITE_FLOAT:
                return sqlite3_column_double(statement, column);
            case SQLITE_NULL:
                return std::monostate();
            default:
                return text(statement, column);
        }
    }

    std::string text(sqlite3_stmt* statement, int column) {
        const bool is_blob = sqlite3_column_type(statement, column) == SQLITE_BLOB;
        const auto* const bytes = static_cast<const char*>(
            is_blob ? sqlite3_column_blob(statement, column)
                    : static_cast<const void*>(sqlite3_column_text(statement, column)));
        const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
        const std::size_t row_max = limits_.answer_row_bytes_max;
        const std::size_t left = row_max - std::min(row_bytes_, row_max);
        const std::size_t room = std::min(limits_.answer_value_bytes_max, left) / (is_blob ? 2 : 1);
        std::string result;
        if (bytes == nullptr) return result;
        std::string_view kept(bytes, std::min(size, room));
        if (kept.size() < size) {
            if (!has_cut_text_) cut("long texts end early");
            has_cut_text_ = true;
            // Not in the middle of a character.
            while (!is_blob && !kept.empty() &&
                   (static_cast<unsigned char>(bytes[kept.size()]) & 0xC0U) == 0x80U) {
                kept.remove_suffix(1);
            }
        }
        if (!is_blob) {
            result = kept;
        } else {
            for (const char byte : kept) {
                result += fmt::format("{:02x}", static_cast<unsigned char>(byte));
            }
        }
        row_bytes_ += result.size();
        return result;
    }

    const Limits& limits_;
    control::TableView view_;
    std::size_t bytes_ = 0;
    std::size_t row_bytes_ = 0;
    bool has_cut_text_ = false;
};

Outcome<control::TableView> Session::rows() {
    Collector collector(limits_);
    for (;;) {
        const int status = sqlite3_step(statement_.get());
        if (status == SQLITE_DONE) break;
        if (status != SQLITE_ROW) return std::unexpected(refusal_of(status));
        if (!collector.take(statement_.get())) break;
    }
    return collector.finish(statement_.get());
}

}  // namespace

Outcome<Engine::Checked> Engine::check(std::string_view sql, const Limits& limits) {
    Session session(clock_, limits, nullptr);
    if (auto prepared = session.prepare(sql); !prepared) {
        ++(session.guard().has_aborted() || session.gauge().was_exceeded() ? counters_.aborted
                                                                           : counters_.refused);
        return std::unexpected(prepared.error());
    }
    return Checked{session.guard().tables(), session.take_keys(), session.parameters()};
}

Outcome<Engine::Answer> Engine::run(std::string_view sql,
                                    const std::vector<control::SqlValue>& parameters,
                                    const Snapshot& snapshot, const Limits& limits) {
    Session session(clock_, limits, &snapshot);
    const auto count_refusal = [&] {
        ++(session.guard().has_aborted() || session.gauge().was_exceeded() ? counters_.aborted
                                                                           : counters_.refused);
    };
    auto ready = session.prepare(sql);
    if (ready) ready = session.bind(parameters);
    if (!ready) {
        count_refusal();
        return std::unexpected(ready.error());
    }
    auto rows = session.rows();
    if (!rows) {
        count_refusal();
        return std::unexpected(rows.error());
    }
    ++counters_.answered;
    Answer answer{std::move(*rows)};
    if (!snapshot.cut.empty()) {
        answer.table.is_truncated = true;
        answer.table.cut = snapshot.cut + (answer.table.cut.empty() ? "" : "; ") + answer.table.cut;
    }
    answer.table.oldest_ms = session.evaluation().oldest_ms();
    if (const auto contributions = session.evaluation().contributions()) {
        answer.contributors = contributions->contributors;
        answer.lacking = contributions->lacking;
    }
    return answer;
}

}  // namespace grapevine::sql
