#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "sim/moment.hpp"

namespace grapevine::sim {

/// When each host wants to be woken next: a binary heap in which a host can be found and moved,
/// because nearly every datagram moves a deadline, and forgotten ones would pile up in a plain one.
/// Equal moments are served by host index.
class Timers {
public:
    explicit Timers(std::size_t hosts) : when_(hosts, kEndOfTime), place_(hosts), heap_(hosts) {
        for (std::size_t i = 0; i < hosts; ++i) {
            place_[i] = static_cast<std::uint32_t>(i);
            heap_[i] = static_cast<HostIndex>(i);
        }
    }

    /// Newcomers, with the next indices.
    void add(std::size_t hosts) {
        for (std::size_t i = 0; i < hosts; ++i) {
            place_.push_back(static_cast<std::uint32_t>(heap_.size()));
            heap_.push_back(static_cast<HostIndex>(when_.size()));
            when_.push_back(kEndOfTime);
        }
    }

    [[nodiscard]] Moment next() const { return heap_.empty() ? kEndOfTime : when_[heap_[0]]; }
    [[nodiscard]] HostIndex first() const { return heap_[0]; }

    void set(HostIndex host, Moment when) {
        if (when_[host] == when) return;
        when_[host] = when;
        sink(rise(place_[host]));
    }

private:
    [[nodiscard]] bool before(HostIndex a, HostIndex b) const {
        return when_[a] != when_[b] ? when_[a] < when_[b] : a < b;
    }

    void swap(std::uint32_t a, std::uint32_t b) {
        std::swap(heap_[a], heap_[b]);
        place_[heap_[a]] = a;
        place_[heap_[b]] = b;
    }

    std::uint32_t rise(std::uint32_t at) {
        while (at > 0 && before(heap_[at], heap_[(at - 1) / 2])) {
            swap(at, (at - 1) / 2);
            at = (at - 1) / 2;
        }
        return at;
    }

    void sink(std::uint32_t at) {
        for (;;) {
            std::uint32_t least = at;
            for (const std::uint32_t child : {2 * at + 1, 2 * at + 2}) {
                if (child < heap_.size() && before(heap_[child], heap_[least])) least = child;
            }
            if (least == at) return;
            swap(at, least);
            at = least;
        }
    }

    std::vector<Moment> when_;
    std::vector<std::uint32_t> place_;
    std::vector<HostIndex> heap_;
};

}  // namespace grapevine::sim
