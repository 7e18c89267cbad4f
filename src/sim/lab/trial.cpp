#include "sim/lab/trial.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "sim/lab/average_trial.hpp"
#include "sim/lab/rumor_trial.hpp"
#include "sim/lab/sync_trial.hpp"
#include "sim/lab/world_trial.hpp"

namespace grapevine::sim::lab {

std::unique_ptr<Trial> make_trial(const Settings& settings) {
    switch (settings.kind()) {
        case Kind::rumor:
            return std::make_unique<RumorTrial>(settings);
        case Kind::sync:
            return std::make_unique<SyncTrial>(settings);
        case Kind::average:
            return std::make_unique<AverageTrial>(settings);
        case Kind::detection:
        case Kind::group:
            break;
    }
    return std::make_unique<WorldTrial>(settings);
}

Outcome<void> check_members(const Action& action, std::size_t members, std::size_t members_max) {
    using Do = Action::Do;
    HostIndex highest = 0;
    if (action.what == Do::partition) highest = action.members.back();
    if (action.what == Do::rumor || action.what == Do::kill || action.what == Do::restart) {
        highest = action.member;
    }
    if (action.what == Do::clog) highest = std::max(action.member, action.to);
    if (highest >= members) {
        return std::unexpected(Refusal{Refusal::Code::not_found,
                                       fmt::format("there is no member {}", highest),
                                       fmt::format("they are 0 to {}", members - 1), "member"});
    }
    if (action.what == Do::clog && action.member == action.to) {
        return std::unexpected(
            Refusal{Refusal::Code::invalid, "a link has two ends", "name two members", "to"});
    }
    if (action.what == Do::add && members + action.count > members_max) {
        return std::unexpected(
            Refusal{Refusal::Code::over_limit,
                    fmt::format("that would be {} members", members + action.count),
                    fmt::format("at most {}", members_max), "count"});
    }
    return {};
}

}  // namespace grapevine::sim::lab
