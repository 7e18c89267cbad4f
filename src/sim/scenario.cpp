#include "sim/scenario.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <memory>
#include <set>
#include <utility>

#include "sim/chaos.hpp"
#include "sim/dice.hpp"
#include "sim/world.hpp"

using namespace std::chrono_literals;

namespace grapevine::sim {

namespace {

constexpr std::size_t kRecordedDatagramsMax = 200'000;

Crash crash_of(Step::Crash crash) {
    switch (crash) {
        case Step::Crash::process:
            return Crash::process;
        case Step::Crash::power:
            return Crash::power;
        case Step::Crash::torn:
            return Crash::torn;
        case Step::Crash::disk_lost:
            return Crash::disk_lost;
    }
    return Crash::process;
}

WorldConfig world_config(const Scenario& scenario, const Overrides& overrides) {
    WorldConfig config;
    config.seed = overrides.seed;
    config.hosts = overrides.members.value_or(scenario.members);
    const auto detector = overrides.detector ? overrides.detector : scenario.detector;
    config.protocol = detector ? protocol::profile_config(scenario.profile, *detector)
                               : protocol::profile_config(scenario.profile);
    config.protocol.dissemination = scenario.dissemination;
    config.network = scenario.network;
    config.seeds = scenario.seeds;
    config.drift_ppm_max = scenario.drift_ppm_max;
    return config;
}

/// Does the steps of one scenario in one world and judges what came of it.
class Runner {
public:
    Runner(const Scenario& scenario, const Overrides& overrides, std::ostream* trace)
        : scenario_(scenario), world_(world_config(scenario, overrides)) {
        report_.scenario = scenario.name;
        report_.seed = overrides.seed;
        report_.members = world_.size();
        world_.trace().write_to(trace);
    }

    Report run();

private:
    void schedule();
    void execute(const Step& step);
    void replay(Step::Replay from);
    void repeat(const Step& step, HostIndex host, Moment end);
    void do_once(const Step& step, HostIndex host);
    [[nodiscard]] std::vector<HostIndex> pick(const Target& target);
    [[nodiscard]] Moment last_fault_ends() const;
    void watch_convergence();
    void summarise();
    void judge();
    void miss(std::string text) { report_.unmet.push_back(std::move(text)); }

    const Scenario& scenario_;
    World world_;
    std::unique_ptr<Chaos> chaos_;
    Report report_;
    bool was_whole_ = false;
    Moment healed_at_ = kEndOfTime;
};

Report Runner::run() {
    const bool is_recorded = std::ranges::any_of(
        scenario_.steps, [](const Step& step) { return step.what == Step::Do::replay; });
    if (is_recorded) world_.network().record(kRecordedDatagramsMax);
    schedule();
    world_.start_all(scenario_.start_within);
    const Moment end = Moment(scenario_.duration);
    while (world_.now() < end) {
        world_.run_until(std::min(end, world_.now() + 10ms));
        watch_convergence();
    }
    // What has had time to heal must have healed.
    if (end - last_fault_ends() >= 30s) world_.check_settled();
    summarise();
    judge();
    return std::move(report_);
}

void Runner::schedule() {
    for (const Step& step : scenario_.steps) {
        world_.at(Moment(step.at), [this, &step] { execute(step); });
    }
}

Moment Runner::last_fault_ends() const {
    Moment end = Moment(scenario_.start_within);
    for (const Step& step : scenario_.steps) end = std::max(end, Moment(step.at + step.lasting));
    return end;
}

void Runner::watch_convergence() {
    const Moment started = Moment(scenario_.start_within);
    const bool is_whole = world_.now() >= started && world_.has_converged();
    if (is_whole && !report_.converged_after) {
        report_.converged_after = world_.now().time_since_epoch();
    }
    const Moment calm = last_fault_ends();
    if (world_.now() < calm) return;
    if (is_whole && !was_whole_) healed_at_ = world_.now();
    was_whole_ = is_whole;
}

/// Steps that need a member that is up choose among those; `restart` among those that are down.
std::vector<HostIndex> Runner::pick(const Target& target) {
    if (target.kind == Target::Kind::listed) {
        std::vector<HostIndex> hosts;
        for (const HostIndex host : target.hosts) {
            if (host < world_.size()) hosts.push_back(host);
        }
        return hosts;
    }
    std::vector<HostIndex> hosts = world_.members();
    if (target.kind == Target::Kind::all) return hosts;
    world_.random().shuffle(std::span(hosts));
    const std::size_t count =
        target.kind == Target::Kind::random
            ? target.count
            : static_cast<std::size_t>(target.fraction * static_cast<double>(world_.size()));
    hosts.resize(std::min(count, hosts.size()));
    std::ranges::sort(hosts);
    return hosts;
}

void Runner::execute(const Step& step) {
    switch (step.what) {
        case Step::Do::heal: {
            NetworkConfig calm = scenario_.network;
            world_.network().configure(calm);
            return world_.heal();
        }
        case Step::Do::partition:
            return world_.partition(pick(step.target));
        case Step::Do::replay:
            return replay(step.replay);
        case Step::Do::chaos:
            chaos_ = std::make_unique<Chaos>(world_, scenario_.network);
            return chaos_->run_for(step.lasting);
        case Step::Do::isolate: {
            std::vector<HostIndex> everybody(world_.size());
            for (HostIndex host = 0; host < world_.size(); ++host) everybody[host] = host;
            return world_.cut(everybody, pick(step.target));
        }
        case Step::Do::loss:
            if (step.target.kind == Target::Kind::all) {
                NetworkConfig lossy = world_.network().config();
                lossy.loss = step.value;
                return world_.network().configure(lossy);
            }
            break;
        case Step::Do::restart:
            if (step.target.kind != Target::Kind::listed) {
                for (HostIndex host = 0; host < world_.size(); ++host) {
                    if (!world_.is_up(host)) world_.start(host);
                }
                return;
            }
            break;
        default:
            break;
    }
    for (const HostIndex host : pick(step.target)) {
        const bool is_repeated = step.what == Step::Do::publish || step.what == Step::Do::record;
        if (is_repeated && step.value > 0) {
            repeat(step, host, world_.now() + step.lasting);
        } else {
            do_once(step, host);
        }
    }
}

void Runner::do_once(const Step& step, HostIndex host) {
    const bool needs_process = step.what != Step::Do::restart && step.what != Step::Do::loss &&
                               step.what != Step::Do::outbound_loss &&
                               step.what != Step::Do::snapshot && step.what != Step::Do::restore;
    if (needs_process && !world_.is_member(host)) return;
    const std::string key = fmt::format("key{}", world_.random().below(8));
    switch (step.what) {
        case Step::Do::kill:
            return world_.kill(host, crash_of(step.crash));
        case Step::Do::restart:
            if (!world_.is_up(host)) world_.start(host);
            return;
        case Step::Do::stall:
            return world_.stall(host, step.lasting);
        case Step::Do::clog:
            return world_.clog(host, step.lasting);
        case Step::Do::loss:
            return world_.network().set_inbound_loss(host, step.value);
        case Step::Do::outbound_loss:
            return world_.network().set_outbound_loss(host, step.value);
        case Step::Do::leave:
            return world_.leave(host);
        case Step::Do::snapshot:
            return world_.snapshot(host);
        case Step::Do::restore:
            world_.kill(host, Crash::power);
            if (world_.restore(host)) world_.start(host);
            return;
        // Refusals (a full record, a key that is not there) are no fault of the group's.
        case Step::Do::publish:
            static_cast<void>(world_.publish(host, "news", Bytes(step.payload_bytes, 0x67)));
            return;
        case Step::Do::record:
            static_cast<void>(
                world_.set_record(host, key, fmt::format("{:016x}", world_.random().next())));
            return;
        case Step::Do::erase:
            static_cast<void>(world_.erase_record(host, key));
            return;
        default:
            return;
    }
}

/// `step` again and again with exponential pauses, so that the rate is `value` per second.
void Runner::repeat(const Step& step, HostIndex host, Moment end) {
    const auto mean = Duration(static_cast<std::int64_t>(1e9 / step.value));
    const Moment next = world_.now() + exponential(world_.random(), mean);
    if (next > end) return;
    world_.at(next, [this, &step, host, end] {
        if (world_.is_member(host)) do_once(step, host);
        repeat(step, host, end);
    });
}

void Runner::replay(Step::Replay from) {
    // A copy: what is recorded while we replay is not replayed again.
    const std::vector<Datagram> recorded = world_.network().recorded();
    for (Datagram datagram : recorded) {
        if (from == Step::Replay::other_address) {
            datagram.from = Endpoint::v4(192, 0, 2, 66, 6666);
        } else if (from == Step::Replay::other_member) {
            const HostIndex to = world_.network().host_of(datagram.to);
            const auto other = static_cast<HostIndex>((to + 1) % world_.size());
            datagram.to = Network::endpoint_of(other);
        }
        world_.inject(std::move(datagram));
    }
}

void Runner::summarise() {
    const Statistics& statistics = world_.statistics();
    report_.trace_hash = world_.trace_hash();
    report_.simulated_seconds = std::chrono::duration<double>(scenario_.duration).count();
    const Traffic total = statistics.total();
    report_.datagrams = total.datagrams_sent;
    report_.bytes = total.bytes_sent;
    report_.bytes_per_member_second = static_cast<double>(total.bytes_sent) /
                                      static_cast<double>(world_.size()) /
                                      report_.simulated_seconds;
    if (was_whole_) report_.healed_after = healed_at_ - std::min(last_fault_ends(), healed_at_);
    report_.detections = statistics.detections();
    report_.false_deaths = statistics.false_deaths();
    report_.suspicions = statistics.suspicions();
    report_.events_published = statistics.published_count();
    const Statistics::Deliveries deliveries = statistics.deliveries();
    report_.events_expected = deliveries.expected;
    report_.events_delivered = deliveries.delivered;
    report_.gaps = deliveries.gaps;
    report_.events_lost = deliveries.lost;
    report_.delivery_p50 = statistics.delivery_quantile(0.5);
    report_.delivery_p99 = statistics.delivery_quantile(0.99);
    report_.violations = world_.checkers().violations();
}

double seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

void Runner::judge() {
    const Expectations& expect = scenario_.expect;
    const auto within = [&](std::string_view what, const std::optional<Duration>& limit,
                            const std::optional<Duration>& value) {
        if (!limit || (value && *value <= *limit)) return;
        miss(value ? fmt::format("{}: {:.3f} s, expected {:.3f}", what, seconds(*value),
                                 seconds(*limit))
                   : fmt::format("{}: never, expected {:.3f} s", what, seconds(*limit)));
    };
    within("converged_within", expect.converged_within, report_.converged_after);
    within("healed_within", expect.healed_within, report_.healed_after);
    for (const Detection& detection : report_.detections) {
        if (detection.observers == 0) continue;
        within(fmt::format("detected_within (m{})", detection.host), expect.detected_within,
               detection.last);
        if (expect.detected_not_before && detection.first &&
            *detection.first < *expect.detected_not_before) {
            miss(fmt::format("detected_not_before (m{}): {:.3f} s", detection.host,
                             seconds(*detection.first)));
        }
    }
    if (expect.false_deaths_max && report_.false_deaths > *expect.false_deaths_max) {
        miss(fmt::format("false_deaths_max: {}", report_.false_deaths));
    }
    if (expect.gaps && report_.gaps != *expect.gaps) {
        miss(fmt::format("gaps: {}, expected {}", report_.gaps, *expect.gaps));
    }
    const std::uint64_t undelivered = report_.events_expected - report_.events_delivered;
    if (expect.undelivered_max && undelivered > *expect.undelivered_max) {
        miss(fmt::format("undelivered_max: {} of {}", undelivered, report_.events_expected));
    }
    if (expect.bytes_per_second_max &&
        report_.bytes_per_member_second > *expect.bytes_per_second_max) {
        miss(fmt::format("bytes_per_second_max: {:.0f}", report_.bytes_per_member_second));
    }
}

}  // namespace

Report run_scenario(const Scenario& scenario, const Overrides& overrides, std::ostream* trace) {
    return Runner(scenario, overrides, trace).run();
}

}  // namespace grapevine::sim
