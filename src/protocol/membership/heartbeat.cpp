#include "protocol/membership/heartbeat.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

#include "protocol/membership/heartbeat_model.hpp"

namespace grapevine::protocol {

namespace {

/// What T_fail is computed for when it is not given.
constexpr double kMistake = 1e-6;
constexpr double kArrival = 0.95;
/// Gossip across subnets takes at most 64% more rounds than without them (256 members, 16 subnets:
/// 24.0 against 14.7).
constexpr double kTwoLevels = 1.64;
/// Up to here the exact chain is quick (30 rounds of 50 steps of 50 additions), and above it the
/// approximation is good.
constexpr std::size_t kChainMembersMax = 50;

/// Whether counter `first` is after `second`; RFC 1982, so that counters may wrap around.
bool is_after(std::uint32_t first, std::uint32_t second) {
    return static_cast<std::int32_t>(first - second) > 0;
}

/// FNV-1a. No secret is needed: who can choose labels gains nothing by two names that are alike.
std::uint32_t hash_of(std::string_view text) {
    std::uint32_t hash = 2'166'136'261U;
    for (const char c : text) {
        hash ^= static_cast<unsigned char>(c);
        hash *= 16'777'619U;
    }
    return hash;
}

double rounds_for(std::size_t members) {
    const HeartbeatGroup group{members, 0, kArrival};
    return members <= kChainMembersMax ? heartbeat_rounds(group, kMistake)
                                       : heartbeat_rounds_approximate(group, kMistake);
}

}  // namespace

Heartbeat::Heartbeat(MemberId self, const ProtocolConfig& config, std::uint64_t seed)
    : self_(self),
      config_(config),
      random_(seed),
      courtesies_(self, config, random_.next(), Swim::Rounds::off),
      subnet_(hash_of({})) {
    assert(self != kNobody);
    assert(config.heartbeat_interval > Duration::zero());
    assert(config.heartbeat_fail >= Duration::zero());
    update_fail_time();
}

void Heartbeat::configure(const ProtocolConfig& config) {
    assert(config.heartbeat_interval > Duration::zero());
    assert(config.heartbeat_subnet_label == config_.heartbeat_subnet_label);
    config_ = config;
    courtesies_.configure(config);
    fail_time_members_ = 0;
    update_fail_time();
}

// -- The members ---------------------------------------------------------------------------------

std::optional<std::uint32_t> Heartbeat::position_of(MemberId member) const {
    return index_.find(member, [this](std::uint32_t at) { return entries_[at].member; });
}

std::optional<std::uint32_t> Heartbeat::counter_of(MemberId member) const {
    if (member == self_) return counter_;
    const auto position = position_of(member);
    if (!position || !entries_[*position].is_counted) return std::nullopt;
    return entries_[*position].counter;
}

void Heartbeat::add(MemberId member) {
    if (member == self_ || member == kNobody || position_of(member)) return;
    courtesies_.add(member);
    Entry entry{member, kNever, 0, hash_of({})};
    // The paper, section 2: a member that has failed is remembered for T_cleanup, or gossip from
    // those who have not noticed yet would bring it back.
    if (const auto departed = departed_.find(member); departed != departed_.end()) {
        entry.counter = departed->second.counter;
        entry.is_counted = true;
        departed_.erase(departed);
    }
    reserve_one_more(entries_);
    entries_.push_back(entry);
    index_.insert(member, static_cast<std::uint32_t>(entries_.size() - 1),
                  [this](std::uint32_t at) { return entries_[at].member; });
}

void Heartbeat::remove(MemberId member) {
    courtesies_.remove(member);
    const auto position = position_of(member);
    if (!position) return;
    const auto member_at = [this](std::uint32_t at) { return entries_[at].member; };
    if (entries_[*position].is_counted) {
        if (departed_.size() >= kHeartbeatsDepartedMax) {
            departed_.erase(std::ranges::min_element(
                departed_, {}, [](const auto& item) { return item.second.until; }));
        }
        departed_[member] = {entries_[*position].counter, now_ + 2 * fail_time_};
    }
    const auto last = static_cast<std::uint32_t>(entries_.size() - 1);
    if (*position != last) {
        index_.swap(member, entries_[last].member, member_at);
        std::swap(entries_[*position], entries_[last]);
    }
    index_.erase(member, member_at);
    entries_.pop_back();
    if (entries_.empty()) is_idle_ = true;
}

void Heartbeat::place(MemberId member, std::string_view subnet) {
    if (member == self_) {
        subnet_ = hash_of(subnet);
    } else if (const auto position = position_of(member)) {
        entries_[*position].subnet = hash_of(subnet);
    }
}

void Heartbeat::forget_departed(Instant now) {
    std::erase_if(departed_, [now](const auto& item) { return item.second.until <= now; });
}

// -- The round -----------------------------------------------------------------------------------

void Heartbeat::update_fail_time() {
    const std::size_t members = std::max<std::size_t>(entries_.size() + 1, 2);
    if (members == fail_time_members_) return;
    fail_time_members_ = members;
    const std::size_t others = members - 1;
    const auto parts =
        static_cast<double>((others + kHeartbeatsPerRoundMax - 1) / kHeartbeatsPerRoundMax);
    auto fail = static_cast<double>(config_.heartbeat_fail.count());
    if (config_.heartbeat_fail == Duration::zero()) {
        const double stretch = config_.heartbeat_subnet_label.empty() ? 1 : kTwoLevels;
        fail =
            static_cast<double>(config_.heartbeat_interval.count()) * rounds_for(members) * stretch;
    }
    fail_time_ = Duration(static_cast<Duration::rep>(fail * parts));
}

void Heartbeat::begin_round(Instant now, bool is_late) {
    update_fail_time();
    forget_departed(now);
    for (Entry& entry : entries_) {
        if (entry.risen == kNever) entry.risen = now;
    }
    if (!is_late) find_silent(now);
    ++counter_;
    ++counters_.rounds;
    if (const auto target = pick_target()) send_list(*target);
}

void Heartbeat::find_silent(Instant now) {
    for (Entry& entry : entries_) {
        if (now - entry.risen <= fail_time_) continue;
        entry.is_failed = true;
        // Whoever clears its name, and then stays silent, is missed again.
        entry.risen = now;
        ++counters_.missed;
        outbox_.push_back(Missed{entry.member});
    }
}

std::optional<MemberId> Heartbeat::pick_target() {
    candidates_.clear();
    bool has_others = false;
    for (std::uint32_t at = 0; at < entries_.size(); ++at) {
        const Entry& entry = entries_[at];
        if (entry.is_failed) continue;
        if (entry.subnet == subnet_) candidates_.push_back(at);
        has_others |= entry.subnet != subnet_;
    }
    // The paper, section 4: 1/n, ourselves included, so that alone in a subnet it is every round.
    const std::size_t neighbours = candidates_.size();
    if (has_others && random_.below(neighbours + 1) == 0) {
        ++counters_.rounds_abroad;
        return pick_abroad();
    }
    if (neighbours == 0) {
        // Everybody has failed, or so it seems from here: it may be us, so we go on telling.
        if (entries_.empty()) return std::nullopt;
        return entries_[random_.below(entries_.size())].member;
    }
    return entries_[candidates_[random_.below(neighbours)]].member;
}

std::optional<MemberId> Heartbeat::pick_abroad() {
    const auto is_abroad = [this](const Entry& entry) {
        return !entry.is_failed && entry.subnet != subnet_;
    };
    std::vector<Subnet> subnets;
    for (const Entry& entry : entries_) {
        if (is_abroad(entry)) subnets.push_back(entry.subnet);
    }
    std::ranges::sort(subnets);
    const auto repeated = std::ranges::unique(subnets);
    subnets.erase(repeated.begin(), repeated.end());
    const Subnet subnet = subnets[random_.below(subnets.size())];
    candidates_.clear();
    for (std::uint32_t at = 0; at < entries_.size(); ++at) {
        if (is_abroad(entries_[at]) && entries_[at].subnet == subnet) candidates_.push_back(at);
    }
    return entries_[candidates_[random_.below(candidates_.size())]].member;
}

void Heartbeat::send_list(MemberId target) {
    const std::size_t count = std::min(entries_.size(), kHeartbeatsPerRoundMax);
    wire::Heartbeats heartbeats;
    const auto begin = [&] {
        heartbeats = {};
        heartbeats.items.push_back({self_, counter_});
    };
    begin();
    if (cursor_ >= entries_.size()) cursor_ = 0;
    for (std::size_t done = 0; done < count; ++done) {
        const Entry& entry = entries_[cursor_];
        cursor_ = (cursor_ + 1) % entries_.size();
        // What we have never heard we cannot tell, and of the failed nobody needs to hear from us.
        if (!entry.is_counted || entry.is_failed) continue;
        if (heartbeats.items.size() == kHeartbeatsPerPacketMax) {
            outbox_.push_back(SendProbe{target, std::move(heartbeats)});
            begin();
        }
        heartbeats.items.push_back({entry.member, entry.counter});
    }
    outbox_.push_back(SendProbe{target, std::move(heartbeats)});
}

// -- Messages ------------------------------------------------------------------------------------

void Heartbeat::handle(Instant now, MemberId from, const ProbeMessage& message) {
    now_ = now;
    if (const auto* heartbeats = std::get_if<wire::Heartbeats>(&message)) {
        merge(now, *heartbeats, from);
    } else if (std::holds_alternative<wire::BurstRequest>(message) ||
               std::holds_alternative<wire::BurstVerdict>(message)) {
        ++counters_.dropped_unexpected;  // Of another detector: this overlay is set up unevenly.
    } else {
        courtesies_.handle(now, from, message);
    }
}

void Heartbeat::merge(Instant now, const wire::Heartbeats& heartbeats, MemberId from) {
    for (const wire::Heartbeats::Item& item : heartbeats.items) {
        if (item.member == self_) {
            // From before we were restarted: everybody waits for more than that.
            if (is_after(item.counter, counter_)) counter_ = item.counter;
            continue;
        }
        const auto position = position_of(item.member);
        if (!position) {
            ++counters_.dropped_unknown;
            continue;
        }
        Entry& entry = entries_[*position];
        if (entry.is_counted && !is_after(item.counter, entry.counter)) continue;
        if (entry.is_failed) {
            outbox_.push_back(Answered{item.member, Duration::zero(), item.member != from});
        }
        entry.is_counted = true;
        entry.is_failed = false;
        entry.counter = item.counter;
        entry.risen = now;
    }
}

void Heartbeat::unreachable(Instant now, MemberId member) {
    now_ = now;
    courtesies_.unreachable(now, member);
}

void Heartbeat::confirm(Instant now, MemberId member) {
    now_ = now;
    courtesies_.confirm(now, member);
}

// -- The wheel -----------------------------------------------------------------------------------

void Heartbeat::advance(Instant now) {
    now_ = now;
    courtesies_.advance(now);
    if (entries_.empty()) return;
    if (is_idle_) {
        is_idle_ = false;
        next_round_ = now + Duration(static_cast<Duration::rep>(random_.below(
                                static_cast<std::uint64_t>(config_.heartbeat_interval.count()))));
        for (Entry& entry : entries_) entry.risen = kNever;
        return;
    }
    if (next_round_ > now) return;
    const Duration lateness = now - next_round_;
    const bool is_late = lateness > config_.lateness_max;
    if (is_late) {
        ++counters_.late_wakeups;
        for (Entry& entry : entries_) {
            if (entry.risen != kNever) entry.risen = std::min(entry.risen + lateness, now);
        }
    }
    begin_round(now, is_late);
    next_round_ += config_.heartbeat_interval;
    if (next_round_ <= now) next_round_ = now + config_.heartbeat_interval;
}

std::optional<Detector::Action> Heartbeat::poll() {
    if (outbox_.empty()) return courtesies_.poll();
    Action action = std::move(outbox_.front());
    outbox_.pop_front();
    return action;
}

Instant Heartbeat::deadline() const {
    if (entries_.empty()) return courtesies_.deadline();
    // At once: `add` is not told the time, so the phase is drawn when we are.
    if (is_idle_) return Instant{};
    return std::min(next_round_, courtesies_.deadline());
}

void Heartbeat::check_invariants() const {
    assert(index_.count() == entries_.size());
    for (std::uint32_t at = 0; at < entries_.size(); ++at) {
        assert(entries_[at].member != self_ && position_of(entries_[at].member) == at);
        assert(!departed_.contains(entries_[at].member));
    }
    assert(departed_.size() <= kHeartbeatsDepartedMax);
    courtesies_.check_invariants();
}

}  // namespace grapevine::protocol
