#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/limits.hpp"
#include "sim/lab/links.hpp"
#include "sim/lab/roster.hpp"
#include "sim/lab/trial.hpp"
#include "sim/timers.hpp"

namespace grapevine::sim::lab {

inline std::int64_t milliseconds(Duration duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

/// What experiments with one machine per member have in common: the wheel of time, the members that
/// come and go, and `Links` between them. What a member is, and what a `Load` means to it, is the
/// derived class's.
///
/// Members know each other from the beginning (Roster). One that was killed is dropped from the
/// view after `noticed_ms`; one that is restarted has forgotten everything, and is in the view.
template <typename Load>
class LinkedTrial : public Trial {
public:
    Moment run_until(Moment end, Stopping stopping) final {
        const auto stops = [&] { return stopping == Stopping::at_its_end && has_ended(); };
        while (next() <= end) {
            if (stops()) return now_;
            step();
        }
        if (stops()) return now_;
        now_ = end;
        return now_;
    }

    [[nodiscard]] Outcome<void> check(const Action& action) const final {
        return check_members(action, lives_.size(), kLabMembersMax);
    }

    void act(Moment now, const Action& action) final {
        using Do = Action::Do;
        now_ = now;
        trace_.add(static_cast<std::uint64_t>(now.time_since_epoch().count()));
        trace_.add(to_string(action));
        if (action.what == Do::rumor && is_up(action.member)) tell_rumor(action.member);
        if (action.what == Do::kill) kill(action.member);
        if (action.what == Do::restart) restart(action.member);
        if (action.what == Do::partition) links_.divide(action.members);
        if (action.what == Do::heal) links_.heal(now_);
        if (action.what == Do::clog) {
            links_.clog(action.member, action.to, now_ + std::chrono::milliseconds(action.for_ms));
        }
        if (action.what == Do::add) {
            links_.add_members(action.count);
            for (std::uint32_t count = 0; count < action.count; ++count) {
                tell_joined(add_member());
            }
        }
    }

    [[nodiscard]] std::uint64_t trace_hash() const final { return trace_.value(); }
    [[nodiscard]] Film& film() final { return film_; }

protected:
    /// Without members: `populate` is called when the derived class is there.
    explicit LinkedTrial(const Settings& settings)
        : settings_(settings),
          random_(settings.whole("seed")),
          roster_(0, random_.next()),
          noticed_after_(settings.duration("noticed_ms")),
          links_(settings.members(), settings.duration("latency_ms"), settings.number("loss"),
                 random_.next()),
          timers_(0),
          film_(0) {}

    void populate() {
        for (std::size_t member = 0; member < settings_.members(); ++member) add_member();
    }

    // -- What the derived class does --

    /// A place for the next member, before its first birth.
    virtual void added(HostIndex member) = 0;
    /// It begins, or begins anew, with an empty memory.
    virtual void born(HostIndex member) = 0;
    virtual void killed(HostIndex member) { (void)member; }
    /// It is in the view, or out of it, from now on; told to one who is up.
    virtual void joined(HostIndex member, HostIndex who) {
        (void)member;
        (void)who;
    }
    virtual void left(HostIndex member, HostIndex who) {
        (void)member;
        (void)who;
    }
    virtual void tell_rumor(HostIndex member) { (void)member; }
    /// The moment that it was set to (`wake_at`). Sets the next one.
    virtual void wake(HostIndex member) = 0;
    /// Only to those who are up.
    virtual void arrive(HostIndex from, HostIndex to, Load& load) = 0;
    /// It is not under way any more, whoever has it now.
    virtual void landed(const Load& load) { (void)load; }

    // -- What it can use --

    /// Whether it is under way now.
    bool send(HostIndex from, HostIndex to, Load load, Errand errand, std::size_t bytes) {
        ++datagrams_;
        bytes_ += bytes;
        if (links_.send(now_, from, to, std::move(load)) == Links<Load>::Fate::lost) {
            ++lost_;
            film_.sent(from, to, Errand::lost);
            return false;
        }
        film_.sent(from, to, errand);
        return true;
    }
    void wake_at(HostIndex member, Moment moment) { timers_.set(member, moment); }
    [[nodiscard]] Moment next_wake() const { return timers_.next(); }
    void note(std::string_view kind, HostIndex member, HostIndex other = kNoHost,
              std::int64_t hops = -1, std::int64_t after_ms = -1) {
        film_.note({milliseconds(now_.time_since_epoch()), kind, member, other, hops, after_ms});
    }
    [[nodiscard]] Moment now() const { return now_; }
    [[nodiscard]] Instant clock() const { return Instant(now_.time_since_epoch()); }
    [[nodiscard]] std::size_t count() const { return lives_.size(); }
    [[nodiscard]] bool is_up(HostIndex member) const { return lives_[member].is_up; }
    /// From 1; each start begins one.
    [[nodiscard]] std::uint32_t life(HostIndex member) const { return lives_[member].number; }
    [[nodiscard]] const Settings& settings() const { return settings_; }
    [[nodiscard]] Random& random() { return random_; }
    [[nodiscard]] const Roster& roster() const { return roster_; }
    [[nodiscard]] Fingerprint& trace() { return trace_; }
    [[nodiscard]] double per_member(std::uint64_t total) const {
        return static_cast<double>(total) / static_cast<double>(count());
    }
    [[nodiscard]] std::uint64_t datagrams() const { return datagrams_; }
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
    [[nodiscard]] std::uint64_t lost() const { return lost_; }

    /// What a datagram takes besides its sections: 28 for IP and UDP, 28 of our header, 16 of the
    /// seal and 1 in front of the sections.
    static constexpr std::size_t kFrameBytes = 28 + 28 + 16 + 1;

private:
    struct Life {
        std::uint32_t number = 0;
        bool is_up = true;
    };
    /// A death that is going to be noticed.
    struct Death {
        Moment at;
        HostIndex member = 0;
        std::uint32_t life = 0;
    };

    [[nodiscard]] Moment next() const {
        const Moment death = deaths_.empty() ? kEndOfTime : deaths_.front().at;
        return std::min({links_.next(), timers_.next(), death});
    }

    void step() {
        now_ = std::max(now_, next());
        notice_deaths();
        if (links_.next() <= now_) {
            auto arrival = links_.pop(now_);
            for (const auto& stopped : links_.take_lost()) {
                ++lost_;
                landed(stopped.load);
            }
            if (!arrival) return;
            landed(arrival->load);
            trace_.add(static_cast<std::uint64_t>(now_.time_since_epoch().count()));
            trace_.add(std::uint64_t{arrival->from} << 32U | arrival->to);
            if (is_up(arrival->to)) arrive(arrival->from, arrival->to, arrival->load);
            return;
        }
        if (timers_.next() <= now_) wake(timers_.first());
    }

    HostIndex add_member() {
        const auto member = static_cast<HostIndex>(lives_.size());
        lives_.push_back({});
        timers_.add(1);
        film_.add_members(1);
        added(member);
        begin_life(member);
        return member;
    }

    void begin_life(HostIndex member) {
        lives_[member] = {lives_[member].number + 1, true};
        roster_.add(member);
        born(member);
    }

    /// To those who were there before: who begins together knows all from its birth.
    void tell_joined(HostIndex member) {
        for (HostIndex other = 0; other < count(); ++other) {
            if (other != member && is_up(other)) joined(other, member);
        }
    }

    void kill(HostIndex member) {
        if (!is_up(member)) return;
        lives_[member].is_up = false;
        timers_.set(member, kEndOfTime);
        if (noticed_after_ > Duration::zero()) {
            deaths_.push_back({now_ + noticed_after_, member, life(member)});
        }
        film_.set_state(member, State::down);
        note("killed", member);
        killed(member);
    }

    void restart(HostIndex member) {
        if (is_up(member)) return;
        if (roster_.has(member)) drop_from_view(member);
        begin_life(member);
        tell_joined(member);
        note("back", member);
    }

    void drop_from_view(HostIndex member) {
        roster_.remove(member);
        for (HostIndex other = 0; other < count(); ++other) {
            if (is_up(other)) left(other, member);
        }
    }

    void notice_deaths() {
        while (!deaths_.empty() && deaths_.front().at <= now_) {
            const Death death = deaths_.front();
            deaths_.erase(deaths_.begin());
            const bool is_the_same = !is_up(death.member) && life(death.member) == death.life;
            if (!is_the_same || !roster_.has(death.member)) continue;
            drop_from_view(death.member);
            note("noticed", death.member, kNoHost, -1, milliseconds(noticed_after_));
        }
    }

    Settings settings_;
    Random random_;
    Roster roster_;
    Duration noticed_after_;
    Links<Load> links_;
    Timers timers_;
    std::vector<Life> lives_;
    std::vector<Death> deaths_;  ///< In order of time.
    Moment now_{};
    std::uint64_t datagrams_ = 0;
    std::uint64_t bytes_ = 0;
    std::uint64_t lost_ = 0;
    Fingerprint trace_;
    Film film_;
};

}  // namespace grapevine::sim::lab
