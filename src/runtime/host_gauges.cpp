#include "runtime/host_gauges.hpp"

#include <cerrno>
#include <cstdlib>
#include <fmt/core.h>
#include <fstream>
#include <sys/statvfs.h>
#include <unistd.h>

#include "runtime/system_refusal.hpp"

namespace grapevine::runtime {

Outcome<double> load_per_processor() {
    double load = 0;
    const long processors = ::sysconf(_SC_NPROCESSORS_ONLN);
    if (::getloadavg(&load, 1) == 1 && processors > 0) {
        return load / static_cast<double>(processors);
    }
    return std::unexpected(Refusal{Refusal::Code::internal, "the system does not tell its load",
                                   "leave this sample out", ""});
}

Outcome<double> memory_in_use() {
    std::ifstream file("/proc/meminfo");
    double total = 0;
    double available = 0;
    std::string name;
    std::string unit;
    for (double value = 0; file >> name >> value;) {
        if (name == "MemTotal:") total = value;
        if (name == "MemAvailable:") available = value;
        std::getline(file, unit);
    }
    if (total > 0) return 1 - available / total;
    return std::unexpected(Refusal{Refusal::Code::internal, "/proc/meminfo cannot be read",
                                   "leave this sample out", ""});
}

Outcome<double> free_bytes(const std::string& path) {
    struct statvfs found{};
    if (::statvfs(path.c_str(), &found) != 0) {
        return std::unexpected(system_refusal(fmt::format("cannot look at {}", path), errno));
    }
    return static_cast<double>(found.f_bavail) * static_cast<double>(found.f_frsize);
}

}  // namespace grapevine::runtime
