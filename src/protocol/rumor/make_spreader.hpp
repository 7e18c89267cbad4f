#pragma once

#include <cstdint>
#include <memory>

#include "base/ids.hpp"
#include "protocol/membership/config.hpp"
#include "protocol/peers.hpp"
#include "protocol/rumor/spreader.hpp"

namespace grapevine::protocol {

/// The way of dissemination that `config.dissemination` names. `peers` outlives it.
std::unique_ptr<Spreader> make_spreader(MemberId self, const ProtocolConfig& config,
                                        const Peers& peers, std::uint64_t seed);

}  // namespace grapevine::protocol
