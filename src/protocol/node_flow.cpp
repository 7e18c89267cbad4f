#include <algorithm>
#include <cassert>
#include <utility>

#include "base/overloaded.hpp"
#include "protocol/node.hpp"
#include "wire/size.hpp"

namespace grapevine::protocol {

// -- Between the machines --

void Node::settle(Instant now) {
    bool is_busy = true;
    while (is_busy) {
        is_busy = settle_membership(now);
        is_busy |= settle_detector(now);
        is_busy |= settle_paths(now);
        is_busy |= settle_zones(now);
        is_busy |= settle_records(now);
        is_busy |= settle_spread();
        is_busy |= settle_channels(now);
        is_busy |= settle_state(now);
        is_busy |= settle_questions(now);
        is_busy |= settle_notices(now);
        is_busy |= settle_aggregates();
    }
}

bool Node::settle_membership(Instant now) {
    bool is_busy = false;
    while (auto action = membership_.poll()) {
        is_busy = true;
        std::visit(Overloaded{
                       [&](const Membership::Change& change) { apply_change(now, change.change); },
                       [&](const Membership::Spread& spread) {
                           const RumorKey key{RumorKey::Kind::member, spread.member};
                           if (is_worth_telling()) rumors_.add(now, key, told_by_);
                           refresh_entry(spread.member);
                       },
                       [&](const Membership::Tell& message) {
                           if (may_tell(message.to)) tell(message.to, message.member);
                       },
                       [&](const Membership::Confirm& confirm) {
                           if (confirm_outside(now, confirm.member)) return;
                           detector_->confirm(now, confirm.member);
                       },
                       [&](const Membership::Persist& persist) {
                           outbox_.push_back(PersistIncarnation{persist.incarnation});
                       },
                       [&](const Membership::SelfRefuted&) { detector_->self_refuted(now); },
                   },
                   *action);
    }
    return is_busy;
}

void Node::apply_change(Instant now, const MemberChange& change) {
    const MemberId id = change.member.record->member;
    seat(now, change.member, change.kind);
    if (id != membership_.self()) {
        follow_paths(now, change);
        channels_.note_member(now, id, is_peer(id));
        switch (change.kind) {
            case MemberChange::Kind::joined:
            case MemberChange::Kind::returned:
                if (!zones_.is_on()) enter(now, id);
                place(*change.member.record);
                break;
            case MemberChange::Kind::died:
            case MemberChange::Kind::left:
                if (!zones_.is_on()) drop(now, id);
                gather_.peer_left(now, id);
                aggregates_.peer_left(id);
                break;
            case MemberChange::Kind::forgotten:
                if (!zones_.is_on()) drop(now, id);
                gather_.peer_left(now, id);
                aggregates_.peer_left(id);
                rumors_.remove({RumorKey::Kind::member, id});
                rumors_.remove({RumorKey::Kind::state, id});
                records_.forget(id);
                channels_.forget(now, id);
                break;
            case MemberChange::Kind::updated:
            case MemberChange::Kind::cleared:
                place(*change.member.record);
                break;
            case MemberChange::Kind::suspected:
                break;
        }
    } else {
        place(*change.member.record);
    }
    refresh_entry(id);
    telling_.changed(now, change);
    tell_changes();
}

void Node::tell_changes() {
    while (auto action = telling_.poll()) {
        if (const auto* view = std::get_if<Telling::Settled>(&*action)) {
            if (!has_left_) outbox_.emplace_back(*view);
            continue;
        }
        auto& changes = std::get<Telling::Changes>(*action).changes;
        if (changes.size() == 1) {
            outbox_.emplace_back(Changed{std::move(changes.front())});
        } else {
            outbox_.emplace_back(ChangedTogether{std::move(changes)});
        }
    }
}

void Node::enter(Instant now, MemberId member) {
    detector_->add(member);
    link(now, member);
}

void Node::drop(Instant now, MemberId member) {
    detector_->remove(member);
    unlink(now, member);
}

void Node::place(const wire::MemberRecord& record) {
    if (config_.heartbeat_subnet_label.empty()) return;
    const auto label =
        std::ranges::find(record.labels, config_.heartbeat_subnet_label, &wire::Label::key);
    detector_->place(record.member,
                     label == record.labels.end() ? std::string_view() : label->value);
}

void Node::send_probe(MemberId to, ProbeMessage& message) {
    const wire::Summary summary = {view_fingerprint(), events_.summary(), state_.summary()};
    if (auto* ping = std::get_if<wire::Ping>(&message)) ping->summary = summary;
    if (auto* beats = std::get_if<wire::Heartbeats>(&message)) beats->summary = summary;
    std::visit([&](auto& probe) { waiting_for(to).probes.emplace_back(std::move(probe)); },
               message);
}

bool Node::settle_detector(Instant now) {
    bool is_busy = false;
    while (auto action = detector_->poll()) {
        is_busy = true;
        std::visit(
            Overloaded{
                [&](Detector::SendProbe& probe) {
                    if (auto* request = std::get_if<wire::BurstRequest>(&probe.message)) {
                        request->incarnation = incarnation_of(request->target);
                    } else if (auto* verdict = std::get_if<wire::BurstVerdict>(&probe.message)) {
                        // Of the life that we know, not of one that the asker would like.
                        verdict->incarnation = incarnation_of(verdict->target);
                    }
                    send_probe(probe.to, probe.message);
                },
                [&](const Detector::Missed& missed) {
                    membership_.missed(now, missed.member);
                    paths_.missed(now, missed.member);
                },
                [&](const Detector::Answered& answer) { answered(now, answer); },
                [&](const Detector::Declared& declared) {
                    membership_.declared(now, declared.member, declared.incarnation,
                                         declared.votes);
                },
                [&](const Detector::Confirmed& confirmed) {
                    membership_.confirmed(now, confirmed.member, confirmed.is_alive);
                },
            },
            *action);
        settle_membership(now);
    }
    return is_busy;
}

bool Node::settle_records(Instant now) {
    bool is_busy = false;
    while (auto action = records_.poll()) {
        is_busy = true;
        if (auto* persist = std::get_if<Records::Persist>(&*action)) {
            outbox_.push_back(std::move(*persist));
            continue;
        }
        auto& changed = std::get<Records::Changed>(*action);
        refresh_entry(changed.member);
        note_reserved_keys(now, changed);
        if (is_worth_telling()) rumors_.add(now, {RumorKey::Kind::state, changed.member}, told_by_);
        const Record* record = records_.find(changed.member);
        outbox_.push_back(RecordChanged{changed.member, std::move(changed.items),
                                        record != nullptr ? record->version : Version{}});
    }
    return is_busy;
}

bool Node::settle_spread() {
    bool is_busy = false;
    while (auto action = rumors_.poll()) {
        is_busy = true;
        if (const auto* gossip = std::get_if<Rumors::Gossip>(&*action)) {
            waiting_for(gossip->to);  // The push itself is filled in when the packet is made.
        } else {
            auto& answer = std::get<Rumors::Answer>(*action);
            waiting_for(answer.to).sections.emplace_back(answer.feedback);
        }
    }
    while (auto action = events_.poll()) {
        is_busy = true;
        std::visit(Overloaded{
                       [&](Events::Send& send) {
                           waiting_for(send.to).sections.push_back(std::move(send.section));
                       },
                       [&](Events::Deliver& told) { deliver(std::move(told)); },
                       [&](const Events::Gap& gap) { tell_gap(gap); },
                   },
                   *action);
    }
    return is_busy;
}

Incarnation Node::incarnation_of(MemberId member) const {
    const Member* held = membership_.find(member);
    return held != nullptr ? held->incarnation : Incarnation{};
}

wire::SyncEntry Node::entry_of(const Member& member) const {
    const Record* record = records_.find(member.record->member);
    wire::SyncEntry entry{member.record->member, member.record->incarnation, {}, {}};
    if (record != nullptr) {
        entry.collected = record->collected;
        entry.version = record->version;
    }
    return entry;
}

void Node::refresh_entry(MemberId id) {
    // Only the living are reconciled: a digest must not grow with the dead. Who takes a dead one
    // for alive sends its record, and is told better.
    const Member* member = membership_.find(id);
    const bool is_listed = member != nullptr && (member->status == wire::Status::alive ||
                                                 member->status == wire::Status::suspect);
    if (is_listed) {
        reconciler_.set(entry_of(*member));
    } else {
        reconciler_.erase(id);
    }
}

void Node::repair(MemberId to, MemberId member) {
    if (auto item = membership_.item_for(member)) {
        ++counters_.records_pushed;
        waiting_for(to).repairs.push_back(std::move(*item));
    }
}

void Node::tell(MemberId to, MemberId member) {
    if (to == membership_.self()) return;
    if (auto item = membership_.item_for(member)) {
        ++counters_.records_pushed;
        waiting_for(to).items.push_back(std::move(*item));
    }
}

std::optional<wire::RumorItem> Node::render(const RumorKey& key) const {
    if (key.kind == RumorKey::Kind::member) return membership_.item_for(key.subject);
    if (key.kind == RumorKey::Kind::notice) {
        const wire::SharedNotice notice = notices_.in_slot(key.subject.value());
        if (notice == nullptr) return std::nullopt;
        return wire::RumorItem(notice);
    }
    auto delta = records_.newest(key.subject);
    if (!delta) return std::nullopt;
    return wire::RumorItem(std::move(*delta));
}

// -- The packetiser --

Node::Waiting& Node::waiting_for(MemberId to) {
    const auto found = std::ranges::find(waiting_, to, &Waiting::to);
    if (found != waiting_.end()) return *found;
    waiting_.push_back({to, {}, {}, {}, {}});
    return waiting_.back();
}

void Node::finish(Instant now) {
    settle(now);
    const bool is_anybody_in_doubt = membership_.suspect_count() > 0 || detector_->is_confirming();
    telling_.advance(now, is_anybody_in_doubt, [this] {
        return Settled{membership_.alive_count(), membership_.fingerprint()};
    });
    tell_changes();
    for (std::size_t index = 0; index < waiting_.size(); ++index) flush(now, waiting_[index]);
    waiting_.clear();
}

void Node::flush(Instant now, Waiting& waiting) {
    add_coordinate(now, waiting);
    wire::Packet packet;
    std::size_t room = kBudget;
    const auto emit = [&] {
        if (packet.empty()) return;
        ++counters_.packets_sent;
        outbox_.push_back(Send{waiting.to, std::move(packet)});
        packet.clear();
        room = kBudget;
    };
    const auto put = [&](wire::Section section) {
        const std::size_t size = wire::encoded_size(section);
        assert(size <= kBudget);
        if (size > room || packet.size() == kSectionsMax) emit();
        room -= size;
        packet.push_back(std::move(section));
    };

    for (wire::Section& probe : waiting.probes) put(std::move(probe));

    const auto put_items = [&](std::vector<wire::RumorItem>& items, std::uint32_t number) {
        wire::RumorPush push{number, {}};
        std::size_t bytes = wire::kSectionFrameBytesMax;
        for (wire::RumorItem& item : items) {
            const std::size_t size = wire::encoded_size(item);
            if (bytes + size > room || push.items.size() == wire::kRumorsPerPushMax) {
                if (!push.items.empty()) put(std::move(push));
                emit();
                push = {number, {}};
                bytes = wire::kSectionFrameBytesMax;
            }
            bytes += size;
            push.items.push_back(std::move(item));
        }
        if (!push.items.empty()) put(std::move(push));
    };
    put_items(waiting.items, wire::kToldDirectly);
    put_items(waiting.repairs, wire::kToldOnRequest);

    if (auto push = rumors_.fill(now, waiting.to, room)) put(std::move(*push));
    for (wire::Section& section : waiting.sections) put(std::move(section));
    emit();
}

}  // namespace grapevine::protocol
