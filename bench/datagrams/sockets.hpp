#pragma once

#include "datagrams/stages.hpp"

namespace grapevine::bench {

/// A flood over loopback, by members with a socket each, from a thread on another core.
struct Flood {
    Kind kind = Kind::ack;
    int speaker_count = 1;
    /// Datagrams handed to the kernel in one call, which cuts them apart (UDP_SEGMENT): the only
    /// way to send faster than one core receives. 1: one call each.
    int burst = 16;
    double seconds = 2;
};

struct Taken {
    double cpu_nanoseconds = 0;  ///< Of the receiving thread, per datagram.
    double per_second = 0;       ///< By the clock on the wall.
    double busy = 0;             ///< The part of one core that the receiving thread had.
};

/// recvmmsg and nothing else: the floor.
Taken take_by_recvmmsg(const Flood& flood);

/// A whole `daemon::Pump`: socket, loop, overlay, and the answers on their way out.
Taken take_by_pump(const Flood& flood);

}  // namespace grapevine::bench
