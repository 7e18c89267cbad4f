#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/endpoint.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "client/liveness.hpp"
#include "client/redelivery.hpp"
#include "wire/gossiperl/messages.hpp"

namespace grapevine::client {

struct SessionSettings {
    std::string own_name;  ///< The daemon's member name in this overlay; no client may have it.
    LivenessTimes times;
    RedeliveryRules redelivery;
    /// Also deliver what one local client publishes to the others. The original never did, and
    /// applications rely on it.
    bool is_local_delivery = false;
};

/// A client as it must survive a restart of the daemon.
struct SavedSession {
    std::string name;
    std::string secret;
    Endpoint address;
    std::vector<std::string> event_types;  ///< In the order of subscription.
    friend bool operator==(const SavedSession&, const SavedSession&) = default;
};

/// The applications that are attached to one overlay over loopback UDP with the old protocol: who
/// they are, what they listen to, and what they have not acknowledged yet. Serves overlays of both
/// protocols. A machine (protocol/machine.hpp): one input, then drain.
///
/// Trusts on first use: the first digest under a name decides its secret; until that client leaves
/// or is dropped, only who knows the secret is that client. Anything that does not fit is met with
/// silence and counted, as the old protocol wants it.
class Sessions {
public:
    /// Send from the very port that clients send to: some check.
    struct Send {
        Endpoint to;
        wire::gossiperl::Letter letter;
    };
    /// A client published this. It has been acknowledged to `from`, and delivered to other local
    /// clients if that is wanted. At most once per envelope id, however often it was sent.
    struct Published {
        Endpoint from;
        wire::gossiperl::Letter letter;
    };
    /// A local client came, fell silent, went. Subscribers among the clients have been told.
    struct Changed {
        MemberEvent event;
        std::string name;
    };
    /// Keep this session (or forget it, if empty) for the next start.
    struct Persist {
        std::string name;
        std::optional<SavedSession> session;
    };
    using Action = std::variant<Send, Published, Changed, Persist>;

    struct Counters {
        std::uint64_t digests = 0;
        std::uint64_t refused_secret = 0;   ///< A name with another secret.
        std::uint64_t refused_unknown = 0;  ///< Subscribe, exit or ack of nobody we know.
        std::uint64_t refused_limit = 0;    ///< Above kLocalClientsMax or kClientSubscriptionsMax.
        std::uint64_t refused_type = 0;     ///< A message that clients do not send.
        std::uint64_t published = 0;
        std::uint64_t published_again = 0;  ///< Copies of an id already seen: acknowledged only.
        std::uint64_t delivered = 0;        ///< First copies sent to clients.
        std::uint64_t acknowledged = 0;
    };

    /// `seed` is of the envelope ids we make. Restored clients are reachable from `now` on, without
    /// a member_in.
    Sessions(SessionSettings settings, std::vector<SavedSession> saved, Instant now,
             std::uint64_t seed);

    // -- Inputs: one, then drain --
    /// A letter from loopback. What a daemon would say (digestAck, digestSubscriptions, ...) is
    /// refused and counted.
    void receive(Instant now, WallTime wall, const Endpoint& from, wire::gossiperl::Letter letter);
    /// A member elsewhere (another daemon) changed: tells the clients that subscribed to such
    /// events.
    void member_changed(Instant now, WallTime wall, MemberEvent event, std::string_view name);
    /// A message from elsewhere: goes to every client subscribed to its type, until acknowledged.
    void deliver(Instant now, const wire::gossiperl::Letter& letter);
    void advance(Instant now, WallTime wall);
    void change(SessionSettings settings);

    // -- Outputs --
    [[nodiscard]] std::optional<Action> poll();
    [[nodiscard]] Instant deadline() const;

    // -- Questions --
    struct Client {
        std::string name;
        Endpoint address;
        Reachability reachability = Reachability::reachable;
        Instant last_heard;
        std::vector<std::string> event_types;
    };
    [[nodiscard]] std::vector<Client> clients() const;  ///< By name.
    [[nodiscard]] bool has(std::string_view name) const;
    /// True if any client listens to this type.
    [[nodiscard]] bool wants(std::string_view event_type) const;
    [[nodiscard]] const Counters& counters() const;
    void check_invariants() const;
};

}  // namespace grapevine::client
