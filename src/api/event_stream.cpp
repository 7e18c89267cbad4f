#include "api/event_stream.hpp"

#include <cassert>
#include <fmt/core.h>

#include "base/limits.hpp"

namespace grapevine::api {
namespace {

/// Items of one read: a page is held in memory beside what is pending, so it is kept small.
constexpr std::size_t kReadItemsMax = 64;

/// How long EventSource waits before it comes back: the default of some browsers is several
/// seconds, which is long for a daemon on the same host.
constexpr int kRetryMs = 1000;

}  // namespace

EventStream::EventStream(control::Control& control, std::shared_ptr<control::Log> log,
                         std::string overlay, std::string token_id, Feed feed,
                         std::shared_ptr<StreamSink> sink)
    : Stream(std::move(overlay), std::move(token_id)),
      control_(control),
      log_(std::move(log)),
      feed_(std::move(feed)),
      outlet_(std::move(sink)) {}

void EventStream::start() {
    assert(!append_handle_);
    append_handle_ = connect(outlet_.sink(), *log_);
    write(fmt::format("retry: {}\nid: {}\n\n", kRetryMs, feed_.cursor()));
    pump();
}

void EventStream::advance() {
    if (is_closed_ || is_ended_) return;
    if (control_.log(overlay()) != log_) {
        end("overlay_removed");
        return;
    }
    if (!has_written_) write(fmt::format(": heartbeat\nid: {}\n\n", feed_.cursor()));
    has_written_ = false;
}

void EventStream::end(std::string_view reason) {
    if (is_closed_ || is_ended_) return;
    write(fmt::format("event: ended\ndata: {}\n\n", encode_ended(reason)));
    is_ended_ = true;
    pump();
}

void EventStream::pump() {
    // A sink or log that calls back from within our own call must not make us read twice.
    if (is_pumping_ || is_closed_) return;
    is_pumping_ = true;
    outlet_.flush();
    while (!is_ended_ && !feed_.is_at_end()) {
        const std::size_t room = outlet_.room_bytes();
        if (room == 0) break;
        const auto items = feed_.read(kReadItemsMax, room);
        if (items.empty()) break;
        for (const StreamItem& item : items) {
            write(
                fmt::format("id: {}\nevent: {}\ndata: {}\n\n", item.cursor, item.kind, item.json));
        }
    }
    if (is_ended_ && outlet_.is_empty()) {
        outlet_.sink().close();
        is_closed_ = true;
    }
    if (outlet_.is_lost()) is_closed_ = true;
    is_pumping_ = false;
}

void EventStream::write(std::string chunk) {
    has_written_ = true;
    outlet_.write(std::move(chunk));
    if (outlet_.is_lost()) is_closed_ = true;
}

}  // namespace grapevine::api
