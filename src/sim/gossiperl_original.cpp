#include "sim/gossiperl_original.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "base/overloaded.hpp"
#include "client/uuid.hpp"
#include "wire/gossiperl/codec.hpp"

namespace grapevine::sim {

using namespace wire::gossiperl;
using std::chrono_literals::operator""s;

namespace {

bool is_same_host(const Endpoint& a, const Endpoint& b) {
    return a.ip == b.ip;
}

}  // namespace

OriginalDaemon::OriginalDaemon(Config config, Moment now, std::uint64_t seed)
    : config_(std::move(config)),
      random_(seed),
      cipher_(config_.symmetric_key),
      next_second_(now + 1s),
      next_round_(now + config_.gossip_round_every) {}

void OriginalDaemon::receive(Moment now, std::int64_t clock, const Endpoint& from,
                             ByteView datagram) {
    const std::optional<Bytes> plaintext = cipher_.open(datagram);
    if (!plaintext) return;
    const Result<Letter> letter = decode(*plaintext);
    if (!letter) return;
    std::visit(Overloaded{
                   [&](const Digest& digest) { handle(clock, from, digest); },
                   [&](const DigestAck& ack) { handle(from, ack); },
                   [&](const DigestSubscriptions& list) { handle(list); },
                   [&](const DigestExit& exit) {
                       if (exit.secret == config_.secret && members_.erase(exit.name) > 0) {
                           tell("member_out", exit.name, clock);
                       }
                   },
                   [&](const DigestForwardedAck& ack) {
                       if (ack.secret == config_.secret)
                           deliveries_.erase({ack.reply_id, ack.name});
                   },
                   [&](const DigestSubscribe&) {},
                   [&](const DigestUnsubscribe&) {},
                   [&](const Application& application) {
                       send(from, DigestForwardedAck{config_.name, letter->id, config_.secret});
                       forward(now, from, letter->id, application.type, *plaintext);
                   },
                   [&](const auto&) { crash(); },
               },
               letter->message);
}

void OriginalDaemon::handle(std::int64_t clock, const Endpoint& from, const Digest& digest) {
    if (digest.name == config_.name || digest.secret != config_.secret) return;
    Endpoint address = from;
    address.port = static_cast<std::uint16_t>(digest.port);
    hear_of(digest.name, address, clock);
    DigestAck ack{config_.name, clock, digest.id, {}};
    ack.membership.push_back({config_.name, "0.0.0.0", config_.address.port, clock});
    for (const auto& [name, member] : members_) {
        if (member.state != State::reachable) continue;
        ack.membership.push_back(
            {name, ip_to_string(member.address), member.address.port, member.last_heard});
    }
    send(address, std::move(ack));

    DigestSubscriptions list{config_.name, clock, digest.id, {}};
    for (const std::string& type : config_.event_types) {
        list.subscriptions.push_back({type, config_.name, config_.name, clock});
    }
    if (asks_for_member_events_) {
        list.subscriptions.push_back({"member_in", config_.name, config_.name, clock});
    }
    for (const auto& [subscription, heartbeat] : subscriptions_) {
        const auto& [type, member, origin] = subscription;
        if (is_member_event(type) || origin == digest.name) continue;
        list.subscriptions.push_back({type, member, origin, heartbeat});
    }
    if (!list.subscriptions.empty()) send(address, std::move(list));
}

void OriginalDaemon::handle(const Endpoint& from, const DigestAck& ack) {
    if (ack.name == config_.name) return;
    for (const DigestMember& entry : ack.membership) {
        if (entry.member_name == config_.name) continue;
        auto address = Endpoint::parse(entry.member_ip + ":" + std::to_string(entry.member_port));
        if (!address) continue;
        if (address->is_unspecified()) {
            address->ip = from.ip;
        }
        hear_of(entry.member_name, *address, entry.member_heartbeat);
    }
}

/// Never corrects an address, and takes every time for its own.
void OriginalDaemon::hear_of(const std::string& name, const Endpoint& address,
                             std::int64_t heartbeat) {
    const auto [where, is_new] = members_.try_emplace(name, Member{address, heartbeat, {}});
    where->second.last_heard = heartbeat;
    where->second.state = State::reachable;
    if (is_new) tell("member_in", name, heartbeat);
}

void OriginalDaemon::handle(const DigestSubscriptions& list) {
    for (const DigestSubscription& entry : list.subscriptions) {
        if (entry.origin == config_.name) continue;
        std::int64_t& heartbeat =
            subscriptions_[{entry.event_type, entry.member_name, entry.origin}];
        heartbeat = std::max(heartbeat, entry.heartbeat);
    }
}

/// Tells whoever asked for it, another daemon as well as a client.
void OriginalDaemon::tell(const char* event, const std::string& name, std::int64_t clock) {
    for (const auto& [subscription, heartbeat] : subscriptions_) {
        if (std::get<0>(subscription) != event) continue;
        const auto member = members_.find(std::get<1>(subscription));
        if (member == members_.end()) continue;
        send(member->second.address, DigestEvent{event, name, clock});
    }
}

void OriginalDaemon::crash() {
    ++crashes_;
    forget();
}

void OriginalDaemon::forget() {
    members_.clear();
    subscriptions_.clear();
    deliveries_.clear();
    rounds_at_once_ = 2;
}

void OriginalDaemon::advance(Moment now, std::int64_t clock) {
    while (next_second_ <= now) {
        next_second_ += 1s;
        judge(clock);
    }
    while (next_round_ <= now) {
        next_round_ += config_.gossip_round_every;
        std::erase_if(subscriptions_, [&](const auto& entry) {
            return entry.second < clock - config_.drop_stale_subscriptions_after;
        });
        for (std::uint64_t i = 0; i < rounds_at_once_; ++i) round(clock);
    }
    for (auto& [key, delivery] : deliveries_) {
        if (delivery.next > now) continue;
        delivery.next = now + config_.redelivery_retry_every;
        ++forwarded_;
        send_plaintext(delivery.to, delivery.plaintext);
    }
}

void OriginalDaemon::round(std::int64_t clock) {
    const Digest digest{config_.name, config_.address.port, clock, new_id(), config_.secret};
    if (config_.group) {
        send(*config_.group, digest);
        return;
    }
    std::vector<Endpoint> reachable;
    std::vector<Endpoint> unreachable;
    for (const auto& [name, member] : members_) {
        if (member.state == State::reachable) reachable.push_back(member.address);
        if (member.state == State::unreachable) unreachable.push_back(member.address);
    }
    if (reachable.empty()) reachable = config_.seeds;
    std::erase(reachable, config_.address);
    for (const auto* list : {&reachable, &unreachable}) {
        if (!list->empty()) send((*list)[random_.below(list->size())], digest);
    }
}

void OriginalDaemon::judge(std::int64_t clock) {
    for (auto at = members_.begin(); at != members_.end();) {
        const std::string name = at->first;
        Member& member = at->second;
        const std::int64_t silent = clock - member.last_heard;
        if (member.state == State::reachable && silent >= config_.quarantine_after) {
            member.state = State::quarantine;
        }
        if (member.state == State::quarantine &&
            silent >= config_.quarantine_after + config_.max_quarantined) {
            member.state = State::unreachable;
        }
        const bool is_dropped = member.state == State::unreachable &&
                                config_.drop_unreachable_after > 0 &&
                                silent >= config_.drop_unreachable_after;
        at = is_dropped ? members_.erase(at) : std::next(at);
        if (is_dropped) tell("member_drop", name, clock);
    }
}

void OriginalDaemon::publish(Moment now, std::string id, const std::string& type, Bytes payload) {
    const Letter letter = make_application(std::move(id), type, std::move(payload));
    forward(now, Endpoint::v4(127, 0, 0, 1, 1), letter.id, type, encode(letter));
}

/// The rule that makes three of them storm: to every subscriber but those at the source's address.
void OriginalDaemon::forward(Moment now, const Endpoint& from, const std::string& id,
                             const std::string& type, const Bytes& plaintext) {
    const bool is_local = from.is_loopback();
    if (!is_local && std::ranges::find(config_.event_types, type) != config_.event_types.end()) {
        ++delivered_[id];
    }
    Bytes grown = plaintext;
    grown.resize(grown.size() + 32 - grown.size() % 32);
    std::set<std::string> told;
    for (const auto& [subscription, heartbeat] : subscriptions_) {
        const auto& [wanted, name, origin] = subscription;
        if (wanted != type || !told.insert(name).second) continue;
        const auto member = members_.find(name);
        if (member == members_.end() || is_same_host(member->second.address, from)) continue;
        deliveries_[{id, name}] =
            Delivery{member->second.address, grown, now + config_.redelivery_retry_every};
        ++forwarded_;
        send_plaintext(member->second.address, grown);
    }
}

void OriginalDaemon::send(const Endpoint& to, Message message) {
    send_plaintext(to, encode(Letter{new_id(), std::move(message)}));
}

void OriginalDaemon::send_plaintext(const Endpoint& to, Bytes plaintext) {
    crypto::gossiperl::Cipher::Iv iv{};  // The same for all: the original's are constant, too.
    Bytes datagram = cipher_.seal(plaintext, iv);
    if (datagram.size() > kOldDatagramBytesMax) return;
    out_.push_back({config_.group.value_or(to), std::move(datagram)});
}

std::string OriginalDaemon::new_id() {
    return client::uuid_text(random_);
}

std::vector<OriginalDaemon::Out> OriginalDaemon::take_out() {
    return std::exchange(out_, {});
}

Moment OriginalDaemon::deadline() const {
    Moment soonest = std::min(next_second_, next_round_);
    for (const auto& [key, delivery] : deliveries_) soonest = std::min(soonest, delivery.next);
    return soonest;
}

std::uint64_t OriginalDaemon::deliveries(const std::string& id) const {
    const auto found = delivered_.find(id);
    return found == delivered_.end() ? 0 : found->second;
}

bool OriginalDaemon::is_reachable(const std::string& name) const {
    const auto found = members_.find(name);
    return found != members_.end() && found->second.state == State::reachable;
}

}  // namespace grapevine::sim
