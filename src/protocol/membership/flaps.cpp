#include "protocol/membership/flaps.hpp"

#include <algorithm>

#include "base/limits.hpp"

namespace grapevine::protocol {

void Flaps::returned(Instant now, MemberId member) {
    if (!members_.contains(member) && members_.size() >= kFlapsMax) {
        members_.erase(std::ranges::min_element(
            members_, {}, [](const auto& entry) { return entry.second.latest.front(); }));
    }
    Returns& returns = members_[member];
    std::shift_right(returns.latest.begin(), returns.latest.end(), 1);
    returns.latest.front() = now;
    returns.count = std::min(returns.count + 1, kReturnsMax);
}

Duration Flaps::hold(Instant now, MemberId member) const {
    const auto found = members_.find(member);
    if (found == members_.end()) return {};
    const Returns& returns = found->second;
    const auto end = returns.latest.begin() + static_cast<std::ptrdiff_t>(returns.count);
    const auto recent = std::count_if(returns.latest.begin(), end,
                                      [now](Instant when) { return now - when <= kWindow; });
    if (recent < 2) return {};
    return kFirstHold * (1 << (recent - 2));
}

}  // namespace grapevine::protocol
