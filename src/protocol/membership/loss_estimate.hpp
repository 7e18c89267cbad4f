#pragma once

namespace grapevine::protocol {

/// How much of what we ask gets lost on the way there or back, from the pings themselves: the share
/// of first pings to members *that live* whose ack did not come in time. Pings to the dead say
/// nothing about the network and are not counted.
///
/// With a share p of datagrams lost it tends to 1 - (1 - p)^2: 5% lost show as .10, 10% as .19, 20%
/// as .36, 30% as .51. An exponential average over 64 pings, ten seconds of `fast`: at 5% it
/// stands within .10 +- .03 most of the time.
class LossEstimate {
public:
    void answered() { value_ -= value_ * kWeight; }
    void lost() { value_ += (1 - value_) * kWeight; }

    /// 0 .. 1.
    [[nodiscard]] double value() const { return value_; }

private:
    static constexpr double kWeight = 1.0 / 64;

    double value_ = 0;
};

}  // namespace grapevine::protocol
