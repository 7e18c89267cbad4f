#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "control/event_id.hpp"

// How an event spread, as the outside sees it. Part of control.hpp.
namespace grapevine::control {

/// Asks all members that are alive how they learned of an event.
struct TraceEvent {
    std::string overlay;
    EventId event;
    std::int64_t patience_ms = 2000;  ///< How long is waited for those that do not answer.
};

struct TraceView {
    struct Member {
        std::string id;
        std::string name;
    };
    struct Node {
        Member member;
        std::string from;  ///< Member id; empty at the publisher.
        std::uint32_t hops = 0;
        std::string repair;  ///< none, asked, frontier
        std::uint64_t duplicates = 0;
        /// Microseconds since 1970, by the clock of the daemon that was asked.
        std::int64_t learned_at_us = 0;
        std::optional<std::int64_t> after_us;  ///< Since the publisher had it.
        std::optional<std::int64_t> hop_us;    ///< Since `from` had it.
        bool is_skewed = false;                ///< `hop_us` is negative: clocks disagree.
        std::string clock;                     ///< agreed, corrected, unchecked, estimated
        std::int64_t skew_us = 0;
        std::optional<std::int64_t> round_trip_us;
    };
    EventId event;
    std::vector<Node> nodes;  ///< In the order in which they learned of it, the publisher first.
    std::vector<Member> untraced;
    std::vector<Member> lacking;
    std::vector<Member> silent;
    std::uint64_t duplicates = 0;
    std::uint64_t repairs = 0;
};

}  // namespace grapevine::control
