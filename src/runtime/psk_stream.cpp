#include "runtime/psk_stream.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <cassert>
#include <fmt/core.h>

#include "base/reader.hpp"
#include "runtime/psk_state.hpp"

namespace grapevine::runtime {
namespace asio = boost::asio;
using boost::system::error_code;

PskStream::State::State(Loop& its_loop, std::unique_ptr<Transport> its_transport,
                        const Endpoint& its_peer, KeyId its_key, PskLimits its_limits,
                        std::unique_ptr<PskPlace> its_place)
    : loop(its_loop),
      transport(std::move(its_transport)),
      peer(its_peer),
      key(its_key),
      limits(std::move(its_limits)),
      place(std::move(its_place)),
      idle(loop, [this] { fell_idle(); }),
      pace(loop, [this] { write_more(); }) {}

Refusal PskStream::State::refusal(Refusal::Code code, std::string_view what) const {
    return {code, fmt::format("the stream with {}: {}", to_string(peer), what), "", ""};
}

void PskStream::State::touch() {
    idle.arm(loop.now() + limits.idle_timeout);
}

void PskStream::State::start(Handlers given) {
    assert(!handlers.on_end && given.on_frame && given.on_end);
    handlers = std::move(given);
    touch();
    read();
}

// -- Reading --

void PskStream::State::read() {
    if (is_ended || is_paused || is_reading) return;
    is_reading = true;
    const asio::mutable_buffer room =
        head_bytes < head.size()
            ? asio::mutable_buffer(head.data() + head_bytes, head.size() - head_bytes)
            : asio::mutable_buffer(frame.data() + frame_bytes, frame.size() - frame_bytes);
    transport->read_some(room, [self = shared_from_this()](error_code failure, std::size_t count) {
        self->is_reading = false;
        if (self->is_ended) return;
        if (failure) return self->read_failed(failure);
        self->take(count);
    });
}

void PskStream::State::take(std::size_t count) {
    touch();
    bytes_received += count;
    if (head_bytes < head.size()) {
        head_bytes += count;
        if (head_bytes < head.size()) return read();
        const std::uint32_t length = *Reader(head).integer<std::uint32_t>("frame.length");
        if (length == 0 || length > kPskFrameBytesMax) {
            return end(std::unexpected(refusal(
                Refusal::Code::invalid, fmt::format("a frame of {} bytes came; 1 to {} are legal",
                                                    length, kPskFrameBytesMax))));
        }
        frame.resize(length);
        frame_bytes = 0;
        return read();
    }
    frame_bytes += count;
    if (frame_bytes == frame.size()) {
        head_bytes = 0;
        handlers.on_frame(frame);
    }
    read();
}

void PskStream::State::resume() {
    is_paused = false;
    read();
}

void PskStream::State::read_failed(const error_code& failure) {
    // Who has finished does not ask how the other closes.
    if (is_finished) return end({});
    if (failure != asio::error::eof) {
        return end(std::unexpected(refusal(Refusal::Code::unavailable, failure.message())));
    }
    if (head_bytes == 0) return end({});
    end(std::unexpected(
        refusal(Refusal::Code::unavailable, "it was ended in the middle of a frame")));
}

// -- Writing --

void PskStream::State::write(Bytes content, Loop::Task done) {
    assert(handlers.on_end || is_ended);
    assert(!on_written && !is_finished);
    assert(!content.empty() && content.size() <= kPskFrameBytesMax);
    if (is_ended) return;
    out.resize(head.size() + content.size());
    for (std::size_t index = 0; index < head.size(); ++index) {
        out[index] = static_cast<std::uint8_t>(content.size() >> (24 - 8 * index));
    }
    std::ranges::copy(content, out.begin() + static_cast<std::ptrdiff_t>(head.size()));
    out_bytes = 0;
    on_written = std::move(done);
    const Instant now = loop.now();
    const Instant at = limits.rate ? limits.rate->reserve(now, out.size()) : now;
    if (at <= now) return write_more();
    pace.arm(at);
}

void PskStream::State::write_more() {
    touch();
    transport->write_some(asio::const_buffer(out.data() + out_bytes, out.size() - out_bytes),
                          [self = shared_from_this()](error_code failure, std::size_t count) {
                              if (self->is_ended) return;
                              if (failure) return self->write_failed(failure);
                              self->bytes_sent += count;
                              self->out_bytes += count;
                              if (self->out_bytes < self->out.size()) return self->write_more();
                              self->touch();
                              Loop::Task done = std::exchange(self->on_written, nullptr);
                              if (done) done();
                          });
}

void PskStream::State::write_failed(const error_code& failure) {
    end(std::unexpected(refusal(Refusal::Code::unavailable, failure.message())));
}

void PskStream::State::finish() {
    assert(!on_written);
    if (is_ended || is_finished) return;
    is_finished = true;
    touch();
    transport->shutdown([self = shared_from_this()](error_code) {
        // Frames may still come; then reading meets the end.
        if (!self->is_ended && !self->is_reading && !self->is_paused) self->end({});
    });
}

// -- The end --

void PskStream::State::fell_idle() {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(limits.idle_timeout);
    end(std::unexpected(refusal(Refusal::Code::unavailable,
                                fmt::format("no byte came or went for {} s", seconds.count()))));
}

void PskStream::State::end(Outcome<void> outcome) {
    if (is_ended) return;
    const auto self = shared_from_this();
    auto on_end = std::exchange(handlers.on_end, nullptr);
    drop();
    if (on_end) on_end(std::move(outcome));
}

void PskStream::State::drop() {
    is_ended = true;
    idle.cancel();
    pace.cancel();
    transport->close();
    place.reset();
    on_written = nullptr;
    // It may be a handler that ends us, so they go when the loop is back.
    loop.post([self = shared_from_this()] { self->handlers = {}; });
}

// -- Its handle --

PskStream::PskStream(std::shared_ptr<State> state) : state_(std::move(state)) {}
PskStream::PskStream(PskStream&&) noexcept = default;

PskStream& PskStream::operator=(PskStream&& other) noexcept {
    if (this != &other) {
        if (state_ && !state_->is_ended) state_->drop();
        state_ = std::move(other.state_);
    }
    return *this;
}

PskStream::~PskStream() {
    if (state_ && !state_->is_ended) state_->drop();
}

void PskStream::start(Handlers handlers) {
    state_->start(std::move(handlers));
}
void PskStream::write(Bytes frame, Loop::Task done) {
    state_->write(std::move(frame), std::move(done));
}
void PskStream::pause() {
    state_->is_paused = true;
}
void PskStream::resume() {
    state_->resume();
}
void PskStream::finish() {
    state_->finish();
}
const Endpoint& PskStream::peer() const {
    return state_->peer;
}
KeyId PskStream::key() const {
    return state_->key;
}
std::uint64_t PskStream::bytes_sent() const {
    return state_->bytes_sent;
}
std::uint64_t PskStream::bytes_received() const {
    return state_->bytes_received;
}

}  // namespace grapevine::runtime
