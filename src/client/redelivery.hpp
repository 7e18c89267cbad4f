#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/endpoint.hpp"
#include "base/time.hpp"
#include "wire/gossiperl/messages.hpp"

namespace grapevine::client {

struct RedeliveryRules {
    Duration retry_every = std::chrono::seconds(5);
    /// Copies after the first. Zero is "for ever" in the old protocol and here: until the
    /// subscriber acknowledges, unsubscribes or is gone. So the owner must tell when somebody is
    /// gone.
    std::uint32_t retry_max = 0;
};

/// At least once for each (message id, subscriber): sends again until somebody acknowledges.
/// At most `kRedeliveriesMax` wait, and `kRedeliveryBytesMax` of payload; above either the oldest
/// is given up and counted.
class Redelivery {
public:
    /// Send this letter to `to` again.
    struct Due {
        Endpoint to;
        wire::gossiperl::Letter letter;
    };

    explicit Redelivery(RedeliveryRules rules);

    /// The first copy is about to be sent by the caller. A second `start` of the same (id,
    /// subscriber) does nothing.
    void start(Instant now, const std::string& subscriber, const Endpoint& to,
               wire::gossiperl::Letter letter);
    [[nodiscard]] bool is_pending(std::string_view subscriber, std::string_view id) const;
    /// True when something was waiting for it.
    bool acknowledge(std::string_view subscriber, std::string_view id);
    /// It does not want this type any more.
    void stop(std::string_view subscriber, std::string_view type);
    /// It is gone.
    void stop_all(std::string_view subscriber);
    /// Takes effect for what starts from now on.
    void set_rules(RedeliveryRules rules);

    void advance(Instant now);
    std::optional<Due> poll();
    [[nodiscard]] Instant deadline() const;
    [[nodiscard]] std::size_t pending() const;
    [[nodiscard]] std::uint64_t given_up() const;  ///< By retry_max or a limit; since the start.

    // Private part is the implementer's.
};

}  // namespace grapevine::client
