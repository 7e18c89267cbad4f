#include "sim/world.hpp"

#include <algorithm>
#include <cassert>
#include <fmt/core.h>
#include <utility>

#include "overlay/record_cache.hpp"
#include "sim/dice.hpp"
#include "storage/overlay_image.hpp"

using namespace std::chrono_literals;

namespace grapevine::sim {

namespace {

constexpr std::string_view kOverlayName = "sim";
/// Which group it is makes no difference: there is one.
const Endpoint kGroup = Endpoint::v4(239, 255, 94, 71, 9470);
/// How long a process that leaves stays to say goodbye.
constexpr Duration kFarewell = 2s;
/// How long a name takes to be looked up.
constexpr Duration kLookup = 5ms;
/// A host that wants to be woken this often at one and the same moment will never be satisfied.
constexpr std::uint32_t kWakesMax = 10'000;
/// The simulated civil time of the beginning: 2026-01-01T00:00:00Z.
constexpr std::int64_t kEpochMs = 1'767'225'600'000;

template <std::size_t N>
std::array<std::uint8_t, N> random_bytes(Random& random) {
    std::array<std::uint8_t, N> bytes;
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random.next() >> 56U);
    return bytes;
}

crypto::OverlayKey overlay_key(Random& random) {
    return crypto::generate_key(KeyId(1), random_bytes<32>(random));
}

}  // namespace

World::World(WorldConfig config)
    : config_(config),
      random_(config.seed),
      births_(random_.fork()),
      network_(config.hosts, config.network, random_.next()),
      records_(std::make_shared<overlay::RecordCache>()),
      key_(overlay_key(births_)),
      datagrams_per_second_max_(config.datagrams_per_second_max + 500 * config.hosts),
      hosts_(config.hosts),
      timers_(config.hosts),
      statistics_(*this),
      checkers_(*this) {
    const auto span = static_cast<std::uint64_t>(2 * config.drift_ppm_max + 1);
    for (Host& host : hosts_) {
        host.drift_ppm = static_cast<std::int32_t>(births_.below(span)) - config.drift_ppm_max;
    }
}

World::~World() = default;

// -- Time --

WallTime World::wall() const {
    return WallTime{kEpochMs + now_.time_since_epoch() / 1ms};
}

void World::run_until(Moment end) {
    for (;;) {
        const Moment next_task = tasks_.empty() ? kEndOfTime : tasks_.front().when;
        const Moment next = std::min({network_.next(), timers_.next(), next_task, next_second_});
        if (next > end) break;
        now_ = std::max(now_, next);
        step();
    }
    now_ = end;
}

/// One input of one host, or one task. Arrivals first, then timers: like a driver that reads its
/// socket before it looks at the clock.
void World::step() {
    if (network_.next() <= now_) {
        if (auto arrival = network_.pop(now_)) deliver(arrival->to, std::move(arrival->datagram));
    } else if (timers_.next() <= now_) {
        wake(timers_.first());
    } else if (!tasks_.empty() && tasks_.front().when <= now_) {
        run_task();
    } else if (next_second_ <= now_) {
        next_second_ += 1s;
        for (Host& host : hosts_) host.sent_this_second = 0;
        statistics_.note_integrated();
        checkers_.check_second();
    }
}

bool World::run_until(const std::function<bool()>& predicate, Duration limit, Duration step) {
    const Moment end = now_ + limit;
    while (!predicate()) {
        if (now_ >= end) return false;
        run_until(std::min(end, now_ + step));
    }
    return true;
}

void World::at(Moment when, std::function<void()> task) {
    tasks_.push_back(Task{std::max(when, now_), task_order_++, std::move(task)});
    std::ranges::push_heap(tasks_, later);
}

void World::run_task() {
    std::ranges::pop_heap(tasks_, later);
    const std::function<void()> run = std::move(tasks_.back().run);
    tasks_.pop_back();
    run();
}

// -- Lives of hosts --

overlay::Settings World::settings_for(HostIndex host) const {
    overlay::Settings settings;
    settings.name = kOverlayName;
    settings.keys = config_.keys ? config_.keys(host) : std::vector{key_};
    settings.operators = config_.operators;
    settings.protocol = config_.protocol;
    settings.member_name = fmt::format("m{}", host);
    settings.labels = config_.labels
                          ? config_.labels(host)
                          : std::vector<wire::Label>{{"rack", fmt::format("r{}", host % 8)}};
    settings.addresses = {Network::endpoint_of(host)};
    settings.subscriber_topics = config_.subscriber_topics;
    settings.summarise = config_.summarise;
    if (config_.has_multicast) settings.groups = {kGroup};
    for (HostIndex seed = 0; seed < config_.seeds && seed < hosts_.size(); ++seed) {
        if (seed == host) continue;
        // Half of them by address and half by name, as people write them.
        settings.seeds.push_back(seed % 2 == 0 ? to_string(Network::endpoint_of(seed))
                                               : fmt::format("m{}.sim:9471", seed));
    }
    return settings;
}

void World::start(HostIndex index) {
    Host& host = hosts_[index];
    assert(!host.overlay);
    overlay::Start start;
    start.image = storage::load_overlay(host.disk.read(storage::bucket_of(kOverlayName)));
    start.state = storage::load_state(host.disk.read(storage::state_bucket_of(kOverlayName)));
    start.fresh_identity = random_bytes<32>(births_);
    start.boot = Boot(births_.next());
    start.cookie_secret = random_bytes<32>(births_);
    start.seed = births_.next();
    start.started = wall();

    host.clock = HostClock(now_, host.drift_ppm);
    host.started = now_;
    host.stalled_until = now_;
    host.socket.clear();
    host.socket_bytes = 0;
    host.is_leaving = false;
    host.is_machine_up = true;
    ++host.life;
    host.actions_left = UINT64_MAX;
    trace_.happened(now_, index, "start");
    host.overlay =
        std::make_unique<overlay::Overlay>(settings_for(index), std::move(start), records_);
    host.member = membership(index).self();
    host.born_as = membership(index).self_record()->incarnation;
    host.epoch = host.overlay->node().epoch();
    owners_[host.member] = index;
    statistics_.started(index);
    checkers_.started(index);
    drain(index);
}

void World::start_all(Duration within) {
    const auto count = static_cast<std::int64_t>(hosts_.size());
    for (HostIndex host = 0; host < hosts_.size(); ++host) {
        if (is_up(host)) continue;
        at(now_ + within * host / count, [this, host] {
            if (!is_up(host)) start(host);
        });
    }
}

void World::kill(HostIndex index, Crash crash) {
    Host& host = hosts_[index];
    if (!host.overlay) return;
    trace_.happened(now_, index, "kill");
    statistics_.stopping(index, !host.is_leaving);
    checkers_.stopping(index, crash);
    host.overlay.reset();
    host.asked.clear();
    host.socket.clear();
    host.socket_bytes = 0;
    host.is_machine_up = crash == Crash::process;
    timers_.set(index, kEndOfTime);
    switch (crash) {
        case Crash::process:
            host.disk.crash_process();
            break;
        case Crash::power:
            host.disk.crash_power(random_);
            break;
        case Crash::torn:
            host.disk.crash_torn(random_);
            break;
        case Crash::disk_lost:
            host.disk.lose();
            break;
    }
}

void World::kill_after(HostIndex index, std::uint64_t actions, Crash crash) {
    hosts_[index].actions_left = actions;
    hosts_[index].arranged_crash = crash;
}

void World::stall(HostIndex index, Duration duration) {
    Host& host = hosts_[index];
    if (!host.overlay) return;
    trace_.happened(now_, index, "stall");
    host.stalled_until = std::max(host.stalled_until, now_ + duration);
    set_timer(index);
}

void World::leave(HostIndex index) {
    Host& host = hosts_[index];
    if (!host.overlay || host.is_leaving) return;
    trace_.happened(now_, index, "leave");
    host.is_leaving = true;
    host.overlay->leave(clock(index));
    drain(index);
    at(now_ + kFarewell, [this, index, life = host.life] {
        if (is_up(index) && hosts_[index].life == life) kill(index, Crash::process);
    });
}

void World::snapshot(HostIndex host) {
    hosts_[host].copy = hosts_[host].disk.snapshot();
}

bool World::restore(HostIndex index) {
    Host& host = hosts_[index];
    if (!host.copy || host.overlay) return false;
    trace_.happened(now_, index, "restore");
    host.disk.restore(*host.copy);
    checkers_.restored(index);
    return true;
}

// -- Commands --

Outcome<EventSequence> World::publish(HostIndex index, std::string topic, Bytes payload) {
    assert(is_up(index));
    trace_.happened(now_, index, "publish");
    const auto sequence =
        hosts_[index].overlay->publish(clock(index), wall(), std::move(topic), std::move(payload));
    if (sequence) statistics_.published(index, *sequence);
    drain(index);
    return sequence;
}

void World::set_interest(HostIndex index, const std::vector<std::string>& patterns) {
    assert(is_up(index));
    trace_.happened(now_, index, "set_interest");
    hosts_[index].overlay->set_interest(clock(index), patterns);
    drain(index);
}

Outcome<Version> World::set_record(HostIndex index, std::string_view key, std::string_view value) {
    assert(is_up(index));
    trace_.happened(now_, index, "set_record");
    auto version = hosts_[index].overlay->set_record(clock(index), key, value);
    drain(index);
    return version;
}

Outcome<Version> World::erase_record(HostIndex index, std::string_view key) {
    assert(is_up(index));
    trace_.happened(now_, index, "erase_record");
    auto version = hosts_[index].overlay->erase_record(clock(index), key);
    drain(index);
    return version;
}

Outcome<void> World::forget(HostIndex index, MemberId member) {
    assert(is_up(index));
    trace_.happened(now_, index, "forget");
    auto outcome = hosts_[index].overlay->forget(clock(index), member);
    drain(index);
    return outcome;
}

// -- Faults --

void World::partition(const std::vector<HostIndex>& island) {
    trace_.happened(now_, kNoHost, "partition");
    network_.partition(island);
}

void World::cut(const std::vector<HostIndex>& from, const std::vector<HostIndex>& to) {
    trace_.happened(now_, kNoHost, "cut");
    network_.cut(from, to);
}

void World::clog(HostIndex host, Duration duration) {
    trace_.happened(now_, host, "clog");
    for (HostIndex other = 0; other < hosts_.size(); ++other) {
        if (other == host) continue;
        network_.clog(host, other, now_ + duration);
        network_.clog(other, host, now_ + duration);
    }
}

void World::heal() {
    trace_.happened(now_, kNoHost, "heal");
    network_.heal(now_);
}

void World::inject(Datagram datagram) {
    network_.inject(now_, std::move(datagram));
}

// -- The wheel --

void World::deliver(HostIndex index, Datagram datagram) {
    Host& host = hosts_[index];
    if (!host.overlay) {
        if (Network::is_group_port(datagram.to)) return;
        if (host.is_machine_up && host.life > 0) refuse(index, datagram.from);
        return;
    }
    if (host.stalled_until > now_) {
        if (host.socket_bytes + datagram.bytes.size() > config_.socket_buffer_bytes) return;
        host.socket_bytes += datagram.bytes.size();
        host.socket.push_back(std::move(datagram));
        set_timer(index);  // It is read when the process goes on, whatever else it waits for.
        return;
    }
    receive(index, datagram);
}

void World::refuse_falsely(HostIndex host, HostIndex about) {
    refuse(about, Network::endpoint_of(host));
}

/// The kernel of a live machine answers for a port that nobody listens on.
void World::refuse(HostIndex index, const Endpoint& from) {
    const HostIndex sender = network_.host_of(from);
    if (sender == kNoHost || network_.is_cut(index, sender)) return;
    at(now_ + config_.network.delay_min, [this, index, sender] {
        Host& host = hosts_[sender];
        if (!host.overlay || host.stalled_until > now_) return;
        trace_.happened(now_, sender, "unreachable");
        host.overlay->unreachable(clock(sender), Network::endpoint_of(index));
        drain(sender);
    });
}

void World::receive(HostIndex index, const Datagram& datagram) {
    trace_.received(now_, index, datagram);
    if (Network::is_group_port(datagram.to)) {
        statistics_.received(index, datagram.bytes.size());
        hosts_[index].overlay->announcement(clock(index), datagram.from, datagram.bytes);
        return drain(index);
    }
    statistics_.received(index, datagram.bytes.size());
    checkers_.received(index, datagram);
    const std::uint64_t refused = checkers_.refused_count(index);
    hosts_[index].overlay->receive(clock(index), datagram.from, datagram.bytes);
    if (checkers_.refused_count(index) == refused) checkers_.accepted(index, datagram);
    drain(index);
}

void World::wake(HostIndex index) {
    Host& host = hosts_[index];
    const Instant due = host.overlay->deadline();
    if (!host.socket.empty()) return wake_from_stall(index);
    host.overlay->advance(clock(index));
    drain(index);
    if (!host.overlay) return;
    const bool is_stuck = index == last_woken_ && host.overlay->deadline() <= due;
    wakes_without_progress_ = is_stuck ? wakes_without_progress_ + 1 : 0;
    last_woken_ = index;
    if (wakes_without_progress_ > kWakesMax) {
        checkers_.report("deadline", fmt::format("host {} never sleeps again", index));
        kill(index, Crash::process);
    }
}

/// A process that was stopped finds datagrams and late timers at once; which it sees first is
/// chance.
void World::wake_from_stall(HostIndex index) {
    Host& host = hosts_[index];
    trace_.happened(now_, index, "wake");
    if (random_.chance(0.5)) {
        host.overlay->advance(clock(index));
        drain(index);
    }
    while (host.overlay && host.stalled_until <= now_ && !host.socket.empty()) {
        const Datagram datagram = std::move(host.socket.front());
        host.socket.pop_front();
        host.socket_bytes -= datagram.bytes.size();
        receive(index, datagram);
    }
}

void World::drain(HostIndex index) {
    Host& host = hosts_[index];
    while (auto action = host.overlay->poll()) {
        if (host.actions_left == 0) return kill(index, host.arranged_crash);
        if (host.actions_left != UINT64_MAX) --host.actions_left;
        execute(index, std::move(*action));
    }
    if (answer_query(index) || copy_state(index)) return drain(index);
    checkers_.settled(index);
    set_timer(index);
}

void World::execute(HostIndex index, overlay::Overlay::Action action) {
    using overlay::Overlay;
    if (auto* transmit = std::get_if<Overlay::Transmit>(&action)) {
        if (++hosts_[index].sent_this_second > datagrams_per_second_max_) {
            return storm(index);
        }
        statistics_.sent(index, transmit->bytes.size());
        Datagram datagram{Network::endpoint_of(index), transmit->to, std::move(transmit->bytes)};
        checkers_.sent(index, datagram);
        network_.send(now_, std::move(datagram));
        return;
    }
    trace_.did(now_, index, action);
    if (const auto* spoken = std::get_if<Overlay::Announce>(&action)) {
        return announce(index, spoken->bytes);
    }
    if (const auto* persist = std::get_if<Overlay::Persist>(&action)) {
        hosts_[index].disk.apply(persist->batch);
    } else if (const auto* resolve_action = std::get_if<Overlay::Resolve>(&action)) {
        resolve(index, resolve_action->name);
    } else if (auto* gathered = std::get_if<Overlay::Gathered>(&action)) {
        hosts_[index].gathered.push_back(std::move(*gathered));
    } else if (const auto* wanted = std::get_if<Overlay::CopyWanted>(&action)) {
        hosts_[index].copy_from = wanted->from;
    } else if (const auto* estimate = std::get_if<Overlay::Estimated>(&action)) {
        hosts_[index].estimates.push_back(*estimate);
    } else if (const auto* asked = std::get_if<Overlay::Asked>(&action)) {
        hosts_[index].asked.push_back(*asked);
    } else {
        const auto* delivered = std::get_if<Overlay::EventDelivered>(&action);
        if (delivered != nullptr && on_deliver_) on_deliver_(index, *delivered->event);
        statistics_.acted(index, action);
        if (on_act_) on_act_(index, action);
        checkers_.acted(index, action);
    }
}

/// Two machines that answer each other without end would keep a simulated second from passing.
void World::storm(HostIndex index) {
    checkers_.report("storm", fmt::format("m{} sends {} datagrams within a second", index,
                                          datagrams_per_second_max_));
    kill_after(index, 0, Crash::process);
}

/// "m3.sim:9471" is host 3, and an address is itself; nothing else has a name here.
void World::resolve(HostIndex index, const std::string& name) {
    std::vector<Endpoint> endpoints;
    if (const auto numeric = Endpoint::parse(name)) {
        endpoints.push_back(*numeric);
    } else {
        for (HostIndex each = 0; each < config_.seeds && each < hosts_.size(); ++each) {
            if (name == fmt::format("m{}.sim:9471", each)) {
                endpoints.push_back(Network::endpoint_of(each));
            }
        }
    }
    at(now_ + kLookup, [this, index, name, endpoints, life = hosts_[index].life] {
        if (!is_up(index) || hosts_[index].life != life) return;
        hosts_[index].overlay->resolved(clock(index), name, endpoints);
        drain(index);
    });
}

void World::set_timer(HostIndex index) {
    Host& host = hosts_[index];
    Moment due = host.clock.when(host.overlay->deadline());
    if (!host.socket.empty()) due = std::min(due, host.stalled_until);
    timers_.set(index, std::max({due, host.stalled_until, now_}));
}

// -- What can be seen --

std::vector<HostIndex> World::members() const {
    std::vector<HostIndex> members;
    for (HostIndex host = 0; host < hosts_.size(); ++host) {
        if (is_member(host)) members.push_back(host);
    }
    return members;
}

HostIndex World::host_of(MemberId member) const {
    const auto owner = owners_.find(member);
    return owner == owners_.end() ? kNoHost : owner->second;
}

bool World::has_converged() const {
    return why_not_converged().empty();
}

std::string World::why_not_converged() const {
    const std::vector<HostIndex> members = this->members();
    if (members.empty()) return {};
    const std::uint64_t fingerprint = overlay(members.front()).view_fingerprint();
    for (const HostIndex host : members) {
        if (membership(host).alive_count() != members.size()) {
            return fmt::format("host {} sees {} of {} members", host,
                               membership(host).alive_count(), members.size());
        }
        if (overlay(host).view_fingerprint() != fingerprint) {
            return fmt::format("host {} and host {} hold different views", members.front(), host);
        }
    }
    // Equal fingerprints are equal views: one look at one of them is enough.
    const protocol::Membership& view = membership(members.front());
    for (const HostIndex host : members) {
        const protocol::Member* member = view.find(member_of(host));
        if (member == nullptr || member->status != wire::Status::alive) {
            return fmt::format("host {} is not alive to host {}", host, members.front());
        }
    }
    return {};
}

}  // namespace grapevine::sim
