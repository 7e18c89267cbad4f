#pragma once

#include <string_view>

#include "base/error.hpp"
#include "wire/messages.hpp"

// What the format demands of values beyond their shape: order, uniqueness, relations between
// fields. One place for both directions: the decoder refuses what breaks a rule, and the encoder
// asserts that our own values keep it. `detail` of an error of these functions is 0, because a
// value has no position; the decoder puts in the offset of the section.
namespace grapevine::wire {

/// No control characters (below 0x20, or 0x7f). UTF-8 is expected of names, labels, keys and
/// topics, and not checked: they are shown, never interpreted.
bool is_plain(std::string_view text);

/// What `count` must be for an event of `total_bytes`: one for an empty payload.
std::uint16_t fragment_count(std::uint32_t total_bytes);

/// Bytes of fragment `index` of such an event: kFragmentBytesMax for all but the last.
/// `index` is below `fragment_count(total_bytes)`.
std::size_t fragment_bytes(std::uint32_t total_bytes, std::uint16_t index);

Result<void> check(const MemberRecord& record);
Result<void> check(const Accusation& accusation);
Result<void> check(const StateItem& item);
Result<void> check(const StateDelta& delta);
Result<void> check(const SyncEntries& entries);
Result<void> check(const SyncPull& pull);
Result<void> check(const EventFragment& fragment);
Result<void> check(const EventFrontier& frontier);
Result<void> check(const EventRequest& request);
Result<void> check(const EventLink& link);
Result<void> check(const EventPressure& pressure);
Result<void> check(const EventFeedback& feedback);
Result<void> check(const BurstRequest& request);
Result<void> check(const BurstVerdict& verdict);
Result<void> check(const Heartbeats& heartbeats);
Result<void> check(const Question& question);
Result<void> check(const AnswerPart& part);
Result<void> check(const StateRanges& section);
Result<void> check(const StateWant& want);
Result<void> check(const StateHello& hello);
Result<void> check(const StateCells& cells);
Result<void> check(const Notice& notice);
Result<void> check(const NoticeDigest& digest);
Result<void> check(const AggregateStep& step);

/// Any section, its items included. Records inside a `RumorPush` are checked too.
Result<void> check(const Section& section);

}  // namespace grapevine::wire
