// Questions to members, as tests ask them. See world.hpp.

#include <algorithm>
#include <utility>

#include "sim/world.hpp"

namespace grapevine::sim {

Outcome<std::uint64_t> World::ask(HostIndex host, const std::vector<MemberId>& targets,
                                  protocol::QuestionKind kind, Bytes body, Duration patience,
                                  protocol::Gather::Telling telling) {
    auto number =
        hosts_[host].overlay->ask(clock(host), targets, kind, std::move(body), patience, telling);
    drain(host);
    return number;
}

const protocol::Gather::Gathered* World::gathered(HostIndex host, std::uint64_t number) const {
    const auto& all = hosts_[host].gathered;
    const auto found = std::ranges::find(all, number, &protocol::Gather::Gathered::number);
    return found == all.end() ? nullptr : &*found;
}

Outcome<std::uint64_t> World::estimate(HostIndex host, protocol::Aggregates::Method method,
                                       protocol::Aggregates::Of of, std::string key) {
    auto run = hosts_[host].overlay->estimate(clock(host), method, of, std::move(key));
    drain(host);
    return run;
}

const protocol::Aggregates::Estimate* World::estimated(HostIndex host, std::uint64_t run) const {
    const auto& all = hosts_[host].estimates;
    const auto found = std::ranges::find(all, run, &protocol::Aggregates::Estimate::run);
    return found == all.end() ? nullptr : &*found;
}

/// An input between two drainings, as the daemon gives it.
bool World::answer_query(HostIndex index) {
    Host& host = hosts_[index];
    while (!host.asked.empty()) {
        const auto asked = std::exchange(host.asked.front(), {});
        host.asked.pop_front();
        auto answer = on_query_ ? on_query_(index, asked) : std::nullopt;
        if (!answer) continue;
        host.overlay->answer(clock(index), asked.from, asked.number, std::move(*answer));
        return true;
    }
    return false;
}

}  // namespace grapevine::sim
