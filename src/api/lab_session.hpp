#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/access.hpp"
#include "api/http.hpp"
#include "api/outlet.hpp"
#include "api/stream.hpp"
#include "control/lab.hpp"

namespace grapevine::api {

/// One WebSocket with one run of the lab. Every message is one JSON object with a "type": commands
/// from the client (`decode_lab_message`); from the daemon what the desk says, and
///
///     error {problem}   a command was refused, and nothing has changed
///     heartbeat {}      nothing else was said for a while
///     closed {reason}   the daemon's last word
///
/// The desk is asked for the next frame when little waits for the peer; so a slow one gets fewer
/// frames, each up to date, and never a queue of old ones.
/// Bounds: as for `SocketSession`. The run ends with the socket.
class LabSession final : public Stream {
public:
    explicit LabSession(const Caller& caller);

    /// For the desk, before `start`: what it says reaches us as long as we live.
    [[nodiscard]] control::LabTaker taker();
    /// Once.
    void start(std::unique_ptr<control::LabDesk> desk, std::shared_ptr<SocketSink> sink);

    void advance() override;
    void end(std::string_view reason) override;

private:
    void take(const std::string& message);
    void tell(const control::LabMessage& message);
    void pump() override;
    void write(std::string message);
    void close(std::uint16_t status, std::string_view reason);
    /// The peer is gone, or will be: nobody watches.
    void finish();

    std::optional<Outlet<SocketSink>> outlet_;  ///< From `start` on.
    std::unique_ptr<control::LabDesk> desk_;
    bool is_frame_owed_ = false;  ///< To ask for one, as soon as there is room.
    bool has_written_ = false;
    std::string end_reason_;
    bool is_ended_ = false;
};

/// {"type":"start","link":"..."}, play {speed}, pause {}, step {}, seek {at_ms}, and act {do, ...}
/// with what the action needs: member, members, from, to, for_ms, count.
[[nodiscard]] Outcome<control::LabCommand> decode_lab_message(std::string_view json);

}  // namespace grapevine::api
