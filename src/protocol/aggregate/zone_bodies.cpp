#include "protocol/aggregate/zone_bodies.hpp"

#include <cassert>
#include <limits>
#include <utility>

#include "base/limits.hpp"
#include "base/reader.hpp"
#include "wire/rules.hpp"

namespace grapevine::protocol {
namespace {

constexpr std::uint8_t kStatementForm = 1;
/// Of a count that is written before what it counts: two bytes of a varint hold more than any.
constexpr std::size_t kCountBytes = 2;

Result<std::size_t> read_level(Reader& reader) {
    const auto level = GV_TRY(reader.integer<std::uint8_t>("zone.level"));
    if (level < 1 || level > kSummaryLevelsMax) {
        return reader.refuse<std::size_t>(Error::Code::malformed, "zone.level");
    }
    return std::size_t{level};
}

Result<std::string> read_name(Reader& reader) {
    std::string name = GV_TRY(reader.sized_text(kSummaryNameBytesMax, "zone.name"));
    if (name.empty() || !wire::is_plain(name)) {
        return reader.refuse<std::string>(Error::Code::malformed, "zone.name");
    }
    return name;
}

Result<std::size_t> read_count(Reader& reader, std::size_t max) {
    const std::uint64_t count = GV_TRY(reader.varint("zone.count"));
    if (count > max) return reader.refuse<std::size_t>(Error::Code::over_limit, "zone.count");
    return static_cast<std::size_t>(count);
}

void write_level(Writer& writer, std::size_t level) {
    writer.integer(static_cast<std::uint8_t>(level));
}

void write_issue(Writer& writer, const ZoneIssue& issue) {
    writer.varint(issue.newest);
    writer.integer(issue.sum);
}

Result<ZoneIssue> read_issue(Reader& reader) {
    ZoneIssue issue;
    issue.newest = GV_TRY(reader.varint("zone.newest"));
    // Lives are added to it: what no clock shows is garbage.
    if (issue.newest > std::numeric_limits<std::uint64_t>::max() / 2) {
        return reader.refuse<ZoneIssue>(Error::Code::malformed, "zone.newest");
    }
    issue.sum = GV_TRY(reader.integer<std::uint64_t>("zone.sum"));
    return issue;
}

/// As many of `items` as fit, in order, with their number before them.
template <typename Items, typename Write>
Bytes write_list(Bytes head, const Items& items, std::size_t bytes_max, std::size_t count_max,
                 Write write) {
    Bytes body;
    std::size_t count = 0;
    for (const auto& item : items) {
        if (count == count_max) break;
        const std::size_t before = body.size();
        Writer writer(body);
        write(writer, item);
        if (head.size() + kCountBytes + body.size() > bytes_max) {
            body.resize(before);
            break;
        }
        ++count;
    }
    Writer(head).varint(count);
    head.insert(head.end(), body.begin(), body.end());
    return head;
}

constexpr std::size_t kRowsOfAllLevels = kSummaryLevelsMax * kSummaryRowsMax;

Result<SharedRow> read_row(Reader& reader) {
    ZoneRow row;
    row.name = GV_TRY(read_name(reader));
    row.issue = GV_TRY(read_issue(reader));
    row.members = GV_TRY(reader.varint("zone.members"));
    if (row.members > std::numeric_limits<std::uint32_t>::max()) {
        return reader.refuse<SharedRow>(Error::Code::malformed, "zone.members");
    }
    const std::size_t count = GV_TRY(read_count(reader, kSummaryRepresentativesMax));
    if (count == 0) return reader.refuse<SharedRow>(Error::Code::malformed, "zone.representatives");
    for (std::size_t index = 0; index < count; ++index) {
        const MemberId member(GV_TRY(reader.integer<std::uint64_t>("zone.representative")));
        if (member == kNobody) {
            return reader.refuse<SharedRow>(Error::Code::malformed, "zone.representative");
        }
        row.representatives.push_back(member);
    }
    const ByteView attributes =
        GV_TRY(reader.sized_bytes(kSummaryAttributesBytesMax, "zone.attributes"));
    if (const auto read = decode_attributes(attributes); !read) {
        return std::unexpected(read.error());
    }
    row.attributes.assign(attributes.begin(), attributes.end());
    return std::make_shared<const ZoneRow>(std::move(row));
}

}  // namespace

// -- Attributes --

Bytes encode_attributes(const ZoneAttributes& attributes) {
    return write_list({}, attributes, kSummaryAttributesBytesMax, kSummaryAttributesMax,
                      [](Writer& writer, const auto& attribute) {
                          writer.sized_text(attribute.first);
                          writer.sized_text(attribute.second);
                      });
}

Result<ZoneAttributes> decode_attributes(ByteView bytes) {
    Reader reader(bytes);
    ZoneAttributes attributes;
    const std::size_t count = GV_TRY(read_count(reader, kSummaryAttributesMax));
    for (std::size_t index = 0; index < count; ++index) {
        std::string key = GV_TRY(reader.sized_text(kSummaryKeyBytesMax, "zone.key"));
        const bool is_after = attributes.empty() || attributes.rbegin()->first < key;
        if (key.empty() || !wire::is_plain(key) || !is_after) {
            return reader.refuse<ZoneAttributes>(Error::Code::malformed, "zone.key");
        }
        std::string value = GV_TRY(reader.sized_text(kSummaryAttributesBytesMax, "zone.value"));
        attributes.emplace_hint(attributes.end(), std::move(key), std::move(value));
    }
    GV_TRY_VOID(reader.expect_end("zone.attributes"));
    return attributes;
}

// -- An exchange --

Bytes encode_offer(const Astrolabe::Offer& offer) {
    Bytes bytes;
    Writer writer(bytes);
    write_level(writer, offer.level);
    writer.integer(static_cast<std::uint8_t>(offer.is_reply ? 1 : 0));
    writer.integer(offer.fingerprint);
    return bytes;
}

Result<Astrolabe::Offer> decode_offer(ByteView bytes) {
    Reader reader(bytes);
    Astrolabe::Offer offer;
    offer.level = GV_TRY(read_level(reader));
    const auto flags = GV_TRY(reader.integer<std::uint8_t>("zone.flags"));
    if (flags > 1) return reader.refuse<Astrolabe::Offer>(Error::Code::malformed, "zone.flags");
    offer.is_reply = flags == 1;
    offer.fingerprint = GV_TRY(reader.integer<std::uint64_t>("zone.fingerprint"));
    GV_TRY_VOID(reader.expect_end("zone.offer"));
    return offer;
}

Bytes encode_digests(const Astrolabe::Digests& digests) {
    Bytes head;
    Writer writer(head);
    write_level(writer, digests.level);
    return write_list(std::move(head), digests.rows, kAnswerBytesMax, kRowsOfAllLevels,
                      [](Writer& to, const Astrolabe::Digest& digest) {
                          write_level(to, digest.level);
                          to.sized_text(digest.name);
                          write_issue(to, digest.issue);
                      });
}

Result<Astrolabe::Digests> decode_digests(ByteView bytes) {
    Reader reader(bytes);
    Astrolabe::Digests digests;
    digests.level = GV_TRY(read_level(reader));
    const std::size_t count = GV_TRY(read_count(reader, kRowsOfAllLevels));
    for (std::size_t index = 0; index < count; ++index) {
        Astrolabe::Digest digest;
        digest.level = GV_TRY(read_level(reader));
        digest.name = GV_TRY(read_name(reader));
        digest.issue = GV_TRY(read_issue(reader));
        digests.rows.push_back(std::move(digest));
    }
    GV_TRY_VOID(reader.expect_end("zone.digests"));
    return digests;
}

Bytes encode_want(const Astrolabe::Want& want) {
    return write_list({}, want.rows, kQuestionBytesMax, kRowsOfAllLevels,
                      [](Writer& to, const Astrolabe::RowName& name) {
                          write_level(to, name.level);
                          to.sized_text(name.name);
                      });
}

Result<Astrolabe::Want> decode_want(ByteView bytes) {
    Reader reader(bytes);
    Astrolabe::Want want;
    const std::size_t count = GV_TRY(read_count(reader, kRowsOfAllLevels));
    for (std::size_t index = 0; index < count; ++index) {
        Astrolabe::RowName name;
        name.level = GV_TRY(read_level(reader));
        name.name = GV_TRY(read_name(reader));
        want.rows.push_back(std::move(name));
    }
    GV_TRY_VOID(reader.expect_end("zone.want"));
    return want;
}

Bytes encode_rows(const Astrolabe::Rows& rows) {
    return write_list({}, rows.rows, kAnswerBytesMax, kRowsOfAllLevels,
                      [](Writer& to, const Astrolabe::LeveledRow& each) {
                          const ZoneRow& row = *each.row;
                          write_level(to, each.level);
                          to.sized_text(row.name);
                          write_issue(to, row.issue);
                          to.varint(row.members);
                          to.varint(row.representatives.size());
                          for (const MemberId member : row.representatives) {
                              to.integer(member.value());
                          }
                          to.sized_bytes(row.attributes);
                      });
}

Result<Astrolabe::Rows> decode_rows(ByteView bytes) {
    Reader reader(bytes);
    Astrolabe::Rows rows;
    const std::size_t count = GV_TRY(read_count(reader, kRowsOfAllLevels));
    for (std::size_t index = 0; index < count; ++index) {
        Astrolabe::LeveledRow each;
        each.level = GV_TRY(read_level(reader));
        each.row = GV_TRY(read_row(reader));
        rows.rows.push_back(std::move(each));
    }
    GV_TRY_VOID(reader.expect_end("zone.rows"));
    return rows;
}

// -- Statements --

wire::Notice notice_of(const SummaryStatement& statement) {
    assert(statement.sql.size() <= kSummarySqlBytesMax);
    wire::Notice notice;
    notice.kind = static_cast<std::uint8_t>(wire::NoticeKind::summary);
    notice.name = statement.name;
    notice.epoch = statement.epoch;
    Writer writer(notice.body);
    writer.integer(kStatementForm);
    writer.varint(static_cast<std::uint64_t>(statement.expires.unix_ms));
    writer.sized_text(statement.sql);
    return notice;
}

std::optional<SummaryStatement> statement_of(const wire::Notice& notice) {
    if (notice.kind != static_cast<std::uint8_t>(wire::NoticeKind::summary)) return std::nullopt;
    Reader reader(notice.body);
    SummaryStatement statement;
    const auto form = reader.integer<std::uint8_t>("summary.form");
    const auto expires = reader.varint("summary.expires");
    auto sql = reader.sized_text(kSummarySqlBytesMax, "summary.sql");
    if (!form || *form != kStatementForm || !expires || !sql || !reader.at_end()) {
        return std::nullopt;
    }
    if (!std::in_range<std::int64_t>(*expires)) return std::nullopt;
    statement.name = notice.name;
    statement.epoch = notice.epoch;
    statement.expires = WallTime{static_cast<std::int64_t>(*expires)};
    statement.sql = *std::move(sql);
    return statement;
}

}  // namespace grapevine::protocol
