// What a pump answers about the settings of its whole overlay. See pump.hpp.

#include <array>
#include <cstring>
#include <fmt/core.h>

#include "daemon/operator_key.hpp"
#include "daemon/pump.hpp"
#include "daemon/rollout_settings.hpp"
#include "daemon/views.hpp"
#include "overlay/rollout.hpp"
#include "runtime/log.hpp"
#include "runtime/os_random.hpp"

namespace grapevine::daemon {
namespace {

using overlay::Rollout;

control::RolloutView::Member view_of(const Rollout::Standing& standing,
                                     const control::MemberView& known) {
    control::RolloutView::Member member;
    member.id = id_text(standing.id);
    member.name = known.name;
    member.status = known.status;
    member.status_age_ms = known.status_age_ms;
    member.is_canary = standing.is_canary;
    member.health = "silent";
    member.reason = "none";
    if (!standing.state) return member;
    member.health = std::string(to_string(standing.state->health));
    member.reason = std::string(to_string(standing.state->reason));
    member.running = standing.state->running;
    member.intervals = standing.state->intervals;
    return member;
}

}  // namespace

Outcome<control::RolloutView> Pump::rollout() const {
    const Rollout& rollout = overlay_->rollout();
    control::RolloutView view;
    view.epoch = rollout.state().epoch;
    view.stage = view.epoch == 0 ? "none" : "unread";
    view.running = rollout.running();
    view.is_overruled = rollout.is_overruled();
    if (const auto& plan = rollout.plan()) {
        view.stage = std::string(to_string(plan->stage));
        view.canary_permille = plan->canary_share;
        view.health_interval_ms =
            std::chrono::duration_cast<std::chrono::milliseconds>(plan->health_interval).count();
        view.settings = rollout_settings(*plan);
    }
    if (view.epoch == 0) return view;
    for (const Rollout::Standing& standing : rollout.standings(overlay_->node())) {
        view.members.push_back(view_of(standing, view_of_member(*standing.member)));
    }
    return view;
}

Outcome<control::RolloutView> Pump::propose_rollout(const control::ProposeRollout& wanted) {
    overlay::RolloutOrder order = GV_TRY(rollout_order(wanted));
    const crypto::Identity signer = GV_TRY(signer_of(wanted.operator_key));
    std::array<std::uint8_t, sizeof(order.salt)> random{};
    runtime::os_random(random);
    std::memcpy(&order.salt, random.data(), random.size());
    GV_TRY_VOID(overlay_->propose_settings(loop_.now(), order, signer));
    GV_TRY_VOID(drain());
    return rollout();
}

Outcome<control::RolloutView> Pump::return_rollout() {
    GV_TRY_VOID(overlay_->take_settings_back(loop_.now()));
    GV_TRY_VOID(drain());
    return rollout();
}

void Pump::config_changed(const overlay::Overlay::ConfigChanged& changed) {
    const std::string& name = overlay_->settings().name;
    const Rollout& rollout = overlay_->rollout();
    std::string set;
    for (const auto& [id, value] : rollout.values()) {
        set += fmt::format(" {}={}", live_setting_name(id), live_value_text(id, value));
    }
    runtime::log::info("overlay", "'{}': settings {} {}; runs {}:{}", name, changed.epoch,
                       to_string(changed.stage), changed.running,
                       set.empty() ? " its own configuration" : set);
    if (changed.is_refused) {
        runtime::log::warn("overlay",
                           "'{}': settings {} name what is not known here; nothing was changed. "
                           "This daemon is older than the one that proposed them",
                           name, changed.epoch);
    }
    if (changed.is_overruled && changed.stage == overlay::RolloutStage::canary) {
        runtime::log::warn("overlay",
                           "'{}': settings {} that were proposed here were displaced by others of "
                           "the same time; propose again on top of them",
                           name, changed.epoch);
    }
}

}  // namespace grapevine::daemon
