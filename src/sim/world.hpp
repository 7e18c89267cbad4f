#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/random.hpp"
#include "overlay/overlay.hpp"
#include "overlay/rollout.hpp"
#include "sim/checkers.hpp"
#include "sim/disk.hpp"
#include "sim/moment.hpp"
#include "sim/network.hpp"
#include "sim/statistics.hpp"
#include "sim/timers.hpp"
#include "sim/trace.hpp"

// The other runtime: many daemons' overlays in one thread of one process, on virtual time,
// network, disks and clocks. It turns the same wheel as the real one (protocol/machine.hpp): one
// input, drain, sleep until the deadline. The network carries bytes, so codec and crypto are
// exercised too.
//
// One 64-bit seed decides everything: the same seed and the same calls give the same trace hash on
// every machine, compiler and optimisation level.
namespace grapevine::sim {

struct WorldConfig {
    std::uint64_t seed = 1;
    std::size_t hosts = 5;
    protocol::ProtocolConfig protocol;
    NetworkConfig network;
    /// How many hosts (the first ones) are named as seeds to all. 0: nobody finds anybody.
    std::size_t seeds = 3;
    /// What each host says of itself; empty: rack=r0 .. r7 in turn.
    std::function<std::vector<wire::Label>(HostIndex host)> labels;
    /// The ring that each host starts with; empty: one key for all, drawn from the seed.
    std::function<std::vector<crypto::OverlayKey>(HostIndex host)> keys;
    /// Who may sign notices.
    std::vector<crypto::PublicKey> operators;
    /// Patterns of topics that every host sends to their subscribers only.
    std::vector<std::string> subscriber_topics;
    /// See overlay::Settings::summarise.
    overlay::Summarise summarise;
    /// All hosts share one network and its multicast group, in which they announce themselves.
    bool has_multicast = false;
    /// Clocks run fast or slow by up to this, drawn for each host.
    std::int32_t drift_ppm_max = 100;
    /// Where datagrams wait while a process is stalled; more are lost. Linux's default.
    std::size_t socket_buffer_bytes = 212'992;
    /// Who sends more in a simulated second is stopped, and that is a violation. A megabyte to 30
    /// members at once takes 33,000. For each host of the world 500 are added, because a thousand
    /// that join at once all ask the same seeds.
    std::uint32_t datagrams_per_second_max = 50'000;
    /// Off only for measurements: properties are then not checked.
    bool is_checked = true;
};

/// How a process ends and what its disk keeps.
enum class Crash : std::uint8_t {
    process,    ///< The process alone: what was written stays; its port answers "unreachable".
    power,      ///< The machine: silence, and unflushed writes may be lost.
    torn,       ///< ... and the last of them may be half there or damaged.
    disk_lost,  ///< ... and it comes back with an empty disk, as somebody else.
};

class World {
public:
    explicit World(WorldConfig config);
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    // -- Time --
    [[nodiscard]] Moment now() const { return now_; }
    /// What civil time it is, to all hosts.
    [[nodiscard]] WallTime wall() const;

    // The shared map (world_state.cpp). Writes must be legal; a host that is down writes nothing.
    void put_state(HostIndex host, std::string_view key, std::string_view value);
    void erase_state(HostIndex host, std::string_view key);
    void count_state(HostIndex host, std::string_view key, std::int64_t change);
    [[nodiscard]] const protocol::SharedMap& state(HostIndex host) const;
    /// All that run hold the same, byte by byte.
    [[nodiscard]] bool has_equal_state() const;
    void run_until(Moment end);
    void run_for(Duration duration) { run_until(now_ + duration); }
    /// Runs until `predicate` holds, asked every `step`; false if it does not within `limit`.
    bool run_until(const std::function<bool()>& predicate, Duration limit,
                   Duration step = std::chrono::milliseconds(10));
    /// Calls `task` at `when`, between two inputs of hosts.
    void at(Moment when, std::function<void()> task);

    // -- Hosts --
    [[nodiscard]] std::size_t size() const { return hosts_.size(); }
    void start(HostIndex host);
    /// Starts all that are down, evenly spread over `within`.
    void start_all(Duration within);
    void kill(HostIndex host, Crash crash);
    /// Kills the host in the middle of something: after `actions` more actions of it, between two
    /// that belong together.
    void kill_after(HostIndex host, std::uint64_t actions, Crash crash);
    /// The process does nothing for this long; datagrams wait in its socket, timers are late.
    void stall(HostIndex host, Duration duration);
    /// The kernel of `host` is made to believe that the port of `about` is closed: a stray or
    /// forged ICMP message, or one of an earlier life.
    void refuse_falsely(HostIndex host, HostIndex about);
    /// Says goodbye; the process ends two seconds later.
    void leave(HostIndex host);
    void snapshot(HostIndex host);
    /// Puts the copy back under a host that is down. False if there is none.
    bool restore(HostIndex host);

    /// Called with each announcement of a host, as it leaves.
    void on_announce(std::function<void(const Bytes&)> listener) {
        on_announce_ = std::move(listener);
    }
    /// Called with each event that is delivered to a host.
    void on_deliver(std::function<void(HostIndex host, const protocol::Event& event)> listener) {
        on_deliver_ = std::move(listener);
    }
    /// Called with each action of a host that is for its users, of members and of events: what the
    /// statistics hear, too.
    void on_act(std::function<void(HostIndex host, const overlay::Overlay::Action& action)> hear) {
        on_act_ = std::move(hear);
    }
    /// What a host says to a query; nothing: it does not answer. Without it none does.
    void on_query(
        std::function<std::optional<Bytes>(HostIndex host, const protocol::Gather::Asked& asked)>
            answer) {
        on_query_ = std::move(answer);
    }
    /// An announcement of somebody who is none of the hosts, now, to all that are up.
    void announce_from_outside(const Endpoint& from, const Bytes& bytes);

    Outcome<EventSequence> publish(HostIndex host, std::string topic, Bytes payload);
    /// See overlay::Overlay::publish_at; the time of the host.
    [[nodiscard]] Instant publish_at(HostIndex host) {
        return hosts_[host].overlay->publish_at(clock(host));
    }
    /// See overlay::Overlay::set_interest.
    void set_interest(HostIndex host, const std::vector<std::string>& patterns);
    void held_up(HostIndex host) { hosts_[host].overlay->held_up(); }
    Outcome<Version> set_record(HostIndex host, std::string_view key, std::string_view value);
    Outcome<Version> erase_record(HostIndex host, std::string_view key);
    Outcome<void> forget(HostIndex host, MemberId member);
    /// See overlay::Overlay::rotate_keys; the fresh key is drawn from the seed.
    Outcome<void> rotate_keys(HostIndex host, overlay::Overlay::RotationOrder order = {});
    /// See overlay::Overlay::wipe.
    Outcome<protocol::WipeOrder> wipe(HostIndex host, const std::string& part,
                                      const crypto::Identity& signer);
    /// See overlay::Overlay::propose_settings and take_settings_back; the salt is drawn from the
    /// seed.
    Outcome<std::uint64_t> propose_settings(HostIndex host, overlay::RolloutOrder order,
                                            const crypto::Identity& signer);
    Outcome<void> take_settings_back(HostIndex host);
    /// See overlay::Overlay::set_summary and set_zone_value.
    Outcome<void> set_summary(HostIndex host, const std::string& name, const std::string& text,
                              const crypto::Identity& signer);
    Outcome<void> set_zone_value(HostIndex host, std::string_view key, std::string_view value) {
        return hosts_[host].overlay->set_zone_value(key, value);
    }
    /// Two hosts that are up and of which one seals with a key that the other does not hold; empty
    /// if there are none.
    [[nodiscard]] std::string why_no_common_key() const;
    /// See protocol::Node::ask; what comes of it is found by `gathered`.
    Outcome<std::uint64_t> ask(
        HostIndex host, const std::vector<MemberId>& targets, protocol::QuestionKind kind,
        Bytes body, Duration patience,
        protocol::Gather::Telling telling = protocol::Gather::Telling::at_the_end);
    /// See protocol::Node::estimate; what comes of it is found by `estimated`.
    Outcome<std::uint64_t> estimate(HostIndex host, protocol::Aggregates::Method method,
                                    protocol::Aggregates::Of of, std::string key);
    [[nodiscard]] const protocol::Aggregates::Estimate* estimated(HostIndex host,
                                                                  std::uint64_t run) const;
    /// The end of that question; nothing while it is open. Valid until the next one ends.
    [[nodiscard]] const protocol::Gather::Gathered* gathered(HostIndex host,
                                                             std::uint64_t number) const;

    // -- Faults of the network --
    Network& network() { return network_; }
    [[nodiscard]] const Network& network() const { return network_; }
    void partition(const std::vector<HostIndex>& island);
    void cut(const std::vector<HostIndex>& from, const std::vector<HostIndex>& to);
    void clog(HostIndex host, Duration duration);
    void heal();
    /// A datagram from whoever wants to be `from`, now.
    void inject(Datagram datagram);
    /// For drawing faults: decided by the seed, and not shared with network or hosts.
    Random& random() { return random_; }

    // -- What can be seen --
    [[nodiscard]] bool is_up(HostIndex host) const { return hosts_[host].overlay != nullptr; }
    /// Up, not on its way out.
    [[nodiscard]] bool is_member(HostIndex host) const {
        return is_up(host) && !hosts_[host].is_leaving;
    }
    [[nodiscard]] std::vector<HostIndex> members() const;
    /// Of a host that is up.
    [[nodiscard]] const overlay::Overlay& overlay(HostIndex host) const {
        return *hosts_[host].overlay;
    }
    [[nodiscard]] const protocol::Membership& membership(HostIndex host) const {
        return overlay(host).node().membership();
    }
    /// Who the host is, or was in its last life; kNobody before its first.
    [[nodiscard]] MemberId member_of(HostIndex host) const { return hosts_[host].member; }
    /// Whose identity this is; kNoHost if nobody's.
    [[nodiscard]] HostIndex host_of(MemberId member) const;
    /// The incarnation with which the present life began.
    [[nodiscard]] Incarnation born_as(HostIndex host) const { return hosts_[host].born_as; }
    /// Of the stream of events with which the present life began.
    [[nodiscard]] Epoch epoch_of(HostIndex host) const { return hosts_[host].epoch; }
    [[nodiscard]] Moment started_at(HostIndex host) const { return hosts_[host].started; }
    /// The clock of the host, as the host reads it.
    [[nodiscard]] Instant clock(HostIndex host) const { return hosts_[host].clock.at(now_); }
    /// All members hold the same view, and in it exactly they are alive.
    [[nodiscard]] bool has_converged() const;
    /// Why not, for a person; empty if it has.
    [[nodiscard]] std::string why_not_converged() const;

    [[nodiscard]] const Statistics& statistics() const { return statistics_; }
    [[nodiscard]] const Checkers& checkers() const { return checkers_; }
    /// Properties that hold at all times are checked while running; this adds those of the end: to
    /// be called when the group is whole and quiet.
    void check_settled() { checkers_.check_settled(); }
    [[nodiscard]] std::uint64_t trace_hash() const { return trace_.hash(); }
    Trace& trace() { return trace_; }
    [[nodiscard]] const WorldConfig& config() const { return config_; }

private:
    struct Host {
        std::unique_ptr<overlay::Overlay> overlay;
        HostClock clock;
        Disk disk;
        std::optional<Disk::Image> copy;
        MemberId member;
        Incarnation born_as;
        Epoch epoch;
        Moment started{};
        Moment stalled_until{};
        std::deque<Datagram> socket;  ///< Filled while stalled.
        std::size_t socket_bytes = 0;
        std::int32_t drift_ppm = 0;
        bool is_leaving = false;
        bool is_machine_up = true;  ///< A dead process on a live machine: its port answers no.
        std::uint32_t life = 0;
        std::uint32_t sent_this_second = 0;
        MemberId copy_from = kNobody;                      ///< Whose map it wants a full copy of.
        std::vector<protocol::Gather::Gathered> gathered;  ///< Of tests, so few.
        std::vector<protocol::Aggregates::Estimate> estimates;
        std::deque<protocol::Gather::Asked> asked;  ///< And not answered yet.
        std::uint64_t actions_left = UINT64_MAX;    ///< Until an arranged crash.
        Crash arranged_crash = Crash::process;
    };
    struct Task {
        Moment when;
        std::uint64_t order = 0;
        std::function<void()> run;
    };

    static bool later(const Task& a, const Task& b) {
        return a.when != b.when ? a.when > b.when : a.order > b.order;
    }
    [[nodiscard]] overlay::Settings settings_for(HostIndex host) const;
    void step();
    void run_task();
    void deliver(HostIndex host, Datagram datagram);
    void refuse(HostIndex host, const Endpoint& from);
    void receive(HostIndex host, const Datagram& datagram);
    void announce(HostIndex host, const Bytes& bytes);
    void wake(HostIndex host);
    void wake_from_stall(HostIndex host);
    /// Executes all actions of a host, then sets its timer.
    void drain(HostIndex host);
    void execute(HostIndex host, overlay::Overlay::Action action);
    bool copy_state(HostIndex index);
    bool answer_query(HostIndex host);
    void storm(HostIndex host);
    void resolve(HostIndex host, const std::string& name);
    void set_timer(HostIndex host);

    WorldConfig config_;
    Random random_;
    Random births_;  ///< Identities, boots and seeds of the hosts.
    Network network_;
    std::shared_ptr<overlay::RecordCache> records_;
    crypto::OverlayKey key_;
    std::uint64_t datagrams_per_second_max_;
    std::vector<Host> hosts_;
    std::unordered_map<MemberId, HostIndex> owners_;
    Timers timers_;
    std::vector<Task> tasks_;
    std::uint64_t task_order_ = 0;
    Moment now_{};
    Moment next_second_{};
    HostIndex last_woken_ = kNoHost;
    std::uint32_t wakes_without_progress_ = 0;
    std::function<void(const Bytes&)> on_announce_;
    std::function<void(HostIndex, const protocol::Event&)> on_deliver_;
    std::function<void(HostIndex, const overlay::Overlay::Action&)> on_act_;
    std::function<std::optional<Bytes>(HostIndex, const protocol::Gather::Asked&)> on_query_;
    Trace trace_;
    Statistics statistics_;
    Checkers checkers_;
};

}  // namespace grapevine::sim
