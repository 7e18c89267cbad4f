#include "daemon/aggregate_keeper.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include "api/decode.hpp"
#include "api/encode.hpp"
#include "base/limits.hpp"
#include "runtime/log.hpp"
#include "sql/short_form.hpp"

namespace grapevine::daemon {
namespace {

using control::AggregateSpec;
using control::AggregateView;

Refusal too_many() {
    return {Refusal::Code::over_limit,
            fmt::format("an overlay has at most {} aggregates", kAggregatesMax),
            "remove one that is no longer needed: grapevine aggregate delete", "name"};
}

Refusal no_aggregate(const std::string& name) {
    return {Refusal::Code::not_found, fmt::format("there is no aggregate \"{}\"", name),
            "list them with: grapevine aggregate list", "name"};
}

Refusal no_parameters() {
    return {Refusal::Code::invalid, "an aggregate has no values for ?",
            "write the values into the statement", "sql"};
}

Refusal too_long() {
    return {Refusal::Code::over_limit, "the definition is too long", "define it again", "sql"};
}

/// Whether anything differs that readers care about; ages always do.
bool is_same(const AggregateView& a, const AggregateView& b) {
    return a.state == b.state && a.error == b.error && a.value.columns == b.value.columns &&
           a.value.rows == b.value.rows && a.value.cut == b.value.cut &&
           a.contributors == b.contributors && a.lacking == b.lacking;
}

}  // namespace

/// What the other thread computes, and what came of it.
struct AggregateKeeper::Job {
    AggregateSpec spec;
    std::uint64_t generation = 0;
};
struct AggregateKeeper::Result {
    std::string name;
    std::uint64_t generation = 0;
    Outcome<sql::Engine::Answer> answer;
};

AggregateKeeper::AggregateKeeper(runtime::Loop& loop, SqlThread& thread,
                                 std::unique_ptr<DefinitionSource> source, TakeSnapshot take)
    : loop_(loop),
      thread_(thread),
      source_(std::move(source)),
      take_(std::move(take)),
      timer_(loop, [this] { begin_round(); }),
      untold_timer_(loop, [this] { on_untold(); }),
      self_(std::make_shared<AggregateKeeper*>(this)) {
    source_->on_change([this] { on_definitions(); });
    on_definitions();
}

AggregateKeeper::~AggregateKeeper() {
    *self_ = nullptr;
}

// -- Definitions --

void AggregateKeeper::set(AggregateSpec spec, SetDone done) {
    if (auto checked = sql::check_aggregate(spec); !checked) {
        return done(std::unexpected(checked.error()));
    }
    if (!entries_.contains(spec.name) && entries_.size() >= kAggregatesMax) {
        return done(std::unexpected(too_many()));
    }
    if (api::encode(spec).size() > kAggregateDefinitionBytesMax) {
        return done(std::unexpected(
            Refusal{Refusal::Code::over_limit, "the definition is too long as JSON",
                    fmt::format("it has at most {} bytes", kAggregateDefinitionBytesMax), "sql"}));
    }
    if (spec.sql.empty()) return put(spec, std::move(done));
    // What cannot be prepared here can be nowhere.
    thread_.post([self = self_, &loop = loop_, spec = std::move(spec),
                  done = std::move(done)](sql::Engine& engine) mutable {
        auto checked = engine.check(spec.sql, sql::Limits::of_aggregate());
        loop.post([self, spec = std::move(spec), done = std::move(done),
                   checked = std::move(checked)]() mutable {
            if (*self == nullptr) return;
            if (checked && checked->parameters > 0) checked = std::unexpected(no_parameters());
            if (!checked) return done(std::unexpected(checked.error()));
            (*self)->put(spec, std::move(done));
        });
    });
}

void AggregateKeeper::put(const AggregateSpec& spec, SetDone done) {
    source_->put(spec.name, api::encode(spec),
                 [this, self = self_, name = spec.name, done](const Outcome<void>& outcome) {
                     if (*self == nullptr) return;
                     if (!outcome) return done(std::unexpected(outcome.error()));
                     // The source tells of the change too, perhaps a moment later.
                     on_definitions();
                     auto view = find(name);
                     if (!view) return done(std::unexpected(no_aggregate(name)));
                     done(*std::move(view));
                 });
}

void AggregateKeeper::erase(const std::string& name, DefinitionSource::Done done) {
    if (!entries_.contains(name)) return done(std::unexpected(no_aggregate(name)));
    source_->erase(name, [this, self = self_, done = std::move(done)](Outcome<void> outcome) {
        if (*self == nullptr) return;
        if (outcome) on_definitions();
        done(std::move(outcome));
    });
}

void AggregateKeeper::on_definitions() {
    const auto texts = source_->list();
    std::size_t taken = 0;
    bool has_removed = false;
    for (auto entry = entries_.begin(); entry != entries_.end();) {
        const bool is_kept = texts.contains(entry->first);
        has_removed = has_removed || !is_kept;
        entry = is_kept ? std::next(entry) : entries_.erase(entry);
    }
    for (const auto& [name, text] : texts) {
        // Those that came first in the alphabet are the same on all members.
        if (++taken > kAggregatesMax) {
            entries_.erase(name);
            continue;
        }
        define(name, text);
    }
    if (texts.size() > kAggregatesMax && !std::exchange(has_warned_, true)) {
        runtime::log::warn("aggregates", "{} are defined; only the first {} are computed",
                           texts.size(), kAggregatesMax);
    }
    if (has_removed) tell();
    arm();
}

void AggregateKeeper::define(const std::string& name, const std::string& text) {
    Entry& entry = entries_[name];
    if (entry.generation != 0 && entry.text == text) return;
    const std::uint64_t revision = entry.view.revision;
    entry = Entry();
    entry.text = text;
    entry.generation = ++generation_;
    entry.view.spec.name = name;
    entry.view.state = "waiting";
    // Followers of an earlier definition see a change, and never the same number twice.
    entry.view.revision = revision + 1;
    auto spec = text.size() > kAggregateDefinitionBytesMax
                    ? Outcome<AggregateSpec>(std::unexpected(too_long()))
                    : api::decode_aggregate(text, name);
    if (!spec) return fail(entry, spec.error());
    if (auto checked = sql::check_aggregate(*spec); !checked) return fail(entry, checked.error());
    entry.view.spec = *std::move(spec);
    if (!entry.view.spec.sql.empty()) return learn_tables(name);
    entry.tables = sql::tables_of(entry.view.spec);
    entry.keys.emplace();
    if (!entry.view.spec.key.empty()) entry.keys->push_back(entry.view.spec.key);
    entry.is_due = true;
}

void AggregateKeeper::learn_tables(const std::string& name) {
    const Entry& entry = entries_.at(name);
    thread_.post([self = self_, &loop = loop_, name, generation = entry.generation,
                  sql = entry.view.spec.sql](sql::Engine& engine) {
        auto checked = engine.check(sql, sql::Limits::of_aggregate());
        loop.post([self, name, generation, checked = std::move(checked)]() mutable {
            if (*self == nullptr) return;
            AggregateKeeper& keeper = **self;
            const auto found = keeper.entries_.find(name);
            if (found == keeper.entries_.end() || found->second.generation != generation) return;
            Entry& known = found->second;
            if (checked && checked->parameters > 0) checked = std::unexpected(no_parameters());
            if (!checked) {
                keeper.fail(known, checked.error());
                return keeper.tell();
            }
            known.tables = checked->tables;
            known.keys = std::move(checked->keys);
            known.is_due = true;
            keeper.arm();
        });
    });
}

void AggregateKeeper::fail(Entry& entry, const Refusal& refusal) {
    ++counters_.failed;
    ++entry.view.revision;
    entry.view.state = "failed";
    entry.view.error = describe(refusal);
}

// -- Looking --

AggregateView AggregateKeeper::present(const Entry& entry) const {
    AggregateView view = entry.view;
    if (view.state != "waiting") {
        view.value.age_ms =
            std::chrono::duration_cast<std::chrono::milliseconds>(loop_.now() - entry.computed_at)
                .count();
    }
    return view;
}

std::vector<AggregateView> AggregateKeeper::list() const {
    std::vector<AggregateView> views;
    for (const auto& [name, entry] : entries_) views.push_back(present(entry));
    return views;
}

std::optional<AggregateView> AggregateKeeper::find(const std::string& name) const {
    const auto found = entries_.find(name);
    if (found == entries_.end()) return std::nullopt;
    return present(found->second);
}

std::shared_ptr<void> AggregateKeeper::on_change(std::function<void()> wake) {
    auto handle = std::make_shared<std::function<void()>>(std::move(wake));
    wakes_.emplace_back(handle);
    return handle;
}

void AggregateKeeper::tell() {
    std::erase_if(wakes_, [](const auto& wake) { return wake.expired(); });
    // Who is called may follow or stop following.
    const auto wakes = wakes_;
    for (const auto& weak : wakes) {
        if (const auto wake = weak.lock()) (*wake)();
    }
}

// -- What has changed --

bool AggregateKeeper::reads_any(const Entry& entry, const control::LogItem::Record& record) {
    if (!entry.tables || !entry.tables->has(sql::Table::records)) return false;
    return !entry.keys || std::ranges::any_of(record.changes, [&](const auto& change) {
        return std::ranges::find(*entry.keys, change.first) != entry.keys->end();
    });
}

void AggregateKeeper::note(const control::LogItem& item) {
    using control::LogItem;
    if (entries_.empty()) return;
    if (const auto* const record = std::get_if<LogItem::Record>(&item.what)) {
        for (auto& [name, entry] : entries_) {
            if (reads_any(entry, *record)) entry.is_due = true;
        }
        return arm();
    }
    if (std::holds_alternative<LogItem::Event>(item.what)) return note(sql::Table::events);
    if (std::holds_alternative<LogItem::State>(item.what) ||
        std::holds_alternative<LogItem::StateReload>(item.what)) {
        return note(sql::Table::state);
    }
    if (std::holds_alternative<LogItem::Member>(item.what) ||
        std::holds_alternative<LogItem::Members>(item.what)) {
        note(sql::Table::members);
        note(sql::Table::labels);
    }
}

void AggregateKeeper::note(sql::Table table) {
    for (auto& [name, entry] : entries_) {
        if (entry.tables && entry.tables->has(table)) entry.is_due = true;
    }
    arm();
}

void AggregateKeeper::refresh() {
    for (auto& [name, entry] : entries_) entry.is_due = entry.tables.has_value();
    arm();
}

void AggregateKeeper::on_untold() {
    note(sql::Table::metrics);
    note(sql::Table::zones);
}

// -- Rounds --

void AggregateKeeper::arm() {
    bool is_any_due = false;
    bool is_any_untold = false;
    for (const auto& [name, entry] : entries_) {
        is_any_due = is_any_due || entry.is_due;
        is_any_untold = is_any_untold || (entry.tables && (entry.tables->has(sql::Table::metrics) ||
                                                           entry.tables->has(sql::Table::zones)));
    }
    if (is_any_due && !is_computing_ && !timer_.is_armed()) timer_.arm(round_at_);
    if (is_any_untold && !untold_timer_.is_armed()) {
        untold_timer_.arm(loop_.now() + kUntoldPause);
    }
}

void AggregateKeeper::begin_round() {
    sql::TableSet tables;
    std::vector<Job> jobs;
    for (auto& [name, entry] : entries_) {
        if (!entry.is_due || !entry.tables) continue;
        entry.is_due = false;
        tables.add(*entry.tables);
        jobs.push_back({entry.view.spec, entry.generation});
    }
    if (jobs.empty()) return;
    is_computing_ = true;
    round_began_ = loop_.now();
    ++counters_.rounds;
    take_(tables,
          [this, self = self_, jobs = std::move(jobs)](Outcome<TakenSnapshot> rows) mutable {
              if (*self == nullptr) return;
              if (rows) return compute(std::move(jobs), std::move(*rows));
              // The overlay is not running; `refresh` says when it is.
              is_computing_ = false;
          });
}

void AggregateKeeper::compute(std::vector<Job> jobs, TakenSnapshot rows) {
    thread_.post([self = self_, &loop = loop_, jobs = std::move(jobs),
                  rows = std::move(rows)](sql::Engine& engine) mutable {
        rows.rows->arrange();
        std::vector<Result> results;
        for (const Job& job : jobs) {
            results.push_back(
                {job.spec.name, job.generation,
                 job.spec.sql.empty()
                     ? Outcome<sql::Engine::Answer>(sql::compute(job.spec, *rows.rows))
                     : engine.run(job.spec.sql, {}, *rows.rows, sql::Limits::of_aggregate())});
        }
        loop.post([self, at = rows.at, results = std::move(results)]() mutable {
            if (*self != nullptr) (*self)->end_round(std::move(results), at);
        });
    });
}

void AggregateKeeper::end_round(std::vector<Result> results, Instant at) {
    const Instant now = loop_.now();
    is_computing_ = false;
    round_at_ = std::max(round_began_ + kPause, now + (now - round_began_));
    const std::uint64_t before = counters_.changed;
    for (Result& result : results) {
        const auto found = entries_.find(result.name);
        if (found == entries_.end() || found->second.generation != result.generation) continue;
        take(found->second, std::move(result), at);
    }
    arm();
    if (counters_.changed != before) tell();
}

void AggregateKeeper::take(Entry& entry, Result result, Instant at) {
    AggregateView next = entry.view;
    next.error.clear();
    if (result.answer) {
        ++counters_.computed;
        next.state = "ready";
        next.value = std::move(result.answer->table);
        next.contributors = result.answer->contributors;
        next.lacking = result.answer->lacking;
    } else {
        ++counters_.failed;
        next.state = "failed";
        next.error = describe(result.answer.error());
    }
    entry.computed_at = at;
    if (!is_same(entry.view, next)) {
        ++next.revision;
        ++counters_.changed;
    }
    entry.view = std::move(next);
}

}  // namespace grapevine::daemon
