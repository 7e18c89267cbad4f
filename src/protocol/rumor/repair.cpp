#include "protocol/rumor/repair.hpp"

#include <algorithm>
#include <cassert>

#include "base/limits.hpp"

namespace grapevine::protocol {

Repair::Claim& Repair::claim_for(MemberId member) {
    auto found = std::ranges::find(claims_, member, &Claim::member);
    if (found == claims_.end()) {
        if (claims_.size() == kSourcesMax) claims_.pop_back();
        found = claims_.insert(claims_.end(), Claim{member, 1, 0, 0});
    }
    std::rotate(claims_.begin(), found, found + 1);
    return claims_.front();
}

void Repair::note_claim(MemberId member, std::uint64_t lowest, std::uint64_t highest) {
    Claim& claim = claim_for(member);
    claim.silences = 0;
    claim.lowest = lowest;
    claim.highest = highest;
}

void Repair::note_sent(MemberId member, std::uint64_t sequence) {
    Claim& claim = claim_for(member);
    claim.silences = 0;
    claim.highest = std::max(claim.highest, sequence);
}

void Repair::note_silence(MemberId member, std::uint64_t sequence) {
    const auto found = std::ranges::find(claims_, member, &Claim::member);
    if (found == claims_.end() || !found->has(sequence)) return;
    if (++found->silences >= kSilencesMax) claims_.erase(found);
}

const Repair::Claim* Repair::claim_of(MemberId member) const {
    const auto found = std::ranges::find(claims_, member, &Claim::member);
    return found == claims_.end() ? nullptr : &*found;
}

std::vector<MemberId> Repair::holders(std::uint64_t sequence) const {
    std::vector<MemberId> members;
    for (const Claim& claim : claims_) {
        if (claim.has(sequence)) members.push_back(claim.member);
    }
    return members;
}

void Repair::asked(Instant now, const Part& part, Load& load) {
    const bool is_new = in_flight_.insert_or_assign(part, now).second;
    if (is_new) ++load.in_flight;
}

bool Repair::arrived(const Part& part, Load& load) {
    const std::size_t count = in_flight_.erase(part);
    load.in_flight -= count;
    return count > 0;
}

void Repair::expire(Instant limit, Load& load) {
    load.in_flight -=
        std::erase_if(in_flight_, [limit](const auto& entry) { return entry.second <= limit; });
}

void Repair::drop_below(std::uint64_t head, Load& load) {
    const auto end = in_flight_.lower_bound(Part{head, 0});
    load.in_flight -= static_cast<std::size_t>(std::distance(in_flight_.begin(), end));
    in_flight_.erase(in_flight_.begin(), end);
}

void Repair::watch_hole(Instant now, std::uint64_t head, std::uint64_t known) {
    if (hole_.first == head) return;
    hole_ = Hole{head, known, now};
}

}  // namespace grapevine::protocol
