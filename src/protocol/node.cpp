#include "protocol/node.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "protocol/membership/swim.hpp"
#include "wire/size.hpp"

namespace grapevine::protocol {
namespace {

/// Room for sections in a packet: what the seal leaves, less flags and cookie of a first datagram.
constexpr std::size_t kBudget = kPacketBytesMax - kProofBytesMax;

/// Packets of entries that one digest may draw. The rest waits for the next exchange.
constexpr std::size_t kEntryPacketsMax = 8;
/// An exchange that found more than this to fetch is followed by another at once.
constexpr std::size_t kCatchUpThreshold = 32;
constexpr Duration kCatchUpPause = std::chrono::milliseconds(50);
/// Peers told directly when we leave, before rumors carry it on.
constexpr std::size_t kFarewellsMax = 8;
/// Items of one pull. With 27 bytes at most each, they fit one packet.
constexpr std::size_t kPullItemsMax = 40;

template <typename... Fs>
struct Overloaded : Fs... {
    using Fs::operator()...;
};

/// The order in which the sections of a packet are taken: what is urgent and what others build on
/// comes first, whatever the sender's order was.
int rank_of(const wire::Section& section) {
    return std::visit(Overloaded{
                          [](const wire::Ping&) { return 0; },
                          [](const wire::Ack&) { return 0; },
                          [](const wire::PingReq&) { return 0; },
                          [](const wire::Nack&) { return 0; },
                          [](const wire::RumorPush&) { return 1; },
                          [](const wire::RumorFeedback&) { return 1; },
                          [](const wire::SyncDigest&) { return 2; },
                          [](const wire::SyncEntries&) { return 2; },
                          [](const wire::SyncPull&) { return 2; },
                          [](const wire::StateDelta&) { return 2; },
                          [](const wire::EventFragment&) { return 3; },
                          [](const wire::EventFrontier&) { return 3; },
                          [](const wire::EventRequest&) { return 3; },
                      },
                      section);
}
constexpr int kRanks = 4;

wire::SharedRecord share(wire::MemberRecord record) {
    return std::make_shared<const wire::MemberRecord>(std::move(record));
}

}  // namespace

Node::Node(wire::MemberRecord self, Record own, ProtocolConfig config, std::uint64_t seed)
    : config_(config),
      random_(seed),
      membership_(share(self), config),
      detector_(std::make_unique<Swim>(self.member, config, random_.next())),
      records_(self.member, std::move(own), config),
      rumors_(
          config, membership_, [this](const RumorKey& key) { return render(key); }, random_.next()),
      events_(self.member, Epoch(self.incarnation.value()), config, membership_, random_.next()),
      epoch_(self.incarnation.value()),
      next_reconnect_(Instant{} + config.reconnect_interval) {
    refresh_entry(self.member);
}

// -- Inputs --

void Node::receive(Instant now, MemberId from, const wire::Packet& packet) {
    if (from == membership_.self()) return;
    counters_.sections_received += packet.size();
    told_by_ = from;
    membership_.heard_from(now, from);
    settle(now);
    for (int rank = 0; rank < kRanks; ++rank) {
        for (const wire::Section& section : packet) {
            if (rank_of(section) == rank) handle(now, from, section);
        }
    }
    told_by_ = kNobody;
    finish(now);
}

void Node::introduce(Instant now, MemberId peer) {
    if (peer == membership_.self()) return;
    tell(peer, membership_.self());
    membership_.heard_from(now, peer);
    settle(now);
    begin_sync(now, peer);
    events_.peer_joined(now, peer);
    finish(now);
}

void Node::unreachable(Instant now, MemberId member) {
    detector_->unreachable(now, member);
    finish(now);
}

void Node::advance(Instant now) {
    membership_.advance(now);
    settle(now);
    detector_->advance(now);
    settle(now);
    records_.advance(now);
    settle(now);
    rumors_.advance(now);
    settle(now);
    events_.advance(now);
    settle(now);
    if (now >= catch_up_) {
        catch_up_ = kNever;
        for (const MemberId peer : membership_.pick(random_, 1)) begin_sync(now, peer);
    }
    if (now >= next_reconnect_) {
        const double stretch = 0.75 + random_.unit() / 2;
        next_reconnect_ =
            now + std::chrono::duration_cast<Duration>(config_.reconnect_interval * stretch);
        const auto dead = has_left_ ? std::nullopt : membership_.pick_dead(random_);
        if (dead) outbox_.push_back(Reach{*dead});
    }
    finish(now);
}

Outcome<EventSequence> Node::publish(Instant now, WallTime wall, std::string topic, Bytes payload) {
    auto sequence = events_.publish(now, wall, std::move(topic), std::move(payload));
    finish(now);
    return sequence;
}

Outcome<Version> Node::set_record(Instant now, std::string_view key, std::string_view value) {
    auto version = records_.set(now, key, value);
    finish(now);
    return version;
}

Outcome<Version> Node::erase_record(Instant now, std::string_view key) {
    auto version = records_.erase(now, key);
    finish(now);
    return version;
}

Outcome<void> Node::forget(Instant now, MemberId member) {
    const Member* known = membership_.find(member);
    if (known == nullptr) {
        return std::unexpected(Refusal{Refusal::Code::not_found, "no such member",
                                       "list the members with: grapevine members", "member"});
    }
    if (!membership_.forget(now, member)) {
        return std::unexpected(Refusal{
            Refusal::Code::conflict, "the member is alive or suspect, so it would be back at once",
            "stop its daemon first; it can be forgotten when it is dead "
            "or has left",
            "member"});
    }
    finish(now);
    return {};
}

void Node::leave(Instant now) {
    has_left_ = true;
    membership_.leave(now);
    for (const MemberId peer : membership_.pick(random_, kFarewellsMax)) {
        tell(peer, membership_.self());
    }
    finish(now);
}

void Node::change_self(Instant now, wire::MemberRecord next) {
    membership_.change_self(now, std::move(next));
    finish(now);
}

std::optional<Node::Action> Node::poll() {
    if (outbox_.empty()) return std::nullopt;
    Action action = std::move(outbox_.front());
    outbox_.pop_front();
    return action;
}

Instant Node::deadline() const {
    return std::min({membership_.deadline(), detector_->deadline(), records_.deadline(),
                     rumors_.deadline(), events_.deadline(), catch_up_, next_reconnect_});
}

void Node::check_invariants() const {
    membership_.check_invariants();
    records_.check_invariants();
    events_.check_invariants();
    assert(waiting_.empty());
}

// -- One section at a time --

void Node::handle(Instant now, MemberId from, const wire::Section& section) {
    std::visit(
        Overloaded{
            [&](const wire::Ping& ping) { handle_ping(now, from, ping); },
            [&](const wire::Ack& ack) { detector_->handle(now, from, ack); },
            [&](const wire::PingReq& request) { detector_->handle(now, from, request); },
            [&](const wire::Nack& nack) { detector_->handle(now, from, nack); },
            [&](const wire::RumorPush& push) { handle_push(now, from, push); },
            [&](const wire::RumorFeedback& feedback) {
                rumors_.handle_feedback(now, from, feedback);
            },
            [&](const wire::SyncDigest& digest) { handle_digest(from, digest); },
            [&](const wire::SyncEntries& entries) { handle_entries(now, from, entries); },
            [&](const wire::SyncPull& pull) { handle_pull(from, pull); },
            [&](const wire::StateDelta& delta) { handle_delta(now, from, delta); },
            [&](const wire::EventFragment& fragment) { events_.handle(now, from, fragment); },
            [&](const wire::EventFrontier& frontier) { events_.handle(now, from, frontier); },
            [&](const wire::EventRequest& request) { events_.handle(now, from, request); },
        },
        section);
    settle(now);
}

void Node::handle_ping(Instant now, MemberId from, const wire::Ping& ping) {
    detector_->handle(now, from, ping);
    settle(now);
    if (ping.summary.view != reconciler_.root() && now >= next_sync_) begin_sync(now, from);
    if (ping.summary.events != events_.summary()) events_.peer_differs(now, from);
}

void Node::handle_push(Instant now, MemberId from, const wire::RumorPush& push) {
    std::uint64_t known = 0;
    for (std::size_t index = 0; index < push.items.size(); ++index) {
        const bool is_news = std::visit(
            Overloaded{
                [&](const wire::SharedRecord& record) {
                    return membership_.handle_record(now, from, record);
                },
                [&](const wire::Accusation& accusation) {
                    return membership_.handle_accusation(now, from, accusation);
                },
                [&](const wire::StateDelta& delta) { return handle_delta(now, from, delta); },
            },
            push.items[index]);
        if (!is_news) known |= std::uint64_t{1} << index;
        settle(now);
    }
    // Number 0 is told outside the rumor rounds: nobody waits for feedback.
    if (push.number != 0) rumors_.handle_push(now, from, push, known);
}

bool Node::handle_delta(Instant now, MemberId from, const wire::StateDelta& delta) {
    // Keys of somebody we do not know would have nobody to belong to; they come again by
    // anti-entropy once the member's own record has.
    const Member* owner = membership_.find(delta.member);
    if (owner == nullptr || owner->status == wire::Status::dead ||
        owner->status == wire::Status::left) {
        return false;
    }
    const bool is_news = records_.handle_delta(now, delta);
    // A hole before it: what lies between must be fetched, or the newest key waits for
    // anti-entropy.
    const Record* held = records_.find(delta.member);
    const Version version = held != nullptr ? held->version : Version{};
    if (!is_news && version < delta.from) {
        waiting_for(from).sections.emplace_back(wire::SyncPull{
            {{delta.member, false, version, held != nullptr ? held->collected : Version{}}}});
    }
    return is_news;
}

// -- Anti-entropy --

void Node::begin_sync(Instant now, MemberId peer) {
    const double stretch = 0.75 + random_.unit() / 2;
    next_sync_ = now + std::chrono::duration_cast<Duration>(config_.sync_interval * stretch);
    ++counters_.syncs_begun;
    waiting_for(peer).sections.emplace_back(wire::SyncDigest{reconciler_.buckets()});
}

void Node::handle_digest(MemberId from, const wire::SyncDigest& digest) {
    std::vector<std::uint8_t> buckets = reconciler_.differing(digest.buckets);
    // Not always the first ones: what one exchange leaves out, the next begins with.
    random_.shuffle(std::span(buckets));
    std::size_t bytes = 0;
    for (const std::uint8_t bucket : buckets) {
        for (wire::SyncEntries& part : reconciler_.entries_of(bucket, kBudget)) {
            bytes += wire::encoded_size(wire::Section(part));
            if (bytes > kEntryPacketsMax * kBudget) return;
            counters_.sync_entries += part.entries.size();
            waiting_for(from).sections.emplace_back(std::move(part));
        }
    }
}

void Node::handle_entries(Instant now, MemberId from, const wire::SyncEntries& theirs) {
    wire::SyncPull pull;
    std::size_t fetched = 0;
    const auto send_pull = [&] {
        if (!pull.items.empty()) waiting_for(from).sections.emplace_back(std::move(pull));
        pull = {};
    };
    std::vector<Records::Want> lacks;
    const auto offer = [&](const Member& member, Version held, Version collected) {
        lacks.push_back({member.record->member, held, collected});
    };

    for (const wire::SyncEntry& entry : theirs.entries) {
        const Member* mine = membership_.find(entry.member);
        const wire::SyncEntry* held = reconciler_.find(entry.member);
        wire::SyncPull::Item item{entry.member, false, {}, {}};
        const auto floor = membership_.forgotten_at(entry.member);
        if (floor && entry.incarnation <= *floor) continue;
        if (mine == nullptr || mine->record->incarnation < entry.incarnation) {
            item.wants_record = true;
        } else if (held == nullptr || mine->record->incarnation > entry.incarnation) {
            tell(from, entry.member);  // Newer here; or dead or left here, which it does not know.
        }
        if (held != nullptr) {
            item.state_from = held->version;
            item.state_collected = held->collected;
            if (held->version > entry.version) offer(*mine, entry.version, entry.collected);
        }
        const bool wants_state = item.state_from < entry.version;
        if (!item.wants_record && !wants_state) continue;
        if (!wants_state) item.state_from = entry.version;
        pull.items.push_back(item);
        ++fetched;
        if (pull.items.size() == kPullItemsMax) send_pull();
    }
    send_pull();

    // What lies in the range and was not listed, it does not know.
    for (const MemberId id : reconciler_.ids_in(theirs.bucket)) {
        if (id <= theirs.after || id > theirs.up_to) continue;
        const bool is_listed = std::ranges::any_of(
            theirs.entries, [id](const wire::SyncEntry& entry) { return entry.member == id; });
        if (is_listed) continue;
        tell(from, id);
        if (const Member* mine = membership_.find(id)) offer(*mine, Version{}, Version{});
    }
    for (wire::StateDelta& delta :
         records_.pack(lacks, kEntryPacketsMax * kBudget, random_.next())) {
        waiting_for(from).sections.emplace_back(std::move(delta));
    }
    if (fetched > kCatchUpThreshold) catch_up_ = now + kCatchUpPause;
}

void Node::handle_pull(MemberId from, const wire::SyncPull& pull) {
    std::vector<Records::Want> wants;
    for (const wire::SyncPull::Item& item : pull.items) {
        const Member* member = membership_.find(item.member);
        if (member == nullptr) continue;
        if (item.wants_record) {
            ++counters_.records_pushed;
            waiting_for(from).items.emplace_back(member->record);
            if (member->status == wire::Status::suspect) tell(from, item.member);
        }
        wants.push_back({item.member, item.state_from, item.state_collected});
    }
    for (wire::StateDelta& delta :
         records_.pack(wants, kEntryPacketsMax * kBudget, random_.next())) {
        waiting_for(from).sections.emplace_back(std::move(delta));
    }
}

// -- Between the machines --

void Node::settle(Instant now) {
    bool is_busy = true;
    while (is_busy) {
        is_busy = settle_membership(now);
        is_busy |= settle_detector(now);
        is_busy |= settle_records(now);
        is_busy |= settle_spread(now);
    }
}

bool Node::settle_membership(Instant now) {
    bool is_busy = false;
    while (auto action = membership_.poll()) {
        is_busy = true;
        std::visit(Overloaded{
                       [&](const Membership::Change& change) { apply_change(now, change.change); },
                       [&](const Membership::Spread& spread) {
                           rumors_.add(now, {RumorKey::Kind::member, spread.member}, told_by_);
                           refresh_entry(spread.member);
                       },
                       [&](const Membership::Tell& message) { tell(message.to, message.member); },
                       [&](const Membership::Confirm& confirm) {
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
    if (id != membership_.self()) {
        switch (change.kind) {
            case MemberChange::Kind::joined:
            case MemberChange::Kind::returned:
                detector_->add(id);
                events_.peer_joined(now, id);
                break;
            case MemberChange::Kind::died:
            case MemberChange::Kind::left:
                detector_->remove(id);
                break;
            case MemberChange::Kind::forgotten:
                detector_->remove(id);
                rumors_.remove({RumorKey::Kind::member, id});
                rumors_.remove({RumorKey::Kind::state, id});
                records_.forget(id);
                break;
            case MemberChange::Kind::updated:
            case MemberChange::Kind::suspected:
            case MemberChange::Kind::cleared:
                break;
        }
    }
    refresh_entry(id);
    outbox_.push_back(Changed{change});
}

bool Node::settle_detector(Instant now) {
    bool is_busy = false;
    while (auto action = detector_->poll()) {
        is_busy = true;
        std::visit(
            Overloaded{
                [&](Detector::SendProbe& probe) {
                    if (auto* ping = std::get_if<wire::Ping>(&probe.message)) {
                        ping->summary = {reconciler_.root(), events_.summary()};
                    }
                    std::visit(
                        [&](const auto& message) {
                            waiting_for(probe.to).probes.emplace_back(message);
                        },
                        probe.message);
                },
                [&](const Detector::Missed& missed) { membership_.missed(now, missed.member); },
                [&](const Detector::Answered&) {},
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
        rumors_.add(now, {RumorKey::Kind::state, changed.member}, told_by_);
        const Record* record = records_.find(changed.member);
        outbox_.push_back(RecordChanged{changed.member, std::move(changed.items),
                                        record != nullptr ? record->version : Version{}});
    }
    return is_busy;
}

bool Node::settle_spread(Instant now) {
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
                       [&](Events::Deliver& deliver) { outbox_.push_back(std::move(deliver)); },
                       [&](Events::Gap& gap) { outbox_.push_back(gap); },
                   },
                   *action);
    }
    (void)now;
    return is_busy;
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

void Node::tell(MemberId to, MemberId member) {
    if (to == membership_.self()) return;
    if (auto item = membership_.item_for(member)) {
        ++counters_.records_pushed;
        waiting_for(to).items.push_back(std::move(*item));
    }
}

std::optional<wire::RumorItem> Node::render(const RumorKey& key) const {
    if (key.kind == RumorKey::Kind::member) return membership_.item_for(key.subject);
    auto delta = records_.newest(key.subject);
    if (!delta) return std::nullopt;
    return wire::RumorItem(std::move(*delta));
}

// -- The packetiser --

Node::Waiting& Node::waiting_for(MemberId to) {
    const auto found = std::ranges::find(waiting_, to, &Waiting::to);
    if (found != waiting_.end()) return *found;
    waiting_.push_back({to, {}, {}, {}});
    return waiting_.back();
}

void Node::finish(Instant now) {
    settle(now);
    for (std::size_t index = 0; index < waiting_.size(); ++index) flush(now, waiting_[index]);
    waiting_.clear();
}

void Node::flush(Instant now, Waiting& waiting) {
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

    wire::RumorPush direct;
    std::size_t direct_bytes = wire::kSectionFrameBytesMax;
    for (wire::RumorItem& item : waiting.items) {
        const std::size_t size = wire::encoded_size(item);
        if (direct_bytes + size > room || direct.items.size() == wire::kRumorsPerPushMax) {
            if (!direct.items.empty()) put(std::move(direct));
            emit();
            direct = {};
            direct_bytes = wire::kSectionFrameBytesMax;
        }
        direct_bytes += size;
        direct.items.push_back(std::move(item));
    }
    if (!direct.items.empty()) put(std::move(direct));

    if (auto push = rumors_.fill(now, waiting.to, room)) put(std::move(*push));
    for (wire::Section& section : waiting.sections) put(std::move(section));
    emit();
}

}  // namespace grapevine::protocol
