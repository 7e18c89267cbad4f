#include "wire/native/codec.hpp"

#include <algorithm>
#include <cassert>

#include "wire/native/sections.hpp"
#include "wire/rules.hpp"
#include "wire/size.hpp"

// FORMAT.md, section 5.
namespace grapevine::wire::native {
namespace {

/// From here up, an unknown type is skipped.
constexpr std::uint8_t kSkippable = 0x80;
constexpr std::size_t kSectionFrameBytesMin = 2;

/// What a packet may take when a proof goes before it.
constexpr std::size_t kBudgetBytes = kPacketBytesMax - kProofBytesMax;
constexpr std::size_t kVarintBytesMax = 10;
constexpr std::size_t kFrameBytes = 1 + 2;
static_assert(kFrameBytes + 12 + 5 + kVarintBytesMax + 8 + varint_size(kTopicBytesMax) +
                      kTopicBytesMax + 2 + varint_size(kEventBytesMax) +
                      varint_size(kFragmentsMax) + kFragmentBytesMax <=
                  kBudgetBytes,
              "the largest fragment fits a datagram with a proof");
static_assert(kFrameBytes + 4 + 1 + varint_size(kEncodedRecordBytesMax) + kEncodedRecordBytesMax <=
                  kBudgetBytes,
              "so does the largest record in a push of its own");
static_assert(kFrameBytes + 4 + 1 + 1 + 1 + kNoticeNameBytesMax + kVarintBytesMax + 32 + 2 +
                      kNoticeBodyBytesMax + 64 <=
                  kBudgetBytes,
              "and the largest notice");
static_assert(kFrameBytes + 1 + kNoticesMax * (8 + kVarintBytesMax + 8) <= kBudgetBytes,
              "and the list of all notices");
static_assert(kSectionFrameBytesMax + 4 + 1 + kVarintBytesMax + 1 + kRecordKeyBytesMax +
                      varint_size(kRecordValueBytesMax + 1) + kRecordValueBytesMax <=
                  kBudgetBytes,
              "and the largest item of a state delta, in a push or alone");
static_assert(kFrameBytes + 8 + 8 + 2 + 1 + kRecordKeyBytesMax + 3 + 5 + 2 + 4 * kAggregateMinima <=
                  kBudgetBytes,
              "and the largest step of an aggregate");

SectionType type_of(const Section& section) {
    static_assert(std::is_same_v<std::variant_alternative_t<0, Section>, Ping>);
    static_assert(std::is_same_v<std::variant_alternative_t<6, Section>, SyncDigest>);
    static_assert(std::is_same_v<std::variant_alternative_t<12, Section>, EventRequest>);
    static_assert(std::is_same_v<std::variant_alternative_t<27, Section>, NoticeDigest>);
    static_assert(std::is_same_v<std::variant_alternative_t<28, Section>, AggregateStep>);
    static_assert(std::variant_size_v<Section> == 29);
    // The alternatives stand in the order of their numbers, from 1.
    return static_cast<SectionType>(section.index() + 1);
}

Result<Section> read_section(SectionType type, Reader& reader, RecordIntern& records) {
    switch (type) {
        case SectionType::ping:
            return GV_TRY(read_ping(reader));
        case SectionType::ack:
            return GV_TRY(read_ack(reader));
        case SectionType::ping_req:
            return GV_TRY(read_ping_req(reader));
        case SectionType::nack:
            return GV_TRY(read_nack(reader));
        case SectionType::rumor_push:
            return GV_TRY(read_rumor_push(reader, records));
        case SectionType::rumor_feedback:
            return GV_TRY(read_rumor_feedback(reader));
        case SectionType::sync_digest:
            return GV_TRY(read_sync_digest(reader));
        case SectionType::sync_entries:
            return GV_TRY(read_sync_entries(reader));
        case SectionType::sync_pull:
            return GV_TRY(read_sync_pull(reader));
        case SectionType::state_delta:
            return GV_TRY(read_state_delta(reader));
        case SectionType::event_fragment:
            return GV_TRY(read_event_fragment(reader));
        case SectionType::event_frontier:
            return GV_TRY(read_event_frontier(reader));
        case SectionType::event_request:
            return GV_TRY(read_event_request(reader));
        case SectionType::event_link:
            return GV_TRY(read_event_link(reader));
        case SectionType::event_pressure:
            return GV_TRY(read_event_pressure(reader));
        case SectionType::event_feedback:
            return GV_TRY(read_event_feedback(reader));
        case SectionType::event_pull:
            return GV_TRY(read_event_pull(reader));
        case SectionType::burst_request:
            return GV_TRY(read_burst_request(reader));
        case SectionType::burst_verdict:
            return GV_TRY(read_burst_verdict(reader));
        case SectionType::coordinate:
            return GV_TRY(read_coordinate(reader));
        case SectionType::heartbeats:
            return GV_TRY(read_heartbeats(reader));
        case SectionType::question:
            return GV_TRY(read_question(reader));
        case SectionType::answer_part:
            return GV_TRY(read_answer_part(reader));
        case SectionType::state_ranges:
            return GV_TRY(read_state_ranges(reader));
        case SectionType::state_want:
            return GV_TRY(read_state_want(reader));
        case SectionType::state_hello:
            return GV_TRY(read_state_hello(reader));
        case SectionType::state_cells:
            return GV_TRY(read_state_cells(reader));
        case SectionType::notice_digest:
            return GV_TRY(read_notice_digest(reader));
        case SectionType::aggregate_step:
            return GV_TRY(read_aggregate_step(reader));
        case SectionType::padding:
            break;
    }
    return reader.refuse<Section>(Error::Code::unsupported, "section.type");
}

/// The whole of one body: its fields, nothing behind them, and the rules between them.
Result<Section> read_whole_section(SectionType type, ByteView body, RecordIntern& records) {
    Reader reader(body);
    Section section = GV_TRY(read_section(type, reader, records));
    GV_TRY_VOID(reader.expect_end("section"));
    GV_TRY_VOID(check(section));
    return section;
}

Result<void> check_padding(ByteView body) {
    const auto filled = std::ranges::find_if(body, [](std::uint8_t byte) { return byte != 0; });
    if (filled == body.end()) return {};
    return std::unexpected(Error{Error::Code::malformed, "padding",
                                 static_cast<std::uint32_t>(filled - body.begin())});
}

std::unexpected<Error> moved(Error error, std::size_t offset) {
    error.detail += static_cast<std::uint32_t>(offset);
    return std::unexpected(error);
}

}  // namespace

void encode_section(Writer& writer, const Section& section) {
    assert(check(section));
    const std::size_t before = writer.size();
    const std::size_t body_size = encoded_body_size(section);
    writer.integer(static_cast<std::uint8_t>(type_of(section)));
    writer.varint(body_size);
    const std::size_t body_start = writer.size();
    std::visit([&](const auto& alternative) { write_body(writer, alternative); }, section);
    assert(writer.size() - body_start == body_size);
    assert(writer.size() - before == encoded_size(section));
}

Bytes encode(const Packet& packet) {
    assert(packet.size() <= kSectionsMax);
    std::size_t size = 0;
    for (const Section& section : packet) size += encoded_size(section);
    assert(size <= kPacketBytesMax);
    Bytes bytes;
    bytes.reserve(size);
    Writer writer(bytes);
    for (const Section& section : packet) encode_section(writer, section);
    assert(bytes.size() == size);
    return bytes;
}

void pad_to(Bytes& out, std::size_t size) {
    // A body of 127 bytes is the longest whose length takes one byte, so one section fills up to
    // 129; steps of that size leave no remainder that cannot be written, but for a single byte.
    constexpr std::size_t kStep = 127 + kSectionFrameBytesMin;
    while (out.size() < size) {
        const std::size_t missing = size - out.size();
        std::size_t body = std::max(missing, kSectionFrameBytesMin) - kSectionFrameBytesMin;
        if (missing > kStep) body = (missing == kStep + 1 ? kStep - 1 : kStep) - 2;
        out.push_back(static_cast<std::uint8_t>(SectionType::padding));
        out.push_back(static_cast<std::uint8_t>(body));
        out.resize(out.size() + body, 0);
    }
}

Result<Decoded> decode(ByteView bytes, RecordIntern& records) {
    Reader reader(bytes);
    if (bytes.size() > kPacketBytesMax) {
        return reader.refuse<Decoded>(Error::Code::over_limit, "packet");
    }
    Decoded decoded;
    std::size_t section_count = 0;
    std::size_t ping_count = 0;
    while (!reader.at_end()) {
        if (section_count++ == kSectionsMax) {
            return reader.refuse<Decoded>(Error::Code::over_limit, "packet.sections");
        }
        const std::uint32_t start = reader.position();
        const auto type = GV_TRY(reader.integer<std::uint8_t>("section.type"));
        const ByteView body = GV_TRY(reader.sized_bytes(kPacketBytesMax, "section.length"));
        const std::size_t body_start = reader.position() - body.size();
        if (type == static_cast<std::uint8_t>(SectionType::padding)) {
            if (const auto zeros = check_padding(body); !zeros) {
                return moved(zeros.error(), body_start);
            }
            decoded.padding_bytes += reader.position() - start;
            continue;
        }
        if (type >= kSkippable) {
            ++decoded.skipped_count;
            continue;
        }
        auto section = read_whole_section(static_cast<SectionType>(type), body, records);
        if (!section) return moved(section.error(), body_start);
        if (std::holds_alternative<Ping>(*section) && ping_count++ == kPingsPerDatagramMax) {
            return moved(Error{Error::Code::over_limit, "packet.pings", 0}, start);
        }
        decoded.packet.push_back(*std::move(section));
    }
    return decoded;
}

Bytes encode_body(const std::optional<Proof>& proof, const Packet& packet, std::size_t size_min) {
    assert(size_min <= kPacketBytesMax);
    Bytes body = encode_data_prefix(proof);
    Writer(body).bytes(encode(packet));
    pad_to(body, size_min);
    assert(body.size() <= kPacketBytesMax);
    return body;
}

Result<DecodedBody> decode_body(ByteView body, RecordIntern& records) {
    const DataBody parts = GV_TRY(decode_data_body(body));
    auto sections = decode(parts.sections, records);
    if (!sections) return moved(sections.error(), body.size() - parts.sections.size());
    return DecodedBody{parts.proof, *std::move(sections)};
}

Result<Decoded> decode(ByteView bytes) {
    DecodingIntern records;
    return decode(bytes, records);
}

}  // namespace grapevine::wire::native
