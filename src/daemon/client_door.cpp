#include "daemon/client_door.hpp"

#include <utility>

#include "base/limits.hpp"
#include "base/overloaded.hpp"
#include "daemon/saved_sessions.hpp"
#include "runtime/clock.hpp"
#include "runtime/log.hpp"
#include "runtime/os_random.hpp"

namespace grapevine::daemon {

using overlay::ClientPort;

ClientDoor::ClientDoor(runtime::Loop& loop, std::string overlay, Sinks sinks)
    : loop_(loop), overlay_(std::move(overlay)), sinks_(std::move(sinks)), timer_(loop, [this] {
          port_->advance(loop_.now(), runtime::wall_now());
          drain();
          sinks_.heard();
      }) {}

Outcome<std::unique_ptr<ClientDoor>> ClientDoor::open(runtime::Loop& loop, std::string overlay,
                                                      std::uint16_t port,
                                                      ClientPort::Settings settings, MemberId self,
                                                      std::vector<client::SavedSession> saved,
                                                      Sinks sinks) {
    std::unique_ptr<ClientDoor> door(new ClientDoor(loop, std::move(overlay), std::move(sinks)));
    GV_TRY_VOID(door->bind(Endpoint::v4(127, 0, 0, 1, port)));
    Endpoint v6 = *Endpoint::parse("[::1]:0");
    v6.port = door->bound().port;
    if (const auto bound = door->bind(v6); !bound) {
        runtime::log::info("overlay", "'{}': old clients are served over IPv4 only: {}",
                           door->overlay_, describe(bound.error()));
    }
    ClientPort::Start start;
    start.sessions = std::move(saved);
    runtime::os_random(start.iv_secret);
    start.seed = runtime::os_random_seed();
    settings.sessions.own_port = door->bound().port;
    door->port_ =
        std::make_unique<ClientPort>(std::move(settings), self, std::move(start), loop.now());
    door->drain();
    return door;
}

Outcome<void> ClientDoor::bind(const Endpoint& endpoint) {
    runtime::UdpOptions options;
    options.bind = endpoint;
    options.datagram_bytes_max = kOldDatagramBytesMax;
    auto socket = runtime::UdpSocket::open(
        loop_, options,
        {[this](std::span<const runtime::Received> datagrams) {
             for (const runtime::Received& datagram : datagrams) {
                 port_->receive(loop_.now(), runtime::wall_now(), datagram.from, datagram.bytes);
                 drain();
             }
             sinks_.heard();
         },
         // Clients are judged by their silence alone.
         [](const Endpoint&) {}});
    if (!socket) return std::unexpected(socket.error());
    sockets_.push_back(std::move(*socket));
    return {};
}

void ClientDoor::member_changed(const protocol::MemberChange& change) {
    port_->member_changed(loop_.now(), runtime::wall_now(), change);
    drain();
}

void ClientDoor::event(const protocol::Event& event, ClientPort::Publisher publisher) {
    port_->event(loop_.now(), event, publisher);
    drain();
}

void ClientDoor::drain() {
    std::vector<ClientPort::Publish> published;
    while (auto action = port_->poll()) {
        std::visit(
            Overloaded{
                [&](ClientPort::Transmit& transmit) {
                    auto& socket = transmit.to.is_v4() ? sockets_.front() : sockets_.back();
                    socket.queue({transmit.to, std::move(transmit.bytes)});
                },
                [&](ClientPort::Publish& publish) { published.push_back(std::move(publish)); },
                // What clients do is nobody's business elsewhere: native overlays have members.
                [](const ClientPort::ClientChanged&) {},
                [&](ClientPort::Persist& write) {
                    const auto written =
                        sinks_.persist(save_session(overlay_, write.name, write.session));
                    if (!written) {
                        runtime::log::error("store", "{}: {}", overlay_, describe(written.error()));
                    }
                },
            },
            *action);
    }
    for (runtime::UdpSocket& socket : sockets_) socket.flush();
    timer_.arm(port_->deadline());
    // Publishing brings the event back to us as an input: not before we are drained.
    for (ClientPort::Publish& publish : published) {
        sinks_.publish(std::move(publish.topic), std::move(publish.payload));
    }
}

}  // namespace grapevine::daemon
