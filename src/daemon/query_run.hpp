#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "control/queries.hpp"
#include "protocol/membership/membership.hpp"
#include "protocol/query/gather.hpp"
#include "protocol/query/query.hpp"

namespace grapevine::daemon {

/// One query of ours, from the question to its last answer: what members say, as users see it.
///
/// The answers of the built-in queries `clock` and `reachability` are completed here, because only
/// who asks knows the round trip, and names. Told on the thread of the overlay, as they come; the
/// payloads are not kept. Above kQueryTotalBytesMax of them the rest is named "too_large".
class QueryRun {
public:
    using Answer = protocol::Gather::Answer;

    /// `excluded`: whom the filter leaves out.
    QueryRun(std::uint64_t ticket, std::string name, Instant begun, std::vector<MemberId> excluded,
             control::QueryTaker take);

    [[nodiscard]] std::uint64_t ticket() const { return ticket_; }

    /// `wall_zero_us`: civil time of instant zero, in microseconds since 1970.
    void answered(const protocol::Membership& membership, std::int64_t wall_zero_us,
                  const Answer& answer);
    void ended(Instant now, const protocol::Membership& membership,
               const std::vector<MemberId>& silent);
    /// The overlay ends.
    void break_off();

private:
    using Lists = std::vector<control::QueryEnd::Without>;

    [[nodiscard]] std::optional<protocol::QueryReply> read(const protocol::Membership& membership,
                                                           std::int64_t wall_zero_us,
                                                           const Answer& answer) const;
    void tell(const control::QueryMember& member, const Answer& answer, Bytes payload);

    std::uint64_t ticket_;
    std::string name_;
    Instant begun_;
    control::QueryTaker take_;
    control::QueryEnd end_;
    std::vector<MemberId> excluded_;
    std::size_t bytes_ = 0;
};

}  // namespace grapevine::daemon
