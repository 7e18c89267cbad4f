#pragma once

#include <cassert>
#include <cstddef>
#include <optional>
#include <vector>

namespace grapevine::protocol {

/// Push-sum: one member's share in a mean that needs no replies.
///
/// Everybody has sums and a weight; in each round it keeps half of both and sends the other half to
/// a random member. Each sum over the weight tends to the mean. The potential of the paper falls by
/// 1/2 - 1/(2n) in a round, the variance of the estimates by .525.
///
/// Source: Kempe, Dobra, Gehrke, "Gossip-Based Computation of Aggregate Information", FOCS 2003,
/// section 2.
///
/// A message that is lost takes sums and weight with it in equal parts, so the mean stays nearly
/// right: each loss shifts it by that member's deviation times its part of the weight. A count
/// would not: there the whole weight begins at one member, and who loses the first half counts
/// double. Numbers are not checked here; who reads them from the wire does.
class PushSum {
public:
    struct Share {
        std::vector<double> sums;
        double weight = 0;
        friend bool operator==(const Share&, const Share&) = default;
    };

    explicit PushSum(std::vector<double> values) : has_{std::move(values), 1} {}

    /// Half of what we have, to be sent to somebody; it is gone from here.
    [[nodiscard]] Share split() {
        for (double& sum : has_.sums) sum /= 2;
        has_.weight /= 2;
        return has_;
    }
    /// Shares of another length are dropped.
    void take(const Share& share) {
        if (share.sums.size() != has_.sums.size()) return;
        for (std::size_t index = 0; index < share.sums.size(); ++index) {
            has_.sums[index] += share.sums[index];
        }
        has_.weight += share.weight;
    }
    [[nodiscard]] double mean(std::size_t index) const {
        assert(index < has_.sums.size() && has_.weight > 0);
        return has_.sums[index] / has_.weight;
    }
    [[nodiscard]] const Share& has() const { return has_; }

private:
    Share has_;
};

}  // namespace grapevine::protocol
