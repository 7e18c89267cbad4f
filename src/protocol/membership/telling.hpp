#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "base/time.hpp"
#include "protocol/membership/config.hpp"
#include "protocol/membership/membership.hpp"

namespace grapevine::protocol {

/// When users are told of a change of the view. The view itself changes at once.
///
/// The problem: a rack fails. Its members are found dead one by one, within some hundred
/// milliseconds, and who moves work away from each of them moves it to the next one that dies.
///
/// The idea: until nobody has died for `batch_quiet`, and while somebody else is in doubt, a death
/// is held back, and those that were held are told together, as one. Source: Suresh et al.,
/// "Rapid", ATC 2018, section 4.2 (no view change is proposed while any member lies between the low
/// and the high watermark).
/// Deviation: Rapid waits until nobody is in doubt, because all members must then agree on one cut;
/// here a death waits for `batch_hold` at most, since one half-reachable member may be in doubt for
/// long. A death within `batch_hold` after another one is held, too: where there are two, there are
/// often more that we have not heard a doubt about.
///
/// The death of a process alone, which its host has told by refusing datagrams, is no sign of more
/// to come: it waits for none.
///
/// Only deaths wait. What follows upon a death that is held is told behind it, so changes of one
/// member keep their order; those of different members need not.
///
/// A view is *settled* when nobody has come or gone for `settle_time`; then it is told as a whole:
/// how many there are, and one number for who they are. While 2,000 members join, a user that looks
/// at settled views sees a handful of sizes.
///
/// Memory: the deaths of `batch_hold`, at most one per member.
class Telling {
public:
    /// In the order in which they happened; more than one only of deaths, at most kTogetherMax.
    struct Changes {
        std::vector<MemberChange> changes;
    };
    struct Settled {
        std::size_t size = 0;           ///< Alive and suspect members, ourselves included.
        std::uint64_t fingerprint = 0;  ///< Equal on two members whose views list the same.
        friend bool operator==(const Settled&, const Settled&) = default;
    };
    using Action = std::variant<Changes, Settled>;

    explicit Telling(const ProtocolConfig& config);

    void changed(Instant now, MemberChange change);
    /// To be called at the end of every input, `is_anybody_in_doubt` being how things are then:
    /// suspected, or under the confirmation of observers. `view` is asked only when it is settled.
    template <typename View>
    void advance(Instant now, bool is_anybody_in_doubt, View&& view) {
        if (!std::exchange(has_begun_, true))
            settles_at_ = std::min(settles_at_, now + settle_time_);
        release(now, is_anybody_in_doubt);
        if (now >= settles_at_ && held_.empty()) settled(view());
    }
    [[nodiscard]] std::optional<Action> poll();
    [[nodiscard]] Instant deadline() const;

private:
    void release(Instant now, bool is_anybody_in_doubt);
    void tell_held(Instant now);
    void settled(Settled view);

    const Duration quiet_;
    const Duration hold_;
    const Duration settle_time_;
    std::vector<MemberChange> held_;
    Instant quiet_at_ = kNever;         ///< Others may die before that. kNever once it has passed.
    Instant held_until_ = kNever;       ///< Unless it is quiet and nobody in doubt before.
    std::optional<Instant> last_told_;  ///< A death that was none of a process alone.
    bool has_begun_ = false;            ///< The view that we start with settles, too.
    Instant settles_at_ = kNever;       ///< kNever once it is told.
    std::optional<Settled> last_settled_;
    std::deque<Action> outbox_;
};

}  // namespace grapevine::protocol
