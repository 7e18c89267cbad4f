#include "protocol/rumor/make_spreader.hpp"

#include "protocol/rumor/mongering.hpp"
#include "protocol/rumor/tree.hpp"

namespace grapevine::protocol {

std::unique_ptr<Spreader> make_spreader(MemberId self, const ProtocolConfig& config,
                                        const Peers& peers, std::uint64_t seed) {
    if (config.dissemination == Dissemination::rumor) {
        return std::make_unique<Mongering>(config.mongering, peers, seed);
    }
    return std::make_unique<Tree>(self, config, peers, seed);
}

}  // namespace grapevine::protocol
