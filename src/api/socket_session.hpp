#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/access.hpp"
#include "api/decode.hpp"
#include "api/feed.hpp"
#include "api/http.hpp"
#include "api/outlet.hpp"
#include "api/stream.hpp"
#include "control/control.hpp"

namespace grapevine::api {

/// One WebSocket on one overlay. Every message is one JSON object with a "type".
///
///     client                                     daemon
///     subscribe {id?, topics?, members?,  ->     subscribed {id, cursor}, then items, each with
///       records?, events?, cursor?|from?}          "subscription": id
///     unsubscribe {id?}                   ->     unsubscribed {id}
///     publish {id?, topic,                ->     published {id, publisher, epoch, sequence,
///       payload|payload_base64}                    event_id}
///     anything that is refused            ->     error {id, problem}
///                                                heartbeat {}, ended {reason}
///
/// An id is chosen by the client (default ""), and names its request in the answer. Each message
/// is checked against the scopes of the caller. Answers to publishes come in the order in which
/// the daemon decides, which need not be that of the requests.
///
/// Bounds: `kSocketSubscriptionsMax`, `kSocketPublishesMax` in flight (the newest is refused), and
/// as for `EventStream`. A peer that sends but does not read is closed with 1008 when
/// `kSocketUnsentBytesMax` wait for it.
class SocketSession final : public Stream {
public:
    SocketSession(control::Control& control, std::shared_ptr<control::Log> log, std::string overlay,
                  Caller caller, std::shared_ptr<SocketSink> sink);

    /// Once, after construction.
    void start();

    void advance() override;
    void end(std::string_view reason) override;

private:
    void take(const std::string& message);
    void handle(SubscribeMessage message);
    void handle(const UnsubscribeMessage& message);
    void handle(PublishMessage message);
    void refuse(std::string_view id, const Problem& problem);
    void pump() override;
    void write(std::string message);
    void close(std::uint16_t status, std::string_view reason);

    control::Control& control_;
    std::shared_ptr<control::Log> log_;
    Caller caller_;
    Outlet<SocketSink> outlet_;
    std::shared_ptr<void> append_handle_;
    std::vector<Feed> feeds_;
    std::size_t next_feed_ = 0;  ///< Whose turn it is.
    std::size_t publishes_in_flight_ = 0;
    bool has_written_ = false;
    bool is_pumping_ = false;
    std::string end_reason_;
    bool is_ended_ = false;  ///< We said the last word; it may still wait for the peer.
};

}  // namespace grapevine::api
