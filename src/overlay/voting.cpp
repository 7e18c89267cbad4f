#include <algorithm>
#include <utility>

#include "overlay/implementation.hpp"

// Votes are true, or they do not reach the node; and ours are signed when they leave it. What a
// vote is: wire/native/FORMAT.md, section 7.1; what it is worth:
// protocol/membership/membership.hpp.
namespace grapevine::overlay {
namespace {

bool is_blank(const wire::Vote& vote) {
    return vote.signature == wire::Signature{};
}

}  // namespace

// -- Votes of others -----------------------------------------------------------------------------

/// Takes out of the packet what was not proven: votes of those whom we do not know, and sections in
/// which a signature is false. Whoever sends these has not verified them, or made them itself.
void Overlay::Implementation::check_votes(Instant now, MemberId from, wire::Packet& packet) {
    std::size_t false_count = 0;
    std::erase_if(packet, [&](wire::Section& section) {
        Truth truth = Truth::proven;
        if (auto* push = std::get_if<wire::RumorPush>(&section)) {
            truth = check_push(packet, *push);
        } else if (const auto* verdict = std::get_if<wire::BurstVerdict>(&section)) {
            if (!verdict->vote) return false;
            truth = check_vote(packet, verdict->target, verdict->incarnation, *verdict->vote);
        }
        if (truth == Truth::lie) ++false_count;
        return truth != Truth::proven;
    });
    if (false_count == 0) return;
    counters_.dropped_vote += false_count;
    if (now < next_report_) return;
    next_report_ = now + kLiarReportInterval;
    outbox_.push_back(LiarFound{from});
}

Overlay::Implementation::Truth Overlay::Implementation::check_push(const wire::Packet& packet,
                                                                   wire::RumorPush& push) {
    for (wire::RumorItem& item : push.items) {
        auto* accusation = std::get_if<wire::Accusation>(&item);
        if (accusation == nullptr) continue;
        bool is_lie = false;
        std::erase_if(accusation->votes, [&](const wire::Vote& vote) {
            const Truth truth =
                check_vote(packet, accusation->member, accusation->incarnation, vote);
            is_lie |= truth == Truth::lie;
            return truth == Truth::unknown;
        });
        if (is_lie) return Truth::lie;
    }
    return Truth::proven;
}

Overlay::Implementation::Truth Overlay::Implementation::check_vote(const wire::Packet& packet,
                                                                   MemberId member,
                                                                   Incarnation incarnation,
                                                                   const wire::Vote& vote) {
    const wire::MemberRecord* voter = voter_of(packet, vote.voter);
    if (voter == nullptr) {
        ++counters_.unknown_voters;
        return Truth::unknown;
    }
    const bool is_true = records_->votes().verify(voter->public_key, member, incarnation, vote);
    return is_true ? Truth::proven : Truth::lie;
}

/// Somebody we know, or get to know by this very packet. Valid while neither changes.
const wire::MemberRecord* Overlay::Implementation::voter_of(const wire::Packet& packet,
                                                            MemberId voter) const {
    if (const protocol::Member* known = node_.membership().find(voter)) return known->record.get();
    for (const wire::Section& section : packet) {
        const auto* push = std::get_if<wire::RumorPush>(&section);
        if (push == nullptr) continue;
        for (const wire::RumorItem& item : push->items) {
            const auto* record = std::get_if<wire::SharedRecord>(&item);
            if (record != nullptr && (*record)->member == voter) return record->get();
        }
    }
    return nullptr;
}

// -- Ours ----------------------------------------------------------------------------------------

bool Overlay::Implementation::has_own_vote(const wire::Section& section) const {
    const auto is_ours = [this](const wire::Vote& vote) {
        return vote.voter == identity_.member() && is_blank(vote);
    };
    if (const auto* verdict = std::get_if<wire::BurstVerdict>(&section)) {
        return verdict->vote && is_ours(*verdict->vote);
    }
    const auto* push = std::get_if<wire::RumorPush>(&section);
    if (push == nullptr) return false;
    return std::ranges::any_of(push->items, [&](const wire::RumorItem& item) {
        const auto* accusation = std::get_if<wire::Accusation>(&item);
        return accusation != nullptr && std::ranges::any_of(accusation->votes, is_ours);
    });
}

void Overlay::Implementation::sign_own_votes(wire::Section& section) {
    const auto sign = [this](MemberId member, Incarnation incarnation, wire::Vote& vote) {
        if (vote.voter == identity_.member() && is_blank(vote)) {
            vote = own_votes_.sign(identity_, member, incarnation, vote.is_refused);
        }
    };
    if (auto* verdict = std::get_if<wire::BurstVerdict>(&section)) {
        if (verdict->vote) sign(verdict->target, verdict->incarnation, *verdict->vote);
        return;
    }
    auto* push = std::get_if<wire::RumorPush>(&section);
    if (push == nullptr) return;
    for (wire::RumorItem& item : push->items) {
        auto* accusation = std::get_if<wire::Accusation>(&item);
        if (accusation == nullptr) continue;
        for (wire::Vote& vote : accusation->votes) {
            sign(accusation->member, accusation->incarnation, vote);
        }
    }
}

}  // namespace grapevine::overlay
