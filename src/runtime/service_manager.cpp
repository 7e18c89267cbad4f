#include "runtime/service_manager.hpp"

#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <fmt/core.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/clock.hpp"

namespace grapevine::runtime {
namespace {

std::optional<long long> number_in_environment(const char* name) {
    const char* text = std::getenv(name);
    if (text == nullptr) return std::nullopt;
    const std::string_view digits(text);
    long long value = 0;
    const auto [end, failure] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (failure != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return value;
}

std::optional<Duration> watchdog_in_environment() {
    const auto allowed = number_in_environment("WATCHDOG_USEC");
    if (!allowed || *allowed <= 0) return std::nullopt;
    // The variable may be meant for a parent of ours.
    const auto watched = number_in_environment("WATCHDOG_PID");
    if (watched && *watched != ::getpid()) return std::nullopt;
    return std::chrono::microseconds(*allowed);
}

}  // namespace

ServiceManager ServiceManager::from_environment() {
    const char* address = std::getenv("NOTIFY_SOCKET");
    ServiceManager manager(address == nullptr ? "" : address, watchdog_in_environment());
    ::unsetenv("NOTIFY_SOCKET");
    ::unsetenv("WATCHDOG_USEC");
    ::unsetenv("WATCHDOG_PID");
    return manager;
}

ServiceManager::ServiceManager(std::string_view address, std::optional<Duration> watchdog)
    : address_(address), watchdog_(watchdog) {
    const bool is_usable = (address.starts_with('/') || address.starts_with('@')) &&
                           address.size() < sizeof(sockaddr_un::sun_path);
    if (is_usable) socket_ = FileDescriptor(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

void ServiceManager::ready() {
    send("READY=1");
}

void ServiceManager::reloading() {
    send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", monotonic_microseconds()));
}

void ServiceManager::stopping() {
    send("STOPPING=1");
}

void ServiceManager::status(std::string_view text) {
    send(fmt::format("STATUS={}", text.substr(0, text.find('\n'))));
}

void ServiceManager::watchdog() {
    send("WATCHDOG=1");
}

std::optional<Duration> ServiceManager::watchdog_interval() const {
    if (!watchdog_) return std::nullopt;
    return *watchdog_ / 2;
}

void ServiceManager::send(std::string_view message) {
    if (!socket_.is_open()) return;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, address_.data(), address_.size());
    if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
    ::sendto(socket_.value(), message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
             reinterpret_cast<const sockaddr*>(&address), length);
}

}  // namespace grapevine::runtime
