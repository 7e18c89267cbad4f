#include <cstdlib>

#include "wire/native/codec.hpp"
#include "wire/size.hpp"

// The decoder of packets never crashes, and what it accepts without skipping anything encodes to
// the same bytes: the format is canonical.
using namespace grapevine;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView input(data, size);
    wire::native::DecodingIntern records;
    const auto body = wire::native::decode_body(input, records);
    const auto decoded = wire::native::decode(input, records);
    if (body && body->sections.packet.size() > kSectionsMax) std::abort();
    if (!decoded || decoded->skipped_count + decoded->padding_bytes > 0) return 0;
    const Bytes again = wire::native::encode(decoded->packet);
    if (again != Bytes(input.begin(), input.end())) std::abort();
    std::size_t expected = 0;
    for (const auto& section : decoded->packet) expected += wire::encoded_size(section);
    if (expected != size) std::abort();
    return 0;
}
