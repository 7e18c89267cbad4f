#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <variant>
#include <vector>

#include "base/endpoint.hpp"
#include "base/ids.hpp"
#include "base/limits.hpp"
#include "base/outbox.hpp"
#include "base/random.hpp"
#include "base/time.hpp"

namespace grapevine::discovery {

/// When to tell the local network that we are here, and whom to contact of those who do.
///
/// The problem: members that share a network should find each other without seeds, and again after
/// a partition, at a cost that does not grow with their number. Nobody may be in charge of it, or
/// discovery would depend on a member that can fail.
///
/// The idea (van Renesse, Minsky, Hayden, "A Gossip-Style Failure Detection Service", 1998, section
/// 5): each second every member broadcasts with probability p(t) = (t/20)^a, where t are the
/// seconds since it last heard a broadcast. Nobody is silent for longer than 20 s, most are nearly
/// always, and the more members there are, the sooner one of them speaks and spares the others the
/// trouble. With a = 10.43 a thousand members speak once in 10 s and one alone once in 18.
///
/// What the paper leaves open, and what we chose:
///
///   * One who comes. It must not wait for 20 s. It speaks after at most kFirstWithin, and then by
///     the same rule with a shorter span of kAloneSpanFirst, doubled each time it has spoken, until
///     that is kSpan. A thousand that are switched on at once are no different: the first to speak
///     puts the others off, who then contact it.
///   * One who hears of a stranger. If we are alone, we contact it at once. If we have company,
///     whoever is first of all that have heard it answers by an announcement of its own within
///     kAnswerWithin, and puts the others off; the newcomer hears it and makes the contact. So a
///     newcomer costs two or three announcements, whatever the number of members.
///   * Two groups that meet after a partition. Nobody is alone, so somebody in company has to make
///     a contact: each does at a random moment within kContactSpread for each member that we know.
///     The first one joins the two views, and the others find that the stranger is none any more.
///
/// Deviation: the seconds of two members do not begin at the same moment, so that one hears the
/// other in time. The paper's (and its odds of 2 in a million for more than 20 at once) do.
///
/// A machine (protocol/machine.hpp). What an announcement says, and whether one that was heard may
/// be believed, is decided elsewhere. Memory: kDiscoveredMax strangers.
class Announcer {
public:
    /// The longest silence, t at which p is 1. Twenty steps of p, as in the paper.
    static constexpr Duration kSpan = std::chrono::seconds(20);
    static constexpr Duration kAloneSpanFirst = std::chrono::seconds(2);
    /// Enough for a thousand to hear the first of them, and hardly noticed by a person.
    static constexpr Duration kFirstWithin = std::chrono::milliseconds(500);
    static constexpr Duration kAnswerWithin = std::chrono::seconds(1);
    /// Ten contacts a second from a whole group, until views have met.
    static constexpr Duration kContactSpread = std::chrono::milliseconds(100);
    static constexpr Duration kContactSpreadMax = std::chrono::seconds(30);
    /// Between two strangers that we contact: an announcement sends at most kMemberAddressesMax + 1
    /// hellos, so lies of those who hold the key cost 250 a second.
    static constexpr Duration kContactPause = std::chrono::milliseconds(20);

    /// Multicast that we are here.
    struct Announce {};
    /// Ask this stranger to be let in, by the first of these addresses that answers.
    struct Contact {
        MemberId stranger;
        std::vector<Endpoint> endpoints;
    };
    using Action = std::variant<Announce, Contact>;

    /// Whether a living member of this identity is known.
    using IsMember = std::function<bool(MemberId)>;

    Announcer(IsMember is_member, std::uint64_t random_seed);

    /// How many others are alive. 0 is alone; so it begins, at the first input.
    void company(Instant now, std::size_t others);

    /// An announcement that may be believed, of somebody else, which says where it can be reached.
    /// Full of strangers, the newest is passed over: it will speak again.
    void heard(Instant now, MemberId speaker, std::vector<Endpoint> endpoints);

    /// For good: a member that leaves wants nobody to come.
    void silence();

    void advance(Instant now);
    [[nodiscard]] std::optional<Action> poll();
    [[nodiscard]] Instant deadline() const;

    [[nodiscard]] std::size_t stranger_count() const { return strangers_.size(); }

private:
    struct Stranger {
        MemberId member;
        Instant due{};
        std::vector<Endpoint> endpoints;
    };

    void begin(Instant now);
    [[nodiscard]] Duration within(Duration span);
    /// When p(t) has us speak next, if we hear nobody from `now` on.
    [[nodiscard]] Instant next_turn(Instant now);
    void announce(Instant now);
    void contact_due(Instant now);

    IsMember is_member_;
    Random random_;
    std::size_t others_ = 0;
    Duration span_ = kAloneSpanFirst;
    bool has_begun_ = false;
    bool is_silent_ = false;
    Instant turn_{};           ///< When we speak.
    Instant answer_ = kNever;  ///< When we speak because of a stranger.
    Instant contacts_from_{};
    std::vector<Stranger> strangers_;
    Outbox<Action> outbox_;
};

}  // namespace grapevine::discovery
