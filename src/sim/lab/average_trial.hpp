#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "protocol/aggregate/averaging.hpp"
#include "protocol/aggregate/push_sum.hpp"
#include "sim/lab/linked_trial.hpp"

namespace grapevine::sim::lab {

using AverageLoad =
    std::variant<protocol::Averaging::Offer, protocol::Averaging::Reply, protocol::PushSum::Share>;

/// Everybody has a number, and all find the mean: protocol::Averaging or protocol::PushSum, one
/// exchange or share per interval and member, with a partner at random.
///
/// An offer that was not replied to when the next interval begins is given up. The dead take their
/// number with them; with push-pull it is given back as soon as they are noticed. It has ended when
/// the variance is a 10^-20th of what it was.
class AverageTrial final : public LinkedTrial<AverageLoad> {
public:
    explicit AverageTrial(const Settings& settings);

    [[nodiscard]] bool has_ended() const override { return variance_ <= variance_end_; }
    [[nodiscard]] std::vector<Point> points(Moment now) const override;
    [[nodiscard]] std::vector<Point> summary() const override;

protected:
    void added(HostIndex member) override;
    void born(HostIndex member) override;
    void killed(HostIndex) override { measure(); }
    void left(HostIndex member, HostIndex who) override;
    void wake(HostIndex member) override;
    void arrive(HostIndex from, HostIndex to, AverageLoad& load) override;

private:
    struct Member {
        double own = 0;
        protocol::Averaging averaging{{}};
        protocol::PushSum push_sum{{}};
    };
    [[nodiscard]] double draw_value(HostIndex member);
    [[nodiscard]] double estimate(HostIndex member) const;
    void show(HostIndex member);
    void measure();

    bool is_push_sum_;
    std::vector<Member> members_;
    double variance_ = 0;  ///< At the beginning of this interval, of the estimates.
    double mean_ = 0;      ///< The same.
    double variance_begin_ = 0;
    double variance_end_ = -1;
    Moment measured_at_{};
};

}  // namespace grapevine::sim::lab
