#pragma once

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/ids.hpp"
#include "protocol/machine.hpp"
#include "wire/messages.hpp"

// What the tests of the machines share. Never included by what ships.
namespace grapevine::protocol::testing {

/// A record as it could have come over the wire: complete, with a signature of its own.
inline wire::SharedRecord record_of(MemberId member, std::uint32_t incarnation,
                                    std::uint64_t boot = 1, bool leaving = false) {
    wire::MemberRecord record;
    record.member = member;
    record.incarnation = Incarnation(incarnation);
    record.boot = Boot(boot);
    record.leaving = leaving;
    record.name = "m" + std::to_string(member.value());
    record.addresses = {Endpoint::v4(10, 0, static_cast<std::uint8_t>(member.value() >> 8),
                                     static_cast<std::uint8_t>(member.value()), 9471)};
    record.signature[0] = static_cast<std::uint8_t>(incarnation + boot + (leaving ? 1 : 0));
    return std::make_shared<const wire::MemberRecord>(std::move(record));
}

/// One vote of each, as it leaves the overlay that has verified them.
inline std::vector<wire::Vote> votes_of(const std::vector<std::uint64_t>& voters) {
    std::vector<wire::Vote> votes;
    for (const std::uint64_t voter : voters) votes.push_back(wire::Vote{MemberId(voter)});
    return votes;
}

/// Everything that waits in the machine's outbox, in order.
template <typename M>
auto drain(M& machine) {
    std::vector<typename M::Action> actions;
    while (auto action = machine.poll()) actions.push_back(std::move(*action));
    return actions;
}

/// Those of one kind, in order.
template <typename Kind, typename Action>
std::vector<Kind> only(const std::vector<Action>& actions) {
    std::vector<Kind> kinds;
    for (const Action& action : actions) {
        if (const auto* kind = std::get_if<Kind>(&action)) kinds.push_back(*kind);
    }
    return kinds;
}

}  // namespace grapevine::protocol::testing
