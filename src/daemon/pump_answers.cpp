// What a native overlay knows, as rows for SQL and aggregates. See pump.hpp.

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/core.h>
#include <string>
#include <utility>

#include "api/text.hpp"
#include "daemon/pump.hpp"
#include "daemon/views.hpp"

namespace grapevine::daemon {
namespace {

/// Keys and contents of the shared map that one statement sees, beside kSqlStateMax entries.
constexpr std::size_t kSqlStateBytesMax = 32 * 1024 * 1024;

std::int64_t milliseconds(Duration duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

sql::MemberRow row_of(control::MemberView view, const std::string& zone_label) {
    sql::MemberRow row;
    const auto zone =
        std::ranges::find(view.labels, zone_label, &control::Labels::value_type::first);
    if (zone != view.labels.end()) row.zone = zone->second;
    row.id = std::move(view.id);
    row.name = std::move(view.name);
    row.status = std::move(view.status);
    row.incarnation = view.incarnation;
    if (!view.addresses.empty()) row.address = std::move(view.addresses.front());
    row.status_age_ms = view.status_age_ms;
    row.is_self = view.is_self;
    row.rtt_us = view.rtt_us;
    row.path = std::move(view.path);
    return row;
}

}  // namespace

void Pump::add_records(sql::Snapshot& rows) const {
    const Instant now = loop_.now();
    for (const auto& [member, record] : overlay_->node().records().all()) {
        // Records can outlive their member here for a while; nobody asks for those.
        if (overlay_->node().membership().find(member) == nullptr) continue;
        const std::string id = id_text(member);
        for (const auto& [key, item] : record.items) {
            if (item.is_tombstone) continue;
            rows.records.push_back({id, key, item.value,
                                    static_cast<std::int64_t>(item.version.value()),
                                    milliseconds(now - record_ages_.came_at(member, key))});
        }
    }
}

void Pump::add_state(sql::Snapshot& rows) const {
    const protocol::Node& node = overlay_->node();
    const auto entries =
        node.state().list(node.moment(loop_.now()), "", "", kSqlStateMax + 1, kSqlStateBytesMax);
    for (const protocol::StateEntry& entry : entries) {
        if (rows.state.size() == kSqlStateMax) break;
        sql::StateRow row;
        row.key = entry.key;
        row.type = entry.kind == protocol::CellKind::value     ? "value"
                   : entry.kind == protocol::CellKind::counter ? "counter"
                                                               : "set";
        row.value =
            entry.kind == protocol::CellKind::counter ? std::to_string(entry.count) : entry.value;
        if (entry.kind == protocol::CellKind::element) {
            row.value = std::to_string(entry.element_count);
        }
        if (entry.expires_ms != 0) row.expires_at = static_cast<std::int64_t>(entry.expires_ms);
        row.stamp = fmt::format("{:016x}", entry.version.value());
        if (entry.writer != kNobody) row.writer = id_text(entry.writer);
        rows.state.push_back(std::move(row));
    }
    std::size_t bytes = 0;
    for (const sql::StateRow& row : rows.state) bytes += row.key.size() + row.value.size();
    if (entries.size() > kSqlStateMax || bytes > kSqlStateBytesMax / 2) rows.cut = "state";
}

void Pump::add_zones(sql::Snapshot& rows) const {
    const auto shown = summary();
    if (!shown) return;
    std::int64_t level = 0;
    for (const control::SummaryView::Level& table : shown->levels) {
        ++level;
        for (const control::SummaryView::Row& each : table.rows) {
            sql::ZoneRow row;
            row.level = level;
            row.zone = table.zone;
            row.name = each.name;
            row.members = static_cast<std::int64_t>(each.members);
            row.age_ms = each.age_ms;
            row.is_own = each.is_own;
            boost::json::object attributes;
            for (const auto& [key, value] : each.attributes) {
                const auto number = sql::number_of(value);
                if (number) {
                    attributes[api::to_utf8(key)] = *number;
                } else {
                    attributes[api::to_utf8(key)] = api::to_utf8(value);
                }
            }
            row.attributes = boost::json::serialize(attributes);
            rows.zones.push_back(std::move(row));
        }
    }
}

Outcome<sql::Snapshot> Pump::snapshot(sql::TableSet tables) const {
    using sql::Table;
    sql::Snapshot rows;
    if (tables.has(Table::members) || tables.has(Table::labels)) {
        const std::string& zone_label = overlay_->settings().protocol.zone_label;
        for (control::MemberView& view : members()) {
            if (tables.has(Table::labels)) {
                for (const auto& [key, value] : view.labels) {
                    rows.labels.push_back({view.id, key, value});
                }
            }
            if (tables.has(Table::members)) {
                rows.members.push_back(row_of(std::move(view), zone_label));
            }
        }
    }
    if (tables.has(Table::records)) add_records(rows);
    if (tables.has(Table::state)) add_state(rows);
    if (tables.has(Table::zones)) add_zones(rows);
    if (tables.has(Table::metrics)) {
        for (auto& [name, value] : view().counters) {
            rows.metrics.push_back({std::move(name), static_cast<std::int64_t>(value)});
        }
    }
    return rows;
}

}  // namespace grapevine::daemon
