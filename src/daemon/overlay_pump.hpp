#pragma once

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "base/endpoint.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"
#include "client/query_desk.hpp"
#include "control/control.hpp"
#include "daemon/overlay_spec.hpp"
#include "daemon/statistics_feed.hpp"
#include "sql/snapshot.hpp"
#include "storage/batch.hpp"

namespace grapevine::daemon {

/// What drives one overlay of either protocol, as the host sees it. Lives on the thread of its
/// loop; nothing in it is shared. What a protocol does not have is refused, saying so.
class OverlayPump {
public:
    struct Sinks {
        /// Must have happened when it returns; a refusal is reported to whoever asked for the
        /// change.
        std::function<Outcome<void>(const storage::Batch&)> persist;
        /// What happened, in order, since the last call. Called at the end of an input, on this
        /// thread.
        std::function<void(std::vector<control::LogItem>)> news;
        /// What was counted in the last second; empty: nobody wants to know.
        StatisticsFeed::Sink statistics;
        /// Queries to the applications that are attached here; answered by `answer_query`.
        std::function<void(client::QueryDesk::Query)> query;
    };

    OverlayPump() = default;
    virtual ~OverlayPump() = default;
    OverlayPump(const OverlayPump&) = delete;
    OverlayPump& operator=(const OverlayPump&) = delete;

    // -- Of every overlay --
    virtual Outcome<control::PublishReceipt> publish(control::Publish wanted) = 0;
    /// The same when everybody can keep up with it: calls `done` at once, or here later,
    /// exactly once.
    using Published = std::function<void(Outcome<control::PublishReceipt>)>;
    virtual void publish_in_turn(control::Publish wanted, Published done);
    virtual Outcome<control::MemberView> member(const std::string& member) const = 0;
    [[nodiscard]] virtual std::vector<control::MemberView> members() const = 0;
    [[nodiscard]] virtual control::OverlayView view() const = 0;
    [[nodiscard]] virtual Outcome<control::gossiperl::StatisticsView> statistics(
        const std::string& window) const = 0;
    /// From `before` to `after`, which differ in nothing that needs another socket.
    virtual void change(const control::OverlaySpec& before, const control::OverlaySpec& after) = 0;
    /// Says goodbye, and calls `done` when the news has had time to spread or nobody is there to
    /// hear it. Bounded: kFarewellMax.
    virtual void leave(std::function<void()> done) = 0;
    static constexpr Duration kFarewellMax = std::chrono::seconds(1);
    [[nodiscard]] virtual const Endpoint& bound() const = 0;

    /// What is read here, as patterns of topics. Nothing to do where all events come to everybody.
    virtual void set_interest(std::vector<std::string> patterns) { (void)patterns; }

    // -- Of native overlays --
    virtual Outcome<control::KeyValue> set_record(const std::string& key, const std::string& value);
    virtual Outcome<void> erase_record(const std::string& key);
    virtual Outcome<control::RecordView> record(const std::string& member) const;
    /// Called once, on the thread of the overlay, now or later.
    using RoundTripDone = std::function<void(Outcome<control::RoundTripView>)>;
    using ReachabilityDone = std::function<void(Outcome<control::ReachabilityView>)>;
    /// Asks the two, if it is not known here.
    virtual void round_trip(const std::string& from, const std::string& to, RoundTripDone done);
    /// Asks all members; what they found out longer ago than `age_max` they find out anew.
    virtual void reachability(Duration age_max, ReachabilityDone done);
    /// The rows of these tables, but for events, which the log has.
    [[nodiscard]] virtual Outcome<sql::Snapshot> snapshot(sql::TableSet tables) const;
    virtual Outcome<void> forget(const std::string& member);
    /// The keys that are valid, the first to seal with: secrets.
    [[nodiscard]] virtual std::vector<KeyText> ring() const { return {}; }
    [[nodiscard]] virtual Outcome<control::KeysView> keys() const;
    virtual Outcome<control::KeysView> rotate_keys(const control::RotateKeys& wanted);
    virtual Outcome<control::WipeView> wipe(const control::Wipe& wanted);
    [[nodiscard]] virtual std::vector<control::WipeView> wipes() const { return {}; }
    [[nodiscard]] virtual Outcome<control::RolloutView> rollout() const;
    virtual Outcome<control::RolloutView> propose_rollout(const control::ProposeRollout& wanted);
    virtual Outcome<control::RolloutView> return_rollout();
    [[nodiscard]] virtual Outcome<control::SummaryView> summary() const;
    virtual Outcome<control::SummaryView> set_summary(const control::SetSummary& wanted);
    virtual Outcome<control::SummaryView> set_zone_value(const control::SetZoneValue& wanted);
    virtual Outcome<void> join(const std::vector<std::string>& seeds);
    /// Calls `done` once, on this thread, at the end of the overlay at the latest.
    virtual void trace(const control::TraceEvent& wanted,
                       std::function<void(Outcome<control::TraceView>)> done);

    /// Reads or changes the shared map.
    virtual Outcome<control::Answer> state(const control::StateCommand& command);
    /// Calls `done` once, on this thread, at the end of the overlay at the latest.
    virtual void estimate(const control::ShowEstimate& wanted,
                          std::function<void(Outcome<control::EstimateView>)> done);
    /// Asks members; calls `take` on this thread, at the end of the overlay at the latest with the
    /// last item or a refusal. `ticket` is for `end_query`, and unique in the daemon.
    virtual void query(std::uint64_t ticket, control::AskQuery wanted, control::QueryTaker take);
    /// Nobody wants to know any more: `take` is not called again.
    virtual void end_query(std::uint64_t ticket) { (void)ticket; }
    /// What came of a query given to the sink.
    virtual void answer_query(MemberId to, std::uint64_t number, client::QueryDesk::Verdict verdict,
                              Bytes payload);

    [[nodiscard]] virtual Outcome<control::TopologyView> topology() const;

    // -- Of overlays of the old protocol --
    virtual Outcome<control::gossiperl::Settings> old_settings() const;
    virtual Outcome<std::vector<control::gossiperl::MemberView>> old_members() const;
    virtual Outcome<std::vector<control::gossiperl::SubscriptionView>> old_subscriptions() const;
    virtual Outcome<void> send_digest(const std::string& type, Bytes payload,
                                      const std::optional<std::string>& recipient);
};

}  // namespace grapevine::daemon
