#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "sim/dice.hpp"
#include "sim/moment.hpp"

namespace grapevine::sim::lab {

/// Which members can reach each other: every partition divides the parts that there are, until
/// `heal`.
class Parts {
public:
    explicit Parts(std::size_t members) : part_of_(members, 0) {}

    /// Newcomers are where the first member is.
    void add_members(std::size_t count) { part_of_.resize(part_of_.size() + count, part_of_[0]); }
    void divide(const std::vector<HostIndex>& island) {
        std::vector<bool> is_inside(part_of_.size(), false);
        for (const HostIndex member : island) is_inside[member] = true;
        std::map<std::pair<std::uint32_t, bool>, std::uint32_t> parts;
        for (std::size_t member = 0; member < part_of_.size(); ++member) {
            const auto part = std::pair(part_of_[member], bool{is_inside[member]});
            part_of_[member] =
                parts.emplace(part, static_cast<std::uint32_t>(parts.size())).first->second;
        }
    }
    void heal() { std::ranges::fill(part_of_, 0U); }
    [[nodiscard]] bool are_cut(HostIndex a, HostIndex b) const {
        return part_of_[a] != part_of_[b];
    }

private:
    std::vector<std::uint32_t> part_of_;
};

/// A datagram network in virtual time that carries values instead of bytes: for experiments with
/// one machine per member, where whole overlays (sim::Network carries those) would be too slow and
/// would hide what is to be seen.
///
/// A datagram takes half the latency and an exponential with the other half as its mean, or is lost
/// with probability `loss`; those under way into a partition are lost, too. What is sent over a
/// clogged link is held, and set free at once.
/// Memory: the datagrams in flight.
template <typename Load>
class Links {
public:
    struct Arrival {
        HostIndex from = 0;
        HostIndex to = 0;
        Load load;
    };
    enum class Fate : std::uint8_t { sent, lost };

    Links(std::size_t members, Duration latency, double loss, std::uint64_t seed)
        : parts_(members), latency_(latency), loss_(loss), random_(seed) {}

    void add_members(std::size_t count) { parts_.add_members(count); }

    Fate send(Moment now, HostIndex from, HostIndex to, Load load) {
        if (random_.chance(loss_) || parts_.are_cut(from, to)) return Fate::lost;
        const auto clog = clogs_.find({from, to});
        if (clog != clogs_.end() && clog->second.until > now) {
            clog->second.held.push_back({from, to, std::move(load)});
        } else {
            launch(now, {from, to, std::move(load)});
        }
        return Fate::sent;
    }

    /// When the next one arrives, or is set free.
    [[nodiscard]] Moment next() const {
        Moment soonest = heap_.empty() ? kEndOfTime : heap_.front().at;
        for (const auto& [link, clog] : clogs_) soonest = std::min(soonest, clog.until);
        return soonest;
    }
    /// What arrives at or before `now`; nothing if that is all.
    std::optional<Arrival> pop(Moment now) {
        if (!clogs_.empty()) release(now);
        while (!heap_.empty() && heap_.front().at <= now) {
            std::ranges::pop_heap(heap_, later);
            const std::uint32_t slot = heap_.back().slot;
            heap_.pop_back();
            free_.push_back(slot);
            Arrival arrival = std::move(slots_[slot]);
            if (parts_.are_cut(arrival.from, arrival.to)) {
                on_lost_.push_back(std::move(arrival));
                continue;
            }
            return arrival;
        }
        return std::nullopt;
    }
    /// Those that ran into a partition, since the last call.
    [[nodiscard]] std::vector<Arrival> take_lost() { return std::exchange(on_lost_, {}); }

    void divide(const std::vector<HostIndex>& island) { parts_.divide(island); }
    void clog(HostIndex from, HostIndex to, Moment until) {
        Moment& end = clogs_[{from, to}].until;
        end = std::max(end, until);
    }
    void heal(Moment now) {
        parts_.heal();
        for (auto& [link, clog] : clogs_) clog.until = now;
        release(now);
    }

private:
    struct Entry {
        Moment at;
        std::uint64_t order = 0;
        std::uint32_t slot = 0;
    };
    struct Clog {
        Moment until{};
        std::vector<Arrival> held;
    };
    static bool later(const Entry& a, const Entry& b) {
        return a.at != b.at ? a.at > b.at : a.order > b.order;
    }

    void launch(Moment now, Arrival arrival) {
        const Duration delay = latency_ / 2 + exponential(random_, latency_ / 2);
        std::uint32_t slot = 0;
        if (free_.empty()) {
            slot = static_cast<std::uint32_t>(slots_.size());
            slots_.push_back(std::move(arrival));
        } else {
            slot = free_.back();
            free_.pop_back();
            slots_[slot] = std::move(arrival);
        }
        heap_.push_back({now + delay, order_++, slot});
        std::ranges::push_heap(heap_, later);
    }

    void release(Moment now) {
        for (auto clog = clogs_.begin(); clog != clogs_.end();) {
            if (clog->second.until > now) {
                ++clog;
                continue;
            }
            Clog due = std::move(clog->second);
            clog = clogs_.erase(clog);
            for (Arrival& arrival : due.held) launch(due.until, std::move(arrival));
        }
    }

    Parts parts_;
    Duration latency_;
    double loss_;
    Random random_;
    std::map<std::pair<HostIndex, HostIndex>, Clog> clogs_;
    std::vector<Entry> heap_;
    std::vector<Arrival> slots_;
    std::vector<std::uint32_t> free_;
    std::vector<Arrival> on_lost_;
    std::uint64_t order_ = 0;
};

}  // namespace grapevine::sim::lab
