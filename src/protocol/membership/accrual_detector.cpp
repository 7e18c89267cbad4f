#include "protocol/membership/accrual_detector.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

namespace grapevine::protocol {

namespace {

constexpr std::uint32_t kOurs = 1U << 31U;

/// Where a member stands on a ring: splitmix64's finish, so that neighbours on one are strangers on
/// the next.
std::uint64_t place_on(std::size_t ring, MemberId member) {
    std::uint64_t z = member.value() + (ring + 1) * 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

/// Akka's guess: the interval, with a quarter of it as deviation.
void begin_with_a_guess(ArrivalWindow& window, Duration interval) {
    window.add(interval - interval / 4);
    window.add(interval + interval / 4);
}

}  // namespace

AccrualDetector::AccrualDetector(MemberId self, const ProtocolConfig& config, std::uint64_t seed)
    : self_(self),
      config_(config),
      deviations_(phi_normal_deviations(config.phi_threshold)),
      random_(seed),
      courtesies_(self, config, random_.next(), Swim::Rounds::off),
      next_(config.phi_monitors, kNobody) {
    assert(self != kNobody);
    assert(config.phi_interval > Duration::zero());
    assert(config.phi_deviation_min > Duration::zero());
    assert(config.phi_monitors > 0 && config.phi_window > 1);
}

void AccrualDetector::configure(const ProtocolConfig& config) {
    assert(config.phi_interval > Duration::zero() && config.phi_monitors > 0);
    const bool is_paced_anew = config.phi_interval != config_.phi_interval;
    config_ = config;
    deviations_ = phi_normal_deviations(config.phi_threshold);
    courtesies_.configure(config);
    next_.assign(config.phi_monitors, kNobody);
    for (const MemberId member : courtesies_.members()) follow(member);
    // What was learned of another pace would accuse everybody, or nobody.
    if (is_paced_anew) watches_.clear();
    update_watches();
}

// -- Whom we watch -------------------------------------------------------------------------------

std::uint64_t AccrualDetector::distance_to(MemberId member, std::size_t ring) const {
    return place_on(ring, member) - place_on(ring, self_);  // Around the end, if need be.
}

void AccrualDetector::add(MemberId member) {
    if (member == self_ || member == kNobody) return;
    const std::size_t count = courtesies_.member_count();
    courtesies_.add(member);
    if (courtesies_.member_count() == count) return;
    if (follow(member)) update_watches();
}

bool AccrualDetector::follow(MemberId member) {
    bool is_next = false;
    for (std::size_t ring = 0; ring < next_.size(); ++ring) {
        MemberId& next = next_[ring];
        if (next != kNobody && distance_to(next, ring) <= distance_to(member, ring)) continue;
        next = member;
        is_next = true;
    }
    return is_next;
}

void AccrualDetector::remove(MemberId member) {
    courtesies_.remove(member);
    bool was_next = false;
    for (std::size_t ring = 0; ring < next_.size(); ++ring) {
        if (next_[ring] != member) continue;
        was_next = true;
        next_[ring] = kNobody;
        for (const MemberId candidate : courtesies_.members()) {
            MemberId& next = next_[ring];
            if (next == kNobody || distance_to(candidate, ring) < distance_to(next, ring)) {
                next = candidate;
            }
        }
    }
    if (was_next) update_watches();
}

void AccrualDetector::update_watches() {
    std::erase_if(watches_, [this](const Watch& watch) {
        return std::ranges::find(next_, watch.member) == next_.end();
    });
    for (const MemberId member : next_) {
        const bool is_watched =
            std::ranges::find(watches_, member, &Watch::member) != watches_.end();
        if (member == kNobody || is_watched) continue;
        Watch watch{.member = member, .window = ArrivalWindow(config_.phi_window)};
        watch.ping_at = kNever;
        begin_with_a_guess(watch.window, config_.phi_interval);
        watches_.push_back(std::move(watch));
        has_new_ = true;
    }
}

std::vector<MemberId> AccrualDetector::watched() const {
    std::vector<MemberId> members;
    for (const Watch& watch : watches_) members.push_back(watch.member);
    return members;
}

// -- One watch -----------------------------------------------------------------------------------

double AccrualDetector::deviation_of(const Watch& watch) const {
    return std::max(watch.window.deviation(),
                    static_cast<double>(config_.phi_deviation_min.count()));
}

void AccrualDetector::schedule_miss(Watch& watch, Instant from) const {
    const double patience = watch.window.mean() + deviations_ * deviation_of(watch);
    watch.missed_at = from + config_.phi_pause + Duration(std::llround(patience));
}

std::optional<double> AccrualDetector::level(Instant now, MemberId member) const {
    const auto watch = std::ranges::find(watches_, member, &Watch::member);
    if (watch == watches_.end() || watch->ping_at == kNever) return std::nullopt;
    return phi_normal(static_cast<double>((now - watch->heard_at).count()),
                      watch->window.mean() + static_cast<double>(config_.phi_pause.count()),
                      deviation_of(*watch));
}

void AccrualDetector::begin(Instant now, Watch& watch) {
    watch.ping_at = now + Duration(static_cast<Duration::rep>(random_.below(
                              static_cast<std::uint64_t>(config_.phi_interval.count()))));
    watch.heard_at = watch.ping_at;
    schedule_miss(watch, watch.heard_at);
}

void AccrualDetector::ping(Instant now, Watch& watch) {
    last_sequence_ = (last_sequence_ + 1) % kOurs;
    watch.sequence = ProbeSequence(kOurs + last_sequence_);
    watch.sent_at = now;
    outbox_.push_back(SendProbe{watch.member, wire::Ping{watch.sequence, {}}});
    ++counters_.pings;
    watch.ping_at += config_.phi_interval;
    if (watch.ping_at <= now) watch.ping_at = now + config_.phi_interval;
}

void AccrualDetector::heard(Instant now, Watch& watch, ProbeSequence sequence) {
    if (watch.sequence == ProbeSequence() || sequence == watch.answered) return;
    const bool is_newest = sequence == watch.sequence;
    watch.answered = sequence;
    // Of an older ping we no longer know when it left; it is an arrival all the same.
    outbox_.push_back(Answered{watch.member, is_newest ? now - watch.sent_at : Duration::zero()});
    if (!watch.is_missed && now > watch.heard_at) watch.window.add(now - watch.heard_at);
    watch.is_missed = false;
    watch.heard_at = now;
    schedule_miss(watch, now);
}

// -- Messages ------------------------------------------------------------------------------------

void AccrualDetector::handle(Instant now, MemberId from, const ProbeMessage& message) {
    if (std::holds_alternative<wire::Heartbeats>(message) ||
        std::holds_alternative<wire::BurstRequest>(message) ||
        std::holds_alternative<wire::BurstVerdict>(message)) {
        ++counters_.dropped_unexpected;  // Of another detector: this overlay is set up unevenly.
        return;
    }
    const auto* ack = std::get_if<wire::Ack>(&message);
    if (ack == nullptr || ack->sequence.value() < kOurs) {
        return courtesies_.handle(now, from, message);
    }
    const auto watch = std::ranges::find(watches_, from, &Watch::member);
    if (watch != watches_.end()) heard(now, *watch, ack->sequence);
}

void AccrualDetector::unreachable(Instant now, MemberId member) {
    courtesies_.unreachable(now, member);
}

void AccrualDetector::confirm(Instant now, MemberId member) {
    courtesies_.confirm(now, member);
}

// -- The wheel -----------------------------------------------------------------------------------

void AccrualDetector::forgive(Duration lateness, Instant now) {
    ++counters_.late_wakeups;
    for (Watch& watch : watches_) {
        if (watch.ping_at == kNever) continue;
        watch.heard_at = std::min(watch.heard_at + lateness, now);
        // Missed or not, it has what was left of its time when we fell asleep, and its answer may
        // be waiting in our socket.
        watch.missed_at = std::max(watch.missed_at + lateness, now + config_.phi_interval);
        watch.ping_at = std::min(watch.ping_at, now);
    }
}

void AccrualDetector::advance(Instant now) {
    courtesies_.advance(now);
    Instant due = kNever;
    for (const Watch& watch : watches_) {
        if (watch.ping_at != kNever) due = std::min({due, watch.ping_at, watch.missed_at});
    }
    if (due < now && now - due > config_.lateness_max) forgive(now - due, now);
    for (Watch& watch : watches_) {
        if (watch.ping_at == kNever) {
            begin(now, watch);
            continue;
        }
        if (watch.missed_at <= now) {
            watch.is_missed = true;
            // Whoever clears its name, and then stays silent, is missed again.
            schedule_miss(watch, now);
            ++counters_.missed;
            outbox_.push_back(Missed{watch.member});
        }
        if (watch.ping_at <= now) ping(now, watch);
    }
    has_new_ = false;
}

std::optional<Detector::Action> AccrualDetector::poll() {
    if (outbox_.empty()) return courtesies_.poll();
    Action action = std::move(outbox_.front());
    outbox_.pop_front();
    return action;
}

Instant AccrualDetector::deadline() const {
    // At once: `add` is not told the time, so the phases are drawn when we are.
    if (has_new_) return Instant{};
    Instant due = courtesies_.deadline();
    for (const Watch& watch : watches_) due = std::min({due, watch.ping_at, watch.missed_at});
    return due;
}

void AccrualDetector::check_invariants() const {
    for (std::size_t at = 0; at < watches_.size(); ++at) {
        const MemberId member = watches_[at].member;
        assert(member != self_ && std::ranges::find(next_, member) != next_.end());
        assert(watches_[at].window.count() <= config_.phi_window);
    }
    for (const MemberId member : next_) {
        assert(member == kNobody ? courtesies_.member_count() == 0
                                 : std::ranges::count(watches_, member, &Watch::member) == 1);
    }
    courtesies_.check_invariants();
}

}  // namespace grapevine::protocol
