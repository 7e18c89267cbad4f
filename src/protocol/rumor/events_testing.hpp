#pragma once

#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "protocol/rumor/event_network.hpp"

// One `Events` machine, to be fed by hand.
namespace grapevine::protocol::test {

using namespace std::chrono_literals;
using wire::EventFragment;
using wire::EventFrontier;
using wire::EventRequest;

inline constexpr MemberId kSelf{1};
inline constexpr MemberId kPublisher{2};
inline constexpr wire::StreamId kStream{kPublisher, Epoch{1}};

inline Instant at(Duration since_start) {
    return Instant{} + since_start;
}

inline EventFragment fragment(std::uint64_t sequence, wire::StreamId stream = kStream,
                              std::string topic = "t") {
    auto bytes = std::make_shared<const Bytes>(4, std::uint8_t{9});
    return {stream, EventSequence{sequence}, WallTime{1}, std::move(topic), 4, 0, 1, {bytes, 0, 4}};
}

inline EventFrontier frontier(std::uint64_t lowest, std::uint64_t highest,
                              bool wants_reply = false) {
    return {wants_reply, {{kStream, EventSequence{lowest}, EventSequence{highest}}}};
}

/// A machine among `peers` others, long past its catching up.
struct Fixture {
    FixedPeers peers;
    ProtocolConfig config;
    std::unique_ptr<Events> events;
    std::vector<Events::Send> sent;
    std::vector<SharedEvent> delivered;
    std::vector<Events::Gap> gaps;

    explicit Fixture(std::uint64_t peer_count = 5, ProtocolConfig protocol = {})
        : config(std::move(protocol)) {
        std::vector<MemberId> members;
        for (std::uint64_t id = 2; id < 2 + peer_count; ++id) members.emplace_back(id);
        peers.self = kSelf;
        peers.set(members);
        events = std::make_unique<Events>(kSelf, Epoch{5}, config, peers, 1);
        events->peer_joined(at(0s), kPublisher);
        advance_to(at(100s));
        EXPECT_FALSE(events->is_catching_up());
        clear();
    }

    void drain() {
        while (auto action = events->poll()) {
            if (auto* send = std::get_if<Events::Send>(&*action)) sent.push_back(*send);
            if (auto* deliver = std::get_if<Events::Deliver>(&*action)) {
                delivered.push_back(deliver->event);
            }
            if (auto* gap = std::get_if<Events::Gap>(&*action)) gaps.push_back(*gap);
        }
        events->check_invariants();
    }
    void clear() {
        sent.clear();
        delivered.clear();
        gaps.clear();
    }
    template <typename Section>
    void hear(Instant now, MemberId from, const Section& section) {
        events->handle(now, from, section);
        drain();
    }
    void advance_to(Instant end) {
        while (events->deadline() <= end) {
            events->advance(events->deadline());
            drain();
        }
    }
    template <typename Section>
    std::vector<std::pair<MemberId, Section>> sent_of() const {
        std::vector<std::pair<MemberId, Section>> result;
        for (const Events::Send& send : sent) {
            if (const auto* section = std::get_if<Section>(&send.section)) {
                result.emplace_back(send.to, *section);
            }
        }
        return result;
    }
};

}  // namespace grapevine::protocol::test
