#include "overlay/summaries.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include "base/checksum.hpp"
#include "base/limits.hpp"
#include "base/overloaded.hpp"
#include "overlay/overlay.hpp"
#include "protocol/state/reserved_keys.hpp"
#include "wire/rules.hpp"

namespace grapevine::overlay {
namespace {

using protocol::Astrolabe;

/// Every so many rounds we speak to somebody from the view, row or no row.
constexpr std::uint32_t kMeetRounds = 8;
constexpr Duration kPatienceMin = std::chrono::seconds(2);
constexpr std::string_view kUnlabelled = "none";
/// What a host says of itself besides its values.
constexpr std::string_view kNameKey = "name";

std::vector<std::string> split(std::string_view path) {
    std::vector<std::string> names;
    while (!path.empty()) {
        const std::size_t end = std::min(path.find('/'), path.size());
        names.emplace_back(path.substr(0, end));
        path.remove_prefix(std::min(end + 1, path.size()));
    }
    return names;
}

Refusal refuse(Refusal::Code code, std::string message, std::string cure, std::string field) {
    return {code, std::move(message), std::move(cure), std::move(field)};
}

/// Of what a host is asked: in seconds, and shorter than it takes for the answer to be old.
Duration patience_of(Duration interval) {
    return std::max(2 * interval, kPatienceMin);
}

}  // namespace

std::vector<protocol::SummaryStatement> held_statements(const protocol::Notices& notices) {
    std::vector<protocol::SummaryStatement> statements;
    for (const wire::SharedNotice& notice : notices.all()) {
        auto statement = protocol::statement_of(*notice);
        if (statement && !statement->sql.empty()) statements.push_back(*std::move(statement));
    }
    std::ranges::sort(statements, {}, &protocol::SummaryStatement::name);
    return statements;
}

Summaries::Summaries(const Settings& settings, const protocol::Membership& membership,
                     std::uint64_t seed)
    : settings_(settings),
      membership_(membership),
      labels_(split(settings.protocol.summary_path)),
      random_(seed) {}

Instant Summaries::deadline() const {
    if (!is_on()) return kNever;
    return zones_ ? zones_->deadline() : Instant{};
}

// -- Ourselves -----------------------------------------------------------------------------------

/// Zones only: the host itself is not in it.
std::vector<std::string> Summaries::path_of(const wire::MemberRecord& record) const {
    std::vector<std::string> path;
    for (const std::string& label : labels_) {
        const auto found = std::ranges::find(record.labels, label, &wire::Label::key);
        const bool is_named = found != record.labels.end() && !found->value.empty();
        path.emplace_back(is_named ? std::string_view(found->value) : kUnlabelled);
    }
    return path;
}

Bytes Summaries::attributes(const protocol::Node& node) const {
    protocol::ZoneAttributes all;
    if (const protocol::Record* record = node.records().find(membership_.self())) {
        for (const auto& [key, item] : record->items) {
            if (!item.is_tombstone && !protocol::is_reserved_key(key)) all[key] = item.value;
        }
    }
    for (const auto& [key, value] : own_) all[key] = value;
    all.insert_or_assign(std::string(kNameKey), membership_.self_record()->name);
    return protocol::encode_attributes(all);
}

Outcome<void> Summaries::set_own(std::string_view key, std::string_view value) {
    using Code = Refusal::Code;
    if (!is_on()) {
        return std::unexpected(refuse(Code::conflict, "this overlay has no summaries",
                                      "set summary_path, such as \"region/dc\"", "overlay"));
    }
    if (key.empty() || key.size() > kSummaryKeyBytesMax || !wire::is_plain(key) ||
        protocol::is_reserved_key(key) || key == kNameKey) {
        return std::unexpected(
            refuse(Code::invalid, "no such key can be set",
                   fmt::format("write 1 to {} bytes without control characters, not \"{}\" and not "
                               "beginning with \"{}\"",
                               kSummaryKeyBytesMax, kNameKey, protocol::kReservedPrefix),
                   "key"));
    }
    if (value.size() > kSummaryValueBytesMax) {
        return std::unexpected(
            refuse(Code::over_limit, fmt::format("the value has {} bytes", value.size()),
                   fmt::format("write {} at most", kSummaryValueBytesMax), "value"));
    }
    const auto found = own_.find(key);
    if (found == own_.end() && own_.size() >= kSummaryOwnMax) {
        return std::unexpected(refuse(Code::over_limit,
                                      fmt::format("there are {} such keys", kSummaryOwnMax),
                                      "remove one: grapevine summary unset KEY", "key"));
    }
    own_.insert_or_assign(std::string(key), std::string(value));
    return {};
}

Outcome<void> Summaries::erase_own(std::string_view key) {
    const auto found = own_.find(key);
    if (found == own_.end()) {
        return std::unexpected(refuse(Refusal::Code::not_found, "no such key is set",
                                      "see those that are: grapevine summary", "key"));
    }
    own_.erase(found);
    return {};
}

// -- Statements ----------------------------------------------------------------------------------

Outcome<wire::Notice> Summaries::make_notice(protocol::SummaryStatement statement,
                                             const protocol::Node& node) const {
    using Code = Refusal::Code;
    const bool is_name_good = !statement.name.empty() && wire::is_plain(statement.name) &&
                              statement.name.size() <= kNoticeNameBytesMax;
    if (!is_name_good) {
        return std::unexpected(refuse(
            Code::invalid, "no such name can be given",
            fmt::format("write 1 to {} bytes without control characters", kNoticeNameBytesMax),
            "name"));
    }
    if (statement.sql.size() > kSummarySqlBytesMax) {
        return std::unexpected(refuse(
            Code::over_limit, fmt::format("the statement has {} bytes", statement.sql.size()),
            fmt::format("write {} at most, or two statements", kSummarySqlBytesMax), "sql"));
    }
    const auto held = held_statements(node.notices());
    const bool is_known =
        std::ranges::find(held, statement.name, &protocol::SummaryStatement::name) != held.end();
    if (statement.sql.empty() && !is_known) {
        return std::unexpected(refuse(Code::not_found, "there is no such statement",
                                      "see those that there are: grapevine summary", "name"));
    }
    if (!is_known && held.size() >= kSummaryStatementsMax) {
        return std::unexpected(refuse(Code::over_limit,
                                      fmt::format("there are {} statements", kSummaryStatementsMax),
                                      "remove one: grapevine summary remove NAME", "name"));
    }
    statement.epoch = node.notices().next_epoch(wire::NoticeKind::summary, statement.name);
    return protocol::notice_of(statement);
}

/// True if others are to be run than before.
bool Summaries::find_statements(Instant now, const protocol::Node& node) {
    auto found = held_statements(node.notices());
    const auto wall = node.moment(now).unix_ms;
    std::erase_if(found, [&](const protocol::SummaryStatement& statement) {
        return statement.expires.unix_ms != 0 &&
               wall >= static_cast<std::uint64_t>(statement.expires.unix_ms);
    });
    if (found.size() > kSummaryStatementsMax) found.resize(kSummaryStatementsMax);
    if (found == statements_) return false;
    statements_ = std::move(found);
    return true;
}

// -- Rounds --------------------------------------------------------------------------------------

void Summaries::build(Instant now, const protocol::Node& node) {
    Astrolabe::Config config;
    config.path = path_of(*membership_.self_record());
    config.path.push_back(fmt::format("{:016x}", membership_.self().value()));
    if (zones_ && zones_->path() == config.path) return;
    config.round = settings_.protocol.summary_interval;
    config.clock_zero = std::chrono::milliseconds(node.moment(now).unix_ms) -
                        std::chrono::floor<std::chrono::milliseconds>(now.time_since_epoch());
    config.is_gone = [this](MemberId member) {
        const protocol::Member* known = membership_.find(member);
        return known == nullptr ||
               (known->status != wire::Status::alive && known->status != wire::Status::suspect);
    };
    zones_.emplace(
        membership_.self(), std::move(config),
        [this](std::size_t level, const std::vector<protocol::SharedRow>& rows) {
            if (!settings_.summarise) return std::optional(protocol::encode_attributes({}));
            return settings_.summarise(level, statements_, rows);
        },
        random_.next());
    told_.clear();
}

void Summaries::advance(Instant now, protocol::Node& node) {
    if (!is_on() || now < deadline()) return;
    const bool is_changed = find_statements(now, node);
    build(now, node);
    Bytes saying = attributes(node);
    if (is_changed || saying != told_) {
        told_ = saying;
        zones_->set_attributes(now, std::move(saying));
    }
    meet_somebody();
    zones_->advance(now);
    drain(now, node, std::nullopt);
}

void Summaries::meet_somebody() {
    const bool is_time = ++rounds_ % kMeetRounds == 0;
    const auto is_wanted = [&](std::size_t level) {
        return zones_->speaks_at(level) && (is_time || zones_->table(level).size() < 2);
    };
    std::vector<std::size_t> wanted;
    for (std::size_t level = 1; level <= zones_->depth(); ++level) {
        if (is_wanted(level)) wanted.push_back(level);
    }
    if (wanted.empty()) return;
    // Of each level one, drawn from all of them as they pass.
    std::vector<MemberId> drawn(zones_->depth() + 1, kNobody);
    std::vector<std::size_t> seen(zones_->depth() + 1, 0);
    membership_.for_each([&](const protocol::Member& member) {
        const wire::MemberRecord& record = *member.record;
        if (member.status != wire::Status::alive || record.member == membership_.self()) return;
        const auto theirs = path_of(record);
        const auto [differs, end] = std::ranges::mismatch(theirs, zones_->path());
        const auto level = static_cast<std::size_t>(differs - theirs.begin()) + 1;
        if (random_.below(++seen[level]) == 0) drawn[level] = record.member;
    });
    for (const std::size_t level : wanted) {
        if (drawn[level] != kNobody) zones_->meet(level, drawn[level]);
    }
}

// -- Conversations -------------------------------------------------------------------------------

bool Summaries::handle(Instant now, protocol::Node& node, const protocol::Gather::Asked& asked) {
    const auto kind = static_cast<protocol::QuestionKind>(asked.kind);
    const bool is_offer = kind == protocol::QuestionKind::zone_offer;
    if (!is_offer && kind != protocol::QuestionKind::zone_rows) return false;
    if (!zones_) return true;
    std::optional<Astrolabe::Message> message;
    if (is_offer) {
        if (auto offer = protocol::decode_offer(asked.body)) message = *offer;
    } else if (auto want = protocol::decode_want(asked.body)) {
        message = *std::move(want);
    }
    if (!message) {
        ++counters_.malformed;
        return true;
    }
    zones_->handle(now, asked.from, *message);
    drain(now, node, Answering{asked.from, asked.number});
    return true;
}

bool Summaries::handle(Instant now, protocol::Node& node,
                       const protocol::Gather::Gathered& gathered) {
    if (talks_.erase(gathered.number) == 0) return false;
    if (gathered.answers.empty() || !zones_) return true;
    const auto& answer = gathered.answers.front();
    std::optional<Astrolabe::Message> message;
    if (static_cast<protocol::QuestionKind>(gathered.kind) == protocol::QuestionKind::zone_offer) {
        if (auto digests = protocol::decode_digests(answer.body)) message = *std::move(digests);
    } else if (auto rows = protocol::decode_rows(answer.body)) {
        message = *std::move(rows);
    }
    if (!message) {
        ++counters_.malformed;
        return true;
    }
    zones_->handle(now, answer.member, *message);
    drain(now, node, std::nullopt);
    return true;
}

void Summaries::drain(Instant now, protocol::Node& node, std::optional<Answering> answering) {
    using protocol::QuestionKind;
    const auto answer = [&](Bytes body) {
        if (!answering) return;
        counters_.bytes_sent += body.size();
        node.answer(now, answering->to, answering->number, std::move(body));
    };
    while (auto action = zones_->poll()) {
        const auto& send = std::get<Astrolabe::Send>(*action);
        std::visit(Overloaded{
                       [&](const Astrolabe::Offer& offer) {
                           ask(now, node, send.to, QuestionKind::zone_offer,
                               protocol::encode_offer(offer));
                       },
                       [&](const Astrolabe::Want& want) {
                           ask(now, node, send.to, QuestionKind::zone_rows,
                               protocol::encode_want(want));
                       },
                       [&](const Astrolabe::Digests& digests) {
                           answer(protocol::encode_digests(digests));
                       },
                       [&](const Astrolabe::Rows& rows) { answer(protocol::encode_rows(rows)); },
                   },
                   send.message);
    }
}

void Summaries::ask(Instant now, protocol::Node& node, MemberId to, protocol::QuestionKind kind,
                    Bytes body) {
    const std::size_t bytes = body.size();
    const Duration patience = patience_of(settings_.protocol.summary_interval);
    std::optional<std::uint64_t> number;
    if (talks_.size() < kSummaryTalksMax) {
        if (auto asked = node.ask(now, {to}, kind, std::move(body), patience)) number = *asked;
    }
    if (!number) {
        ++counters_.passed_over;
        return;
    }
    ++counters_.talks;
    counters_.bytes_sent += bytes;
    talks_.insert(*number);
}

}  // namespace grapevine::overlay
