#include "runtime/os_random.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <sys/random.h>

namespace grapevine::runtime {

void os_random(std::span<std::uint8_t> bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::getrandom(bytes.data(), bytes.size(), 0);
        if (count < 0) {
            if (errno == EINTR) continue;
            std::abort();
        }
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
}

std::uint64_t os_random_seed() {
    std::array<std::uint8_t, 8> bytes{};
    os_random(bytes);
    std::uint64_t seed = 0;
    std::memcpy(&seed, bytes.data(), sizeof seed);
    return seed;
}

}  // namespace grapevine::runtime
