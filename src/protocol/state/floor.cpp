#include "protocol/state/floor.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "base/limits.hpp"
#include "base/mutant.hpp"
#include "protocol/state/clock.hpp"

namespace grapevine::protocol {
namespace {

Stamp newest_of(const FloorView& view) {
    return view.raises.empty() ? Stamp{} : view.raises.back().at;
}

}  // namespace

Floor::Floor(Duration grace)
    : grace_ms_(static_cast<std::uint64_t>(
          std::chrono::duration_cast<std::chrono::milliseconds>(grace).count())) {
    assert(grace_ms_ >= 8);
}

void Floor::restore(FloorView view) {
    assert(view.raises.size() <= kFloorRaisesMax && std::ranges::is_sorted(view.raises));
    view_ = std::move(view);
    seen_at_ = Stamp{};
}

bool Floor::is_too_far(Stamp newest, Stamp base, std::uint64_t half_ms) {
    return before(newest, half_ms) > base;
}

Floor::Verdict Floor::compare(const FloorView& theirs) const {
    const Stamp common = common_with(theirs);
    // Who is new holds nothing that was forgotten before it came.
    const Stamp our_base = std::max(std::min(common, view_.synced), view_.birth);
    const Stamp their_base = std::max(std::min(common, theirs.synced), theirs.birth);
    const std::uint64_t half = grace_ms_ / 2;
    const bool must_we = is_too_far(newest_of(theirs), our_base, half);
    const bool must_they = is_too_far(newest(), their_base, half);
    if (GV_MUTANT(collect_by_time)) return must_we ? Verdict::adopt : Verdict::same;
    if (must_we && must_they) {
        // Equal weights are decided by what differs in any case.
        const auto weight = [](const FloorView& view) {
            return std::pair(view.raises.back().members, view.raises.back());
        };
        return weight(view_) < weight(theirs) ? Verdict::reset : Verdict::refuse;
    }
    if (must_we) return Verdict::reset;
    if (must_they) return Verdict::refuse;
    // By who made it too: two may be made at one moment of their clock.
    const bool has_news = !theirs.raises.empty() &&
                          (view_.raises.empty() || view_.raises.back() < theirs.raises.back());
    return has_news ? Verdict::adopt : Verdict::same;
}

Stamp Floor::common_with(const FloorView& theirs) const {
    Stamp common{};
    for (const Raise& raise : view_.raises) {
        if (std::ranges::binary_search(theirs.raises, raise)) common = std::max(common, raise.at);
    }
    return common;
}

void Floor::follow(const FloorView& theirs) {
    if (theirs.birth != wire::kUnborn) {
        if (view_.birth > std::min(common_with(theirs), view_.synced)) {
            view_.synced = std::max(view_.synced, theirs.synced);
        }
        source_birth_ = std::min(source_birth_, theirs.birth);
        if (view_.birth != wire::kUnborn) view_.birth = std::min(view_.birth, source_birth_);
    }
    take_raises(theirs.raises);
}

void Floor::note_birth(Stamp birth) {
    if (birth == wire::kUnborn) source_birth_ = birth;
    view_.birth = std::min(birth, source_birth_);
}

void Floor::take_raises(const std::vector<Raise>& raises) {
    if (!raises.empty() && raises.back().at > newest()) seen_at_ = Stamp{};
    std::vector<Raise> all;
    std::ranges::set_union(view_.raises, raises, std::back_inserter(all));
    if (all.size() > kFloorRaisesMax) {
        all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(kFloorRaisesMax));
    }
    view_.raises = std::move(all);
}

void Floor::reset() {
    view_ = {};
    source_birth_ = wire::kUnborn;
    seen_at_ = Stamp{};
}

void Floor::note_synced(Stamp now) {
    view_.synced = std::max(view_.synced, now);
}

bool Floor::is_due(Stamp now, std::uint32_t rank) {
    if (seen_at_ == Stamp{}) seen_at_ = now;
    return before(now, grace_ms_ / 8 + rank * (grace_ms_ / 32)) >= seen_at_;
}

void Floor::raise(Stamp now, MemberId by, std::uint32_t members) {
    assert(view_.birth != wire::kUnborn);
    const Stamp last = view_.raises.empty() ? view_.birth : newest();
    const Stamp at = std::min(now, Stamp(last.value() + ((grace_ms_ / 4) << 16U)));
    take_raises({{at, by, members}});
    seen_at_ = now;
}

Stamp Floor::newest() const {
    return newest_of(view_);
}

Stamp Floor::collected() const {
    return before(newest(), grace_ms_);
}

Stamp Floor::late_before(Stamp now) const {
    return before(now, grace_ms_ / 4);
}

bool Floor::is_behind(Stamp now) const {
    return before(now, grace_ms_ / 8) > view_.synced;
}

}  // namespace grapevine::protocol
