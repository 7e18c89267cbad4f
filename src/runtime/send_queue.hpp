#pragma once

#include <deque>

#include "base/bytes.hpp"
#include "base/endpoint.hpp"
#include "base/limits.hpp"

namespace grapevine::runtime {

/// One datagram on its way out.
struct Outgoing {
    Endpoint to;
    Bytes bytes;
};

/// Datagrams that the kernel has not taken yet, in order. Holds `kSendQueueDatagramsMax`; full
/// refuses the newest, because what waits longest is already late and the protocol sends again.
class SendQueue {
public:
    /// False when full: the datagram is gone.
    [[nodiscard]] bool push(Outgoing datagram) {
        if (waiting_.size() >= kSendQueueDatagramsMax) return false;
        waiting_.push_back(std::move(datagram));
        return true;
    }

    void pop(std::size_t count) {
        waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
    }

    [[nodiscard]] const Outgoing& at(std::size_t index) const { return waiting_[index]; }
    [[nodiscard]] std::size_t size() const { return waiting_.size(); }
    [[nodiscard]] bool is_empty() const { return waiting_.empty(); }

private:
    std::deque<Outgoing> waiting_;
};

}  // namespace grapevine::runtime
