#include "protocol/rumor/make_spreader.hpp"

#include "protocol/rumor/tree.hpp"

namespace grapevine::protocol {

std::unique_ptr<Spreader> make_spreader(MemberId self, const ProtocolConfig& config,
                                        const Peers& peers, std::uint64_t seed) {
    return std::make_unique<Tree>(self, config, peers, seed);
}

}  // namespace grapevine::protocol
