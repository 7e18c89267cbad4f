#pragma once

#include <cstddef>

// How long gossip takes to carry one heartbeat to everybody, as van Renesse, Minsky and Hayden
// compute it: "A Gossip-Style Failure Detection Service", Middleware 1998, section 3 and appendix
// A. Pure functions; nothing here is drawn.
//
// A round is the time in which every member gossips once. A member is mistaken when a heartbeat of
// a live member has not reached it in the rounds that it waits.
namespace grapevine::protocol {

struct HeartbeatGroup {
    std::size_t members = 2;  ///< n, the failed included; 2 or more.
    std::size_t failed = 0;   ///< f: they still draw gossip. At least one member lives.
    double arrival = 1;       ///< P_arr, the probability that a datagram arrives: above 0.
};

/// P_mistake after `rounds`: the union bound over all live members, (n - f)(1 - P(k = n - f)), by
/// the exact chain, in which one random member gossips per step and n steps are a round. The work
/// is rounds n^2.
double heartbeat_mistake(const HeartbeatGroup& group, double rounds);

/// The rounds, in steps of 1/n, after which P_mistake is at most `mistake` (above 0): the paper's
/// figures 1 to 4.
double heartbeat_rounds(const HeartbeatGroup& group, double mistake);

/// The same in whole rounds by appendix A, for groups above 50: all live members gossip at once,
/// and only the expected number of the infected is followed. The work is a few dozen steps.
double heartbeat_rounds_approximate(const HeartbeatGroup& group, double mistake);

}  // namespace grapevine::protocol
