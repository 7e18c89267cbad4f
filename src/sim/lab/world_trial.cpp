#include "sim/lab/world_trial.hpp"

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

#include "base/limits.hpp"
#include "protocol/membership/config.hpp"
#include "sim/statistics.hpp"

namespace grapevine::sim::lab {
namespace {

/// What one publishes. Nothing special in this value: a line of text.
constexpr std::size_t kPayloadBytes = 64;
constexpr Duration kStartWithin = std::chrono::seconds(1);

std::size_t places_for(const Settings& settings) {
    return std::min(kLabOverlayMembersMax, settings.members() + kWorldNewcomersMax);
}

protocol::ProtocolConfig protocol_of(const Settings& settings) {
    const auto profile = protocol::parse_profile(settings.choice("profile"));
    assert(profile && "the choices are those of the profile");
    if (settings.kind() == Kind::group) {
        protocol::ProtocolConfig config = protocol::profile_config(*profile);
        config.dissemination = settings.choice("dissemination") == "tree"
                                   ? protocol::Dissemination::tree
                                   : protocol::Dissemination::rumor;
        return config;
    }
    const auto* const name =
        std::ranges::find(protocol::kDetectorNames, settings.choice("detector"));
    return protocol::profile_config(
        *profile, static_cast<protocol::DetectorKind>(name - protocol::kDetectorNames.begin()));
}

WorldConfig config_of(const Settings& settings) {
    WorldConfig config;
    config.seed = settings.whole("seed");
    config.hosts = places_for(settings);
    config.protocol = protocol_of(settings);
    config.network.delay_min = settings.duration("latency_ms") / 2;
    config.network.delay_mean = settings.duration("latency_ms") / 2;
    config.network.loss = settings.number("loss");
    if (settings.kind() == Kind::group) config.seeds = settings.whole("seeds");
    config.is_checked = false;
    return config;
}

std::int64_t milliseconds(Duration duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

}  // namespace

WorldTrial::WorldTrial(const Settings& settings)
    : places_(places_for(settings)),
      count_(std::min(settings.members(), places_)),
      tells_events_(settings.kind() == Kind::group),
      world_(config_of(settings)),
      beliefs_(places_ * places_, Belief::unknown),
      reputations_(places_),
      has_newest_(places_, false),
      film_(0) {
    film_.add_members(count_, State::down);
    world_.on_act([this](HostIndex host, const auto& action) { hear(host, action); });
    world_.network().on_send([this](HostIndex from, HostIndex to, std::size_t) {
        const bool is_cut = world_.network().is_cut(from, to);
        film_.sent(from, to, is_cut ? Errand::lost : Errand::probe);
    });
    const auto all = static_cast<std::int64_t>(count_);
    for (HostIndex host = 0; host < count_; ++host) {
        world_.at(Moment(kStartWithin * host / all), [this, host] { start(host); });
    }
}

void WorldTrial::start(HostIndex host) {
    if (world_.is_up(host)) return;
    reputations_[host].killed_at.reset();
    reputations_[host].is_integrated = false;
    has_newest_[host] = false;
    ++up_;
    world_.start(host);
}

// -- Time and actions ----------------------------------------------------------------------------

Moment WorldTrial::run_until(Moment end, Stopping) {
    world_.run_until(end);
    look();
    return end;
}

Outcome<void> WorldTrial::check(const Action& action) const {
    return check_members(action, count_, places_);
}

void WorldTrial::act(Moment now, const Action& action) {
    using Do = Action::Do;
    switch (action.what) {
        case Do::rumor:
            publish(action.member);
            break;
        case Do::kill:
            if (!world_.is_up(action.member)) break;
            --up_;
            reputations_[action.member].killed_at = now;
            note("killed", action.member);
            // What it believed, nobody believes any more.
            for (HostIndex member = 0; member < count_; ++member) {
                believe(action.member, member, Belief::unknown);
            }
            world_.kill(action.member, Crash::power);
            break;
        case Do::restart:
            if (world_.is_up(action.member)) break;
            note("back", action.member);
            start(action.member);
            break;
        case Do::partition:
            world_.partition(action.members);
            break;
        case Do::heal:
            world_.heal();
            break;
        case Do::clog:
            world_.network().clog(action.member, action.to,
                                  now + std::chrono::milliseconds(action.for_ms));
            break;
        case Do::add:
            for (std::uint32_t fresh = 0; fresh < action.count; ++fresh) {
                film_.add_members(1, State::joining);
                start(static_cast<HostIndex>(count_++));
            }
            break;
    }
    look();
}

void WorldTrial::publish(HostIndex host) {
    if (!world_.is_up(host)) return;
    // Before the call: it delivers to the publisher.
    newest_.reset();
    has_newest_.assign(places_, false);
    const auto sequence = world_.publish(host, "lab", Bytes(kPayloadBytes));
    if (!sequence) {
        note("refused", host);
        return;
    }
    newest_ = {{world_.member_of(host), world_.epoch_of(host), 0}, *sequence};
    has_newest_[host] = true;
    note("learned", host, kNoHost, 0);
}

// -- What members find out -----------------------------------------------------------------------

void WorldTrial::hear(HostIndex host, const overlay::Overlay::Action& action) {
    using overlay::Overlay;
    if (const auto* changed = std::get_if<Overlay::MemberChanged>(&action)) {
        hear(host, changed->change);
    } else if (const auto* together = std::get_if<Overlay::MembersChanged>(&action)) {
        for (const auto& change : together->changes) hear(host, change);
    } else if (const auto* event = std::get_if<Overlay::EventDelivered>(&action)) {
        deliver(host, *event->event);
    }
}

void WorldTrial::deliver(HostIndex host, const protocol::Event& event) {
    const protocol::EventKey key{event.stream, event.sequence};
    if (!newest_ || key != *newest_ || has_newest_[host]) return;
    has_newest_[host] = true;
    note("learned", host, kNoHost, event.hops);
}

void WorldTrial::hear(HostIndex observer, const protocol::MemberChange& change) {
    using Change = protocol::MemberChange::Kind;
    const HostIndex member = world_.host_of(change.member.record->member);
    if (member == kNoHost || member == observer) return;
    switch (change.kind) {
        case Change::joined:
        case Change::cleared:
        case Change::returned:
            believe(observer, member, Belief::alive);
            break;
        case Change::suspected:
            if (reputations_[member].suspected_by == 0) note("suspected", member, observer);
            believe(observer, member, Belief::suspect);
            break;
        case Change::died:
        case Change::left: {
            const Reputation& reputation = reputations_[member];
            const bool is_first = reputation.dead_to == 0;
            believe(observer, member, Belief::dead);
            const std::int64_t after = since_death(member);
            if (is_first) note(after < 0 ? "false_death" : "dead", member, observer, -1, after);
            if (after >= 0 && reputation.dead_to == up_) {
                note("dead_to_all", member, observer, -1, after);
            }
            break;
        }
        case Change::forgotten:
            believe(observer, member, Belief::unknown);
            break;
        case Change::updated:
            break;
    }
}

void WorldTrial::believe(HostIndex observer, HostIndex member, Belief now) {
    Belief& before = belief(observer, member);
    Reputation& reputation = reputations_[member];
    if (before == Belief::suspect) --reputation.suspected_by;
    if (before == Belief::dead) --reputation.dead_to;
    if (now == Belief::suspect) ++reputation.suspected_by;
    if (now == Belief::dead) ++reputation.dead_to;
    before = now;
}

std::int64_t WorldTrial::since_death(HostIndex member) const {
    const auto& killed_at = reputations_[member].killed_at;
    return killed_at ? milliseconds(world_.now() - *killed_at) : -1;
}

void WorldTrial::note(std::string_view kind, HostIndex member, HostIndex by, std::int64_t hops,
                      std::int64_t after_ms) {
    film_.note({milliseconds(world_.now().time_since_epoch()), kind, member, by, hops, after_ms});
}

// -- What can be seen ----------------------------------------------------------------------------

State WorldTrial::state_of(HostIndex host) const {
    const Reputation& reputation = reputations_[host];
    const bool is_up = world_.is_up(host);
    const std::size_t others = up_ - (is_up ? 1 : 0);
    if (others > 0 && reputation.dead_to >= others) return State::believed_dead;
    if (reputation.suspected_by + reputation.dead_to > 0) return State::suspected;
    if (!is_up) return State::down;
    if (!reputation.is_integrated) return State::joining;
    return newest_ && !has_newest_[host] ? State::unaware : State::removed;
}

void WorldTrial::look() {
    for (HostIndex host = 0; host < count_; ++host) {
        Reputation& reputation = reputations_[host];
        if (world_.is_up(host) && !reputation.is_integrated) {
            // Those that died before it came it need not know.
            reputation.is_integrated = world_.membership(host).peer_count() + 1 >= up_;
        }
        film_.set_state(host, state_of(host));
    }
}

std::vector<Verdict> WorldTrial::verdicts() const {
    std::vector<Verdict> verdicts;
    for (const Detection& detection : world_.statistics().detections()) {
        verdicts.push_back({detection.host, detection.first, detection.last});
    }
    return verdicts;
}

std::vector<Point> WorldTrial::points(Moment) const {
    const auto count = static_cast<double>(count_);
    const Statistics& statistics = world_.statistics();
    const Traffic total = statistics.total();
    double integrated = 0;
    double informed = 0;
    for (HostIndex host = 0; host < count_; ++host) {
        if (world_.is_up(host) && reputations_[host].is_integrated) ++integrated;
        if (has_newest_[host]) ++informed;
    }
    std::vector<Point> all = {
        {"up", static_cast<double>(up_)},
        {"joined", up_ > 0 ? integrated / static_cast<double>(up_) : 0},
        {"suspicions", static_cast<double>(statistics.suspicions())},
        {"false_deaths", static_cast<double>(statistics.false_deaths())},
        {"messages_per_member", static_cast<double>(total.datagrams_sent) / count},
        {"bytes_per_member", static_cast<double>(total.bytes_sent) / count},
        {"lost", static_cast<double>(world_.network().counters().lost)}};
    if (tells_events_) all.push_back({"infected", informed / count});
    return all;
}

}  // namespace grapevine::sim::lab
