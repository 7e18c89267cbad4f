#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <string_view>

#include "base/limits.hpp"
#include "crypto/hash.hpp"

namespace grapevine::client {

/// Which messages have passed here, so that each is processed once.
///
/// The old protocol has no protection against loops: daemons of the original forward what they
/// hear to each other without end. What stops such a circle here is this memory. Hence a copy
/// counts as a new mention: an id that keeps coming round is never the one that is forgotten.
///
/// Holds hashes (SHA-256) and not the texts: an id may be 1 kB. About 150 bytes each, at most
/// `capacity`; the one longest unmentioned is forgotten.
class SeenIds {
public:
    /// `capacity` is above zero.
    explicit SeenIds(std::size_t capacity = kSeenIdsMax);
    // The index points into the order of this very object.
    SeenIds(const SeenIds&) = delete;
    SeenIds& operator=(const SeenIds&) = delete;
    SeenIds(SeenIds&&) = default;
    SeenIds& operator=(SeenIds&&) = default;

    /// True if the id is new.
    bool insert(std::string_view id);
    /// A question, and no mention.
    [[nodiscard]] bool contains(std::string_view id) const;
    [[nodiscard]] std::size_t size() const { return index_.size(); }
    void check_invariants() const;

private:
    using Order = std::list<crypto::Digest>;

    std::size_t capacity_;
    Order order_;  ///< Longest unmentioned first.
    std::map<crypto::Digest, Order::iterator> index_;
};

}  // namespace grapevine::client
