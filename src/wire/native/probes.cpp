#include <algorithm>

#include "wire/native/sections.hpp"

// FORMAT.md, sections 6.1 to 6.4 and 6.18 to 6.21, and of votes (7.1).
namespace grapevine::wire::native {

void write_body(Writer& writer, const Ping& ping) {
    writer.integer(ping.sequence.value());
    writer.integer(ping.summary.view);
    writer.integer(ping.summary.events);
    writer.integer(ping.summary.state);
}

Result<Ping> read_ping(Reader& reader) {
    const ProbeSequence sequence(GV_TRY(reader.integer<std::uint32_t>("ping.sequence")));
    const auto view = GV_TRY(reader.integer<std::uint64_t>("ping.view"));
    const auto events = GV_TRY(reader.integer<std::uint64_t>("ping.events"));
    const auto state = GV_TRY(reader.integer<std::uint64_t>("ping.state"));
    return Ping{sequence, Summary{view, events, state}};
}

void write_body(Writer& writer, const Ack& ack) {
    writer.integer(ack.sequence.value());
    writer.integer(static_cast<std::uint16_t>(ack.shift_ms));
}

Result<Ack> read_ack(Reader& reader) {
    const ProbeSequence sequence(GV_TRY(reader.integer<std::uint32_t>("ack.sequence")));
    const auto shift = GV_TRY(reader.integer<std::uint16_t>("ack.shift_ms"));
    return Ack{sequence, static_cast<std::int16_t>(shift)};
}

void write_body(Writer& writer, const PingReq& request) {
    writer.integer(request.sequence.value());
    writer.integer(request.target.value());
}

Result<PingReq> read_ping_req(Reader& reader) {
    const ProbeSequence sequence(GV_TRY(reader.integer<std::uint32_t>("ping_req.sequence")));
    const MemberId target(GV_TRY(reader.integer<std::uint64_t>("ping_req.target")));
    return PingReq{sequence, target};
}

void write_body(Writer& writer, const Nack& nack) {
    writer.integer(nack.sequence.value());
}

Result<Nack> read_nack(Reader& reader) {
    return Nack{ProbeSequence(GV_TRY(reader.integer<std::uint32_t>("nack.sequence")))};
}

void write_vote(Writer& writer, const Vote& vote) {
    writer.integer(vote.voter.value());
    writer.integer(static_cast<std::uint8_t>(vote.is_refused ? 1 : 0));
    writer.bytes(vote.signature);
}

Bytes encode_vote_signed_part(MemberId member, Incarnation incarnation, const Vote& vote) {
    Bytes bytes;
    Writer writer(bytes);
    writer.integer(kVoteTag);
    writer.integer(member.value());
    writer.integer(incarnation.value());
    writer.integer(vote.voter.value());
    writer.integer(static_cast<std::uint8_t>(vote.is_refused ? 1 : 0));
    return bytes;
}

Result<Vote> read_vote(Reader& reader, std::string_view field) {
    Vote vote;
    vote.voter = MemberId(GV_TRY(reader.integer<std::uint64_t>(field)));
    vote.is_refused = GV_TRY(read_flag(reader, field));
    const ByteView signature = GV_TRY(reader.bytes(vote.signature.size(), field));
    std::ranges::copy(signature, vote.signature.begin());
    return vote;
}

void write_body(Writer& writer, const BurstRequest& request) {
    writer.integer(request.sequence.value());
    writer.integer(request.target.value());
    writer.integer(request.incarnation.value());
}

Result<BurstRequest> read_burst_request(Reader& reader) {
    BurstRequest request;
    request.sequence =
        ProbeSequence(GV_TRY(reader.integer<std::uint32_t>("burst_request.sequence")));
    request.target = MemberId(GV_TRY(reader.integer<std::uint64_t>("burst_request.target")));
    request.incarnation =
        Incarnation(GV_TRY(reader.integer<std::uint32_t>("burst_request.incarnation")));
    return request;
}

void write_body(Writer& writer, const BurstVerdict& verdict) {
    writer.integer(verdict.sequence.value());
    writer.integer(verdict.target.value());
    writer.integer(verdict.incarnation.value());
    writer.integer(std::uint8_t{verdict.is_alive});
    if (verdict.vote) write_vote(writer, *verdict.vote);
}

Result<BurstVerdict> read_burst_verdict(Reader& reader) {
    BurstVerdict verdict;
    verdict.sequence =
        ProbeSequence(GV_TRY(reader.integer<std::uint32_t>("burst_verdict.sequence")));
    verdict.target = MemberId(GV_TRY(reader.integer<std::uint64_t>("burst_verdict.target")));
    verdict.incarnation =
        Incarnation(GV_TRY(reader.integer<std::uint32_t>("burst_verdict.incarnation")));
    verdict.is_alive = GV_TRY(read_flag(reader, "burst_verdict.flags"));
    if (!verdict.is_alive) verdict.vote = GV_TRY(read_vote(reader, "burst_verdict.vote"));
    return verdict;
}

void write_body(Writer& writer, const Coordinate& coordinate) {
    for (const std::int16_t value : coordinate.position) {
        writer.integer(static_cast<std::uint16_t>(value));
    }
    writer.integer(coordinate.height);
    writer.integer(static_cast<std::uint16_t>(coordinate.adjustment));
    writer.integer(coordinate.error);
}

Result<Coordinate> read_coordinate(Reader& reader) {
    Coordinate coordinate;
    for (std::int16_t& value : coordinate.position) {
        value =
            static_cast<std::int16_t>(GV_TRY(reader.integer<std::uint16_t>("coordinate.position")));
    }
    coordinate.height = GV_TRY(reader.integer<std::uint16_t>("coordinate.height"));
    coordinate.adjustment =
        static_cast<std::int16_t>(GV_TRY(reader.integer<std::uint16_t>("coordinate.adjustment")));
    coordinate.error = GV_TRY(reader.integer<std::uint16_t>("coordinate.error"));
    return coordinate;
}

void write_body(Writer& writer, const Heartbeats& heartbeats) {
    writer.integer(heartbeats.summary.view);
    writer.integer(heartbeats.summary.events);
    writer.integer(heartbeats.summary.state);
    for (const Heartbeats::Item& item : heartbeats.items) {
        writer.integer(item.member.value());
        writer.integer(item.counter);
    }
}

Result<Heartbeats> read_heartbeats(Reader& reader) {
    Heartbeats heartbeats;
    heartbeats.summary.view = GV_TRY(reader.integer<std::uint64_t>("heartbeats.view"));
    heartbeats.summary.events = GV_TRY(reader.integer<std::uint64_t>("heartbeats.events"));
    heartbeats.summary.state = GV_TRY(reader.integer<std::uint64_t>("heartbeats.state"));
    while (!reader.at_end()) {
        if (heartbeats.items.size() == kHeartbeatsPerPacketMax) {
            return reader.refuse<Heartbeats>(Error::Code::over_limit, "heartbeats.items");
        }
        Heartbeats::Item item;
        item.member = MemberId(GV_TRY(reader.integer<std::uint64_t>("heartbeats.member")));
        item.counter = GV_TRY(reader.integer<std::uint32_t>("heartbeats.counter"));
        heartbeats.items.push_back(item);
    }
    return heartbeats;
}

}  // namespace grapevine::wire::native
