// Zones within zones, for the users of a native overlay. See pump.hpp.

#include <algorithm>
#include <fmt/core.h>

#include "daemon/operator_key.hpp"
#include "daemon/pump.hpp"
#include "daemon/views.hpp"
#include "overlay/summaries.hpp"

namespace grapevine::daemon {
namespace {

using control::SummaryView;

SummaryView::Row view_of(const protocol::Astrolabe& zones, Instant now,
                         const protocol::ZoneRow& row, bool is_host) {
    SummaryView::Row view;
    view.name = row.name;
    view.members = row.members;
    view.age_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(zones.age(now, row)).count();
    for (const MemberId member : row.representatives) {
        view.representatives.push_back(id_text(member));
    }
    if (auto attributes = protocol::decode_attributes(row.attributes)) {
        if (is_host) view.display = (*attributes)["name"];
        view.attributes.assign(attributes->begin(), attributes->end());
    }
    return view;
}

}  // namespace

overlay::Summarise Pump::summarise() {
    zone_evaluator_ = std::make_shared<ZoneEvaluator>([this] { return loop_.now(); });
    return
        [evaluator = zone_evaluator_](std::size_t level, const auto& statements, const auto& rows) {
            return evaluator->run(level, statements, rows);
        };
}

Outcome<control::SummaryView> Pump::summary() const {
    const overlay::Summaries& summaries = overlay_->summaries();
    const Instant now = loop_.now();
    SummaryView view;
    view.is_on = summaries.is_on();
    view.values.assign(summaries.own().begin(), summaries.own().end());
    const auto wall = static_cast<std::int64_t>(overlay_->node().moment(now).unix_ms);
    for (const auto& held : overlay::held_statements(overlay_->node().notices())) {
        SummaryView::Statement statement{held.name, held.sql, held.epoch, {}, "running", ""};
        if (held.expires.unix_ms != 0) statement.expires_at = held.expires.unix_ms;
        const auto& running = summaries.statements();
        if (std::ranges::find(running, held.name, &protocol::SummaryStatement::name) ==
            running.end()) {
            const bool is_over = held.expires.unix_ms != 0 && held.expires.unix_ms <= wall;
            statement.state = is_over ? "expired" : "waiting";
        }
        statement.error = zone_evaluator_->error(held.name);
        if (!statement.error.empty() && statement.state == "running") statement.state = "failed";
        view.statements.push_back(std::move(statement));
    }
    const protocol::Astrolabe* zones = summaries.zones();
    if (zones == nullptr) return view;
    std::string zone;
    for (std::size_t level = 1; level <= zones->depth(); ++level) {
        const bool is_host = level == zones->depth();
        SummaryView::Level shown;
        shown.label = is_host ? "member" : summaries.labels()[level - 1];
        shown.zone = zone;
        shown.is_spoken_for = zones->speaks_at(level);
        for (const protocol::SharedRow& row : zones->table(level)) {
            shown.rows.push_back(view_of(*zones, now, *row, is_host));
            shown.rows.back().is_own = row->name == zones->path()[level - 1];
        }
        zone += (zone.empty() ? "" : "/") + zones->path()[level - 1];
        view.levels.push_back(std::move(shown));
    }
    return view;
}

Outcome<control::SummaryView> Pump::set_summary(const control::SetSummary& wanted) {
    const crypto::Identity signer = GV_TRY(signer_of(wanted.operator_key));
    protocol::SummaryStatement statement;
    statement.name = wanted.name;
    statement.sql = wanted.sql;
    if (!wanted.sql.empty()) GV_TRY_VOID(zone_evaluator_->check(wanted.sql));
    const Instant now = loop_.now();
    if (wanted.expires_in_ms) {
        statement.expires = WallTime{static_cast<std::int64_t>(
            overlay_->node().moment(now).unix_ms + *wanted.expires_in_ms)};
    }
    GV_TRY_VOID(overlay_->set_summary(now, std::move(statement), signer));
    GV_TRY_VOID(drain());
    return summary();
}

Outcome<control::SummaryView> Pump::set_zone_value(const control::SetZoneValue& wanted) {
    if (wanted.value) {
        GV_TRY_VOID(overlay_->set_zone_value(wanted.key, *wanted.value));
    } else {
        GV_TRY_VOID(overlay_->erase_zone_value(wanted.key));
    }
    return summary();
}

}  // namespace grapevine::daemon
