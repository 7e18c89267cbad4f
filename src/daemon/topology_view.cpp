#include "daemon/topology_view.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "base/page_limits.hpp"
#include "daemon/views.hpp"
#include "protocol/membership/ring_order.hpp"

namespace grapevine::daemon {
namespace {

constexpr std::size_t kDimensions = wire::Coordinate::kDimensions;
using Vector = std::array<double, kDimensions>;
using Matrix = std::array<Vector, kDimensions>;
using Links = std::set<std::pair<std::uint32_t, std::uint32_t>>;

/// Far more than power iteration needs to tell axes apart that differ by a tenth.
constexpr int kIterations = 64;

double dot(const Vector& left, const Vector& right) {
    double sum = 0;
    for (std::size_t axis = 0; axis < kDimensions; ++axis) sum += left[axis] * right[axis];
    return sum;
}

Vector mean_of(const std::vector<Placed>& members) {
    Vector mean{};
    double count = 0;
    for (const Placed& member : members) {
        if (!member.place) continue;
        for (std::size_t axis = 0; axis < kDimensions; ++axis) {
            mean[axis] += member.place->position[axis];
        }
        ++count;
    }
    for (double& value : mean) value /= std::max(count, 1.0);
    return mean;
}

Vector from_mean(const Placed& member, const Vector& mean) {
    Vector position = member.place->position;
    for (std::size_t axis = 0; axis < kDimensions; ++axis) position[axis] -= mean[axis];
    return position;
}

Matrix covariance_of(const std::vector<Placed>& members, const Vector& mean) {
    Matrix sums{};
    for (const Placed& member : members) {
        if (!member.place) continue;
        const Vector position = from_mean(member, mean);
        for (std::size_t row = 0; row < kDimensions; ++row) {
            for (std::size_t column = 0; column < kDimensions; ++column) {
                sums[row][column] += position[row] * position[column];
            }
        }
    }
    return sums;
}

/// The direction in which most varies, by power iteration; zero if nothing does. Takes it out of
/// the matrix, so that the next call gives the next one.
Vector take_axis(Matrix& sums) {
    Vector axis{};
    // No place is special, and a start that is orthogonal to the answer would find another one.
    for (std::size_t index = 0; index < kDimensions; ++index) {
        axis[index] = 1.0 + 0.1 * static_cast<double>(index);
    }
    double strength = 0;
    for (int round = 0; round < kIterations; ++round) {
        Vector next{};
        for (std::size_t row = 0; row < kDimensions; ++row) next[row] = dot(sums[row], axis);
        strength = std::sqrt(dot(next, next));
        if (strength <= 0) return {};
        for (std::size_t index = 0; index < kDimensions; ++index) {
            axis[index] = next[index] / strength;
        }
    }
    for (std::size_t row = 0; row < kDimensions; ++row) {
        for (std::size_t column = 0; column < kDimensions; ++column) {
            sums[row][column] -= strength * axis[row] * axis[column];
        }
    }
    return axis;
}

std::int64_t microseconds(double seconds) {
    return std::llround(seconds * 1e6);
}

void lay_flat(const std::vector<Placed>& members, control::TopologyView& view) {
    const Vector mean = mean_of(members);
    Matrix sums = covariance_of(members, mean);
    const Vector first = take_axis(sums);
    const Vector second = take_axis(sums);
    for (std::size_t index = 0; index < members.size(); ++index) {
        if (!members[index].place) continue;
        const Vector position = from_mean(members[index], mean);
        view.members[index].x_us = microseconds(dot(position, first));
        view.members[index].y_us = microseconds(dot(position, second));
    }
}

/// The predecessor watches its successor, in a circle.
void link_ring(const std::vector<Placed>& members, std::vector<std::uint32_t>& circle,
               std::uint8_t ring, Links& links) {
    std::ranges::sort(circle, {}, [&](std::uint32_t index) {
        return protocol::RingOrder::place(members[index].member, ring);
    });
    for (std::size_t index = 0; index < circle.size(); ++index) {
        links.emplace(circle[index], circle[(index + 1) % circle.size()]);
    }
}

}  // namespace

control::TopologyView topology_of(std::vector<Placed> members, std::uint8_t ring_count,
                                  bool has_zones) {
    std::ranges::sort(members, {}, &Placed::member);
    control::TopologyView view;
    std::map<std::string, std::vector<std::uint32_t>> circles;
    for (std::uint32_t index = 0; index < members.size(); ++index) {
        view.members.push_back({id_text(members[index].member), members[index].zone});
        circles[has_zones ? members[index].zone : std::string()].push_back(index);
    }
    lay_flat(members, view);
    Links links;
    for (auto& [zone, circle] : circles) {
        if (circle.size() < 2) continue;
        for (std::uint8_t ring = 0; ring < ring_count; ++ring) {
            link_ring(members, circle, ring, links);
        }
    }
    view.links.assign(links.begin(), links.end());
    if (view.links.size() > kTopologyLinksMax) {
        view.links_left_out = view.links.size() - kTopologyLinksMax;
        view.links.resize(kTopologyLinksMax);
    }
    return view;
}

}  // namespace grapevine::daemon
