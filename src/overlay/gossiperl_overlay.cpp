#include "overlay/gossiperl_overlay.hpp"

#include <utility>

#include "base/limits.hpp"
#include "client/uuid.hpp"
#include "wire/gossiperl/codec.hpp"

namespace grapevine::overlay {

using gossiperl::Node;

GossiperlOverlay::GossiperlOverlay(Settings settings, Start start, Instant now)
    : envelopes_(settings.symmetric_key, start.iv_secret),
      random_(start.seed),
      node_(std::move(settings.node), std::move(start.sessions), now, random_.next()),
      now_(now) {}

void GossiperlOverlay::receive(Instant now, WallTime wall, Via via, const Endpoint& from,
                               ByteView datagram) {
    now_ = now;
    auto letter = envelopes_.open(datagram);
    if (!letter) {
        statistics_.count_failure(now, "message-failed-decode-in");
        return;
    }
    const std::string_view type = wire::gossiperl::payload_type(letter->message);
    const auto* message = std::get_if<wire::gossiperl::Application>(&letter->message);
    // As the original counts: what it handles itself by the datagram, what it passes on by the
    // text.
    statistics_.count(now, type, Statistics::Direction::in,
                      message == nullptr ? datagram.size() : message->envelope->size());
    node_.receive(now, wall, via, from, std::move(*letter));
}

wire::gossiperl::Letter GossiperlOverlay::letter_of(std::string type, Bytes payload) {
    return wire::gossiperl::make_application(client::uuid_text(random_), std::move(type),
                                             std::move(payload));
}

std::string GossiperlOverlay::publish(Instant now, WallTime wall, std::string type, Bytes payload) {
    now_ = now;
    auto letter = letter_of(std::move(type), std::move(payload));
    std::string id = letter.id;
    node_.publish(now, wall, std::move(letter));
    return id;
}

void GossiperlOverlay::send_to(Instant now, const Endpoint& to, std::string type, Bytes payload) {
    now_ = now;
    node_.send_to(now, to, letter_of(std::move(type), std::move(payload)));
}

void GossiperlOverlay::advance(Instant now, WallTime wall) {
    now_ = now;
    node_.advance(now, wall);
}

void GossiperlOverlay::change(Instant now, Settings settings) {
    now_ = now;
    envelopes_.set_key(settings.symmetric_key);
    node_.change(now, std::move(settings.node));
}

void GossiperlOverlay::leave(Instant now, WallTime wall) {
    now_ = now;
    node_.leave(now, wall);
}

std::optional<GossiperlOverlay::Action> GossiperlOverlay::poll() {
    while (auto action = node_.poll()) {
        auto* const send = std::get_if<Node::Send>(&*action);
        if (send == nullptr) {
            return std::visit(
                [](auto&& what) -> Action {
                    using What = std::decay_t<decltype(what)>;
                    if constexpr (std::is_same_v<What, Node::Send>) {
                        std::unreachable();
                    } else {
                        return Action(std::move(what));
                    }
                },
                std::move(*action));
        }
        Bytes datagram = envelopes_.seal(send->letter);
        if (datagram.size() > kOldDatagramBytesMax) continue;  // Counted by the envelopes.
        statistics_.count(now_, wire::gossiperl::payload_type(send->letter.message),
                          Statistics::Direction::out, datagram.size());
        return Transmit{send->via, send->to, std::move(datagram)};
    }
    return std::nullopt;
}

Instant GossiperlOverlay::deadline() const {
    return node_.deadline();
}

}  // namespace grapevine::overlay
