#include <algorithm>
#include <cassert>

#include "wire/native/codec.hpp"
#include "wire/native/sections.hpp"
#include "wire/rules.hpp"
#include "wire/size.hpp"

// FORMAT.md, section 7.
namespace grapevine::wire::native {
namespace {

constexpr std::uint8_t kAddressV4 = 4;
constexpr std::uint8_t kAddressV6 = 6;
/// IPv6 with a scope: link-local, meaningful on the sender's own link.
constexpr std::uint8_t kAddressV6Scoped = 7;

// tag, member, key, incarnation, boot, flags, protocol range, three counts and a name's length
constexpr std::size_t kRecordFixedBytes = 1 + 8 + 32 + 4 + 8 + 1 + 2 + 1 + 1 + 1 + 1 + 64;
static_assert(kRecordFixedBytes + kMemberAddressesMax * (1 + 16 + 2 + 4) + kMemberNameBytesMax +
                      kLabelsBytesMax + kLabelsMax * (1 + 2) + kRecordExtensionBytesMax <=
                  kEncodedRecordBytesMax,
              "the longest record fits its limit");

void write_address(Writer& writer, const Endpoint& address) {
    if (address.is_v4()) {
        writer.integer(kAddressV4);
        writer.bytes(ByteView(address.ip).subspan(12));
    } else {
        writer.integer(address.scope == 0 ? kAddressV6 : kAddressV6Scoped);
        writer.bytes(address.ip);
        if (address.scope != 0) writer.integer(address.scope);
    }
    writer.integer(address.port);
}

Result<Endpoint> read_address(Reader& reader) {
    constexpr std::string_view kField = "record.address";
    const auto family = GV_TRY(reader.integer<std::uint8_t>(kField));
    Endpoint address;
    if (family == kAddressV4) {
        const ByteView ip = GV_TRY(reader.bytes(4, kField));
        address = Endpoint::v4(ip[0], ip[1], ip[2], ip[3], 0);
    } else if (family == kAddressV6 || family == kAddressV6Scoped) {
        std::ranges::copy(GV_TRY(reader.bytes(16, kField)), address.ip.begin());
        if (address.is_v4()) return reader.refuse<Endpoint>(Error::Code::malformed, kField);
        if (family == kAddressV6Scoped) {
            address.scope = GV_TRY(reader.integer<std::uint32_t>(kField));
            if (address.scope == 0) return reader.refuse<Endpoint>(Error::Code::malformed, kField);
        }
    } else {
        return reader.refuse<Endpoint>(Error::Code::unsupported, kField);
    }
    address.port = GV_TRY(reader.integer<std::uint16_t>(kField));
    return address;
}

void write_signed_part(Writer& writer, const MemberRecord& record) {
    writer.integer(kRecordTag);
    writer.integer(record.member.value());
    writer.bytes(record.public_key);
    writer.integer(record.incarnation.value());
    writer.integer(record.boot.value());
    writer.integer(std::uint8_t{record.leaving});
    writer.integer(record.protocol_min);
    writer.integer(record.protocol_max);
    writer.integer(static_cast<std::uint8_t>(record.addresses.size()));
    for (const Endpoint& address : record.addresses) write_address(writer, address);
    writer.sized_text(record.name);
    writer.integer(static_cast<std::uint8_t>(record.labels.size()));
    for (const Label& label : record.labels) {
        writer.sized_text(label.key);
        writer.sized_text(label.value);
    }
    writer.sized_bytes(record.extensions);
}

Result<std::vector<Endpoint>> read_addresses(Reader& reader) {
    const auto count = GV_TRY(reader.integer<std::uint8_t>("record.addresses"));
    if (count > kMemberAddressesMax) {
        return reader.refuse<std::vector<Endpoint>>(Error::Code::over_limit, "record.addresses");
    }
    std::vector<Endpoint> addresses;
    addresses.reserve(count);
    for (std::size_t index = 0; index < count; ++index) {
        addresses.push_back(GV_TRY(read_address(reader)));
    }
    return addresses;
}

Result<std::vector<Label>> read_labels(Reader& reader) {
    const auto count = GV_TRY(reader.integer<std::uint8_t>("record.labels"));
    if (count > kLabelsMax) {
        return reader.refuse<std::vector<Label>>(Error::Code::over_limit, "record.labels");
    }
    std::vector<Label> labels;
    labels.reserve(count);
    for (std::size_t index = 0; index < count; ++index) {
        Label label;
        label.key = GV_TRY(reader.sized_text(kLabelKeyBytesMax, "record.label.key"));
        label.value = GV_TRY(reader.sized_text(kLabelValueBytesMax, "record.label.value"));
        labels.push_back(std::move(label));
    }
    return labels;
}

}  // namespace

Bytes encode_record_signed_part(const MemberRecord& record) {
    assert(check(record));
    Bytes bytes;
    bytes.reserve(encoded_size(record));
    Writer writer(bytes);
    write_signed_part(writer, record);
    assert(bytes.size() + record.signature.size() == encoded_size(record));
    return bytes;
}

Bytes encode_record(const MemberRecord& record) {
    Bytes bytes = encode_record_signed_part(record);
    Writer(bytes).bytes(record.signature);
    return bytes;
}

Result<RecordParts> split_record(ByteView bytes) {
    RecordParts parts;
    if (bytes.size() < parts.signature.size()) {
        return std::unexpected(Error{Error::Code::truncated, "record.signature", 0});
    }
    parts.signed_part = bytes.first(bytes.size() - parts.signature.size());
    std::ranges::copy(bytes.last(parts.signature.size()), parts.signature.begin());
    return parts;
}

Result<MemberRecord> decode_record(ByteView bytes) {
    if (bytes.size() > kEncodedRecordBytesMax) {
        return std::unexpected(Error{Error::Code::over_limit, "record", 0});
    }
    Reader reader(bytes);
    MemberRecord record;
    if (GV_TRY(reader.integer<std::uint8_t>("record.tag")) != kRecordTag) {
        return reader.refuse<MemberRecord>(Error::Code::unsupported, "record.tag");
    }
    record.member = MemberId(GV_TRY(reader.integer<std::uint64_t>("record.member")));
    std::ranges::copy(GV_TRY(reader.bytes(record.public_key.size(), "record.public_key")),
                      record.public_key.begin());
    record.incarnation = Incarnation(GV_TRY(reader.integer<std::uint32_t>("record.incarnation")));
    record.boot = Boot(GV_TRY(reader.integer<std::uint64_t>("record.boot")));
    record.leaving = GV_TRY(read_flag(reader, "record.flags"));
    record.protocol_min = GV_TRY(reader.integer<std::uint8_t>("record.protocol"));
    record.protocol_max = GV_TRY(reader.integer<std::uint8_t>("record.protocol"));
    record.addresses = GV_TRY(read_addresses(reader));
    record.name = GV_TRY(reader.sized_text(kMemberNameBytesMax, "record.name"));
    record.labels = GV_TRY(read_labels(reader));
    const ByteView extensions =
        GV_TRY(reader.sized_bytes(kRecordExtensionBytesMax, "record.extensions"));
    record.extensions.assign(extensions.begin(), extensions.end());
    std::ranges::copy(GV_TRY(reader.bytes(record.signature.size(), "record.signature")),
                      record.signature.begin());
    GV_TRY_VOID(reader.expect_end("record"));
    GV_TRY_VOID(check(record));
    return record;
}

Result<SharedRecord> DecodingIntern::intern(ByteView encoded_record) {
    return std::make_shared<const MemberRecord>(GV_TRY(decode_record(encoded_record)));
}

}  // namespace grapevine::wire::native
