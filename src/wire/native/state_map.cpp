#include "wire/native/sections.hpp"

// FORMAT.md, sections 6.26 and 6.27.
namespace grapevine::wire::native {

void write_body(Writer& writer, const StateHello& hello) {
    writer.integer(static_cast<std::uint8_t>(hello.wants_reply ? 1 : 0));
    writer.varint(hello.cells);
    writer.integer(hello.salt.created.value());
    writer.integer(hello.salt.random);
    writer.integer(hello.floor.birth.value());
    writer.integer(hello.floor.synced.value());
    writer.integer(static_cast<std::uint8_t>(hello.floor.raises.size()));
    for (const StateRaise& raise : hello.floor.raises) {
        writer.integer(raise.at.value());
        writer.integer(raise.by.value());
        writer.varint(raise.members);
    }
}

Result<StateHello> read_state_hello(Reader& reader) {
    StateHello hello;
    hello.wants_reply = GV_TRY(read_flag(reader, "state_hello.flags"));
    hello.cells = GV_TRY(read_bounded(reader, kStateCellsMax, "state_hello.cells"));
    hello.salt.created = Stamp(GV_TRY(reader.integer<std::uint64_t>("state_hello.salt")));
    hello.salt.random = GV_TRY(reader.integer<std::uint64_t>("state_hello.salt"));
    hello.floor.birth = Stamp(GV_TRY(reader.integer<std::uint64_t>("state_hello.birth")));
    hello.floor.synced = Stamp(GV_TRY(reader.integer<std::uint64_t>("state_hello.synced")));
    const auto count = GV_TRY(reader.integer<std::uint8_t>("state_hello.raises"));
    if (count > kFloorRaisesMax) {
        return reader.refuse<StateHello>(Error::Code::over_limit, "state_hello.raises");
    }
    for (std::uint8_t index = 0; index < count; ++index) {
        StateRaise raise;
        raise.at = Stamp(GV_TRY(reader.integer<std::uint64_t>("state_hello.at")));
        raise.by = MemberId(GV_TRY(reader.integer<std::uint64_t>("state_hello.by")));
        raise.members = static_cast<std::uint32_t>(
            GV_TRY(read_bounded(reader, kMembersMax, "state_hello.members")));
        hello.floor.raises.push_back(raise);
    }
    return hello;
}

void write_body(Writer& writer, const StateCells& cells) {
    writer.integer(static_cast<std::uint8_t>(cells.large.size()));
    for (const StatePosition& place : cells.large) {
        writer.integer(place.stamp.value());
        writer.integer(place.id);
    }
    for (const Bytes& cell : cells.cells) writer.sized_bytes(cell);
}

Result<StateCells> read_state_cells(Reader& reader) {
    StateCells cells;
    const auto count = GV_TRY(reader.integer<std::uint8_t>("state_cells.large"));
    if (count > kStateFetchesMax) {
        return reader.refuse<StateCells>(Error::Code::over_limit, "state_cells.large");
    }
    for (std::uint8_t index = 0; index < count; ++index) {
        const Stamp stamp(GV_TRY(reader.integer<std::uint64_t>("state_cells.stamp")));
        cells.large.push_back({stamp, GV_TRY(reader.integer<std::uint64_t>("state_cells.id"))});
    }
    while (!reader.at_end()) {
        const ByteView cell = GV_TRY(reader.sized_bytes(kStateInlineBytesMax, "state_cells.cell"));
        cells.cells.emplace_back(cell.begin(), cell.end());
    }
    return cells;
}

}  // namespace grapevine::wire::native
