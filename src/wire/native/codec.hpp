#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/limits.hpp"
#include "base/reader.hpp"
#include "wire/messages.hpp"
#include "wire/native/handshake.hpp"

// Packets and records as bytes. Specification: FORMAT.md, sections 5 to 7. The format is canonical:
// a value has one encoding, and the decoder refuses every other, so that whatever it accepts (and
// has skipped nothing in) encodes to the same bytes again. Two functions rely on that: the
// signature of a record, and the comparison of what two members hold.
namespace grapevine::wire::native {

/// The number in front of every section. From 0x80 up, a member that does not know a type skips it;
/// below, it refuses the packet.
enum class SectionType : std::uint8_t {
    ping = 1,
    ack = 2,
    ping_req = 3,
    nack = 4,
    rumor_push = 5,
    rumor_feedback = 6,
    sync_digest = 7,
    sync_entries = 8,
    sync_pull = 9,
    state_delta = 10,
    event_fragment = 11,
    event_frontier = 12,
    event_request = 13,
    event_link = 14,
    event_pressure = 15,
    event_feedback = 16,
    event_pull = 17,
    burst_request = 18,
    burst_verdict = 19,
    coordinate = 20,
    heartbeats = 21,
    question = 22,
    answer_part = 23,
    state_ranges = 24,
    state_want = 25,
    state_hello = 26,
    state_cells = 27,
    notice_digest = 28,
    aggregate_step = 29,
    padding = 0x80,
};

/// The first byte of a record: its format, and what the signature is about, so that nothing else
/// signed by the same identity can ever pass for a record.
inline constexpr std::uint8_t kRecordTag = 1;

/// The first byte of what a vote's signature is over. (2 is that of an announcement.)
inline constexpr std::uint8_t kVoteTag = 3;

/// The first byte of what a notice's signature is over.
inline constexpr std::uint8_t kNoticeTag = 4;

/// Turns the bytes of a record into the record. The overlay's own version verifies the signature,
/// and hands out the same object for the same bytes; an error refuses the whole packet.
class RecordIntern {
public:
    virtual ~RecordIntern() = default;
    virtual Result<SharedRecord> intern(ByteView encoded_record) = 0;
};

/// Decodes and verifies nothing: for tests, and for records that were verified before.
class DecodingIntern final : public RecordIntern {
public:
    Result<SharedRecord> intern(ByteView encoded_record) override;
};

struct Decoded {
    Packet packet;
    std::uint32_t skipped_count = 0;  ///< Sections of types that we do not know and may skip.
    std::uint32_t padding_bytes = 0;  ///< Frames of the padding included.
};

/// The sections of one datagram, in order; an empty packet has no bytes. Every section keeps the
/// rules of `wire/rules.hpp`, there are at most kSectionsMax, and they take at most
/// kPacketBytesMax. Asserts all that.
Bytes encode(const Packet& packet);

/// Appends one section: exactly `encoded_size(section)` bytes.
void encode_section(Writer& writer, const Section& section);

/// Fills `out` up to `size` bytes with sections that everybody skips; does nothing if it is that
/// long already. A section takes two bytes at least, so a single missing byte makes it one longer.
void pad_to(Bytes& out, std::size_t size);

/// What encode has written. Errors: truncated, malformed (not canonical, or against a rule),
/// unsupported (a section, item or enumerator we do not know and may not skip), over_limit (more
/// than kSectionsMax sections, skipped ones counted, or kPingsPerDatagramMax pings, or a list, text
/// or packet above its limit), and those of `records`. `detail` is the offset of the field or,
/// where a rule about several fields is broken, of the section's body. Nothing is kept of a refused
/// packet. Memory: in proportion to the input; no count is believed before its bytes are seen.
Result<Decoded> decode(ByteView bytes, RecordIntern& records);

/// The same with `DecodingIntern`.
Result<Decoded> decode(ByteView bytes);

/// The whole body of a data datagram: prefix, sections, and padding up to `size_min` bytes (see
/// `pad_to`; 0 for none). At most kPacketBytesMax in all.
Bytes encode_body(const std::optional<Proof>& proof, const Packet& packet,
                  std::size_t size_min = 0);

struct DecodedBody {
    std::optional<Proof> proof;
    Decoded sections;
};

/// What `encode_body` has written; the errors of `decode_data_body` and `decode`. A body from one
/// who must still prove its address is better split by `decode_data_body` first: the proof can then
/// be checked before the sections cost anything.
Result<DecodedBody> decode_body(ByteView body, RecordIntern& records);

/// What `record.signature` is over: the whole record but the signature.
Bytes encode_record_signed_part(const MemberRecord& record);

/// The signed part, then the signature.
Bytes encode_record(const MemberRecord& record);

/// Checks form and rules; the signature, and that `member` is the hash of the key, are the
/// caller's. Unsupported for another tag than kRecordTag.
Result<MemberRecord> decode_record(ByteView bytes);

/// What the signature of `voter`'s vote about `member` in the life `incarnation` is over. The
/// overlay is not named in it, because the identities are: a node has one key pair per overlay, so
/// neither member nor voter exists anywhere else.
/// Without its signature.
Bytes encode_vote_signed_part(MemberId member, Incarnation incarnation, const Vote& vote);

/// What the signature of a notice is over. The overlay is named in it, because an operator may have
/// one key for several.
Bytes encode_notice_signed_part(std::string_view overlay, const Notice& notice);

/// A notice as it travels and is stored, signature included.
Bytes encode_notice(const Notice& notice);

/// What `encode_notice` has written; the signature is the caller's to check.
Result<Notice> decode_notice(ByteView bytes);

/// The two parts of an encoded record, for `verify`. Truncated if it is shorter than a signature.
struct RecordParts {
    ByteView signed_part;
    Signature signature{};
};
Result<RecordParts> split_record(ByteView bytes);

}  // namespace grapevine::wire::native
