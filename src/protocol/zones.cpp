#include "protocol/zones.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "protocol/neighbours.hpp"

namespace grapevine::protocol {
namespace {

/// A zone is silent after so many intervals, and at least this: with 30% of datagrams lost, ten
/// pings in a row stay unanswered in one of a thousand cases, and then there are the ping-reqs.
constexpr int kPatienceIntervals = 10;
/// Ping-reqs in one round for one quiet zone: through other representatives of ours, and through
/// other zones.
constexpr std::size_t kHelpersInside = 1;
constexpr std::size_t kHelpersOutside = 3;

/// Any good mixer: the lowest ids shall not represent every zone of every overlay.
std::uint64_t mix(std::uint64_t value) {
    value ^= 0x7a6f'6e65'7265'7073ULL;
    value = (value ^ (value >> 30)) * 0xbf58'476d'1ce4'e5b9ULL;
    value = (value ^ (value >> 27)) * 0x94d0'49bb'1331'11ebULL;
    return value ^ (value >> 31);
}

std::vector<MemberId> sample(Random& random, std::vector<MemberId> from, std::size_t count,
                             MemberId except) {
    std::erase(from, except);
    count = std::min(count, from.size());
    for (std::size_t at = 0; at < count; ++at) {
        std::swap(from[at], from[at + random.below(from.size() - at)]);
    }
    from.resize(count);
    return from;
}

}  // namespace

Zones::Zones(MemberId self, const ProtocolConfig& config, const Peers& all, std::uint64_t seed)
    : self_(self),
      is_on_(!config.zone_label.empty()),
      representative_count_(config.zone_representatives),
      interval_(config.zone_interval),
      lateness_max_(config.lateness_max),
      all_(all),
      random_(seed) {
    assert(!is_on_ || (representative_count_ > 0 && interval_ > Duration::zero()));
}

Duration Zones::patience() const {
    return kPatienceIntervals * interval_;
}

// -- The view ------------------------------------------------------------------------------------

Zones::Rank Zones::rank_of(MemberId member, Standing standing) {
    return {standing == Standing::suspect, mix(member.value()), member};
}

const Zones::Seat* Zones::seat_of(MemberId member) const {
    const auto found = seats_.find(member);
    return found == seats_.end() ? nullptr : &found->second;
}

void Zones::place(Instant now, MemberId member, std::string_view zone, Standing standing) {
    if (!is_on_) return;
    const auto seat = seats_.find(member);
    const bool was_seated = seat != seats_.end();
    if (was_seated && seat->second.zone == zone && seat->second.standing == standing) return;
    if (was_seated) {
        const auto old = zones_.find(seat->second.zone);
        old->second.members.erase(rank_of(member, seat->second.standing));
        if (old->second.members.empty()) zones_.erase(old);
        seats_.erase(seat);
    }
    if (standing != Standing::gone) {
        const auto [found, is_new] = zones_.try_emplace(std::string(zone));
        if (is_new) found->second.heard = now;
        found->second.members.insert(rank_of(member, standing));
        seats_.emplace(member, Seat{std::string(zone), standing});
    }
    if (member == self_ && standing != Standing::gone) own_zone_ = zone;
    refresh(now);
}

void Zones::refresh(Instant now) {
    refresh_inside(now);
    const auto own = zones_.find(own_zone_);
    const bool was_speaking = is_speaking();
    own_place_ = own == zones_.end() ? SIZE_MAX : place_among(own->second, self_);
    if (is_speaking() && !was_speaking) {
        // What we have not listened to was not silent.
        for (auto& [name, zone] : zones_) zone.heard = now;
        next_round_ = now + Duration(static_cast<Duration::rep>(
                                random_.below(static_cast<std::uint64_t>(interval_.count()))));
    } else if (!is_speaking()) {
        next_round_ = kNever;
    }
    refresh_links();
}

void Zones::refresh_inside(Instant) {
    std::vector<MemberId> inside;
    const auto own = zones_.find(own_zone_);
    if (own != zones_.end()) {
        for (const Rank& rank : own->second.members) {
            if (std::get<MemberId>(rank) != self_) inside.push_back(std::get<MemberId>(rank));
        }
    }
    std::ranges::sort(inside);
    if (inside == inside_) return;
    std::vector<MemberId> gone;
    std::vector<MemberId> come;
    std::ranges::set_difference(inside_, inside, std::back_inserter(gone));
    std::ranges::set_difference(inside, inside_, std::back_inserter(come));
    inside_ = std::move(inside);
    for (const MemberId member : gone) {
        outbox_.push(Inside{member, false});
        outbox_.push(Linked{member, false});
    }
    for (const MemberId member : come) {
        outbox_.push(Inside{member, true});
        outbox_.push(Linked{member, true});
    }
}

void Zones::refresh_links() {
    std::set<MemberId> links;
    if (is_speaking()) {
        for (const auto& [name, zone] : zones_) {
            if (name == own_zone_ || zone.members.size() <= own_place_) continue;
            const auto twin =
                std::next(zone.members.begin(), static_cast<std::ptrdiff_t>(own_place_));
            links.insert(std::get<MemberId>(*twin));
        }
    }
    for (const MemberId member : links_) {
        if (!links.contains(member) && !is_inside(member)) outbox_.push(Linked{member, false});
    }
    for (const MemberId member : links) {
        if (!links_.contains(member)) outbox_.push(Linked{member, true});
    }
    links_ = std::move(links);
}

std::size_t Zones::place_among(const Zone& zone, MemberId member) const {
    std::size_t place = 0;
    for (const Rank& rank : zone.members) {
        if (std::get<MemberId>(rank) == member) return place;
        if (++place >= representative_count_) break;
    }
    return SIZE_MAX;
}

std::vector<MemberId> Zones::representatives(const Zone& zone) const {
    std::vector<MemberId> members;
    for (const Rank& rank : zone.members) {
        if (members.size() == representative_count_) break;
        members.push_back(std::get<MemberId>(rank));
    }
    return members;
}

// -- Questions about it --------------------------------------------------------------------------

bool Zones::is_inside(MemberId member) const {
    if (!is_on_) return true;
    const Seat* seat = seat_of(member);
    return seat != nullptr && seat->zone == own_zone_;
}

bool Zones::is_same_zone(MemberId one, MemberId other) const {
    if (!is_on_) return true;
    const Seat* first = seat_of(one);
    const Seat* second = seat_of(other);
    return first != nullptr && second != nullptr && first->zone == second->zone;
}

bool Zones::is_representative(MemberId member) const {
    const Seat* seat = seat_of(member);
    if (seat == nullptr) return false;
    return place_among(zones_.at(seat->zone), member) < representative_count_;
}

bool Zones::is_silent(Instant now, MemberId member) const {
    const Seat* seat = seat_of(member);
    if (seat == nullptr || seat->zone == own_zone_ || !is_speaking()) return false;
    return now - zones_.at(seat->zone).heard >= patience();
}

std::size_t Zones::peer_count() const {
    return is_on_ ? inside_.size() : all_.peer_count();
}

std::vector<MemberId> Zones::pick(Random& random, std::size_t count, MemberId except) const {
    if (!is_on_) return all_.pick(random, count, except);
    return sample(random, inside_, count, except);
}

std::vector<MemberId> Zones::neighbours(std::size_t count) const {
    return is_on_ ? ring_neighbours(self_, inside_, count) : all_.neighbours(count);
}

std::size_t Zones::EventPeers::peer_count() const {
    if (!zones_.is_on_) return zones_.all_.peer_count();
    return zones_.seats_.size() <= 1 ? 0 : zones_.seats_.size();
}

std::vector<MemberId> Zones::EventPeers::pick(Random& random, std::size_t count,
                                              MemberId except) const {
    if (!zones_.is_on_) return zones_.all_.pick(random, count, except);
    std::vector<MemberId> both = zones_.inside_;
    both.insert(both.end(), zones_.links_.begin(), zones_.links_.end());
    return sample(random, std::move(both), count, except);
}

// Links come last: announcements go to the first, and shall stay inside.
std::vector<MemberId> Zones::EventPeers::neighbours(std::size_t count) const {
    if (!zones_.is_on_) return zones_.all_.neighbours(count);
    std::vector<MemberId> both = zones_.neighbours(count);
    both.insert(both.end(), zones_.links_.begin(), zones_.links_.end());
    return both;
}

// -- Talking to other zones ----------------------------------------------------------------------

void Zones::heard(Instant now, MemberId member) {
    if (!is_on_) return;
    const Seat* seat = seat_of(member);
    if (seat != nullptr) zones_.at(seat->zone).heard = now;
}

void Zones::handle(Instant now, MemberId from, const ProbeMessage& message) {
    const auto* ack = std::get_if<wire::Ack>(&message);
    if (ack == nullptr) return;
    for (auto& [name, zone] : zones_) {
        if (zone.ping == ack->sequence && zone.pinged == from) {
            zone.ping = {};
            zone.heard = now;
            outbox_.push(Measured{from, now - zone.pinged_at});
        } else if (zone.request == ack->sequence) {
            // A helper, whom one of that zone has answered.
            zone.heard = now;
        }
    }
}

ProbeSequence Zones::next_sequence() {
    last_sequence_ = (last_sequence_ + 1) % (kSequencesEnd - kSequencesFrom);
    return ProbeSequence(kSequencesFrom + last_sequence_);
}

void Zones::advance(Instant now) {
    if (now < next_round_) return;
    const bool is_late = now - next_round_ > lateness_max_;
    const double stretch = 0.9 + random_.unit() / 5;
    next_round_ = now + std::chrono::duration_cast<Duration>(interval_ * stretch);
    ++counters_.rounds;
    for (auto& [name, zone] : zones_) {
        if (name == own_zone_) continue;
        // We slept; what was said meanwhile may be waiting in our socket.
        if (is_late) zone.heard = now;
        ping(now, zone);
        if (now - zone.heard >= patience() / 2) ask(zone, name);
        if (now - zone.heard >= patience()) judge(now, zone, name);
    }
}

void Zones::ping(Instant now, Zone& zone) {
    const std::vector<MemberId> targets = representatives(zone);
    zone.pinged = targets[random_.below(targets.size())];
    zone.ping = next_sequence();
    zone.pinged_at = now;
    outbox_.push(SendProbe{zone.pinged, wire::Ping{zone.ping, {}}});
}

void Zones::ask(Zone& zone, const std::string& name) {
    std::vector<MemberId> inside;
    std::vector<MemberId> outside;
    for (const auto& [other, candidate] : zones_) {
        if (other == name) continue;
        std::vector<MemberId>& helpers = other == own_zone_ ? inside : outside;
        for (const MemberId member : representatives(candidate)) helpers.push_back(member);
    }
    std::vector<MemberId> helpers = sample(random_, inside, kHelpersInside, self_);
    for (const MemberId member : sample(random_, outside, kHelpersOutside, self_)) {
        helpers.push_back(member);
    }
    const std::vector<MemberId> targets = representatives(zone);
    const MemberId target = targets[random_.below(targets.size())];
    zone.request = next_sequence();
    for (const MemberId helper : helpers) {
        ++counters_.asked;
        outbox_.push(SendProbe{helper, wire::PingReq{zone.request, target}});
    }
}

void Zones::judge(Instant now, Zone& zone, const std::string&) {
    // Once in a while again: those who cleared themselves meanwhile are suspected anew.
    if (zone.judged != kNever && now - zone.judged < patience()) return;
    zone.judged = now;
    ++counters_.silences;
    Silent silent;
    for (const Rank& rank : zone.members) silent.members.push_back(std::get<MemberId>(rank));
    outbox_.push(std::move(silent));
}

Instant Zones::deadline() const {
    return next_round_;
}

void Zones::check_invariants() const {
    std::size_t count = 0;
    for (const auto& [name, zone] : zones_) {
        assert(!zone.members.empty());
        count += zone.members.size();
    }
    assert(count == seats_.size());
    for (const MemberId member : inside_) assert(is_inside(member) && member != self_);
    for (const MemberId member : links_) assert(!is_inside(member));
}

}  // namespace grapevine::protocol
