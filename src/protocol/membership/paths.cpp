#include "protocol/membership/paths.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace grapevine::protocol {
namespace {

constexpr std::uint8_t kBadToBlame = 2;
constexpr std::uint8_t kGoodToClear = 2;
/// Between two examinations of a member in trouble, and after the first bad one.
constexpr Duration kInterval = std::chrono::seconds(5);
constexpr Duration kSecondOpinion = std::chrono::seconds(1);
/// What was heard or relayed longer ago than this says nothing of today. Several intervals,
/// because the other side examines us as often as we do it.
constexpr Duration kEvidenceLife = std::chrono::seconds(30);
/// A member that we believe dead may go on speaking for so long: its refutation is on its way.
constexpr Duration kAfterlife = std::chrono::seconds(3);

bool is_recent(Instant now, Instant what, Duration life) {
    return what != kNever && now - what < life;
}

}  // namespace

std::string_view to_string(Path path) {
    return kPathNames.at(static_cast<std::size_t>(path));
}

Paths::Paths(MemberId self, const ProtocolConfig& config, const Peers& peers, std::uint64_t seed)
    : self_(self),
      gap_(config.ping_timeout / 2),
      patience_(config.ping_timeout),
      lateness_max_(config.lateness_max),
      peers_(peers),
      random_(seed) {}

void Paths::configure(const ProtocolConfig& config) {
    gap_ = config.ping_timeout / 2;
    patience_ = config.ping_timeout;
    lateness_max_ = config.lateness_max;
}

// -- The table -----------------------------------------------------------------------------------

Paths::Entry* Paths::find(MemberId member) {
    const auto found = std::ranges::lower_bound(entries_, member, {}, &Entry::member);
    return found == entries_.end() || found->member != member ? nullptr : &*found;
}

const Paths::Entry* Paths::find(MemberId member) const {
    const auto found = std::ranges::lower_bound(entries_, member, {}, &Entry::member);
    return found == entries_.end() || found->member != member ? nullptr : &*found;
}

Paths::Entry& Paths::entry(Instant now, MemberId member) {
    auto found = std::ranges::lower_bound(entries_, member, {}, &Entry::member);
    if (found == entries_.end() || found->member != member) {
        if (entries_.size() >= kPathsMax) {
            // Trouble is kept rather than health, and the fresh rather than the old.
            const auto displaced =
                std::ranges::min_element(entries_, {}, [](const Entry& candidate) {
                    return std::pair(!candidate.is_healthy(), candidate.touched);
                });
            entries_.erase(displaced);
            found = std::ranges::lower_bound(entries_, member, {}, &Entry::member);
        }
        Entry fresh;
        fresh.member = member;
        found = entries_.insert(found, fresh);
    }
    found->touched = now;
    return *found;
}

Paths::Known Paths::of(Instant now, MemberId member) const {
    const Entry* known = find(member);
    if (known == nullptr) return {};
    const bool is_examined = !known->is_gone && known->checked != Instant{};
    if (!is_examined) return {known->path, known->path, known->checked};
    return {known->path, known->bad == 0 ? Path::both : trouble_of(now, *known), known->checked};
}

std::vector<MemberId> Paths::troubled() const {
    std::vector<MemberId> members;
    for (const Entry& known : entries_) {
        if (known.path == Path::both || known.path == Path::unknown) continue;
        if (known.is_gone && known.path == Path::none) continue;
        members.push_back(known.member);
    }
    return members;
}

// -- Evidence ------------------------------------------------------------------------------------

void Paths::heard(Instant now, MemberId member) {
    Entry* known = find(member);
    if (known == nullptr) return;
    // Of the dead it counts for how long they have been speaking without coming back.
    if (known->is_gone && !is_recent(now, known->heard, kEvidenceLife)) known->since = now;
    known->heard = now;
    known->touched = now;
    // Of the living the next examination decides: where a link has just healed, it answers.
    if (known->is_gone && now - known->since > kAfterlife) change(*known, Path::in_only);
}

void Paths::answered(Instant now, MemberId member) {
    if (member == self_) return;
    good(now, entry(now, member));
}

void Paths::relayed(Instant now, MemberId member) {
    if (member == self_) return;
    Entry& known = entry(now, member);
    known.relayed = now;
    if (known.bad >= kBadToBlame) classify(now, known);
    if (known.due == kNever && !known.is_gone) examine(now, member, Duration::zero());
}

void Paths::missed(Instant now, MemberId member) {
    if (member == self_) return;
    Entry& known = entry(now, member);
    // Most likely it is dead, and `gone` within this time.
    if (known.due != kNever || known.is_gone) return;
    known.due = now + kSecondOpinion;
    schedule(known);
}

void Paths::gone(Instant now, MemberId member) {
    std::erase_if(examinations_, [&](const Examination& one) { return one.member == member; });
    std::erase(waiting_, member);
    Entry& known = entry(now, member);
    known.is_gone = true;
    known.heard = kNever;
    known.due = kNever;
    known.path = Path::none;
    known.checked = now;
}

void Paths::forget(MemberId member) {
    std::erase_if(examinations_, [&](const Examination& one) { return one.member == member; });
    std::erase(waiting_, member);
    std::erase(near_, member);
    std::erase_if(entries_, [&](const Entry& known) { return known.member == member; });
}

void Paths::good(Instant now, Entry& known) {
    if (known.is_gone) return;
    known.heard = now;
    known.bad = 0;
    known.checked = now;
    if (known.path == Path::unknown) {
        known.path = Path::both;
    } else if (known.path != Path::both && ++known.good >= kGoodToClear) {
        change(known, Path::both);
    }
    if (known.path == Path::both) {
        known.good = 0;
        known.due = kNever;
    } else {
        known.due = now + kSecondOpinion;
        schedule(known);
    }
}

Path Paths::trouble_of(Instant now, const Entry& known) {
    if (is_recent(now, known.heard, kEvidenceLife) && known.heard > known.since) {
        return Path::in_only;
    }
    if (is_recent(now, known.relayed, kEvidenceLife)) return Path::relayed;
    return Path::none;
}

void Paths::classify(Instant now, Entry& known) {
    change(known, trouble_of(now, known));
}

void Paths::change(Entry& known, Path path) {
    if (known.path == path) return;
    known.path = path;
    ++counters_.changes;
    outbox_.push_back(Changed{known.member, path});
}

void Paths::schedule(const Entry& known) {
    next_due_ = std::min(next_due_, known.due);
}

// -- Examinations --------------------------------------------------------------------------------

bool Paths::is_examining(MemberId member) const {
    const auto is_of = [&](const Examination& one) { return one.member == member; };
    return std::ranges::any_of(examinations_, is_of) ||
           std::ranges::find(waiting_, member) != waiting_.end();
}

void Paths::examine(Instant now, MemberId member, Duration age_max) {
    if (member == self_ || is_examining(member)) return;
    Entry& known = entry(now, member);
    if (known.is_gone) return;
    if (known.path != Path::unknown && now - known.checked < age_max) return;
    if (waiting_.size() >= kPathsMax) return;
    known.due = kNever;
    waiting_.push_back(member);
    begin_waiting(now);
}

void Paths::begin_waiting(Instant now) {
    while (!waiting_.empty() && examinations_.size() < kExaminationsMax) {
        const MemberId member = waiting_.front();
        waiting_.pop_front();
        begin(now, member);
    }
}

void Paths::begin(Instant now, MemberId member) {
    Examination examination;
    examination.member = member;
    examination.first = next_sequence_;
    examination.began = now;
    next_sequence_ += kSequencesEach;
    if (next_sequence_ >= kSequencesEnd) next_sequence_ = kSequencesFrom;
    ++counters_.examinations;
    send_next(now, examination);
    examinations_.push_back(examination);
}

void Paths::send_next(Instant now, Examination& examination) {
    const std::uint32_t at = examination.sent;
    examination.sent_at[at] = now;
    ++examination.sent;
    outbox_.push_back(
        SendProbe{examination.member, wire::Ping{ProbeSequence(examination.first + at), {}}});
    examination.due = now + (examination.sent == kPings ? patience_ : gap_);
    // Helpers are asked when the first ping had its time: a healthy examination is one ping.
    if (at != 2 && at != 4) return;
    std::vector<MemberId> helpers;
    if (at == 2 && !near_.empty()) helpers = {near_[random_.below(near_.size())]};
    if (helpers.empty() || helpers.front() == examination.member) {
        helpers = peers_.pick(random_, 1, examination.member);
    }
    for (const MemberId helper : helpers) {
        const ProbeSequence sequence(examination.first + kPings + at);
        outbox_.push_back(SendProbe{helper, wire::PingReq{sequence, examination.member}});
    }
}

void Paths::finish_bad(Instant now, const Examination& examination) {
    ++counters_.examinations_bad;
    Entry& known = entry(now, examination.member);
    known.good = 0;
    known.checked = now;
    if (examination.is_relayed) known.relayed = now;
    if (known.bad == 0 && known.path != Path::in_only) known.since = examination.began;
    if (known.bad < kBadToBlame) ++known.bad;
    if (known.bad >= kBadToBlame) classify(now, known);
    // A little chance, so that two that examine each other do not do so in step.
    const Duration pause = known.bad < kBadToBlame ? kSecondOpinion : kInterval;
    known.due = now + std::chrono::duration_cast<Duration>(pause * (0.75 + random_.unit() / 2));
    schedule(known);
}

void Paths::handle(Instant now, MemberId from, const ProbeMessage& message) {
    const auto* ack = std::get_if<wire::Ack>(&message);
    if (ack == nullptr) return;
    const std::uint32_t sequence = ack->sequence.value();
    const auto found = std::ranges::find_if(examinations_, [&](const Examination& one) {
        return sequence - one.first < kSequencesEach;
    });
    if (found == examinations_.end()) return;
    const std::uint32_t at = sequence - found->first;
    if (at >= kPings) {
        if (from != found->member) found->is_relayed = true;
        return;
    }
    if (from != found->member || at >= found->sent) return;
    outbox_.push_back(Measured{from, now - found->sent_at[at]});
    examinations_.erase(found);
    good(now, entry(now, from));
    begin_waiting(now);
}

// -- The wheel -----------------------------------------------------------------------------------

void Paths::advance(Instant now) {
    for (std::size_t at = 0; at < examinations_.size();) {
        Examination& examination = examinations_[at];
        if (examination.due > now) {
            ++at;
            continue;
        }
        if (now - examination.due > lateness_max_) {
            // It is we who slept; the answers may be waiting in our socket.
            examination.sent = 0;
        }
        if (examination.sent < kPings) {
            send_next(now, examination);
            ++at;
            continue;
        }
        const Examination ended = examination;
        examinations_.erase(examinations_.begin() + static_cast<std::ptrdiff_t>(at));
        finish_bad(now, ended);
    }
    begin_waiting(now);
    if (now < next_due_) return;
    std::vector<MemberId> due;
    next_due_ = kNever;
    for (Entry& known : entries_) {
        if (known.due <= now) {
            due.push_back(known.member);
            known.due = now + kInterval;  // In case that there is no room for it now.
        }
        next_due_ = std::min(next_due_, known.due);
    }
    for (const MemberId member : due) examine(now, member, Duration::zero());
}

std::optional<Paths::Action> Paths::poll() {
    if (outbox_.empty()) return std::nullopt;
    Action action = std::move(outbox_.front());
    outbox_.pop_front();
    return action;
}

Instant Paths::deadline() const {
    // A place that has become free by a `forget`, which is not told the time.
    if (!waiting_.empty() && examinations_.size() < kExaminationsMax) return Instant{};
    Instant due = next_due_;
    for (const Examination& examination : examinations_) due = std::min(due, examination.due);
    return due;
}

void Paths::check_invariants() const {
    assert(entries_.size() <= kPathsMax);
    assert(examinations_.size() <= kExaminationsMax);
    for (std::size_t at = 0; at < entries_.size(); ++at) {
        assert(entries_[at].member != self_);
        assert(at == 0 || entries_[at - 1].member < entries_[at].member);
        assert(entries_[at].due == kNever || entries_[at].due >= next_due_);
    }
}

}  // namespace grapevine::protocol
