#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "base/time.hpp"
#include "maelstrom/adapter.hpp"

namespace grapevine::maelstrom {

/// Maelstrom's net in one process and virtual time: adapters, and lines between them. From node to
/// node a line takes `latency`; what clients say and hear takes no time, as there. From one seed:
/// equal runs are equal.
class Cluster {
public:
    /// Whether a line from one node to another is lost now. Nodes count from 0.
    using Cut = std::function<bool(std::size_t from, std::size_t to)>;
    /// A node has learned of the value (JSON) of a broadcast.
    using Learned = std::function<void(std::size_t node, const std::string& value)>;

    /// All nodes are told who they are: n0, n1, and so on. `count` is at least 1.
    Cluster(std::size_t count, const Settings& settings, Duration latency, std::uint64_t seed);

    /// Plays until `end`; after that it is `end`.
    void run_until(Instant end);
    /// A client's request: the answer's body, empty if there was none.
    boost::json::object ask(std::size_t node, boost::json::object body);

    void set_cut(Cut cut) { is_cut_ = std::move(cut); }
    void set_learned(Learned learned) { learned_ = std::move(learned); }

    [[nodiscard]] Instant now() const { return now_; }
    [[nodiscard]] std::size_t size() const { return nodes_.size(); }
    [[nodiscard]] const Adapter& node(std::size_t index) const { return *nodes_.at(index).adapter; }
    /// Lines from node to node so far, the lost ones too.
    [[nodiscard]] std::uint64_t lines_between_nodes() const { return lines_; }

private:
    struct Node {
        std::unique_ptr<Adapter> adapter;
        std::size_t told = 0;  ///< Of its values, to `learned_`.
    };
    struct Line {
        Instant at;
        std::uint64_t order;
        std::size_t to;
        std::string text;
        friend bool operator<(const Line& a, const Line& b) {
            return std::pair(a.at, a.order) > std::pair(b.at, b.order);
        }
    };

    bool step(Instant end);
    void drain(std::size_t index);
    [[nodiscard]] std::optional<std::size_t> index_of(const std::string& name) const;

    Duration latency_;
    Instant now_{};
    std::vector<Node> nodes_;
    std::priority_queue<Line> underway_;  ///< The earliest on top.
    std::uint64_t lines_ = 0;
    std::int64_t last_request_ = 0;
    boost::json::object answer_;  ///< What came last for the client.
    Cut is_cut_ = [](std::size_t, std::size_t) { return false; };
    Learned learned_ = [](std::size_t, const std::string&) {};
};

}  // namespace grapevine::maelstrom
