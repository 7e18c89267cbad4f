#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "overlay/vote_cache.hpp"
#include "wire/messages.hpp"
#include "wire/native/codec.hpp"

namespace grapevine::overlay {

/// Verifies signed member records once and shares them: the same bytes give the same pointer. One
/// per overlay in the daemon; one per world in the simulator, where 10,000 nodes would otherwise
/// verify 10^8 signatures and hold 10^8 copies.
///
/// Refuses a record whose id is not the hash of its key (malformed "record.member") or whose
/// signature is false (unauthenticated "record.signature"). Bounded by kRecordCacheMax, oldest
/// displaced first; a displaced record lives on in the tables that hold it, and is verified again
/// when it comes again.
class RecordCache final : public wire::native::RecordIntern {
public:
    /// Three times the members of the largest overlay: each may be on the way in two lives at once.
    static constexpr std::size_t kRecordCacheMax = 3 * kMembersMax;

    Result<wire::SharedRecord> intern(ByteView encoded_record) override;

    /// Votes are verified against these records, and shared like them.
    [[nodiscard]] VoteCache& votes() { return votes_; }

    [[nodiscard]] std::size_t size() const { return records_.size(); }
    /// Records refused since the start.
    [[nodiscard]] std::uint64_t refused_count() const { return refused_count_; }

private:
    std::unordered_map<std::string, wire::SharedRecord> records_;  ///< By encoded bytes.
    std::deque<std::string> order_;
    std::uint64_t refused_count_ = 0;
    VoteCache votes_;
};

}  // namespace grapevine::overlay
