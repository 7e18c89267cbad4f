#include <limits>
#include <memory>

#include "wire/native/sections.hpp"
#include "wire/rules.hpp"

// FORMAT.md, sections 6.11 to 6.17.
namespace grapevine::wire::native {
namespace {

constexpr std::uint8_t kHasDependencies = 1;
constexpr std::uint8_t kIsTraced = 2;

}  // namespace

void write_body(Writer& writer, const EventFragment& fragment) {
    write_stream(writer, fragment.stream);
    writer.varint(fragment.sequence.value());
    writer.integer(static_cast<std::uint64_t>(fragment.published_at.unix_ms));
    writer.sized_text(fragment.topic);
    writer.integer(static_cast<std::uint8_t>((fragment.has_dependencies ? kHasDependencies : 0) |
                                             (fragment.is_traced ? kIsTraced : 0)));
    writer.integer(fragment.hops);
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
    const auto flags = GV_TRY(reader.integer<std::uint8_t>("event.flags"));
    if ((flags & ~(kHasDependencies | kIsTraced)) != 0) {
        return reader.refuse<EventFragment>(Error::Code::unsupported, "event.flags");
    }
    fragment.has_dependencies = (flags & kHasDependencies) != 0;
    fragment.is_traced = (flags & kIsTraced) != 0;
    fragment.hops = GV_TRY(reader.integer<std::uint8_t>("event.hops"));
    fragment.total_bytes = static_cast<std::uint32_t>(
        GV_TRY(read_bounded(reader, kEventBytesMax, "event.total_bytes")));
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

void write_body(Writer& writer, const EventLink& link) {
    write_stream(writer, link.stream);
    writer.integer(std::uint8_t{link.is_eager});
}

Result<EventLink> read_event_link(Reader& reader) {
    const StreamId stream = GV_TRY(read_stream(reader, "event_link.stream"));
    const bool is_eager = GV_TRY(read_flag(reader, "event_link.flags"));
    return EventLink{stream, is_eager};
}

void write_body(Writer& writer, const EventPressure& pressure) {
    write_stream(writer, pressure.stream);
    writer.integer(pressure.slowest.value());
    writer.varint(pressure.backlog);
    writer.varint(pressure.rate);
}

Result<EventPressure> read_event_pressure(Reader& reader) {
    constexpr std::uint64_t kMax = std::numeric_limits<std::uint32_t>::max();
    EventPressure pressure;
    pressure.stream = GV_TRY(read_stream(reader, "event_pressure.stream"));
    pressure.slowest = MemberId(GV_TRY(reader.integer<std::uint64_t>("event_pressure.slowest")));
    pressure.backlog =
        static_cast<std::uint32_t>(GV_TRY(read_bounded(reader, kMax, "event_pressure.backlog")));
    pressure.rate =
        static_cast<std::uint32_t>(GV_TRY(read_bounded(reader, kMax, "event_pressure.rate")));
    return pressure;
}

void write_body(Writer& writer, const EventFeedback& feedback) {
    for (const EventFeedback::Item& item : feedback.items) {
        write_stream(writer, item.stream);
        writer.varint(item.sequence.value());
        writer.integer(std::uint8_t{item.was_known});
        writer.integer(item.counter);
    }
}

Result<EventFeedback> read_event_feedback(Reader& reader) {
    EventFeedback feedback;
    while (!reader.at_end()) {
        if (feedback.items.size() == kEventFeedbackMax) {
            return reader.refuse<EventFeedback>(Error::Code::over_limit, "event_feedback.items");
        }
        EventFeedback::Item item;
        item.stream = GV_TRY(read_stream(reader, "event_feedback.stream"));
        item.sequence = EventSequence(GV_TRY(reader.varint("event_feedback.sequence")));
        item.was_known = GV_TRY(read_flag(reader, "event_feedback.flags"));
        item.counter = GV_TRY(reader.integer<std::uint8_t>("event_feedback.counter"));
        feedback.items.push_back(item);
    }
    return feedback;
}

void write_body(Writer& writer, const EventPull& pull) {
    writer.integer(pull.events_max);
}

Result<EventPull> read_event_pull(Reader& reader) {
    return EventPull{GV_TRY(reader.integer<std::uint16_t>("event_pull.events_max"))};
}

}  // namespace grapevine::wire::native
