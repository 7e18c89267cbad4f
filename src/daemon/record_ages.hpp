#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "wire/messages.hpp"

namespace grapevine::daemon {

/// When each key of each member's record came here with the value that it has. The records
/// themselves know versions only, because their protocol has no use for time.
///
/// As many entries as the records have keys: see Records for their limits.
class RecordAges {
public:
    /// What was there before the first change counts as come at `start`.
    explicit RecordAges(Instant start) : start_(start) {}

    /// `items` of a member's record have changed now.
    void changed(Instant now, MemberId member, const std::vector<wire::StateItem>& items) {
        for (const wire::StateItem& item : items) {
            if (item.is_tombstone) {
                const auto found = members_.find(member);
                if (found != members_.end()) found->second.erase(item.key);
            } else {
                members_[member][item.key] = now;
            }
        }
    }
    void forget(MemberId member) { members_.erase(member); }

    [[nodiscard]] Instant came_at(MemberId member, std::string_view key) const {
        const auto keys = members_.find(member);
        if (keys == members_.end()) return start_;
        const auto found = keys->second.find(key);
        return found == keys->second.end() ? start_ : found->second;
    }

private:
    Instant start_;
    std::map<MemberId, std::map<std::string, Instant, std::less<>>> members_;
};

}  // namespace grapevine::daemon
