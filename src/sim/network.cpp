#include "sim/network.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "sim/dice.hpp"

namespace grapevine::sim {

namespace {
constexpr std::uint16_t kPort = 9471;
constexpr std::uint16_t kGroupPort = 9470;
}  // namespace

Network::Network(std::size_t hosts, NetworkConfig config, std::uint64_t seed)
    : hosts_(hosts),
      config_(config),
      random_(seed),
      inbound_loss_(hosts, 0.0),
      outbound_loss_(hosts, 0.0) {
    assert(hosts < 1U << 24U);  // One address in 10.0.0.0/8 each.
}

Endpoint Network::endpoint_of(HostIndex host) {
    const std::uint32_t number = host + 1;
    return Endpoint::v4(10, static_cast<std::uint8_t>(number >> 16U),
                        static_cast<std::uint8_t>(number >> 8U), static_cast<std::uint8_t>(number),
                        kPort);
}

Endpoint Network::group_endpoint_of(HostIndex host) {
    Endpoint endpoint = endpoint_of(host);
    endpoint.port = kGroupPort;
    return endpoint;
}

bool Network::is_group_port(const Endpoint& endpoint) {
    return endpoint.port == kGroupPort;
}

HostIndex Network::host_of(const Endpoint& endpoint) const {
    if (endpoint.port != kPort && endpoint.port != kGroupPort) return kNoHost;
    const std::uint32_t number = static_cast<std::uint32_t>(endpoint.ip[13]) << 16U |
                                 static_cast<std::uint32_t>(endpoint.ip[14]) << 8U |
                                 endpoint.ip[15];
    if (number == 0 || number > hosts_) return kNoHost;
    const HostIndex host = number - 1;
    Endpoint address = endpoint_of(host);
    address.port = endpoint.port;
    return address == endpoint ? host : kNoHost;
}

void Network::send(Moment now, Datagram datagram) {
    ++counters_.sent;
    Flight flight{host_of(datagram.from), host_of(datagram.to), std::move(datagram)};
    if (flight.to == kNoHost) {
        ++counters_.nowhere;
        return;
    }
    if (on_send_ && flight.from != kNoHost) {
        on_send_(flight.from, flight.to, flight.datagram.bytes.size());
    }
    if (is_lost(flight)) {
        ++counters_.lost;
        return;
    }
    if (random_.chance(config_.duplicate)) {
        ++counters_.repeated;
        carry(now, flight);
    }
    if (random_.chance(config_.corrupt) && !flight.datagram.bytes.empty()) {
        ++counters_.corrupted;
        damage(flight.datagram.bytes);
    }
    carry(now, std::move(flight));
}

void Network::inject(Moment now, Datagram datagram) {
    Flight flight{kNoHost, host_of(datagram.to), std::move(datagram)};
    if (flight.to == kNoHost) {
        ++counters_.nowhere;
        return;
    }
    launch(now, std::move(flight));
}

bool Network::is_lost(const Flight& flight) {
    if (random_.chance(config_.loss)) return true;
    if (flight.from == kNoHost) return random_.chance(inbound_loss_[flight.to]);
    return is_cut(flight.from, flight.to) || random_.chance(outbound_loss_[flight.from]) ||
           random_.chance(inbound_loss_[flight.to]);
}

void Network::damage(Bytes& bytes) {
    const std::uint64_t flips = 1 + random_.below(4);
    for (std::uint64_t i = 0; i < flips; ++i) {
        const std::uint64_t bit = random_.below(bytes.size() * 8);
        bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    }
}

/// Puts a datagram on its link: held if it is clogged, lost if it is full, else on its way.
void Network::carry(Moment now, Flight flight) {
    if (!clogs_.empty()) {
        const auto clog = clogs_.find(link(flight.from, flight.to));
        if (clog != clogs_.end()) {
            if (clog->second.held.size() < clog->second.capacity) {
                clog->second.held.push_back(std::move(flight));
            } else {
                ++counters_.lost;
            }
            return;
        }
    }
    if (config_.link_capacity > 0) {
        std::uint32_t& flying = flying_[link(flight.from, flight.to)];
        if (flying >= config_.link_capacity) {
            ++counters_.lost;
            return;
        }
        ++flying;
    }
    Duration delay = config_.delay_min + exponential(random_, config_.delay_mean);
    if (distances_ && flight.from != kNoHost) delay += distances_(flight.from, flight.to);
    launch(now + delay, std::move(flight));
}

void Network::launch(Moment at, Flight flight) {
    std::uint32_t slot = 0;
    if (free_.empty()) {
        slot = static_cast<std::uint32_t>(slots_.size());
        slots_.push_back(std::move(flight));
    } else {
        slot = free_.back();
        free_.pop_back();
        slots_[slot] = std::move(flight);
    }
    heap_.push_back(Entry{at, order_++, slot});
    std::ranges::push_heap(heap_, later);
}

Moment Network::next() const {
    Moment soonest = heap_.empty() ? kEndOfTime : heap_.front().at;
    for (const auto& [link, clog] : clogs_) soonest = std::min(soonest, clog.until);
    return soonest;
}

std::optional<Network::Arrival> Network::pop(Moment now) {
    if (!clogs_.empty()) release_due(now);
    while (!heap_.empty() && heap_.front().at <= now) {
        std::ranges::pop_heap(heap_, later);
        const std::uint32_t slot = heap_.back().slot;
        heap_.pop_back();
        Flight flight = std::move(slots_[slot]);
        free_.push_back(slot);
        if (!flying_.empty()) {
            const auto flying = flying_.find(link(flight.from, flight.to));
            if (flying != flying_.end() && --flying->second == 0) flying_.erase(flying);
        }
        if (flight.from != kNoHost && is_cut(flight.from, flight.to)) {
            ++counters_.lost;
            continue;
        }
        if (flight.from != kNoHost && recorded_.size() < recorded_max_) {
            recorded_.push_back(flight.datagram);
        }
        return Arrival{flight.to, std::move(flight.datagram)};
    }
    return std::nullopt;
}

void Network::set_inbound_loss(HostIndex host, double loss) {
    inbound_loss_[host] = loss;
}

void Network::set_outbound_loss(HostIndex host, double loss) {
    outbound_loss_[host] = loss;
}

void Network::cut(const std::vector<HostIndex>& from, const std::vector<HostIndex>& to) {
    cuts_.push_back(Cut{as_set(from), as_set(to)});
}

void Network::partition(const std::vector<HostIndex>& island) {
    std::vector<bool> inside = as_set(island);
    std::vector<bool> outside = inside;
    outside.flip();
    cuts_.push_back(Cut{inside, outside});
    cuts_.push_back(Cut{std::move(outside), std::move(inside)});
}

void Network::clog(HostIndex from, HostIndex to, Moment until, std::size_t capacity) {
    Clog& clog = clogs_[link(from, to)];
    clog.until = std::max(clog.until, until);
    clog.capacity = capacity;
}

void Network::heal(Moment now) {
    cuts_.clear();
    std::ranges::fill(inbound_loss_, 0.0);
    std::ranges::fill(outbound_loss_, 0.0);
    for (auto& [link, clog] : clogs_) clog.until = now;
    release_due(now);
}

void Network::release_due(Moment now) {
    for (auto clog = clogs_.begin(); clog != clogs_.end();) {
        if (clog->second.until > now) {
            ++clog;
            continue;
        }
        Clog due = std::move(clog->second);
        clog = clogs_.erase(clog);  // First, or `carry` would hold it again.
        for (Flight& flight : due.held) carry(due.until, std::move(flight));
    }
}

bool Network::is_cut(HostIndex from, HostIndex to) const {
    return std::ranges::any_of(cuts_, [&](const Cut& cut) { return cut.from[from] && cut.to[to]; });
}

std::vector<bool> Network::as_set(const std::vector<HostIndex>& hosts) const {
    std::vector<bool> set(hosts_, false);
    for (const HostIndex host : hosts) set[host] = true;
    return set;
}

}  // namespace grapevine::sim
