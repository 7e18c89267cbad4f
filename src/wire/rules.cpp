#include "wire/rules.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <type_traits>

namespace grapevine::wire {
namespace {

using Code = Error::Code;

Result<void> refuse(Code code, std::string_view field) {
    return std::unexpected(Error{code, field, 0});
}

Result<void> require(bool holds, std::string_view field) {
    if (!holds) return refuse(Code::malformed, field);
    return {};
}

Result<void> within(std::size_t size, std::size_t max, std::string_view field) {
    if (size > max) return refuse(Code::over_limit, field);
    return {};
}

Result<void> check_labels(const std::vector<Label>& labels) {
    GV_TRY_VOID(within(labels.size(), kLabelsMax, "record.labels"));
    std::size_t total = 0;
    for (std::size_t index = 0; index < labels.size(); ++index) {
        const Label& label = labels[index];
        GV_TRY_VOID(require(!label.key.empty() && is_plain(label.key), "record.label.key"));
        GV_TRY_VOID(within(label.key.size(), kLabelKeyBytesMax, "record.label.key"));
        GV_TRY_VOID(require(is_plain(label.value), "record.label.value"));
        GV_TRY_VOID(within(label.value.size(), kLabelValueBytesMax, "record.label.value"));
        GV_TRY_VOID(require(index == 0 || labels[index - 1].key < label.key, "record.labels"));
        total += label.key.size() + label.value.size();
    }
    return within(total, kLabelsBytesMax, "record.labels");
}

Result<void> check_ping_req(const PingReq& request) {
    return require(request.target != kNobody, "ping_req.target");
}

Result<void> check_item(const RumorItem& item) {
    if (const auto* record = std::get_if<SharedRecord>(&item)) {
        assert(*record != nullptr);
        return check(**record);
    }
    if (const auto* accusation = std::get_if<Accusation>(&item)) return check(*accusation);
    if (const auto* notice = std::get_if<SharedNotice>(&item)) return check(**notice);
    return check(std::get<StateDelta>(item));
}

Result<void> check_push(const RumorPush& push) {
    GV_TRY_VOID(require(!push.items.empty(), "rumor_push.items"));
    GV_TRY_VOID(within(push.items.size(), kRumorsPerPushMax, "rumor_push.items"));
    for (const RumorItem& item : push.items) GV_TRY_VOID(check_item(item));
    return {};
}

/// Of a section of ranges: bounds climb, and what is listed is within the limits.
Result<void> check_ranges(const StatePosition& lower, const std::vector<StateRange>& ranges,
                          std::string_view field) {
    GV_TRY_VOID(require(!ranges.empty(), field));
    GV_TRY_VOID(within(ranges.size(), kStateRangesMax, field));
    const StatePosition* previous = &lower;
    for (const StateRange& range : ranges) {
        GV_TRY_VOID(require(*previous < range.upper && range.upper <= kStateEnd, "state.bound"));
        if (const auto* ids = std::get_if<StateRange::Ids>(&range.content)) {
            GV_TRY_VOID(within(ids->size(), kStateIdsMax, "state.ids"));
        }
        if (const auto* counted = std::get_if<StateRange::Counted>(&range.content)) {
            GV_TRY_VOID(within(counted->count, kStateCellsMax, "state.count"));
        }
        previous = &range.upper;
    }
    return {};
}

/// Sections of which every value is valid.
template <typename T>
constexpr bool kIsFree =
    std::is_same_v<T, Ping> || std::is_same_v<T, Ack> || std::is_same_v<T, Nack> ||
    std::is_same_v<T, RumorFeedback> || std::is_same_v<T, SyncDigest> ||
    std::is_same_v<T, EventPull> || std::is_same_v<T, Coordinate>;

}  // namespace

bool is_plain(std::string_view text) {
    return std::ranges::none_of(text, [](char letter) {
        const auto byte = static_cast<unsigned char>(letter);
        return byte < 0x20 || byte == 0x7f;
    });
}

std::uint16_t fragment_count(std::uint32_t total_bytes) {
    assert(total_bytes <= kEventBytesMax);
    if (total_bytes == 0) return 1;
    return static_cast<std::uint16_t>((total_bytes + kFragmentBytesMax - 1) / kFragmentBytesMax);
}

std::size_t fragment_bytes(std::uint32_t total_bytes, std::uint16_t index) {
    assert(index < fragment_count(total_bytes));
    return std::min<std::size_t>(kFragmentBytesMax, total_bytes - index * kFragmentBytesMax);
}

Result<void> check(const MemberRecord& record) {
    GV_TRY_VOID(require(record.member != kNobody, "record.member"));
    GV_TRY_VOID(require(record.protocol_min >= 1 && record.protocol_min <= record.protocol_max,
                        "record.protocol"));
    GV_TRY_VOID(require(!record.addresses.empty(), "record.addresses"));
    GV_TRY_VOID(within(record.addresses.size(), kMemberAddressesMax, "record.addresses"));
    for (const Endpoint& address : record.addresses) {
        GV_TRY_VOID(require(address.port != 0 && !address.is_unspecified(), "record.address"));
        GV_TRY_VOID(require(!address.is_v4() || address.scope == 0, "record.address"));
    }
    GV_TRY_VOID(require(is_plain(record.name), "record.name"));
    GV_TRY_VOID(within(record.name.size(), kMemberNameBytesMax, "record.name"));
    GV_TRY_VOID(check_labels(record.labels));
    return within(record.extensions.size(), kRecordExtensionBytesMax, "record.extensions");
}

Result<void> check(const Accusation& accusation) {
    GV_TRY_VOID(require(accusation.member != kNobody, "accusation.member"));
    GV_TRY_VOID(require(accusation.status == Status::suspect || accusation.status == Status::dead,
                        "accusation.status"));
    GV_TRY_VOID(require(accusation.accuser != kNobody, "accusation.accuser"));
    GV_TRY_VOID(within(accusation.votes.size(), kVotesMax, "accusation.votes"));
    for (auto vote = accusation.votes.begin(); vote != accusation.votes.end(); ++vote) {
        const bool is_new =
            std::ranges::find(accusation.votes.begin(), vote, vote->voter, &Vote::voter) == vote;
        const bool is_other = vote->voter != kNobody && vote->voter != accusation.member;
        GV_TRY_VOID(require(is_new && is_other, "accusation.vote"));
    }
    return {};
}

Result<void> check(const BurstRequest& request) {
    return require(request.target != kNobody, "burst_request.target");
}

Result<void> check(const BurstVerdict& verdict) {
    GV_TRY_VOID(require(verdict.target != kNobody, "burst_verdict.target"));
    GV_TRY_VOID(require(verdict.vote.has_value() != verdict.is_alive, "burst_verdict.vote"));
    const bool is_legal = verdict.is_alive ||
                          (verdict.vote->voter != kNobody && verdict.vote->voter != verdict.target);
    return require(is_legal, "burst_verdict.vote");
}

Result<void> check(const Heartbeats& heartbeats) {
    GV_TRY_VOID(require(!heartbeats.items.empty(), "heartbeats.items"));
    GV_TRY_VOID(within(heartbeats.items.size(), kHeartbeatsPerPacketMax, "heartbeats.items"));
    for (const Heartbeats::Item& item : heartbeats.items) {
        GV_TRY_VOID(require(item.member != kNobody, "heartbeats.member"));
    }
    return {};
}

Result<void> check(const EventLink& link) {
    return require(link.stream.publisher != kNobody, "event_link.publisher");
}

Result<void> check(const EventPressure& pressure) {
    GV_TRY_VOID(require(pressure.stream.publisher != kNobody, "event_pressure.publisher"));
    return require(pressure.slowest != kNobody, "event_pressure.slowest");
}

Result<void> check(const EventFeedback& feedback) {
    GV_TRY_VOID(require(!feedback.items.empty(), "event_feedback.items"));
    GV_TRY_VOID(within(feedback.items.size(), kEventFeedbackMax, "event_feedback.items"));
    for (const EventFeedback::Item& item : feedback.items) {
        GV_TRY_VOID(require(item.stream.publisher != kNobody, "event_feedback.publisher"));
        GV_TRY_VOID(require(item.sequence != EventSequence{}, "event_feedback.sequence"));
    }
    return {};
}

Result<void> check(const Question& question) {
    GV_TRY_VOID(require(question.parts != 0, "question.parts"));
    return within(question.body.size(), kQuestionBytesMax, "question.body");
}

Result<void> check(const AnswerPart& part) {
    GV_TRY_VOID(require(part.count >= 1 && part.index < part.count, "answer_part.index"));
    GV_TRY_VOID(within(part.count, kAnswerPartsMax, "answer_part.count"));
    const bool is_last = part.index + 1 == part.count;
    if (!is_last) return require(part.body.size() == kAnswerPartBytes, "answer_part.body");
    GV_TRY_VOID(require(part.body.size() <= kAnswerPartBytes, "answer_part.body"));
    // One form for every answer: a last part without anything would be no part.
    return require(part.count == 1 || !part.body.empty(), "answer_part.body");
}

Result<void> check(const StateRanges& section) {
    GV_TRY_VOID(within(section.total, kStateCellsMax, "state_ranges.total"));
    for (const StateRange& range : section.ranges) {
        const bool is_question = std::holds_alternative<StateFingerprint>(range.content) ||
                                 std::holds_alternative<StateRange::Ask>(range.content);
        const bool is_skip = std::holds_alternative<StateRange::Skip>(range.content);
        GV_TRY_VOID(require(is_skip || is_question != section.is_reply, "state_ranges.kind"));
    }
    return check_ranges(section.lower, section.ranges, "state_ranges.ranges");
}

Result<void> check(const StateWant& want) {
    for (const StateRange& range : want.ranges) {
        const auto* ids = std::get_if<StateRange::Ids>(&range.content);
        const bool is_skip = std::holds_alternative<StateRange::Skip>(range.content);
        GV_TRY_VOID(require(is_skip || ids != nullptr, "state_want.kind"));
        GV_TRY_VOID(require(is_skip || !ids->empty(), "state_want.ids"));
    }
    return check_ranges(want.lower, want.ranges, "state_want.ranges");
}

Result<void> check(const StateHello& hello) {
    GV_TRY_VOID(within(hello.cells, kStateCellsMax, "state_hello.cells"));
    GV_TRY_VOID(within(hello.floor.raises.size(), kFloorRaisesMax, "state_hello.raises"));
    // Strictly: each raise stands once.
    const auto out_of_order =
        std::ranges::adjacent_find(hello.floor.raises, std::ranges::greater_equal{});
    return require(out_of_order == hello.floor.raises.end(), "state_hello.raises");
}

Result<void> check(const StateCells& cells) {
    GV_TRY_VOID(require(!cells.cells.empty() || !cells.large.empty(), "state_cells.cells"));
    GV_TRY_VOID(within(cells.large.size(), kStateFetchesMax, "state_cells.large"));
    for (const Bytes& cell : cells.cells) {
        GV_TRY_VOID(require(!cell.empty(), "state_cells.cell"));
        GV_TRY_VOID(within(cell.size(), kStateInlineBytesMax, "state_cells.cell"));
    }
    return {};
}

Result<void> check(const Notice& notice) {
    GV_TRY_VOID(require(notice.kind != 0, "notice.kind"));
    GV_TRY_VOID(within(notice.name.size(), kNoticeNameBytesMax, "notice.name"));
    GV_TRY_VOID(require(is_plain(notice.name), "notice.name"));
    GV_TRY_VOID(require(notice.epoch != 0, "notice.epoch"));
    return within(notice.body.size(), kNoticeBodyBytesMax, "notice.body");
}

Result<void> check(const NoticeDigest& digest) {
    GV_TRY_VOID(within(digest.items.size(), kNoticesMax, "notice_digest.items"));
    const NoticeDigest::Item* before = nullptr;
    for (const NoticeDigest::Item& item : digest.items) {
        GV_TRY_VOID(require(before == nullptr || before->slot < item.slot, "notice_digest.slot"));
        GV_TRY_VOID(require(item.epoch != 0, "notice_digest.epoch"));
        before = &item;
    }
    return {};
}

Result<void> check(const StateItem& item) {
    GV_TRY_VOID(require(item.version != Version{}, "state_item.version"));
    GV_TRY_VOID(require(!item.key.empty() && is_plain(item.key), "state_item.key"));
    GV_TRY_VOID(within(item.key.size(), kRecordKeyBytesMax, "state_item.key"));
    GV_TRY_VOID(require(!item.is_tombstone || item.value.empty(), "state_item.value"));
    return within(item.value.size(), kRecordValueBytesMax, "state_item.value");
}

Result<void> check(const StateDelta& delta) {
    GV_TRY_VOID(require(delta.member != kNobody, "state_delta.member"));
    GV_TRY_VOID(require(delta.from <= delta.to, "state_delta.to"));
    Version previous = delta.from;
    for (const StateItem& item : delta.items) {
        GV_TRY_VOID(check(item));
        GV_TRY_VOID(
            require(previous < item.version && item.version <= delta.to, "state_item.version"));
        previous = item.version;
    }
    return {};
}

Result<void> check(const SyncEntries& entries) {
    GV_TRY_VOID(require(entries.bucket < kSyncBuckets, "sync_entries.bucket"));
    GV_TRY_VOID(require(entries.after <= entries.up_to, "sync_entries.up_to"));
    MemberId previous = entries.after;
    for (const SyncEntry& entry : entries.entries) {
        GV_TRY_VOID(
            require(previous < entry.member && entry.member <= entries.up_to, "sync_entry.member"));
        previous = entry.member;
    }
    return {};
}

Result<void> check(const SyncPull& pull) {
    for (const SyncPull::Item& item : pull.items) {
        GV_TRY_VOID(require(item.member != kNobody, "sync_pull.member"));
    }
    return require(!pull.items.empty(), "sync_pull.items");
}

Result<void> check(const EventFragment& fragment) {
    GV_TRY_VOID(require(fragment.stream.publisher != kNobody, "event.publisher"));
    GV_TRY_VOID(require(fragment.sequence != EventSequence{}, "event.sequence"));
    GV_TRY_VOID(require(!fragment.topic.empty() && is_plain(fragment.topic), "event.topic"));
    GV_TRY_VOID(within(fragment.topic.size(), kTopicBytesMax, "event.topic"));
    const std::size_t bytes_max =
        fragment.has_dependencies ? kEventBytesMax : kEventPayloadBytesMax;
    GV_TRY_VOID(within(fragment.total_bytes, bytes_max, "event.total_bytes"));
    GV_TRY_VOID(require(fragment.count == fragment_count(fragment.total_bytes), "event.count"));
    GV_TRY_VOID(require(fragment.index < fragment.count, "event.index"));
    return require(fragment.payload.size == fragment_bytes(fragment.total_bytes, fragment.index),
                   "event.payload");
}

Result<void> check(const EventFrontier& frontier) {
    for (const EventFrontier::Item& item : frontier.items) {
        GV_TRY_VOID(require(item.stream.publisher != kNobody, "event_frontier.publisher"));
        // lowest <= highest + 1, written so that nothing overflows.
        GV_TRY_VOID(require(
            item.lowest != EventSequence{} && item.lowest.value() - 1 <= item.highest.value(),
            "event_frontier.lowest"));
    }
    return {};
}

Result<void> check(const EventRequest& request) {
    GV_TRY_VOID(require(request.stream.publisher != kNobody, "event_request.publisher"));
    GV_TRY_VOID(require(!request.ranges.empty(), "event_request.ranges"));
    GV_TRY_VOID(within(request.ranges.size(), kRequestRangesMax, "event_request.ranges"));
    for (const EventRequest::Range& range : request.ranges) {
        GV_TRY_VOID(require(range.first != EventSequence{}, "event_request.first"));
        GV_TRY_VOID(require(range.first <= range.last, "event_request.last"));
        if (range.fragment_count == 0) {
            GV_TRY_VOID(require(range.fragment_first == 0, "event_request.fragment_first"));
            continue;
        }
        GV_TRY_VOID(require(range.first == range.last, "event_request.last"));
        GV_TRY_VOID(within(std::size_t{range.fragment_first} + range.fragment_count, kFragmentsMax,
                           "event_request.fragment_count"));
    }
    return {};
}

Result<void> check(const AggregateStep& step) {
    GV_TRY_VOID(require(step.starter != kNobody, "aggregate.starter"));
    GV_TRY_VOID(require(is_plain(step.key), "aggregate.key"));
    GV_TRY_VOID(within(step.key.size(), kRecordKeyBytesMax, "aggregate.key"));
    GV_TRY_VOID(require(step.rounds >= 1, "aggregate.rounds"));
    GV_TRY_VOID(within(step.rounds, kAggregateRoundsMax, "aggregate.rounds"));
    GV_TRY_VOID(require(step.round <= step.rounds, "aggregate.round"));
    GV_TRY_VOID(within(step.values.size(), kAggregateValuesMax, "aggregate.values"));
    for (const double value : step.values) {
        GV_TRY_VOID(require(std::isfinite(value), "aggregate.value"));
    }
    GV_TRY_VOID(within(step.instances.size(), kAggregateInstancesMax, "aggregate.instances"));
    MemberId previous = kNobody;
    for (const AggregateStep::Instance& instance : step.instances) {
        const bool climbs = previous < instance.starter;
        GV_TRY_VOID(require(climbs && std::isfinite(instance.amount), "aggregate.instance"));
        previous = instance.starter;
    }
    if (step.minima.empty()) return {};
    GV_TRY_VOID(require(
        step.minima.size() == kAggregateMinima && step.values.empty() && step.instances.empty(),
        "aggregate.minima"));
    for (const float minimum : step.minima) {
        // Not a number is not greater than anything.
        GV_TRY_VOID(require(minimum >= 0 && !std::signbit(minimum), "aggregate.minimum"));
    }
    return {};
}

Result<void> check(const Section& section) {
    return std::visit(
        [](const auto& alternative) -> Result<void> {
            using T = std::remove_cvref_t<decltype(alternative)>;
            if constexpr (kIsFree<T>) {
                return {};
            } else if constexpr (std::is_same_v<T, PingReq>) {
                return check_ping_req(alternative);
            } else if constexpr (std::is_same_v<T, RumorPush>) {
                return check_push(alternative);
            } else {
                static_assert(!std::is_same_v<T, Section>);
                return check(alternative);
            }
        },
        section);
}

}  // namespace grapevine::wire
