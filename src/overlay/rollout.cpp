#include "overlay/rollout.hpp"

#include <algorithm>
#include <cassert>

#include "base/checksum.hpp"
#include "base/mutant.hpp"
#include "protocol/state/reserved_keys.hpp"

namespace grapevine::overlay {
namespace {

using protocol::Member;
using Health = RolloutState::Health;
using Reason = RolloutState::Reason;

/// For each member the time to read its state, so that watching costs a tenth of a core at most.
constexpr Duration kLookPerMember = std::chrono::microseconds(20);

bool is_here(const Member& member) {
    return member.status == wire::Status::alive || member.status == wire::Status::suspect;
}

std::unexpected<Refusal> refuse(Refusal::Code code, std::string message, std::string cure,
                                std::string field) {
    return std::unexpected(Refusal{code, std::move(message), std::move(cure), std::move(field)});
}

}  // namespace

Rollout::Rollout(MemberId self, const protocol::ProtocolConfig& configured,
                 const wire::Notice* notice, const std::optional<RolloutState>& last)
    : self_(self), configured_(configured) {
    if (notice != nullptr) {
        take(*notice);
        const bool is_same =
            last && plan_ && last->epoch == plan_->epoch && last->digest == plan_->digest();
        const bool was_running =
            is_same && (last->running == last->epoch || last->health == Health::unwell);
        // Perhaps that is what has brought us down. Who comes back starts without it.
        if (was_running && is_on_trial() && state_.running == plan_->epoch) {
            state_.health = Health::unwell;
            state_.reason = Reason::restarted;
            follow();
        }
    }
    has_changed_ = false;
}

// -- What is set ---------------------------------------------------------------------------------

void Rollout::take(const wire::Notice& notice) {
    const auto plan = decode_rollout_plan(notice.epoch, notice.body);
    is_state_due_ = true;
    next_look_ = Instant{};
    RolloutState state;
    state.running = state_.running;
    if (!plan) {
        // Of a form that is not known here: it is held and told on, and changes nothing.
        plan_.reset();
        state.epoch = notice.epoch / kRolloutStages;
        state.health = Health::refused;
        state.reason = Reason::unknown;
        state_ = state;
        return;
    }
    state.epoch = plan->epoch;
    state.digest = plan->digest();
    if (plan_ && plan_->digest() == state.digest) state.reason = state_.reason;
    plan_ = *plan;
    author_ = notice.author;
    const bool is_known = is_understood(plan_->next) && is_understood(plan_->base);
    if (!is_known && plan_->stage != RolloutStage::returned) {
        state.health = Health::refused;
        state.reason = Reason::unknown;
    }
    state_ = state;
    follow();
}

/// What is to run here, by the plan and by how we do.
void Rollout::follow() {
    const bool is_out = state_.health == Health::unwell || state_.health == Health::refused;
    std::uint64_t epoch = is_out ? plan_->base_epoch : plan_->epoch_for(self_);
    if (GV_MUTANT(try_as_no_canary) && is_on_trial()) epoch = plan_->epoch;
    const LiveValues& values = epoch == plan_->epoch ? plan_->next : plan_->base;
    if (!is_understood(values)) return;
    if (plan_->stage == RolloutStage::canary && epoch == plan_->epoch) {
        state_.health = Health::well;
    }
    state_.running = epoch;
    if (values == values_) return;
    values_ = values;
    has_changed_ = true;
}

void Rollout::obey(Instant now, const wire::Notice& notice, const protocol::Node& node) {
    const std::uint64_t before = state_.digest;
    take(notice);
    if (proposed_ && state_.digest != proposed_->second && state_.epoch >= proposed_->first) {
        is_overruled_ = true;
        proposed_.reset();
    }
    if (state_.digest != before || !is_on_trial()) {
        trial_.reset();
        taken_at_.reset();
        company_ = 0;
        canaries_.clear();
        had_early_ = false;
    }
    next_look_ = now;
    if (is_on_trial() && state_.health == Health::well) begin_trial(now, node);
    if (proposed_ && plan_ && plan_->stage != RolloutStage::canary) proposed_.reset();
}

std::optional<std::string> Rollout::take_state() {
    if (!std::exchange(is_state_due_, false)) return std::nullopt;
    return to_text(state_);
}

void Rollout::speak(RolloutState state) {
    if (state == state_) return;
    state_ = state;
    is_state_due_ = true;
}

// -- Roll-outs -----------------------------------------------------------------------------------

Outcome<RolloutPlan> Rollout::begin(const RolloutOrder& order, const protocol::Node& node) const {
    using Code = Refusal::Code;
    if (is_on_trial()) {
        return refuse(Code::conflict, "a roll-out is under way",
                      "let it end (grapevine config status), or take it back: "
                      "grapevine config return",
                      "overlay");
    }
    RolloutPlan plan;
    plan.epoch = state_.epoch + 1;
    plan.canary_share = order.canary_share;
    plan.health_interval = order.health_interval;
    if (plan_) {
        const bool is_kept = plan_->stage == RolloutStage::everywhere;
        plan.base = is_kept ? plan_->next : plan_->base;
        plan.base_epoch = is_kept ? plan_->epoch : plan_->base_epoch;
    }
    plan.next = plan.base;
    for (const auto& [id, value] : order.changes) {
        if (value) {
            plan.next[id] = *value;
        } else {
            plan.next.erase(id);
        }
    }
    if (plan.next == plan.base) {
        return refuse(Code::invalid, "that is how the overlay is set already",
                      "see grapevine config status", "settings");
    }
    if (!is_understood(plan.next)) {
        return refuse(Code::conflict, "the overlay has settings that are not known here",
                      "propose at a daemon of the newer release", "settings");
    }
    std::vector<MemberId> members;
    node.membership().for_each([&](const Member& member) {
        if (is_here(member)) members.push_back(member.record->member);
    });
    const bool is_all = order.canary_share == kCanaryShareMax || members.size() == 1;
    for (int attempt = 0; attempt < kSaltsMax; ++attempt) {
        plan.salt = mix64(order.salt + static_cast<std::uint64_t>(attempt));
        const auto canaries = static_cast<std::size_t>(std::ranges::count_if(
            members, [&plan](MemberId member) { return plan.is_canary(member); }));
        if (canaries > 0 && (is_all || canaries < members.size())) return plan;
    }
    return refuse(Code::invalid, "no member would be a canary, or all would be",
                  "choose another share", "canary");
}

void Rollout::proposed(const RolloutPlan& plan) {
    proposed_ = {plan.epoch, plan.digest()};
    is_overruled_ = false;
}

Outcome<wire::Notice> Rollout::take_back() const {
    if (!plan_ || plan_->stage == RolloutStage::returned) {
        return refuse(Refusal::Code::conflict, "there is nothing to be taken back",
                      "see grapevine config status", "overlay");
    }
    return notice_of(RolloutStage::returned);
}

wire::Notice Rollout::notice_of(RolloutStage stage) const {
    const RolloutPlan next = plan_->at_stage(stage);
    const auto place = static_cast<std::size_t>(stage) - static_cast<std::size_t>(plan_->stage) - 1;
    wire::Notice notice;
    notice.kind = static_cast<std::uint8_t>(wire::NoticeKind::configuration);
    notice.epoch = next.notice_epoch();
    notice.author = author_;
    notice.body = encode_rollout_plan(next);
    notice.signature = plan_->following.at(place);
    return notice;
}

// -- The watch -----------------------------------------------------------------------------------

std::optional<RolloutState> Rollout::state_of(const protocol::Node& node, MemberId member) const {
    if (member == self_) return state_;
    const protocol::Record* record = node.records().find(member);
    if (record == nullptr) return std::nullopt;
    const auto item = record->items.find(protocol::kConfigKey);
    if (item == record->items.end() || item->second.is_tombstone) return std::nullopt;
    const auto state = parse_rollout_state(item->second.value);
    if (!state || state->epoch != state_.epoch) return std::nullopt;
    // One that cannot even read it does not know which one of its epoch it is.
    const bool is_unread = state->health == Health::refused && state->digest == 0;
    const bool is_ours = is_unread || state->digest == state_.digest;
    return is_ours ? std::optional(*state) : std::nullopt;
}

std::vector<Rollout::Standing> Rollout::standings(const protocol::Node& node) const {
    std::vector<Standing> standings;
    node.membership().for_each([&](const Member& member) {
        if (member.status == wire::Status::left) return;
        const MemberId id = member.record->member;
        standings.push_back({id, &member, state_of(node, id), plan_ && plan_->is_canary(id)});
    });
    return standings;
}

void Rollout::begin_trial(Instant now, const protocol::Node& node) {
    if (trial_) return;
    trial_.emplace(now, vitals_of(node), now - born_.value_or(now), plan_->health_interval);
}

std::optional<wire::Notice> Rollout::look(Instant now, const protocol::Node& node) {
    if (!born_) born_ = now;
    if (now < next_look_) return std::nullopt;
    next_look_ = kNever;
    if (!is_on_trial()) return std::nullopt;
    const auto members = static_cast<std::int64_t>(node.membership().member_count());
    next_look_ = now + std::max<Duration>(plan_->health_interval / kLooksPerInterval,
                                          members * kLookPerMember);
    if (!taken_at_) taken_at_ = now;
    company_ = std::max(company_, node.membership().alive_count());
    if (!watch_self(now, node)) return notice_of(RolloutStage::returned);
    switch (watch_others(now, node)) {
        case Verdict::wait:
            return std::nullopt;
        case Verdict::proven:
            return notice_of(RolloutStage::everywhere);
        case Verdict::failed:
            return notice_of(RolloutStage::returned);
    }
    return std::nullopt;
}

/// False if we want it to end.
bool Rollout::watch_self(Instant now, const protocol::Node& node) {
    if (state_.health == Health::unwell || state_.health == Health::refused) return false;
    if (state_.health != Health::well) return true;
    begin_trial(now, node);
    RolloutState state = state_;
    state.reason = trial_->judge(now, vitals_of(node));
    if (state.reason == Reason::none || GV_MUTANT(trust_the_setting)) {
        state.reason = Reason::none;
        state.intervals =
            static_cast<std::uint32_t>((now - trial_->begun()) / plan_->health_interval);
        speak(state);
        return true;
    }
    state.health = Health::unwell;
    speak(state);
    follow();
    return false;
}

Rollout::Verdict Rollout::watch_others(Instant now, const protocol::Node& node) {
    if (has_somebody_failed(now, node)) return Verdict::failed;
    // Who sees few of those that were there is cut off, and judges nobody.
    if (2 * node.membership().alive_count() < company_) return Verdict::wait;
    const Verdict verdict = judge_canaries(node);
    if (verdict != Verdict::wait) return verdict;
    if (now - *taken_at_ <= kPatienceIntervals * plan_->health_interval) return Verdict::wait;
    return fail(Reason::stuck);
}

/// A canary is dead, as we see it. So it is to all if half of us say so.
Rollout::Verdict Rollout::miss(const protocol::Node& node) {
    fail(Reason::vanished);
    std::size_t votes = 0;
    node.membership().for_each([&](const Member& member) {
        if (!is_here(member)) return;
        const auto state = state_of(node, member.record->member);
        if (state && state->reason == Reason::vanished) ++votes;
    });
    return 2 * votes >= company_ ? Verdict::failed : Verdict::wait;
}

/// Our record says why.
Rollout::Verdict Rollout::fail(Reason reason) {
    RolloutState state = state_;
    state.reason = reason;
    speak(state);
    return Verdict::failed;
}

/// What members say of themselves; also notes who is a canary.
bool Rollout::has_somebody_failed(Instant now, const protocol::Node& node) {
    bool has_failed = false;
    const bool is_early = now - *taken_at_ <= plan_->health_interval;
    node.membership().for_each([&](const Member& member) {
        if (!is_here(member)) return;
        const MemberId id = member.record->member;
        const auto state = state_of(node, id);
        if (state && (state->health == Health::unwell || state->health == Health::refused)) {
            has_failed = true;
        }
        if (!plan_->is_canary(id)) return;
        const auto [place, is_new] = canaries_.try_emplace(id, is_early);
        had_early_ |= is_new && is_early;
    });
    return has_failed;
}

Rollout::Verdict Rollout::judge_canaries(const protocol::Node& node) {
    bool is_proven = true;
    std::size_t early = 0;
    for (auto canary = canaries_.begin(); canary != canaries_.end();) {
        const auto& [id, is_early] = *canary;
        const Member* member = node.membership().find(id);
        if (member == nullptr || member->status == wire::Status::dead) {
            return miss(node);
        }
        if (member->status == wire::Status::left) {
            canary = canaries_.erase(canary);
            continue;
        }
        const auto state = state_of(node, id);
        const bool is_well = state && state->health == Health::well;
        if (member->status != wire::Status::alive) is_proven = false;
        if (is_early) {
            ++early;
            const std::uint32_t wanted = GV_MUTANT(prove_at_once) ? 0 : kHealthyIntervals;
            if (!is_well || state->intervals < wanted) is_proven = false;
        }
        ++canary;
    }
    if (early > 0) return is_proven ? Verdict::proven : Verdict::wait;
    if (!had_early_) return Verdict::wait;
    return fail(Reason::stuck);
}

}  // namespace grapevine::overlay
