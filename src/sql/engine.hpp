#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "control/sql.hpp"
#include "sql/guard.hpp"
#include "sql/snapshot.hpp"

namespace grapevine::sql {

/// Answers one SELECT over rows that it is given, by SQLite in memory.
///
/// Source: the rules for functions that members compute for each other in R. van Renesse,
/// K. Birman, W. Vogels, "Astrolabe", TOCS 2003, and SQLite's own advice on statements of strangers
/// ("Defense against the dark arts"): an authorizer, DEFENSIVE, no trusted schema, low limits, a
/// progress handler, a limit on memory. Same rows, same statement: same bytes, on every member.
///
/// A statement may join, group, sort, recurse and use windows. It cannot write, and knows no time
/// and no chance. What it may call says guard.cpp, which tables there are tables.hpp.
///
/// Each call opens a database of its own, which costs some 100 microseconds: nothing of one
/// statement can reach the next. One thread; memory of SQLite is counted for that thread, and is
/// `Limits::memory_bytes_max` at most.
class Engine {
public:
    explicit Engine(Guard::Clock clock) : clock_(std::move(clock)) {}

    struct Checked {
        TableSet tables;
        /// Keys of records that it asks for by function and name; nothing: it may ask for any.
        std::optional<std::vector<std::string>> keys;
        std::size_t parameters = 0;
    };
    /// What the statement needs. Refused: whatever `run` would refuse before its first row.
    Outcome<Checked> check(std::string_view sql, const Limits& limits);

    struct Answer {
        control::TableView table;  ///< Its `age_ms` is left to the caller.
        std::optional<std::uint64_t> contributors{};
        std::optional<std::uint64_t> lacking{};
    };
    /// `snapshot` is arranged, and has rows in the tables that `check` has named. Rows, texts and
    /// the whole are cut as limits.hpp says, and the answer tells it. A refusal has no rows: it is
    /// `over_limit` where a limit was met, with the counter `aborted` raised if that was in the
    /// middle of the work.
    Outcome<Answer> run(std::string_view sql, const std::vector<control::SqlValue>& parameters,
                        const Snapshot& snapshot, const Limits& limits);

    struct Counters {
        std::uint64_t answered = 0;
        std::uint64_t refused = 0;  ///< Before their first row.
        std::uint64_t aborted = 0;  ///< For their time, instructions, names or memory.
    };
    [[nodiscard]] const Counters& counters() const { return counters_; }

private:
    Guard::Clock clock_;
    Counters counters_;
};

}  // namespace grapevine::sql
