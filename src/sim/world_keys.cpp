#include <algorithm>
#include <cassert>
#include <fmt/core.h>
#include <utility>

#include "overlay/rotation.hpp"
#include "sim/world.hpp"

// What concerns the keys of the overlay in a world. See world.hpp.
namespace grapevine::sim {

Outcome<void> World::rotate_keys(HostIndex index, overlay::Overlay::RotationOrder order) {
    assert(is_up(index));
    trace_.happened(now_, index, "rotate_keys");
    for (std::uint8_t& byte : order.fresh.writable()) {
        byte = static_cast<std::uint8_t>(births_.next());
    }
    auto outcome = hosts_[index].overlay->rotate_keys(clock(index), order);
    drain(index);
    return outcome;
}

Outcome<protocol::WipeOrder> World::wipe(HostIndex index, const std::string& part,
                                         const crypto::Identity& signer) {
    assert(is_up(index));
    trace_.happened(now_, index, "wipe");
    auto order = hosts_[index].overlay->wipe(clock(index), wall(), part, signer);
    drain(index);
    return order;
}

Outcome<std::uint64_t> World::propose_settings(HostIndex index, overlay::RolloutOrder order,
                                               const crypto::Identity& signer) {
    assert(is_up(index));
    order.salt = random_.next();
    trace_.happened(now_, index, "propose settings");
    auto epoch = hosts_[index].overlay->propose_settings(clock(index), order, signer);
    drain(index);
    return epoch;
}

Outcome<void> World::set_summary(HostIndex index, const std::string& name, const std::string& text,
                                 const crypto::Identity& signer) {
    protocol::SummaryStatement statement;
    statement.name = name;
    statement.sql = text;
    auto outcome = hosts_[index].overlay->set_summary(clock(index), std::move(statement), signer);
    drain(index);
    return outcome;
}

Outcome<void> World::take_settings_back(HostIndex index) {
    assert(is_up(index));
    trace_.happened(now_, index, "take settings back");
    auto outcome = hosts_[index].overlay->take_settings_back(clock(index));
    drain(index);
    return outcome;
}

std::string World::why_no_common_key() const {
    const std::vector<HostIndex> up = members();
    for (const HostIndex from : up) {
        const crypto::OverlayKey& sealing = overlay(from).rotation().ring().front();
        for (const HostIndex to : up) {
            const auto& held = overlay(to).rotation().ring();
            if (std::ranges::find(held, sealing) != held.end()) continue;
            return fmt::format("m{} seals with key {}, which m{} does not hold", from,
                               sealing.id.value(), to);
        }
    }
    return {};
}

}  // namespace grapevine::sim
