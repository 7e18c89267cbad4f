#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/endpoint.hpp"
#include "base/random.hpp"
#include "crypto/gossiperl/cipher.hpp"
#include "sim/moment.hpp"
#include "wire/gossiperl/messages.hpp"

namespace grapevine::sim {

/// A daemon as the original was, faults included, for ours to survive:
///
///  - believes every heartbeat that it is told, whatever clock made it and even back in time;
///  - forwards what comes from one daemon to all other subscribers, and remembers no ids;
///  - forwards the padding along with the message, and adds to it;
///  - sends again for ever to who does not acknowledge;
///  - tells daemons of member events if they ask for it;
///  - crashes on four types of messages: it forgets everything, and from then on makes every round
///    twice. `forget` does the same.
///
/// It has one listener of its own, always there, for each of `event_types`. Time is the world's;
/// what its clock shows is told.
class OriginalDaemon {
public:
    struct Config {
        std::string name;
        std::string secret;
        std::string symmetric_key;
        Endpoint address;
        std::vector<Endpoint> seeds;
        std::optional<Endpoint> group;
        std::vector<std::string> event_types;
        Duration gossip_round_every = std::chrono::seconds(2);
        std::int64_t quarantine_after = 20;
        std::int64_t max_quarantined = 10;
        std::int64_t drop_unreachable_after = 180;
        std::int64_t drop_stale_subscriptions_after = 20;
        Duration redelivery_retry_every = std::chrono::seconds(5);
    };
    struct Out {
        Endpoint to;
        Bytes datagram;
    };

    OriginalDaemon(Config config, Moment now, std::uint64_t seed);

    // `clock`: the Unix seconds that this host's clock shows.
    void receive(Moment now, std::int64_t clock, const Endpoint& from, ByteView datagram);
    void advance(Moment now, std::int64_t clock);
    /// A client of this host publishes.
    void publish(Moment now, std::string id, const std::string& type, Bytes payload);
    void forget();
    /// Tells its peers that it wants member events, as nobody should.
    void ask_for_member_events() { asks_for_member_events_ = true; }

    [[nodiscard]] std::vector<Out> take_out();
    [[nodiscard]] Moment deadline() const;

    [[nodiscard]] std::uint64_t crashes() const { return crashes_; }
    /// How often its own listener got this message.
    [[nodiscard]] std::uint64_t deliveries(const std::string& id) const;
    /// Datagrams with messages of applications that it has sent.
    [[nodiscard]] std::uint64_t forwarded() const { return forwarded_; }
    [[nodiscard]] bool knows(const std::string& name) const { return members_.contains(name); }
    [[nodiscard]] bool is_reachable(const std::string& name) const;

private:
    enum class State : std::uint8_t { reachable, quarantine, unreachable };
    struct Member {
        Endpoint address;
        std::int64_t last_heard = 0;
        State state = State::reachable;
    };
    struct Delivery {
        Endpoint to;
        Bytes plaintext;
        Moment next;
    };
    /// Message, subscriber.
    using DeliveryKey = std::pair<std::string, std::string>;
    /// Type, member, origin.
    using Subscription = std::tuple<std::string, std::string, std::string>;

    void handle(std::int64_t clock, const Endpoint& from, const wire::gossiperl::Digest& digest);
    void handle(const Endpoint& from, const wire::gossiperl::DigestAck& ack);
    void handle(const wire::gossiperl::DigestSubscriptions& list);
    void hear_of(const std::string& name, const Endpoint& address, std::int64_t heartbeat);
    void tell(const char* event, const std::string& name, std::int64_t clock);
    void crash();
    void round(std::int64_t clock);
    void judge(std::int64_t clock);
    void forward(Moment now, const Endpoint& from, const std::string& id, const std::string& type,
                 const Bytes& plaintext);
    void send(const Endpoint& to, wire::gossiperl::Message message);
    void send_plaintext(const Endpoint& to, Bytes plaintext);
    [[nodiscard]] std::string new_id();

    Config config_;
    Random random_;
    crypto::gossiperl::Cipher cipher_;
    std::map<std::string, Member> members_;
    std::map<Subscription, std::int64_t> subscriptions_;
    std::map<DeliveryKey, Delivery> deliveries_;
    std::map<std::string, std::uint64_t> delivered_;
    Moment next_second_;
    Moment next_round_;
    std::uint64_t rounds_at_once_ = 1;
    std::uint64_t crashes_ = 0;
    std::uint64_t forwarded_ = 0;
    bool asks_for_member_events_ = false;
    std::vector<Out> out_;
};

}  // namespace grapevine::sim
