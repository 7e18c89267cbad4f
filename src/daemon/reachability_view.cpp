#include "daemon/reachability_view.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <map>
#include <tuple>

#include "daemon/views.hpp"
#include "protocol/query/reachability.hpp"

namespace grapevine::daemon {
namespace {

using protocol::Path;

/// In the order of `Path`; see control.hpp.
constexpr std::string_view kMarks = "?+<>~x";
static_assert(kMarks.size() == protocol::kPathNames.size());
/// With more members, round trips would be most of the answer.
constexpr std::size_t kRoundTripsMax = 200;

std::string sentence_of(protocol::ReachTrouble::Kind kind, const std::string& from,
                        const std::string& to) {
    using Kind = protocol::ReachTrouble::Kind;
    switch (kind) {
        case Kind::one_way:
            return fmt::format("nothing gets from {} to {}; the other way works", from, to);
        case Kind::both_ways:
            return fmt::format("{} and {} do not reach each other", from, to);
        case Kind::doubtful:
            return fmt::format(
                "something is wrong between {} and {}; what they say does not tell "
                "in which direction",
                from, to);
    }
    return "";
}

std::string_view name_of(protocol::ReachTrouble::Kind kind) {
    using Kind = protocol::ReachTrouble::Kind;
    switch (kind) {
        case Kind::one_way:
            return "one_way";
        case Kind::both_ways:
            return "both_ways";
        case Kind::doubtful:
            return "doubtful";
    }
    return "";
}

}  // namespace

control::ReachabilityView reachability_view(const protocol::Gather::Gathered& gathered,
                                            const protocol::Membership& membership) {
    control::ReachabilityView view;
    std::vector<protocol::ReachReport> reports;
    for (const auto& told : gathered.answers) {
        auto answer = protocol::decode_reach_answer(told.body);
        if (answer) reports.push_back({told.member, *std::move(answer)});
    }
    protocol::complete(reports);
    struct Asked {
        std::string name;
        MemberId id;
        std::string status;
    };
    std::vector<Asked> asked;
    const auto add = [&](MemberId id) {
        const protocol::Member* known = membership.find(id);
        if (known == nullptr) return;
        asked.push_back({known->record->name, id, std::string(status_text(known->status))});
    };
    for (const auto& told : gathered.answers) add(told.member);
    for (const MemberId id : gathered.silent) add(id);
    std::ranges::sort(asked, {}, [](const Asked& one) { return std::tie(one.name, one.id); });

    std::map<MemberId, std::string> names;
    for (const Asked& row : asked) {
        names[row.id] = row.name;
        control::ReachabilityView::Member member{id_text(row.id), row.name, row.status};
        const auto found = std::ranges::find(reports, row.id, &protocol::ReachReport::member);
        member.has_answered = found != reports.end();
        if (!member.has_answered) {
            view.members.push_back(std::move(member));
            continue;
        }
        const auto& rows = found->answer.rows;
        for (const Asked& column : asked) {
            const auto cell =
                std::ranges::lower_bound(rows, column.id, {}, &protocol::ReachAnswer::Row::member);
            const bool is_told = cell != rows.end() && cell->member == column.id;
            const Path path = is_told ? cell->path : Path::unknown;
            member.paths += column.id == row.id ? '.' : kMarks[static_cast<std::size_t>(path)];
            if (asked.size() > kRoundTripsMax) continue;
            member.rtt_us.emplace_back();
            if (is_told && cell->round_trip) {
                member.rtt_us.back() = std::chrono::duration_cast<std::chrono::microseconds>(
                                           *cell->round_trip * protocol::kReachStep)
                                           .count();
            }
        }
        view.members.push_back(std::move(member));
    }

    for (const auto& trouble : protocol::troubles_of(reports)) {
        // Of somebody whom others know and we do not.
        if (!names.contains(trouble.from) || !names.contains(trouble.to)) continue;
        const std::string& from = names[trouble.from];
        const std::string& to = names[trouble.to];
        view.troubles.push_back({std::string(name_of(trouble.kind)), id_text(trouble.from), from,
                                 id_text(trouble.to), to, sentence_of(trouble.kind, from, to)});
    }
    return view;
}

}  // namespace grapevine::daemon
