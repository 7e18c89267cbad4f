#include <cstdlib>
#include <string_view>

#include "sql/engine.hpp"
#include "sql/testing.hpp"

// A statement may be anything: it is answered within the limits or refused with a reason, the same
// way each time, and reads no table that `check` has not named.
using namespace grapevine;

namespace {

bool is_within_limits(const control::TableView& table) {
    std::size_t bytes = 0;
    for (const auto& row : table.rows) {
        if (row.size() != table.columns.size()) return false;
        for (const control::SqlValue& value : row) {
            const auto* text = std::get_if<std::string>(&value);
            if (text != nullptr && text->size() > kSqlAnswerValueBytesMax) return false;
            bytes += text != nullptr ? text->size() : 0;
        }
    }
    return table.rows.size() <= kSqlRowsMax && bytes <= kSqlAnswerBytesMax;
}

/// Only the tables that a statement says it reads.
sql::Snapshot filtered(sql::Snapshot rows, sql::TableSet tables) {
    if (!tables.has(sql::Table::members)) rows.members.clear();
    if (!tables.has(sql::Table::labels)) rows.labels.clear();
    if (!tables.has(sql::Table::records)) rows.records.clear();
    if (!tables.has(sql::Table::events)) rows.events.clear();
    if (!tables.has(sql::Table::metrics)) rows.metrics.clear();
    if (!tables.has(sql::Table::state)) rows.state.clear();
    return rows;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    sql::Limits limits = sql::Limits::of_certificate();
    limits.instructions_max = 100'000;
    sql::Engine engine(sql::testing::standing_clock());
    const sql::Snapshot rows = sql::testing::small_overlay();
    const auto checked = engine.check(text, limits);
    const auto answer = engine.run(text, {}, rows, limits);
    for (const Refusal* refusal :
         {checked ? nullptr : &checked.error(), answer ? nullptr : &answer.error()}) {
        if (refusal != nullptr && (refusal->message.empty() || refusal->cure.empty())) std::abort();
    }
    if (!checked && answer) std::abort();
    if (!answer) return 0;
    if (!is_within_limits(answer->table)) std::abort();
    const auto again = engine.run(text, {}, filtered(rows, checked->tables), limits);
    if (!again || sql::testing::text_of(again) != sql::testing::text_of(answer)) std::abort();
    return 0;
}
