#include <algorithm>
#include <cassert>
#include <utility>

#include "base/checksum.hpp"
#include "overlay/implementation.hpp"

namespace grapevine::overlay {
// -- Construction --

crypto::KeyRing make_ring(const Settings& settings, std::vector<crypto::OverlayKey> keys) {
    auto ring = crypto::KeyRing::make(settings.name, std::move(keys), settings.cipher);
    assert(ring && "settings have been checked by whoever made them");
    return std::move(*ring);
}

namespace {

crypto::Identity identity_of(const Start& start) {
    return crypto::Identity::from_seed(start.image.has_identity ? start.image.identity_seed
                                                                : start.fresh_identity);
}

}  // namespace

Overlay::Implementation::Implementation(Settings settings, Start start,
                                        std::shared_ptr<RecordCache> records)
    : settings_(std::move(settings)),
      identity_(identity_of(start)),
      node_(first_record(start), own_record(start), first_epoch(start), settings_.protocol,
            mix64(start.seed), settings_.subscriber_topics, keyed_state_hash(),
            [this](const wire::Notice& notice) { return judge(notice); }),
      summaries_(settings_, node_.membership(), mix64(start.seed + 4)),
      seeds_(
          settings_.seeds, cached_addresses(start),
          [this](const Endpoint& endpoint) { return member_at(endpoint) != kNobody; },
          mix64(start.seed + 1)),
      records_(std::move(records)),
      rotation_(restored_rotation(start)),
      rollout_(restored_rollout()),
      ring_(make_ring(settings_, rotation_.ring())),
      cookies_(crypto::Secret<32>(start.cookie_secret), kCookieLife),
      boot_(start.boot),
      random_(mix64(start.seed + 2)) {
    if (!settings_.groups.empty()) {
        announcer_.emplace([this](MemberId member) { return is_alive(member); },
                           mix64(start.seed + 3));
    }
    if (start.started.unix_ms > 0) node_.set_wall(Instant{}, start.started.unix_ms * 1000);
    if (!rollout_.values().empty()) node_.configure(Instant{}, rollout_.config());
    node_.restore_state({start.state.salt, std::move(start.state.floor)}, start.state.cells);
    if (!start.image.has_identity) {
        outbox_.push_back(Persist{storage::save_identity(settings_.name, start.fresh_identity)});
    }
    outbox_.push_back(Persist{
        storage::save_incarnation(settings_.name, node_.membership().self_record()->incarnation)});
}

Rotation Overlay::Implementation::restored_rotation(const Start& start) {
    node_.restore_notices(start.image.notices);
    is_key_state_due_ = true;
    return Rotation{settings_.keys, start.image.rotation,
                    node_.notices().find(wire::NoticeKind::rotation)};
}

wire::MemberRecord Overlay::Implementation::first_record(const Start& start) const {
    wire::MemberRecord record;
    record.member = identity_.member();
    record.public_key = identity_.public_key();
    record.incarnation = start.image.incarnation.next();
    record.boot = start.boot;
    record.protocol_min = native::kProtocolMin;
    record.protocol_max = native::kProtocolMax;
    record.addresses = settings_.addresses;
    record.name = settings_.member_name;
    record.labels = settings_.labels;
    return record;
}

Epoch Overlay::Implementation::first_epoch(const Start& start) {
    const std::int64_t seconds = start.started.unix_ms / 1000;
    if (!std::in_range<std::uint32_t>(seconds))
        return Epoch(start.image.incarnation.next().value());
    return Epoch(
        std::max(static_cast<std::uint32_t>(seconds), start.image.incarnation.next().value()));
}

protocol::Record Overlay::Implementation::own_record(const Start& start) {
    protocol::Record record;
    record.version = start.image.own_version;
    record.collected = start.image.own_collected;
    for (const wire::StateItem& item : start.image.own_items) record.items[item.key] = item;
    return record;
}

std::vector<Endpoint> Overlay::Implementation::cached_addresses(const Start& start) {
    std::vector<Endpoint> addresses;
    for (const storage::CachedPeer& peer : start.image.peers) addresses.push_back(peer.address);
    return addresses;
}

// -- The shell --

Overlay::Overlay(Settings settings, Start start, std::shared_ptr<RecordCache> records)
    : implementation_(std::make_unique<Implementation>(std::move(settings), std::move(start),
                                                       std::move(records))) {}
Overlay::~Overlay() = default;

void Overlay::receive(Instant now, const Endpoint& from, ByteView datagram) {
    implementation_->receive(now, from, datagram);
}
void Overlay::announcement(Instant now, const Endpoint& from, ByteView datagram) {
    implementation_->announcement(now, from, datagram);
}
void Overlay::unreachable(Instant now, const Endpoint& to) {
    implementation_->unreachable(now, to);
}
void Overlay::resolved(Instant now, const std::string& name,
                       const std::vector<Endpoint>& endpoints) {
    implementation_->seeds_.resolved(now, name, endpoints);
    implementation_->drain(now);
}
void Overlay::advance(Instant now) {
    implementation_->advance(now);
}

Outcome<EventSequence> Overlay::publish(Instant now, WallTime wall, std::string topic,
                                        Bytes payload, protocol::PublishOptions options) {
    auto sequence = implementation_->node_.publish(now, wall, std::move(topic), std::move(payload),
                                                   std::move(options));
    implementation_->drain(now);
    return sequence;
}
Instant Overlay::publish_at(Instant now) {
    return implementation_->node_.publish_at(now);
}
void Overlay::held_up() {
    implementation_->node_.held_up();
}
void Overlay::set_interest(Instant now, const std::vector<std::string>& patterns) {
    implementation_->node_.set_interest(now, patterns);
    implementation_->drain(now);
}
Outcome<Version> Overlay::set_record(Instant now, std::string_view key, std::string_view value) {
    auto version = implementation_->node_.set_record(now, key, value);
    implementation_->drain(now);
    return version;
}
Outcome<Version> Overlay::erase_record(Instant now, std::string_view key) {
    auto version = implementation_->node_.erase_record(now, key);
    implementation_->drain(now);
    return version;
}
Outcome<void> Overlay::forget(Instant now, MemberId member) {
    auto outcome = implementation_->node_.forget(now, member);
    implementation_->drain(now);
    return outcome;
}
void Overlay::set_wall(Instant now, std::int64_t unix_us) {
    implementation_->node_.set_wall(now, unix_us);
}
Outcome<std::uint64_t> Overlay::ask(Instant now, const std::vector<MemberId>& targets,
                                    protocol::QuestionKind kind, Bytes body, Duration patience,
                                    protocol::Gather::Telling telling) {
    auto number =
        implementation_->node_.ask(now, targets, kind, std::move(body), patience, telling);
    implementation_->drain(now);
    return number;
}
void Overlay::cancel(Instant now, std::uint64_t number) {
    implementation_->node_.cancel(now, number);
    implementation_->drain(now);
}
void Overlay::answer(Instant now, MemberId to, std::uint64_t number, Bytes body) {
    implementation_->node_.answer(now, to, number, std::move(body));
    implementation_->drain(now);
}
Outcome<std::uint64_t> Overlay::estimate(Instant now, protocol::Aggregates::Method method,
                                         protocol::Aggregates::Of of, std::string key) {
    auto run = implementation_->node_.estimate(now, method, of, std::move(key));
    implementation_->drain(now);
    return run;
}
void Overlay::leave(Instant now) {
    if (implementation_->announcer_) implementation_->announcer_->silence();
    implementation_->node_.leave(now);
    implementation_->drain(now);
}
void Overlay::join(Instant now, const std::vector<std::string>& seeds) {
    implementation_->seeds_.add(now, seeds);
    implementation_->settings_.seeds = implementation_->seeds_.names();
    implementation_->drain(now);
}
void Overlay::change_self(Instant now, std::string member_name, std::vector<wire::Label> labels,
                          std::vector<Endpoint> addresses) {
    implementation_->change_self(now, std::move(member_name), std::move(labels),
                                 std::move(addresses));
}
void Overlay::set_keys(Instant now, std::vector<crypto::OverlayKey> keys) {
    implementation_->set_keys(now, std::move(keys));
}
Outcome<void> Overlay::rotate_keys(Instant now, const RotationOrder& order) {
    auto outcome = implementation_->rotate_keys(now, order);
    implementation_->drain(now);
    return outcome;
}

std::optional<Overlay::Action> Overlay::poll() {
    auto& outbox = implementation_->outbox_;
    if (outbox.empty()) return std::nullopt;
    Action action = std::move(outbox.front());
    outbox.pop_front();
    return action;
}

Instant Overlay::deadline() const {
    const auto& announcer = implementation_->announcer_;
    return std::min({implementation_->node_.deadline(), implementation_->seeds_.deadline(),
                     implementation_->next_housekeeping_, implementation_->rotation_deadline(),
                     implementation_->rollout_deadline(), implementation_->summaries_.deadline(),
                     announcer ? announcer->deadline() : kNever});
}

const protocol::Node& Overlay::node() const {
    return implementation_->node_;
}
const Settings& Overlay::settings() const {
    return implementation_->settings_;
}
Outcome<protocol::WipeOrder> Overlay::wipe(Instant now, WallTime wall, const std::string& part,
                                           const crypto::Identity& signer) {
    auto order = implementation_->wipe(now, wall, part, signer);
    implementation_->drain(now);
    return order;
}
Outcome<void> Overlay::propose(Instant now, wire::Notice notice) {
    auto outcome = implementation_->node_.propose(now, std::move(notice));
    implementation_->drain(now);
    return outcome;
}

const Rotation& Overlay::rotation() const {
    return implementation_->rotation();
}
Outcome<std::uint64_t> Overlay::propose_settings(Instant now, const RolloutOrder& order,
                                                 const crypto::Identity& signer) {
    auto epoch = implementation_->propose_settings(now, order, signer);
    implementation_->drain(now);
    return epoch;
}
Outcome<void> Overlay::take_settings_back(Instant now) {
    auto outcome = implementation_->take_settings_back(now);
    implementation_->drain(now);
    return outcome;
}
const Rollout& Overlay::rollout() const {
    return implementation_->rollout();
}
Outcome<void> Overlay::set_summary(Instant now, protocol::SummaryStatement statement,
                                   const crypto::Identity& signer) {
    auto outcome = implementation_->set_summary(now, std::move(statement), signer);
    implementation_->drain(now);
    return outcome;
}
Outcome<void> Overlay::set_zone_value(std::string_view key, std::string_view value) {
    return implementation_->summaries_.set_own(key, value);
}
Outcome<void> Overlay::erase_zone_value(std::string_view key) {
    return implementation_->summaries_.erase_own(key);
}
const Summaries& Overlay::summaries() const {
    return implementation_->summaries_;
}
const Overlay::Counters& Overlay::counters() const {
    return implementation_->counters_;
}
std::uint64_t Overlay::view_fingerprint() const {
    return implementation_->node_.view_fingerprint();
}
std::size_t Overlay::session_count() const {
    return implementation_->sessions_.size();
}
void Overlay::check_invariants() const {
    implementation_->node_.check_invariants();
}

}  // namespace grapevine::overlay
