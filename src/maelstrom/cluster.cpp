#include "maelstrom/cluster.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <cassert>
#include <charconv>
#include <utility>

#include "maelstrom/message.hpp"

namespace grapevine::maelstrom {
namespace {

namespace json = boost::json;

constexpr const char* kClient = "c0";

std::string name_of(std::size_t index) {
    return "n" + std::to_string(index);
}

}  // namespace

Cluster::Cluster(std::size_t count, const Settings& settings, Duration latency, std::uint64_t seed)
    : latency_(latency) {
    assert(count > 0);
    Random random(seed);
    json::array names;
    for (std::size_t index = 0; index < count; ++index) names.push_back(name_of(index).c_str());
    for (std::size_t index = 0; index < count; ++index) {
        nodes_.push_back({std::make_unique<Adapter>(settings, random.next())});
    }
    for (std::size_t index = 0; index < count; ++index) {
        ask(index, {{"type", "init"}, {"node_id", name_of(index)}, {"node_ids", names}});
    }
}

std::optional<std::size_t> Cluster::index_of(const std::string& name) const {
    std::size_t index = 0;
    if (name.empty() || name.front() != 'n') return std::nullopt;
    const char* end = name.data() + name.size();
    const auto [rest, error] = std::from_chars(name.data() + 1, end, index);
    if (error != std::errc{} || rest != end || index >= nodes_.size()) return std::nullopt;
    return index;
}

json::object Cluster::ask(std::size_t node, json::object body) {
    body["msg_id"] = ++last_request_;
    answer_.clear();
    nodes_.at(node).adapter->receive(now_, print_message(kClient, name_of(node), body));
    drain(node);
    return std::exchange(answer_, {});
}

void Cluster::drain(std::size_t index) {
    Node& node = nodes_[index];
    while (auto text = node.adapter->poll()) {
        auto message = parse_message(*text);
        assert(message && message->source == name_of(index));
        if (message->target == kClient) {
            answer_ = std::move(message->body);
            continue;
        }
        const auto to = index_of(message->target);
        assert(to && *to != index);
        ++lines_;
        if (!is_cut_(index, *to)) {
            underway_.push({now_ + latency_, lines_, *to, std::move(*text)});
        }
    }
    const auto& values = node.adapter->values();
    while (node.told < values.size()) learned_(index, values[node.told++]);
}

bool Cluster::step(Instant end) {
    Instant next = underway_.empty() ? kNever : underway_.top().at;
    std::optional<std::size_t> waking;
    for (std::size_t index = 0; index < nodes_.size(); ++index) {
        const Instant deadline = nodes_[index].adapter->deadline();
        if (deadline >= next) continue;
        next = deadline;
        waking = index;
    }
    if (next > end) return false;
    now_ = std::max(now_, next);
    if (waking) {
        nodes_[*waking].adapter->advance(now_);
        drain(*waking);
    } else {
        const Line line = underway_.top();
        underway_.pop();
        nodes_[line.to].adapter->receive(now_, line.text);
        drain(line.to);
    }
    return true;
}

void Cluster::run_until(Instant end) {
    while (step(end)) {
    }
    now_ = std::max(now_, end);
}

}  // namespace grapevine::maelstrom
