// What a pump answers about the keys of its overlay. See pump.hpp.

#include <algorithm>
#include <charconv>
#include <fmt/core.h>
#include <fmt/ranges.h>
#include <utility>

#include "daemon/operator_key.hpp"
#include "daemon/pump.hpp"
#include "daemon/views.hpp"
#include "overlay/rotation.hpp"
#include "runtime/clock.hpp"
#include "runtime/log.hpp"
#include "runtime/os_random.hpp"

namespace grapevine::daemon {
namespace {

using overlay::Rotation;

std::string step_text(Rotation::Step step) {
    switch (step) {
        case Rotation::Step::done:
            return "done";
        case Rotation::Step::behind:
            return "behind";
        case Rotation::Step::unknown:
            return "silent";
        case Rotation::Step::waived:
            return "waived";
    }
    return "silent";
}

std::vector<std::uint8_t> numbers_of(const std::vector<KeyId>& ids) {
    std::vector<std::uint8_t> numbers;
    for (const KeyId id : ids) numbers.push_back(id.value());
    return numbers;
}

Outcome<crypto::Secret<32>> parse_secret(const std::string& text) {
    auto secret = crypto::parse_secret(text);
    if (secret) return std::move(*secret);
    return std::unexpected(Refusal{Refusal::Code::invalid, "the key is not base64url of 32 bytes",
                                   "give what `grapevine keys generate` prints behind the colon",
                                   "key"});
}

/// Nobody if there is none.
Outcome<std::optional<crypto::Identity>> signer_of(const std::optional<std::string>& text) {
    if (!text) return std::optional<crypto::Identity>();
    return std::optional(GV_TRY(daemon::signer_of(*text)));
}

control::WipeView view_of(const protocol::WipeOrder& order) {
    return {order.part, order.epoch, protocol::wall_of(order.before).unix_ms};
}

}  // namespace

std::vector<KeyText> Pump::ring() const {
    std::vector<KeyText> ring;
    for (const crypto::OverlayKey& key : overlay_->rotation().ring()) {
        ring.push_back({key.id.value(), key.secret.bytes()});
    }
    return ring;
}

Outcome<control::KeysView> Pump::keys() const {
    const Rotation& rotation = overlay_->rotation();
    control::KeysView view;
    view.epoch = rotation.epoch();
    view.stage = rotation.plan() ? std::string(to_string(rotation.plan()->stage)) : "none";
    for (const crypto::OverlayKey& key : rotation.ring()) view.held.push_back(key.id.value());
    view.sealing = view.held.front();
    view.is_driving = rotation.is_driving();
    view.overruled = numbers_of(rotation.overruled());
    view.is_complete = rotation.is_over() && (!rotation.plan() || rotation.ring().size() == 1);
    for (const Rotation::Standing& standing : rotation.standings(overlay_->node())) {
        control::KeysView::Member member;
        member.id = id_text(standing.id);
        member.status = "unknown";
        if (standing.member != nullptr) {
            const control::MemberView known = view_of_member(*standing.member);
            member.name = known.name;
            member.status = known.status;
            member.status_age_ms = known.status_age_ms;
        }
        if (standing.state) {
            member.holds = numbers_of(standing.state->holds);
            member.uses = standing.state->uses.value();
        }
        member.step = rotation.plan() ? step_text(standing.step) : "done";
        const bool is_waited_for =
            standing.step == Rotation::Step::behind || standing.step == Rotation::Step::unknown;
        if (rotation.plan() && is_waited_for) view.is_complete = false;
        view.members.push_back(std::move(member));
    }
    return view;
}

Outcome<control::KeysView> Pump::rotate_keys(const control::RotateKeys& wanted) {
    overlay::Overlay::RotationOrder order;
    runtime::os_random(order.fresh.writable());
    if (wanted.secret) order.key = GV_TRY(parse_secret(*wanted.secret));
    if (wanted.without.size() > kRotationWithoutMax) {
        return std::unexpected(Refusal{Refusal::Code::over_limit,
                                       fmt::format("{} members to go on without, more than {}",
                                                   wanted.without.size(), kRotationWithoutMax),
                                       "forget those that are gone for good: grapevine forget",
                                       "without"});
    }
    for (const std::string& member : wanted.without) {
        order.without.push_back(GV_TRY(find_awaited(member)));
    }
    const auto signer = GV_TRY(signer_of(wanted.operator_key));
    if (signer) order.signer = &*signer;
    GV_TRY_VOID(overlay_->rotate_keys(loop_.now(), order));
    GV_TRY_VOID(drain());
    return keys();
}

/// A member of the view, or by its id one that the rotation waits for and that we have not heard of
/// since our restart.
Outcome<MemberId> Pump::find_awaited(const std::string& member) const {
    auto found = find(member);
    if (found) return found;
    for (const Rotation::Standing& standing : overlay_->rotation().standings(overlay_->node())) {
        if (id_text(standing.id) == member) return standing.id;
    }
    return found;
}

Outcome<control::WipeView> Pump::wipe(const control::Wipe& wanted) {
    const auto signer = GV_TRY(signer_of(wanted.operator_key));
    const Instant now = loop_.now();
    tell_wall(now);
    const auto wiped = GV_TRY(overlay_->wipe(now, runtime::wall_now(), wanted.part, signer));
    GV_TRY_VOID(drain());
    return view_of(wiped);
}

std::vector<control::WipeView> Pump::wipes() const {
    std::vector<control::WipeView> views;
    for (const protocol::WipeOrder& order : overlay_->node().notices().wipes()) {
        views.push_back(view_of(order));
    }
    return views;
}

void Pump::keys_changed(const overlay::Overlay::KeysChanged& changed) {
    const std::string& name = overlay_->settings().name;
    runtime::log::info("overlay", "'{}': keys {}, the first seals (rotation {}, stage {})", name,
                       fmt::join(numbers_of(changed.held), ", "), changed.epoch,
                       to_string(changed.stage));
    for (const KeyId id : overlay_->rotation().overruled()) {
        if (changed.stage != overlay::RingPlan::Stage::remove) break;
        runtime::log::warn("overlay",
                           "'{}': key {} of the configuration was taken away by a rotation and is "
                           "not used; the keys in the state folder are. Take it out of the file",
                           name, id.value());
    }
}

}  // namespace grapevine::daemon
