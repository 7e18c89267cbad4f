#include "protocol/aggregate/astrolabe.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "base/checksum.hpp"
#include "base/overloaded.hpp"

namespace grapevine::protocol {

Astrolabe::Astrolabe(MemberId self, Config config, Evaluate evaluate, std::uint64_t seed)
    : self_(self), config_(std::move(config)), evaluate_(std::move(evaluate)), random_(seed) {
    assert(!config_.path.empty() && config_.path.size() <= kLevelsMax);
    assert(std::ranges::none_of(config_.path, &std::string::empty));
    assert(config_.representatives >= 1);
    tables_.resize(config_.path.size());
    issue(Instant{});
}

void Astrolabe::set_attributes(Instant now, Bytes attributes) {
    assert(attributes.size() <= kAttributesBytesMax);
    attributes_ = std::move(attributes);
    issue(now);
}

std::uint64_t Astrolabe::clock(Instant now) const {
    const Duration since = now.time_since_epoch() + config_.clock_zero;
    return static_cast<std::uint64_t>(std::max<Duration::rep>(since.count(), 0));
}

/// Nothing newer has come for so long that what it summarises must be gone.
bool Astrolabe::is_over(Instant now, std::size_t level, const ZoneRow& row) const {
    const auto height = static_cast<std::int64_t>(depth() - level + 1);
    const Duration life = config_.round * config_.fail_rounds * height;
    return row.issue.newest + static_cast<std::uint64_t>(life.count()) <= clock(now);
}

/// Our own row, as of now. Times climb even if the clock does not.
void Astrolabe::issue(Instant now) {
    last_issue_ = std::max(last_issue_ + 1, clock(now));
    rounds_until_refresh_ = config_.refresh_rounds;
    ZoneRow row{own_name(depth()), {last_issue_, last_issue_}, attributes_, 1, {self_}};
    at(depth())[row.name] = std::make_shared<const ZoneRow>(row);
    summarise(depth());
}

/// Of hosts, whoever watches them knows sooner than their rows.
bool Astrolabe::is_gone(std::size_t level, const ZoneRow& row) const {
    return level == depth() && config_.is_gone && config_.is_gone(row.representatives.front());
}

Duration Astrolabe::age(Instant now, const ZoneRow& row) const {
    const std::uint64_t here = clock(now);
    return Duration(static_cast<Duration::rep>(here - std::min(here, row.issue.newest)));
}

// -- Tables --

/// Of ourselves nobody else can say anything.
bool Astrolabe::is_ours(std::size_t level, const std::string& name) const {
    return level == depth() && name == own_name(level);
}

bool Astrolabe::put(Instant now, std::size_t level, SharedRow row) {
    const bool is_placed = level >= 1 && level <= depth() && row != nullptr &&
                           !row->representatives.empty() &&
                           row->attributes.size() <= kAttributesBytesMax;
    constexpr Duration kAheadMax = std::chrono::milliseconds(kClockAheadMaxMs);
    const auto latest = clock(now) + static_cast<std::uint64_t>(kAheadMax.count());
    if (!is_placed || row->issue.newest > latest) {
        ++counters_.refused;
        return false;
    }
    if (is_ours(level, row->name)) return false;
    if (is_over(now, level, *row) || is_gone(level, *row)) return false;
    Table& table = at(level);
    const auto found = table.find(row->name);
    if (found == table.end()) {
        if (table.size() >= kRowsMax) {
            ++counters_.refused;
            return false;
        }
        table.emplace(row->name, std::move(row));
        return true;
    }
    if (row->issue <= found->second->issue) return false;
    found->second = std::move(row);
    return true;
}

void Astrolabe::learn(Instant now, std::size_t level, SharedRow row) {
    if (put(now, level, std::move(row))) summarise(level);
}

std::vector<SharedRow> Astrolabe::table(std::size_t level) const {
    std::vector<SharedRow> rows;
    rows.reserve(at(level).size());
    for (const auto& [name, row] : at(level)) rows.push_back(row);
    return rows;
}

SharedRow Astrolabe::row(std::size_t level, const std::string& name) const {
    const auto found = at(level).find(name);
    return found == at(level).end() ? nullptr : found->second;
}

std::size_t Astrolabe::row_count() const {
    std::size_t count = 0;
    for (const Table& table : tables_) count += table.size();
    return count;
}

bool Astrolabe::represents(std::size_t level) const {
    const SharedRow own = row(level, own_name(level));
    return own != nullptr &&
           std::ranges::find(own->representatives, self_) != own->representatives.end();
}

// -- Summaries --

/// The row of our zone in the table above `level`, from the rows of `level`.
SharedRow Astrolabe::summary(std::size_t level) {
    const std::vector<SharedRow> rows = table(level);
    ++counters_.evaluated;
    auto attributes = evaluate_(level, rows);
    if (!attributes || attributes->size() > kAttributesBytesMax) {
        ++counters_.failed;
        return nullptr;
    }
    ZoneRow made;
    made.name = own_name(level - 1);
    made.attributes = *std::move(attributes);
    for (const SharedRow& part : rows) {
        made.issue.newest = std::max(made.issue.newest, part->issue.newest);
        made.issue.sum += part->issue.sum;
        made.members += part->members;
        made.representatives.insert(made.representatives.end(), part->representatives.begin(),
                                    part->representatives.end());
    }
    // First by a hash: for everybody the same, and not always those with the lowest ids.
    std::ranges::sort(made.representatives, {},
                      [](MemberId member) { return std::pair(mix64(member.value()), member); });
    const auto [first, last] = std::ranges::unique(made.representatives);
    made.representatives.erase(first, last);
    if (made.representatives.size() > config_.representatives) {
        made.representatives.resize(config_.representatives);
    }
    return std::make_shared<const ZoneRow>(std::move(made));
}

void Astrolabe::summarise(std::size_t from_level) {
    for (std::size_t level = from_level; level > 1; --level) {
        SharedRow made = summary(level);
        if (made == nullptr) continue;
        SharedRow& own = at(level - 1)[own_name(level - 1)];
        // What came from a sibling that knows more stays.
        if (own != nullptr && made->issue <= own->issue) continue;
        own = std::move(made);
    }
}

void Astrolabe::expire(Instant now) {
    for (std::size_t level = depth(); level >= 1; --level) {
        const std::size_t gone = std::erase_if(at(level), [&](const auto& entry) {
            return entry.first != own_name(level) &&
                   (is_over(now, level, *entry.second) || is_gone(level, *entry.second));
        });
        counters_.expired += gone;
        if (gone == 0 || level == 1) continue;
        // Without them nothing newer may come for a while: the summary is made of those that are
        // left, however old.
        if (SharedRow made = summary(level)) at(level - 1)[own_name(level - 1)] = std::move(made);
    }
}

// -- Rounds --

void Astrolabe::advance(Instant now) {
    if (now < next_round_) return;
    next_round_ = now + config_.round;
    expire(now);
    if (rounds_until_refresh_ == 0) {
        issue(now);
    } else {
        --rounds_until_refresh_;
        summarise(stale_from_);
    }
    stale_from_ = 0;
    for (std::size_t level = depth(); level >= 1; --level) {
        if (speaks_at(level)) exchange(level);
    }
}

void Astrolabe::exchange(std::size_t level) {
    const Table& table = at(level);
    if (table.size() < 2) return;
    std::size_t drawn = random_.below(table.size() - 1);
    auto partner = table.begin();
    // The drawn one of those that are not ours.
    for (;; ++partner) {
        if (partner->first == own_name(level)) continue;
        if (drawn-- == 0) break;
    }
    const auto& contacts = partner->second->representatives;
    meet(level, contacts[random_.below(contacts.size())]);
}

void Astrolabe::meet(std::size_t level, MemberId member) {
    if (member == self_) return;
    ++counters_.exchanges;
    outbox_.push(Send{member, Offer{level, fingerprint(level), false}});
}

std::uint64_t Astrolabe::fingerprint(std::size_t level) const {
    std::uint64_t sum = 0;
    for (std::size_t each = 1; each <= level; ++each) {
        for (const auto& [name, row] : at(each)) {
            const std::uint64_t place = mix64(fnv1a(as_bytes(name)) + each);
            sum += mix64(mix64(place + row->issue.newest) + row->issue.sum);
        }
    }
    return sum;
}

void Astrolabe::handle(Instant now, MemberId from, const Message& message) {
    std::visit(Overloaded{
                   [&](const Offer& offer) { answer(from, offer); },
                   [&](const Digests& digests) { compare(from, digests); },
                   [&](const Want& want) { give(from, want); },
                   [&](const Rows& rows) { take(now, rows); },
               },
               message);
}

void Astrolabe::answer(MemberId from, const Offer& offer) {
    if (offer.level < 1 || offer.level > depth()) return;
    Digests ours{offer.level, {}};
    const bool is_equal = fingerprint(offer.level) == offer.fingerprint;
    for (std::size_t level = 1; level <= offer.level && !is_equal; ++level) {
        for (const auto& [name, row] : at(level)) ours.rows.push_back({level, name, row->issue});
    }
    outbox_.push(Send{from, std::move(ours)});
    if (is_equal || offer.is_reply) return;
    outbox_.push(Send{from, Offer{offer.level, fingerprint(offer.level), true}});
}

void Astrolabe::compare(MemberId from, const Digests& theirs) {
    Want want;
    for (const Digest& digest : theirs.rows) {
        if (digest.level < 1 || digest.level > depth()) continue;
        if (is_ours(digest.level, digest.name)) continue;
        const SharedRow ours = row(digest.level, digest.name);
        if (ours != nullptr && ours->issue >= digest.issue) continue;
        want.rows.push_back({digest.level, digest.name});
    }
    if (want.rows.empty()) return;
    // Where not all of them fit, it is not always the same that come late.
    const auto first = static_cast<std::ptrdiff_t>(random_.below(want.rows.size()));
    std::ranges::rotate(want.rows, want.rows.begin() + first);
    outbox_.push(Send{from, std::move(want)});
}

void Astrolabe::give(MemberId from, const Want& want) {
    Rows rows;
    for (const RowName& wanted : want.rows) {
        if (wanted.level < 1 || wanted.level > depth()) continue;
        if (SharedRow ours = row(wanted.level, wanted.name)) {
            rows.rows.push_back({wanted.level, std::move(ours)});
        }
    }
    outbox_.push(Send{from, std::move(rows)});
}

/// The summaries are made in the next round: a statement for each message would be dear.
void Astrolabe::take(Instant now, const Rows& rows) {
    for (const LeveledRow& each : rows.rows) {
        if (put(now, each.level, each.row)) stale_from_ = std::max(stale_from_, each.level);
    }
}

void Astrolabe::check_invariants() const {
    assert(at(depth()).contains(own_name(depth())));
    for (std::size_t level = 1; level <= depth(); ++level) {
        assert(at(level).size() <= kRowsMax);
        for (const auto& [name, row] : at(level)) {
            assert(row != nullptr && row->name == name);
            assert(!row->representatives.empty());
        }
    }
}

}  // namespace grapevine::protocol
