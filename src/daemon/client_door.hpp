#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "overlay/client_port.hpp"
#include "runtime/loop.hpp"
#include "runtime/udp_socket.hpp"
#include "storage/batch.hpp"

namespace grapevine::daemon {

/// Drives the port of old clients of one native overlay: its sockets on loopback (IPv4, and IPv6
/// where the host has it), time, members and events in; datagrams, publications and saved sessions
/// out. Lives on the thread of its loop.
class ClientDoor {
public:
    struct Sinks {
        std::function<Outcome<void>(const storage::Batch&)> persist;
        /// A client published this. Called at the end of an input, never from within one.
        std::function<void(std::string topic, Bytes payload)> publish;
        /// What clients subscribe to may have changed. Called as `publish`.
        std::function<void()> heard;
    };

    /// Refuses when the port is taken.
    static Outcome<std::unique_ptr<ClientDoor>> open(runtime::Loop& loop, std::string overlay,
                                                     std::uint16_t port,
                                                     overlay::ClientPort::Settings settings,
                                                     MemberId self,
                                                     std::vector<client::SavedSession> saved,
                                                     Sinks sinks);

    void member_changed(const protocol::MemberChange& change);
    void event(const protocol::Event& event, overlay::ClientPort::Publisher publisher);

    [[nodiscard]] const overlay::ClientPort& port() const { return *port_; }
    [[nodiscard]] const Endpoint& bound() const { return sockets_.front().bound(); }

private:
    ClientDoor(runtime::Loop& loop, std::string overlay, Sinks sinks);
    Outcome<void> bind(const Endpoint& endpoint);
    void drain();

    runtime::Loop& loop_;
    std::string overlay_;
    Sinks sinks_;
    std::vector<runtime::UdpSocket> sockets_;  ///< IPv4 first.
    std::unique_ptr<overlay::ClientPort> port_;
    runtime::Timer timer_;
};

}  // namespace grapevine::daemon
