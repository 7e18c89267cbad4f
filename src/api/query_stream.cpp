#include "api/query_stream.hpp"

#include <fmt/core.h>
#include <utility>

#include "api/encode.hpp"

namespace grapevine::api {

QueryStream::QueryStream(control::Control& control, std::string overlay, std::string token_id,
                         std::shared_ptr<StreamSink> sink)
    : Stream(std::move(overlay), std::move(token_id)),
      control_(control),
      outlet_(std::move(sink)) {}

void QueryStream::start() {
    const auto self = [weak = weak_from_this()] {
        return std::static_pointer_cast<QueryStream>(weak.lock());
    };
    outlet_.sink().on_drained([self] {
        if (const auto stream = self()) stream->pump();
    });
    outlet_.sink().on_closed([self] {
        if (const auto stream = self()) stream->close();
    });
}

void QueryStream::hold(std::shared_ptr<void> source) {
    // Filled to its end within the call that gave us the source.
    if (is_closed_ || is_ended_) return;
    source_ = std::move(source);
}

void QueryStream::tell(std::string_view kind, std::string_view json) {
    if (is_closed_ || is_ended_) return;
    write(fmt::format("event: {}\ndata: {}\n\n", kind, json));
}

void QueryStream::finish() {
    if (is_closed_ || is_ended_) return;
    is_ended_ = true;
    source_.reset();
    pump();
}

void QueryStream::advance() {
    if (is_closed_ || is_ended_) return;
    if (!control_.log(overlay())) {
        end("overlay_removed");
        return;
    }
    if (!has_written_) write(": heartbeat\n\n");
    has_written_ = false;
}

void QueryStream::end(std::string_view reason) {
    tell("ended", encode_ended(reason));
    finish();
}

void QueryStream::pump() {
    if (is_closed_) return;
    outlet_.flush();
    if (outlet_.is_lost()) return close();
    if (!is_ended_ || !outlet_.is_empty()) return;
    outlet_.sink().close();
    close();
}

void QueryStream::write(std::string chunk) {
    has_written_ = true;
    outlet_.write(std::move(chunk));
    if (outlet_.is_lost()) close();
}

void QueryStream::close() {
    is_closed_ = true;
    // Not within the call of whoever fills us: it may end with its handle.
    const auto source = std::exchange(source_, nullptr);
}

}  // namespace grapevine::api
