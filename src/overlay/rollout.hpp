#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"
#include "overlay/rollout_plan.hpp"
#include "overlay/trial.hpp"
#include "protocol/node.hpp"
#include "wire/messages.hpp"

namespace grapevine::overlay {

/// What an operator wants to be set in the whole overlay, and how carefully.
struct RolloutOrder {
    /// By the id of the setting; nothing: as each member's own configuration says.
    std::map<std::uint8_t, std::optional<std::uint64_t>> changes;
    std::uint16_t canary_share = 100;  ///< Of 1000.
    Duration health_interval = std::chrono::seconds(10);
    std::uint64_t salt = 0;  ///< Random: where the search for canaries begins.
};

/// The settings of a whole overlay, and the careful way from one to the next.
///
/// The problem: gossip brings a bad setting to everybody as fast as a good one, and what it breaks
/// may be the very gossip that is to bring the remedy. The idea: a few members, the canaries,
/// chosen by a hash of their id and the epoch, try it first and watch themselves (trial.hpp). Three
/// notices are signed at once, canary, everywhere and returned, and the first carries the
/// signatures of the others; so any member can issue the next, by these rules, and nobody needs to
/// be awake:
///
///     canary ----every canary well for kHealthyIntervals------------------> everywhere
///         |--a canary is unwell, dead or restarted, or somebody refuses---> returned
///         |--neither for kPatienceIntervals-------------------------------> returned
///     everywhere --a user says so-----------------------------------------> returned
///
/// A canary that is unwell goes back at once, by itself, and issues the return. One that is dead is
/// noticed by the others, who say so in their records; it takes half of all, or any member that is
/// cut off would end the trial. For the same reason only who sees half of them goes on to
/// everywhere. A return outranks everything of its epoch, so where two members decide differently,
/// the careful one is right.
///
/// Source: none; the idea of canaries is folklore, and that bad state spreads as well as good is
/// from Chow and van Renesse, IPTPS 2010.
///
/// A notice names all settings before and after, so one who was away needs the last one only. What
/// it does not name is as each member's own configuration says. A member that does not know a
/// setting refuses the roll-out as a whole: it runs what was before, and says so.
///
/// What a liar can do (it holds the overlay's key): end a roll-out by saying that it is unwell; as
/// a canary, say that it is well. It cannot make up a setting, nor go on without the other
/// canaries.
///
/// It sends nothing and signs nothing: the overlay around it does. Bounds: one plan, and one entry
/// for each canary.
class Rollout {
public:
    static constexpr std::uint32_t kHealthyIntervals = 3;
    /// Canaries that neither prove themselves nor fail: three times as long as it should take.
    static constexpr int kPatienceIntervals = 10;
    static constexpr int kLooksPerInterval = 4;
    /// Searches for canaries: below 1 in 10^8 that one canary of 1000 for one member fails.
    static constexpr int kSaltsMax = 20'000;

    struct Standing {
        MemberId id;
        const protocol::Member* member = nullptr;  ///< Until the next input of the node.
        /// What it says of the present roll-out; nothing if it has not heard of it.
        std::optional<RolloutState> state;
        bool is_canary = false;
    };

    /// `configured`: the user's. `notice`: as restored. `last`: what our record said when we were
    /// stopped.
    Rollout(MemberId self, const protocol::ProtocolConfig& configured, const wire::Notice* notice,
            const std::optional<RolloutState>& last);

    [[nodiscard]] const std::optional<RolloutPlan>& plan() const { return plan_; }
    /// The configuration epoch that we run; 0: our own configuration alone.
    [[nodiscard]] std::uint64_t running() const { return state_.running; }
    [[nodiscard]] const RolloutState& state() const { return state_; }
    /// What is set by it, for this member.
    [[nodiscard]] const LiveValues& values() const { return values_; }
    [[nodiscard]] protocol::ProtocolConfig config() const {
        return with_values(configured_, values_);
    }
    /// A roll-out that was proposed here was displaced by another one of the same time.
    [[nodiscard]] bool is_overruled() const { return is_overruled_; }

    /// The notice of configuration that is held now.
    void obey(Instant now, const wire::Notice& notice, const protocol::Node& node);

    /// The plan of the next roll-out, unsigned. Refused (conflict) while one is under way,
    /// (invalid) if it changes nothing or no share of the members can be chosen.
    Outcome<RolloutPlan> begin(const RolloutOrder& order, const protocol::Node& node) const;
    /// It has been proposed from here.
    void proposed(const RolloutPlan& plan);
    /// The notice that takes the present roll-out back; refused (conflict) if there is none.
    [[nodiscard]] Outcome<wire::Notice> take_back() const;

    /// All members that are not gone for good, ourselves among them.
    [[nodiscard]] std::vector<Standing> standings(const protocol::Node& node) const;

    /// The notice of the next stage, if it is time for it. To be called at `deadline`.
    [[nodiscard]] std::optional<wire::Notice> look(Instant now, const protocol::Node& node);
    [[nodiscard]] Instant deadline() const { return next_look_; }

    /// Whether what is set has changed since the last call.
    [[nodiscard]] bool take_change() { return std::exchange(has_changed_, false); }
    /// For our record, if it has changed since the last call; empty while there was no roll-out.
    [[nodiscard]] std::optional<std::string> take_state();

private:
    /// What watching the others says.
    enum class Verdict : std::uint8_t { wait, proven, failed };

    void take(const wire::Notice& notice);
    void follow();
    void speak(RolloutState state);
    void begin_trial(Instant now, const protocol::Node& node);
    bool watch_self(Instant now, const protocol::Node& node);
    Verdict watch_others(Instant now, const protocol::Node& node);
    bool has_somebody_failed(Instant now, const protocol::Node& node);
    Verdict judge_canaries(const protocol::Node& node);
    Verdict miss(const protocol::Node& node);
    Verdict fail(RolloutState::Reason reason);
    [[nodiscard]] std::optional<RolloutState> state_of(const protocol::Node& node,
                                                       MemberId member) const;
    [[nodiscard]] bool is_on_trial() const { return plan_ && plan_->stage == RolloutStage::canary; }
    [[nodiscard]] wire::Notice notice_of(RolloutStage stage) const;

    const MemberId self_;
    const protocol::ProtocolConfig configured_;
    std::optional<RolloutPlan> plan_;
    wire::PublicKey author_{};  ///< Of the notice that is held.
    LiveValues values_;
    RolloutState state_;
    bool has_changed_ = false;
    bool is_state_due_ = false;

    std::optional<Instant> born_;  ///< When we were first woken.
    std::optional<Trial> trial_;
    std::optional<Instant> taken_at_;  ///< When we have first looked at this roll-out.
    std::size_t company_ = 0;          ///< The most members that we have seen since then.
    /// Canaries that we have seen alive: whether at its beginning.
    std::map<MemberId, bool> canaries_;
    bool had_early_ = false;

    std::optional<std::pair<std::uint64_t, std::uint64_t>> proposed_;  ///< Epoch and digest.
    bool is_overruled_ = false;
    Instant next_look_ = kNever;
};

}  // namespace grapevine::overlay
