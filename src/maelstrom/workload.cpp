#include "maelstrom/workload.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <cassert>
#include <cmath>
#include <map>
#include <set>
#include <string>

#include "base/random.hpp"
#include "maelstrom/cluster.hpp"

namespace grapevine::maelstrom {
namespace {

namespace json = boost::json;

/// Splits the nodes in two, and heals them, in turn.
class Splitter {
public:
    Splitter(Cluster& cluster, Duration length, Instant end, std::uint64_t seed)
        : length_(length), end_(end), random_(seed), side_(cluster.size()) {
        cluster.set_cut([this](std::size_t from, std::size_t to) {
            return is_split_ && side_[from] != side_[to];
        });
        if (length_ > Duration::zero()) next_ = Instant{} + length_;
    }

    [[nodiscard]] Instant next() const { return next_; }
    /// At `next()`.
    void turn() {
        const Instant now = next_;
        is_split_ = !is_split_ && now < end_;
        if (!is_split_) healed_at_ = now;
        next_ = now + length_;
        if (next_ >= end_) next_ = is_split_ ? end_ : kNever;
        if (!is_split_) return;
        // At least one on either side.
        std::vector<std::size_t> order(side_.size());
        for (std::size_t index = 0; index < order.size(); ++index) order[index] = index;
        random_.shuffle(std::span(order));
        const std::size_t cut = 1 + random_.below(order.size() - 1);
        for (std::size_t place = 0; place < order.size(); ++place) {
            side_[order[place]] = place < cut;
        }
    }
    /// When it was last healed; the beginning if never.
    [[nodiscard]] Instant healed_at() const { return healed_at_; }

private:
    Duration length_;
    Instant end_;
    Random random_;
    std::vector<bool> side_;
    bool is_split_ = false;
    Instant next_ = kNever;
    Instant healed_at_{};
};

/// Calls `operate` at random moments, `rate` times a second in the mean, until `end`.
template <typename Operate>
void play(Cluster& cluster, Splitter& splitter, Random& random, std::uint32_t rate, Instant end,
          const Operate& operate) {
    const auto mean = std::chrono::duration_cast<Duration>(std::chrono::seconds(1)) / rate;
    // Uniform from none to twice the mean, as Maelstrom staggers its clients.
    const auto pause = [&] {
        return Duration(static_cast<std::int64_t>(
            random.below(2 * static_cast<std::uint64_t>(mean.count()) + 1)));
    };
    Instant next = cluster.now() + pause();
    while (next < end || splitter.next() <= end) {
        if (splitter.next() <= next) {
            cluster.run_until(splitter.next());
            splitter.turn();
            continue;
        }
        cluster.run_until(next);
        operate();
        next += pause();
        if (next >= end) next = kNever;
    }
}

}  // namespace

double BroadcastReport::messages_per_operation() const {
    return operations == 0 ? 0 : static_cast<double>(messages) / static_cast<double>(operations);
}

Duration BroadcastReport::stable_latency(double share) const {
    if (stable_latencies.empty()) return Duration::zero();
    const auto count = static_cast<double>(stable_latencies.size());
    const auto place = static_cast<std::size_t>(std::ceil(share * count));
    return stable_latencies[std::clamp<std::size_t>(place, 1, stable_latencies.size()) - 1];
}

BroadcastReport run_broadcast(const BroadcastPlan& plan, const Settings& settings,
                              std::uint64_t seed) {
    struct Value {
        Instant answered_at;
        std::size_t learned_by = 0;
    };
    Random random(seed);
    Cluster cluster(plan.nodes, settings, plan.latency, random.next());
    const Instant end = Instant{} + plan.duration;
    Splitter splitter(cluster, plan.partition, end, random.next());
    BroadcastReport report;
    std::map<std::string, Value> values;
    cluster.set_learned([&](std::size_t, const std::string& text) {
        const auto value = values.find(text);
        if (value == values.end() || ++value->second.learned_by != plan.nodes) return;
        const Instant from = std::max(value->second.answered_at, splitter.healed_at());
        report.stable_latencies.push_back(cluster.now() - from);
    });
    for (std::size_t node = 0; node < plan.nodes; ++node) {
        cluster.ask(node, {{"type", "topology"}, {"topology", json::object{}}});
    }

    bool is_broadcast = false;
    play(cluster, splitter, random, plan.operations_per_second, end, [&] {
        const std::size_t node = random.below(plan.nodes);
        ++report.operations;
        // One of each two, in random order, so that no figure depends on how many of each came up.
        is_broadcast = report.operations % 2 == 1 ? random.chance(0.5) : !is_broadcast;
        if (!is_broadcast) {
            cluster.ask(node, {{"type", "read"}});
            return;
        }
        const std::uint64_t number = ++report.broadcasts;
        values[std::to_string(number)].answered_at = cluster.now();
        const auto answer = cluster.ask(node, {{"type", "broadcast"}, {"message", number}});
        assert(answer.at("type") == "broadcast_ok");
    });
    cluster.run_until(end + plan.quiet);

    for (std::size_t node = 0; node < plan.nodes; ++node) {
        ++report.operations;
        const auto answer = cluster.ask(node, {{"type", "read"}});
        std::set<std::string> read;
        for (const json::value& value : answer.at("messages").as_array()) {
            read.insert(json::serialize(value));
        }
        report.lost += report.broadcasts;
        for (const std::string& value : read) {
            if (values.contains(value)) {
                --report.lost;
            } else {
                ++report.invented;
            }
        }
    }
    report.messages = cluster.lines_between_nodes();
    std::ranges::sort(report.stable_latencies);
    return report;
}

CounterReport run_counter(const CounterPlan& plan, const Settings& settings, std::uint64_t seed) {
    Random random(seed);
    Cluster cluster(plan.nodes, settings, plan.latency, random.next());
    const Instant end = Instant{} + plan.duration;
    Splitter splitter(cluster, plan.partition, end, random.next());
    CounterReport report;
    std::vector<std::uint64_t> last(plan.nodes);
    const auto read = [&](std::size_t node) {
        ++report.operations;
        const auto answer = cluster.ask(node, {{"type", "read"}});
        const auto value = answer.at("value").to_number<std::uint64_t>();
        if (value < last[node]) ++report.decreases;
        if (value > report.sum) ++report.excesses;
        last[node] = value;
        return value;
    };
    play(cluster, splitter, random, plan.operations_per_second, end, [&] {
        const std::size_t node = random.below(plan.nodes);
        if (random.chance(0.5)) {
            read(node);
            return;
        }
        ++report.operations;
        const std::uint64_t delta = random.below(5);
        report.sum += delta;
        const auto answer = cluster.ask(node, {{"type", "add"}, {"delta", delta}});
        assert(answer.at("type") == "add_ok");
    });
    cluster.run_until(end + plan.quiet);
    for (std::size_t node = 0; node < plan.nodes; ++node) report.totals.push_back(read(node));
    return report;
}

}  // namespace grapevine::maelstrom
