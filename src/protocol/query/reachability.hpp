#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/limits.hpp"
#include "base/time.hpp"
#include "protocol/membership/paths.hpp"
#include "wire/messages.hpp"

// Who reaches whom, as every member tells it: the bodies of questions of kind 1 and of their
// answers (FORMAT.md, section 10.1), and what follows from all of them together.
namespace grapevine::protocol {

/// "Whom do you reach, and how?"
struct ReachQuestion {
    /// What was found out longer ago than this shall be found out anew before answering.
    std::chrono::milliseconds age_max{0};
    /// Only this member, and nothing is found out anew; kNobody: all.
    MemberId subject;
    friend bool operator==(const ReachQuestion&, const ReachQuestion&) = default;
};

struct ReachAnswer {
    struct Row {
        MemberId member;
        Path path = Path::unknown;
        std::chrono::milliseconds age{0};  ///< Since the path was last checked; 0 if unknown.
        /// In steps of 20 us, at least one; nothing if it was never measured.
        std::optional<std::uint32_t> round_trip;
        friend bool operator==(const Row&, const Row&) = default;
    };
    wire::Coordinate place;  ///< Of the one who answers.
    std::vector<Row> rows;   ///< Strictly climbing; at most kReachRowsMax.
    friend bool operator==(const ReachAnswer&, const ReachAnswer&) = default;
};

Bytes encode(const ReachQuestion& question);
Bytes encode(const ReachAnswer& answer);
Result<ReachQuestion> decode_reach_question(ByteView body);
Result<ReachAnswer> decode_reach_answer(ByteView body);

inline constexpr Duration kReachStep = std::chrono::microseconds(20);

/// One thing that is wrong between two members, put together from what both say.
struct ReachTrouble {
    enum class Kind : std::uint8_t {
        one_way,    ///< Nothing gets from `from` to `to`; the other direction works.
        both_ways,  ///< Neither reaches the other.
        doubtful,   ///< Only one of the two sees trouble, or their words do not fit together.
    };
    Kind kind = Kind::doubtful;
    MemberId from;
    MemberId to;
    friend bool operator==(const ReachTrouble&, const ReachTrouble&) = default;
};

/// What one member says, for `troubles_of`.
struct ReachReport {
    MemberId member;
    ReachAnswer answer;
};

/// Makes *out only* of what a member says of one that it does not hear, if that one says that it
/// hears it.
void complete(std::vector<ReachReport>& reports);

/// Each pair at most once, by ids. A member that has not answered is judged by what the others say
/// of it. O(n^2 log n).
std::vector<ReachTrouble> troubles_of(const std::vector<ReachReport>& reports);

}  // namespace grapevine::protocol
