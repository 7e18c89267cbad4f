#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/endpoint.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "control/control.hpp"
#include "daemon/client_door.hpp"
#include "daemon/group_sockets.hpp"
#include "daemon/overlay_pump.hpp"
#include "daemon/publish_queue.hpp"
#include "daemon/query_run.hpp"
#include "daemon/record_ages.hpp"
#include "daemon/state_copy.hpp"
#include "daemon/zone_evaluator.hpp"
#include "overlay/overlay.hpp"
#include "overlay/statistics.hpp"
#include "runtime/loop.hpp"
#include "runtime/resolver.hpp"
#include "runtime/udp_socket.hpp"
#include "storage/batch.hpp"

namespace grapevine::daemon {

/// Drives one native overlay: datagrams, time and commands in; datagrams, writes and news out.
/// Lives on the thread of its loop; nothing in it is shared.
class Pump final : public OverlayPump {
public:
    /// Binds `bind`, then starts the overlay with the real port in its addresses: those of
    /// `settings` (a port 0 becomes the bound one), or, if there are none, those of this host that
    /// `bind` covers.
    static Outcome<std::unique_ptr<Pump>> open(runtime::Loop& loop, runtime::Resolver& resolver,
                                               const Endpoint& bind, overlay::Settings settings,
                                               overlay::Start start, Sinks sinks);
    ~Pump() override;

    /// Who of the applications with a client library of the old protocol is served, and how.
    struct Clients {
        std::string symmetric_key;
        std::uint16_t port = 0;  ///< On loopback.
        bool is_local_delivery = false;
        std::vector<client::SavedSession> saved;  ///< Of an earlier start.
    };
    /// Serves them from now on. To be called right after `open`: clients hear of every member.
    Outcome<void> open_clients(Clients clients);

    Outcome<control::PublishReceipt> publish(control::Publish wanted) override;
    void publish_in_turn(control::Publish wanted, Published done) override;
    void set_interest(std::vector<std::string> patterns) override;
    Outcome<control::KeyValue> set_record(const std::string& key,
                                          const std::string& value) override;
    Outcome<void> erase_record(const std::string& key) override;
    Outcome<void> forget(const std::string& member) override;
    [[nodiscard]] std::vector<KeyText> ring() const override;
    [[nodiscard]] Outcome<control::KeysView> keys() const override;
    Outcome<control::KeysView> rotate_keys(const control::RotateKeys& wanted) override;
    Outcome<control::WipeView> wipe(const control::Wipe& wanted) override;
    [[nodiscard]] std::vector<control::WipeView> wipes() const override;
    [[nodiscard]] Outcome<control::RolloutView> rollout() const override;
    Outcome<control::RolloutView> propose_rollout(const control::ProposeRollout& wanted) override;
    Outcome<control::RolloutView> return_rollout() override;
    [[nodiscard]] Outcome<control::SummaryView> summary() const override;
    Outcome<control::SummaryView> set_summary(const control::SetSummary& wanted) override;
    Outcome<control::SummaryView> set_zone_value(const control::SetZoneValue& wanted) override;
    Outcome<control::MemberView> member(const std::string& member) const override;
    Outcome<control::RecordView> record(const std::string& member) const override;
    void round_trip(const std::string& from, const std::string& to, RoundTripDone done) override;
    void reachability(Duration age_max, ReachabilityDone done) override;
    [[nodiscard]] std::vector<control::MemberView> members() const override;
    [[nodiscard]] Outcome<sql::Snapshot> snapshot(sql::TableSet tables) const override;
    [[nodiscard]] control::OverlayView view() const override;
    [[nodiscard]] Outcome<control::gossiperl::StatisticsView> statistics(
        const std::string& window) const override;
    void change(const control::OverlaySpec& before, const control::OverlaySpec& after) override;
    Outcome<void> join(const std::vector<std::string>& seeds) override;
    void trace(const control::TraceEvent& wanted,
               std::function<void(Outcome<control::TraceView>)> done) override;
    Outcome<control::Answer> state(const control::StateCommand& command) override;
    void estimate(const control::ShowEstimate& wanted,
                  std::function<void(Outcome<control::EstimateView>)> done) override;
    [[nodiscard]] Outcome<control::TopologyView> topology() const override;
    void query(std::uint64_t ticket, control::AskQuery wanted, control::QueryTaker take) override;
    void end_query(std::uint64_t ticket) override;
    void answer_query(MemberId to, std::uint64_t number, client::QueryDesk::Verdict verdict,
                      Bytes payload) override;
    void leave(std::function<void()> done) override;
    [[nodiscard]] const Endpoint& bound() const override;

    using Gathered = overlay::Overlay::Gathered;
    /// Puts a question to `targets` and calls `done` once, on this thread: with the answers, or
    /// with the refusal (see `protocol::Node::ask`), also if the overlay ends before.
    void ask(const std::vector<MemberId>& targets, protocol::QuestionKind kind, Bytes body,
             Duration patience, std::function<void(Outcome<Gathered>)> done);

private:
    Pump(runtime::Loop& loop, runtime::Resolver& resolver, Sinks sinks);
    void start(overlay::Settings settings, overlay::Start start);
    void on_received(std::span<const runtime::Received> datagrams);
    void on_unreachable(const Endpoint& to);
    void on_announcement(const Endpoint& from, ByteView bytes);
    void follow_addresses();
    void on_timer();
    /// `perform`, then `settle`.
    Outcome<void> drain();
    /// Does what the overlay wants; the refusal of the first write that failed. What is to be sent
    /// or told waits for `settle`, which one batch of datagrams needs only once.
    Outcome<void> perform(Instant now);
    void settle();
    void arm();
    Outcome<void> persist(const storage::Batch& batch);
    void resolve(const std::string& name);
    void on_gathered(Gathered gathered);
    // pump_queries.cpp
    void on_answered(const overlay::Overlay::Answered& answered);
    void on_asked(overlay::Overlay::Asked asked);
    bool on_query_end(const Gathered& gathered);
    void on_estimated(const overlay::Overlay::Estimated& told);
    [[nodiscard]] Bytes built_in_answer(std::string_view name) const;
    void reply(MemberId to, std::uint64_t number, const protocol::QueryReply& what);
    /// Tells the overlay what civil time it is at `now`.
    void tell_wall(Instant now);
    [[nodiscard]] static control::LogItem::Event log_item_of(
        const overlay::Overlay::EventDelivered& delivered);
    void note(control::LogItem::What what);
    void note_state(const overlay::Overlay::StateChanged& changed);
    void note_reload(const overlay::Overlay::StateReloaded& reloaded);
    Outcome<void> save(const storage::Batch& batch);
    void open_copies();
    void keep_unsaved(const storage::Batch& batch);
    Outcome<void> check_store();
    [[nodiscard]] Outcome<control::Answer> list_state(
        Instant now, const control::StateCommand::List& list) const;
    void keys_changed(const overlay::Overlay::KeysChanged& changed);
    void config_changed(const overlay::Overlay::ConfigChanged& changed);
    Outcome<MemberId> find_awaited(const std::string& member) const;
    [[nodiscard]] Instant publish_at(Instant now);
    Outcome<MemberId> find(const std::string& member) const;
    void add_records(sql::Snapshot& rows) const;
    void add_state(sql::Snapshot& rows) const;
    void add_zones(sql::Snapshot& rows) const;
    overlay::Summarise summarise();
    [[nodiscard]] control::MemberView view_of_member(const protocol::Member& member) const;
    [[nodiscard]] control::RoundTripView round_trip_view(MemberId from, MemberId to) const;
    static void add_measured(control::RoundTripView& view, MemberId start, MemberId end,
                             const Gathered& gathered);
    void finish_reachability(const Outcome<control::ReachabilityView>& outcome);
    /// Told again by peers after our start, though old clients may have had it before.
    [[nodiscard]] bool is_refill(const protocol::Event& event) const;
    void tell_clients(const protocol::Event& event);
    void tell_interest();
    void wait_for_farewell(Instant until, std::function<void()> done);

    runtime::Loop& loop_;
    runtime::Resolver& resolver_;
    Sinks sinks_;
    Instant started_at_;
    WallTime started_wall_;
    std::optional<runtime::UdpSocket> socket_;
    std::shared_ptr<ZoneEvaluator> zone_evaluator_;
    std::unique_ptr<overlay::Overlay> overlay_;
    overlay::Statistics statistics_;
    std::optional<StatisticsFeed> statistics_feed_;
    std::unique_ptr<ClientDoor> clients_;
    std::vector<std::string> reader_topics_;
    std::vector<std::string> told_interest_;
    bool is_publishing_for_others_ = false;  ///< And not for one of `clients_`.
    std::optional<GroupSockets> groups_;     ///< If the settings name any.
    PublishQueue publishes_;
    runtime::Timer timer_;
    Instant armed_at_{};
    runtime::Timer farewell_timer_;
    std::vector<control::LogItem> news_;
    RecordAges record_ages_;
    /// Who waits for the answers to which question; as many as the node has open.
    std::map<std::uint64_t, std::function<void(Outcome<Gathered>)>> gathering_;
    /// Who waits for which estimate; kAggregateRunsMax.
    struct Estimating {
        control::EstimateView view;
        Instant begun{};
        std::function<void(Outcome<control::EstimateView>)> done;
    };
    std::map<std::uint64_t, Estimating> estimating_;
    std::map<std::uint64_t, QueryRun> queries_;    ///< By the number of the question.
    std::vector<ReachabilityDone> reach_waiting_;  ///< For the one matrix that is being made.
    bool is_store_failing_ = false;
    std::optional<StateCopies> copies_;
    std::map<std::string, storage::Write> unsaved_;  ///< Of the shared map, by key of the store.
    bool is_bucket_unsaved_ = false;                 ///< And before them, that all goes.
    bool are_addresses_ours_ = false;                ///< Found by us, not given by the user.
    /// Callbacks that come after our end find nobody.
    std::shared_ptr<Pump*> self_;
};

}  // namespace grapevine::daemon
