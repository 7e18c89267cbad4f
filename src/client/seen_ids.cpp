#include "client/seen_ids.hpp"

#include <cassert>

#include "base/bytes.hpp"

namespace grapevine::client {

SeenIds::SeenIds(std::size_t capacity) : capacity_(capacity) {
    assert(capacity > 0);
}

bool SeenIds::insert(std::string_view id) {
    const crypto::Digest digest = crypto::sha256(as_bytes(id));
    const auto [where, is_new] = index_.try_emplace(digest);
    if (!is_new) {
        order_.splice(order_.end(), order_, where->second);
        return false;
    }
    where->second = order_.insert(order_.end(), digest);
    if (order_.size() > capacity_) {
        index_.erase(order_.front());
        order_.pop_front();
    }
    return true;
}

bool SeenIds::contains(std::string_view id) const {
    return index_.contains(crypto::sha256(as_bytes(id)));
}

void SeenIds::check_invariants() const {
    assert(index_.size() == order_.size());
    assert(index_.size() <= capacity_);
    for (const auto& [digest, where] : index_) assert(*where == digest);
}

}  // namespace grapevine::client
