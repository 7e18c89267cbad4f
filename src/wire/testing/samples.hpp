#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "wire/messages.hpp"
#include "wire/rules.hpp"
#include "wire/size.hpp"

// Random values that keep every rule of the format, for tests, fuzzers and benchmarks. The same
// seed makes the same values everywhere.
namespace grapevine::wire::testing {

/// Small numbers mostly, and the largest now and then, because varints change length between.
inline std::uint64_t sample_number(Random& random, std::uint64_t max = UINT64_MAX) {
    if (random.chance(0.05)) return max;
    return std::min(max, random.next() >> random.below(64));
}

inline MemberId sample_member(Random& random) {
    return MemberId(random.next() | 1);
}

/// Printable ASCII of `min` to `max` bytes.
inline std::string sample_text(Random& random, std::size_t min, std::size_t max) {
    std::string text(min + random.below(max - min + 1), ' ');
    for (char& letter : text) letter = static_cast<char>(' ' + random.below(95));
    return text;
}

inline Endpoint sample_endpoint(Random& random) {
    const auto port = static_cast<std::uint16_t>(1 + random.below(65535));
    const auto byte = [&] { return static_cast<std::uint8_t>(1 + random.below(255)); };
    if (random.chance(0.5)) return Endpoint::v4(byte(), byte(), byte(), byte(), port);
    Endpoint endpoint;
    for (std::uint8_t& part : endpoint.ip) part = byte();
    endpoint.port = port;
    if (random.chance(0.3)) endpoint.scope = static_cast<std::uint32_t>(1 + random.below(9));
    return endpoint;
}

inline std::vector<Label> sample_labels(Random& random) {
    std::vector<Label> labels;
    std::size_t bytes = 0;
    for (auto count = random.below(kLabelsMax + 1); count > 0; --count) {
        Label label{sample_text(random, 1, kLabelKeyBytesMax),
                    sample_text(random, 0, kLabelValueBytesMax)};
        bytes += label.key.size() + label.value.size();
        if (bytes > kLabelsBytesMax) break;
        labels.push_back(std::move(label));
    }
    std::ranges::sort(labels);
    const auto twins = std::ranges::unique(labels, {}, &Label::key);
    labels.erase(twins.begin(), twins.end());
    return labels;
}

inline MemberRecord sample_record(Random& random) {
    MemberRecord record;
    record.member = sample_member(random);
    for (std::uint8_t& byte : record.public_key) byte = static_cast<std::uint8_t>(random.next());
    record.incarnation = Incarnation(static_cast<std::uint32_t>(random.next()));
    record.boot = Boot(random.next());
    record.leaving = random.chance(0.2);
    record.protocol_max = static_cast<std::uint8_t>(1 + random.below(255));
    for (auto count = 1 + random.below(kMemberAddressesMax); count > 0; --count) {
        record.addresses.push_back(sample_endpoint(random));
    }
    record.name = sample_text(random, 0, kMemberNameBytesMax);
    record.labels = sample_labels(random);
    if (random.chance(0.3)) record.extensions.resize(random.below(kRecordExtensionBytesMax + 1), 7);
    for (std::uint8_t& byte : record.signature) byte = static_cast<std::uint8_t>(random.next());
    return record;
}

inline StateDelta sample_delta(Random& random, std::size_t budget_bytes) {
    StateDelta delta;
    delta.member = sample_member(random);
    delta.is_reset = random.chance(0.2);
    delta.from = Version(sample_number(random, UINT64_MAX / 2));
    delta.to = delta.from;
    delta.collected = Version(sample_number(random));
    std::size_t used = kSectionFrameBytesMax;
    for (auto count = random.below(6); count > 0; --count) {
        StateItem item;
        item.key = sample_text(random, 1, kRecordKeyBytesMax);
        item.is_tombstone = random.chance(0.3);
        if (!item.is_tombstone) item.value.assign(random.below(200), static_cast<char>(count));
        item.version = Version(delta.to.value() + 1 + random.below(1000));
        used += encoded_size(item);
        if (used > budget_bytes) break;
        delta.to = item.version;
        delta.items.push_back(std::move(item));
    }
    if (random.chance(0.3)) delta.to = delta.to.next();
    return delta;
}

inline Vote sample_vote(Random& random) {
    Vote vote;
    vote.voter = sample_member(random);
    vote.is_refused = random.below(2) == 1;
    for (std::uint8_t& byte : vote.signature) byte = static_cast<std::uint8_t>(random.next());
    return vote;
}

inline Accusation sample_accusation(Random& random) {
    Accusation accusation{sample_member(random), Incarnation(7),
                          random.chance(0.5) ? Status::suspect : Status::dead,
                          sample_member(random)};
    for (auto count = random.below(kVotesMax + 1); count > 0; --count) {
        accusation.votes.push_back(sample_vote(random));
    }
    return accusation;
}

inline SharedNotice sample_notice(Random& random, std::size_t budget_bytes) {
    Notice notice;
    notice.kind = static_cast<std::uint8_t>(1 + random.below(255));
    notice.name = std::string(random.below(5), 'n');
    notice.epoch = 1 + sample_number(random, UINT64_MAX - 1);
    notice.author.fill(static_cast<std::uint8_t>(random.next()));
    const std::size_t fixed = encoded_size(notice) + 2;
    const std::size_t room = budget_bytes > fixed ? budget_bytes - fixed : 0;
    notice.body.resize(random.below(std::min(room, kNoticeBodyBytesMax) + 1), 'b');
    notice.signature.fill(static_cast<std::uint8_t>(random.next()));
    return std::make_shared<const Notice>(std::move(notice));
}

inline RumorPush sample_push(Random& random, std::size_t budget_bytes) {
    RumorPush push;
    push.number = static_cast<std::uint32_t>(random.next());
    std::size_t used = 3 + 4;
    for (auto count = 1 + random.below(8); count > 0; --count) {
        RumorItem item = sample_accusation(random);
        const auto kind = random.below(4);
        if (kind == 1) item = std::make_shared<const MemberRecord>(sample_record(random));
        if (kind == 2) item = sample_delta(random, 300);
        if (kind == 3) item = sample_notice(random, 300);
        used += encoded_size(item);
        if (used > budget_bytes) break;
        push.items.push_back(std::move(item));
    }
    if (push.items.empty()) {
        push.items.push_back(
            Accusation{sample_member(random), {}, Status::dead, sample_member(random)});
    }
    return push;
}

inline SyncEntries sample_entries(Random& random) {
    SyncEntries entries;
    entries.bucket = static_cast<std::uint8_t>(random.below(kSyncBuckets));
    entries.after = MemberId(random.next() / 4);
    entries.up_to = entries.after;
    for (auto count = random.below(20); count > 0; --count) {
        SyncEntry entry;
        entry.member = MemberId(entries.up_to.value() + 1 + random.below(UINT64_MAX / 64));
        entry.incarnation =
            Incarnation(static_cast<std::uint32_t>(sample_number(random, UINT32_MAX)));
        entry.collected = Version(sample_number(random));
        entry.version = Version(sample_number(random));
        entries.up_to = entry.member;
        entries.entries.push_back(entry);
    }
    if (random.chance(0.3)) entries.up_to = MemberId(UINT64_MAX);
    return entries;
}

inline SyncPull sample_pull(Random& random) {
    SyncPull pull;
    for (auto count = 1 + random.below(20); count > 0; --count) {
        pull.items.push_back({sample_member(random), random.chance(0.5),
                              Version(sample_number(random)), Version(sample_number(random))});
    }
    return pull;
}

/// Channel 0 mostly, because most topics go to everybody.
inline StreamId sample_stream(Random& random) {
    const auto channel = random.chance(0.5) ? 0 : sample_number(random, UINT32_MAX);
    return {sample_member(random), Epoch(static_cast<std::uint32_t>(random.next())),
            static_cast<std::uint32_t>(channel)};
}

inline EventFragment sample_fragment(Random& random, std::size_t budget_bytes) {
    EventFragment fragment;
    fragment.stream = sample_stream(random);
    fragment.sequence = EventSequence(std::max<std::uint64_t>(1, sample_number(random)));
    fragment.published_at.unix_ms = static_cast<std::int64_t>(random.next());
    fragment.topic = sample_text(random, 1, kTopicBytesMax);
    fragment.has_dependencies = random.chance(0.2);
    fragment.is_traced = random.chance(0.2);
    fragment.hops = static_cast<std::uint8_t>(random.next());
    fragment.total_bytes =
        budget_bytes < kFragmentBytesMax + 196
            ? static_cast<std::uint32_t>(random.below(200))
            : static_cast<std::uint32_t>(sample_number(random, kEventPayloadBytesMax));
    fragment.count = fragment_count(fragment.total_bytes);
    fragment.index = static_cast<std::uint16_t>(random.below(fragment.count));
    // A part of a larger buffer, as fragments are in a real event.
    fragment.payload.offset = random.below(10);
    fragment.payload.size = fragment_bytes(fragment.total_bytes, fragment.index);
    fragment.payload.buffer = std::make_shared<const Bytes>(
        fragment.payload.offset + fragment.payload.size, static_cast<std::uint8_t>(random.next()));
    return fragment;
}

inline EventFrontier sample_frontier(Random& random) {
    EventFrontier frontier;
    frontier.wants_reply = random.chance(0.5);
    for (auto count = random.below(20); count > 0; --count) {
        const std::uint64_t highest = sample_number(random, UINT64_MAX - 1);
        const std::uint64_t lowest = 1 + random.below(highest + 1);
        frontier.items.push_back(
            {sample_stream(random), EventSequence(lowest), EventSequence(highest)});
    }
    return frontier;
}

inline EventRequest sample_request(Random& random) {
    EventRequest request;
    request.stream = sample_stream(random);
    for (auto count = 1 + random.below(kRequestRangesMax); count > 0; --count) {
        EventRequest::Range range;
        const std::uint64_t first = 1 + sample_number(random, UINT64_MAX / 2);
        range.first = EventSequence(first);
        range.last = EventSequence(first + random.below(1000));
        if (random.chance(0.5)) {
            range.last = range.first;
            range.fragment_first = static_cast<std::uint16_t>(random.below(kFragmentsMax));
            range.fragment_count =
                static_cast<std::uint16_t>(1 + random.below(kFragmentsMax - range.fragment_first));
        }
        request.ranges.push_back(range);
    }
    return request;
}

inline EventFeedback sample_event_feedback(Random& random) {
    EventFeedback feedback;
    for (auto count = 1 + random.below(kEventFeedbackMax); count > 0; --count) {
        feedback.items.push_back({sample_stream(random),
                                  EventSequence(std::max<std::uint64_t>(1, sample_number(random))),
                                  random.chance(0.5), static_cast<std::uint8_t>(random.next())});
    }
    return feedback;
}

inline BurstVerdict sample_verdict(Random& random) {
    BurstVerdict verdict{ProbeSequence(static_cast<std::uint32_t>(random.next())),
                         sample_member(random), Incarnation(7), random.chance(0.5), std::nullopt};
    if (!verdict.is_alive) verdict.vote = sample_vote(random);
    return verdict;
}

inline Coordinate sample_coordinate(Random& random) {
    Coordinate coordinate;
    for (auto& value : coordinate.position) value = static_cast<std::int16_t>(random.next());
    coordinate.height = static_cast<std::uint16_t>(random.next());
    coordinate.adjustment = static_cast<std::int16_t>(random.next());
    coordinate.error = static_cast<std::uint16_t>(random.next());
    return coordinate;
}

inline Heartbeats sample_heartbeats(Random& random) {
    Heartbeats heartbeats;
    heartbeats.summary = {random.next(), random.next(), random.next()};
    for (auto count = 1 + random.below(kHeartbeatsPerPacketMax); count > 0; --count) {
        heartbeats.items.push_back(
            {sample_member(random), static_cast<std::uint32_t>(random.next())});
    }
    return heartbeats;
}

inline NoticeDigest sample_notice_digest(Random& random) {
    NoticeDigest digest;
    digest.is_reply = random.chance(0.5);
    std::uint64_t slot = 0;
    for (auto count = random.below(kNoticesMax + 1); count > 0; --count) {
        slot += 1 + random.below(1000);
        digest.items.push_back({slot, 1 + sample_number(random, UINT64_MAX - 1), random.next()});
    }
    return digest;
}

inline Question sample_question(Random& random) {
    return {random.next(), static_cast<std::uint8_t>(random.next()), random.next() | 1U,
            Bytes(random.below(kQuestionBytesMax + 1), 'q')};
}

inline AnswerPart sample_answer(Random& random, std::size_t budget_bytes) {
    AnswerPart part;
    part.number = random.next();
    part.count = static_cast<std::uint16_t>(1 + random.below(kAnswerPartsMax));
    part.index = static_cast<std::uint16_t>(random.below(part.count));
    if (budget_bytes < kAnswerPartBytes + 32)
        part.index = static_cast<std::uint16_t>(part.count - 1);
    const bool is_last = part.index + 1 == part.count;
    part.body.assign(is_last ? (part.count == 1 ? 0 : 1) + random.below(200) : kAnswerPartBytes,
                     'a');
    return part;
}

/// After `lower`, at a distance that its encoding makes much or little of.
inline StatePosition sample_bound(Random& random, const StatePosition& lower) {
    StatePosition bound = lower;
    if (random.chance(0.3)) {
        bound.id += 1 + random.below(UINT64_MAX) / 1024;
        if (bound.id > lower.id) return bound;
    }
    const std::uint64_t step = 1 + sample_number(random, (std::uint64_t{1} << 40U) - 1);
    bound = {make_stamp(milliseconds_of(lower.stamp) + step, 0), 0};
    if (random.chance(0.3)) bound.stamp = Stamp(bound.stamp.value() + random.below(65536));
    if (random.chance(0.3)) bound.id = random.next() << random.below(64);
    return bound;
}

inline StateRange sample_range(Random& random, const StatePosition& lower, bool is_list) {
    StateRange range{sample_bound(random, lower), StateRange::Skip{}};
    if (!is_list) return range;
    StateRange::Ids ids(1 + random.below(10));
    for (std::uint64_t& id : ids) id = random.next();
    range.content = std::move(ids);
    return range;
}

inline StatePosition sample_lower(Random& random) {
    return random.chance(0.3) ? kStateBegin : sample_bound(random, kStateBegin);
}

inline StateRanges sample_state_ranges(Random& random) {
    StateRanges section{static_cast<std::uint32_t>(random.next()),
                        random.chance(0.5),
                        sample_number(random, kStateCellsMax),
                        sample_lower(random),
                        {}};
    StatePosition lower = section.lower;
    for (auto count = 1 + random.below(10); count > 0; --count) {
        StateRange range = sample_range(random, lower, section.is_reply && random.chance(0.3));
        const StateFingerprint fingerprint{random.next(), random.next()};
        const auto held = static_cast<std::uint32_t>(sample_number(random, kStateCellsMax));
        if (section.is_reply) {
            if (random.chance(0.4)) range.content = StateRange::Counted{fingerprint, held};
            if (random.chance(0.2)) range.content = StateRange::Equal{};
        } else {
            if (random.chance(0.5)) range.content = fingerprint;
            if (random.chance(0.2)) range.content = StateRange::Ask{};
        }
        lower = range.upper;
        section.ranges.push_back(std::move(range));
    }
    if (random.chance(0.3)) section.ranges.back().upper = kStateEnd;
    return section;
}

inline StateWant sample_want(Random& random) {
    StateWant want{sample_lower(random), {}};
    StatePosition lower = want.lower;
    for (auto count = 1 + random.below(10); count > 0; --count) {
        want.ranges.push_back(sample_range(random, lower, random.chance(0.6)));
        lower = want.ranges.back().upper;
    }
    return want;
}

inline StateHello sample_state_hello(Random& random) {
    StateHello hello{random.chance(0.5),
                     sample_number(random, kStateCellsMax),
                     {Stamp(random.next()), random.next()},
                     {Stamp(random.next()), Stamp(random.next()), {}}};
    Stamp at;
    for (auto count = random.below(kFloorRaisesMax + 1); count > 0; --count) {
        at = Stamp(at.value() + 1 + random.below(1U << 30U));
        hello.floor.raises.push_back({at, MemberId(random.next()),
                                      static_cast<std::uint32_t>(random.below(kMembersMax + 1))});
    }
    return hello;
}

inline StateCells sample_state_cells(Random& random, std::size_t budget_bytes) {
    StateCells cells;
    for (auto count = random.below(kStateFetchesMax + 1); count > 0; --count) {
        cells.large.push_back({Stamp(random.next()), random.next()});
    }
    std::size_t left = std::min<std::size_t>(budget_bytes - 200, kStateInlineBytesMax);
    do {
        Bytes cell(1 + random.below(left / 2));
        for (std::uint8_t& byte : cell) byte = static_cast<std::uint8_t>(random.next());
        left -= cell.size() + 2;
        cells.cells.push_back(std::move(cell));
    } while (left > 100 && random.chance(0.7));
    return cells;
}

inline AggregateStep sample_aggregate(Random& random, std::size_t budget_bytes) {
    AggregateStep step;
    step.starter = sample_member(random);
    step.run = random.next();
    step.method = static_cast<AggregateStep::Method>(1 + random.below(3));
    step.of = static_cast<AggregateStep::Of>(1 + random.below(5));
    step.key = std::string(random.below(kRecordKeyBytesMax + 1), 'k');
    step.rounds = static_cast<std::uint8_t>(1 + random.below(kAggregateRoundsMax));
    step.round = static_cast<std::uint8_t>(random.below(step.rounds + 1U));
    step.part = random.chance(0.5) ? AggregateStep::Part::offer : AggregateStep::Part::reply;
    step.sequence = static_cast<std::uint32_t>(random.next());
    if (budget_bytes >= kPacketBytesMax - kProofBytesMax && random.chance(0.5)) {
        for (std::size_t index = 0; index < kAggregateMinima; ++index) {
            step.minima.push_back(static_cast<float>(random.exponential(1)));
        }
        return step;
    }
    for (auto count = random.below(kAggregateValuesMax + 1); count > 0; --count) {
        step.values.push_back(random.unit() * 100 - 50);
    }
    std::uint64_t starter = 0;
    for (auto count = random.below(kAggregateInstancesMax + 1); count > 0; --count) {
        starter += 1 + random.below(1000);
        step.instances.push_back({MemberId(starter), random.unit()});
    }
    return step;
}

inline SyncDigest sample_digest(Random& random) {
    SyncDigest digest;
    for (std::uint64_t& bucket : digest.buckets) bucket = random.chance(0.5) ? random.next() : 0;
    return digest;
}

/// A section of the kind with this index in the variant, of at most about `budget_bytes`.
inline Section sample_section(Random& random, std::size_t index,
                              std::size_t budget_bytes = kPacketBytesMax - kProofBytesMax) {
    const ProbeSequence probe(static_cast<std::uint32_t>(random.next()));
    switch (index) {
        case 0:
            return Ping{probe, {random.next(), random.next()}};
        case 1:
            return Ack{probe, static_cast<std::int16_t>(random.next())};
        case 2:
            return PingReq{probe, sample_member(random)};
        case 3:
            return Nack{probe};
        case 4:
            return sample_push(random, budget_bytes);
        case 5:
            return RumorFeedback{probe.value(), random.next()};
        case 6:
            return sample_digest(random);
        case 7:
            return sample_entries(random);
        case 8:
            return sample_pull(random);
        case 9:
            return sample_delta(random, budget_bytes);
        case 10:
            return sample_fragment(random, budget_bytes);
        case 11:
            return sample_frontier(random);
        case 12:
            return sample_request(random);
        case 13:
            return EventLink{sample_stream(random), random.chance(0.5)};
        case 14:
            return EventPressure{sample_stream(random), sample_member(random),
                                 static_cast<std::uint32_t>(sample_number(random, UINT32_MAX)),
                                 static_cast<std::uint32_t>(sample_number(random, UINT32_MAX))};
        case 15:
            return sample_event_feedback(random);
        case 16:
            return EventPull{static_cast<std::uint16_t>(random.next())};
        case 17:
            return BurstRequest{probe, sample_member(random), Incarnation(7)};
        case 18:
            return sample_verdict(random);
        case 19:
            return sample_coordinate(random);
        case 20:
            return sample_heartbeats(random);
        case 21:
            return sample_question(random);
        case 22:
            return sample_answer(random, budget_bytes);
        case 23:
            return sample_state_ranges(random);
        case 24:
            return sample_want(random);
        case 25:
            return sample_state_hello(random);
        case 26:
            return sample_state_cells(random, budget_bytes);
        case 27:
            return sample_notice_digest(random);
        default:
            return sample_aggregate(random, budget_bytes);
    }
}

/// A packet within the limits of one datagram that carries a proof.
inline Packet sample_packet(Random& random) {
    Packet packet;
    std::size_t left = kPacketBytesMax - kProofBytesMax;
    std::size_t pings = 0;
    for (auto count = random.below(10); count > 0; --count) {
        Section section = sample_section(random, random.below(std::variant_size_v<Section>), left);
        const std::size_t size = encoded_size(section);
        if (size > left) break;
        if (std::holds_alternative<Ping>(section) && pings++ == kPingsPerDatagramMax) break;
        left -= size;
        packet.push_back(std::move(section));
    }
    return packet;
}

/// Equal in content; records and notices by value, not by address.
inline bool same(const RumorItem& a, const RumorItem& b) {
    const auto* record_a = std::get_if<SharedRecord>(&a);
    const auto* record_b = std::get_if<SharedRecord>(&b);
    if (record_a != nullptr && record_b != nullptr) return **record_a == **record_b;
    const auto* notice_a = std::get_if<SharedNotice>(&a);
    const auto* notice_b = std::get_if<SharedNotice>(&b);
    if (notice_a != nullptr && notice_b != nullptr) return **notice_a == **notice_b;
    return a == b;
}

inline bool same(const Section& a, const Section& b) {
    if (a.index() != b.index()) return false;
    if (const auto* push = std::get_if<RumorPush>(&a)) {
        const auto& other = std::get<RumorPush>(b);
        return push->number == other.number &&
               std::ranges::equal(push->items, other.items,
                                  [](const auto& x, const auto& y) { return same(x, y); });
    }
    return std::visit(
        [&](const auto& left) {
            using T = std::remove_cvref_t<decltype(left)>;
            if constexpr (std::is_same_v<T, RumorPush>) {
                return false;
            } else {
                return left == std::get<T>(b);
            }
        },
        a);
}

}  // namespace grapevine::wire::testing
