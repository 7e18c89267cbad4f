#include "protocol/membership/accrual.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numbers>

namespace grapevine::protocol {

double phi_normal(double elapsed, double mean, double deviation) {
    assert(deviation > 0);
    // 1 - F by the complement of the error function, which keeps its precision where F is 1.
    const double late = 0.5 * std::erfc((elapsed - mean) / deviation / std::numbers::sqrt2);
    return -std::log10(late);
}

double phi_exponential(double elapsed, double mean) {
    assert(mean > 0);
    return elapsed / mean / std::numbers::ln10;
}

double phi_normal_deviations(double phi) {
    assert(phi >= 0.01 && phi <= 300);
    double low = -3;   // phi = 0.0006
    double high = 38;  // phi = 315
    while (high - low > 1e-9) {
        const double middle = (low + high) / 2;
        (phi_normal(middle, 0, 1) < phi ? low : high) = middle;
    }
    return high;
}

ArrivalWindow::ArrivalWindow(std::size_t capacity) : capacity_(capacity) {
    assert(capacity > 0);
}

void ArrivalWindow::add(Duration gap) {
    assert(gap >= Duration::zero());
    const auto microseconds = static_cast<std::uint32_t>(std::min<Duration::rep>(
        std::chrono::duration_cast<std::chrono::microseconds>(gap).count(), UINT32_MAX));
    if (gaps_.size() < capacity_) {
        gaps_.push_back(microseconds);
    } else {
        const std::uint32_t gone = gaps_[oldest_];
        sum_ -= gone;
        squares_ -= static_cast<Wide>(gone) * gone;
        gaps_[oldest_] = microseconds;
        oldest_ = (oldest_ + 1) % capacity_;
    }
    sum_ += microseconds;
    squares_ += static_cast<Wide>(microseconds) * microseconds;
}

double ArrivalWindow::mean() const {
    assert(!gaps_.empty());
    return 1000 * static_cast<double>(sum_) / static_cast<double>(gaps_.size());
}

double ArrivalWindow::deviation() const {
    assert(!gaps_.empty());
    const Wide count = gaps_.size();
    // n sum(x^2) - (sum x)^2 is never negative in integers.
    const Wide spread = count * squares_ - static_cast<Wide>(sum_) * sum_;
    return 1000 * std::sqrt(static_cast<double>(spread)) / static_cast<double>(gaps_.size());
}

}  // namespace grapevine::protocol
