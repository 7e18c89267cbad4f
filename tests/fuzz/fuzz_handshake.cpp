#include <algorithm>
#include <cstdlib>

#include "wire/native/handshake.hpp"

// The bodies of the handshake: every input goes to all three decoders, and whichever accepts it
// must write it again as it was.
using namespace grapevine;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView input(data, size);
    if (const auto hello = wire::native::decode_hello(input)) {
        if (!std::ranges::equal(wire::native::encode_hello(*hello), input)) std::abort();
    }
    if (const auto challenge = wire::native::decode_challenge(input)) {
        if (!std::ranges::equal(wire::native::encode_challenge(*challenge), input)) std::abort();
    }
    if (const auto body = wire::native::decode_data_body(input)) {
        const Bytes prefix = wire::native::encode_data_prefix(body->proof);
        if (prefix.size() + body->sections.size() != size) std::abort();
        if (!std::ranges::equal(prefix, input.first(prefix.size()))) std::abort();
    }
    return 0;
}
