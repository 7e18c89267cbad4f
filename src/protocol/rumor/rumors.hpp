#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "base/ids.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "protocol/membership/config.hpp"
#include "protocol/peers.hpp"
#include "wire/messages.hpp"

namespace grapevine::protocol {

/// What a rumor is about: one slot per subject, the newest news wins, so the list is bounded by the
/// number of members (twice) and never by the rate of news.
struct RumorKey {
    enum class Kind : std::uint8_t { member, state };
    Kind kind = Kind::member;
    MemberId subject;
    friend auto operator<=>(const RumorKey&, const RumorKey&) = default;
};

/// The hot list: what is told while it is news, and when it stops being.
/// Source: Demers et al. 1987, section 1.4: push-pull, feedback, counter k, reset by a useful
/// contact (table 1's semantics), minimisation.
class Rumors {
public:
    /// Time to gossip with `to`: the node sends it a packet that begins with `fill(to, ...)`.
    struct Gossip {
        MemberId to;
    };
    /// Send `feedback` to `to`, with a push of our own hot rumors behind it (the pull half) if
    /// `fill` has any that `to` did not just tell us.
    struct Answer {
        MemberId to;
        wire::RumorFeedback feedback;
    };
    using Action = std::variant<Gossip, Answer>;

    /// Renders what we now know about a subject; nothing if there is no longer anything to tell.
    using Render = std::function<std::optional<wire::RumorItem>(const RumorKey&)>;

    Rumors(ProtocolConfig config, const Peers& peers, Render render, std::uint64_t seed);

    /// Makes `key` hot with a fresh counter. `from` (who told us, or kNobody) is not told it back.
    void add(Instant now, RumorKey key, MemberId from = kNobody);
    void remove(RumorKey key);

    /// The push to put into a packet for `to` within `budget_bytes` (frame included): hottest and
    /// least told first. Nothing if no rumor fits or `to` has just told us all of them.
    [[nodiscard]] std::optional<wire::RumorPush> fill(Instant now, MemberId to,
                                                      std::size_t budget_bytes);

    /// A push has come and been applied; bit i of `known` says whether item i was known to us.
    void handle_push(Instant now, MemberId from, const wire::RumorPush& push, std::uint64_t known);
    void handle_feedback(Instant now, MemberId from, const wire::RumorFeedback& feedback);

    void advance(Instant now);
    [[nodiscard]] std::optional<Action> poll();
    [[nodiscard]] Instant deadline() const;  ///< kNever while nothing is hot.

    [[nodiscard]] std::size_t hot_count() const;
};

}  // namespace grapevine::protocol
