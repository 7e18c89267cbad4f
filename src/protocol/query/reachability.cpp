#include "protocol/query/reachability.hpp"

#include <algorithm>
#include <cassert>
#include <map>
#include <set>
#include <utility>

#include "base/reader.hpp"

namespace grapevine::protocol {
namespace {

constexpr std::uint8_t kPathBits = 0x07;
constexpr std::uint8_t kHasRoundTrip = 0x08;
/// Three days, in four bytes; what is older is told as this.
constexpr std::uint64_t kAgeMaxMs = (std::uint64_t{1} << 28U) - 1;
constexpr std::uint64_t kRoundTripStepsMax = 10'000'000 / 20;
constexpr std::uint64_t kQuestionAgeMaxMs = 3'600'000;

Result<std::uint64_t> bounded(Reader& reader, std::uint64_t max, std::string_view field) {
    const auto value = reader.varint(field);
    if (value && *value > max) return reader.refuse<std::uint64_t>(Error::Code::over_limit, field);
    return value;
}

Result<ReachAnswer::Row> read_row(Reader& reader) {
    ReachAnswer::Row row;
    row.member = MemberId(GV_TRY(reader.integer<std::uint64_t>("reach.member")));
    const auto how = GV_TRY(reader.integer<std::uint8_t>("reach.how"));
    const std::uint8_t path = how & kPathBits;
    const bool is_known = path < kPathNames.size() && Path(path) != Path::out_only;
    if (!is_known || (how & ~(kPathBits | kHasRoundTrip)) != 0) {
        return reader.refuse<ReachAnswer::Row>(Error::Code::malformed, "reach.how");
    }
    row.path = static_cast<Path>(path);
    row.age = std::chrono::milliseconds(GV_TRY(bounded(reader, kAgeMaxMs, "reach.age")));
    if ((how & kHasRoundTrip) != 0) {
        row.round_trip = static_cast<std::uint32_t>(
            GV_TRY(bounded(reader, kRoundTripStepsMax, "reach.round_trip")));
    }
    return row;
}

/// Whether this path says that what `speaker` sends does not get through, as far as it can tell.
bool is_trouble(Path path) {
    return path != Path::both && path != Path::unknown;
}

}  // namespace

Bytes encode(const ReachQuestion& question) {
    Bytes body;
    Writer writer(body);
    writer.varint(static_cast<std::uint64_t>(question.age_max.count()));
    writer.integer(question.subject.value());
    return body;
}

Result<ReachQuestion> decode_reach_question(ByteView body) {
    Reader reader(body);
    ReachQuestion question;
    question.age_max =
        std::chrono::milliseconds(GV_TRY(bounded(reader, kQuestionAgeMaxMs, "reach.age_max")));
    question.subject = MemberId(GV_TRY(reader.integer<std::uint64_t>("reach.subject")));
    // What follows is of a later release.
    return question;
}

Bytes encode(const ReachAnswer& answer) {
    assert(answer.rows.size() <= kReachRowsMax);
    Bytes body;
    Writer writer(body);
    for (const std::int16_t value : answer.place.position) {
        writer.integer(static_cast<std::uint16_t>(value));
    }
    writer.integer(answer.place.height);
    writer.integer(static_cast<std::uint16_t>(answer.place.adjustment));
    writer.integer(answer.place.error);
    for (const ReachAnswer::Row& row : answer.rows) {
        writer.integer(row.member.value());
        const auto path = static_cast<std::uint8_t>(row.path);
        writer.integer(static_cast<std::uint8_t>(path | (row.round_trip ? kHasRoundTrip : 0)));
        writer.varint(static_cast<std::uint64_t>(row.age.count()));
        if (row.round_trip) writer.varint(*row.round_trip);
    }
    return body;
}

Result<ReachAnswer> decode_reach_answer(ByteView body) {
    Reader reader(body);
    ReachAnswer answer;
    for (std::int16_t& value : answer.place.position) {
        value = static_cast<std::int16_t>(GV_TRY(reader.integer<std::uint16_t>("reach.position")));
    }
    answer.place.height = GV_TRY(reader.integer<std::uint16_t>("reach.height"));
    answer.place.adjustment =
        static_cast<std::int16_t>(GV_TRY(reader.integer<std::uint16_t>("reach.adjustment")));
    answer.place.error = GV_TRY(reader.integer<std::uint16_t>("reach.error"));
    while (!reader.at_end()) {
        ReachAnswer::Row row = GV_TRY(read_row(reader));
        if (!answer.rows.empty() && row.member <= answer.rows.back().member) {
            return reader.refuse<ReachAnswer>(Error::Code::malformed, "reach.member");
        }
        if (answer.rows.size() == kReachRowsMax) {
            return reader.refuse<ReachAnswer>(Error::Code::over_limit, "reach.rows");
        }
        answer.rows.push_back(row);
    }
    return answer;
}

void complete(std::vector<ReachReport>& reports) {
    std::set<std::pair<MemberId, MemberId>> heard;  // (who hears, whom), and is not answered.
    for (const ReachReport& report : reports) {
        for (const ReachAnswer::Row& row : report.answer.rows) {
            if (row.path == Path::in_only) heard.emplace(report.member, row.member);
        }
    }
    for (ReachReport& report : reports) {
        for (ReachAnswer::Row& row : report.answer.rows) {
            const bool is_deaf = row.path == Path::relayed || row.path == Path::none;
            if (is_deaf && heard.contains({row.member, report.member})) row.path = Path::out_only;
        }
    }
}

std::vector<ReachTrouble> troubles_of(const std::vector<ReachReport>& reports) {
    using Pair = std::pair<MemberId, MemberId>;
    /// What the first (by id) of a pair says of the second, and the other way round.
    struct Words {
        Path of_first = Path::unknown;
        Path of_second = Path::unknown;
    };
    std::map<Pair, Words> pairs;
    for (const ReachReport& report : reports) {
        for (const ReachAnswer::Row& row : report.answer.rows) {
            if (row.member == report.member || row.path == Path::unknown) continue;
            const bool is_first = report.member < row.member;
            Words& words =
                pairs[is_first ? Pair(report.member, row.member) : Pair(row.member, report.member)];
            (is_first ? words.of_first : words.of_second) = row.path;
        }
    }
    std::vector<ReachTrouble> troubles;
    for (const auto& [pair, words] : pairs) {
        const auto [first, second] = pair;
        using Kind = ReachTrouble::Kind;
        const bool first_sees = is_trouble(words.of_first);
        const bool second_sees = is_trouble(words.of_second);
        if (!first_sees && !second_sees) continue;
        // Who hears the other and is not answered: what it sends does not arrive.
        const bool first_is_mute =
            words.of_first == Path::in_only || words.of_second == Path::out_only;
        const bool second_is_mute =
            words.of_second == Path::in_only || words.of_first == Path::out_only;
        const bool is_contradicted = words.of_first == Path::both || words.of_second == Path::both;
        if (is_contradicted || (first_is_mute && second_is_mute)) {
            troubles.push_back({Kind::doubtful, first, second});
        } else if (first_is_mute) {
            troubles.push_back({Kind::one_way, first, second});
        } else if (second_is_mute) {
            troubles.push_back({Kind::one_way, second, first});
        } else if (first_sees && second_sees) {
            troubles.push_back({Kind::both_ways, first, second});
        } else {
            // The other one has said nothing: which direction it is cannot be told.
            troubles.push_back(
                {Kind::doubtful, first_sees ? first : second, first_sees ? second : first});
        }
    }
    return troubles;
}

}  // namespace grapevine::protocol
