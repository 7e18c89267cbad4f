#include "sim/detector_lab.hpp"

#include <algorithm>
#include <cassert>

#include "sim/world.hpp"

using namespace std::chrono_literals;

namespace grapevine::sim {

namespace {

/// How long a restarted member may take to be back everywhere before the next crash.
constexpr Duration kReturnMax = 20s;

class Measurement {
public:
    Measurement(const DetectorLab& lab, protocol::DetectorKind detector,
                const LabCondition& condition)
        : lab_(lab), condition_(condition), world_(config_of(lab, detector)) {
        cell_.detector = detector;
    }

    DetectorCell run() {
        world_.start_all(1s);
        world_.run_until([this] { return world_.has_converged(); }, 60s);
        // Every round of the slowest detector once, so that all have heard of all.
        world_.run_for(10s);
        begin_condition();
        measure_calm();
        for (std::size_t crash = 0; crash < lab_.crashes; ++crash) measure_crash();
        const Statistics& statistics = world_.statistics();
        cell_.suspicions = statistics.suspicions();
        cell_.false_deaths = statistics.false_deaths();
        cell_.simulated_seconds =
            std::chrono::duration<double>(world_.now().time_since_epoch()).count();
        std::ranges::sort(cell_.first);
        std::ranges::sort(cell_.last);
        return std::move(cell_);
    }

private:
    static WorldConfig config_of(const DetectorLab& lab, protocol::DetectorKind detector) {
        WorldConfig config;
        config.seed = lab.seed;
        config.hosts = lab.members;
        config.protocol = protocol::profile_config(lab.profile, detector);
        if (lab.adjust) lab.adjust(config.protocol);
        config.is_checked = false;
        return config;
    }

    void begin_condition() {
        NetworkConfig network = world_.network().config();
        network.loss = condition_.loss;
        world_.network().configure(network);
        if (condition_.stall > Duration::zero()) stall_later();
    }

    void stall_later() {
        const Duration wait = std::chrono::duration_cast<Duration>(
            std::chrono::duration<double>(world_.random().exponential(1)));
        world_.at(world_.now() + wait, [this] {
            const std::vector<HostIndex> members = world_.members();
            world_.stall(members[world_.random().below(members.size())], condition_.stall);
            stall_later();
        });
    }

    void measure_calm() {
        const Traffic before = world_.statistics().total();
        world_.run_for(lab_.calm);
        const Traffic after = world_.statistics().total();
        const double member_seconds =
            static_cast<double>(world_.size()) * std::chrono::duration<double>(lab_.calm).count();
        cell_.bytes_per_second =
            static_cast<double>(after.bytes_sent - before.bytes_sent) / member_seconds;
        cell_.datagrams_per_second =
            static_cast<double>(after.datagrams_sent - before.datagrams_sent) / member_seconds;
    }

    void measure_crash() {
        // At any phase of everybody's timers.
        world_.run_for(Duration(static_cast<Duration::rep>(
            world_.random().below(static_cast<std::uint64_t>(Duration(2s).count())))));
        const auto victim = static_cast<HostIndex>(world_.random().below(world_.size()));
        const std::size_t index = world_.statistics().detections().size();
        world_.kill(victim, Crash::power);
        const auto is_known = [&] {
            return world_.statistics().detections().at(index).last.has_value();
        };
        world_.run_until(is_known, lab_.patience);
        const Detection detection = world_.statistics().detections().at(index);
        ++cell_.crashes;
        if (detection.first) cell_.first.push_back(*detection.first);
        if (detection.last) {
            cell_.last.push_back(*detection.last);
        } else {
            ++cell_.unnoticed;
        }
        world_.start(victim);
        world_.run_until([this] { return world_.has_converged(); }, kReturnMax, 100ms);
    }

    const DetectorLab& lab_;
    const LabCondition condition_;
    World world_;
    DetectorCell cell_;
};

}  // namespace

Duration quantile_of(const std::vector<Duration>& rising, double quantile) {
    if (rising.empty()) return Duration::zero();
    assert(quantile >= 0 && quantile <= 1);
    return rising[static_cast<std::size_t>(quantile * static_cast<double>(rising.size() - 1))];
}

DetectorCell measure(const DetectorLab& lab, protocol::DetectorKind detector,
                     const LabCondition& condition) {
    assert(lab.members >= 2);
    return Measurement(lab, detector, condition).run();
}

}  // namespace grapevine::sim
