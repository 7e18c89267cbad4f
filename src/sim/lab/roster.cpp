#include "sim/lab/roster.hpp"

#include <algorithm>
#include <cassert>
#include <span>

namespace grapevine::sim::lab {

Roster::Roster(std::size_t members, std::uint64_t seed) : seed_(seed) {
    for (HostIndex member = 0; member < members; ++member) add(member);
}

void Roster::add(HostIndex member) {
    if (place_.size() <= member) place_.resize(member + std::size_t{1}, kNowhere);
    assert(!has(member));
    place_[member] = static_cast<std::uint32_t>(members_.size());
    members_.push_back(member);
    rings_.clear();
}

void Roster::remove(HostIndex member) {
    assert(has(member));
    const std::uint32_t place = place_[member];
    members_[place] = members_.back();
    place_[members_[place]] = place;
    members_.pop_back();
    place_[member] = kNowhere;
    rings_.clear();
}

std::vector<MemberId> Roster::pick(HostIndex self, Random& random, std::size_t count,
                                   MemberId except) const {
    std::vector<MemberId> chosen;
    const auto is_other = [&](HostIndex member) {
        return member != self && id_of(member) != except;
    };
    const std::size_t excluded =
        (has(self) ? 1U : 0U) +
        (except != kNobody && except != id_of(self) && has(index_of(except)) ? 1U : 0U);
    // Where few are left over, drawing would take long to find the last of them.
    if (2 * count + excluded >= members_.size()) {
        for (const HostIndex member : members_) {
            if (is_other(member)) chosen.push_back(id_of(member));
        }
        random.shuffle(std::span(chosen));
        if (chosen.size() > count) chosen.resize(count);
        return chosen;
    }
    while (chosen.size() < count) {
        const HostIndex member = members_[random.below(members_.size())];
        if (!is_other(member)) continue;
        if (std::ranges::find(chosen, id_of(member)) != chosen.end()) continue;
        chosen.push_back(id_of(member));
    }
    return chosen;
}

void Roster::draw_rings() const {
    Random random(seed_);
    for (std::size_t number = 0; number < kRings; ++number) {
        Ring ring;
        ring.order = members_;
        std::ranges::sort(ring.order);
        random.shuffle(std::span(ring.order));
        ring.place.assign(place_.size(), kNowhere);
        for (std::uint32_t place = 0; place < ring.order.size(); ++place) {
            ring.place[ring.order[place]] = place;
        }
        rings_.push_back(std::move(ring));
    }
}

std::vector<MemberId> Roster::neighbours(HostIndex self, std::size_t count) const {
    std::vector<MemberId> found;
    const std::size_t wanted = std::min(count, members_.size() - (has(self) ? 1 : 0));
    if (wanted == 0) return found;
    if (rings_.empty()) draw_rings();
    const auto take = [&](HostIndex member) {
        if (member == self || found.size() >= wanted) return;
        if (std::ranges::find(found, id_of(member)) == found.end()) found.push_back(id_of(member));
    };
    const auto at = [&](const Ring& ring, std::size_t step) {
        const std::size_t size = ring.order.size();
        const std::size_t here = has(self) ? ring.place[self] : 0;
        return ring.order[(here + step) % size];
    };
    const std::size_t size = members_.size();
    for (std::size_t ring = 0; ring < std::min((wanted + 1) / 2, kRings); ++ring) {
        take(at(rings_[ring], 1));
    }
    for (std::size_t ring = 0; ring < kRings && found.size() < wanted; ++ring) {
        take(at(rings_[ring], size - 1));
        take(at(rings_[ring], 1));
    }
    // In small groups all rings overlap: whoever comes next on the first one.
    for (std::size_t step = 2; step < size && found.size() < wanted; ++step) {
        take(at(rings_[0], step));
    }
    return found;
}

}  // namespace grapevine::sim::lab
