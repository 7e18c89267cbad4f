#include "wire/native/header.hpp"

#include <algorithm>
#include <cassert>

#include "base/limits.hpp"
#include "base/reader.hpp"

namespace grapevine::wire::native {
namespace {

static_assert(kHeaderBytes + kTagBytes == kSealBytes);
static_assert(kDatagramBytesMin == kSealBytes);
static_assert(kRefusalBytes < kDatagramBytesMin, "a refusal never amplifies");

/// The first byte is where a version stands in every other datagram; no version is 0.
constexpr std::array<std::uint8_t, 4> kRefusalMagic = {0x00, 'G', 'V', 'N'};

template <std::size_t Size>
std::array<std::uint8_t, Size> to_array(const Bytes& bytes) {
    assert(bytes.size() == Size);
    std::array<std::uint8_t, Size> array{};
    std::ranges::copy(bytes, array.begin());
    return array;
}

}  // namespace

HeaderBytes encode_header(const DatagramHeader& header) {
    assert(header.version >= kProtocolMin && header.version <= kProtocolMax);
    assert(header.sender != kNobody);
    Bytes bytes;
    bytes.reserve(kHeaderBytes);
    Writer writer(bytes);
    writer.integer(header.version);
    writer.integer(static_cast<std::uint8_t>(header.kind));
    writer.integer(header.key.value());
    writer.integer(std::uint8_t{0});
    writer.integer(header.sender.value());
    writer.integer(header.boot.value());
    writer.integer(header.counter);
    return to_array<kHeaderBytes>(bytes);
}

Result<DatagramHeader> decode_header(ByteView datagram) {
    using Code = Error::Code;
    Reader reader(datagram);
    const auto version = GV_TRY(reader.integer<std::uint8_t>("datagram.version"));
    if (version == 0) return reader.refuse<DatagramHeader>(Code::malformed, "datagram.version");
    // Too small for a header of ours is too small to be answered, whatever its version says.
    if (datagram.size() < kDatagramBytesMin) {
        return reader.refuse<DatagramHeader>(Code::truncated, "datagram");
    }
    if (datagram.size() > kDatagramBytesMax) {
        return reader.refuse<DatagramHeader>(Code::over_limit, "datagram");
    }
    if (version < kProtocolMin || version > kProtocolMax) {
        return reader.refuse<DatagramHeader>(Code::unsupported, "datagram.version");
    }
    const auto kind = GV_TRY(reader.integer<std::uint8_t>("datagram.kind"));
    if (kind > static_cast<std::uint8_t>(DatagramKind::challenge)) {
        return reader.refuse<DatagramHeader>(Code::unsupported, "datagram.kind");
    }
    const KeyId key(GV_TRY(reader.integer<std::uint8_t>("datagram.key")));
    if (GV_TRY(reader.integer<std::uint8_t>("datagram.flags")) != 0) {
        return reader.refuse<DatagramHeader>(Code::unsupported, "datagram.flags");
    }
    const MemberId sender(GV_TRY(reader.integer<std::uint64_t>("datagram.sender")));
    if (sender == kNobody) {
        return reader.refuse<DatagramHeader>(Code::malformed, "datagram.sender");
    }
    const Boot boot(GV_TRY(reader.integer<std::uint64_t>("datagram.boot")));
    const auto counter = GV_TRY(reader.integer<std::uint64_t>("datagram.counter"));
    return DatagramHeader{version, static_cast<DatagramKind>(kind), key, sender, boot, counter};
}

AssociatedData associated_data(const HeaderBytes& header, MemberId receiver, Boot receiver_boot) {
    AssociatedData data{};
    const auto end = std::ranges::copy(header, data.begin()).out;
    for (std::size_t index = 0; index < 8; ++index) {
        const std::size_t shift = 56 - 8 * index;
        end[index] = static_cast<std::uint8_t>(receiver.value() >> shift);
        end[8 + index] = static_cast<std::uint8_t>(receiver_boot.value() >> shift);
    }
    return data;
}

AssociatedData associated_data(ByteView datagram, MemberId receiver, Boot receiver_boot) {
    assert(datagram.size() >= kHeaderBytes);
    HeaderBytes header{};
    std::ranges::copy(datagram.first(kHeaderBytes), header.begin());
    return associated_data(header, receiver, receiver_boot);
}

ByteView sealed_body(ByteView datagram) {
    assert(datagram.size() >= kDatagramBytesMin);
    return datagram.subspan(kHeaderBytes);
}

std::array<std::uint8_t, kRefusalBytes> encode_refusal(const Refusal& refusal) {
    return {kRefusalMagic[0],
            kRefusalMagic[1],
            kRefusalMagic[2],
            kRefusalMagic[3],
            static_cast<std::uint8_t>(refusal.reason),
            refusal.protocol_min,
            refusal.protocol_max,
            0};
}

Result<Refusal> decode_refusal(ByteView datagram) {
    using Code = Error::Code;
    Reader reader(datagram);
    const ByteView magic = GV_TRY(reader.bytes(kRefusalMagic.size(), "refusal.magic"));
    if (!std::ranges::equal(magic, kRefusalMagic)) {
        return reader.refuse<Refusal>(Code::malformed, "refusal.magic");
    }
    const auto reason = GV_TRY(reader.integer<std::uint8_t>("refusal.reason"));
    if (reason != static_cast<std::uint8_t>(Refusal::Reason::version)) {
        return reader.refuse<Refusal>(Code::unsupported, "refusal.reason");
    }
    const auto min = GV_TRY(reader.integer<std::uint8_t>("refusal.protocol_min"));
    const auto max = GV_TRY(reader.integer<std::uint8_t>("refusal.protocol_max"));
    if (min == 0 || min > max) return reader.refuse<Refusal>(Code::malformed, "refusal.protocol");
    if (GV_TRY(reader.integer<std::uint8_t>("refusal.reserved")) != 0) {
        return reader.refuse<Refusal>(Code::malformed, "refusal.reserved");
    }
    GV_TRY_VOID(reader.expect_end("refusal"));
    return Refusal{static_cast<Refusal::Reason>(reason), min, max};
}

}  // namespace grapevine::wire::native
