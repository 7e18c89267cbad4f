#pragma once

#include <cstdint>
#include <deque>
#include <unordered_map>

#include "base/checksum.hpp"
#include "base/ids.hpp"
#include "base/limits.hpp"

namespace grapevine::overlay {

/// The newest announcement that was believed of each life of each member, so that none is believed
/// twice: one that was recorded and sent again is older. Holds kAnnouncersMax lives, and displaces
/// the one that was first heard of longest ago; what that costs is one hello (FORMAT.md, section
/// 9).
class SeenAnnouncements {
public:
    [[nodiscard]] bool is_new(MemberId member, Boot boot, std::uint64_t told_at_ms) const {
        const auto found = newest_.find(life_of(member, boot));
        return found == newest_.end() || told_at_ms > found->second;
    }

    /// `is_new` has said yes, and whoever signed it is who it says.
    void remember(MemberId member, Boot boot, std::uint64_t told_at_ms) {
        const std::uint64_t life = life_of(member, boot);
        if (!newest_.contains(life)) {
            if (order_.size() == kAnnouncersMax) {
                newest_.erase(order_.front());
                order_.pop_front();
            }
            order_.push_back(life);
        }
        newest_[life] = told_at_ms;
    }

    [[nodiscard]] std::size_t size() const { return newest_.size(); }

private:
    static std::uint64_t life_of(MemberId member, Boot boot) {
        return mix64(member.value() ^ mix64(boot.value()));
    }

    std::unordered_map<std::uint64_t, std::uint64_t> newest_;
    std::deque<std::uint64_t> order_;
};

}  // namespace grapevine::overlay
