#include "wire/native/handshake.hpp"

#include <algorithm>

#include "base/reader.hpp"

namespace grapevine::wire::native {
namespace {

constexpr std::uint8_t kFlagProof = 0x01;

constexpr std::size_t kHelloFieldBytes = 8 + 2;
constexpr std::size_t kHelloPaddingBytes = kHelloDatagramBytes - kSealBytes - kHelloFieldBytes;
constexpr std::size_t kChallengeBodyBytes = 8 + sizeof(Cookie) + 2;
static_assert(kSealBytes + kChallengeBodyBytes <= kHelloDatagramBytes,
              "a challenge is never longer than the hello that drew it");
static_assert(1 + sizeof(Cookie) == kProofBytesMax);

struct ProtocolRange {
    std::uint8_t min;
    std::uint8_t max;
};

Result<ProtocolRange> read_range(Reader& reader, std::string_view field) {
    const auto min = GV_TRY(reader.integer<std::uint8_t>(field));
    const auto max = GV_TRY(reader.integer<std::uint8_t>(field));
    if (min == 0 || min > max) {
        return reader.refuse<ProtocolRange>(Error::Code::malformed, field);
    }
    return ProtocolRange{min, max};
}

Result<Cookie> read_cookie(Reader& reader, std::string_view field) {
    const ByteView view = GV_TRY(reader.bytes(sizeof(Cookie), field));
    Cookie cookie{};
    std::ranges::copy(view, cookie.begin());
    return cookie;
}

}  // namespace

Bytes encode_hello(const Hello& hello) {
    Bytes body;
    body.reserve(kHelloFieldBytes + kHelloPaddingBytes);
    Writer writer(body);
    writer.integer(hello.nonce);
    writer.integer(hello.protocol_min);
    writer.integer(hello.protocol_max);
    body.resize(kHelloFieldBytes + kHelloPaddingBytes, 0);
    return body;
}

Bytes encode_challenge(const Challenge& challenge) {
    Bytes body;
    body.reserve(kChallengeBodyBytes);
    Writer writer(body);
    writer.integer(challenge.nonce);
    writer.bytes(challenge.cookie);
    writer.integer(challenge.protocol_min);
    writer.integer(challenge.protocol_max);
    return body;
}

Bytes encode_data_prefix(const std::optional<Proof>& proof) {
    Bytes prefix;
    prefix.reserve(kDatagramBytesMax);  // The sections follow in the same buffer.
    Writer writer(prefix);
    writer.integer(proof ? kFlagProof : std::uint8_t{0});
    if (proof) writer.bytes(proof->cookie);
    return prefix;
}

Result<Hello> decode_hello(ByteView body) {
    Reader reader(body);
    const auto nonce = GV_TRY(reader.integer<std::uint64_t>("hello.nonce"));
    const ProtocolRange range = GV_TRY(read_range(reader, "hello.protocol"));
    const ByteView padding = GV_TRY(reader.bytes(kHelloPaddingBytes, "hello.padding"));
    if (std::ranges::any_of(padding, [](std::uint8_t byte) { return byte != 0; })) {
        return reader.refuse<Hello>(Error::Code::malformed, "hello.padding");
    }
    GV_TRY_VOID(reader.expect_end("hello"));
    return Hello{nonce, range.min, range.max};
}

Result<Challenge> decode_challenge(ByteView body) {
    Reader reader(body);
    const auto nonce = GV_TRY(reader.integer<std::uint64_t>("challenge.nonce"));
    const Cookie cookie = GV_TRY(read_cookie(reader, "challenge.cookie"));
    const ProtocolRange range = GV_TRY(read_range(reader, "challenge.protocol"));
    GV_TRY_VOID(reader.expect_end("challenge"));
    return Challenge{nonce, cookie, range.min, range.max};
}

Result<DataBody> decode_data_body(ByteView body) {
    Reader reader(body);
    const auto flags = GV_TRY(reader.integer<std::uint8_t>("data.flags"));
    if ((flags & ~kFlagProof) != 0) {
        return reader.refuse<DataBody>(Error::Code::unsupported, "data.flags");
    }
    DataBody result;
    if ((flags & kFlagProof) != 0) {
        result.proof = Proof{GV_TRY(read_cookie(reader, "data.proof"))};
    }
    result.sections = body.subspan(reader.position());
    return result;
}

}  // namespace grapevine::wire::native
