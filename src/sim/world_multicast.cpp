#include "sim/world.hpp"

// What a world with a multicast group has besides: one voice, many ears.
namespace grapevine::sim {

/// One datagram leaves; the network carries it to everybody, the speaker too.
void World::announce(HostIndex index, const Bytes& bytes) {
    statistics_.sent(index, bytes.size());
    if (on_announce_) on_announce_(bytes);
    for (HostIndex host = 0; host < hosts_.size(); ++host) {
        network_.send(now_,
                      {Network::group_endpoint_of(index), Network::group_endpoint_of(host), bytes});
    }
}

void World::announce_from_outside(const Endpoint& from, const Bytes& bytes) {
    for (HostIndex host = 0; host < hosts_.size(); ++host) {
        network_.inject(now_, {from, Network::group_endpoint_of(host), bytes});
    }
}

}  // namespace grapevine::sim
