#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "api/feed.hpp"
#include "api/http.hpp"
#include "api/outlet.hpp"
#include "api/stream.hpp"
#include "control/control.hpp"

namespace grapevine::api {

/// One stream of server-sent events (HTML standard, section 9.2).
///
///     id: <cursor>          where to continue: what EventSource sends as Last-Event-ID
///     event: <kind>         event, gap, member, record, missed, ended
///     data: <JSON>          one line
///
/// It begins with a bare `id`, so that even a reader that loses its connection before the first
/// item continues where it began. A heartbeat is a comment with the present `id`: a reader whose
/// filter passes little does not fall out of the log that way.
///
/// Bounds: reads the log only while less than `kStreamPendingBytesMax` are pending in the sink.
class EventStream final : public Stream {
public:
    EventStream(control::Control& control, std::shared_ptr<control::Log> log, std::string overlay,
                std::string token_id, Feed feed, std::shared_ptr<StreamSink> sink);

    /// Once, after construction: hears the log and the sink from now on.
    void start();

    void advance() override;
    void end(std::string_view reason) override;

private:
    void pump() override;
    void write(std::string chunk);

    control::Control& control_;
    std::shared_ptr<control::Log> log_;
    Feed feed_;
    Outlet<StreamSink> outlet_;
    std::shared_ptr<void> append_handle_;
    bool has_written_ = false;  ///< Since the last heartbeat was due.
    bool is_pumping_ = false;
    bool is_ended_ = false;  ///< We said the last word; it may still wait for the peer.
};

}  // namespace grapevine::api
