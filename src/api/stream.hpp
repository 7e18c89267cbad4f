#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/time.hpp"

namespace grapevine::api {

/// What the service does with open streams of either kind. A stream that has closed stays in the
/// list until the next input, so that nothing is destroyed while it is calling.
class Stream {
public:
    Stream(std::string overlay, std::string token_id)
        : overlay_(std::move(overlay)), token_id_(std::move(token_id)) {}
    virtual ~Stream() = default;
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    /// Sends a heartbeat unless something was sent since the last call, and ends the stream if its
    /// overlay is gone.
    virtual void advance() = 0;
    /// Tells the reader why, and closes.
    virtual void end(std::string_view reason) = 0;
    [[nodiscard]] virtual bool is_closed() const = 0;

    [[nodiscard]] const std::string& overlay() const { return overlay_; }
    /// Of the token that opened it; empty if none did.
    [[nodiscard]] const std::string& token_id() const { return token_id_; }

    Instant heartbeat_at = kNever;  ///< Kept by the service.

private:
    std::string overlay_;
    std::string token_id_;
};

}  // namespace grapevine::api
