// The dependencies in front of a payload: FORMAT.md, section 6.11. See causal.hpp.

#include <algorithm>
#include <cassert>
#include <limits>

#include "base/reader.hpp"
#include "protocol/rumor/causal.hpp"

namespace grapevine::protocol {
namespace {

// Count; and of each its publisher, epoch, channel and sequence.
static_assert(kDependencyBlockBytesMax >=
              1 + kDependenciesMax * (8 + 4 + varint_size(UINT32_MAX) + varint_size(UINT64_MAX)));

Result<EventKey> read_dependency(Reader& reader) {
    EventKey event;
    event.stream.publisher =
        MemberId(GV_TRY(reader.integer<std::uint64_t>("dependencies.publisher")));
    event.stream.epoch = Epoch(GV_TRY(reader.integer<std::uint32_t>("dependencies.epoch")));
    const std::uint64_t channel = GV_TRY(reader.varint("dependencies.channel"));
    event.sequence = EventSequence(GV_TRY(reader.varint("dependencies.sequence")));
    const bool is_legal = event.stream.publisher != kNobody && event.sequence != EventSequence{} &&
                          channel <= std::numeric_limits<std::uint32_t>::max();
    if (!is_legal) return reader.refuse<EventKey>(Error::Code::malformed, "dependencies.event");
    event.stream.channel = static_cast<std::uint32_t>(channel);
    return event;
}

}  // namespace

Bytes encode_dependencies(const std::vector<EventKey>& after) {
    Bytes bytes;
    if (after.empty()) return bytes;
    assert(after.size() <= kDependenciesMax);
    Writer writer(bytes);
    writer.integer(static_cast<std::uint8_t>(after.size()));
    for (const EventKey& event : after) {
        writer.integer(event.stream.publisher.value());
        writer.integer(event.stream.epoch.value());
        writer.varint(event.stream.channel);
        writer.varint(event.sequence.value());
    }
    assert(bytes.size() <= kDependencyBlockBytesMax);
    return bytes;
}

Result<Dependencies> decode_dependencies(ByteView payload) {
    Reader reader(payload);
    Dependencies dependencies;
    const auto count = GV_TRY(reader.integer<std::uint8_t>("dependencies.count"));
    if (count == 0 || count > kDependenciesMax) {
        return reader.refuse<Dependencies>(Error::Code::malformed, "dependencies.count");
    }
    for (std::uint8_t index = 0; index < count; ++index) {
        const EventKey event = GV_TRY(read_dependency(reader));
        const bool climbs =
            dependencies.after.empty() || dependencies.after.back().stream < event.stream;
        if (!climbs) {
            return reader.refuse<Dependencies>(Error::Code::malformed, "dependencies.order");
        }
        dependencies.after.push_back(event);
    }
    dependencies.bytes = reader.position();
    return dependencies;
}

void read_dependencies(Event& event) {
    if (!event.has_dependencies) return;
    auto dependencies = decode_dependencies(*event.payload);
    assert(dependencies && "nothing is taken in before its first fragment has been checked");
    event.after = std::move(dependencies->after);
    event.dependency_bytes = dependencies->bytes;
}

std::vector<EventKey> newest_of_each(std::vector<EventKey> after) {
    std::ranges::sort(after);
    std::vector<EventKey> newest;
    for (const EventKey& event : after) {
        if (!newest.empty() && newest.back().stream == event.stream) newest.pop_back();
        newest.push_back(event);
    }
    return newest;
}

}  // namespace grapevine::protocol
