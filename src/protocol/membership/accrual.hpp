#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/time.hpp"

// Suspicion as a level instead of a verdict: how surprising is it that nothing has come for so
// long?
//
// Source: Hayashibara, Defago, Yared, Katayama, "The phi Accrual Failure Detector", SRDS 2004,
// section 4.
namespace grapevine::protocol {

/// phi = -log10(1 - F(elapsed)), F the normal distribution of the paper: at phi = 1 the chance that
/// the next arrival is merely late is 1 in 10, at 8 it is 1 in 10^8. `deviation` above zero. Up to
/// about 320, above which it is infinite.
double phi_normal(double elapsed, double mean, double deviation);

/// The same with the exponential distribution, as Cassandra computes it: elapsed / (mean ln 10).
double phi_exponential(double elapsed, double mean);

/// (elapsed - mean) / deviation at which `phi_normal` reaches `phi`, which is 0.01 to 300.
double phi_normal_deviations(double phi);

/// The last inter-arrival times, with mean and deviation always at hand. Exact: sums are integers
/// of microseconds, so nothing drifts and every machine computes the same. 4 bytes each.
class ArrivalWindow {
public:
    /// Keeps the last `capacity` times (1 or more).
    explicit ArrivalWindow(std::size_t capacity);

    /// Zero and more; longer than about 71 minutes counts as that.
    void add(Duration gap);

    [[nodiscard]] std::size_t count() const { return gaps_.size(); }
    /// In nanoseconds; of at least one time.
    [[nodiscard]] double mean() const;
    [[nodiscard]] double deviation() const;

private:
    __extension__ using Wide = unsigned __int128;

    std::size_t capacity_;
    std::vector<std::uint32_t> gaps_;  ///< A ring once it is full, in microseconds.
    std::size_t oldest_ = 0;
    std::uint64_t sum_ = 0;
    Wide squares_ = 0;
};

}  // namespace grapevine::protocol
