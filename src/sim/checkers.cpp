#include "sim/checkers.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include "overlay/sessions.hpp"
#include "sim/trace.hpp"
#include "sim/world.hpp"
#include "wire/native/header.hpp"

namespace grapevine::sim {

namespace {

/// Pairs of observer and member that are looked at in one simulated second.
constexpr std::size_t kPairsPerSecond = 20'000;
/// Every so many inputs a machine checks its own invariants, as in production; in small worlds
/// after each.
constexpr std::uint64_t kInputsPerInvariants = 1000;
constexpr std::size_t kSmallWorld = 8;

}  // namespace

Checkers::Checkers(const World& world)
    : world_(world), is_paired_(world.size() <= kPairedHostsMax), hosts_(world.size()) {}

void Checkers::report(std::string property, std::string text) {
    if (violations_.size() >= kViolationsMax) return;
    violations_.push_back({world_.now(), std::move(property), std::move(text)});
}

std::string Checkers::name_of(MemberId member) const {
    const HostIndex host = world_.host_of(member);
    return host == kNoHost ? fmt::format("{:016x}", member.value()) : fmt::format("m{}", host);
}

// -- Lives --

void Checkers::started(HostIndex host) {
    HostView& view = hosts_[host];
    const bool was_intact = std::exchange(view.is_disk_intact, true);
    const Incarnation before = view.incarnation;
    view.views.clear();
    view.heard.clear();
    view.contacts.clear();
    view.accepted.clear();
    view.incarnation = world_.born_as(host);
    // Only now is it known whose past the copy held.
    if (std::exchange(view.is_restored, false)) {
        identities_[world_.member_of(host)].is_forked = true;
    }
    if (!was_intact) {
        observe_owner(host);
        return;
    }
    if (view.incarnation <= before) {
        report("incarnation_grows", fmt::format("m{} starts as {} after {}", host,
                                                view.incarnation.value(), before.value()));
    }
    const Identity& identity = identities_[world_.member_of(host)];
    const protocol::Record* record =
        world_.overlay(host).node().records().find(world_.member_of(host));
    const Version version = record == nullptr ? Version() : record->version;
    if (!identity.is_forked && version < identity.record.version) {
        report("record_durable",
               fmt::format("the record of m{} was at version {} and starts at {}", host,
                           identity.record.version.value(), version.value()));
    }
    observe_owner(host);
}

void Checkers::stopping(HostIndex host, Crash crash) {
    if (crash == Crash::disk_lost) hosts_[host].is_disk_intact = false;
}

void Checkers::restored(HostIndex host) {
    hosts_[host].is_disk_intact = false;
    hosts_[host].is_restored = true;
}

/// Takes down what the owner itself holds: nothing else is true.
void Checkers::observe_owner(HostIndex host) {
    const MemberId self = world_.member_of(host);
    Identity& identity = identities_[self];
    const wire::MemberRecord& own = *world_.membership(host).self_record();
    if (own.incarnation < hosts_[host].incarnation) {
        report("incarnation_grows",
               fmt::format("m{} went from incarnation {} to {}", host,
                           hosts_[host].incarnation.value(), own.incarnation.value()));
    }
    hosts_[host].incarnation = own.incarnation;
    identity.issued = std::max(identity.issued, own.incarnation);
    identity.has_left = identity.has_left || own.leaving;
    const protocol::Record* record = world_.overlay(host).node().records().find(self);
    if (record == nullptr || (record->version == identity.record.version &&
                              record->collected == identity.record.collected)) {
        return;
    }
    identity.record = *record;
    for (const auto& [key, item] : record->items) {
        if (item.is_tombstone) identity.deleted[key] = item.version;
    }
}

// -- Datagrams --

void Checkers::sent(HostIndex host, const Datagram& datagram) {
    if (datagram.bytes.size() > kDatagramBytesMax) {
        report("datagram_size", fmt::format("m{} sends {} bytes", host, datagram.bytes.size()));
    }
    check_nonce(host, datagram);
    check_amplification(host, datagram);
}

/// The header says under which nonce a datagram is sealed (wire/native/FORMAT.md): key id, sender,
/// boot and counter. Counters of one boot are used in rising order, so the last one is enough to
/// see a repetition.
void Checkers::check_nonce(HostIndex host, const Datagram& datagram) {
    const auto header = wire::native::decode_header(datagram.bytes);
    if (!header) return;  // A refusal is not sealed.
    const auto [last, is_new] =
        counters_.try_emplace({header->sender, header->boot, header->key}, header->counter);
    if (is_new) return;
    if (header->counter <= last->second) {
        report("nonce", fmt::format("m{} seals with counter {} after {}", host, header->counter,
                                    last->second));
    }
    last->second = header->counter;
}

void Checkers::received(HostIndex host, const Datagram& datagram) {
    const bool is_outsider = world_.network().host_of(datagram.from) == kNoHost;
    if (!is_outsider && !is_paired_) return;
    const auto [found, is_new] = hosts_[host].contacts.try_emplace(datagram.from);
    if (is_new) found->second.is_theirs = true;
    found->second.received_bytes += datagram.bytes.size();
    ++found->second.received_count;
}

std::uint64_t Checkers::refused_count(HostIndex host) const {
    const overlay::Overlay::Counters& counters = world_.overlay(host).counters();
    return counters.dropped_size + counters.dropped_version + counters.dropped_key +
           counters.dropped_unauthenticated + counters.dropped_replayed +
           counters.dropped_malformed + counters.dropped_unproven + counters.dropped_limited +
           counters.dropped_record + counters.dropped_vote;
}

void Checkers::accepted(HostIndex host, const Datagram& datagram) {
    if (!is_paired_ || !world_.network().can_repeat()) return;
    const auto header = wire::native::decode_header(datagram.bytes);
    // A hello asks for a challenge and nothing else, as often as it comes. Our own voice is not
    // listened to.
    if (!header || header->kind == wire::native::DatagramKind::hello) return;
    if (header->sender == world_.member_of(host)) return;
    Fingerprint hash;
    hash.add(ByteView(datagram.bytes));
    if (!hosts_[host].accepted.insert(hash.value()).second) {
        report("replay",
               fmt::format("m{} accepts a datagram of {} again", host, name_of(header->sender)));
    }
}

/// Two claims that can be judged from outside. An address that is no member's never gets more bytes
/// than it sent. And an address that spoke first and that stands in no signed record we hold gets
/// no more than it sent until it has spoken a second time: only then can it have answered a
/// challenge. A hello is nobody's answer: we may look for company at any address that users name.
void Checkers::check_amplification(HostIndex host, const Datagram& datagram) {
    const bool is_outsider = world_.network().host_of(datagram.to) == kNoHost;
    if (!is_outsider && !is_paired_) return;
    Contact& contact = hosts_[host].contacts[datagram.to];
    const auto header = wire::native::decode_header(datagram.bytes);
    if (header && header->kind == wire::native::DatagramKind::hello) return;
    contact.sent_bytes += datagram.bytes.size();
    if (contact.sent_bytes <= contact.received_bytes) return;
    if (is_outsider ||
        (contact.is_theirs && contact.received_count == 1 && !is_vouched(host, datagram.to))) {
        report("amplification",
               fmt::format("m{} has sent {} bytes to {} for {}", host, contact.sent_bytes,
                           to_string(datagram.to), contact.received_bytes));
    }
}

bool Checkers::is_vouched(HostIndex host, const Endpoint& endpoint) const {
    const MemberId member = world_.member_of(world_.network().host_of(endpoint));
    return world_.membership(host).find(member) != nullptr;
}

// -- Actions --

void Checkers::acted(HostIndex host, const overlay::Overlay::Action& action) {
    using overlay::Overlay;
    if (const auto* changed = std::get_if<Overlay::MemberChanged>(&action)) {
        member_changed(host, changed->change);
    } else if (const auto* together = std::get_if<Overlay::MembersChanged>(&action)) {
        for (const auto& change : together->changes) member_changed(host, change);
    } else if (const auto* record = std::get_if<Overlay::RecordChanged>(&action)) {
        record_changed(host, record->member);
    } else if (const auto* event = std::get_if<Overlay::EventDelivered>(&action)) {
        delivered(host, *event->event);
    } else if (const auto* lost = std::get_if<Overlay::EventGap>(&action)) {
        gap(host, *lost);
    }
}

void Checkers::member_changed(HostIndex host, const protocol::MemberChange& change) {
    const protocol::Member& member = change.member;
    const MemberId id = member.record->member;
    if (id == world_.member_of(host)) observe_owner(host);
    check_view(host, member);
    if (!is_paired_) return;
    const auto [found, is_new] = hosts_[host].views.try_emplace(id);
    View& view = found->second;
    if (change.kind == protocol::MemberChange::Kind::forgotten) {
        view.is_forgotten = true;
        view.forgotten_at = world_.now();
        view.version = Version();
        view.collected = Version();
    } else {
        const bool is_certified =
            view.is_forgotten &&
            world_.now() - view.forgotten_at < world_.config().protocol.certificate_life / 2;
        if (is_certified && member.incarnation <= view.incarnation) {
            report("stays_forgotten",
                   fmt::format("m{} takes {} back as {}, forgotten as {}", host, name_of(id),
                               member.incarnation.value(), view.incarnation.value()));
        }
        const bool is_same_life = !is_new && !view.is_forgotten;
        if (is_same_life &&
            (member.incarnation < view.incarnation ||
             (member.incarnation == view.incarnation && member.status < view.status))) {
            report("status_severity",
                   fmt::format("m{} goes from ({}, {}) to ({}, {}) about {}: {}", host,
                               view.incarnation.value(), static_cast<int>(view.status),
                               member.incarnation.value(), static_cast<int>(member.status),
                               name_of(id), to_string(change.kind)));
        }
        view.is_forgotten = false;
    }
    view.incarnation = std::max(view.incarnation, member.incarnation);
    view.status = member.status;
}

/// What may be believed of anybody at any time.
void Checkers::check_view(HostIndex host, const protocol::Member& member) {
    const auto identity = identities_.find(member.record->member);
    if (identity == identities_.end()) {
        return report("incarnation_issued", fmt::format("m{} knows {}, who has never been", host,
                                                        name_of(member.record->member)));
    }
    const Incarnation highest = std::max(member.incarnation, member.record->incarnation);
    if (highest > identity->second.issued) {
        report("incarnation_issued",
               fmt::format("m{} holds incarnation {} of {}, who is at {}", host, highest.value(),
                           name_of(member.record->member), identity->second.issued.value()));
    }
    if (member.status == wire::Status::left && !identity->second.has_left) {
        report("left_by_itself",
               fmt::format("m{} believes that {} has left", host, name_of(member.record->member)));
    }
}

// -- Records of keys --

void Checkers::record_changed(HostIndex host, MemberId member) {
    if (member == world_.member_of(host)) return observe_owner(host);
    const protocol::Record* copy = world_.overlay(host).node().records().find(member);
    if (copy == nullptr) return;
    check_copy(host, member, *copy);
    if (!is_paired_) return;
    View& view = hosts_[host].views[member];
    if (copy->version < view.version || copy->collected < view.collected) {
        report("record_monotone",
               fmt::format("the copy of {} at m{} went from ({}, {}) back to ({}, {})",
                           name_of(member), host, view.version.value(), view.collected.value(),
                           copy->version.value(), copy->collected.value()));
    }
    view.version = copy->version;
    view.collected = copy->collected;
}

/// C(p,q): for all keys k, either the copy has what the owner has, or the owner's version of k is
/// above the copy's maximum. And the copy holds nothing that the owner has not written.
void Checkers::check_copy(HostIndex host, MemberId member, const protocol::Record& copy) {
    const auto found = identities_.find(member);
    if (found == identities_.end() || found->second.is_forked) return;
    const Identity& identity = found->second;
    const auto about = [&](std::string_view key, Version version) {
        return fmt::format("copy of {} at m{}, at version {}, key {} version {}", name_of(member),
                           host, copy.version.value(), key, version.value());
    };
    if (copy.version > identity.record.version || copy.collected > identity.record.collected) {
        report("scuttlebutt", about("(none)", identity.record.version));
    }
    for (const auto& [key, item] : identity.record.items) {
        if (item.version > copy.version) continue;
        if (item.is_tombstone && item.version <= copy.collected) continue;
        const auto ours = copy.items.find(key);
        if (ours == copy.items.end() || !(ours->second == item)) {
            report("scuttlebutt", about(key, item.version));
        }
    }
    for (const auto& [key, item] : copy.items) {
        const auto deleted = identity.deleted.find(key);
        if (!item.is_tombstone && deleted != identity.deleted.end() &&
            item.version < deleted->second && copy.version >= deleted->second) {
            report("deleted_stays", about(key, item.version));
        }
        if (item.version > copy.version) report("scuttlebutt", about(key, item.version));
    }
}

// -- Events --

void Checkers::delivered(HostIndex host, const protocol::Event& event) {
    EventSequence& heard = hosts_[host].heard[event.stream];
    if (heard != EventSequence() && event.sequence != heard.next()) {
        report("event_order",
               fmt::format("m{} is told event {} of {} after {}", host, event.sequence.value(),
                           name_of(event.stream.publisher), heard.value()));
    }
    heard = event.sequence;
    Fingerprint content;
    content.add(event.topic);
    content.add(ByteView(*event.payload));
    auto& stream = published_[event.stream];
    if (event.stream.publisher == world_.member_of(host)) {
        stream[event.sequence] = content.value();
        return;
    }
    const auto original = stream.find(event.sequence);
    if (original == stream.end() || original->second != content.value()) {
        report("event_content",
               fmt::format("m{} is told event {} of {}, which is not what was published", host,
                           event.sequence.value(), name_of(event.stream.publisher)));
    }
}

void Checkers::gap(HostIndex host, const overlay::Overlay::EventGap& gap) {
    EventSequence& heard = hosts_[host].heard[gap.stream];
    if (gap.last < gap.first || (heard != EventSequence() && gap.first != heard.next())) {
        report("event_order",
               fmt::format("m{} is told the gap {}..{} of {} after {}", host, gap.first.value(),
                           gap.last.value(), name_of(gap.stream.publisher), heard.value()));
    }
    heard = gap.last;
}

// -- Now and then --

void Checkers::settled(HostIndex host) {
    if (!world_.config().is_checked) return;
    observe_owner(host);
    if (++inputs_ % kInputsPerInvariants == 0 || world_.size() <= kSmallWorld) {
        world_.overlay(host).check_invariants();
    }
}

void Checkers::check_second() {
    if (!world_.config().is_checked) return;
    std::size_t pairs = 0;
    for (std::size_t i = 0; i < world_.size() && pairs < kPairsPerSecond; ++i) {
        const HostIndex host = next_observer_;
        next_observer_ = (next_observer_ + 1) % static_cast<HostIndex>(world_.size());
        if (!world_.is_up(host)) continue;
        check_bounds(host);
        world_.membership(host).for_each(
            [&](const protocol::Member& member) { check_view(host, member); });
        for (const auto& [id, copy] : world_.overlay(host).node().records().all()) {
            if (id != world_.member_of(host)) check_copy(host, id, copy);
        }
        pairs += world_.membership(host).member_count();
    }
}

void Checkers::check_bounds(HostIndex host) {
    const overlay::Overlay& overlay = world_.overlay(host);
    const protocol::Node& node = overlay.node();
    const std::size_t member_count = node.membership().member_count();
    const auto require = [&](bool is_held, std::string_view what, std::size_t value) {
        if (!is_held) report("bounds", fmt::format("m{} holds {} {}", host, value, what));
    };
    require(member_count <= kMembersMax, "members", member_count);
    require(overlay.session_count() <=
                overlay::Sessions::kLivesMax * (member_count + overlay::Sessions::kStrangersMax),
            "sessions", overlay.session_count());
    require(node.events().retained_bytes() <=
                world_.config().protocol.retention_bytes + kEventPayloadBytesMax,
            "bytes of retained events", node.events().retained_bytes());
    require(node.detector().local_health() <= world_.config().protocol.local_health_max,
            "points of local health", node.detector().local_health());
}

void Checkers::check_settled() {
    const std::string difference = world_.why_not_converged();
    if (!difference.empty()) report("converges", difference);
    for (const HostIndex host : world_.members()) {
        world_.membership(host).for_each([&](const protocol::Member& member) {
            const MemberId id = member.record->member;
            const HostIndex subject = world_.host_of(id);
            const bool is_running =
                subject != kNoHost && world_.is_member(subject) && world_.member_of(subject) == id;
            if (!is_running && member.status < wire::Status::dead) {
                report("dead_are_gone", fmt::format("m{} still believes in {}", host, name_of(id)));
            }
        });
        for (const HostIndex subject : world_.members()) {
            const Identity& identity = identities_[world_.member_of(subject)];
            const protocol::Record* copy =
                world_.overlay(host).node().records().find(world_.member_of(subject));
            const Version version = copy == nullptr ? Version() : copy->version;
            if (!identity.is_forked && version != identity.record.version) {
                report(
                    "record_converges",
                    fmt::format("m{} holds version {} of the record of m{}, which is at {}", host,
                                version.value(), subject, identity.record.version.value()));
            }
        }
    }
}

}  // namespace grapevine::sim
