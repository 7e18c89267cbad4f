#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/time.hpp"
#include "control/control.hpp"

namespace grapevine::api {

/// What the service does with open streams of either kind. A stream that has closed stays in the
/// list until the next input, so that nothing is destroyed while it is calling.
class Stream : public std::enable_shared_from_this<Stream> {
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
    [[nodiscard]] bool is_closed() const { return is_closed_; }

    /// Empty if it is of none.
    [[nodiscard]] const std::string& overlay() const { return overlay_; }
    /// Of the token that opened it; empty if none did.
    [[nodiscard]] const std::string& token_id() const { return token_id_; }

    Instant heartbeat_at = kNever;  ///< Kept by the service.

protected:
    /// Writes what there is and what there is room for.
    virtual void pump() = 0;

    /// From now on `sink` and `log` call us, until we are gone; to be kept as long as we follow.
    template <typename Sink>
    [[nodiscard]] std::shared_ptr<void> connect(Sink& sink, control::Log& log) {
        const auto wake = [weak = weak_from_this()] {
            if (const auto self = weak.lock()) self->pump();
        };
        sink.on_drained(wake);
        sink.on_closed([weak = weak_from_this()] {
            if (const auto self = weak.lock()) self->is_closed_ = true;
        });
        return log.on_append(wake);
    }

    bool is_closed_ = false;  ///< Nothing can be sent any more.

private:
    std::string overlay_;
    std::string token_id_;
};

}  // namespace grapevine::api
