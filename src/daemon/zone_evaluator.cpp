#include "daemon/zone_evaluator.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <variant>

namespace grapevine::daemon {
namespace {

constexpr std::string_view kMembersKey = "members";

sql::Snapshot snapshot_of(const std::vector<protocol::SharedRow>& rows) {
    sql::Snapshot snapshot;
    for (const protocol::SharedRow& row : rows) {
        sql::MemberRow member;
        member.id = row->name;
        member.name = row->name;
        member.status = "alive";
        auto attributes = protocol::decode_attributes(row->attributes);
        if (attributes) {
            attributes->insert_or_assign(std::string(kMembersKey), std::to_string(row->members));
            for (auto& [key, value] : *attributes) {
                snapshot.records.push_back({row->name, key, std::move(value)});
            }
        }
        snapshot.members.push_back(std::move(member));
    }
    snapshot.arrange();
    return snapshot;
}

/// As the value of a record; nothing for NULL.
std::optional<std::string> text_of(const control::SqlValue& value) {
    if (const auto* whole = std::get_if<std::int64_t>(&value)) return std::to_string(*whole);
    if (const auto* number = std::get_if<double>(&value)) return fmt::format("{}", *number);
    if (const auto* text = std::get_if<std::string>(&value)) return *text;
    return std::nullopt;
}

bool is_key(const std::string& name) {
    return !name.empty() && name.size() <= kSummaryKeyBytesMax &&
           std::ranges::all_of(name, [](char c) { return static_cast<unsigned char>(c) > 0x20; });
}

Refusal no_columns(const std::string& name) {
    return {Refusal::Code::invalid, fmt::format("'{}' is no name of an attribute", name),
            "name each column by \"as NAME\", with no blank in it", "sql"};
}

}  // namespace

Outcome<ZoneEvaluator::Columns> ZoneEvaluator::evaluate(const std::string& sql,
                                                        const sql::Snapshot& rows) {
    const auto answer = GV_TRY(engine_.run(sql, {}, rows, sql::Limits::of_certificate()));
    Columns columns;
    const control::TableView& table = answer.table;
    for (std::size_t column = 0; column < table.columns.size(); ++column) {
        if (!is_key(table.columns[column])) {
            return std::unexpected(no_columns(table.columns[column]));
        }
        if (table.rows.empty()) continue;
        auto value = text_of(table.rows.front()[column]);
        if (value) columns.insert_or_assign(table.columns[column], *std::move(value));
    }
    return columns;
}

Outcome<void> ZoneEvaluator::check(const std::string& sql) {
    const auto checked = GV_TRY(engine_.check(sql, sql::Limits::of_certificate()));
    sql::TableSet allowed;
    allowed.add(sql::Table::members);
    allowed.add(sql::Table::records);
    sql::TableSet all = allowed;
    all.add(checked.tables);
    if (all != allowed || checked.parameters != 0) {
        return std::unexpected(Refusal{Refusal::Code::invalid,
                                       "a summary reads the rows of zones and nothing else",
                                       "use the tables members and records, and no ?", "sql"});
    }
    // The names of its columns are known when it has run.
    GV_TRY_VOID(evaluate(sql, snapshot_of({})));
    return {};
}

std::optional<Bytes> ZoneEvaluator::run(std::size_t level,
                                        const std::vector<protocol::SummaryStatement>& statements,
                                        const std::vector<protocol::SharedRow>& rows) {
    Columns all;
    const sql::Snapshot snapshot = statements.empty() ? sql::Snapshot() : snapshot_of(rows);
    std::erase_if(last_, [&](const auto& entry) {
        return std::ranges::find(statements, entry.first.first,
                                 &protocol::SummaryStatement::name) == statements.end();
    });
    for (const protocol::SummaryStatement& statement : statements) {
        Last& last = last_[{statement.name, level}];
        ++counters_.evaluated;
        if (auto columns = evaluate(statement.sql, snapshot)) {
            last = {*std::move(columns), ""};
        } else {
            ++counters_.failed;
            last.error = columns.error().message;
        }
        for (const auto& [key, value] : last.columns) all.insert_or_assign(key, value);
    }
    return protocol::encode_attributes(all);
}

std::string ZoneEvaluator::error(const std::string& statement) const {
    for (const auto& [key, last] : last_) {
        if (key.first == statement && !last.error.empty()) return last.error;
    }
    return {};
}

}  // namespace grapevine::daemon
