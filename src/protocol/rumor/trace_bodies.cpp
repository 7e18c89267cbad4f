#include "protocol/rumor/trace_bodies.hpp"

#include <limits>

#include "base/reader.hpp"

namespace grapevine::protocol {
namespace {

constexpr std::uint8_t kUnknown = 0;
constexpr std::uint8_t kHere = 1;
constexpr std::uint8_t kNoted = 2;

Result<TraceAnswer::Note> read_note(Reader& reader) {
    TraceAnswer::Note note;
    note.from = MemberId(GV_TRY(reader.integer<std::uint64_t>("trace.from")));
    note.hops = GV_TRY(reader.integer<std::uint8_t>("trace.hops"));
    const auto repair = GV_TRY(reader.integer<std::uint8_t>("trace.repair"));
    if (repair > static_cast<std::uint8_t>(TraceRepair::frontier)) {
        return reader.refuse<TraceAnswer::Note>(Error::Code::malformed, "trace.repair");
    }
    note.repair = static_cast<TraceRepair>(repair);
    const std::uint64_t duplicates = GV_TRY(reader.varint("trace.duplicates"));
    if (duplicates > std::numeric_limits<std::uint32_t>::max()) {
        return reader.refuse<TraceAnswer::Note>(Error::Code::malformed, "trace.duplicates");
    }
    note.duplicates = static_cast<std::uint32_t>(duplicates);
    note.age_us = GV_TRY(reader.varint("trace.age"));
    // Ages enter the arithmetic of instants: what no daemon lives to see is garbage.
    if (note.age_us > kTraceAgeMaxUs) {
        return reader.refuse<TraceAnswer::Note>(Error::Code::malformed, "trace.age");
    }
    return note;
}

}  // namespace

Bytes encode_trace_question(const EventKey& event) {
    Bytes bytes;
    Writer writer(bytes);
    writer.integer(event.stream.publisher.value());
    writer.integer(event.stream.epoch.value());
    writer.varint(event.stream.channel);
    writer.varint(event.sequence.value());
    return bytes;
}

Result<EventKey> decode_trace_question(ByteView bytes) {
    Reader reader(bytes);
    EventKey event;
    event.stream.publisher = MemberId(GV_TRY(reader.integer<std::uint64_t>("trace.publisher")));
    event.stream.epoch = Epoch(GV_TRY(reader.integer<std::uint32_t>("trace.epoch")));
    const std::uint64_t channel = GV_TRY(reader.varint("trace.channel"));
    if (channel > std::numeric_limits<std::uint32_t>::max()) {
        return reader.refuse<EventKey>(Error::Code::malformed, "trace.channel");
    }
    event.stream.channel = static_cast<std::uint32_t>(channel);
    event.sequence = EventSequence(GV_TRY(reader.varint("trace.sequence")));
    GV_TRY_VOID(reader.expect_end("trace"));
    if (event.stream.publisher == kNobody || event.sequence == EventSequence{}) {
        return reader.refuse<EventKey>(Error::Code::malformed, "trace.event");
    }
    return event;
}

Bytes encode_trace_answer(const TraceAnswer& answer) {
    Bytes bytes;
    Writer writer(bytes);
    writer.integer(static_cast<std::uint64_t>(answer.wall_us));
    writer.integer(answer.note ? kNoted : answer.has_event ? kHere : kUnknown);
    if (answer.note) {
        writer.integer(answer.note->from.value());
        writer.integer(answer.note->hops);
        writer.integer(static_cast<std::uint8_t>(answer.note->repair));
        writer.varint(answer.note->duplicates);
        writer.varint(answer.note->age_us);
    }
    return bytes;
}

Result<TraceAnswer> decode_trace_answer(ByteView bytes) {
    Reader reader(bytes);
    TraceAnswer answer;
    answer.wall_us = static_cast<std::int64_t>(GV_TRY(reader.integer<std::uint64_t>("trace.wall")));
    if (answer.wall_us < 0 || answer.wall_us > kTraceWallMaxUs) {
        return reader.refuse<TraceAnswer>(Error::Code::malformed, "trace.wall");
    }
    const auto state = GV_TRY(reader.integer<std::uint8_t>("trace.state"));
    if (state > kNoted) return reader.refuse<TraceAnswer>(Error::Code::malformed, "trace.state");
    answer.has_event = state != kUnknown;
    if (state == kNoted) answer.note = GV_TRY(read_note(reader));
    GV_TRY_VOID(reader.expect_end("trace"));
    return answer;
}

}  // namespace grapevine::protocol
