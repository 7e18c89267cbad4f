#pragma once

#include <cstdint>
#include <vector>

#include "sim/world.hpp"

namespace grapevine::sim {

/// Random faults of every kind the world knows, drawn from its seed; then everything heals and
/// everybody comes back, so that liveness can be demanded.
///
/// Which kinds occur, and how often, is itself drawn for each run: a run in which everything
/// happens at once hides what a few faults in a row would show (FoundationDB's BUGGIFY and
/// "swarm testing").
class Chaos {
public:
    /// `calm` is what the network goes back to. The world must outlive this.
    Chaos(World& world, NetworkConfig calm);

    /// Begins now and ends after `duration`.
    void run_for(Duration duration);

    /// Faults done so far.
    [[nodiscard]] std::uint64_t fault_count() const { return fault_count_; }

private:
    enum class Fault : std::uint8_t {
        kill,
        kill_in_between,
        restart,
        partition,
        one_way,
        heal,
        stall,
        clog,
        weather,
        garbage,
        publish,
        set_record,
        erase_record,
        snapshot,
        restore,
        forget,
        leave,
    };
    static constexpr std::size_t kFaults = 17;

    void schedule();
    void do_one();
    void execute(Fault fault);
    void garbage();
    void forget_somebody(HostIndex host);
    void weather();
    void finish();
    [[nodiscard]] HostIndex any_up();
    [[nodiscard]] std::vector<HostIndex> some();
    [[nodiscard]] Crash any_crash();

    World& world_;
    NetworkConfig calm_;
    Random random_;
    Moment end_{};
    Duration pause_mean_{};
    std::vector<Fault> kinds_;  ///< As often as they shall occur.
    std::uint64_t fault_count_ = 0;
};

}  // namespace grapevine::sim
