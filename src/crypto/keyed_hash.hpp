#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "base/bytes.hpp"

namespace grapevine::crypto {

/// SipHash-2-4 with an output of 128 bits (Aumasson and Bernstein, 2012): short, keyed, and without
/// the key nobody makes inputs with outputs of his choice.
///
/// One context, used again for every input: 0.3 microseconds for a hundred bytes. Copies share it.
/// One thread at a time.
class KeyedHash {
public:
    using Key = std::array<std::uint8_t, 16>;
    struct Value {
        std::uint64_t high = 0;
        std::uint64_t low = 0;
        friend bool operator==(const Value&, const Value&) = default;
    };

    KeyedHash();
    [[nodiscard]] Value operator()(const Key& key, ByteView message) const;

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace grapevine::crypto
