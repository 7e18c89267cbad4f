#include "sql/tables.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <fmt/core.h>
#include <memory>
#include <span>
#include <sqlite3.h>

#include "sql/rewrite.hpp"

namespace grapevine::sql {
namespace {

struct Column {
    enum class Kind : std::uint8_t { plain, indexed, unique, hidden };
    std::string_view name;
    Kind kind = Kind::plain;
};

/// One table: its columns, and how to get at the rows of a snapshot.
struct Shape {
    Table table;
    std::string_view name;
    std::span<const Column> columns;
    std::size_t (*count)(const Snapshot& snapshot);
    void (*give)(Evaluation& evaluation, std::size_t row, int column, sqlite3_context* to);
    /// Of an indexed column.
    std::string_view (*text)(const Snapshot& snapshot, std::size_t row, int column);
};

// -- Values --

void give(sqlite3_context* to, std::string_view text) {
    // The snapshot outlives the statement, so SQLite need not copy.
    sqlite3_result_text64(to, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
}
void give(sqlite3_context* to, std::int64_t number) {
    sqlite3_result_int64(to, number);
}
void give(sqlite3_context* to, const std::optional<std::int64_t>& number) {
    if (number) sqlite3_result_int64(to, *number);
}
/// Nothing known is NULL.
void give_known(sqlite3_context* to, std::string_view text) {
    if (!text.empty()) give(to, text);
}

// -- The tables --

constexpr std::array kMemberColumns = {
    Column{"id", Column::Kind::unique},
    Column{"name", Column::Kind::indexed},
    Column{"status"},
    Column{"incarnation"},
    Column{"address"},
    Column{"zone"},
    Column{"status_age_ms"},
    Column{"is_self"},
    Column{"rtt_us"},
    Column{"path"},
    Column{kMemberColumn, Column::Kind::hidden},
};

void give_member(Evaluation& evaluation, std::size_t index, int column, sqlite3_context* to) {
    const MemberRow& row = evaluation.snapshot().members[index];
    switch (column) {
        case 0:
        case 10:
            return give(to, row.id);
        case 1:
            return give(to, row.name);
        case 2:
            return give(to, row.status);
        case 3:
            return give(to, row.incarnation);
        case 4:
            return give_known(to, row.address);
        case 5:
            return give_known(to, row.zone);
        case 6:
            return give(to, row.status_age_ms);
        case 7:
            return give(to, std::int64_t{row.is_self});
        case 8:
            return give(to, row.rtt_us);
        case 9:
            return give_known(to, row.path);
        default:
            return;
    }
}

constexpr std::array kLabelColumns = {
    Column{"member", Column::Kind::indexed},
    Column{"key", Column::Kind::indexed},
    Column{"value"},
};

void give_label(Evaluation& evaluation, std::size_t index, int column, sqlite3_context* to) {
    const LabelRow& row = evaluation.snapshot().labels[index];
    give(to, column == 0 ? row.member : column == 1 ? row.key : row.value);
}

constexpr std::array kRecordColumns = {
    Column{"member", Column::Kind::indexed},
    Column{"key", Column::Kind::indexed},
    Column{"value"},
    Column{"version"},
    Column{"age_ms"},
};

void give_record(Evaluation& evaluation, std::size_t index, int column, sqlite3_context* to) {
    const RecordRow& row = evaluation.snapshot().records[index];
    switch (column) {
        case 0:
            return give(to, row.member);
        case 1:
            return give(to, row.key);
        case 2:
            evaluation.use(row);
            return give(to, row.value);
        case 3:
            return give(to, row.version);
        case 4:
            return give(to, row.age_ms);
        default:
            return;
    }
}

constexpr std::array kEventColumns = {
    Column{"publisher", Column::Kind::indexed}, Column{"epoch"}, Column{"sequence"},
    Column{"topic", Column::Kind::indexed},     Column{"bytes"}, Column{"published_at"},
};

void give_event(Evaluation& evaluation, std::size_t index, int column, sqlite3_context* to) {
    const EventRow& row = evaluation.snapshot().events[index];
    switch (column) {
        case 0:
            return give(to, row.publisher);
        case 1:
            return give(to, row.epoch);
        case 2:
            return give(to, row.sequence);
        case 3:
            return give(to, row.topic);
        case 4:
            return give(to, row.bytes);
        case 5:
            return give(to, row.published_at);
        default:
            return;
    }
}

constexpr std::array kMetricColumns = {
    Column{"name", Column::Kind::unique},
    Column{"value"},
};

void give_metric(Evaluation& evaluation, std::size_t index, int column, sqlite3_context* to) {
    const MetricRow& row = evaluation.snapshot().metrics[index];
    if (column == 0) return give(to, row.name);
    give(to, row.value);
}

constexpr std::array kStateColumns = {
    Column{"key", Column::Kind::unique},
    Column{"type"},
    Column{"value"},
    Column{"expires_at"},
    Column{"stamp"},
    Column{"writer", Column::Kind::indexed},
};

void give_state(Evaluation& evaluation, std::size_t index, int column, sqlite3_context* to) {
    const StateRow& row = evaluation.snapshot().state[index];
    switch (column) {
        case 0:
            return give(to, row.key);
        case 1:
            return give(to, row.type);
        case 2:
            return give(to, row.value);
        case 3:
            return give(to, row.expires_at);
        case 4:
            return give(to, row.stamp);
        case 5:
            return give(to, row.writer);
        default:
            return;
    }
}

constexpr std::array kZoneColumns = {
    Column{"level"},
    Column{"zone", Column::Kind::indexed},
    Column{"name", Column::Kind::indexed},
    Column{"members"},
    Column{"age_ms"},
    Column{"is_own"},
    Column{"attributes"},
};

void give_zone(Evaluation& evaluation, std::size_t index, int column, sqlite3_context* to) {
    const ZoneRow& row = evaluation.snapshot().zones[index];
    switch (column) {
        case 0:
            return give(to, row.level);
        case 1:
            return give(to, row.zone);
        case 2:
            return give(to, row.name);
        case 3:
            return give(to, row.members);
        case 4:
            return give(to, row.age_ms);
        case 5:
            return give(to, std::int64_t{row.is_own});
        case 6:
            return give(to, row.attributes);
        default:
            return;
    }
}

const std::array<Shape, kTableCount> kShapes = {
    Shape{Table::members, "members", kMemberColumns,
          [](const Snapshot& rows) { return rows.members.size(); }, give_member,
          [](const Snapshot& rows, std::size_t row, int column) {
              return std::string_view(column == 1 ? rows.members[row].name : rows.members[row].id);
          }},
    Shape{Table::labels, "labels", kLabelColumns,
          [](const Snapshot& rows) { return rows.labels.size(); }, give_label,
          [](const Snapshot& rows, std::size_t row, int column) {
              return std::string_view(column == 0 ? rows.labels[row].member : rows.labels[row].key);
          }},
    Shape{Table::records, "records", kRecordColumns,
          [](const Snapshot& rows) { return rows.records.size(); }, give_record,
          [](const Snapshot& rows, std::size_t row, int column) {
              return std::string_view(column == 0 ? rows.records[row].member
                                                  : rows.records[row].key);
          }},
    Shape{Table::events, "events", kEventColumns,
          [](const Snapshot& rows) { return rows.events.size(); }, give_event,
          [](const Snapshot& rows, std::size_t row, int column) {
              return std::string_view(column == 0 ? rows.events[row].publisher
                                                  : rows.events[row].topic);
          }},
    Shape{Table::metrics, "metrics", kMetricColumns,
          [](const Snapshot& rows) { return rows.metrics.size(); }, give_metric,
          [](const Snapshot& rows, std::size_t row, int) {
              return std::string_view(rows.metrics[row].name);
          }},
    Shape{Table::state, "state", kStateColumns,
          [](const Snapshot& rows) { return rows.state.size(); }, give_state,
          [](const Snapshot& rows, std::size_t row, int column) {
              return std::string_view(column == 0 ? rows.state[row].key : rows.state[row].writer);
          }},
    Shape{Table::zones, "zones", kZoneColumns,
          [](const Snapshot& rows) { return rows.zones.size(); }, give_zone,
          [](const Snapshot& rows, std::size_t row, int column) {
              return std::string_view(column == 1 ? rows.zones[row].zone : rows.zones[row].name);
          }},
};

/// What a module of SQLite knows of its table.
struct Module {
    const Shape* shape;
    Evaluation* evaluation;
};

struct VirtualTable : sqlite3_vtab {
    Module module{};
};

struct Cursor : sqlite3_vtab_cursor {
    Module module{};
    /// The rows found by an index, or else all.
    std::span<const Evaluation::Index::value_type> found{};
    bool is_found = false;
    std::size_t position = 0;
    std::size_t end = 0;

    [[nodiscard]] std::size_t row() const { return is_found ? found[position].second : position; }
};

// -- The callbacks of SQLite --

int on_connect(sqlite3* database, void* module, int, const char* const*, sqlite3_vtab** table,
               char**) {
    const Shape& shape = *static_cast<Module*>(module)->shape;
    std::string columns;
    for (const Column& column : shape.columns) {
        columns += fmt::format("{}{}{}", columns.empty() ? "" : ",", column.name,
                               column.kind == Column::Kind::hidden ? " hidden" : "");
    }
    const int status =
        sqlite3_declare_vtab(database, fmt::format("create table x({})", columns).c_str());
    if (status != SQLITE_OK) return status;
    auto made = std::make_unique<VirtualTable>();
    made->module = *static_cast<Module*>(module);
    *table = made.release();
    return SQLITE_OK;
}

int on_disconnect(sqlite3_vtab* table) {
    delete static_cast<VirtualTable*>(table);
    return SQLITE_OK;
}

bool is_usable(sqlite3_index_info& info, int index) {
    const auto& constraint = info.aConstraint[index];
    return constraint.usable != 0 && constraint.op == SQLITE_INDEX_CONSTRAINT_EQ &&
           constraint.iColumn >= 0 &&
           sqlite3_stricmp(sqlite3_vtab_collation(&info, index), "BINARY") == 0;
}

/// Chooses the column by whose value rows are found: a unique one before others, and of others the
/// first in the order of the table. `idxNum` is its number plus 1, or 0.
int on_best_index(sqlite3_vtab* table, sqlite3_index_info* info) {
    const Shape& shape = *static_cast<VirtualTable*>(table)->module.shape;
    int best = -1;
    Column::Kind best_kind = Column::Kind::plain;
    for (int index = 0; index < info->nConstraint; ++index) {
        if (!is_usable(*info, index)) continue;
        const int number = info->aConstraint[index].iColumn;
        const Column::Kind kind = shape.columns[static_cast<std::size_t>(number)].kind;
        if (kind != Column::Kind::indexed && kind != Column::Kind::unique) continue;
        const bool is_better = best < 0 || (kind == Column::Kind::unique && best_kind != kind) ||
                               (kind == best_kind && number < info->aConstraint[best].iColumn);
        if (!is_better) continue;
        best = index;
        best_kind = kind;
    }
    if (best < 0) {
        info->estimatedCost = 1000;
        info->estimatedRows = 1000;
        return SQLITE_OK;
    }
    info->idxNum = info->aConstraint[best].iColumn + 1;
    info->aConstraintUsage[best].argvIndex = 1;
    const bool is_unique = best_kind == Column::Kind::unique;
    info->estimatedCost = is_unique ? 5 : 20;
    info->estimatedRows = is_unique ? 1 : 10;
    if (is_unique) info->idxFlags = SQLITE_INDEX_SCAN_UNIQUE;
    return SQLITE_OK;
}

int on_open(sqlite3_vtab* table, sqlite3_vtab_cursor** cursor) {
    auto made = std::make_unique<Cursor>();
    made->module = static_cast<VirtualTable*>(table)->module;
    *cursor = made.release();
    return SQLITE_OK;
}

int on_close(sqlite3_vtab_cursor* cursor) {
    delete static_cast<Cursor*>(cursor);
    return SQLITE_OK;
}

Evaluation::Index make_index(const Module& module, int column) {
    const Snapshot& snapshot = module.evaluation->snapshot();
    Evaluation::Index index;
    const std::size_t count = module.shape->count(snapshot);
    index.reserve(count);
    for (std::size_t row = 0; row < count; ++row) {
        index.emplace_back(module.shape->text(snapshot, row, column),
                           static_cast<std::uint32_t>(row));
    }
    std::ranges::sort(index);
    return index;
}

int on_filter(sqlite3_vtab_cursor* at, int number, const char*, int count, sqlite3_value** values) {
    Cursor& cursor = *static_cast<Cursor*>(at);
    const Module& module = cursor.module;
    cursor.position = 0;
    cursor.is_found = false;
    cursor.end = module.shape->count(module.evaluation->snapshot());
    // A value of another type compares by the rules of SQLite, which looks at each row again.
    if (number == 0 || count == 0 || sqlite3_value_type(values[0]) != SQLITE_TEXT) {
        return SQLITE_OK;
    }
    const int column = number - 1;
    const auto& index = module.evaluation->index(module.shape->table, column,
                                                 [&] { return make_index(module, column); });
    const auto* const bytes = reinterpret_cast<const char*>(sqlite3_value_text(values[0]));
    if (bytes == nullptr) return SQLITE_NOMEM;
    const std::string_view text(bytes, static_cast<std::size_t>(sqlite3_value_bytes(values[0])));
    const auto found =
        std::ranges::equal_range(index, text, {}, [](const auto& entry) { return entry.first; });
    cursor.found = {found.begin(), found.end()};
    cursor.is_found = true;
    cursor.end = cursor.found.size();
    return SQLITE_OK;
}

int on_next(sqlite3_vtab_cursor* at) {
    ++static_cast<Cursor*>(at)->position;
    return SQLITE_OK;
}

int on_eof(sqlite3_vtab_cursor* at) {
    const Cursor& cursor = *static_cast<Cursor*>(at);
    return cursor.position >= cursor.end ? 1 : 0;
}

int on_column(sqlite3_vtab_cursor* at, sqlite3_context* to, int column) {
    const Cursor& cursor = *static_cast<Cursor*>(at);
    cursor.module.shape->give(*cursor.module.evaluation, cursor.row(), column, to);
    return SQLITE_OK;
}

int on_row_id(sqlite3_vtab_cursor* at, sqlite3_int64* id) {
    *id = static_cast<sqlite3_int64>(static_cast<Cursor*>(at)->row());
    return SQLITE_OK;
}

/// Without xCreate: the tables are there under the names of their modules, and no other can be
/// made. Without xUpdate: they cannot be written.
constexpr sqlite3_module make_methods() {
    sqlite3_module methods{};
    methods.xConnect = on_connect;
    methods.xDisconnect = on_disconnect;
    methods.xBestIndex = on_best_index;
    methods.xOpen = on_open;
    methods.xClose = on_close;
    methods.xFilter = on_filter;
    methods.xNext = on_next;
    methods.xEof = on_eof;
    methods.xColumn = on_column;
    methods.xRowid = on_row_id;
    return methods;
}
constexpr sqlite3_module kMethods = make_methods();

}  // namespace

std::optional<Table> find_table(std::string_view name) {
    const auto found = std::ranges::find(kShapes, name, &Shape::name);
    if (found == kShapes.end()) return std::nullopt;
    return found->table;
}

std::string table_names() {
    std::string names;
    for (const Shape& shape : kShapes) {
        names += fmt::format("{}{}", names.empty() ? "" : ", ", shape.name);
    }
    return names;
}

std::string column_names() {
    std::string text;
    for (const Shape& shape : kShapes) {
        std::string columns;
        for (const Column& column : shape.columns) {
            if (column.kind == Column::Kind::hidden) continue;
            columns += fmt::format("{}{}", columns.empty() ? "" : ", ", column.name);
        }
        text += fmt::format("{}{}({})", text.empty() ? "" : "; ", shape.name, columns);
    }
    return text;
}

int register_tables(sqlite3* database, Evaluation& evaluation) {
    for (const Shape& shape : kShapes) {
        auto module = std::make_unique<Module>(Module{&shape, &evaluation});
        // SQLite calls the destructor even if it refuses.
        const int status = sqlite3_create_module_v2(
            database, std::string(shape.name).c_str(), &kMethods, module.release(),
            [](void* made) { delete static_cast<Module*>(made); });
        if (status != SQLITE_OK) return status;
    }
    // A table is declared when it is first named, by a statement that an authorizer would not
    // know from a user's: now, while there is none.
    std::string names = table_names();
    sqlite3_stmt* statement = nullptr;
    const int status =
        sqlite3_prepare_v2(database, ("select 1 from " + names).c_str(), -1, &statement, nullptr);
    sqlite3_finalize(statement);
    return status;
}

}  // namespace grapevine::sql
