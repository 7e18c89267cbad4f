#include "protocol/notices.hpp"

#include <algorithm>
#include <cassert>
#include <memory>
#include <tuple>
#include <utility>

#include "base/checksum.hpp"
#include "base/limits.hpp"

namespace grapevine::protocol {
namespace {

/// In the order of epochs; two of one epoch by what they say, so that all members choose alike.
auto rank_of(const wire::Notice& notice) {
    return std::tie(notice.epoch, notice.body, notice.author, notice.signature);
}

std::uint64_t slot_of(std::uint8_t kind, std::string_view name) {
    return mix64(fnv1a(as_bytes(name), fnv1a(ByteView(&kind, 1))));
}

std::uint64_t share_of(const wire::Notice& notice) {
    return mix64(Notices::slot_of(notice) + Notices::mark_of(notice));
}

std::unexpected<Refusal> refuse(Refusal::Code code, std::string message, std::string cure) {
    return std::unexpected(Refusal{code, std::move(message), std::move(cure), ""});
}

}  // namespace

Notices::Notices(Judge judge) : judge_(std::move(judge)) {
    assert(judge_);
}

std::uint64_t Notices::slot_of(const wire::Notice& notice) {
    return protocol::slot_of(notice.kind, notice.name);
}

std::uint64_t Notices::mark_of(const wire::Notice& notice) {
    return mix64(
        fnv1a(notice.signature, fnv1a(notice.body, fnv1a(notice.author, mix64(notice.epoch)))));
}

void Notices::restore(const std::vector<wire::Notice>& notices) {
    for (const wire::Notice& notice : notices) {
        if (judge_place(notice) != Fit::news || judge_(notice) != Verdict::good) continue;
        hold(std::make_shared<const wire::Notice>(notice));
    }
}

Notices::Fit Notices::judge_place(const wire::Notice& notice) const {
    const auto held = notices_.find({notice.kind, notice.name});
    const std::uint64_t epoch = held == notices_.end() ? 0 : held->second->epoch;
    if (held != notices_.end() && rank_of(notice) <= rank_of(*held->second)) return Fit::known;
    if (notice.epoch - epoch > kNoticeEpochLeadMax) return Fit::lead;
    if (held == notices_.end() && notices_.size() >= kNoticesMax) return Fit::full;
    return Fit::news;
}

bool Notices::handle(const wire::SharedNotice& notice) {
    const Fit fit = judge_place(*notice);
    if (fit == Fit::known) ++counters_.dropped_known;
    if (fit == Fit::lead) ++counters_.dropped_lead;
    if (fit == Fit::full) ++counters_.dropped_full;
    if (fit != Fit::news) return false;
    const Verdict verdict = judge_(*notice);
    if (verdict == Verdict::forged) ++counters_.dropped_forged;
    if (verdict == Verdict::stranger) ++counters_.dropped_stranger;
    if (verdict != Verdict::good) return false;
    hold(notice);
    ++counters_.taken;
    outbox_.push(Persist{notice});
    outbox_.push(Taken{notice});
    return true;
}

Outcome<void> Notices::propose(const wire::SharedNotice& notice) {
    using Code = Refusal::Code;
    switch (judge_place(*notice)) {
        case Fit::known:
        case Fit::lead:
            return refuse(Code::conflict, "the overlay has come further in the meantime",
                          "look at the present state and try again");
        case Fit::full:
            return refuse(Code::over_limit, "the overlay holds as many notices as it can",
                          "replace one of those that there are: wipe a part that was wiped before");
        case Fit::news:
            break;
    }
    if (judge_(*notice) != Verdict::good) {
        return refuse(Code::forbidden, "who has signed this may not decide it in this overlay",
                      "sign with the key of an operator that the overlay names (operators)");
    }
    const bool is_news = handle(notice);
    assert(is_news);
    return {};
}

void Notices::hold(const wire::SharedNotice& notice) {
    auto& held = notices_[{notice->kind, notice->name}];
    if (held != nullptr) fingerprint_ -= share_of(*held);
    held = notice;
    fingerprint_ += share_of(*held);
}

const wire::Notice* Notices::find(wire::NoticeKind kind, std::string_view name) const {
    const auto held = notices_.find({static_cast<std::uint8_t>(kind), std::string(name)});
    return held == notices_.end() ? nullptr : held->second.get();
}

wire::SharedNotice Notices::in_slot(std::uint64_t slot) const {
    for (const auto& [key, notice] : notices_) {
        if (slot_of(*notice) == slot) return notice;
    }
    return nullptr;
}

std::uint64_t Notices::next_epoch(wire::NoticeKind kind, std::string_view name) const {
    const wire::Notice* held = find(kind, name);
    return held == nullptr ? 1 : held->epoch + 1;
}

std::vector<wire::SharedNotice> Notices::all() const {
    std::vector<wire::SharedNotice> notices;
    for (const auto& [key, notice] : notices_) notices.push_back(notice);
    return notices;
}

// -- Anti-entropy --------------------------------------------------------------------------------

wire::NoticeDigest Notices::digest(bool is_reply) const {
    wire::NoticeDigest digest{is_reply, {}};
    for (const auto& [key, notice] : notices_) {
        digest.items.push_back({slot_of(*notice), notice->epoch, mark_of(*notice)});
    }
    std::ranges::sort(digest.items, {}, &wire::NoticeDigest::Item::slot);
    return digest;
}

Notices::Difference Notices::compare(const wire::NoticeDigest& theirs) const {
    Difference difference;
    for (const auto& item : theirs.items) {
        const wire::SharedNotice held = in_slot(item.slot);
        if (held == nullptr || held->epoch < item.epoch) difference.is_behind = true;
        if (held == nullptr || held->epoch != item.epoch || mark_of(*held) == item.mark) continue;
        // Marks say that the two differ, and not which is the greater: both are told.
        difference.is_behind = true;
    }
    for (const auto& [key, notice] : notices_) {
        const auto item =
            std::ranges::find(theirs.items, slot_of(*notice), &wire::NoticeDigest::Item::slot);
        const bool is_known = item != theirs.items.end() &&
                              (item->epoch > notice->epoch ||
                               (item->epoch == notice->epoch && item->mark == mark_of(*notice)));
        if (!is_known) difference.lacking.push_back(notice);
    }
    return difference;
}

void Notices::check_invariants() const {
    assert(notices_.size() <= kNoticesMax);
    std::uint64_t sum = 0;
    for (const auto& [key, notice] : notices_) {
        assert(key.first == notice->kind && key.second == notice->name);
        sum += share_of(*notice);
    }
    assert(sum == fingerprint_);
}

}  // namespace grapevine::protocol
