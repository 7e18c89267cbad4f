#include "daemon/publish_queue.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include "base/limits.hpp"

namespace grapevine::daemon {
namespace {

Refusal refusal_of(const std::optional<control::PressureView>& pressure, std::size_t waiting,
                   std::uint32_t retry_seconds) {
    const std::string again = fmt::format("try again in {} s, or publish less", retry_seconds);
    if (!pressure) {
        return {Refusal::Code::busy,
                fmt::format("the network of this host takes no more: {} events wait", waiting),
                again, "", retry_seconds};
    }
    const std::string& name =
        pressure->member_name.empty() ? pressure->member : pressure->member_name;
    return {Refusal::Code::busy,
            fmt::format("member '{}' gets {} events a second and is {} behind; we publish {} a "
                        "second for it, and {} wait",
                        name, pressure->rate, pressure->backlog, pressure->limit, waiting),
            again, "", retry_seconds};
}

}  // namespace

PublishQueue::PublishQueue(runtime::Loop& loop, Hooks hooks)
    : loop_(loop), hooks_(std::move(hooks)), timer_(loop, [this] { serve(); }) {}

PublishQueue::~PublishQueue() {
    for (const Waiting& waiting : waiting_) {
        waiting.done(std::unexpected(Refusal{Refusal::Code::unavailable,
                                             "the overlay ended before it was published",
                                             "publish it again when the daemon is back"}));
    }
}

void PublishQueue::publish(control::Publish wanted, Done done) {
    const Instant now = loop_.now();
    const Instant ready_at = hooks_.ready_at(now);
    if (waiting_.empty() && ready_at <= now) {
        done(hooks_.publish(std::move(wanted)));
        return;
    }
    hooks_.held_up();
    if (auto refusal = check_room(now, wanted.payload.size())) {
        ++counters_.refused;
        done(std::unexpected(std::move(*refusal)));
        return;
    }
    ++counters_.delayed;
    bytes_ += wanted.payload.size();
    waiting_.push_back({std::move(wanted), std::move(done)});
    if (!timer_.is_armed()) timer_.arm(ready_at);
}

std::optional<Refusal> PublishQueue::check_room(Instant now, std::size_t bytes) const {
    const auto pressure = hooks_.pressure(now);
    const double rate = pressure ? std::max<double>(pressure->limit, 1) : 0;
    const double seconds = pressure ? static_cast<double>(waiting_.size() + 1) / rate : 0;
    const bool is_full =
        waiting_.size() >= kPublishesWaitingMax ||
        bytes > kPublishBytesWaitingMax - std::min(bytes_, kPublishBytesWaitingMax);
    const bool is_too_long = seconds > std::chrono::duration<double>(kWaitMax).count();
    if (!is_full && !is_too_long) return std::nullopt;
    return refusal_of(pressure, waiting_.size(), static_cast<std::uint32_t>(seconds) + 1);
}

void PublishQueue::serve() {
    const Instant now = loop_.now();
    while (!waiting_.empty()) {
        const Instant ready_at = hooks_.ready_at(now);
        if (ready_at > now) {
            hooks_.held_up();
            timer_.arm(ready_at);
            return;
        }
        Waiting next = std::move(waiting_.front());
        waiting_.pop_front();
        bytes_ -= next.wanted.payload.size();
        next.done(hooks_.publish(std::move(next.wanted)));
    }
}

}  // namespace grapevine::daemon
