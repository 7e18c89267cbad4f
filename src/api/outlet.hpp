#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "base/limits.hpp"

namespace grapevine::api {

/// Writes to a sink at the pace of the peer. What would lift the sink above
/// `kStreamPendingBytesMax` waits here, in order; one message larger than that is given to the sink
/// when nothing else is pending, so that the largest event can pass.
///
/// `Sink` is StreamSink or SocketSink.
template <typename Sink>
class Outlet {
public:
    explicit Outlet(std::shared_ptr<Sink> sink) : sink_(std::move(sink)) {}

    void write(std::string message) {
        waiting_bytes_ += message.size();
        waiting_.push_back(std::move(message));
        flush();
    }

    /// After the sink has drained.
    void flush() {
        while (!waiting_.empty() && !is_lost_) {
            const std::size_t pending = sink_->pending_bytes();
            const std::size_t size = waiting_.front().size();
            if (pending > 0 && pending + size > kStreamPendingBytesMax) return;
            is_lost_ = !sink_->write(std::move(waiting_.front()));
            waiting_.pop_front();
            waiting_bytes_ -= size;
        }
    }

    /// Something should be produced: nothing waits, and this much may be pending more; 0 if not.
    [[nodiscard]] std::size_t room_bytes() const {
        if (is_lost_ || !waiting_.empty()) return 0;
        const std::size_t pending = sink_->pending_bytes();
        return pending < kStreamPendingBytesMax ? kStreamPendingBytesMax - pending : 0;
    }
    [[nodiscard]] bool is_empty() const { return waiting_.empty(); }
    /// The sink said that the peer is gone.
    [[nodiscard]] bool is_lost() const { return is_lost_; }
    /// Waiting here and pending in the sink.
    [[nodiscard]] std::size_t unsent_bytes() const {
        return waiting_bytes_ + sink_->pending_bytes();
    }
    [[nodiscard]] Sink& sink() { return *sink_; }

private:
    std::shared_ptr<Sink> sink_;
    std::deque<std::string> waiting_;
    std::size_t waiting_bytes_ = 0;
    bool is_lost_ = false;
};

}  // namespace grapevine::api
