#include "wire/size.hpp"

#include "base/reader.hpp"

namespace grapevine::wire {
namespace {

constexpr std::size_t kVoteBytes = 8 + 1 + 64;

std::size_t size_of(const StreamId& stream) {
    return 8 + 4 + varint_size(stream.channel);
}

std::size_t sized(std::size_t size) {
    return varint_size(size) + size;
}

std::size_t body_size(const Ping&) {
    return 4 + 8 + 8 + 8;
}
std::size_t body_size(const Ack&) {
    return 4 + 2;
}
std::size_t body_size(const PingReq&) {
    return 4 + 8;
}
std::size_t body_size(const Nack&) {
    return 4;
}
std::size_t body_size(const RumorFeedback&) {
    return 4 + 8;
}

std::size_t body_size(const RumorPush& push) {
    std::size_t size = 4;
    for (const RumorItem& item : push.items) size += encoded_size(item);
    return size;
}

std::size_t body_size(const SyncDigest& digest) {
    std::size_t size = 8;
    for (const std::uint64_t bucket : digest.buckets) size += bucket == 0 ? 0 : 8;
    return size;
}

std::size_t body_size(const SyncEntries& entries) {
    std::size_t size = 1 + 8 + 8;
    for (const SyncEntry& entry : entries.entries) size += encoded_size(entry);
    return size;
}

std::size_t body_size(const SyncPull& pull) {
    std::size_t size = 0;
    for (const SyncPull::Item& item : pull.items) size += encoded_size(item);
    return size;
}

std::size_t body_size(const StateDelta& delta) {
    std::size_t size = 8 + 1 + varint_size(delta.from.value()) + varint_size(delta.to.value()) +
                       varint_size(delta.collected.value()) + varint_size(delta.items.size());
    for (const StateItem& item : delta.items) size += encoded_size(item);
    return size;
}

std::size_t body_size(const EventFragment& fragment) {
    return size_of(fragment.stream) + varint_size(fragment.sequence.value()) + 8 +
           sized(fragment.topic.size()) + 1 + 1 + varint_size(fragment.total_bytes) +
           varint_size(fragment.index) + fragment.payload.size;
}

std::size_t body_size(const EventFrontier& frontier) {
    std::size_t size = 1;
    for (const EventFrontier::Item& item : frontier.items) size += encoded_size(item);
    return size;
}

std::size_t body_size(const EventRequest& request) {
    std::size_t size = size_of(request.stream);
    for (const EventRequest::Range& range : request.ranges) {
        size += varint_size(range.first.value()) + varint_size(range.last.value()) +
                varint_size(range.fragment_first) + varint_size(range.fragment_count);
    }
    return size;
}

std::size_t body_size(const EventLink& link) {
    return size_of(link.stream) + 1;
}
std::size_t body_size(const EventPressure& pressure) {
    return size_of(pressure.stream) + 8 + varint_size(pressure.backlog) +
           varint_size(pressure.rate);
}
std::size_t body_size(const EventFeedback& feedback) {
    std::size_t size = 0;
    for (const EventFeedback::Item& item : feedback.items) {
        size += size_of(item.stream) + varint_size(item.sequence.value()) + 1 + 1;
    }
    return size;
}
std::size_t body_size(const EventPull&) {
    return 2;
}
std::size_t body_size(const BurstRequest&) {
    return 4 + 8 + 4;
}
std::size_t body_size(const BurstVerdict& verdict) {
    return 4 + 8 + 4 + 1 + (verdict.vote ? kVoteBytes : 0);
}
std::size_t body_size(const Coordinate& coordinate) {
    return 2 * coordinate.position.size() + 2 + 2 + 2;
}
std::size_t body_size(const Heartbeats& heartbeats) {
    return 8 + 8 + 8 + heartbeats.items.size() * (8 + 4);
}
std::size_t body_size(const Question& question) {
    return 8 + 1 + 8 + question.body.size();
}
std::size_t body_size(const AnswerPart& part) {
    return 8 + varint_size(part.index) + varint_size(part.count) + part.body.size();
}
std::size_t body_size(const NoticeDigest& digest) {
    std::size_t size = 1;
    for (const NoticeDigest::Item& item : digest.items) size += 8 + varint_size(item.epoch) + 8;
    return size;
}

std::size_t bound_size(const StatePosition& bound, const StatePosition& previous) {
    if (bound == kStateEnd) return 1;
    const std::size_t whole =
        1 + varint_size(milliseconds_of(bound.stamp) - milliseconds_of(previous.stamp));
    if (counter_of(bound.stamp) == 0 && bound.id == 0) return whole;
    return whole + varint_size(counter_of(bound.stamp)) + 1 + id_prefix_bytes(bound.id);
}

std::size_t size_of(const StatePosition& lower, const std::vector<StateRange>& ranges) {
    std::size_t size = bound_size(lower, kStateBegin);
    const StatePosition* previous = &lower;
    for (const StateRange& range : ranges) {
        size += encoded_size(range, *previous);
        previous = &range.upper;
    }
    return size;
}

std::size_t body_size(const StateRanges& section) {
    return 4 + 1 + varint_size(section.total) + size_of(section.lower, section.ranges);
}
std::size_t body_size(const StateWant& want) {
    return size_of(want.lower, want.ranges);
}

std::size_t body_size(const StateHello& hello) {
    std::size_t size = 1 + varint_size(hello.cells) + 16 + 16 + 1;
    for (const StateRaise& raise : hello.floor.raises) size += 16 + varint_size(raise.members);
    return size;
}
std::size_t body_size(const StateCells& cells) {
    std::size_t size = 1 + cells.large.size() * kStatePositionBytes;
    for (const Bytes& cell : cells.cells) size += varint_size(cell.size()) + cell.size();
    return size;
}

std::size_t body_size(const AggregateStep& step) {
    return 8 + 8 + 1 + 1 + sized(step.key.size()) + 1 + 1 + 1 + varint_size(step.sequence) + 1 +
           step.values.size() * 8 + 1 + step.instances.size() * (8 + 8) + step.minima.size() * 4;
}

}  // namespace

std::size_t encoded_body_size(const Section& section) {
    return std::visit([](const auto& alternative) { return body_size(alternative); }, section);
}

std::size_t encoded_size(const Section& section) {
    return 1 + sized(encoded_body_size(section));
}

std::size_t encoded_size(const MemberRecord& record) {
    std::size_t size = 1 + 8 + record.public_key.size() + 4 + 8 + 1 + 2;
    size += 1;
    for (const Endpoint& address : record.addresses) {
        const std::size_t ip = address.is_v4() ? 4 : 16;
        size += 1 + ip + 2 + (address.scope == 0 ? 0 : 4);
    }
    size += sized(record.name.size());
    size += 1;
    for (const Label& label : record.labels) {
        size += sized(label.key.size()) + sized(label.value.size());
    }
    return size + sized(record.extensions.size()) + record.signature.size();
}

std::size_t encoded_size(const RumorItem& item) {
    if (const auto* record = std::get_if<SharedRecord>(&item)) {
        return 1 + sized(encoded_size(**record));
    }
    if (const auto* accusation = std::get_if<Accusation>(&item)) {
        return 1 + 8 + 4 + 1 + 8 + 1 + accusation->votes.size() * kVoteBytes;
    }
    if (const auto* notice = std::get_if<SharedNotice>(&item)) return 1 + encoded_size(**notice);
    return 1 + body_size(std::get<StateDelta>(item));
}

std::size_t encoded_size(const Notice& notice) {
    return 1 + sized(notice.name.size()) + varint_size(notice.epoch) + notice.author.size() +
           sized(notice.body.size()) + notice.signature.size();
}

std::size_t encoded_size(const StateItem& item) {
    const std::size_t value =
        item.is_tombstone ? 1 : varint_size(item.value.size() + 1) + item.value.size();
    return varint_size(item.version.value()) + sized(item.key.size()) + value;
}

std::size_t encoded_size(const SyncEntry& entry) {
    return 8 + varint_size(entry.incarnation.value()) + varint_size(entry.collected.value()) +
           varint_size(entry.version.value());
}

std::size_t encoded_size(const EventFrontier::Item& item) {
    return size_of(item.stream) + varint_size(item.lowest.value()) +
           varint_size(item.highest.value());
}

std::size_t encoded_size(const SyncPull::Item& item) {
    return 8 + 1 + varint_size(item.state_from.value()) + varint_size(item.state_collected.value());
}

std::size_t encoded_size(const StateRange& range, const StatePosition& lower) {
    const std::size_t bound = bound_size(range.upper, lower);
    if (std::holds_alternative<StateFingerprint>(range.content)) return bound + 16;
    if (const auto* counted = std::get_if<StateRange::Counted>(&range.content)) {
        return bound + 16 + varint_size(counted->count);
    }
    const auto* ids = std::get_if<StateRange::Ids>(&range.content);
    return ids == nullptr ? bound : bound + varint_size(ids->size()) + ids->size() * 8;
}

}  // namespace grapevine::wire
