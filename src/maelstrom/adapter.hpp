#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <deque>
#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "base/limits.hpp"
#include "base/time.hpp"
#include "maelstrom/message.hpp"
#include "maelstrom/topology.hpp"
#include "protocol/membership/config.hpp"
#include "protocol/rumor/events.hpp"

namespace grapevine::maelstrom {

struct Settings {
    protocol::ProtocolConfig protocol{};
    Topology::Shape shape = Topology::Shape::full;
    /// Frontier digests of all nodes together; sets `protocol.frontier_interval` when their number
    /// is known. So few nodes, whose digests cost little, repair the faster.
    std::uint32_t digests_per_second = 12;
    std::size_t values_max = kMaelstromValuesMax;
};

/// Lets Maelstrom (Jepsen's workbench for distributed systems) judge our event streams: one node of
/// its protocol, lines of JSON in and out, around the `Events` that the daemon runs. A machine
/// (protocol/machine.hpp); an action is a line for standard output.
///
/// What it answers: `init`, `topology`, `echo`, `generate` (unique ids), `broadcast` and its
/// `read`, `add` and its `read` (a counter that only grows). What cannot be answered is refused
/// with an error body of Maelstrom's, and nothing has changed then; what has no sender is dropped
/// and counted.
///
/// A broadcast is an event to everybody. The counter is a row per node, which only that node
/// writes: each `add` publishes the new total of the row, and a reader adds up the greatest of
/// each. So an add that arrives twice, late or never alone (a later one holds it too) does no harm.
/// `read` means the values once there was a `topology` or a `broadcast`, which the workload of the
/// counter has not, and the counter before.
///
/// Membership is given (by `init`) and does not change, so there is no failure detection: a node
/// that is silent is asked again like any other. Packets between nodes are those of the native
/// format, in base64 and as many as there are for one node in one message, unsealed: who may write
/// to our input is trusted.
///
/// Bounds: `values_max` values of broadcasts, the newest are refused (or dropped, if others sent
/// them); kMaelstromNodesMax nodes; what `Events` says of its own.
class Adapter {
public:
    using Action = std::string;
    struct Counters {
        std::uint64_t dropped_unreadable = 0;  ///< Lines that are no messages, or packets.
        std::uint64_t dropped_unexpected = 0;  ///< Answers, and packets of nobody we know.
        std::uint64_t dropped_full = 0;        ///< Values of others beyond `values_max`.
        std::uint64_t refused = 0;             ///< Requests answered by an error.
        std::uint64_t sent = 0;                ///< Messages to other nodes.
    };

    /// `seed` also goes into the ids that `generate` gives, so no two lives may have the same.
    Adapter(Settings settings, std::uint64_t seed);

    void receive(Instant now, std::string_view line);
    void advance(Instant now);
    [[nodiscard]] std::optional<Action> poll();
    [[nodiscard]] Instant deadline() const;

    [[nodiscard]] const Counters& counters() const { return counters_; }
    /// JSON of all values that `read` would give, in the order in which they came.
    [[nodiscard]] const std::vector<std::string>& values() const { return values_; }
    [[nodiscard]] std::uint64_t counter() const;
    void check_invariants() const;

private:
    using Reply = std::expected<boost::json::object, Failure>;

    [[nodiscard]] Reply answer(Instant now, const Message& request);
    Reply init(Instant now, const Message& request);
    Reply broadcast(Instant now, const Message& request);
    Reply add(Instant now, const Message& request);
    Reply generate();
    [[nodiscard]] Reply read() const;
    Reply publish(Instant now, std::string topic, const std::string& text, const char* answer);

    void receive_packets(Instant now, const Message& message);
    void settle(Instant now);
    void deliver(const protocol::Event& event);
    void flush(MemberId to, std::vector<wire::Section>& sections);

    Settings settings_;
    std::uint64_t seed_;
    std::string name_;  ///< Empty before `init`.
    std::unique_ptr<Topology> topology_;
    std::unique_ptr<protocol::Events> events_;

    bool has_broadcasts_ = false;
    std::set<std::string> known_;
    std::vector<std::string> values_;
    std::map<MemberId, std::uint64_t> rows_;
    std::uint64_t last_id_ = 0;

    std::deque<Action> outbox_;
    Counters counters_;
};

}  // namespace grapevine::maelstrom
