#include "api/socket_session.hpp"

#include <algorithm>
#include <cassert>
#include <fmt/core.h>
#include <utility>
#include <variant>

#include "api/encode.hpp"
#include "base/limits.hpp"

namespace grapevine::api {
namespace {

/// Items of one turn of one subscription.
constexpr std::size_t kReadItemsMax = 64;

// RFC 6455, section 7.4.1.
constexpr std::uint16_t kGoingAway = 1001;
constexpr std::uint16_t kPolicyViolation = 1008;
constexpr std::uint16_t kMessageTooBig = 1009;

}  // namespace

SocketSession::SocketSession(control::Control& control, std::shared_ptr<control::Log> log,
                             std::string overlay, Caller caller, std::shared_ptr<SocketSink> sink)
    : Stream(std::move(overlay), caller.token ? caller.token->id : ""),
      control_(control),
      log_(std::move(log)),
      caller_(std::move(caller)),
      outlet_(std::move(sink)) {}

void SocketSession::start() {
    assert(!append_handle_);
    append_handle_ = connect(outlet_.sink(), *log_);
    outlet_.sink().on_message([weak = weak_from_this()](const std::string& message) {
        const auto self = weak.lock();
        if (self) static_cast<SocketSession&>(*self).take(message);
    });
}

void SocketSession::advance() {
    if (is_closed_ || is_ended_) return;
    if (control_.log(overlay()) != log_) {
        end("overlay_removed");
        return;
    }
    if (!has_written_) write(encode_heartbeat());
    has_written_ = false;
}

void SocketSession::end(std::string_view reason) {
    if (is_closed_ || is_ended_) return;
    write(encode_ended(reason));
    end_reason_ = reason;
    is_ended_ = true;
    pump();
}

void SocketSession::take(const std::string& message) {
    if (is_closed_ || is_ended_) return;
    if (message.size() > kSocketMessageBytesMax) {
        close(kMessageTooBig, "the message is too large");
        return;
    }
    std::string id;
    auto decoded = decode_socket_message(message, id);
    if (!decoded) {
        refuse(id, to_problem(decoded.error()));
        return;
    }
    std::visit([this](auto&& what) { handle(std::forward<decltype(what)>(what)); },
               *std::move(decoded));
}

void SocketSession::handle(SubscribeMessage message) {
    if (const auto allowed = authorize(caller_, Scope::read, overlay()); !allowed) {
        refuse(message.id, allowed.error());
        return;
    }
    if (std::ranges::find(feeds_, message.id, &Feed::subscription) != feeds_.end()) {
        refuse(message.id, to_problem({Refusal::Code::conflict,
                                       fmt::format("\"{}\" is already subscribed", message.id),
                                       "choose another id, or unsubscribe first", "id"}));
        return;
    }
    if (feeds_.size() >= kSocketSubscriptionsMax) {
        refuse(message.id,
               to_problem({Refusal::Code::over_limit,
                           fmt::format("there are {} subscriptions", feeds_.size()),
                           "unsubscribe one, or give one subscription several topics", ""}));
        return;
    }
    const auto start = parse_feed_start(message.cursor, message.from, "cursor");
    if (!start) {
        refuse(message.id, to_problem(start.error()));
        return;
    }
    control::Log::Filter filter{std::move(message.topics), message.with_members,
                                message.with_records, std::move(message.state_prefixes)};
    feeds_.emplace_back(log_, std::move(filter), *start, message.id);
    write(encode_subscribed(message.id, feeds_.back().cursor()));
    pump();
}

void SocketSession::handle(const UnsubscribeMessage& message) {
    const auto feed = std::ranges::find(feeds_, message.id, &Feed::subscription);
    if (feed == feeds_.end()) {
        refuse(message.id, to_problem({Refusal::Code::not_found,
                                       fmt::format("\"{}\" is not subscribed", message.id),
                                       "give the id of a subscription of this connection", "id"}));
        return;
    }
    feeds_.erase(feed);
    write(encode_unsubscribed(message.id));
}

void SocketSession::handle(PublishMessage message) {
    if (const auto allowed = authorize(caller_, Scope::publish, overlay()); !allowed) {
        refuse(message.id, allowed.error());
        return;
    }
    if (publishes_in_flight_ >= kSocketPublishesMax) {
        refuse(message.id,
               to_problem({Refusal::Code::over_limit,
                           fmt::format("{} publishes are not yet answered", publishes_in_flight_),
                           "wait for answers before publishing on", ""}));
        return;
    }
    ++publishes_in_flight_;
    control::Publish publish{overlay(), std::move(message.event.topic),
                             std::move(message.event.payload), message.event.is_traced,
                             std::move(message.event.after)};
    control_.submit(std::move(publish),
                    [weak = weak_from_this(), id = message.id](Outcome<control::Answer> answer) {
                        const auto alive = weak.lock();
                        if (!alive) return;
                        auto* const self = static_cast<SocketSession*>(alive.get());
                        --self->publishes_in_flight_;
                        if (self->is_closed_ || self->is_ended_) return;
                        if (!answer) {
                            self->refuse(id, to_problem(answer.error()));
                            return;
                        }
                        const auto* const receipt = std::get_if<control::PublishReceipt>(&*answer);
                        assert(receipt != nullptr && "control answers Publish with PublishReceipt");
                        self->write(encode_published(id, *receipt));
                    });
}

void SocketSession::refuse(std::string_view id, const Problem& problem) {
    write(encode_error(id, to_json(problem)));
}

void SocketSession::pump() {
    if (is_pumping_ || is_closed_) return;
    is_pumping_ = true;
    outlet_.flush();
    // In turns, so that one busy subscription does not starve the others.
    std::size_t idle_in_a_row = 0;
    while (!is_closed_ && !is_ended_ && idle_in_a_row < feeds_.size()) {
        const std::size_t room = outlet_.room_bytes();
        if (room == 0) break;
        next_feed_ = (next_feed_ + 1) % feeds_.size();
        const auto items = feeds_[next_feed_].read(kReadItemsMax, room);
        idle_in_a_row = items.empty() ? idle_in_a_row + 1 : 0;
        for (const StreamItem& item : items) write(item.json);
    }
    if (is_ended_ && outlet_.is_empty()) close(kGoingAway, end_reason_);
    if (outlet_.is_lost()) is_closed_ = true;
    is_pumping_ = false;
}

void SocketSession::write(std::string message) {
    if (is_closed_ || is_ended_) return;
    has_written_ = true;
    outlet_.write(std::move(message));
    if (outlet_.is_lost()) is_closed_ = true;
    if (outlet_.unsent_bytes() > kSocketUnsentBytesMax) {
        close(kPolicyViolation, "answers are not being read");
    }
}

void SocketSession::close(std::uint16_t status, std::string_view reason) {
    if (is_closed_) return;
    is_closed_ = true;
    outlet_.sink().close(status, reason);
}

}  // namespace grapevine::api
