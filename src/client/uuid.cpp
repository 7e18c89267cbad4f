#include "client/uuid.hpp"

#include "base/bytes.hpp"

namespace grapevine::client {

std::string uuid_text(std::array<std::uint8_t, 16> bits) {
    bits[6] = static_cast<std::uint8_t>((bits[6] & 0x0fU) | 0x40U);
    bits[8] = static_cast<std::uint8_t>((bits[8] & 0x3fU) | 0x80U);
    std::string text = to_hex(bits);
    for (const std::size_t dash : {8U, 13U, 18U, 23U}) text.insert(dash, 1, '-');
    return text;
}

std::string uuid_text(Random& random) {
    std::array<std::uint8_t, 16> bits{};
    for (std::size_t at = 0; at < bits.size(); at += sizeof(std::uint64_t)) {
        std::uint64_t word = random.next();
        for (std::size_t i = 0; i < sizeof word; ++i, word >>= 8U) {
            bits.at(at + i) = static_cast<std::uint8_t>(word);
        }
    }
    return uuid_text(bits);
}

}  // namespace grapevine::client
