#include "protocol/query/query.hpp"

#include <algorithm>
#include <cassert>

#include "base/limits.hpp"
#include "base/query_names.hpp"
#include "base/reader.hpp"

namespace grapevine::protocol {

// Patience, name and its length, payload.
static_assert(varint_size(kQueryPatienceMax.count()) + 1 + kQueryNameBytesMax +
                  kQueryPayloadBytesMax <=
              kQuestionBytesMax);
static_assert(1 + kQueryAnswerBytesMax == kAnswerBytesMax);

Bytes encode(const Query& query) {
    assert(is_query_name(query.name) && query.payload.size() <= kQueryPayloadBytesMax);
    assert(query.patience.count() >= 0 && query.patience <= kQueryPatienceMax);
    Bytes bytes;
    Writer writer(bytes);
    writer.varint(static_cast<std::uint64_t>(query.patience.count()));
    writer.sized_text(query.name);
    writer.bytes(query.payload);
    return bytes;
}

Result<Query> decode_query(ByteView bytes) {
    Reader reader(bytes);
    Query query;
    const std::uint64_t patience = GV_TRY(reader.varint("query.patience"));
    if (patience > static_cast<std::uint64_t>(kQueryPatienceMax.count())) {
        return reader.refuse<Query>(Error::Code::over_limit, "query.patience");
    }
    query.patience = std::chrono::milliseconds(patience);
    query.name = GV_TRY(reader.sized_text(kQueryNameBytesMax, "query.name"));
    if (!is_query_name(query.name)) {
        return reader.refuse<Query>(Error::Code::malformed, "query.name");
    }
    if (reader.remaining() > kQueryPayloadBytesMax) {
        return reader.refuse<Query>(Error::Code::over_limit, "query.payload");
    }
    const ByteView payload = GV_TRY(reader.bytes(reader.remaining(), "query.payload"));
    query.payload.assign(payload.begin(), payload.end());
    return query;
}

Bytes encode(const QueryReply& reply) {
    assert(reply.payload.size() <= kQueryAnswerBytesMax);
    assert(reply.state == QueryReply::State::answered || reply.payload.empty());
    Bytes bytes(1 + reply.payload.size());
    bytes[0] = static_cast<std::uint8_t>(reply.state);
    std::ranges::copy(reply.payload, bytes.begin() + 1);
    return bytes;
}

Result<QueryReply> decode_query_reply(ByteView bytes) {
    Reader reader(bytes);
    QueryReply reply;
    const auto state = GV_TRY(reader.integer<std::uint8_t>("reply.state"));
    if (state > static_cast<std::uint8_t>(QueryReply::State::busy)) {
        return reader.refuse<QueryReply>(Error::Code::unsupported, "reply.state");
    }
    reply.state = static_cast<QueryReply::State>(state);
    if (reply.state != QueryReply::State::answered) GV_TRY_VOID(reader.expect_end("reply"));
    if (reader.remaining() > kQueryAnswerBytesMax) {
        return reader.refuse<QueryReply>(Error::Code::over_limit, "reply.payload");
    }
    const ByteView payload = GV_TRY(reader.bytes(reader.remaining(), "reply.payload"));
    reply.payload.assign(payload.begin(), payload.end());
    return reply;
}

}  // namespace grapevine::protocol
