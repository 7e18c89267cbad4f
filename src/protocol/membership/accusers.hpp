#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "base/ids.hpp"
#include "base/limits.hpp"
#include "base/time.hpp"

namespace grapevine::protocol {

/// Whose accusations keep being refuted.
///
/// The problem: a member that receives little of what is sent to it finds everybody silent, and
/// accuses everybody. Each accusation is refuted within milliseconds, and costs every member a
/// suspicion, a new record and two changes of its view; the group is busy with one sick member.
///
/// The idea: a sick accuser is alone (Lifeguard, section IV: others do not confirm), and its
/// victims are many. A sick victim is accused by many, each of which has few other victims. So an
/// accusation is held against its accuser only if nobody else has voted for it, and who has had
/// kVictimsMax *different* victims of this kind within `window` is unreliable for `sentence` from
/// then on. What that means is Membership's.
///
/// When more than a quarter of all members are unreliable, the fault lies with the network or with
/// many victims, and the measure says nothing about anybody: then nobody is.
///
/// Deviation: no product of the field that we know does this; Rapid (Suresh et al., ATC 2018)
/// reaches the same end by asking for many observers.
///
/// Memory: kAccusersMax accusers with their latest victims; the one that was refuted longest ago is
/// displaced.
class Accusers {
public:
    /// Different victims within `window` that make an accuser unreliable.
    static constexpr std::size_t kVictimsMax = 4;

    Accusers(Duration window, Duration sentence) : window_(window), sentence_(sentence) {}

    void configure(Duration window, Duration sentence) {
        window_ = window;
        sentence_ = sentence;
    }

    /// `victim` has cleared its name of an accusation that `accuser` alone had voted for.
    void refuted(Instant now, MemberId accuser, MemberId victim);

    /// `member_count`: alive and suspect ones, ourselves included.
    [[nodiscard]] bool is_unreliable(Instant now, MemberId accuser, std::size_t member_count) const;

    [[nodiscard]] std::size_t size() const { return accusers_.size(); }

private:
    struct Refuted {
        MemberId victim;
        Instant when{};
    };
    struct Accuser {
        std::vector<Refuted> victims;  ///< Different ones, oldest first, at most kVictimsMax.
        Instant unreliable_until{};
    };

    Duration window_;
    Duration sentence_;
    std::map<MemberId, Accuser> accusers_;
};

}  // namespace grapevine::protocol
