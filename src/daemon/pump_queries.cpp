// Queries that a native overlay puts to its members, and theirs to us. See pump.hpp.

#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include "base/query_names.hpp"
#include "control/member_filter.hpp"
#include "daemon/config_fingerprint.hpp"
#include "daemon/pump.hpp"
#include "daemon/views.hpp"
#include "overlay/rollout.hpp"
#include "protocol/query/reachability.hpp"
#include "runtime/clock.hpp"

namespace grapevine::daemon {
namespace {

using Telling = protocol::Gather::Telling;

/// What a member found out about its paths longer ago than this it finds out anew.
constexpr std::chrono::milliseconds kReachAge{5000};

bool matches(const control::MemberFilter& filter, const wire::MemberRecord& record) {
    return filter.matches(id_text(record.member), record.name,
                          [&record](std::string_view key) -> std::optional<std::string_view> {
                              const auto found =
                                  std::ranges::find(record.labels, key, &wire::Label::key);
                              if (found == record.labels.end()) return std::nullopt;
                              return found->value;
                          });
}

protocol::QueryReply::State state_of(client::QueryDesk::Verdict verdict) {
    using Verdict = client::QueryDesk::Verdict;
    using State = protocol::QueryReply::State;
    switch (verdict) {
        case Verdict::answered:
            return State::answered;
        case Verdict::not_served:
            return State::not_served;
        case Verdict::abandoned:
            return State::abandoned;
        case Verdict::busy:
            return State::busy;
    }
    return State::not_served;
}

}  // namespace

void Pump::query(std::uint64_t ticket, control::AskQuery wanted, control::QueryTaker take) {
    const auto filter = control::MemberFilter::parse(wanted.filters, "filter");
    if (!filter) return take(std::unexpected(filter.error()));
    std::vector<MemberId> targets;
    std::vector<MemberId> excluded;
    overlay_->node().membership().for_each([&](const protocol::Member& member) {
        const bool is_there =
            member.status == wire::Status::alive || member.status == wire::Status::suspect;
        if (!is_there) return;
        (matches(*filter, *member.record) ? targets : excluded).push_back(member.record->member);
    });
    const Instant now = loop_.now();
    tell_wall(now);
    const std::chrono::milliseconds patience(wanted.patience_ms);
    const bool is_reachability = wanted.name == "reachability";
    Bytes body = is_reachability
                     ? encode(protocol::ReachQuestion{kReachAge, kNobody})
                     : encode(protocol::Query{patience, wanted.name, std::move(wanted.payload)});
    const auto number = overlay_->ask(
        now, targets,
        is_reachability ? protocol::QuestionKind::reachability : protocol::QuestionKind::query,
        std::move(body), patience, Telling::as_they_come);
    if (!number) {
        (void)drain();
        return take(std::unexpected(number.error()));
    }
    queries_.emplace(*number, QueryRun(ticket, std::move(wanted.name), now, std::move(excluded),
                                       std::move(take)));
    (void)drain();
}

void Pump::end_query(std::uint64_t ticket) {
    const auto found = std::ranges::find_if(
        queries_, [ticket](const auto& entry) { return entry.second.ticket() == ticket; });
    if (found == queries_.end()) return;
    const std::uint64_t number = found->first;
    queries_.erase(found);
    overlay_->cancel(loop_.now(), number);
    (void)drain();
}

void Pump::on_answered(const overlay::Overlay::Answered& answered) {
    const auto found = queries_.find(answered.number);
    if (found == queries_.end()) return;
    const protocol::Node& node = overlay_->node();
    found->second.answered(node.membership(), node.wall_zero_us(), answered.answer);
}

bool Pump::on_query_end(const Gathered& gathered) {
    const auto found = queries_.find(gathered.number);
    if (found == queries_.end()) return false;
    QueryRun run = std::move(found->second);
    queries_.erase(found);
    run.ended(loop_.now(), overlay_->node().membership(), gathered.silent);
    return true;
}

// -- Being asked --

void Pump::on_asked(overlay::Overlay::Asked asked) {
    auto query = protocol::decode_query(asked.body);
    // One that breaks a rule draws no answer.
    if (!query) return;
    if (is_built_in_query(query->name)) {
        const bool is_known =
            std::ranges::find(kBuiltInQueries, query->name) != kBuiltInQueries.end();
        return reply(asked.from, asked.number,
                     is_known ? protocol::QueryReply{protocol::QueryReply::State::answered,
                                                     built_in_answer(query->name)}
                              : protocol::QueryReply{protocol::QueryReply::State::not_served, {}});
    }
    if (!sinks_.query) {
        return reply(asked.from, asked.number, {protocol::QueryReply::State::not_served, {}});
    }
    const protocol::Member* from = overlay_->node().membership().find(asked.from);
    sinks_.query({asked.from, asked.number, from != nullptr ? from->record->name : std::string(),
                  std::move(query->name), std::move(query->payload), query->patience});
}

void Pump::answer_query(MemberId to, std::uint64_t number, client::QueryDesk::Verdict verdict,
                        Bytes payload) {
    reply(to, number, {state_of(verdict), std::move(payload)});
}

/// An input of its own, so not within the one that brought the question.
void Pump::reply(MemberId to, std::uint64_t number, const protocol::QueryReply& what) {
    loop_.post([self = self_, to, number, body = encode(what)]() mutable {
        if (*self == nullptr) return;
        Pump& pump = **self;
        pump.overlay_->answer(pump.loop_.now(), to, number, std::move(body));
        (void)pump.drain();
    });
}

/// As JSON, for people and programs alike.
Bytes Pump::built_in_answer(std::string_view name) const {
    const overlay::Settings& settings = overlay_->settings();
    std::string text;
    if (name == "version") {
        text = fmt::format(R"({{"version":"{}","protocol":{}}})", GRAPEVINE_VERSION,
                           overlay_->node().membership().self_record()->protocol_max);
    } else if (name == "keys") {
        std::string ids;
        for (const auto& key : settings.keys) {
            ids += fmt::format("{}{}", ids.empty() ? "" : ",", key.id.value());
        }
        text =
            fmt::format(R"({{"key_ids":[{}],"used":{}}})", ids, settings.keys.front().id.value());
    } else if (name == "clock") {
        text = fmt::format(R"({{"wall_us":{}}})", runtime::wall_microseconds());
    } else {
        text = fmt::format(R"({{"epoch":{},"fingerprint":"{}"}})", overlay_->rollout().running(),
                           config_fingerprint(settings));
    }
    const ByteView bytes = as_bytes(text);
    return {bytes.begin(), bytes.end()};
}

}  // namespace grapevine::daemon
