#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/limits.hpp"
#include "base/time.hpp"
#include "sql/snapshot.hpp"

struct sqlite3;

namespace grapevine::sql {

/// What one evaluation may cost and give.
struct Limits {
    /// Reached: the statement is aborted. One second is what a person waits without wondering.
    Duration time_max = std::chrono::seconds(1);
    /// Instructions of SQLite's machine; a hundred million take some seconds, so that for users the
    /// time comes first, and a clock that stands still is no way around.
    std::uint64_t instructions_max = 100'000'000;
    std::size_t memory_bytes_max = kSqlMemoryBytesMax;
    std::size_t value_bytes_max = kSqlValueBytesMax;
    std::size_t rows_max = kSqlRowsMax;
    std::size_t answer_bytes_max = kSqlAnswerBytesMax;
    std::size_t answer_row_bytes_max = kSqlRowBytesMax;
    std::size_t answer_value_bytes_max = kSqlAnswerValueBytesMax;

    /// What runs again and again without anybody who waits for it. A certificate of Astrolabe
    /// (protocols run by everybody) has 10 ms and a million instructions.
    static Limits of_aggregate() {
        return {std::chrono::milliseconds(100), 10'000'000,        kSqlMemoryBytesMax,
                kAggregateValueBytesMax,        kAggregateRowsMax, kAggregateBytesMax};
    }
    /// One row, whose values may be sketches.
    static Limits of_certificate() {
        return {std::chrono::milliseconds(10),
                1'000'000,
                kSqlMemoryBytesMax,
                kAggregateValueBytesMax,
                1,
                kAggregateBytesMax,
                kSummaryAttributesBytesMax,
                kSummaryAttributesBytesMax};
    }
};

/// Stands beside one statement and says no: to everything but SELECT from our tables with functions
/// of our list, and to what takes too long.
///
/// The list is of functions whose result depends on their arguments alone. There is no clock, no
/// dice, no file and no way to write; nothing can be loaded, attached or set.
///
/// Bounds: SQLite looks at names while it prepares, which its own progress handler does not see
/// (it begins with the first instruction), so the looks are counted here: kSqlPrepareStepsMax.
class Guard {
public:
    /// Told the time; the guard reads no clock.
    using Clock = std::function<Instant()>;

    Guard(const Clock& clock, const Limits& limits);
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

    /// Sets the switches and limits of a fresh connection, and drops what tables it comes with.
    Outcome<void> harden(sqlite3* database) const;
    /// Stands beside it from now on: whatever is prepared before this is ours. The guard must not
    /// move while the connection is open.
    void watch(sqlite3* database);

    /// What the statement has looked at so far.
    [[nodiscard]] TableSet tables() const { return tables_; }
    /// Records as a table, and not by a function alone: any key may matter then.
    [[nodiscard]] bool has_read_records() const { return has_read_records_; }
    /// Why we said no, if we did.
    [[nodiscard]] const std::optional<Refusal>& refusal() const { return refusal_; }
    /// It was aborted in the middle of its work.
    [[nodiscard]] bool has_aborted() const { return has_aborted_; }

private:
    static int on_authorize(void* self, int action, const char* first, const char* second,
                            const char* database, const char* trigger);
    static int on_progress(void* self);
    int authorize(int action, std::string_view first, std::string_view second);
    int read(std::string_view table, std::string_view column);
    int call(std::string_view function);
    int refuse(std::string message, std::string cure, Refusal::Code code = Refusal::Code::invalid);
    bool is_over_time();

    const Clock& clock_;
    Limits limits_;
    Instant deadline_;
    std::uint64_t instructions_ = 0;
    std::size_t prepare_steps_ = 0;
    TableSet tables_;
    bool has_read_records_ = false;
    std::optional<Refusal> refusal_;
    bool has_aborted_ = false;
};

/// The functions that a statement may call, in alphabetical order: for the cure of a refusal.
[[nodiscard]] std::string nearest_function_cure(std::string_view name);

}  // namespace grapevine::sql
