#include "protocol/membership/accusers.hpp"

#include <algorithm>

namespace grapevine::protocol {

void Accusers::refuted(Instant now, MemberId accuser, MemberId victim) {
    if (!accusers_.contains(accuser) && accusers_.size() >= kAccusersMax) {
        accusers_.erase(std::ranges::min_element(
            accusers_, {}, [](const auto& entry) { return entry.second.victims.back().when; }));
    }
    Accuser& entry = accusers_[accuser];
    std::erase_if(entry.victims, [&](const Refuted& refuted) {
        return refuted.victim == victim || now - refuted.when > window_;
    });
    if (entry.victims.size() == kVictimsMax) entry.victims.erase(entry.victims.begin());
    entry.victims.push_back({victim, now});
    if (entry.victims.size() == kVictimsMax) entry.unreliable_until = now + sentence_;
}

bool Accusers::is_unreliable(Instant now, MemberId accuser, std::size_t member_count) const {
    const auto found = accusers_.find(accuser);
    if (found == accusers_.end() || now >= found->second.unreliable_until) return false;
    const auto unreliable = std::ranges::count_if(
        accusers_, [now](const auto& entry) { return now < entry.second.unreliable_until; });
    return 4 * static_cast<std::size_t>(unreliable) <= member_count;
}

}  // namespace grapevine::protocol
