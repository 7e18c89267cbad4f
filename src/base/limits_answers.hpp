#pragma once

#include <cstddef>
#include <cstdint>

namespace grapevine {

// -- SQL and aggregates --------------------------------------------------------------------------

/// The text of one statement: a page of SQL.
inline constexpr std::size_t kSqlTextBytesMax = 4096;
inline constexpr std::size_t kSqlParametersMax = 32;
/// Columns of an answer, and terms of any list in a statement.
inline constexpr int kSqlColumnsMax = 64;
/// Operators and functions within each other.
inline constexpr int kSqlExpressionDepthMax = 50;
/// SELECTs joined by UNION and the like.
inline constexpr int kSqlCompoundMax = 4;
inline constexpr int kSqlFunctionArgumentsMax = 16;
/// A pattern of LIKE costs its length times that of the text.
inline constexpr int kSqlPatternBytesMax = 64;
/// Instructions of the program that SQLite makes of a statement.
inline constexpr int kSqlProgramMax = 25'000;
/// Names and selects that SQLite may look at while it prepares a statement. One that refers to
/// itself by names, each twice, would double with each.
inline constexpr std::size_t kSqlPrepareStepsMax = 20'000;
/// A text that a statement works with: twice the largest value of the shared map.
inline constexpr std::size_t kSqlValueBytesMax = 128 * 1024;
/// ... and in an aggregate, which is computed again and again on all members.
inline constexpr std::size_t kAggregateValueBytesMax = 16 * 1024;
/// What SQLite may hold at once for one statement, beside the rows that are given to it.
inline constexpr std::size_t kSqlMemoryBytesMax = 8 * 1024 * 1024;
/// What an answer may have: above this it is cut, and says so.
inline constexpr std::size_t kSqlRowsMax = 10'000;
inline constexpr std::size_t kSqlRowBytesMax = 8 * 1024;
inline constexpr std::size_t kSqlAnswerValueBytesMax = 1024;
inline constexpr std::size_t kSqlAnswerBytesMax = 1024 * 1024;
/// Rows of the tables that are cut before a statement sees them: the newest events, and of the
/// shared map the first keys. More would take too long to copy. The answer says so.
inline constexpr std::size_t kSqlEventsMax = 50'000;
inline constexpr std::size_t kSqlStateMax = 100'000;
/// Rows that top() gives.
inline constexpr std::size_t kSqlTopMax = 100;
/// Statements of users that wait for their turn; at a second each, half a minute. Full refuses the
/// newest.
inline constexpr std::size_t kSqlQueueMax = 32;

/// Aggregates of one overlay. Of more, those whose names come last in the alphabet are not
/// computed.
inline constexpr std::size_t kAggregatesMax = 64;
inline constexpr std::size_t kAggregateNameBytesMax = 64;
/// The definition as JSON: its SQL, escaped, and a frame.
inline constexpr std::size_t kAggregateDefinitionBytesMax = 2 * kSqlTextBytesMax;
/// Rows and bytes of one aggregate: it is sent anew whenever it changes.
inline constexpr std::size_t kAggregateRowsMax = 1000;
inline constexpr std::size_t kAggregateBytesMax = 64 * 1024;

// -- The sampler ---------------------------------------------------------------------------------

/// Samples of one overlay: each is a key of its own record, which has 64.
inline constexpr std::size_t kSamplesMax = 32;
/// The words of a program's command line, and the bytes of all.
inline constexpr std::size_t kSampleArgumentsMax = 32;
inline constexpr std::size_t kSampleTextBytesMax = 1024;
/// What is read of a program's output; more is an error, for a number is short.
inline constexpr std::size_t kSampleOutputBytesMax = 4096;

}  // namespace grapevine
