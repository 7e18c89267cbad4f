#pragma once

#include <algorithm>
#include <cstddef>
#include <fmt/core.h>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "protocol/aggregate/astrolabe.hpp"

// A tree of hosts in synchronous rounds, for the tests of Astrolabe: everything that is offered and
// answered in a round is what its sender held when the round began.
namespace grapevine::protocol::testing {

/// The largest first byte of all rows, if there is any.
inline std::optional<Bytes> largest(std::size_t, const std::vector<SharedRow>& rows) {
    Bytes best;
    for (const SharedRow& row : rows) best = std::max(best, row->attributes);
    return best;
}

class Tree {
public:
    /// `breadth` zones in each zone, `levels` deep; everybody knows all that it should.
    Tree(std::size_t breadth, std::size_t levels, std::size_t representatives, std::uint64_t seed)
        : random(seed) {
        std::size_t count = 1;
        for (std::size_t level = 0; level < levels; ++level) count *= breadth;
        for (std::size_t index = 0; index < count; ++index) {
            Astrolabe::Config config;
            config.round = kRound;
            config.refresh_rounds = 1'000'000;
            config.fail_rounds = 1'000'000;
            config.representatives = representatives;
            std::size_t rest = index;
            for (std::size_t level = 0; level < levels; ++level) {
                config.path.insert(config.path.begin(), fmt::format("z{:03}", rest % breadth));
                rest /= breadth;
            }
            hosts.push_back(std::make_unique<Astrolabe>(MemberId(index + 1), std::move(config),
                                                        largest, seed * 1'000'003 + index));
        }
        fill(breadth, levels);
    }

    /// One round of everybody; datagrams are lost with this chance.
    void round(double loss = 0) {
        now += kRound;
        std::vector<Mail> mail;
        for (std::size_t index = 0; index < hosts.size(); ++index) {
            if (hosts[index] == nullptr) continue;
            hosts[index]->advance(now);
            collect(index, mail);
        }
        while (!mail.empty()) {
            std::vector<Mail> next;
            for (Mail& each : mail) {
                const std::size_t to = each.send.to.value() - 1;
                if (hosts[to] == nullptr || random.chance(loss)) continue;
                hosts[to]->handle(now, each.from, each.send.message);
                collect(to, next);
            }
            mail = std::move(next);
        }
    }
    /// How many hosts have not heard that somebody says this.
    [[nodiscard]] std::size_t ignorant(const Bytes& attributes) const {
        return static_cast<std::size_t>(std::ranges::count_if(hosts, [&](const auto& host) {
            if (host == nullptr) return false;
            const auto rows = host->table(1);
            return std::ranges::none_of(
                rows, [&](const SharedRow& row) { return row->attributes == attributes; });
        }));
    }

    static constexpr Duration kRound = std::chrono::milliseconds(500);
    Instant now{};
    Random random;
    std::vector<std::unique_ptr<Astrolabe>> hosts;

private:
    struct Mail {
        MemberId from;
        Astrolabe::Send send;
    };
    void collect(std::size_t index, std::vector<Mail>& mail) {
        while (auto action = hosts[index]->poll()) {
            mail.push_back({MemberId(index + 1), std::get<Astrolabe::Send>(std::move(*action))});
        }
    }
    /// From the bottom up: siblings learn each other's rows, and so come to rows of their zones.
    void fill(std::size_t breadth, std::size_t levels) {
        std::size_t zone = 1;
        for (std::size_t level = levels; level >= 1; --level) {
            const std::size_t family = zone * breadth;
            for (std::size_t first = 0; first < hosts.size(); first += family) {
                std::vector<SharedRow> rows;
                for (std::size_t child = 0; child < breadth; ++child) {
                    Astrolabe& host = *hosts[first + child * zone];
                    const auto own = host.table(level);
                    rows.push_back(own.front());
                }
                for (std::size_t index = first; index < first + family; ++index) {
                    for (const SharedRow& row : rows) hosts[index]->learn(now, level, row);
                }
            }
            zone = family;
        }
    }
};

}  // namespace grapevine::protocol::testing
