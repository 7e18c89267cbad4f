#include <algorithm>

#include "wire/native/sections.hpp"

// FORMAT.md, sections 6.5, 6.6 and 6.10.
namespace grapevine::wire::native {
namespace {

constexpr std::uint8_t kItemRecord = 1;
constexpr std::uint8_t kItemAccusation = 2;
constexpr std::uint8_t kItemStateDelta = 3;
constexpr std::uint8_t kItemNotice = 4;

/// Version, length of a key, and the mark of a tombstone. (That a key is never empty is a rule, and
/// told apart from an input that ends too early.)
constexpr std::size_t kStateItemBytesMin = 3;

void write_accusation(Writer& writer, const Accusation& accusation) {
    writer.integer(accusation.member.value());
    writer.integer(accusation.incarnation.value());
    writer.integer(static_cast<std::uint8_t>(accusation.status));
    writer.integer(accusation.accuser.value());
    writer.integer(static_cast<std::uint8_t>(accusation.votes.size()));
    for (const Vote& vote : accusation.votes) write_vote(writer, vote);
}

Result<Accusation> read_accusation(Reader& reader) {
    const MemberId member(GV_TRY(reader.integer<std::uint64_t>("accusation.member")));
    const Incarnation incarnation(GV_TRY(reader.integer<std::uint32_t>("accusation.incarnation")));
    const auto status =
        static_cast<Status>(GV_TRY(reader.integer<std::uint8_t>("accusation.status")));
    const MemberId accuser(GV_TRY(reader.integer<std::uint64_t>("accusation.accuser")));
    Accusation accusation{member, incarnation, status, accuser};
    const auto count = GV_TRY(reader.integer<std::uint8_t>("accusation.votes"));
    if (count > kVotesMax) {
        return reader.refuse<Accusation>(Error::Code::over_limit, "accusation.votes");
    }
    for (std::uint8_t index = 0; index < count; ++index) {
        accusation.votes.push_back(GV_TRY(read_vote(reader, "accusation.vote")));
    }
    return accusation;
}

void write_state_item(Writer& writer, const StateItem& item) {
    writer.varint(item.version.value());
    writer.sized_text(item.key);
    // 0 is a tombstone, n + 1 a value of n bytes: an empty value is not a deleted one.
    if (item.is_tombstone) {
        writer.varint(0);
        return;
    }
    writer.varint(item.value.size() + 1);
    writer.bytes(as_bytes(item.value));
}

Result<StateItem> read_state_item(Reader& reader) {
    StateItem item;
    item.version = Version(GV_TRY(reader.varint("state_item.version")));
    item.key = GV_TRY(reader.sized_text(kRecordKeyBytesMax, "state_item.key"));
    const auto mark = GV_TRY(read_bounded(reader, kRecordValueBytesMax + 1, "state_item.value"));
    item.is_tombstone = mark == 0;
    if (mark > 0) {
        item.value = as_text(GV_TRY(reader.bytes(mark - 1, "state_item.value")));
    }
    return item;
}

void write_item(Writer& writer, const RumorItem& item) {
    if (const auto* record = std::get_if<SharedRecord>(&item)) {
        writer.integer(kItemRecord);
        writer.sized_bytes(encode_record(**record));
    } else if (const auto* accusation = std::get_if<Accusation>(&item)) {
        writer.integer(kItemAccusation);
        write_accusation(writer, *accusation);
    } else if (const auto* notice = std::get_if<SharedNotice>(&item)) {
        writer.integer(kItemNotice);
        write_notice(writer, **notice);
    } else {
        writer.integer(kItemStateDelta);
        write_body(writer, std::get<StateDelta>(item));
    }
}

Result<RumorItem> read_item(Reader& reader, RecordIntern& records) {
    const auto type = GV_TRY(reader.integer<std::uint8_t>("rumor_push.item"));
    switch (type) {
        case kItemRecord: {
            const ByteView encoded =
                GV_TRY(reader.sized_bytes(kEncodedRecordBytesMax, "rumor_push.record"));
            auto record = records.intern(encoded);
            if (!record) {
                Error error = record.error();
                error.detail += reader.position() - static_cast<std::uint32_t>(encoded.size());
                return std::unexpected(error);
            }
            return RumorItem(*std::move(record));
        }
        case kItemAccusation:
            return RumorItem(GV_TRY(read_accusation(reader)));
        case kItemStateDelta:
            return RumorItem(GV_TRY(read_state_delta(reader)));
        case kItemNotice:
            return RumorItem(std::make_shared<const Notice>(GV_TRY(read_notice(reader))));
        default:
            // Feedback counts items by position, so an unknown one cannot be skipped.
            return reader.refuse<RumorItem>(Error::Code::unsupported, "rumor_push.item");
    }
}

}  // namespace

void write_body(Writer& writer, const RumorPush& push) {
    writer.integer(push.number);
    for (const RumorItem& item : push.items) write_item(writer, item);
}

Result<RumorPush> read_rumor_push(Reader& reader, RecordIntern& records) {
    RumorPush push;
    push.number = GV_TRY(reader.integer<std::uint32_t>("rumor_push.number"));
    while (!reader.at_end()) {
        if (push.items.size() == kRumorsPerPushMax) {
            return reader.refuse<RumorPush>(Error::Code::over_limit, "rumor_push.items");
        }
        push.items.push_back(GV_TRY(read_item(reader, records)));
    }
    return push;
}

void write_body(Writer& writer, const RumorFeedback& feedback) {
    writer.integer(feedback.number);
    writer.integer(feedback.known);
}

Result<RumorFeedback> read_rumor_feedback(Reader& reader) {
    const auto number = GV_TRY(reader.integer<std::uint32_t>("rumor_feedback.number"));
    const auto known = GV_TRY(reader.integer<std::uint64_t>("rumor_feedback.known"));
    return RumorFeedback{number, known};
}

void write_body(Writer& writer, const StateDelta& delta) {
    writer.integer(delta.member.value());
    writer.integer(std::uint8_t{delta.is_reset});
    writer.varint(delta.from.value());
    writer.varint(delta.to.value());
    writer.varint(delta.collected.value());
    writer.varint(delta.items.size());
    for (const StateItem& item : delta.items) write_state_item(writer, item);
}

Result<StateDelta> read_state_delta(Reader& reader) {
    StateDelta delta;
    delta.member = MemberId(GV_TRY(reader.integer<std::uint64_t>("state_delta.member")));
    delta.is_reset = GV_TRY(read_flag(reader, "state_delta.flags"));
    delta.from = Version(GV_TRY(reader.varint("state_delta.from")));
    delta.to = Version(GV_TRY(reader.varint("state_delta.to")));
    delta.collected = Version(GV_TRY(reader.varint("state_delta.collected")));
    const auto count = GV_TRY(reader.varint("state_delta.items"));
    if (count > reader.remaining() / kStateItemBytesMin) {
        return reader.refuse<StateDelta>(Error::Code::truncated, "state_delta.items");
    }
    delta.items.reserve(count);
    for (std::uint64_t index = 0; index < count; ++index) {
        delta.items.push_back(GV_TRY(read_state_item(reader)));
    }
    return delta;
}

}  // namespace grapevine::wire::native
