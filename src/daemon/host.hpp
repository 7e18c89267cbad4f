#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "client/event_log.hpp"
#include "client/query_desk.hpp"
#include "client/sessions.hpp"
#include "control/control.hpp"
#include "daemon/aggregate_keeper.hpp"
#include "daemon/config.hpp"
#include "daemon/definitions.hpp"
#include "daemon/influx_writer.hpp"
#include "daemon/invitation.hpp"
#include "daemon/lab_room.hpp"
#include "daemon/pump.hpp"
#include "daemon/sampler.hpp"
#include "daemon/sql_thread.hpp"
#include "daemon/store_gate.hpp"
#include "daemon/workers.hpp"
#include "runtime/loop.hpp"
#include "runtime/resolver.hpp"

namespace grapevine::daemon {

/// The daemon as a whole: its overlays, and what the outside may ask of them. Lives on the thread
/// of the API; every question to an overlay travels to that overlay's thread and back.
class Host final : public control::Control {
public:
    Host(runtime::Loop& loop, Workers& workers, StoreGate& store, runtime::Resolver& resolver,
         Config config);
    ~Host() override;

    /// Statistics of every overlay go there too. Before `start`.
    void write_statistics_to(std::shared_ptr<InfluxWriter> writer) { influx_ = std::move(writer); }

    /// Starts the overlays of the configuration and those defined over the API, and calls `done`
    /// when each has started or failed. The refusals name the overlay.
    void start(std::function<void(std::vector<Refusal>)> done);

    /// Says goodbye in every overlay, then calls `done`. Bounded by OverlayPump::kFarewellMax.
    void stop(std::function<void()> done);

    /// Takes over what a new reading of the configuration says about overlays: new ones start,
    /// those that are gone leave, changed ones change. Overlays made over the API stay as they are.
    void reload(Config config);

    /// Creates or extends an overlay by an invitation, as `JoinToken` does.
    void join(const std::string& token, Callback callback);

    void submit(control::Request request, Callback callback) override;
    std::shared_ptr<control::Log> log(const std::string& overlay) override;
    std::shared_ptr<control::Aggregates> aggregates(const std::string& overlay) override;
    std::shared_ptr<void> query(control::AskQuery wanted, control::QueryTaker take) override;
    Outcome<std::shared_ptr<void>> serve(const std::string& overlay, const std::string& name,
                                         control::CallTaker take) override;
    control::Lab* lab() override { return is_stopping_ ? nullptr : &lab_; }

    /// Bound addresses of running overlays, by name.
    [[nodiscard]] std::map<std::string, std::string> bound() const;

private:
    enum class State { starting, running, left };
    /// Who defined it, and so who may change it and how long it lives: `session` overlays came over
    /// the old REST API and end with the daemon, as they did in the original.
    enum class Origin { file, api, session };
    struct Entry {
        control::OverlaySpec spec;
        Origin origin = Origin::file;
        State state = State::starting;
        runtime::Loop* worker = nullptr;
        std::shared_ptr<OverlayPump> pump;  ///< Only touched, and destroyed, on `worker`.
        std::shared_ptr<client::EventLog> log;
        std::shared_ptr<client::QueryDesk> desk;
        std::string bound;
        sql::Engine::Counters sql;                    ///< Of statements of users.
        std::shared_ptr<AggregateKeeper> aggregates;  ///< Of a native overlay.
    };
    using SnapshotDone = AggregateKeeper::SnapshotDone;
    using Question = std::function<Outcome<control::Answer>(OverlayPump&)>;
    /// One that is not answered at once: calls back once, on the thread of the overlay.
    using Inquiry = std::function<void(OverlayPump&, Callback)>;

    void handle(control::Info request, Callback callback);
    void handle(control::ListOverlays request, Callback callback);
    void handle(control::ShowOverlay request, Callback callback);
    void handle(control::CreateOverlay request, Callback callback);
    void handle(control::ChangeOverlay request, Callback callback);
    void handle(control::RemoveOverlay request, Callback callback);
    void handle(control::ListMembers request, Callback callback);
    void handle(control::ShowMember request, Callback callback);
    void handle(control::ShowRoundTrip request, Callback callback);
    void handle(control::ShowReachability request, Callback callback);
    void handle(control::ShowTopology request, Callback callback);
    void handle(control::ForgetMember request, Callback callback);
    void handle(control::GetRecord request, Callback callback);
    void handle(control::SetRecord request, Callback callback);
    void handle(control::EraseRecord request, Callback callback);
    void handle(control::JoinSeeds request, Callback callback);
    void handle(control::JoinToken request, Callback callback);
    void handle(control::LeaveOverlay request, Callback callback);
    void handle(control::Invite request, Callback callback);
    void handle(control::Publish request, Callback callback);
    void handle(control::TraceEvent request, Callback callback);
    void handle(control::StateCommand request, Callback callback);
    void handle(control::AnswerQuery request, Callback callback);
    void handle(control::ShowEstimate request, Callback callback);
    void handle(control::Metrics request, Callback callback);
    void handle(control::RunSql request, Callback callback);
    void handle(control::ListAggregates request, Callback callback);
    void handle(control::ShowAggregate request, Callback callback);
    void handle(control::SetAggregate request, Callback callback);
    void handle(control::EraseAggregate request, Callback callback);
    void handle(control::ShowKeys request, Callback callback);
    void handle(control::RotateKeys request, Callback callback);
    void handle(control::Wipe request, Callback callback);
    void handle(control::ListWipes request, Callback callback);
    void handle(control::ShowRollout request, Callback callback);
    void handle(control::ProposeRollout request, Callback callback);
    void handle(control::ReturnRollout request, Callback callback);
    void handle(control::ShowSummary request, Callback callback);
    void handle(control::SetSummary request, Callback callback);
    void handle(control::SetZoneValue request, Callback callback);
    void handle(control::gossiperl::ShowSettings request, Callback callback);
    void handle(control::gossiperl::Create request, Callback callback);
    void handle(control::gossiperl::Change request, Callback callback);
    void handle(control::gossiperl::ListMembers request, Callback callback);
    void handle(control::gossiperl::ListSubscriptions request, Callback callback);
    void handle(control::gossiperl::ShowStatistics request, Callback callback);
    void handle(control::gossiperl::SendDigest request, Callback callback);

    /// Starts the overlay of `entry` on its worker; `callback` gets its view or the refusal.
    void open(const std::string& name, Callback callback);
    void open_native(const std::string& name, Callback callback);
    void open_gossiperl(const std::string& name, Callback callback);
    /// Runs `make` on the overlay's worker and takes the pump that it makes.
    using MakePump = std::function<Outcome<std::unique_ptr<OverlayPump>>(OverlayPump::Sinks)>;
    void launch(const std::string& name, MakePump make, Callback callback);
    // -- Queries (host_queries.cpp) --
    [[nodiscard]] std::shared_ptr<client::QueryDesk> make_desk(const std::string& name);
    [[nodiscard]] std::function<void(client::QueryDesk::Query)> query_sink(const std::string& name);
    void tell_query(std::uint64_t ticket, Outcome<control::QueryItem> item);
    void end_query(const std::string& overlay, std::uint64_t ticket);

    /// Tells the overlay what its readers want.
    void tell_interest(const std::string& name);
    /// Samples what its overlay says, from now on; nothing if it does not run.
    void sample(const std::string& name);
    void keep_aggregates(const std::string& name);
    Outcome<AggregateKeeper*> find_aggregates(const std::string& overlay);
    Outcome<std::vector<client::SavedSession>> stored_sessions(const std::string& name);
    Outcome<void> erase_stored(const std::string& name);
    /// Ends the pump, with or without a farewell, then calls `done` here.
    enum class Farewell { yes, no };
    void close(Entry& entry, Farewell farewell, std::function<void()> done);
    void change(const std::string& name, const control::OverlaySpec& next, Callback callback);
    Outcome<Entry*> find_running(const std::string& overlay);
    void ask(const std::string& overlay, Question question, Callback callback);
    void inquire(const std::string& overlay, Inquiry inquiry, Callback callback);
    /// Calls `done` once, here, unless we end before.
    void take_snapshot(const std::string& overlay, sql::TableSet tables, SnapshotDone done);
    void add_own_metrics(const std::string& overlay, sql::Snapshot& rows) const;
    void run_statement(std::shared_ptr<const control::RunSql> wanted, TakenSnapshot rows,
                       Callback answered);
    void count_statement(const std::string& overlay, const sql::Engine::Counters& before,
                         const sql::Engine::Counters& after);
    void collect(std::function<void(std::vector<control::OverlayView>)> done);
    /// Refuses what only native overlays can: seeds by name, invitations, changes over version 1.
    static Outcome<void> check_native(const Entry& entry);
    [[nodiscard]] Outcome<Entry*> find(const std::string& overlay);
    [[nodiscard]] control::OverlayView stub_view(const Entry& entry) const;
    void complete_view(control::OverlayView& view, const Entry& entry) const;
    void create(control::OverlaySpec spec, Origin origin, Callback callback);
    /// Of an overlay that we are in already.
    void add_seeds(const Invitation& invitation, Callback callback);
    /// As create(), for who did not say where: takes `port` or the next above that is free.
    void create_from_port(control::OverlaySpec spec, Origin origin, std::uint16_t port,
                          Callback callback);

    runtime::Loop& loop_;
    Workers& workers_;
    StoreGate& store_;
    runtime::Resolver& resolver_;
    Config config_;
    Definitions definitions_;
    std::shared_ptr<InfluxWriter> influx_;
    std::size_t sql_waiting_ = 0;  ///< Statements of users that are not answered.
    /// Before what uses them, which ends first. Of users, and of aggregates: those must not wait
    /// for a user's heavy statement.
    SqlThread sql_thread_;
    SqlThread aggregating_;
    Sampler sampler_;
    LabRoom lab_;
    std::map<std::string, Entry> entries_;
    /// Who waits for answers to which query; kGathersMax per overlay, as many as it has open.
    std::map<std::uint64_t, std::shared_ptr<control::QueryTaker>> queries_;
    std::uint64_t next_query_ = 1;
    bool is_started_ = false;
    bool is_stopping_ = false;
    std::shared_ptr<Host*> self_;
};

/// Prometheus text of what `views` and `info` say.
std::string render_metrics(const std::vector<control::OverlayView>& views,
                           const control::InfoView& info);

/// Resident memory of this process, from /proc.
std::int64_t resident_bytes();

}  // namespace grapevine::daemon
