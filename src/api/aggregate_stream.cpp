#include "api/aggregate_stream.hpp"

#include <cassert>
#include <fmt/core.h>

#include "api/encode.hpp"

namespace grapevine::api {

AggregateStream::AggregateStream(control::Control& control,
                                 std::shared_ptr<control::Aggregates> aggregates,
                                 std::string overlay, std::string token_id, std::string name,
                                 std::shared_ptr<StreamSink> sink)
    : Stream(std::move(overlay), std::move(token_id)),
      control_(control),
      aggregates_(std::move(aggregates)),
      name_(std::move(name)),
      outlet_(std::move(sink)) {}

void AggregateStream::start() {
    assert(!change_handle_);
    const auto wake = [weak = weak_from_this(), this] {
        if (const auto self = weak.lock()) pump();
    };
    outlet_.sink().on_drained(wake);
    outlet_.sink().on_closed([weak = weak_from_this(), this] {
        if (const auto self = weak.lock()) is_closed_ = true;
    });
    change_handle_ = aggregates_->on_change(wake);
    pump();
}

void AggregateStream::advance() {
    if (is_closed_ || is_ended_) return;
    if (control_.aggregates(overlay()) != aggregates_) {
        end("overlay_removed");
        return;
    }
    if (!has_written_) write(": heartbeat\n\n");
    has_written_ = false;
}

void AggregateStream::end(std::string_view reason) {
    if (is_closed_ || is_ended_) return;
    write(fmt::format("event: ended\ndata: {}\n\n", encode_ended(reason)));
    is_ended_ = true;
    pump();
}

void AggregateStream::pump() {
    if (is_closed_) return;
    outlet_.flush();
    if (!is_ended_ && outlet_.room_bytes() > 0) {
        const auto view = aggregates_->find(name_);
        if (!view) return end("aggregate_removed");
        if (!has_sent_ || view->revision != sent_revision_) {
            has_sent_ = true;
            sent_revision_ = view->revision;
            write(fmt::format("id: {}\nevent: value\ndata: {}\n\n", view->revision, encode(*view)));
        }
    }
    if (is_ended_ && outlet_.is_empty()) {
        outlet_.sink().close();
        is_closed_ = true;
    }
    if (outlet_.is_lost()) is_closed_ = true;
}

void AggregateStream::write(std::string chunk) {
    has_written_ = true;
    outlet_.write(std::move(chunk));
    if (outlet_.is_lost()) is_closed_ = true;
}

}  // namespace grapevine::api
