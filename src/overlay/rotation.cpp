#include "overlay/rotation.hpp"

#include <algorithm>
#include <cassert>
#include <fmt/core.h>
#include <utility>

#include "base/limits.hpp"
#include "base/mutant.hpp"
#include "protocol/state/reserved_keys.hpp"

namespace grapevine::overlay {
namespace {

/// How often the driver looks whether everybody has confirmed: short against a round, and for each
/// member the time to read its state 100 times.
constexpr Duration kLookInterval = std::chrono::milliseconds(200);
constexpr Duration kLookPerMember = std::chrono::microseconds(100);

bool has_id(const std::vector<crypto::OverlayKey>& keys, KeyId id) {
    return std::ranges::find(keys, id, &crypto::OverlayKey::id) != keys.end();
}

bool has_secret(const std::vector<crypto::OverlayKey>& keys, const crypto::Secret<32>& secret) {
    return std::ranges::find(keys, secret, &crypto::OverlayKey::secret) != keys.end();
}

std::unexpected<Refusal> refuse(Refusal::Code code, std::string message, std::string cure) {
    return std::unexpected(Refusal{code, std::move(message), std::move(cure), "key"});
}

}  // namespace

Rotation::Rotation(std::vector<crypto::OverlayKey> configured, storage::RotationImage image,
                   const wire::Notice* notice)
    : configured_(std::move(configured)), image_(std::move(image)) {
    ring_ = configured_;
    // What lingered is gone: whoever needed it has had the time of our restart.
    if (notice != nullptr && take_plan(*notice)) rebuild();
    next_look_ = image_.is_driving ? Instant{} : kNever;
    has_ring_changed_ = false;
}

// -- The ring ------------------------------------------------------------------------------------

void Rotation::configure(std::vector<crypto::OverlayKey> configured) {
    configured_ = std::move(configured);
    rebuild();
}

Result<void> Rotation::obey(Instant now, const wire::Notice& notice) {
    const std::vector<crypto::OverlayKey> before = ring_;
    GV_TRY_VOID(take_plan(notice));
    // Who drove another rotation has lost: all follow this one.
    const bool is_ours = std::ranges::any_of(image_.pending, [&](const wire::Notice& pending) {
        return pending.epoch == epoch_ && pending.body == notice.body;
    });
    if (image_.is_driving && !is_ours) stop_driving();
    if (plan_->stage == RingPlan::Stage::remove) {
        for (const crypto::OverlayKey& key : before) {
            if (has_secret(plan_->keys, key.secret)) continue;
            retire(key);
            if (!has_id(plan_->keys, key.id)) lingering_.push_back(key);
        }
        linger_until_ = lingering_.empty() ? kNever : now + kLinger;
    }
    next_look_ = now;
    rebuild();
    return {};
}

Result<void> Rotation::take_plan(const wire::Notice& notice) {
    plan_ = GV_TRY(decode_ring_plan(notice.body));
    epoch_ = notice.epoch;
    digest_ = digest_of_plan(notice.body);
    if (plan_->stage == RingPlan::Stage::install) return {};
    // They are on their way out: from here on a file that names one is a file of yesterday.
    for (const crypto::OverlayKey& key : plan_->keys) {
        if (key.id != plan_->target) retire(key);
    }
    return {};
}

void Rotation::rebuild() {
    const auto before = std::exchange(ring_, plan_ ? plan_->keys : configured_);
    const auto add = [this](const std::vector<crypto::OverlayKey>& keys) {
        for (const crypto::OverlayKey& key : keys) {
            const bool is_known = has_id(ring_, key.id) || has_secret(ring_, key.secret);
            if (!is_known && ring_.size() < kKeysMax) ring_.push_back(key);
        }
    };
    if (plan_) {
        add(lingering_);
        for (const crypto::OverlayKey& key : configured_) {
            if (!is_retired(key)) add({key});
        }
    }
    assert(!ring_.empty() && ring_.size() <= kKeysMax);
    has_ring_changed_ |= ring_ != before;
}

void Rotation::retire(const crypto::OverlayKey& key) {
    if (is_retired(key)) return;
    if (image_.retired.size() >= kRetiredKeysMax) image_.retired.erase(image_.retired.begin());
    image_.retired.push_back(fingerprint_of(key));
    has_image_changed_ = true;
}

bool Rotation::is_retired(const crypto::OverlayKey& key) const {
    return std::ranges::find(image_.retired, fingerprint_of(key)) != image_.retired.end();
}

std::vector<KeyId> Rotation::overruled() const {
    std::vector<KeyId> ids;
    for (const crypto::OverlayKey& key : configured_) {
        if (!has_secret(ring_, key.secret)) ids.push_back(key.id);
    }
    return ids;
}

std::string Rotation::own_state() const {
    if (!plan_) return "";
    // Done is done: while an old key still opens here, nobody may think that it is gone.
    KeyState state{epoch_, lingering_.empty() ? digest_ : 0, ring_.front().id, {}};
    for (const crypto::OverlayKey& key : ring_) state.holds.push_back(key.id);
    return to_text(state);
}

// -- What others have done -----------------------------------------------------------------------

std::optional<KeyState> Rotation::state_of(const protocol::Node& node, MemberId member) {
    const protocol::Record* record = node.records().find(member);
    if (record == nullptr) return std::nullopt;
    const auto item = record->items.find(protocol::kKeysKey);
    if (item == record->items.end() || item->second.is_tombstone) return std::nullopt;
    auto state = parse_key_state(item->second.value);
    return state ? std::optional(std::move(*state)) : std::nullopt;
}

Rotation::Standing Rotation::standing_of(MemberId id, const protocol::Member* member,
                                         const protocol::Node& node) const {
    Standing standing{id, member, state_of(node, id), Step::unknown};
    if (standing.state) {
        const bool is_done = standing.state->epoch == epoch_ && standing.state->digest == digest_;
        standing.step = is_done ? Step::done : Step::behind;
    }
    const bool is_waived = std::ranges::find(image_.without, id) != image_.without.end();
    if (is_waived && standing.step != Step::done) standing.step = Step::waived;
    return standing;
}

std::vector<Rotation::Standing> Rotation::standings(const protocol::Node& node) const {
    std::vector<Standing> standings;
    node.membership().for_each([&](const protocol::Member& member) {
        const MemberId id = member.record->member;
        if (id == node.membership().self() || member.status == wire::Status::left) return;
        standings.push_back(standing_of(id, &member, node));
    });
    for (const MemberId id : image_.awaited) {
        if (node.membership().find(id) != nullptr) continue;
        standings.push_back(standing_of(id, nullptr, node));
    }
    return standings;
}

void Rotation::follow_members(const protocol::Node& node) {
    const std::size_t before = image_.awaited.size();
    auto& awaited = image_.awaited;
    node.membership().for_each([&](const protocol::Member& member) {
        const MemberId id = member.record->member;
        const auto place = std::ranges::lower_bound(awaited, id);
        const bool is_listed = place != awaited.end() && *place == id;
        const bool is_due = id != node.membership().self() && member.status != wire::Status::left;
        if (is_listed && !is_due) awaited.erase(place);
        if (!is_listed && is_due && awaited.size() < kMembersMax) awaited.insert(place, id);
        has_image_changed_ |= is_listed != is_due;
    });
    has_image_changed_ |= awaited.size() != before;
}

void Rotation::forget(MemberId member) {
    if (std::erase(image_.awaited, member) > 0) has_image_changed_ = true;
}

bool Rotation::is_confirmed_by_all(const protocol::Node& node) const {
    const auto all = standings(node);
    return std::ranges::all_of(all, [](const Standing& standing) {
        return standing.step == Step::done || standing.step == Step::waived;
    });
}

bool Rotation::do_the_living_use_it(const protocol::Node& node) const {
    const auto all = standings(node);
    return std::ranges::all_of(all, [this](const Standing& standing) {
        if (standing.member == nullptr || standing.member->status == wire::Status::dead) {
            return true;
        }
        return standing.state && standing.state->uses == plan_->target;
    });
}

// -- The way -------------------------------------------------------------------------------------

bool Rotation::is_over() const {
    return !plan_ || plan_->stage == RingPlan::Stage::remove;
}

/// Above that which seals: ids count up with the rotations, and begin anew after 255.
KeyId Rotation::free_id() const {
    KeyId id = ring_.front().id;
    do {
        id = id.next();
    } while (has_id(ring_, id));
    return id;
}

Outcome<RingPlan> Rotation::begin(const std::optional<crypto::Secret<32>>& secret,
                                  const crypto::Secret<32>& fresh) const {
    using Code = Refusal::Code;
    if (!is_over()) {
        const auto target = std::ranges::find(plan_->keys, plan_->target, &crypto::OverlayKey::id);
        if (secret && target->secret != *secret) {
            return refuse(Code::conflict, "a rotation to another key is under way",
                          "let it end first (grapevine keys status), or go on with it: "
                          "grapevine keys rotate without --key");
        }
        return *plan_;
    }
    std::vector<crypto::OverlayKey> ring = plan_ ? plan_->keys : configured_;
    if (ring.size() >= kKeysMax) {
        return refuse(Code::over_limit, fmt::format("the ring has {} keys already", ring.size()),
                      "take away those that nobody seals with");
    }
    if (secret && (has_secret(ring_, *secret) || is_retired({KeyId{}, *secret}))) {
        return refuse(Code::conflict, "the overlay has this key, or had it before",
                      "choose another");
    }
    return first_plan(std::move(ring), {free_id(), secret.value_or(fresh)});
}

void Rotation::drive(Instant now, const protocol::Node& node, std::vector<wire::Notice> pending,
                     std::vector<MemberId> without) {
    assert(without.size() <= kRotationWithoutMax);
    image_.is_driving = true;
    image_.pending = std::move(pending);
    image_.without = std::move(without);
    image_.awaited.clear();
    follow_members(node);
    has_image_changed_ = true;
    next_look_ = now;
}

void Rotation::stop_driving() {
    image_.is_driving = false;
    image_.pending.clear();
    image_.without.clear();
    image_.awaited.clear();
    has_image_changed_ = true;
}

std::optional<wire::Notice> Rotation::look(Instant now, const protocol::Node& node) {
    if (now < next_look_) return std::nullopt;
    next_look_ = kNever;
    let_go(now, node);
    std::optional<wire::Notice> next;
    if (image_.is_driving && plan_) {
        follow_members(node);
        const bool is_early = GV_MUTANT(use_before_all_hold) && !is_over();
        if (is_early || is_confirmed_by_all(node)) {
            const auto pending =
                std::ranges::find(image_.pending, epoch_ + 1, &wire::Notice::epoch);
            if (pending == image_.pending.end()) {
                stop_driving();
            } else {
                next = *pending;
            }
        }
    }
    if (image_.is_driving || !lingering_.empty()) {
        const auto members = static_cast<std::int64_t>(node.membership().member_count());
        next_look_ = now + kLookInterval + kLookPerMember * members;
    }
    return next;
}

void Rotation::let_go(Instant now, const protocol::Node& node) {
    if (lingering_.empty()) return;
    if (now < linger_until_ && !do_the_living_use_it(node)) return;
    lingering_.clear();
    linger_until_ = kNever;
    rebuild();
}

std::optional<storage::RotationImage> Rotation::take_changes() {
    if (!std::exchange(has_image_changed_, false)) return std::nullopt;
    return image_;
}

bool Rotation::take_ring_change() {
    return std::exchange(has_ring_changed_, false);
}

}  // namespace grapevine::overlay
