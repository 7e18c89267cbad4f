#include "api/lab_session.hpp"

#include <cassert>
#include <fmt/core.h>
#include <utility>

#include "api/encode.hpp"
#include "api/problem.hpp"
#include "base/limits.hpp"

namespace grapevine::api {
namespace {

// RFC 6455, section 7.4.1.
constexpr std::uint16_t kGoingAway = 1001;
constexpr std::uint16_t kPolicyViolation = 1008;
constexpr std::uint16_t kMessageTooBig = 1009;

/// A link, whose every byte may be escaped.
constexpr std::size_t kMessageBytesMax = 4 * kLabLinkBytesMax;

}  // namespace

LabSession::LabSession(const Caller& caller) : Stream("", caller.token ? caller.token->id : "") {}

control::LabTaker LabSession::taker() {
    return [weak = weak_from_this()](const control::LabMessage& message) {
        const auto self = weak.lock();
        if (self) static_cast<LabSession&>(*self).tell(message);
    };
}

void LabSession::start(std::unique_ptr<control::LabDesk> desk, std::shared_ptr<SocketSink> sink) {
    assert(!outlet_);
    desk_ = std::move(desk);
    outlet_.emplace(std::move(sink));
    const auto self = [weak = weak_from_this()] {
        return std::static_pointer_cast<LabSession>(weak.lock());
    };
    outlet_->sink().on_drained([self] {
        if (const auto session = self()) session->pump();
    });
    outlet_->sink().on_closed([self] {
        if (const auto session = self()) session->finish();
    });
    outlet_->sink().on_message([self](const std::string& message) {
        if (const auto session = self()) session->take(message);
    });
}

void LabSession::advance() {
    if (is_closed_ || is_ended_) return;
    if (!has_written_) write(encode_heartbeat());
    has_written_ = false;
}

void LabSession::end(std::string_view reason) {
    if (is_closed_ || is_ended_) return;
    write(fmt::format(R"({{"type":"closed","reason":"{}"}})", reason));
    end_reason_ = reason;
    is_ended_ = true;
    desk_.reset();
    pump();
}

void LabSession::take(const std::string& message) {
    if (is_closed_ || is_ended_) return;
    if (message.size() > kMessageBytesMax) {
        close(kMessageTooBig, "the message is too large");
        return;
    }
    auto command = decode_lab_message(message);
    if (!command) {
        tell(std::unexpected(command.error()));
        return;
    }
    desk_->submit(*std::move(command));
}

void LabSession::tell(const control::LabMessage& message) {
    if (is_closed_ || is_ended_) return;
    if (message) {
        write(*message);
    } else {
        const std::string problem = to_json(to_problem(message.error()));
        write(fmt::format(R"({{"type":"error","problem":{}}})", problem));
    }
    is_frame_owed_ = true;
    pump();
}

void LabSession::pump() {
    if (is_closed_) return;
    outlet_->flush();
    if (outlet_->is_lost()) return finish();
    if (is_ended_) {
        if (outlet_->is_empty()) close(kGoingAway, end_reason_);
        return;
    }
    if (!is_frame_owed_ || outlet_->unsent_bytes() >= kLabPendingBytesMax) return;
    is_frame_owed_ = false;
    desk_->ready();
}

void LabSession::write(std::string message) {
    if (is_closed_ || is_ended_) return;
    has_written_ = true;
    outlet_->write(std::move(message));
    if (outlet_->is_lost()) return finish();
    if (outlet_->unsent_bytes() > kSocketUnsentBytesMax) {
        close(kPolicyViolation, "what is told is not being read");
    }
}

void LabSession::close(std::uint16_t status, std::string_view reason) {
    if (is_closed_) return;
    finish();
    outlet_->sink().close(status, reason);
}

void LabSession::finish() {
    is_closed_ = true;
    desk_.reset();
}

}  // namespace grapevine::api
