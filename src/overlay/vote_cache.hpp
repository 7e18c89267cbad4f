#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <tuple>
#include <unordered_set>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/limits.hpp"
#include "crypto/identity.hpp"
#include "wire/messages.hpp"

namespace grapevine::overlay {

/// Verifies votes once: an accusation reaches every member over several paths, and a signature
/// costs 65 to 100 us, a look into the cache less than one. Votes, and what their signature is
/// over: wire/native/FORMAT.md, section 7.1.
///
/// Only what has proven true is remembered, so that forgeries displace nothing. Bounded by
/// kVotesVerifiedMax, the oldest displaced; it is verified again when it comes again. Shared like
/// the RecordCache that it belongs to: one per overlay in the daemon, one per world in the
/// simulator.
class VoteCache {
public:
    /// Whether `vote`, about `member` in the life `incarnation`, was signed with the key that
    /// belongs to `voter_key`. That this is the key of `vote.voter` is the caller's to know.
    bool verify(const wire::PublicKey& voter_key, MemberId member, Incarnation incarnation,
                const wire::Vote& vote);

    [[nodiscard]] std::size_t size() const { return verified_.size(); }
    /// Signatures that were computed, true and false ones.
    [[nodiscard]] std::uint64_t verification_count() const { return verification_count_; }

private:
    /// Signed part and signature.
    struct Verified {
        std::array<std::uint8_t, 22> about{};
        wire::Signature signature{};
        friend bool operator==(const Verified&, const Verified&) = default;
    };
    struct Hash {
        std::size_t operator()(const Verified& verified) const;
    };

    std::unordered_set<Verified, Hash> verified_;
    std::deque<Verified> order_;
    std::uint64_t verification_count_ = 0;
};

/// Our own votes as they leave us, each signed once. Bounded by kOwnVotesMax, the oldest displaced.
class OwnVotes {
public:
    /// `is_refused`: see wire::Vote.
    wire::Vote sign(const crypto::Identity& identity, MemberId member, Incarnation incarnation,
                    bool is_refused);

private:
    using Subject = std::tuple<MemberId, Incarnation, bool>;
    std::map<Subject, wire::Signature> signed_;
    std::deque<Subject> order_;
};

}  // namespace grapevine::overlay
