#pragma once

#include <limits>

#include "base/reader.hpp"
#include "wire/messages.hpp"
#include "wire/native/codec.hpp"

// Internal to the codec: one writer and one reader for the body of each section. A reader checks
// shape and lengths; the rules between fields are `wire/rules.hpp` and checked by its caller.
namespace grapevine::wire::native {

void write_body(Writer& writer, const Ping& ping);
void write_body(Writer& writer, const Ack& ack);
void write_body(Writer& writer, const PingReq& request);
void write_body(Writer& writer, const Nack& nack);
Result<Ping> read_ping(Reader& reader);
Result<Ack> read_ack(Reader& reader);
Result<PingReq> read_ping_req(Reader& reader);
Result<Nack> read_nack(Reader& reader);

void write_body(Writer& writer, const RumorPush& push);
void write_body(Writer& writer, const RumorFeedback& feedback);
void write_body(Writer& writer, const StateDelta& delta);
Result<RumorPush> read_rumor_push(Reader& reader, RecordIntern& records);
Result<RumorFeedback> read_rumor_feedback(Reader& reader);
Result<StateDelta> read_state_delta(Reader& reader);

void write_body(Writer& writer, const SyncDigest& digest);
void write_body(Writer& writer, const SyncEntries& entries);
void write_body(Writer& writer, const SyncPull& pull);
Result<SyncDigest> read_sync_digest(Reader& reader);
Result<SyncEntries> read_sync_entries(Reader& reader);
Result<SyncPull> read_sync_pull(Reader& reader);

void write_body(Writer& writer, const EventFragment& fragment);
void write_body(Writer& writer, const EventFrontier& frontier);
void write_body(Writer& writer, const EventRequest& request);
Result<EventFragment> read_event_fragment(Reader& reader);
Result<EventFrontier> read_event_frontier(Reader& reader);
Result<EventRequest> read_event_request(Reader& reader);

void write_body(Writer& writer, const EventLink& link);
void write_body(Writer& writer, const EventPressure& pressure);
void write_body(Writer& writer, const EventFeedback& feedback);
void write_body(Writer& writer, const EventPull& pull);
Result<EventLink> read_event_link(Reader& reader);
Result<EventPressure> read_event_pressure(Reader& reader);
Result<EventFeedback> read_event_feedback(Reader& reader);
Result<EventPull> read_event_pull(Reader& reader);

void write_body(Writer& writer, const BurstRequest& request);
void write_body(Writer& writer, const BurstVerdict& verdict);
void write_body(Writer& writer, const Coordinate& coordinate);
void write_body(Writer& writer, const Heartbeats& heartbeats);
Result<BurstRequest> read_burst_request(Reader& reader);
Result<BurstVerdict> read_burst_verdict(Reader& reader);
Result<Coordinate> read_coordinate(Reader& reader);
Result<Heartbeats> read_heartbeats(Reader& reader);

void write_vote(Writer& writer, const Vote& vote);
Result<Vote> read_vote(Reader& reader, std::string_view field);

void write_body(Writer& writer, const Question& question);
void write_body(Writer& writer, const AnswerPart& part);
Result<Question> read_question(Reader& reader);
Result<AnswerPart> read_answer_part(Reader& reader);

void write_body(Writer& writer, const StateRanges& section);
void write_body(Writer& writer, const StateWant& want);
Result<StateRanges> read_state_ranges(Reader& reader);
Result<StateWant> read_state_want(Reader& reader);

void write_body(Writer& writer, const StateHello& hello);
void write_body(Writer& writer, const StateCells& cells);
Result<StateHello> read_state_hello(Reader& reader);
Result<StateCells> read_state_cells(Reader& reader);
void write_notice(Writer& writer, const Notice& notice);
Result<Notice> read_notice(Reader& reader);
void write_body(Writer& writer, const NoticeDigest& digest);
Result<NoticeDigest> read_notice_digest(Reader& reader);
void write_body(Writer& writer, const AggregateStep& step);
Result<AggregateStep> read_aggregate_step(Reader& reader);

/// One byte of flags of which only bit 0 is known: 0 or 1, so that a bool has one encoding.
inline Result<bool> read_flag(Reader& reader, std::string_view field) {
    const auto flags = reader.integer<std::uint8_t>(field);
    if (!flags) return std::unexpected(flags.error());
    if (*flags > 1) return reader.refuse<bool>(Error::Code::malformed, field);
    return *flags == 1;
}

/// A varint of at most `max`.
inline Result<std::uint64_t> read_bounded(Reader& reader, std::uint64_t max,
                                          std::string_view field) {
    const auto value = reader.varint(field);
    if (value && *value > max) return reader.refuse<std::uint64_t>(Error::Code::over_limit, field);
    return value;
}

inline Result<StreamId> read_stream(Reader& reader, std::string_view field) {
    const MemberId publisher(GV_TRY(reader.integer<std::uint64_t>(field)));
    const Epoch epoch(GV_TRY(reader.integer<std::uint32_t>(field)));
    const auto channel =
        GV_TRY(read_bounded(reader, std::numeric_limits<std::uint32_t>::max(), field));
    return StreamId{publisher, epoch, static_cast<std::uint32_t>(channel)};
}

inline void write_stream(Writer& writer, const StreamId& stream) {
    writer.integer(stream.publisher.value());
    writer.integer(stream.epoch.value());
    writer.varint(stream.channel);
}

}  // namespace grapevine::wire::native
