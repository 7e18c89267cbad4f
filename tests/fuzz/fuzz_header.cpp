#include <algorithm>
#include <cstdlib>

#include "base/limits.hpp"
#include "wire/native/header.hpp"

// What stands before the seal is read from bytes that nobody has vouched for: it never crashes, has
// one form, and leaves a body of the right size. The same for the datagram that is not sealed.
using namespace grapevine;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView input(data, size);
    if (const auto refusal = wire::native::decode_refusal(input)) {
        if (!std::ranges::equal(wire::native::encode_refusal(*refusal), input)) std::abort();
        if (wire::native::decode_header(input)) std::abort();
    }
    const auto header = wire::native::decode_header(input);
    if (!header) return 0;
    if (size < kDatagramBytesMin || size > kDatagramBytesMax) std::abort();
    const auto again = wire::native::encode_header(*header);
    if (!std::ranges::equal(again, input.first(again.size()))) std::abort();
    const ByteView body = wire::native::sealed_body(input);
    if (again.size() + body.size() != size) std::abort();
    if (wire::native::associated_data(input, MemberId(1), Boot(2)) !=
        wire::native::associated_data(again, MemberId(1), Boot(2))) {
        std::abort();
    }
    return 0;
}
