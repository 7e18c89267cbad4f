#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "base/limits.hpp"
#include "base/time.hpp"
#include "protocol/membership/config.hpp"
#include "sim/network.hpp"
#include "sim/violation.hpp"

// Scenarios: small TOML files that say what happens to a group of simulated members and what must
// come of it. `lab/scenarios/` ships some; `docs/reference/scenarios.md` lists every key.
namespace grapevine::sim {

/// Which members a step is about.
struct Target {
    enum class Kind : std::uint8_t {
        all,
        listed,    ///< `hosts`, by index from 0.
        random,    ///< `count` of those that are up.
        fraction,  ///< That part of all members, at random.
    };
    Kind kind = Kind::all;
    std::vector<HostIndex> hosts;
    std::size_t count = 1;
    double fraction = 0;
};

/// One thing that is done at a given time.
struct Step {
    enum class Do : std::uint8_t {
        kill,       ///< Stops the process without a word; `crash` says what the disk keeps.
        restart,    ///< Starts `target` again (all that are down if none is named).
        partition,  ///< Cuts `target` off from the others, both ways.
        isolate,    ///< Cuts what others send to `target`, one way: it can speak and not hear.
        heal,       ///< Removes partitions, clogs and losses.
        stall,      ///< The process of `target` does nothing for `lasting`.
        clog,       ///< Datagrams to and from `target` are held for `lasting`.
        loss,       ///< Sets the overall loss to `value`; with a target: loss of what it receives.
        outbound_loss,  ///< Sets the loss of what `target` sends to `value`.
        leave,          ///< `target` says goodbye and stops.
        publish,        ///< Each of `target` publishes `value` events per second for `lasting`.
        record,         ///< Each of `target` sets one of its keys, `value` times per second.
        erase,          ///< Each of `target` erases one of its keys.
        snapshot,       ///< Copies the disks of `target`.
        restore,        ///< Kills `target`, puts the copies back and starts it again.
        replay,         ///< Sends every recorded datagram again: see `from`.
        chaos,  ///< Random faults of all kinds for `lasting`, drawn from the seed; then heals.
    };
    enum class Crash : std::uint8_t { process, power, torn, disk_lost };
    /// From whose address recorded datagrams are replayed and to whom they go.
    enum class Replay : std::uint8_t { as_sent, other_address, other_member };

    Duration at{};
    Do what = Do::heal;
    Target target;
    Duration lasting{};
    double value = 0;
    Crash crash = Crash::process;
    Replay replay = Replay::as_sent;
    std::size_t payload_bytes = 64;
};

/// What must be true at the end. Absent: not asked.
struct Expectations {
    std::optional<Duration> converged_within;     ///< After the start, all members agree.
    std::optional<Duration> healed_within;        ///< After the last step, all live members agree.
    std::optional<Duration> detected_within;      ///< A kill is known to every live member.
    std::optional<Duration> detected_not_before;  ///< ... and to nobody before this.
    std::optional<std::uint64_t> false_deaths_max;
    std::optional<std::uint64_t> gaps;             ///< Exactly so many, over all subscribers.
    std::optional<std::uint64_t> undelivered_max;  ///< Events that a subscriber should have.
    std::optional<double> bytes_per_second_max;    ///< Sent by a member, on the average.
};

struct Scenario {
    std::string name;
    std::string description;
    std::size_t members = 5;
    protocol::Profile profile = protocol::Profile::lan;
    std::optional<protocol::DetectorKind> detector;  ///< Absent: the profile's.
    protocol::Dissemination dissemination = protocol::Dissemination::tree;
    Duration duration = std::chrono::seconds(60);
    /// Members start evenly spread over this time.
    Duration start_within = std::chrono::seconds(1);
    /// How many of the members are named as seeds to all.
    std::size_t seeds = 3;
    std::int32_t drift_ppm_max = 100;
    NetworkConfig network;
    std::vector<Step> steps;  ///< In the order of their times.
    Expectations expect;
};

/// Unknown keys are refused with the nearest known one. `origin` names the file in messages.
Outcome<Scenario> parse_scenario(std::string_view toml, std::string_view origin);

/// What the user of `grapevine sim` may change.
struct Overrides {
    std::uint64_t seed = 1;
    std::optional<std::size_t> members;
    std::optional<protocol::DetectorKind> detector;
};

/// One kill, as the survivors saw it.
struct Detection {
    HostIndex host = 0;
    Duration killed_at{};
    std::size_t observers = 0;      ///< Members that should notice.
    std::size_t informed = 0;       ///< ... that did before the end, or before it came back.
    std::optional<Duration> first;  ///< From the kill until the first of them knew.
    std::optional<Duration> last;   ///< ... until all of them knew.
};

struct Report {
    std::string scenario;
    std::uint64_t seed = 0;
    std::size_t members = 0;
    /// Of every delivered datagram, action and fault, in order. Equal runs have equal hashes.
    std::uint64_t trace_hash = 0;
    double simulated_seconds = 0;
    std::uint64_t datagrams = 0;  ///< Sent.
    std::uint64_t bytes = 0;      ///< Sent, with 28 bytes of IP and UDP headers each.
    double bytes_per_member_second = 0;
    std::optional<Duration> converged_after;  ///< From the start until all members agreed.
    std::optional<Duration> healed_after;     ///< From the last step until all live ones agreed.
    std::vector<Detection> detections;
    std::uint64_t false_deaths = 0;  ///< Lives of running members that somebody declared dead.
    std::uint64_t suspicions = 0;    ///< Lives that somebody suspected.
    std::uint64_t events_published = 0;
    std::uint64_t events_expected = 0;  ///< Deliveries due: of members that were up all the while.
    std::uint64_t events_delivered = 0;
    std::uint64_t gaps = 0;         ///< Explicit gaps told to subscribers.
    std::uint64_t events_lost = 0;  ///< Events inside these gaps.
    std::optional<Duration> delivery_p50;
    std::optional<Duration> delivery_p99;
    std::vector<Violation> violations;  ///< Properties of the protocol that did not hold.
    std::vector<std::string> unmet;     ///< Expectations of the scenario that did not come true.

    [[nodiscard]] bool is_ok() const { return violations.empty() && unmet.empty(); }
};

/// Runs `scenario` from one seed. `trace` gets one JSON object a line; null: none.
Report run_scenario(const Scenario& scenario, const Overrides& overrides, std::ostream* trace);

}  // namespace grapevine::sim
