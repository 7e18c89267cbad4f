#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/lab/trial.hpp"
#include "sim/world.hpp"

namespace grapevine::sim::lab {

/// Whole overlays as the daemon runs them, in a `World`: with datagrams, keys, clocks and disks.
/// For failure detection, and for groups that find each other, are cut apart and heal.
///
/// The members begin within the first second and find each other by the seeds. A kill is a loss of
/// power; who is restarted comes back with its disk. There are kWorldNewcomersMax places for
/// newcomers.
/// What a datagram carries is sealed, so all of them are shown alike.
/// It never ends by itself, but with its duration.
class WorldTrial final : public Trial {
public:
    explicit WorldTrial(const Settings& settings);

    Moment run_until(Moment end, Stopping stopping) override;
    void act(Moment now, const Action& action) override;
    [[nodiscard]] Outcome<void> check(const Action& action) const override;
    [[nodiscard]] bool has_ended() const override { return false; }
    [[nodiscard]] std::vector<Point> points(Moment now) const override;
    [[nodiscard]] std::vector<Point> summary() const override { return points(world_.now()); }
    [[nodiscard]] std::vector<Verdict> verdicts() const override;
    [[nodiscard]] std::uint64_t trace_hash() const override { return world_.trace_hash(); }
    [[nodiscard]] Film& film() override { return film_; }

private:
    enum class Belief : std::uint8_t { unknown, alive, suspect, dead };
    /// How the others see one.
    struct Reputation {
        std::size_t suspected_by = 0;
        std::size_t dead_to = 0;
        std::optional<Moment> killed_at{};
        bool is_integrated = false;  ///< Has seen all that were up, at some moment of this life.
    };

    [[nodiscard]] Belief& belief(HostIndex observer, HostIndex member) {
        return beliefs_[observer * places_ + member];
    }
    void start(HostIndex host);
    void hear(HostIndex host, const overlay::Overlay::Action& action);
    void hear(HostIndex observer, const protocol::MemberChange& change);
    void deliver(HostIndex host, const protocol::Event& event);
    void believe(HostIndex observer, HostIndex member, Belief now);
    void publish(HostIndex host);
    void look();
    [[nodiscard]] State state_of(HostIndex host) const;
    void note(std::string_view kind, HostIndex member, HostIndex by = kNoHost,
              std::int64_t hops = -1, std::int64_t after_ms = -1);
    [[nodiscard]] std::int64_t since_death(HostIndex member) const;

    std::size_t places_;
    std::size_t count_;  ///< Of these, taken.
    bool tells_events_;
    std::size_t up_ = 0;
    World world_;
    std::vector<Belief> beliefs_;
    std::vector<Reputation> reputations_;
    std::optional<protocol::EventKey> newest_;
    std::vector<bool> has_newest_;
    Film film_;
};

}  // namespace grapevine::sim::lab
