#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/endpoint.hpp"
#include "base/outbox.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "client/liveness.hpp"
#include "client/redelivery.hpp"
#include "client/seen_ids.hpp"
#include "wire/gossiperl/messages.hpp"

namespace grapevine::client {

struct SessionSettings {
    /// The daemon's member name in this overlay; no client may have it. Above some 290 bytes no
    /// digestAck fits what all clients can read, and so nobody can attach.
    std::string own_name;
    LivenessTimes times;
    RedeliveryRules redelivery;
    /// Also deliver what one local client publishes to the others. The original never did, and
    /// applications rely on it.
    bool is_local_delivery = false;
    /// Where clients send to, as told in every digestAck. No client library looks at it.
    std::uint16_t own_port = 0;
};

/// A client as it must survive a restart of the daemon.
struct SavedSession {
    std::string name;
    std::string secret;
    Endpoint address;
    std::vector<std::string> event_types;  ///< In the order of subscription, each once.
    friend bool operator==(const SavedSession&, const SavedSession&) = default;
};

/// The applications that are attached to one overlay over loopback UDP with the old protocol: who
/// they are, what they listen to, and what they have not acknowledged yet. Serves overlays of both
/// protocols. A machine (protocol/machine.hpp): one input, then drain.
///
///     client                             daemon
///     digest          --------------->   attach, or stay attached; `member_in` if new
///                     <---------------   digestAck, to the port that the digest names
///     digestSubscribe --------------->   remember the types
///                     <---------------   digestSubscribeAck: the same list
///                     <---------------   digestEvent, application messages
///     digestForwardedAck ------------>   no further copies of that message
///     application message ----------->   publish, once per envelope id
///                     <---------------   digestForwardedAck, of every copy, to its source
///     digestExit      --------------->   forget everything about it; `member_out`
///
/// Trusts on first use: the first digest under a name decides its secret; until that client leaves
/// or is dropped, only who knows the secret is that client. Anything that does not fit is met with
/// silence and counted, as the old protocol wants it. The secrets protect one application from the
/// mistakes of another and nothing more: all of them hold the overlay's key.
///
/// Deviation: the recorded address follows the client's digests. In the original it stays what it
/// was at first, so a client that restarts on another port hears nothing until it is dropped.
/// Deviation: subscriptions and redeliveries end with the client; in the original they outlive it.
///
/// A letter to a client stays within `kOldClientDatagramBytesMax`, or one of the libraries takes it
/// for damaged. Hence a digest or a publish whose acknowledgement would be longer (an id of more
/// than some 400 bytes) is refused, and so is a client whose name does not fit an event. Two
/// exceptions: messages of applications, whose size is their own affair, and the acknowledgement of
/// a long list of event types, because it has to be that list; such are counted as `long_acks`.
///
/// Does not check that its letters come from loopback, and knows no bytes and no cipher: that is
/// the owner's. Memory: `kLocalClientsMax` clients with `kClientSubscriptionsMax` types each, the
/// bounds of Redelivery, and `kSeenIdsMax` ids.
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
        std::uint64_t refused_limit = 0;    ///< Above a limit, in number or in length.
        std::uint64_t refused_field = 0;    ///< An empty name, our own, or a port that is none.
        std::uint64_t refused_type = 0;     ///< A message that clients do not send.
        std::uint64_t published = 0;
        std::uint64_t published_again = 0;  ///< Copies of an id already seen: acknowledged only.
        std::uint64_t delivered = 0;        ///< First copies sent to clients.
        std::uint64_t redelivered = 0;      ///< Further copies.
        std::uint64_t acknowledged = 0;
        std::uint64_t events = 0;         ///< Member events sent to clients.
        std::uint64_t events_unsaid = 0;  ///< About a name so long that no client could read it.
        std::uint64_t long_acks = 0;      ///< Of subscriptions, longer than some clients can read.
    };

    /// `seed` is of the envelope ids we make. Restored clients are reachable from `now` on, without
    /// a member_in. A saved session that could not attach today (our own name, above a limit) is
    /// passed over.
    Sessions(SessionSettings settings, const std::vector<SavedSession>& saved, Instant now,
             std::uint64_t seed);

    // -- Inputs: one, then drain --
    /// A letter from loopback. What a daemon would say (digestAck, digestSubscriptions, ...) is
    /// refused and counted.
    void receive(Instant now, WallTime wall, const Endpoint& from, wire::gossiperl::Letter letter);
    /// A member elsewhere (another daemon) changed: tells the clients that subscribed to such
    /// events.
    void member_changed(Instant now, WallTime wall, MemberEvent event, std::string_view name);
    /// A message of an application elsewhere: goes to every client subscribed to its type, until
    /// acknowledged. Does nothing if its id has been delivered or published here before.
    void deliver(Instant now, const wire::gossiperl::Letter& letter);
    void advance(Instant now, WallTime wall);
    /// Clients that are attached keep their times until their next word or verdict, and messages on
    /// their way their rules. One that has what is now our name is met with silence, and dropped in
    /// time.
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
    [[nodiscard]] std::size_t size() const { return sessions_.size(); }
    [[nodiscard]] bool has(std::string_view name) const { return sessions_.contains(name); }
    /// True if any client listens to this type.
    [[nodiscard]] bool wants(std::string_view event_type) const {
        return subscribers_.contains(event_type);
    }
    /// Every type that any client listens to, in order.
    [[nodiscard]] std::vector<std::string> event_types() const;
    [[nodiscard]] const SessionSettings& settings() const { return settings_; }
    [[nodiscard]] const Counters& counters() const { return counters_; }
    [[nodiscard]] const Redelivery& redelivery() const { return redelivery_; }
    /// Asserts what must hold between any two inputs.
    void check_invariants() const;

private:
    struct Session {
        std::string secret;
        Endpoint address;
        std::vector<std::string> event_types;
    };
    using ByName = std::map<std::string, Session, std::less<>>;
    /// When a letter came, and from where.
    struct Arrival {
        Instant now;
        WallTime wall;
        Endpoint from;
    };

    void take(const Arrival& arrival, const wire::gossiperl::Digest& digest);
    void take(const Arrival& arrival, const wire::gossiperl::DigestExit& exit);
    void take(const Arrival& arrival, const wire::gossiperl::DigestSubscribe& subscribe);
    void take(const Arrival& arrival, const wire::gossiperl::DigestUnsubscribe& unsubscribe);
    void take(const Arrival& arrival, const wire::gossiperl::DigestForwardedAck& ack);
    void take_application(const Arrival& arrival, wire::gossiperl::Letter letter);
    template <typename Other>
    void take(const Arrival&, const Other&) {
        ++counters_.refused_type;
    }

    /// The session of who proves to be its client; otherwise counts why not.
    ByName::iterator find_proven(std::string_view name, std::string_view secret);
    [[nodiscard]] bool can_attach(std::string_view name, std::string_view secret) const;
    void restore(const SavedSession& saved, Instant now);
    bool add_types(const std::string& name, Session& session,
                   const std::vector<std::string>& types);
    void forget(const std::string& name);
    void persist(const std::string& name, const Session& session);

    [[nodiscard]] wire::gossiperl::DigestAck digest_ack(
        const Arrival& arrival, const wire::gossiperl::Digest& digest) const;
    void report(WallTime wall, const std::vector<Liveness::Change>& changes);
    void tell(WallTime wall, MemberEvent event, std::string_view name);
    void deliver_except(Instant now, const wire::gossiperl::Letter& letter,
                        const std::optional<Endpoint>& publisher);
    void send(const Endpoint& to, wire::gossiperl::Letter letter);
    [[nodiscard]] wire::gossiperl::Letter in_envelope(wire::gossiperl::Message message);

    SessionSettings settings_;
    ByName sessions_;
    std::map<std::string, std::set<std::string>, std::less<>> subscribers_;  ///< By type; no empty.
    Liveness liveness_;
    Redelivery redelivery_;
    SeenIds seen_;  ///< Published or delivered here.
    Random random_;
    Outbox<Action> outbox_;
    Counters counters_;
};

}  // namespace grapevine::client
