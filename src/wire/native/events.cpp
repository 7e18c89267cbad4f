#include <memory>

#include "wire/native/sections.hpp"
#include "wire/rules.hpp"

// FORMAT.md, sections 6.11 to 6.13.
namespace grapevine::wire::native {

void write_body(Writer& writer, const EventFragment& fragment) {
    write_stream(writer, fragment.stream);
    writer.varint(fragment.sequence.value());
    writer.integer(static_cast<std::uint64_t>(fragment.published_at.unix_ms));
    writer.sized_text(fragment.topic);
    writer.varint(fragment.total_bytes);
    // The count follows from the total, so it does not travel.
    writer.varint(fragment.index);
    writer.bytes(fragment.payload.view());
}

Result<EventFragment> read_event_fragment(Reader& reader) {
    EventFragment fragment;
    fragment.stream = GV_TRY(read_stream(reader, "event.stream"));
    fragment.sequence = EventSequence(GV_TRY(reader.varint("event.sequence")));
    fragment.published_at.unix_ms =
        static_cast<std::int64_t>(GV_TRY(reader.integer<std::uint64_t>("event.published_at")));
    fragment.topic = GV_TRY(reader.sized_text(kTopicBytesMax, "event.topic"));
    fragment.total_bytes = static_cast<std::uint32_t>(
        GV_TRY(read_bounded(reader, kEventPayloadBytesMax, "event.total_bytes")));
    fragment.count = fragment_count(fragment.total_bytes);
    fragment.index =
        static_cast<std::uint16_t>(GV_TRY(read_bounded(reader, kFragmentsMax - 1, "event.index")));
    const ByteView payload = GV_TRY(reader.bytes(reader.remaining(), "event.payload"));
    fragment.payload.buffer = std::make_shared<const Bytes>(payload.begin(), payload.end());
    fragment.payload.size = payload.size();
    return fragment;
}

void write_body(Writer& writer, const EventFrontier& frontier) {
    writer.integer(std::uint8_t{frontier.wants_reply});
    for (const EventFrontier::Item& item : frontier.items) {
        write_stream(writer, item.stream);
        writer.varint(item.lowest.value());
        writer.varint(item.highest.value());
    }
}

Result<EventFrontier> read_event_frontier(Reader& reader) {
    EventFrontier frontier;
    frontier.wants_reply = GV_TRY(read_flag(reader, "event_frontier.flags"));
    while (!reader.at_end()) {
        EventFrontier::Item item;
        item.stream = GV_TRY(read_stream(reader, "event_frontier.stream"));
        item.lowest = EventSequence(GV_TRY(reader.varint("event_frontier.lowest")));
        item.highest = EventSequence(GV_TRY(reader.varint("event_frontier.highest")));
        frontier.items.push_back(item);
    }
    return frontier;
}

void write_body(Writer& writer, const EventRequest& request) {
    write_stream(writer, request.stream);
    for (const EventRequest::Range& range : request.ranges) {
        writer.varint(range.first.value());
        writer.varint(range.last.value());
        writer.varint(range.fragment_first);
        writer.varint(range.fragment_count);
    }
}

Result<EventRequest> read_event_request(Reader& reader) {
    EventRequest request;
    request.stream = GV_TRY(read_stream(reader, "event_request.stream"));
    while (!reader.at_end()) {
        if (request.ranges.size() == kRequestRangesMax) {
            return reader.refuse<EventRequest>(Error::Code::over_limit, "event_request.ranges");
        }
        EventRequest::Range range;
        range.first = EventSequence(GV_TRY(reader.varint("event_request.first")));
        range.last = EventSequence(GV_TRY(reader.varint("event_request.last")));
        range.fragment_first = static_cast<std::uint16_t>(
            GV_TRY(read_bounded(reader, kFragmentsMax, "event_request.fragment_first")));
        range.fragment_count = static_cast<std::uint16_t>(
            GV_TRY(read_bounded(reader, kFragmentsMax, "event_request.fragment_count")));
        request.ranges.push_back(range);
    }
    return request;
}

}  // namespace grapevine::wire::native
