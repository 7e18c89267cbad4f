// Estimates that we begin or take part in. See node.hpp and aggregate/aggregates.hpp.

#include <charconv>
#include <cmath>

#include "base/overloaded.hpp"
#include "protocol/node.hpp"

namespace grapevine::protocol {

Outcome<std::uint64_t> Node::estimate(Instant now, Aggregates::Method method, Aggregates::Of of,
                                      std::string key) {
    auto run = aggregates_.begin(now, method, of, std::move(key));
    finish(now);
    return run;
}

bool Node::settle_aggregates() {
    bool is_busy = false;
    while (auto action = aggregates_.poll()) {
        is_busy = true;
        std::visit(Overloaded{
                       [&](Aggregates::Send& send) {
                           if (!is_peer(send.to)) return;
                           waiting_for(send.to).sections.emplace_back(std::move(send.step));
                       },
                       [&](const Aggregates::Estimate& told) { outbox_.emplace_back(told); },
                   },
                   *action);
    }
    return is_busy;
}

/// What our own record says under this key, if that is a number and nothing else.
std::optional<double> Node::own_number(std::string_view key) const {
    const Record* own = records_.find(membership_.self());
    if (own == nullptr) return std::nullopt;
    const auto found = own->items.find(key);
    if (found == own->items.end() || found->second.is_tombstone) return std::nullopt;
    const std::string& text = found->second.value;
    double number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
    if (!std::isfinite(number)) return std::nullopt;
    return number;
}

}  // namespace grapevine::protocol
