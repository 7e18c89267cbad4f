// Questions about all members at once: SQL and aggregates. See host.hpp.

#include <fmt/core.h>
#include <limits>
#include <utility>

#include "daemon/answer.hpp"
#include "daemon/host.hpp"
#include "daemon/overlay_spec.hpp"
#include "daemon/shared_definitions.hpp"

namespace grapevine::daemon {
namespace {

Refusal too_many_statements() {
    return {Refusal::Code::busy, fmt::format("{} statements are waiting already", kSqlQueueMax),
            "ask again when they are answered, or make an aggregate of what is asked often", "sql",
            1};
}

/// The newest events of the log that fit the limit.
void add_events(const control::Log& log, sql::Snapshot& rows) {
    const control::Log::Filter filter{{">"}, false, false};
    constexpr std::size_t kPageItems = 1000;
    const std::uint64_t oldest = log.oldest();
    std::uint64_t offset = oldest;
    // Offsets count all items; of these, events are some.
    if (log.next() - oldest > kSqlEventsMax) {
        offset = log.next() - kSqlEventsMax;
        rows.cut = fmt::format("only events among the newest {} items of the log", kSqlEventsMax);
    }
    while (offset < log.next()) {
        const control::Log::Page page =
            log.read(offset, filter, kPageItems, std::numeric_limits<std::size_t>::max());
        for (const auto& item : page.items) {
            const auto* const event = std::get_if<control::LogItem::Event>(&item->what);
            if (event == nullptr) continue;
            rows.events.push_back(
                {event->publisher, event->epoch, static_cast<std::int64_t>(event->sequence),
                 event->topic,
                 static_cast<std::int64_t>(event->payload ? event->payload->size() : 0),
                 event->published_at.unix_ms});
        }
        if (page.next <= offset) return;
        offset = page.next;
    }
}

}  // namespace

void Host::take_snapshot(const std::string& overlay, sql::TableSet tables, SnapshotDone done) {
    const auto entry = find_running(overlay);
    if (!entry) return done(std::unexpected(entry.error()));
    (*entry)->worker->post([this, pump = (*entry)->pump, tables, overlay, self = self_,
                            &loop = loop_, log = (*entry)->log, done = std::move(done)]() mutable {
        auto rows = pump->snapshot(tables);
        loop.post([this, rows = std::move(rows), at = loop.now(), tables,
                   overlay = std::move(overlay), self = std::move(self), log = std::move(log),
                   done = std::move(done)]() mutable {
            if (*self == nullptr) return;
            if (!rows) return done(std::unexpected(rows.error()));
            if (tables.has(sql::Table::events)) add_events(*log, *rows);
            if (tables.has(sql::Table::metrics)) add_own_metrics(overlay, *rows);
            done(TakenSnapshot{std::make_shared<sql::Snapshot>(std::move(*rows)), at});
        });
    });
}

/// The counters of an overlay that we keep and not its pump.
void Host::add_own_metrics(const std::string& overlay, sql::Snapshot& rows) const {
    const auto found = entries_.find(overlay);
    if (found == entries_.end()) return;
    control::OverlayView view;
    complete_view(view, found->second);
    for (auto& [name, value] : view.counters) {
        rows.metrics.push_back({std::move(name), static_cast<std::int64_t>(value)});
    }
}

void Host::handle(control::RunSql request, Callback callback) {
    if (const auto entry = find_running(request.overlay); !entry) {
        return callback(std::unexpected(entry.error()));
    }
    if (sql_waiting_ >= kSqlQueueMax) return callback(std::unexpected(too_many_statements()));
    ++sql_waiting_;
    // Whatever happens, it is answered here once.
    const auto wanted = std::make_shared<control::RunSql>(std::move(request));
    auto answered = [this, self = self_, wanted,
                     callback = std::move(callback)](Outcome<control::Answer> answer) {
        if (*self == nullptr) return;
        --sql_waiting_;
        callback(std::move(answer));
    };
    sql_thread_.post([this, self = self_, &loop = loop_, wanted,
                      answered = std::move(answered)](sql::Engine& engine) mutable {
        const auto before = engine.counters();
        auto checked = engine.check(wanted->sql, sql::Limits());
        loop.post([this, self, before, after = engine.counters(), checked = std::move(checked),
                   wanted, answered = std::move(answered)]() mutable {
            if (*self == nullptr) return;
            count_statement(wanted->overlay, before, after);
            if (!checked) return answered(std::unexpected(checked.error()));
            take_snapshot(wanted->overlay, checked->tables,
                          [this, wanted, answered](Outcome<TakenSnapshot> rows) mutable {
                              if (!rows) return answered(std::unexpected(rows.error()));
                              run_statement(std::move(wanted), std::move(*rows),
                                            std::move(answered));
                          });
        });
    });
}

void Host::run_statement(std::shared_ptr<const control::RunSql> wanted, TakenSnapshot rows,
                         Callback answered) {
    sql_thread_.post([this, self = self_, &loop = loop_, wanted = std::move(wanted),
                      rows = std::move(rows),
                      answered = std::move(answered)](sql::Engine& engine) mutable {
        const auto before = engine.counters();
        rows.rows->arrange();
        auto answer = engine.run(wanted->sql, wanted->parameters, *rows.rows, sql::Limits());
        rows.rows.reset();
        loop.post([this, self, before, after = engine.counters(), at = rows.at,
                   answer = std::move(answer), overlay = wanted->overlay,
                   answered = std::move(answered)]() mutable {
            if (*self == nullptr) return;
            count_statement(overlay, before, after);
            if (!answer) return answered(std::unexpected(answer.error()));
            answer->table.age_ms =
                std::chrono::duration_cast<std::chrono::milliseconds>(loop_.now() - at).count();
            answered(control::Answer(std::move(answer->table)));
        });
    });
}

// -- The sampler --

void Host::sample(const std::string& name) {
    const Entry& entry = entries_.at(name);
    const control::Sampling& sampling = entry.spec.sampling;
    std::vector<Sample> samples;
    if (sampling.samples && entry.state == State::running) {
        // Checked with the rest of the definition.
        samples = parse_samples(*sampling.samples).value_or(std::vector<Sample>());
    }
    sampler_.set(name, std::move(samples), SampleRules::of(sampling));
}

// -- Aggregates --

void Host::keep_aggregates(const std::string& name) {
    Entry& entry = entries_.at(name);
    if (entry.aggregates || is_gossiperl(entry.spec)) return;
    entry.aggregates = std::make_shared<AggregateKeeper>(
        loop_, aggregating_, std::make_unique<SharedDefinitions>(*this, name, entry.log),
        [this, self = self_, name](sql::TableSet tables, SnapshotDone done) {
            if (*self != nullptr) take_snapshot(name, tables, std::move(done));
        });
}

std::shared_ptr<control::Aggregates> Host::aggregates(const std::string& overlay) {
    const auto found = entries_.find(overlay);
    return found == entries_.end() ? nullptr : found->second.aggregates;
}

Outcome<AggregateKeeper*> Host::find_aggregates(const std::string& overlay) {
    const Entry* const entry = GV_TRY(find(overlay));
    if (entry->aggregates) return entry->aggregates.get();
    return std::unexpected(Refusal{Refusal::Code::conflict,
                                   "members of the gossiperl protocol have no aggregates",
                                   "use an overlay with protocol = \"grapevine\"", "overlay"});
}

void Host::handle(control::ListAggregates request, Callback callback) {
    const auto keeper = find_aggregates(request.overlay);
    if (!keeper) return callback(std::unexpected(keeper.error()));
    callback(control::Answer((*keeper)->list()));
}

void Host::handle(control::ShowAggregate request, Callback callback) {
    const auto keeper = find_aggregates(request.overlay);
    if (!keeper) return callback(std::unexpected(keeper.error()));
    auto view = (*keeper)->find(request.name);
    if (view) return callback(control::Answer(*std::move(view)));
    callback(std::unexpected(Refusal{Refusal::Code::not_found,
                                     fmt::format("there is no aggregate \"{}\"", request.name),
                                     "list them with: grapevine aggregate list", "name"}));
}

void Host::handle(control::SetAggregate request, Callback callback) {
    const auto keeper = find_aggregates(request.overlay);
    if (!keeper) return callback(std::unexpected(keeper.error()));
    (*keeper)->set(std::move(request.spec),
                   [callback = std::move(callback)](Outcome<control::AggregateView> view) {
                       callback(answer_of(std::move(view)));
                   });
}

void Host::handle(control::EraseAggregate request, Callback callback) {
    const auto keeper = find_aggregates(request.overlay);
    if (!keeper) return callback(std::unexpected(keeper.error()));
    (*keeper)->erase(request.name, [callback = std::move(callback)](Outcome<void> outcome) {
        callback(answer_of(std::move(outcome)));
    });
}

// -- Counting --

void Host::count_statement(const std::string& overlay, const sql::Engine::Counters& before,
                           const sql::Engine::Counters& after) {
    const auto found = entries_.find(overlay);
    if (found == entries_.end()) return;
    sql::Engine::Counters& counters = found->second.sql;
    counters.answered += after.answered - before.answered;
    counters.refused += after.refused - before.refused;
    counters.aborted += after.aborted - before.aborted;
}

}  // namespace grapevine::daemon
