#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/endpoint.hpp"
#include "base/time.hpp"
#include "gossiperl/node.hpp"
#include "overlay/old_envelopes.hpp"
#include "overlay/statistics.hpp"

namespace grapevine::overlay {

/// An overlay of the old protocol as seen from one host: a `gossiperl::Node` that speaks bytes.
/// A machine (protocol/machine.hpp); the daemon and the simulator drive it alike.
class GossiperlOverlay {
public:
    using Via = gossiperl::Node::Via;

    struct Settings {
        std::string symmetric_key;
        gossiperl::NodeConfig node;
    };
    /// What differs from start to start.
    struct Start {
        std::vector<client::SavedSession> sessions;  ///< As loaded.
        std::array<std::uint8_t, 32> iv_secret{};    ///< Random.
        std::uint64_t seed = 0;                      ///< Of every random choice.
    };

    /// One datagram, from the socket of that side.
    struct Transmit {
        Via via = Via::overlay;
        Endpoint to;
        Bytes bytes;
    };
    using Action = std::variant<Transmit, gossiperl::Node::MemberChanged,
                                gossiperl::Node::MessageSeen, gossiperl::Node::Persist>;

    GossiperlOverlay(Settings settings, Start start, Instant now);

    // -- Inputs: one, then drain --
    void receive(Instant now, WallTime wall, Via via, const Endpoint& from, ByteView datagram);
    /// To every subscriber of `type`, local ones included. The id of the message.
    std::string publish(Instant now, WallTime wall, std::string type, Bytes payload);
    /// Once, unacknowledged, to this address.
    void send_to(Instant now, const Endpoint& to, std::string type, Bytes payload);
    void advance(Instant now, WallTime wall);
    /// A new key is valid at once, and the old one no more: peers and clients must switch together.
    void change(Instant now, Settings settings);
    void leave(Instant now, WallTime wall);

    // -- Outputs --
    [[nodiscard]] std::optional<Action> poll();
    [[nodiscard]] Instant deadline() const;

    [[nodiscard]] const gossiperl::Node& node() const { return node_; }
    [[nodiscard]] const OldEnvelopes& envelopes() const { return envelopes_; }
    [[nodiscard]] const Statistics& statistics() const { return statistics_; }
    /// For those who keep them elsewhere: what was counted since the last call.
    [[nodiscard]] std::vector<control::gossiperl::Series> take_new_statistics() {
        return statistics_.take_new();
    }

private:
    [[nodiscard]] wire::gossiperl::Letter letter_of(std::string type, Bytes payload);

    OldEnvelopes envelopes_;
    Random random_;
    gossiperl::Node node_;
    Statistics statistics_;
    Instant now_;  ///< Of the latest input: when what is polled happens.
};

}  // namespace grapevine::overlay
