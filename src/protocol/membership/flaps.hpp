#pragma once

#include <array>
#include <cstddef>
#include <map>

#include "base/ids.hpp"
#include "base/time.hpp"

namespace grapevine::protocol {

/// Who keeps being suspected and taken back, and so gets more time.
///
/// The problem: a member that hears a fifth of what is sent to it is found silent again and again,
/// and refutes each time, sooner or later. If its suspicion is short, it is dead and back several
/// times a minute, and so is what hangs on it.
///
/// The idea: the *return* of a member is a clearing of its suspicion or a return from the dead in
/// one and the same life (a restart is none). With r returns in the last `kWindow` its suspicion
/// lasts at least
///
///     r      0, 1    2       3       4 and more
///            -       15 s    30 s    60 s
///
/// before anybody may call it dead, whatever the profile and the confirmations say, and observers
/// that agree only suspect it. One return is free: after a partition has healed, everybody has had
/// one, and must not be slow to be noticed for that.
///
/// The price: a host that was stopped twice for longer than its profile bears, and then really
/// crashes within five minutes, is told after 15 s. Returns before a restart do not count, because
/// a busy daemon may stop for a moment at each start, and a bad link restarts nobody. None counts
/// once its host says that nobody listens there (wire::Vote::is_refused): the deaf do not refuse.
///
/// Why 15 s? Whom every peer tells once a probe period that it is suspected hears it within some
/// periods even at 80% loss; the longest, of `wan`, is 5 s. Why not more than 60 s? Then it flaps
/// once a minute at most, and if it really crashes, it is noticed within a minute.
///
/// Memory: kFlapsMax members with four instants each; the one that returned longest ago is
/// displaced.
class Flaps {
public:
    static constexpr Duration kWindow = std::chrono::minutes(5);
    static constexpr Duration kFirstHold = std::chrono::seconds(15);
    /// Returns that count; more of them change nothing.
    static constexpr std::size_t kReturnsMax = 4;

    void returned(Instant now, MemberId member);
    /// How long a suspicion of `member` lasts at least; zero if it is steady.
    [[nodiscard]] Duration hold(Instant now, MemberId member) const;
    void forget(MemberId member) { members_.erase(member); }

    [[nodiscard]] std::size_t size() const { return members_.size(); }

private:
    struct Returns {
        std::array<Instant, kReturnsMax> latest{};  ///< Newest first; `count` of them.
        std::size_t count = 0;
    };
    std::map<MemberId, Returns> members_;
};

}  // namespace grapevine::protocol
