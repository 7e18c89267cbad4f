#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/endpoint.hpp"
#include "base/time.hpp"
#include "wire/gossiperl/messages.hpp"

namespace grapevine::client {

struct RedeliveryRules {
    /// Below kRetryEveryMin it is taken as that.
    Duration retry_every = std::chrono::seconds(5);
    /// Copies after the first. Zero is "for ever" in the old protocol and here: until the
    /// subscriber acknowledges, unsubscribes or is gone. So the owner must tell when somebody is
    /// gone.
    std::uint32_t retry_max = 0;
};

/// The old settings can say zero seconds; a machine whose deadline is always now would never sleep.
inline constexpr Duration kRetryEveryMin = std::chrono::milliseconds(100);

/// At least once for each (message id, subscriber): sends again until somebody acknowledges.
///
/// After the last copy one more interval passes before a message is given up, so that its
/// acknowledgement has as long as any other. Who wakes us late sends one copy, and not one for each
/// interval that was slept through.
/// Deviation: the original never ends when the subscriber is gone; here `stop_all` does, and its
/// copies follow a subscriber that moves.
///
/// A machine (protocol/machine.hpp): only `advance` has outputs, which must be drained before any
/// other input. At most `kRedeliveriesMax` wait, and `kRedeliveryBytesMax` of envelopes and
/// payloads, those that subscribers share counted for each; above either the oldest is given up and
/// counted.
class Redelivery {
public:
    /// Send this letter to `to` again.
    struct Due {
        Endpoint to;
        wire::gossiperl::Letter letter;
    };
    using Action = Due;

    explicit Redelivery(RedeliveryRules rules);

    /// The first copy is about to be sent by the caller. A second `start` of the same (id,
    /// subscriber) does nothing. `letter` is an application's: nothing else is sent twice.
    void start(Instant now, const std::string& subscriber, const Endpoint& to,
               wire::gossiperl::Letter letter);
    [[nodiscard]] bool is_pending(std::string_view subscriber, std::string_view id) const;
    /// True when something was waiting for it.
    bool acknowledge(std::string_view subscriber, std::string_view id);
    /// It does not want this type any more.
    void stop(std::string_view subscriber, std::string_view type);
    /// It is gone.
    void stop_all(std::string_view subscriber);
    /// It has another address: further copies go there.
    void move(std::string_view subscriber, const Endpoint& to);
    /// Takes effect for what starts from now on.
    void set_rules(RedeliveryRules rules);

    void advance(Instant now);
    [[nodiscard]] std::optional<Due> poll();
    [[nodiscard]] Instant deadline() const;
    [[nodiscard]] std::size_t pending() const { return waiting_.size(); }
    /// Who has not acknowledged something, by name.
    [[nodiscard]] std::vector<std::string> subscribers() const;
    [[nodiscard]] std::size_t pending_bytes() const { return bytes_; }
    /// By retry_max or a limit; since the start.
    [[nodiscard]] std::uint64_t given_up() const { return given_up_; }
    /// Asserts what must hold between any two inputs.
    void check_invariants() const;

private:
    /// Position in the order of the starts: the lowest is the oldest.
    using Ticket = std::uint64_t;
    struct Waiting {
        std::string subscriber;
        Endpoint to;
        wire::gossiperl::Letter letter;
        RedeliveryRules rules;
        std::uint32_t retries = 0;  ///< Copies sent after the first.
        Instant due_at{};
    };
    using Tickets = std::map<std::string, Ticket, std::less<>>;  ///< By message id.

    void forget(Ticket ticket);
    void make_room(std::size_t bytes);

    RedeliveryRules rules_;
    std::map<Ticket, Waiting> waiting_;
    std::map<std::string, Tickets, std::less<>> subscribers_;  ///< None of them empty.
    std::set<std::pair<Instant, Ticket>> due_;
    std::deque<Due> outbox_;
    Ticket next_ticket_ = 0;
    std::size_t bytes_ = 0;
    std::uint64_t given_up_ = 0;
};

}  // namespace grapevine::client
