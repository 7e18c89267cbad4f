#include "sim/chaos.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "sim/dice.hpp"

using namespace std::chrono_literals;

namespace grapevine::sim {

Chaos::Chaos(World& world, NetworkConfig calm)
    : world_(world), calm_(calm), random_(world.random().fork()) {
    for (std::size_t kind = 0; kind < kFaults; ++kind) {
        // Half of the kinds stay away; the others have different weights.
        const std::uint64_t weight = random_.chance(0.5) ? 0 : 1 + random_.below(4);
        for (std::uint64_t i = 0; i < weight; ++i) kinds_.push_back(static_cast<Fault>(kind));
    }
    // What breaks must be able to come back, and there must be something to break.
    for (const Fault fault : {Fault::restart, Fault::restart, Fault::heal, Fault::publish,
                              Fault::set_record, Fault::erase_record}) {
        kinds_.push_back(fault);
    }
    pause_mean_ = between(random_, 100ms, 2s);
}

void Chaos::run_for(Duration duration) {
    end_ = world_.now() + duration;
    schedule();
}

void Chaos::schedule() {
    const Moment next = world_.now() + exponential(random_, pause_mean_);
    if (next >= end_) {
        world_.at(end_, [this] { finish(); });
        return;
    }
    world_.at(next, [this] {
        do_one();
        schedule();
    });
}

void Chaos::do_one() {
    ++fault_count_;
    execute(kinds_[random_.below(kinds_.size())]);
}

HostIndex Chaos::any_up() {
    const std::vector<HostIndex> up = world_.members();
    return up.empty() ? kNoHost : up[random_.below(up.size())];
}

/// From one host to half of them.
std::vector<HostIndex> Chaos::some() {
    std::vector<HostIndex> hosts(world_.size());
    for (HostIndex host = 0; host < world_.size(); ++host) hosts[host] = host;
    random_.shuffle(std::span(hosts));
    hosts.resize(1 + random_.below(std::max<std::size_t>(1, hosts.size() / 2)));
    return hosts;
}

Crash Chaos::any_crash() {
    constexpr std::array kCrashes{Crash::process, Crash::process, Crash::power, Crash::torn,
                                  Crash::disk_lost};
    return kCrashes[random_.below(kCrashes.size())];
}

void Chaos::execute(Fault fault) {
    if (fault == Fault::restart) {
        for (HostIndex host = 0; host < world_.size(); ++host) {
            if (!world_.is_up(host) && random_.chance(0.5)) world_.start(host);
        }
        return;
    }
    if (fault == Fault::heal) return world_.heal();
    if (fault == Fault::partition) return world_.partition(some());
    if (fault == Fault::one_way) {
        // Each draw in a statement of its own: the order of arguments is the compiler's.
        const std::vector<HostIndex> from = some();
        const std::vector<HostIndex> to = some();
        return world_.cut(from, to);
    }
    if (fault == Fault::weather) return weather();
    if (fault == Fault::garbage) return garbage();
    const HostIndex host = any_up();
    if (host == kNoHost) return;
    const std::string key = fmt::format("key{}", random_.below(4));
    switch (fault) {
        // Somebody always stays up, or there is no group to come back to.
        case Fault::kill:
            if (world_.members().size() > 1) world_.kill(host, any_crash());
            return;
        case Fault::kill_in_between:
            if (world_.members().size() > 1) {
                const std::uint64_t steps = random_.below(50);
                world_.kill_after(host, steps, any_crash());
            }
            return;
        case Fault::stall:
            return world_.stall(host, between(random_, 10ms, 5s));
        case Fault::clog:
            return world_.clog(host, between(random_, 100ms, 5s));
        case Fault::snapshot:
            return world_.snapshot(host);
        case Fault::restore:
            world_.kill(host, Crash::power);
            static_cast<void>(world_.restore(host));
            return world_.start(host);
        case Fault::forget:
            return forget_somebody(host);
        case Fault::leave:
            if (world_.members().size() > 2) world_.leave(host);
            return;
        case Fault::publish:
            for (std::uint64_t i = 1 + random_.below(5); i > 0 && world_.is_member(host); --i) {
                static_cast<void>(world_.publish(host, "chaos", Bytes(random_.below(3000), 0x42)));
            }
            return;
        case Fault::set_record:
            static_cast<void>(world_.set_record(host, key, fmt::format("{:016x}", random_.next())));
            return;
        case Fault::erase_record:
            static_cast<void>(world_.erase_record(host, key));
            return;
        default:
            return;
    }
}

void Chaos::weather() {
    NetworkConfig config = calm_;
    if (random_.chance(0.3)) config.loss = 0.3 * random_.unit();
    if (random_.chance(0.3)) config.duplicate = 0.2 * random_.unit();
    if (random_.chance(0.3)) config.corrupt = 0.05 * random_.unit();
    if (random_.chance(0.3)) config.delay_mean = between(random_, 0ms, 200ms);
    if (random_.chance(0.2)) config.link_capacity = 1 + random_.below(20);
    world_.network().configure(config);
}

/// Noise from outside, and damaged copies of what members say.
void Chaos::garbage() {
    for (int i = 0; i < 20; ++i) {
        Bytes bytes(random_.below(1400));
        for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random_.next() >> 56U);
        const auto& recorded = world_.network().recorded();
        if (!recorded.empty() && random_.chance(0.5)) {
            bytes = recorded[random_.below(recorded.size())].bytes;
            if (!bytes.empty()) bytes[random_.below(bytes.size())] ^= 0x10;
        }
        const auto to = static_cast<HostIndex>(random_.below(world_.size()));
        const auto port = static_cast<std::uint16_t>(1024 + random_.below(60'000));
        world_.inject(
            {Endpoint::v4(203, 0, 113, 9, port), Network::endpoint_of(to), std::move(bytes)});
    }
}

void Chaos::forget_somebody(HostIndex host) {
    const protocol::Membership& membership = world_.membership(host);
    for (const MemberId id : membership.ids()) {
        if (membership.find(id)->status < wire::Status::dead) continue;
        static_cast<void>(world_.forget(host, id));
        return;
    }
}

void Chaos::finish() {
    world_.network().configure(calm_);
    world_.heal();
    for (HostIndex host = 0; host < world_.size(); ++host) {
        world_.kill_after(host, UINT64_MAX, Crash::process);
        if (!world_.is_up(host)) world_.start(host);
    }
}

}  // namespace grapevine::sim
