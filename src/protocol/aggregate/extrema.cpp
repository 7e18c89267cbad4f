#include "protocol/aggregate/extrema.hpp"

#include <cmath>
#include <limits>

namespace grapevine::protocol {

Extrema::Extrema(double rate, Random& random, std::size_t variates)
    : minima_(variates, std::numeric_limits<float>::infinity()) {
    if (!(rate > 0)) return;
    for (float& minimum : minima_) {
        minimum = static_cast<float>(random.exponential(1 / rate));
    }
}

bool Extrema::merge(const Minima& other) {
    if (other.size() != minima_.size()) return false;
    bool is_news = false;
    for (std::size_t index = 0; index < minima_.size(); ++index) {
        if (other[index] >= minima_[index]) continue;
        minima_[index] = other[index];
        is_news = true;
    }
    return is_news;
}

double Extrema::estimate(const Minima& minima) {
    double sum = 0;
    for (const float minimum : minima) sum += static_cast<double>(minimum);
    if (!(sum > 0) || std::isinf(sum)) return 0;
    return static_cast<double>(minima.size() - 1) / sum;
}

double Extrema::deviation(std::size_t variates) {
    return 1 / std::sqrt(static_cast<double>(variates - 2));
}

}  // namespace grapevine::protocol
