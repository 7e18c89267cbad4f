#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/ids.hpp"
#include "base/limits.hpp"

namespace grapevine::protocol {

/// Push-pull averaging: one member's share in finding the mean of what all have.
///
/// The idea: two members that meet both take the mean of their two values. The sum of all values
/// (the mass) stays what it was, and the variance falls by 1 / (2 sqrt e) = .303 in each round in
/// which everybody begins one exchange; after 30 rounds everybody has the mean to twelve digits. If
/// one has 1 and the others 0, the mean is 1 / N: that counts them.
///
/// Source: Jelasity, Montresor, Babaoglu, "Gossip-based aggregation in large dynamic networks", ACM
/// TOCS 23(3), 2005, section 3.
/// Deviation: the paper lets mass be lost with a lost reply, and lives with the error until the
/// next epoch. Here every exchange moves a stated amount, `offer` to `reply`, and both sides keep
/// what has gone over each link: a repeated offer draws the same amount and moves nothing; when a
/// partner dies, what it was given is taken back. So without members that lie the mass is exactly
/// that of the living, as soon as no exchange is open.
///
/// A vector of values is averaged at once, and beside it *instances* that begin at one member each:
/// a member that has not heard of an instance has 0 of it.
///
/// It draws no partners and sets no timers; that is `Aggregates`'.
/// Memory: kAggregatePartnersMax partners; more are refused, and exchange nothing with us.
class Averaging {
public:
    /// By the member at which it began, with 1.
    using Instances = std::map<MemberId, double>;
    struct Amounts {
        std::vector<double> values;
        Instances instances;  ///< At most kAggregateInstancesMax.
        friend bool operator==(const Amounts&, const Amounts&) = default;
    };
    struct Offer {
        std::uint32_t sequence = 0;  ///< Of the one who offers; climbs.
        Amounts has;
    };
    /// What goes from the one who replies to the one who has offered.
    struct Reply {
        std::uint32_t sequence = 0;
        Amounts moved;
    };

    explicit Averaging(Amounts own) : now_(std::move(own)) {}

    [[nodiscard]] const Amounts& now() const { return now_; }

    /// To be told to `partner` until it replies or is given up. One at a time: nothing while
    /// another is open, or if there is no room for one more partner.
    [[nodiscard]] std::optional<Offer> begin(MemberId partner);
    /// The open offer, with what we have now: only the first that arrives counts.
    [[nodiscard]] std::optional<Offer> repeat() const;
    [[nodiscard]] MemberId open_with() const { return open_with_; }
    /// The partner does not reply: it may have moved its half or not.
    void give_up() { open_with_ = kNobody; }

    /// Nothing if there is no room for one more partner, or the offer does not fit ours.
    [[nodiscard]] std::optional<Reply> handle(MemberId from, const Offer& offer);
    /// Replies to no open offer are dropped.
    void handle(MemberId from, const Reply& reply);
    /// What `member` had of us comes back, and what we had of it goes.
    void peer_left(MemberId member);

private:
    struct Link {
        std::uint32_t last_sequence = 0;  ///< Of its offers.
        Amounts last_moved;               ///< What that one moved to it.
        Amounts given;                    ///< In all, less what it gave us.
    };

    Link* link_to(MemberId partner);
    void move(Link& link, const Amounts& amounts, double sign);

    Amounts now_;
    std::map<MemberId, Link> links_;
    MemberId open_with_ = kNobody;
    std::uint32_t sequence_ = 0;
};

/// How many members there are, of what one of them has after enough rounds: 1 over each instance,
/// and of those the median, because a starter that dies early ruins its own. Nothing without one.
[[nodiscard]] std::optional<double> count_of(const Averaging::Instances& instances);

}  // namespace grapevine::protocol
