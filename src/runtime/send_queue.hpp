#pragma once

#include <cstdint>
#include <deque>

#include "base/bytes.hpp"
#include "base/endpoint.hpp"
#include "base/limits.hpp"

namespace grapevine::runtime {

/// One datagram on its way out.
struct Outgoing {
    Endpoint to;
    Bytes bytes;
    /// Through which interface it leaves; 0: the kernel's routes decide. Set by the socket for what
    /// goes to its group.
    std::uint32_t interface_index = 0;
};

/// Datagrams that the kernel has not taken yet, in order. Holds `kSendQueueDatagramsMax` with
/// together `kSendQueueBytesMax`; full refuses the newest, because what waits longest is already
/// late and the protocol sends again.
class SendQueue {
public:
    /// False when full: the datagram is gone.
    [[nodiscard]] bool push(Outgoing datagram) {
        if (waiting_.size() >= kSendQueueDatagramsMax) return false;
        if (datagram.bytes.size() > kSendQueueBytesMax - bytes_) return false;
        bytes_ += datagram.bytes.size();
        waiting_.push_back(std::move(datagram));
        return true;
    }

    void pop(std::size_t count) {
        for (std::size_t index = 0; index < count; ++index) bytes_ -= waiting_[index].bytes.size();
        waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
    }

    [[nodiscard]] const Outgoing& at(std::size_t index) const { return waiting_[index]; }
    [[nodiscard]] std::size_t size() const { return waiting_.size(); }
    [[nodiscard]] bool is_empty() const { return waiting_.empty(); }

private:
    std::deque<Outgoing> waiting_;
    std::size_t bytes_ = 0;  ///< Of what waits; never above kSendQueueBytesMax.
};

}  // namespace grapevine::runtime
