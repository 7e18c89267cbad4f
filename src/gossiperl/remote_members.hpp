#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/endpoint.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "client/liveness.hpp"

namespace grapevine::gossiperl {

/// The other daemons of one overlay: where they are, when they were last heard of, and whose word
/// for it counts.
///
/// The problem is the hearsay. A digestAck lists members with the time at which somebody last heard
/// of them, as seconds of somebody's clock: of the sender's if it heard them itself, of whoever
/// told the sender otherwise, because the original passes the number on as it came. Nothing in the
/// message says whose. Taking such numbers at their word makes members flap when clocks differ; and
/// taking them relative to the sender's clock makes the dead immortal, because a daemon that is
/// ahead by a minute hears its own old number back from an original as if it were news.
///
/// What is chosen here:
///
///  - A member's own word (a digest with the secret, an answer to a digest of ours) counts as now.
///  - Hearsay about a known member counts only as late as is certain under every clock that we know
///    of: the number read on the clock that is furthest ahead, rounded down. So hearsay never makes
///    a member seem to have lived longer than it did, however often it goes round; among daemons
///    with good clocks it costs a second or two; with a clock ahead by a minute it has no effect.
///  - A silent member rejoins by its own word, or by hearsay that is not itself half-way stale.
///  - What hearsay cannot prove is asked: who has been silent for half the time that leads to
///    quarantine gets a digest of its own (`to_ask`). So differing clocks cost a few datagrams, and
///    no verdicts.
///  - Hearsay about an unknown member is believed for a start, as the protocol wants it, relative
///    to the sender's clock. But it is not passed on before the member has spoken for itself, and
///    somebody who is known to have gone is taken back only by certain news or its own word.
///
/// At most `kOldMembersMax`; who comes on top is refused. Pointers into it are valid until the next
/// change. Ends of members are reported by `client::Liveness`, whose `out` removes them here.
class RemoteMembers {
public:
    using Change = client::Liveness::Change;
    using Changes = std::vector<Change>;

    struct Member {
        Endpoint address;
        /// It has said the secret of the overlay itself.
        bool is_proven = false;
        /// It has been heard itself, or there is certain news of it.
        bool is_confirmed = false;
        /// Milliseconds that its clock may at most be ahead of zero of ours, if it has told.
        std::optional<std::int64_t> clock_ms;
        Instant asked_at = Instant::min();
    };

    using Named = std::pair<const std::string, Member>;

    explicit RemoteMembers(client::LivenessTimes times);

    /// Its own word, with a clock that shows `heartbeat` seconds. `address` is taken over if it
    /// proves the secret; otherwise only for a new member.
    enum class Word : std::uint8_t { with_secret, in_answer };
    Changes heard_itself(Instant now, const std::string& name, const Endpoint& address, Word word,
                         std::int64_t heartbeat);
    /// What a list of hearsay is read by: the clock of who sent it, in seconds, and the clock that
    /// is furthest ahead of all we know of, ours included, in milliseconds at the zero of our time.
    struct Reading {
        std::int64_t teller_clock = 0;
        std::int64_t latest_clock_ms = 0;
    };
    [[nodiscard]] Reading reading_of(Instant now, WallTime wall, std::int64_t teller_clock) const;
    /// A list says that it was heard of at `heartbeat`.
    Changes heard_of(Instant now, const std::string& name, const Endpoint& address,
                     const Reading& reading, std::int64_t heartbeat);
    Changes remove(Instant now, const std::string& name);
    Changes advance(Instant now);
    void set_times(client::LivenessTimes times);

    [[nodiscard]] Instant deadline() const { return liveness_.deadline(); }
    [[nodiscard]] bool has_room() const;
    [[nodiscard]] std::size_t size() const { return members_.size(); }
    [[nodiscard]] const Member* find(std::string_view name) const;
    /// Asserts that it is known.
    [[nodiscard]] const client::Liveness::Life& life_of(std::string_view name) const;
    /// Null if nobody is there; of several the one that has proven the secret.
    [[nodiscard]] const std::string* name_at(const Endpoint& address) const;
    /// True if a member that has proven the secret lives on this host.
    [[nodiscard]] bool is_proven_host(const Endpoint& address) const;
    [[nodiscard]] const std::map<std::string, Member, std::less<>>& all() const { return members_; }

    /// One of this state, each with the same chance; null if there is none.
    [[nodiscard]] const std::string* draw(client::Reachability state, Random& random) const;
    /// Up to `max` who have been silent for too long, or have never spoken for themselves: first
    /// the reachable, then those in quarantine, each longest unasked first. They count as asked.
    std::vector<std::string> to_ask(Instant now, std::size_t max);

    void check_invariants() const;

private:
    /// Takes what ended out of the table, and passes the changes on.
    Changes settle(Instant now, Changes changes);
    Changes take_in(Instant now, Instant at, const std::string& name, const Member& member);
    void move(Member& member, const std::string& name, const Endpoint& address);
    void depart(Instant now, const std::string& name);
    void forget_departure(const std::string& name);
    [[nodiscard]] bool is_silent(Instant now, const Member& member, Instant last_heard) const;

    client::LivenessTimes times_;
    client::Liveness liveness_;
    std::map<std::string, Member, std::less<>> members_;
    std::set<std::pair<Endpoint, std::string>> by_address_;
    std::map<std::string, Instant, std::less<>> departed_;
    std::set<std::pair<Instant, std::string>> departed_by_age_;
};

}  // namespace grapevine::gossiperl
