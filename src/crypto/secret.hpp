#pragma once

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdint>
#include <span>

#include "base/bytes.hpp"

namespace grapevine::crypto {

/// Overwrites memory in a way that no optimiser removes.
void wipe(std::span<std::uint8_t> bytes);

/// Bytes that are overwritten when they are no longer needed, copies too. Comparison takes the same
/// time whatever differs. It does not keep the operating system from swapping them out.
template <std::size_t Size>
class Secret {
public:
    Secret() = default;
    explicit Secret(const std::array<std::uint8_t, Size>& bytes) : bytes_(bytes) {}
    /// `bytes` are `Size` long.
    explicit Secret(ByteView bytes) {
        assert(bytes.size() == Size);
        std::ranges::copy(bytes, bytes_.begin());
    }
    Secret(const Secret&) = default;
    Secret& operator=(const Secret&) = default;
    ~Secret() { wipe(bytes_); }

    [[nodiscard]] ByteView view() const { return bytes_; }
    [[nodiscard]] const std::array<std::uint8_t, Size>& bytes() const { return bytes_; }
    [[nodiscard]] std::span<std::uint8_t> writable() { return bytes_; }

    friend bool operator==(const Secret& a, const Secret& b) {
        std::uint8_t difference = 0;
        for (std::size_t index = 0; index < Size; ++index) {
            difference =
                static_cast<std::uint8_t>(difference | (a.bytes_[index] ^ b.bytes_[index]));
        }
        return difference == 0;
    }

private:
    std::array<std::uint8_t, Size> bytes_{};
};

}  // namespace grapevine::crypto
