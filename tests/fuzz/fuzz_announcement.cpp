#include <algorithm>
#include <cstdlib>

#include "wire/native/announcement.hpp"

// What is heard in a group: the head of the datagram, and the body as it were if the seal had
// opened. Whatever is accepted must be written again as it was.
using namespace grapevine;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView input(data, size);
    if (const auto head = wire::native::decode_announcement_head(input)) {
        const auto again = wire::native::encode_announcement_head(*head);
        if (!std::ranges::equal(again, input.first(again.size()))) std::abort();
        if (wire::native::sealed_announcement(input).size() + again.size() != size) std::abort();
    }
    if (const auto body = wire::native::decode_announcement(input)) {
        const Bytes signed_part =
            wire::native::encode_announcement_signed_part(body->told_at_ms, body->record);
        const Bytes again = wire::native::encode_announcement(signed_part, body->signature);
        if (!std::ranges::equal(again, input)) std::abort();
        if (!std::ranges::equal(signed_part, body->signed_part)) std::abort();
    }
    return 0;
}
