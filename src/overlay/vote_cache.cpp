#include "overlay/vote_cache.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "base/checksum.hpp"
#include "wire/native/codec.hpp"

namespace grapevine::overlay {

std::size_t VoteCache::Hash::operator()(const Verified& verified) const {
    // Bytes of a true signature are as good as random; which of them count does not matter.
    std::uint64_t word = 0;
    std::memcpy(&word, verified.signature.data(), sizeof word);
    return static_cast<std::size_t>(mix64(word));
}

bool VoteCache::verify(const wire::PublicKey& voter_key, MemberId member, Incarnation incarnation,
                       const wire::Vote& vote) {
    const Bytes about = wire::native::encode_vote_signed_part(member, incarnation, vote);
    Verified verified;
    assert(about.size() == verified.about.size());
    std::ranges::copy(about, verified.about.begin());
    verified.signature = vote.signature;
    if (verified_.contains(verified)) return true;
    ++verification_count_;
    if (!crypto::verify(voter_key, about, vote.signature)) return false;
    if (verified_.size() == kVotesVerifiedMax) {
        verified_.erase(order_.front());
        order_.pop_front();
    }
    verified_.insert(verified);
    order_.push_back(verified);
    return true;
}

wire::Vote OwnVotes::sign(const crypto::Identity& identity, MemberId member,
                          Incarnation incarnation, bool is_refused) {
    wire::Vote vote{.voter = identity.member(), .is_refused = is_refused};
    const Subject subject{member, incarnation, is_refused};
    if (const auto found = signed_.find(subject); found != signed_.end()) {
        vote.signature = found->second;
        return vote;
    }
    vote.signature =
        identity.sign(wire::native::encode_vote_signed_part(member, incarnation, vote));
    if (signed_.size() == kOwnVotesMax) {
        signed_.erase(order_.front());
        order_.pop_front();
    }
    signed_.emplace(subject, vote.signature);
    order_.push_back(subject);
    return vote;
}

}  // namespace grapevine::overlay
