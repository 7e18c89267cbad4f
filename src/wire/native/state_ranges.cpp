#include <cassert>

#include "base/overloaded.hpp"
#include "wire/native/sections.hpp"

// FORMAT.md, sections 6.24 and 6.25.
namespace grapevine::wire::native {
namespace {

/// The head of a range: three bits of kind, and the form of its bound.
constexpr std::uint8_t kKindMask = 0x07;
constexpr std::uint8_t kFine = 0x08;
constexpr std::uint8_t kEnd = 0x10;

enum class Kind : std::uint8_t {
    skip = 0,
    fingerprint = 1,
    ids = 2,
    ask = 3,
    equal = 4,
    counted = 5
};

constexpr std::uint64_t kMillisecondsMax = (std::uint64_t{1} << 48U) - 1;

Kind kind_of(const StateRange::Content& content) {
    return std::visit(Overloaded{
                          [](const StateRange::Skip&) { return Kind::skip; },
                          [](const StateFingerprint&) { return Kind::fingerprint; },
                          [](const StateRange::Ids&) { return Kind::ids; },
                          [](const StateRange::Ask&) { return Kind::ask; },
                          [](const StateRange::Equal&) { return Kind::equal; },
                          [](const StateRange::Counted&) { return Kind::counted; },
                      },
                      content);
}

void write_bound(Writer& writer, Kind kind, const StatePosition& bound,
                 const StatePosition& previous) {
    const auto head = static_cast<std::uint8_t>(kind);
    if (bound == kStateEnd) {
        writer.integer(static_cast<std::uint8_t>(head | kEnd));
        return;
    }
    const std::uint16_t counter = counter_of(bound.stamp);
    const bool is_fine = counter != 0 || bound.id != 0;
    writer.integer(static_cast<std::uint8_t>(head | (is_fine ? kFine : 0)));
    writer.varint(milliseconds_of(bound.stamp) - milliseconds_of(previous.stamp));
    if (!is_fine) return;
    writer.varint(counter);
    const std::size_t prefix = id_prefix_bytes(bound.id);
    writer.integer(static_cast<std::uint8_t>(prefix));
    for (std::size_t index = 0; index < prefix; ++index) {
        writer.integer(static_cast<std::uint8_t>(bound.id >> (56 - 8 * index)));
    }
}

/// The leading bytes of an id, the last of them not 0.
Result<std::uint64_t> read_id_prefix(Reader& reader) {
    const auto count = GV_TRY(reader.integer<std::uint8_t>("state.bound"));
    if (count > 8) return reader.refuse<std::uint64_t>(Error::Code::malformed, "state.bound");
    const ByteView bytes = GV_TRY(reader.bytes(count, "state.bound"));
    if (count > 0 && bytes.back() == 0) {
        return reader.refuse<std::uint64_t>(Error::Code::malformed, "state.bound");
    }
    std::uint64_t id = 0;
    for (std::size_t index = 0; index < count; ++index) {
        id |= std::uint64_t{bytes[index]} << (56 - 8 * index);
    }
    return id;
}

struct Head {
    Kind kind = Kind::skip;
    StatePosition bound;
};

Result<Head> read_head(Reader& reader, const StatePosition& previous) {
    const auto head = GV_TRY(reader.integer<std::uint8_t>("state.bound"));
    const auto kind = static_cast<Kind>(head & kKindMask);
    const bool is_known = (head & ~(kKindMask | kFine | kEnd)) == 0 && kind <= Kind::counted;
    if (!is_known || (head & (kFine | kEnd)) == (kFine | kEnd)) {
        return reader.refuse<Head>(Error::Code::malformed, "state.bound");
    }
    if ((head & kEnd) != 0) return Head{kind, kStateEnd};
    const std::uint64_t start = milliseconds_of(previous.stamp);
    const auto step = GV_TRY(read_bounded(reader, kMillisecondsMax - start, "state.bound"));
    if ((head & kFine) == 0) return Head{kind, {make_stamp(start + step, 0), 0}};
    const auto counter = GV_TRY(read_bounded(reader, UINT16_MAX, "state.bound"));
    const std::uint64_t id = GV_TRY(read_id_prefix(reader));
    const Stamp stamp = make_stamp(start + step, static_cast<std::uint16_t>(counter));
    // What has a shorter form has only that.
    if ((counter == 0 && id == 0) || stamp == kStateEnd.stamp) {
        return reader.refuse<Head>(Error::Code::malformed, "state.bound");
    }
    return Head{kind, {stamp, id}};
}

Result<StateRange::Ids> read_ids(Reader& reader) {
    const auto count = GV_TRY(read_bounded(reader, kStateIdsMax, "state.ids"));
    StateRange::Ids ids;
    for (std::uint64_t index = 0; index < count; ++index) {
        ids.push_back(GV_TRY(reader.integer<std::uint64_t>("state.ids")));
    }
    return ids;
}

Result<StateFingerprint> read_fingerprint(Reader& reader) {
    StateFingerprint fingerprint;
    fingerprint.high = GV_TRY(reader.integer<std::uint64_t>("state.fingerprint"));
    fingerprint.low = GV_TRY(reader.integer<std::uint64_t>("state.fingerprint"));
    return fingerprint;
}

Result<StateRange> read_range(Reader& reader, const StatePosition& lower) {
    const Head head = GV_TRY(read_head(reader, lower));
    StateRange range{head.bound, StateRange::Skip{}};
    switch (head.kind) {
        case Kind::skip:
            break;
        case Kind::fingerprint:
            range.content = GV_TRY(read_fingerprint(reader));
            break;
        case Kind::counted: {
            const StateFingerprint fingerprint = GV_TRY(read_fingerprint(reader));
            const auto count = GV_TRY(read_bounded(reader, kStateCellsMax, "state.count"));
            range.content = StateRange::Counted{fingerprint, static_cast<std::uint32_t>(count)};
            break;
        }
        case Kind::ids:
            range.content = GV_TRY(read_ids(reader));
            break;
        case Kind::ask:
            range.content = StateRange::Ask{};
            break;
        case Kind::equal:
            range.content = StateRange::Equal{};
            break;
    }
    return range;
}

void write_fingerprint(Writer& writer, const StateFingerprint& fingerprint) {
    writer.integer(fingerprint.high);
    writer.integer(fingerprint.low);
}

void write_content(Writer& writer, const StateRange::Content& content) {
    std::visit(
        Overloaded{
            [&](const StateFingerprint& fingerprint) { write_fingerprint(writer, fingerprint); },
            [&](const StateRange::Counted& counted) {
                write_fingerprint(writer, counted.fingerprint);
                writer.varint(counted.count);
            },
            [&](const StateRange::Ids& ids) {
                writer.varint(ids.size());
                for (const std::uint64_t id : ids) writer.integer(id);
            },
            [](const auto&) {},
        },
        content);
}

void write_ranges(Writer& writer, const StatePosition& lower,
                  const std::vector<StateRange>& ranges) {
    write_bound(writer, Kind::skip, lower, kStateBegin);
    const StatePosition* previous = &lower;
    for (const StateRange& range : ranges) {
        write_bound(writer, kind_of(range.content), range.upper, *previous);
        previous = &range.upper;
        write_content(writer, range.content);
    }
}

/// The lower bound of a section; of no range, so its kind is that of none.
Result<StatePosition> read_lower(Reader& reader) {
    const Head head = GV_TRY(read_head(reader, kStateBegin));
    if (head.kind == Kind::skip && head.bound != kStateEnd) return head.bound;
    return reader.refuse<StatePosition>(Error::Code::malformed, "state.bound");
}

Result<std::vector<StateRange>> read_ranges(Reader& reader, StatePosition lower) {
    std::vector<StateRange> ranges;
    while (!reader.at_end()) {
        ranges.push_back(GV_TRY(read_range(reader, lower)));
        // Nothing follows the end; the rules say so, and the arithmetic of bounds relies on it.
        if (ranges.back().upper == kStateEnd) break;
        lower = ranges.back().upper;
    }
    return ranges;
}

}  // namespace

void write_body(Writer& writer, const StateRanges& section) {
    writer.integer(section.number);
    writer.integer(std::uint8_t{section.is_reply});
    writer.varint(section.total);
    write_ranges(writer, section.lower, section.ranges);
}

Result<StateRanges> read_state_ranges(Reader& reader) {
    StateRanges section;
    section.number = GV_TRY(reader.integer<std::uint32_t>("state_ranges.number"));
    section.is_reply = GV_TRY(read_flag(reader, "state_ranges.flags"));
    section.total = GV_TRY(read_bounded(reader, kStateCellsMax, "state_ranges.total"));
    section.lower = GV_TRY(read_lower(reader));
    section.ranges = GV_TRY(read_ranges(reader, section.lower));
    return section;
}

void write_body(Writer& writer, const StateWant& want) {
    write_ranges(writer, want.lower, want.ranges);
}

Result<StateWant> read_state_want(Reader& reader) {
    StateWant want;
    want.lower = GV_TRY(read_lower(reader));
    want.ranges = GV_TRY(read_ranges(reader, want.lower));
    return want;
}

}  // namespace grapevine::wire::native
