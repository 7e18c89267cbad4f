#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "control/control.hpp"
#include "daemon/definition_source.hpp"
#include "daemon/sql_thread.hpp"
#include "runtime/loop.hpp"

namespace grapevine::daemon {

/// The rows of an overlay at one moment. `rows` need not be arranged.
struct TakenSnapshot {
    std::shared_ptr<sql::Snapshot> rows;
    Instant at;
};

/// Keeps the named aggregates of one overlay up to date on this member.
///
/// Every member computes every aggregate by itself, over the records that are replicated to it
/// anyway: exact, idempotent, and nothing travels but the definition. (Protocols that aggregate on
/// the way, as push-sum and Astrolabe do, pay with rounds and error for not having all records
/// everywhere; up to a few thousand members these are here.)
///
/// Something that an aggregate reads changes -> it is due -> after `kPause` at most a round: one
/// snapshot of what all due aggregates read, taken on the overlay's thread; all of them computed on
/// another; values that differ from the last are told. A round begins no sooner than the one before
/// took, after its end, so that computing takes half of a thread at most, whatever the number of
/// members and definitions. With statements that read metrics or zones, which nobody tells the
/// changes of, a round is due every `kUntoldPause`.
///
/// A definition that cannot be read or computed is shown as failed, with the reason, and is tried
/// again when it or something that it reads changes.
///
/// Lives on the thread of the API. At most kAggregatesMax definitions are computed.
class AggregateKeeper final : public control::Aggregates {
public:
    /// Between the beginnings of two rounds: a fifth of the second in which a change must be seen.
    static constexpr Duration kPause = std::chrono::milliseconds(200);
    static constexpr Duration kUntoldPause = std::chrono::seconds(5);

    /// Gives the rows of these tables, once, later, on this thread; or why not.
    using SnapshotDone = std::function<void(Outcome<TakenSnapshot>)>;
    using TakeSnapshot = std::function<void(sql::TableSet, SnapshotDone)>;

    /// `thread` outlives the keeper.
    AggregateKeeper(runtime::Loop& loop, SqlThread& thread,
                    std::unique_ptr<DefinitionSource> source, TakeSnapshot take);
    ~AggregateKeeper() override;

    /// Checks it, brings it to all members, and answers with its view. Refused: what
    /// `sql::check_aggregate` or the engine refuses, and one too many.
    using SetDone = std::function<void(Outcome<control::AggregateView>)>;
    void set(control::AggregateSpec spec, SetDone done);
    void erase(const std::string& name, DefinitionSource::Done done);

    [[nodiscard]] std::vector<control::AggregateView> list() const;
    [[nodiscard]] std::optional<control::AggregateView> find(
        const std::string& name) const override;
    [[nodiscard]] std::shared_ptr<void> on_change(std::function<void()> wake) override;

    /// Something has happened in the overlay.
    void note(const control::LogItem& item);
    /// Something in this table has changed.
    void note(sql::Table table);
    /// The overlay has (re)started: everything may be different.
    void refresh();

    struct Counters {
        std::uint64_t rounds = 0;
        std::uint64_t computed = 0;
        std::uint64_t failed = 0;
        std::uint64_t changed = 0;  ///< Values that were told.
    };
    [[nodiscard]] const Counters& counters() const { return counters_; }
    [[nodiscard]] std::size_t size() const { return entries_.size(); }

private:
    struct Entry {
        std::string text;  ///< Of the definition.
        control::AggregateView view;
        /// What it reads; nothing: not known yet, or it cannot be computed at all.
        std::optional<sql::TableSet> tables;
        std::optional<std::vector<std::string>> keys;  ///< Of records; nothing: any.
        Instant computed_at{};
        bool is_due = false;
        /// Tells a result for an earlier definition of the name from one for this.
        std::uint64_t generation = 0;
    };
    struct Job;
    struct Result;

    void put(const control::AggregateSpec& spec, SetDone done);
    void on_definitions();
    void on_untold();
    void define(const std::string& name, const std::string& text);
    void learn_tables(const std::string& name);
    void fail(Entry& entry, const Refusal& refusal);
    void arm();
    void begin_round();
    void compute(std::vector<Job> jobs, TakenSnapshot rows);
    void end_round(std::vector<Result> results, Instant at);
    void take(Entry& entry, Result result, Instant at);
    void tell();
    [[nodiscard]] control::AggregateView present(const Entry& entry) const;
    [[nodiscard]] static bool reads_any(const Entry& entry, const control::LogItem::Record& record);

    runtime::Loop& loop_;
    SqlThread& thread_;
    std::unique_ptr<DefinitionSource> source_;
    TakeSnapshot take_;
    std::map<std::string, Entry> entries_;
    std::vector<std::weak_ptr<std::function<void()>>> wakes_;
    std::uint64_t generation_ = 0;
    runtime::Timer timer_;
    runtime::Timer untold_timer_;
    Instant round_at_{};  ///< The next begins no sooner.
    Instant round_began_{};
    bool is_computing_ = false;
    bool has_warned_ = false;
    Counters counters_;
    /// Callbacks that come after our end find nobody.
    std::shared_ptr<AggregateKeeper*> self_;
};

}  // namespace grapevine::daemon
