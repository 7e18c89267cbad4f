#include "wire/native/sections.hpp"

// FORMAT.md, sections 6.1 to 6.4.
namespace grapevine::wire::native {

void write_body(Writer& writer, const Ping& ping) {
    writer.integer(ping.sequence.value());
    writer.integer(ping.summary.view);
    writer.integer(ping.summary.events);
}

Result<Ping> read_ping(Reader& reader) {
    const ProbeSequence sequence(GV_TRY(reader.integer<std::uint32_t>("ping.sequence")));
    const auto view = GV_TRY(reader.integer<std::uint64_t>("ping.view"));
    const auto events = GV_TRY(reader.integer<std::uint64_t>("ping.events"));
    return Ping{sequence, Summary{view, events}};
}

void write_body(Writer& writer, const Ack& ack) {
    writer.integer(ack.sequence.value());
}

Result<Ack> read_ack(Reader& reader) {
    return Ack{ProbeSequence(GV_TRY(reader.integer<std::uint32_t>("ack.sequence")))};
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

}  // namespace grapevine::wire::native
