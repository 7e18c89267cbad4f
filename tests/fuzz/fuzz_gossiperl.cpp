#include <algorithm>
#include <cstdlib>

#include "wire/gossiperl/codec.hpp"

// The decoder of the old protocol never crashes, nor does libthrift below it. What it accepts reads
// the same after it was written, and what an application said is a part of what came, untouched.
using namespace grapevine;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace old = wire::gossiperl;
    const ByteView input(data, size);
    const auto letter = old::decode(input);
    if (!letter) return 0;
    const Bytes written = old::encode(*letter);
    const auto again = old::decode(written);
    if (!again || again->id != letter->id) std::abort();
    if (old::payload_type(again->message) != old::payload_type(letter->message)) std::abort();
    if (old::encode(*again) != written) std::abort();
    if (const auto* application = std::get_if<old::Application>(&letter->message)) {
        if (old::is_internal_type(application->type)) std::abort();
        if (written.size() > size || !std::ranges::equal(written, input.first(written.size()))) {
            std::abort();
        }
        const auto& payload = *std::get<old::Application>(again->message).payload;
        if (payload != *application->payload) std::abort();
    }
    return 0;
}
