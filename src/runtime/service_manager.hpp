#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/time.hpp"
#include "runtime/file_descriptor.hpp"

namespace grapevine::runtime {

/// Tells systemd (Type=notify) how we are: sd_notify(3), spoken without libsystemd.
///
/// One datagram per message to the socket named by NOTIFY_SOCKET. Where that is not set, nobody
/// wants to know, and every call does nothing. A message that cannot be sent is lost: the service
/// manager draws its own conclusions from silence.
class ServiceManager {
public:
    /// From NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. Removes them from the environment, so
    /// that children do not speak in our name.
    static ServiceManager from_environment();

    /// To a socket by its path; '@' first is the abstract namespace. Empty: to nobody.
    explicit ServiceManager(std::string_view address,
                            std::optional<Duration> watchdog = std::nullopt);

    [[nodiscard]] bool is_listening() const { return socket_.is_open(); }

    void ready();
    /// With the time stamp that Type=notify-reload asks for. `ready` ends the reload.
    void reloading();
    void stopping();
    /// One line for `systemctl status`.
    void status(std::string_view text);

    /// Proof of life. To be sent at least every `watchdog_interval`, by the loop that must not
    /// hang.
    void watchdog();
    /// Half of what the service manager allows, as it recommends; nothing when it does not watch.
    [[nodiscard]] std::optional<Duration> watchdog_interval() const;

private:
    void send(std::string_view message);

    FileDescriptor socket_;
    std::string address_;
    std::optional<Duration> watchdog_;
};

}  // namespace grapevine::runtime
