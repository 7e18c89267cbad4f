#include "protocol/node.hpp"

#include <algorithm>
#include <cassert>
#include <fmt/core.h>
#include <utility>

#include "base/checksum.hpp"
#include "base/overloaded.hpp"
#include "protocol/membership/make_detector.hpp"
#include "protocol/state/reserved_keys.hpp"

namespace grapevine::protocol {
namespace {

/// Peers told directly when we leave, before rumors carry it on.
constexpr std::size_t kFarewellsMax = 8;

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
                          [](const wire::EventLink&) { return 3; },
                          [](const wire::EventPressure&) { return 3; },
                          [](const wire::EventFeedback&) { return 3; },
                          [](const wire::EventPull&) { return 3; },
                          [](const wire::BurstRequest&) { return 0; },
                          [](const wire::BurstVerdict&) { return 0; },
                          [](const wire::Coordinate&) { return 0; },
                          [](const wire::Heartbeats&) { return 0; },
                          [](const wire::Question&) { return 4; },
                          [](const wire::AnswerPart&) { return 4; },
                          [](const wire::StateHello&) { return 4; },
                          [](const wire::StateRanges&) { return 5; },
                          [](const wire::StateWant&) { return 5; },
                          [](const wire::StateCells&) { return 5; },
                          [](const wire::NoticeDigest&) { return 2; },
                          [](const wire::AggregateStep&) { return 4; },
                      },
                      section);
}
constexpr int kRanks = 6;

/// For nodes that are given no keyed hash.
StateHash plain_hash(const wire::StateSalt& salt, ByteView bytes) {
    const std::uint64_t low = mix64(fnv1a(bytes) ^ salt.random);
    return {mix64(low + fnv1a(bytes, low)), low};
}

SharedMap::View rank_among(const Membership& membership) {
    SharedMap::View view{0, 0};
    membership.for_each([&](const Member& member) {
        const MemberId id = member.record->member;
        if (member.status != wire::Status::alive && id != membership.self()) return;
        ++view.members;
        if (id < membership.self()) ++view.rank;
    });
    return view;
}

Outcome<void> check_key(std::string_view key) {
    if (!is_reserved_key(key)) return {};
    return std::unexpected(
        Refusal{Refusal::Code::invalid,
                fmt::format("keys that begin with \"{}\" are the daemon's own", kReservedPrefix),
                "choose another key", "key"});
}

wire::SharedRecord share(wire::MemberRecord record) {
    return std::make_shared<const wire::MemberRecord>(std::move(record));
}

}  // namespace

ProtocolConfig Node::for_state_stream(ProtocolConfig config) {
    config.retention_age = std::min<Duration>(config.retention_age, std::chrono::minutes(1));
    config.retention_bytes = std::min<std::size_t>(config.retention_bytes, 4U << 20U);
    return config;
}

Node::Node(wire::MemberRecord self, Record own, Epoch epoch, ProtocolConfig config,
           std::uint64_t seed, std::vector<std::string> subscriber_topics,
           SharedMap::Hash state_hash, Notices::Judge judge)
    : config_(config),
      random_(seed),
      membership_(share(self), config),
      telling_(config),
      zones_(self.member, config, membership_, ~seed),
      detector_(make_detector(self.member, config, random_.next())),
      coordinates_(self.member, random_.next()),
      paths_(self.member, config, zones_, random_.next()),
      records_(self.member, std::move(own), config),
      rumors_(
          config, zones_, [this](const RumorKey& key) { return render(key); }, random_.next()),
      events_(self.member, epoch, config, zones_.event_peers(), random_.next()),
      channels_(self.member, epoch, config, std::move(subscriber_topics),
                *records_.find(self.member), mix64(~seed),
                [this](const EventKey& event) {
                    if (event.stream.channel == 0) return events_.has_told(event);
                    return channels_.has_told(event);
                }),
      state_(
          self.member, config.sync_interval, config.tombstone_life,
          state_hash ? std::move(state_hash) : SharedMap::Hash(plain_hash),
          [this] { return rank_among(membership_); }, mix64(~seed + 1)),
      state_events_(self.member, epoch, for_state_stream(config), zones_.event_peers(),
                    mix64(~seed + 2), Events::Replay::none, wire::kStateChannel),
      gather_(self.member, random_.next()),
      notices_(std::move(judge)),
      aggregates_(
          self.member, membership_, config.rumor_interval,
          [this](std::string_view key) { return own_number(key); }, mix64(seed + 1)),
      born_as_(self.incarnation),
      epoch_(epoch),
      next_reconnect_(Instant{} + config.reconnect_interval) {
    refresh_entry(self.member);
    place(self);
    seat(Instant{}, *membership_.find(self.member), MemberChange::Kind::joined);
    events_.ask_elsewhere([this](const EventKey& event) { return channels_.has_told(event); });
    settle_zones(Instant{});
}

// -- Inputs --

void Node::receive(Instant now, MemberId from, const wire::Packet& packet) {
    if (from == membership_.self()) return;
    counters_.sections_received += packet.size();
    told_by_ = from;
    membership_.heard_from(now, from);
    paths_.heard(now, from);
    zones_.heard(now, from);
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
    if (zones_.is_inside(peer)) link(now, peer);
    finish(now);
}

void Node::unreachable(Instant now, MemberId member) {
    detector_->unreachable(now, member);
    finish(now);
}

void Node::advance(Instant now) {
    note_lateness(now);
    membership_.advance(now);
    settle(now);
    detector_->advance(now);
    settle(now);
    paths_.advance(now);
    settle(now);
    zones_.advance(now);
    settle(now);
    records_.advance(now);
    settle(now);
    rumors_.advance(now);
    settle(now);
    events_.advance(now);
    settle(now);
    channels_.advance(now);
    settle(now);
    state_.advance(moment(now));
    settle(now);
    if (is_state_told()) state_events_.advance(now);
    settle(now);
    gather_.advance(now);
    settle(now);
    aggregates_.advance(now);
    settle(now);
    if (now >= catch_up_) {
        catch_up_ = kNever;
        for (const MemberId peer : zones_.pick(random_, 1)) begin_sync(now, peer);
    }
    if (now >= next_reconnect_) {
        const double stretch = 0.75 + random_.unit() / 2;
        next_reconnect_ =
            now + std::chrono::duration_cast<Duration>(config_.reconnect_interval * stretch);
        const auto dead = has_left_ ? std::nullopt : pick_lost();
        if (dead) outbox_.push_back(Reach{*dead});
    }
    finish(now);
}

Outcome<EventSequence> Node::publish(Instant now, WallTime wall, std::string topic, Bytes payload,
                                     PublishOptions options) {
    const std::uint32_t channel = channels_.channel_of(topic);
    auto sequence = channel == 0 ? events_.publish(now, wall, std::move(topic), std::move(payload),
                                                   std::move(options))
                                 : channels_.publish(now, wall, channel, std::move(topic),
                                                     std::move(payload), std::move(options));
    finish(now);
    return sequence;
}

Outcome<Version> Node::set_record(Instant now, std::string_view key, std::string_view value) {
    GV_TRY_VOID(check_key(key));
    auto version = records_.set(now, key, value);
    finish(now);
    return version;
}

Outcome<Version> Node::erase_record(Instant now, std::string_view key) {
    GV_TRY_VOID(check_key(key));
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
    for (const MemberId peer : zones_.pick(random_, kFarewellsMax)) {
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
    return std::min({membership_.deadline(), telling_.deadline(), detector_->deadline(),
                     paths_.deadline(), zones_.deadline(), records_.deadline(), rumors_.deadline(),
                     events_.deadline(), channels_.deadline(), state_.deadline(),
                     is_state_told() ? state_events_.deadline() : kNever, gather_.deadline(),
                     aggregates_.deadline(), reach_deadline(), catch_up_, next_reconnect_});
}

void Node::check_invariants() const {
    membership_.check_invariants();
    coordinates_.check_invariants();
    paths_.check_invariants();
    zones_.check_invariants();
    records_.check_invariants();
    events_.check_invariants();
    channels_.check_invariants();
    state_events_.check_invariants();
    gather_.check_invariants();
    notices_.check_invariants();
    aggregates_.check_invariants();
    assert(waiting_.empty());
}

// -- One section at a time --

void Node::handle(Instant now, MemberId from, const wire::Section& section) {
    if (Channels::channel_of(section) == wire::kStateChannel) {
        handle_state_stream(now, from, section);
        settle(now);
        return;
    }
    if (Channels::channel_of(section) != 0) {
        channels_.handle(now, from, section);
        settle(now);
        return;
    }
    std::visit(
        Overloaded{
            [&](const wire::Ping& ping) { handle_ping(now, from, ping); },
            [&](const wire::Ack& ack) { handle_answer(now, from, ack); },
            [&](const wire::PingReq& request) { detector_->handle(now, from, request); },
            [&](const wire::Nack& nack) { handle_answer(now, from, nack); },
            [&](const wire::RumorPush& push) { handle_push(now, from, push); },
            [&](const wire::RumorFeedback& feedback) {
                rumors_.handle_feedback(now, from, feedback);
            },
            [&](const wire::SyncDigest& digest) { handle_digest(from, digest); },
            [&](const wire::SyncEntries& entries) { handle_entries(now, from, entries); },
            [&](const wire::SyncPull& pull) { handle_pull(from, pull); },
            [&](const wire::StateDelta& delta) {
                is_repair_ = true;
                handle_delta(now, from, delta);
            },
            [&](const wire::EventFragment& fragment) { events_.handle(now, from, fragment); },
            [&](const wire::EventFrontier& frontier) { events_.handle(now, from, frontier); },
            [&](const wire::EventRequest& request) { events_.handle(now, from, request); },
            [&](const wire::BurstRequest& request) { detector_->handle(now, from, request); },
            [&](const wire::BurstVerdict& verdict) {
                // A vote about another life than the one in question says nothing.
                const Member* target = membership_.find(verdict.target);
                if (target == nullptr) return;
                if (!verdict.is_alive && target->incarnation != verdict.incarnation) return;
                detector_->handle(now, from, verdict);
            },
            [&](const wire::Heartbeats& beats) { handle_heartbeats(now, from, beats); },
            [&](const wire::EventLink& link) { events_.handle(now, from, link); },
            [&](const wire::EventPressure& word) { events_.handle(now, from, word); },
            [&](const wire::EventFeedback& feedback) { events_.handle(now, from, feedback); },
            [&](const wire::EventPull& pull) { events_.handle(now, from, pull); },
            [&](const wire::Coordinate& place) {
                if (membership_.find(from) != nullptr) coordinates_.heard(now, from, place);
            },
            [&](const wire::Question& question) { gather_.handle(now, from, question); },
            [&](const wire::AnswerPart& part) { gather_.handle(now, from, part); },
            [&](const wire::StateHello& hello) { state_.handle(moment(now), from, hello); },
            [&](const wire::StateRanges& ranges) { state_.handle(moment(now), from, ranges); },
            [&](const wire::StateWant& want) { state_.handle(moment(now), from, want); },
            [&](const wire::StateCells& cells) { state_.handle(moment(now), from, cells); },
            [&](const wire::NoticeDigest& digest) { handle_notices(from, digest); },
            [&](const wire::AggregateStep& step) { aggregates_.handle(now, from, step); },
        },
        section);
    settle(now);
    is_repair_ = false;
}

void Node::handle_ping(Instant now, MemberId from, const wire::Ping& ping) {
    detector_->handle(now, from, ping);
    settle(now);
    compare(now, from, ping.summary);
}

void Node::handle_heartbeats(Instant now, MemberId from, const wire::Heartbeats& heartbeats) {
    detector_->handle(now, from, heartbeats);
    settle(now);
    compare(now, from, heartbeats.summary);
}

void Node::compare(Instant now, MemberId from, const wire::Summary& summary) {
    if (summary.view != view_fingerprint() && now >= next_sync_) begin_sync(now, from);
    if (summary.events != events_.summary()) events_.peer_differs(now, from);
    state_.compare(moment(now), from, summary.state);
}

void Node::handle_push(Instant now, MemberId from, const wire::RumorPush& push) {
    std::uint64_t known = 0;
    is_repair_ = push.number == wire::kToldOnRequest;
    for (std::size_t index = 0; index < push.items.size(); ++index) {
        const bool is_news = std::visit(
            Overloaded{
                [&](const wire::SharedRecord& record) {
                    const bool is_new = membership_.handle_record(now, from, record);
                    follow_own_record(*record);
                    return is_new;
                },
                [&](const wire::Accusation& accusation) {
                    if (!is_competent(accusation)) {
                        ++counters_.accusations_ignored;
                        pass_on(from, accusation);
                        return false;
                    }
                    return membership_.handle_accusation(now, from, accusation);
                },
                [&](const wire::StateDelta& delta) { return handle_delta(now, from, delta); },
                [&](const wire::SharedNotice& notice) { return notices_.handle(notice); },
            },
            push.items[index]);
        if (!is_news) known |= std::uint64_t{1} << index;
        settle(now);
    }
    if (push.number == wire::kToldDirectly || push.number == wire::kToldOnRequest) return;
    rumors_.handle_push(now, from, push, known);
}

void Node::follow_own_record(const wire::MemberRecord& record) {
    const wire::MemberRecord& own = *membership_.self_record();
    if (record.member != own.member || record.boot == own.boot) return;
    // An earlier life of ours had come as far as we: we were started from an old copy of the disk.
    // Membership has raised the incarnation above all of that. The stream begins anew, in case the
    // clock, which should have set it apart, was old too.
    if (record.incarnation < born_as_) return;
    born_as_ = own.incarnation;
    epoch_ = std::max(epoch_.next(), Epoch(own.incarnation.value()));
    events_.begin_life(epoch_);
    channels_.begin_life(epoch_);
    state_events_.begin_life(epoch_);
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

}  // namespace grapevine::protocol
