// The shared map of the hosts. See world.hpp and protocol/state/map.hpp.

#include <cassert>
#include <optional>
#include <utility>

#include "sim/world.hpp"

namespace grapevine::sim {

void World::put_state(HostIndex host, std::string_view key, std::string_view value) {
    if (!hosts_[host].overlay) return;
    const auto written = hosts_[host].overlay->put_state(clock(host), key, value, {});
    assert(written);
    drain(host);
}

void World::erase_state(HostIndex host, std::string_view key) {
    if (!hosts_[host].overlay) return;
    // Refused if it is not there; so be it.
    (void)hosts_[host].overlay->erase_state(clock(host), key, std::nullopt);
    drain(host);
}

void World::count_state(HostIndex host, std::string_view key, std::int64_t change) {
    if (!hosts_[host].overlay) return;
    const auto written = hosts_[host].overlay->count_state(clock(host), key, change);
    assert(written);
    drain(host);
}

const protocol::SharedMap& World::state(HostIndex host) const {
    return hosts_[host].overlay->node().state();
}

bool World::has_equal_state() const {
    std::optional<std::uint64_t> summary;
    for (const Host& host : hosts_) {
        if (!host.overlay) continue;
        const std::uint64_t its = host.overlay->node().state().summary();
        if (summary && *summary != its) return false;
        summary = its;
    }
    return true;
}

/// A stream carries the whole copy at once, or nothing if the other cannot be reached.
bool World::copy_state(HostIndex index) {
    const MemberId from = std::exchange(hosts_[index].copy_from, kNobody);
    if (from == kNobody) return false;
    const auto owner = owners_.find(from);
    const bool is_there = owner != owners_.end() && hosts_[owner->second].overlay &&
                          !network_.is_cut(owner->second, index);
    overlay::Overlay& to = *hosts_[index].overlay;
    std::optional<wire::StatePosition> next;
    if (is_there) next = wire::kStateBegin;
    while (next) {
        const auto page = state(owner->second).copy_page(*next, 16 * 1024);
        const bool is_right = to.take_state_copy(clock(index), page.body);
        assert(is_right);
        while (auto action = to.poll()) execute(index, std::move(*action));
        next = page.next;
    }
    to.state_copy_ended(clock(index), is_there);
    return true;
}

}  // namespace grapevine::sim
