// What is set for the whole overlay: proposing it, taking it over, and its next stage. See
// rollout.hpp.

#include <tuple>
#include <utility>

#include "overlay/implementation.hpp"
#include "protocol/state/reserved_keys.hpp"

namespace grapevine::overlay {
namespace {

wire::Notice notice_of(const RolloutPlan& plan) {
    wire::Notice notice;
    notice.kind = static_cast<std::uint8_t>(wire::NoticeKind::configuration);
    notice.epoch = plan.notice_epoch();
    notice.body = encode_rollout_plan(plan);
    return notice;
}

}  // namespace

Rollout Overlay::Implementation::restored_rollout() const {
    const MemberId self = identity_.member();
    const auto& items = node_.records().find(self)->items;
    const auto item = items.find(protocol::kConfigKey);
    std::optional<RolloutState> last;
    if (item != items.end() && !item->second.is_tombstone) {
        if (const auto state = parse_rollout_state(item->second.value)) last = *state;
    }
    return {self, settings_.protocol, node_.notices().find(wire::NoticeKind::configuration), last};
}

void Overlay::Implementation::follow_rollout(Instant now) {
    const bool has_changed = rollout_.take_change();
    if (has_changed) node_.configure(now, rollout_.config());
    const auto state = rollout_.take_state();
    if (!state) return;
    node_.set_reserved(now, protocol::kConfigKey, *state);
    ConfigChanged changed;
    changed.epoch = rollout_.state().epoch;
    changed.stage = rollout_.plan() ? rollout_.plan()->stage : RolloutStage::canary;
    changed.running = rollout_.running();
    changed.is_refused = rollout_.state().health == RolloutState::Health::refused;
    changed.is_overruled = rollout_.is_overruled();
    const auto news = [](const ConfigChanged& each) {
        return std::tie(each.epoch, each.stage, each.running, each.is_refused, each.is_overruled);
    };
    // How a canary does from interval to interval is in its record, and no news.
    if (news(changed) == news(told_config_)) return;
    told_config_ = changed;
    outbox_.push_back(changed);
}

/// From the last stage to the first, because each carries the signatures of those behind it.
Outcome<std::uint64_t> Overlay::Implementation::propose_settings(Instant now,
                                                                 const RolloutOrder& order,
                                                                 const crypto::Identity& signer) {
    RolloutPlan plan = GV_TRY(rollout_.begin(order, node_));
    wire::Notice notice;
    for (const RolloutStage stage :
         {RolloutStage::returned, RolloutStage::everywhere, RolloutStage::canary}) {
        if (stage != RolloutStage::returned) {
            plan.following.insert(plan.following.begin(), notice.signature);
        }
        plan.stage = stage;
        notice = sign_notice(notice_of(plan), signer);
    }
    GV_TRY_VOID(node_.propose(now, std::move(notice)));
    rollout_.proposed(plan);
    return plan.epoch;
}

Outcome<void> Overlay::Implementation::take_settings_back(Instant now) {
    wire::Notice notice = GV_TRY(rollout_.take_back());
    return node_.propose(now, std::move(notice));
}

void Overlay::Implementation::look_at_rollout(Instant now) {
    auto next = rollout_.look(now, node_);
    // Another member may have been faster: then its notice is what counts, and it is the same.
    if (next) (void)node_.propose(now, std::move(*next));
    drain(now);
}

Outcome<void> Overlay::Implementation::set_summary(Instant now,
                                                   protocol::SummaryStatement statement,
                                                   const crypto::Identity& signer) {
    wire::Notice notice = GV_TRY(summaries_.make_notice(std::move(statement), node_));
    return node_.propose(now, sign_notice(std::move(notice), signer));
}

}  // namespace grapevine::overlay
