#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"
#include "overlay/live_settings.hpp"
#include "wire/messages.hpp"

namespace grapevine::overlay {

/// How far a roll-out is. Each stage is a notice of its own, and the notices of one configuration
/// epoch p have the epochs 3p, 3p + 1 and 3p + 2: a later stage outranks an earlier one, a return
/// outranks all, and the next roll-out begins above.
enum class RolloutStage : std::uint8_t {
    canary = 0,      ///< The canaries run it, the others what was before.
    everywhere = 1,  ///< All run it.
    returned = 2,    ///< Nobody runs it: all run what was before.
};
inline constexpr std::uint64_t kRolloutStages = 3;
/// "canary", "everywhere", "returned".
std::string_view to_string(RolloutStage stage);

/// Of 1000; 1000: all members are canaries.
inline constexpr std::uint16_t kCanaryShareMin = 1;
inline constexpr std::uint16_t kCanaryShareMax = 1000;
/// Below a second hardly any member looks; above an hour nobody waits for three.
inline constexpr Duration kHealthIntervalMin = std::chrono::seconds(1);
inline constexpr Duration kHealthIntervalMax = std::chrono::hours(1);
/// Settings in one configuration, those that we do not know included: twice as many (before and
/// after) fit into a notice.
inline constexpr std::size_t kRolloutValuesMax = 24;

/// What a notice of configuration says. Complete in itself: one who was away needs no earlier one.
struct RolloutPlan {
    std::uint64_t epoch = 0;  ///< Of the configuration: 1 and up.
    RolloutStage stage = RolloutStage::canary;
    std::uint16_t canary_share = 0;  ///< Of 1000.
    Duration health_interval{};      ///< Whole milliseconds.
    std::uint64_t salt = 0;          ///< Chooses who is a canary, with the epoch and its id.
    std::uint64_t base_epoch = 0;    ///< What was before; 0: each member's own configuration.
    LiveValues base;
    LiveValues next;
    /// Of the notices of the stages that come after this one: signed at the same time, so that any
    /// member can issue them, and who has signed need not be asked again.
    std::vector<wire::Signature> following;

    friend bool operator==(const RolloutPlan&, const RolloutPlan&) = default;

    [[nodiscard]] std::uint64_t notice_epoch() const {
        return epoch * kRolloutStages + static_cast<std::uint64_t>(stage);
    }
    [[nodiscard]] bool is_canary(MemberId member) const;
    /// What `member` is to run by it, and the epoch of that.
    [[nodiscard]] const LiveValues& values_for(MemberId member) const;
    [[nodiscard]] std::uint64_t epoch_for(MemberId member) const;
    /// Of what all its stages have in common: two roll-outs of one epoch are not the same.
    [[nodiscard]] std::uint64_t digest() const;
    /// The same roll-out at a later stage.
    [[nodiscard]] RolloutPlan at_stage(RolloutStage later) const;
};

/// The body of its notice: FORMAT.md, section 7.2. A plan that keeps its rules.
Bytes encode_rollout_plan(const RolloutPlan& plan);
/// Truncated, malformed, over_limit, or unsupported for a form that we do not know. Settings that
/// we do not know are kept.
Result<RolloutPlan> decode_rollout_plan(std::uint64_t notice_epoch, ByteView body);

/// How a member does with the roll-out that it has heard of last, as it tells in its record.
struct RolloutState {
    enum class Health : std::uint8_t {
        steady,   ///< There is nothing to watch: it is no canary, or the trial is over.
        well,     ///< A canary, well since it runs the epoch.
        unwell,   ///< A canary that wants it to end.
        refused,  ///< It does not understand it, and has changed nothing.
    };
    enum class Reason : std::uint8_t {
        none,
        slow,         ///< Its local health is above the limit.
        suspects,     ///< Members are suspected more than before.
        deaths,       ///< ... or die.
        suspected,    ///< It is suspected itself more than before.
        lost_events,  ///< Its subscribers lose events.
        restarted,    ///< It was restarted since it runs the epoch.
        unknown,      ///< The roll-out names what it does not know.
        vanished,     ///< It sees that a canary is dead,
        stuck,        ///< or that the trial comes to no end.
    };
    std::uint64_t running = 0;  ///< The configuration epoch that it runs.
    std::uint64_t epoch = 0;    ///< Of the roll-out that it speaks of,
    std::uint64_t digest = 0;   ///< and which one of that epoch.
    Health health = Health::steady;
    Reason reason = Reason::none;
    std::uint32_t intervals = 0;  ///< Whole health intervals that it has been well.

    friend bool operator==(const RolloutState&, const RolloutState&) = default;
};
inline constexpr std::array<std::string_view, 4> kRolloutHealthNames = {"steady", "well", "unwell",
                                                                        "refused"};
inline constexpr std::array<std::string_view, 10> kRolloutReasonNames = {
    "none",        "slow",      "suspects", "deaths",   "suspected",
    "lost-events", "restarted", "unknown",  "vanished", "stuck"};
std::string_view to_string(RolloutState::Health health);
std::string_view to_string(RolloutState::Reason reason);

/// Six words with blanks between: FORMAT.md, section 7.2.
std::string to_text(const RolloutState& state);
/// Malformed for what is no such text: other members wrote it.
Result<RolloutState> parse_rollout_state(std::string_view text);

}  // namespace grapevine::overlay
