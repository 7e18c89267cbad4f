#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/bytes.hpp"
#include "base/error.hpp"

// What one member asks the applications of another, and what comes back: the bodies of
// QuestionKind::query (wire/native/FORMAT.md, section 10.3). Who is asked, and what is made of the
// answers, is decided by the daemon; these are values and their bytes.
namespace grapevine::protocol {

/// The longest that an asker says it will wait; as long as `Gather` waits.
inline constexpr std::chrono::milliseconds kQueryPatienceMax{120'000};

struct Query {
    /// How long the asker waits: an answer that comes later is made for nothing.
    std::chrono::milliseconds patience{};
    std::string name;  ///< 1 .. kQueryNameBytesMax letters of `is_query_name`.
    Bytes payload;     ///< At most kQueryPayloadBytesMax.
    friend bool operator==(const Query&, const Query&) = default;
};

struct QueryReply {
    enum class State : std::uint8_t {
        answered = 0,
        not_served = 1,  ///< No application here answers to that name.
        abandoned = 2,   ///< Those that could have answered have gone without a word.
        busy = 3,        ///< Too many queries wait for the applications here.
    };
    State state = State::answered;
    Bytes payload;  ///< Only if answered; at most kQueryAnswerBytesMax.
    friend bool operator==(const QueryReply&, const QueryReply&) = default;
};

[[nodiscard]] Bytes encode(const Query& query);
[[nodiscard]] Result<Query> decode_query(ByteView bytes);
[[nodiscard]] Bytes encode(const QueryReply& reply);
[[nodiscard]] Result<QueryReply> decode_query_reply(ByteView bytes);

}  // namespace grapevine::protocol
