#pragma once

#include <cstdint>
#include <vector>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "wire/state_map.hpp"

namespace grapevine::protocol {

using Raise = wire::StateRaise;
using FloorView = wire::StateFloor;

/// Up to when deletions are forgotten, such that nothing deleted returns.
///
/// The problem: a deletion must be remembered (a tombstone), else a member that has missed it
/// brings the entry back; and it cannot be remembered for ever. Throwing tombstones away by age
/// alone fails as soon as somebody is away for longer. Nobody writes the whole map, so no owner can
/// count versions (state/records.hpp), and to wait until everybody has acknowledged lets one dead
/// host stop it all.
///
/// The idea: with `grace` G (a day) a group makes a *raise* every G/8, a small record that spreads
/// with the anti-entropy of the map. A raise at r lets go of what is dead since before r - G, and r
/// is at most G/4 after the raise before it, so that a group that was down for a week does not
/// take itself for one that has gone on without its members. Each
/// member remembers the last raises. When two meet, the newest raise that both know, c, tells since
/// when they may have missed each other. What the other has forgotten since was dead before
/// r - G; if r - c <= G/2, that is before c - G/2, and we have been told of it (see *Late*).
/// Otherwise we may hold what was deleted, and cannot know: we *reset*, which is to drop our copy
/// and to take theirs. Of two that would both have to, because each side of a long partition has
/// gone on raising, the one with the smaller group does.
///
///     main     --- c ---- r1 ---- r2 ---- r3 ---- r4 ---- r5 -->
///     absent   --- c                                        | meets: r5 - c > G/2: reset
///     apart    --- c ---- q1 ---- q2 ---- q3 ---- q4 -------| both too far: the smaller resets
///
/// *Late* news: a tombstone that reaches us only long after it was made (after G/4), from somewhere
/// that was apart, is dated anew (Demers 1987, section 2.1: the activation time of a dormant death
/// certificate), so that its G begins when the group learns of it. So what is dead since before
/// c - G/2 has been in the group since before c - G/4, and whoever was in the group at c has it.
///
/// A map that is younger than its contacts holds only what was written since its *birth*, until it
/// takes from another: then it is as old as that one.
/// A member whose data is behind its raises must not be deceived by them: `synced` is when it last
/// held the same as another, and counts in place of c if it is earlier.
///
/// Pure. `now` below is on the hybrid clock, `raises` by their own.
class Floor {
public:
    enum class Verdict : std::uint8_t {
        same,    ///< Nothing to do (or they are behind, and will see it).
        adopt,   ///< They have raises that we lack: take them.
        reset,   ///< We must drop our copy, then take theirs.
        refuse,  ///< They must drop theirs before anything of it is taken.
    };

    explicit Floor(Duration grace);
    void restore(FloorView view);

    [[nodiscard]] Verdict compare(const FloorView& theirs) const;
    /// From now on we take what they hold: their raises that we lack, and the age of their map. If
    /// ours holds nothing older than our first contact, it is as far behind as theirs.
    void follow(const FloorView& theirs);
    /// Ours are forgotten: our map is empty now.
    void reset();
    void note_synced(Stamp now);
    /// A first cell has come into an empty map; or the last has gone (wire::kUnborn).
    void note_birth(Stamp birth);

    /// Whether one of us should raise. `rank`: 0 for the member that is to do it, 1 for the one
    /// that is to do it if the first does not, ... The first call starts the wait.
    [[nodiscard]] bool is_due(Stamp now, std::uint32_t rank);
    void raise(Stamp now, MemberId by, std::uint32_t members);

    /// What is dead since then, or earlier, is let go.
    [[nodiscard]] Stamp collected() const;
    /// A tombstone of then, or earlier, is dated anew when it comes now.
    [[nodiscard]] Stamp late_before(Stamp now) const;
    /// We have not held the same as anybody for a while: what comes to us is not late, but we.
    [[nodiscard]] bool is_behind(Stamp now) const;

    [[nodiscard]] const FloorView& view() const { return view_; }

private:
    [[nodiscard]] Stamp newest() const;
    [[nodiscard]] Stamp common_with(const FloorView& theirs) const;
    void take_raises(const std::vector<Raise>& raises);
    [[nodiscard]] static bool is_too_far(Stamp newest, Stamp base, std::uint64_t half_ms);

    std::uint64_t grace_ms_;
    FloorView view_;
    Stamp source_birth_ = wire::kUnborn;  ///< Of the oldest map that ours has taken from.
    Stamp seen_at_{};                     ///< When the newest raise was made or taken here.
};

}  // namespace grapevine::protocol
