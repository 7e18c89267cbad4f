#pragma once

#include <algorithm>
#include <cstdint>
#include <gtest/gtest.h>
#include <map>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "protocol/state/range_sync.hpp"
#include "protocol/state/range_testing.hpp"
#include "wire/native/codec.hpp"
#include "wire/size.hpp"

// Two members that compare their states by ranges, with a network between them.
namespace grapevine::protocol::testing {

inline constexpr std::size_t kBudget = kPacketBytesMax - kProofBytesMax;

struct Traffic {
    std::size_t asked_bytes = 0;
    std::size_t answered_bytes = 0;
    std::size_t largest_bytes = 0;  ///< Of one section.
    std::size_t sections = 0;
    std::size_t messages = 0;  ///< One way; sections that leave together are one.

    [[nodiscard]] std::size_t bytes() const { return asked_bytes + answered_bytes; }
};

/// As it arrives: encoded and decoded again.
inline wire::StateRanges travel(const wire::StateRanges& section, std::size_t& bytes,
                                Traffic& traffic) {
    const Bytes encoded = wire::native::encode({section});
    bytes += encoded.size();
    traffic.largest_bytes = std::max(traffic.largest_bytes, encoded.size());
    ++traffic.sections;
    const auto decoded = wire::native::decode(encoded);
    EXPECT_TRUE(decoded) << describe(decoded.error());
    auto arrived = std::get<wire::StateRanges>(decoded->packet.at(0));
    EXPECT_EQ(arrived, section);
    return arrived;
}

struct Network {
    std::size_t window = kStateExchangeSectionsMax;  ///< Requests that leave together.
    double loss = 0;
    bool asks_again = true;  ///< What was lost.
};

/// Drives `exchange` until it is done, or until nothing more is asked.
inline Traffic run(RangeExchange& exchange, const RangeTree& asker, const RangeTree& answerer,
                   Random& random, const Network& network = {}) {
    Traffic traffic;
    while (!exchange.is_done()) {
        std::vector<wire::StateRanges> replies;
        const auto requests = exchange.next(asker, kBudget, network.window);
        if (requests.empty()) {
            if (!network.asks_again) break;
            exchange.ask_again();
            continue;
        }
        for (const auto& request : requests) {
            const auto arrived = travel(request, traffic.asked_bytes, traffic);
            if (random.chance(network.loss)) continue;
            for (auto& reply : answer(answerer, arrived, kBudget)) {
                reply = travel(reply, traffic.answered_bytes, traffic);
                if (!random.chance(network.loss)) replies.push_back(std::move(reply));
            }
        }
        random.shuffle(std::span(replies));
        for (const auto& reply : replies) exchange.handle(asker, reply);
        traffic.messages += 2;
    }
    return traffic;
}

/// What an exchange has found, as places in the order.
struct Found {
    std::vector<std::uint32_t> needs;  ///< Handles of the answerer's entries.
    std::vector<std::uint32_t> haves;
    friend bool operator==(const Found&, const Found&) = default;
};

inline Found take(RangeExchange& exchange, const RangeTree& answerer) {
    Found found;
    for (const auto& want : exchange.take_needs(kBudget)) {
        EXPECT_LE(wire::encoded_size(wire::Section(want)), kBudget);
        const auto handles = wanted(answerer, want);
        found.needs.insert(found.needs.end(), handles.begin(), handles.end());
    }
    for (const auto& item : exchange.take_haves()) found.haves.push_back(item.handle);
    std::ranges::sort(found.needs);
    std::ranges::sort(found.haves);
    return found;
}

/// What two members hold, and what only one of them does. Handles are places in `items`.
struct Pair {
    std::vector<RangeTree::Item> items;
    RangeTree asker;
    RangeTree answerer;
    Found truth;

    enum class Side { both, asker, answerer };

    void add(RangeTree::Item item, Side side) {
        item.handle = static_cast<std::uint32_t>(items.size());
        const bool is_new = side == Side::answerer ? answerer.insert(item) : asker.insert(item);
        if (!is_new) return;
        items.push_back(item);
        if (side == Side::both) answerer.insert(item);
        if (side == Side::asker) truth.haves.push_back(item.handle);
        if (side == Side::answerer) truth.needs.push_back(item.handle);
    }
    /// Only one has it, each as often.
    void add_different(const RangeTree::Item& item, Random& random) {
        add(item, random.chance(0.5) ? Side::asker : Side::answerer);
    }
    /// Each gets what it lacks, as the exchange has found it.
    void apply(const Found& found) {
        for (const auto handle : found.needs) asker.insert(items[handle]);
        for (const auto handle : found.haves) answerer.insert(items[handle]);
    }
};

/// `count` entries in the order of time, 86 ms apart on average as are a million in a day, of which
/// those with the given places differ.
template <typename IsDifferent>
Pair make_pair(std::size_t count, Random& random, IsDifferent is_different) {
    Pair pair;
    std::uint64_t unix_ms = 1'700'000'000'000;
    for (std::size_t index = 0; index < count; ++index) {
        unix_ms += random.below(173);
        const Stamp stamp(stamp_at(unix_ms).value() + random.below(3));
        const auto item = sample_item(random, stamp);
        if (is_different(index)) {
            pair.add_different(item, random);
        } else {
            pair.add(item, Pair::Side::both);
        }
    }
    return pair;
}

}  // namespace grapevine::protocol::testing
