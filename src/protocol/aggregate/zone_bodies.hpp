#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "protocol/aggregate/astrolabe.hpp"
#include "wire/messages.hpp"

// What members say to each other about zones: bodies of questions and answers of the kinds
// `zone_offer` (Offer, Digests) and `zone_rows` (Want, Rows), of a row's attributes, and of notices
// of kind `summary`. Shapes: docs/FORMAT.md, 8.5. Decoders refuse what breaks a limit or a rule of
// order; nobody has vouched for the bytes.
namespace grapevine::protocol {

/// What a row says, by name: numbers and sketches as texts.
using ZoneAttributes = std::map<std::string, std::string, std::less<>>;

/// At most kSummaryAttributesMax, and kSummaryAttributesBytesMax encoded: what is beyond, in the
/// order of names, is left out.
Bytes encode_attributes(const ZoneAttributes& attributes);
Result<ZoneAttributes> decode_attributes(ByteView bytes);

Bytes encode_offer(const Astrolabe::Offer& offer);
Result<Astrolabe::Offer> decode_offer(ByteView bytes);
/// At most kAnswerBytesMax: rows that do not fit are left out.
Bytes encode_digests(const Astrolabe::Digests& digests);
Result<Astrolabe::Digests> decode_digests(ByteView bytes);
/// At most kQuestionBytesMax: rows that do not fit are left out.
Bytes encode_want(const Astrolabe::Want& want);
Result<Astrolabe::Want> decode_want(ByteView bytes);
/// At most kAnswerBytesMax: rows that do not fit are left out.
Bytes encode_rows(const Astrolabe::Rows& rows);
Result<Astrolabe::Rows> decode_rows(ByteView bytes);

/// A statement that computes the row of a zone from those of its parts; signed by an operator, as
/// the notice that carries it.
struct SummaryStatement {
    std::string name;
    std::string sql;      ///< Empty: it has been removed.
    WallTime expires{0};  ///< Not run from then on; 0: it does not expire.
    std::uint64_t epoch = 0;
    friend bool operator==(const SummaryStatement&, const SummaryStatement&) = default;
};

/// `sql` has at most kSummarySqlBytesMax bytes. The notice lacks author and signature.
wire::Notice notice_of(const SummaryStatement& statement);
/// Nothing if it is none, or of a form that we do not know.
std::optional<SummaryStatement> statement_of(const wire::Notice& notice);

}  // namespace grapevine::protocol
