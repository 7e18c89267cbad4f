#include "runtime/service_manager.hpp"

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/files.hpp"

namespace grapevine::runtime {
namespace {

using namespace std::chrono_literals;

// The other end: what systemd would hear.
class Ear {
public:
    explicit Ear(const std::string& address)
        : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
        sockaddr_un name{};
        name.sun_family = AF_UNIX;
        std::memcpy(name.sun_path, address.data(), address.size());
        if (name.sun_path[0] == '@') name.sun_path[0] = '\0';
        EXPECT_EQ(::bind(socket_.value(), reinterpret_cast<const sockaddr*>(&name),
                         static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size())),
                  0);
    }
    std::string next() {
        char buffer[256];
        const ssize_t count = ::recv(socket_.value(), buffer, sizeof buffer, 0);
        return count < 0 ? "nothing" : std::string(buffer, static_cast<std::size_t>(count));
    }

private:
    FileDescriptor socket_;
};

TEST(ServiceManager, every_state_is_told_in_its_own_message) {
    const TemporaryDirectory folder = TemporaryDirectory::make("grapevine-notify").value();
    Ear ear((folder.path() / "notify").string());
    ServiceManager manager((folder.path() / "notify").string());
    EXPECT_TRUE(manager.is_listening());
    manager.ready();
    manager.status("5 members\nforged=1");
    manager.watchdog();
    manager.reloading();
    manager.stopping();
    EXPECT_EQ(ear.next(), "READY=1");
    EXPECT_EQ(ear.next(), "STATUS=5 members");
    EXPECT_EQ(ear.next(), "WATCHDOG=1");
    EXPECT_TRUE(ear.next().starts_with("RELOADING=1\nMONOTONIC_USEC="));
    EXPECT_EQ(ear.next(), "STOPPING=1");
    EXPECT_EQ(ear.next(), "nothing");
}

TEST(ServiceManager, an_abstract_address_is_understood) {
    const std::string address = "@grapevine-test-" + std::to_string(::getpid());
    Ear ear(address);
    ServiceManager(address).ready();
    EXPECT_EQ(ear.next(), "READY=1");
}

TEST(ServiceManager, without_a_listener_nothing_happens) {
    ServiceManager nobody("");
    EXPECT_FALSE(nobody.is_listening());
    nobody.ready();
    ServiceManager gone("/nowhere/at/all");
    gone.ready();
    ServiceManager unusable("relative");
    EXPECT_FALSE(unusable.is_listening());
}

TEST(ServiceManager, the_environment_is_read_once_and_hidden_from_children) {
    ::setenv("NOTIFY_SOCKET", "/run/nobody", 1);
    ::setenv("WATCHDOG_USEC", "30000000", 1);
    ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
    const ServiceManager manager = ServiceManager::from_environment();
    EXPECT_TRUE(manager.is_listening());
    EXPECT_EQ(manager.watchdog_interval(), Duration(15s));
    EXPECT_EQ(std::getenv("NOTIFY_SOCKET"), nullptr);
    EXPECT_EQ(std::getenv("WATCHDOG_USEC"), nullptr);
}

TEST(ServiceManager, a_watchdog_for_somebody_else_is_none) {
    ::setenv("WATCHDOG_USEC", "30000000", 1);
    ::setenv("WATCHDOG_PID", "1", 1);
    EXPECT_EQ(ServiceManager::from_environment().watchdog_interval(), std::nullopt);
    EXPECT_FALSE(ServiceManager::from_environment().is_listening());
}

}  // namespace
}  // namespace grapevine::runtime
