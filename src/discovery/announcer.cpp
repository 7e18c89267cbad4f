#include "discovery/announcer.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace grapevine::discovery {
namespace {

/// p(t) = (t/20)^10.43 for t = 1 to 20. A table, because the power function of two mathematical
/// libraries may differ in the last digit, and a seed would not replay.
constexpr std::array<double, 20> kChances = {
    2.69312893024e-14, 3.71535229097e-11, 2.5505381971e-09,  5.12557809283e-08, 5.25429304064e-07,
    3.51863879497e-06, 1.75642537444e-05, 7.07107932929e-05, 0.000241549709032, 0.000724865024721,
    0.00195876732799,  0.00485419860935,  0.011186296072,    0.0242310680546,   0.0497609859982,
    0.0975502898903,   0.183585930561,    0.333234051574,    0.585675697131,    1};

}  // namespace

Announcer::Announcer(IsMember is_member, std::uint64_t random_seed)
    : is_member_(std::move(is_member)), random_(random_seed) {}

void Announcer::begin(Instant now) {
    if (has_begun_) return;
    has_begun_ = true;
    turn_ = now + within(kFirstWithin);
}

Duration Announcer::within(Duration span) {
    return Duration(
        static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(span.count()))));
}

Instant Announcer::next_turn(Instant now) {
    const Duration step = span_ / static_cast<std::int64_t>(kChances.size());
    // The steps of two members must not coincide: see above.
    const Instant first = now + step - within(step);
    for (std::size_t index = 0; index < kChances.size(); ++index) {
        if (random_.chance(kChances[index])) {
            return first + step * static_cast<std::int64_t>(index);
        }
    }
    return now + span_;
}

void Announcer::company(Instant now, std::size_t others) {
    begin(now);
    const bool was_alone = others_ == 0;
    others_ = others;
    if (was_alone == (others == 0)) return;
    if (others > 0) {
        span_ = kSpan;
        turn_ = next_turn(now);
        return;
    }
    span_ = kAloneSpanFirst;
    turn_ = now + within(kFirstWithin);
    for (Stranger& stranger : strangers_) stranger.due = now;
}

void Announcer::heard(Instant now, MemberId speaker, std::vector<Endpoint> endpoints) {
    if (is_silent_) return;
    begin(now);
    turn_ = next_turn(now);
    if (is_member_(speaker)) {
        answer_ = kNever;  // The stranger has heard it too.
        return;
    }
    Instant due = now;
    if (others_ > 0) {
        answer_ = std::min(answer_, now + within(kAnswerWithin));
        const auto spread =
            kContactSpread * static_cast<std::int64_t>(std::min<std::size_t>(others_, kMembersMax));
        due += within(std::min<Duration>(spread, kContactSpreadMax));
    }
    const auto known = std::ranges::find(strangers_, speaker, &Stranger::member);
    if (known != strangers_.end()) {
        known->endpoints = std::move(endpoints);
        known->due = std::min(known->due, due);
    } else if (strangers_.size() < kDiscoveredMax) {
        strangers_.push_back({speaker, due, std::move(endpoints)});
    }
    contact_due(now);
}

void Announcer::silence() {
    is_silent_ = true;
    strangers_.clear();
}

void Announcer::announce(Instant now) {
    outbox_.push(Announce{});
    answer_ = kNever;
    if (others_ == 0) span_ = std::min<Duration>(span_ * 2, kSpan);
    turn_ = next_turn(now);
}

void Announcer::contact_due(Instant now) {
    if (now < contacts_from_) return;
    const auto soonest = std::ranges::min_element(strangers_, {}, &Stranger::due);
    if (soonest == strangers_.end() || soonest->due > now) return;
    if (!is_member_(soonest->member)) {
        outbox_.push(Contact{soonest->member, std::move(soonest->endpoints)});
        contacts_from_ = now + kContactPause;
    }
    strangers_.erase(soonest);
}

void Announcer::advance(Instant now) {
    if (is_silent_) return;
    begin(now);
    if (now >= std::min(turn_, answer_)) announce(now);
    contact_due(now);
}

std::optional<Announcer::Action> Announcer::poll() {
    return outbox_.pop();
}

Instant Announcer::deadline() const {
    if (is_silent_) return kNever;
    Instant next = std::min(turn_, answer_);
    for (const Stranger& stranger : strangers_) {
        next = std::min(next, std::max(stranger.due, contacts_from_));
    }
    return next;
}

}  // namespace grapevine::discovery
