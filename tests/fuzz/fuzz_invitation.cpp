#include <cstdlib>

#include "base/reader.hpp"
#include "daemon/invitation.hpp"

// An invitation is pasted by a person who got it from somebody: whatever it says, reading it never
// crashes, and what is read is written as the same token. Random bytes seldom have the right
// checksum, so they are also tried as the body of a token whose frame is right.
using namespace grapevine;

namespace {

std::uint32_t crc32(ByteView bytes) {
    std::uint32_t crc = 0xffffffffU;
    for (const std::uint8_t byte : bytes) {
        crc ^= byte;
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0xedb88320U : 0U);
        }
    }
    return ~crc;
}

std::string framed(ByteView fields) {
    Bytes body;
    Writer writer(body);
    writer.integer(static_cast<std::uint16_t>(fields.size() + 4));
    writer.bytes(fields);
    writer.integer(crc32(body));
    return "gv1." + to_base64url(body);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView input(data, size);
    if (const auto invitation = daemon::parse_invitation(as_text(input))) {
        if (daemon::parse_invitation(daemon::format_invitation(*invitation)) != *invitation) {
            std::abort();
        }
    }
    if (size > 0xfff0) return 0;
    const std::string token = framed(input);
    if (const auto invitation = daemon::parse_invitation(token)) {
        if (daemon::format_invitation(*invitation) != token) std::abort();
    }
    return 0;
}
