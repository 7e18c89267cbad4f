#include "sim/gossiperl_world.hpp"

#include <algorithm>
#include <cassert>
#include <fmt/core.h>

#include "base/limits.hpp"
#include "base/overloaded.hpp"
#include "client/uuid.hpp"
#include "sim/dice.hpp"
#include "wire/gossiperl/codec.hpp"

namespace grapevine::sim {

using namespace wire::gossiperl;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using gossiperl::Node;

namespace {

constexpr const char* kKey = "the key of the simulated world";
constexpr const char* kSecret = "its overlay secret";
/// The simulated civil time of the beginning: 2026-01-01T00:00:00Z.
constexpr std::int64_t kEpochMs = 1'767'225'600'000;
constexpr std::uint16_t kFirstClientPort = 20'000;

Endpoint group() {
    return Endpoint::v4(239, 1, 1, 1, Network::endpoint_of(0).port);
}

Endpoint client_address(std::uint16_t port) {
    return Endpoint::v4(127, 0, 0, 1, port);
}

overlay::OldEnvelopes::Secret random_secret(Random& random) {
    overlay::OldEnvelopes::Secret secret;
    for (std::uint8_t& byte : secret) byte = static_cast<std::uint8_t>(random.next() >> 56U);
    return secret;
}

bool crashes_originals(const Message& message) {
    return std::holds_alternative<DigestEvent>(message) ||
           std::holds_alternative<DigestError>(message) ||
           std::holds_alternative<DigestSubscribeAck>(message) ||
           std::holds_alternative<DigestUnsubscribeAck>(message);
}

}  // namespace

GossiperlWorld::GossiperlWorld(GossiperlWorldConfig config)
    : config_(std::move(config)),
      random_(config_.seed),
      network_(config_.ours + config_.originals, config_.network, random_.next()),
      client_envelopes_(kKey, random_secret(random_)),
      hosts_(config_.ours + config_.originals) {
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
        hosts_[i].is_original = i >= config_.ours;
        hosts_[i].skew = i < config_.skews.size() ? config_.skews[i] : 0;
    }
}

GossiperlWorld::~GossiperlWorld() = default;

std::string GossiperlWorld::name_of(HostIndex host) {
    return fmt::format("n{}", host);
}

WallTime GossiperlWorld::wall(HostIndex host) const {
    const auto passed =
        std::chrono::duration_cast<std::chrono::milliseconds>(now_.time_since_epoch());
    return {kEpochMs + passed.count() + hosts_[host].skew * 1000};
}

std::int64_t GossiperlWorld::seconds(HostIndex host) const {
    return wall(host).unix_ms / 1000;
}

// -- Time --

void GossiperlWorld::run_for(Duration span) {
    run_until(now_ + span);
}

bool GossiperlWorld::run_until(const std::function<bool()>& predicate, Duration limit) {
    const Moment end = now_ + limit;
    while (!predicate()) {
        if (now_ >= end) return false;
        run_until(std::min(end, now_ + 100ms));
    }
    return true;
}

void GossiperlWorld::run_until(Moment end) {
    while (!loops_.empty() || next() <= end) {
        if (loops_.empty()) now_ = std::max(now_, next());
        step();
    }
    now_ = end;
}

Moment GossiperlWorld::next() const {
    Moment soonest =
        starts_.empty() ? network_.next() : std::min(network_.next(), starts_.back().first);
    for (const Host& host : hosts_) {
        if (host.node) soonest = std::min(soonest, host.clock.when(host.node->deadline()));
        if (host.original) soonest = std::min(soonest, host.original->deadline());
        for (const Client& client : host.clients) {
            if (client.is_running) soonest = std::min(soonest, client.next_digest);
        }
    }
    return soonest;
}

/// One input of one daemon. What is on loopback has arrived already; then the network, then timers.
void GossiperlWorld::step() {
    if (!loops_.empty()) {
        Loop loop = std::move(loops_.front());
        loops_.pop_front();
        deliver(std::move(loop));
        return;
    }
    if (!starts_.empty() && starts_.back().first <= now_) {
        const HostIndex host = starts_.back().second;
        starts_.pop_back();
        start(host);
        return;
    }
    if (network_.next() <= now_) {
        if (auto arrival = network_.pop(now_)) deliver(std::move(*arrival));
        return;
    }
    for (HostIndex host = 0; host < hosts_.size(); ++host) {
        wake(host);
        wake_clients(host);
    }
}

// -- Lives --

void GossiperlWorld::start_all(Duration within) {
    for (HostIndex host = 0; host < hosts_.size(); ++host) {
        starts_.emplace_back(now_ + between(random_, 0s, within), host);
    }
    std::ranges::sort(starts_, std::greater());
}

void GossiperlWorld::start(HostIndex index) {
    Host& host = hosts_[index];
    assert(!is_up(index));
    const std::vector<Endpoint> seeds = {Network::endpoint_of(0), Network::endpoint_of(1)};
    const std::optional<Endpoint> to_all =
        config_.is_multicast ? std::optional(group()) : std::nullopt;
    if (host.is_original) {
        OriginalDaemon::Config original;
        original.name = name_of(index);
        original.secret = kSecret;
        original.symmetric_key = kKey;
        original.address = Network::endpoint_of(index);
        original.seeds = seeds;
        original.group = to_all;
        original.event_types = config_.original_event_types;
        host.original = std::make_unique<OriginalDaemon>(std::move(original), now_, random_.next());
        return;
    }
    gossiperl::NodeConfig node = config_.node;
    node.member_name = name_of(index);
    node.secret = kSecret;
    node.bind = Endpoint::v4(0, 0, 0, 0, Network::endpoint_of(index).port);
    node.own_addresses = {Network::endpoint_of(index)};
    node.seeds = seeds;
    node.group = to_all;
    host.clock = HostClock(now_, 0);
    host.seen.clear();
    host.envelopes = std::make_unique<overlay::OldEnvelopes>(kKey, random_secret(random_));
    host.node = std::make_unique<Node>(std::move(node), std::vector<client::SavedSession>{},
                                       host.clock.at(now_), random_.next());
}

void GossiperlWorld::kill(HostIndex host) {
    assert(is_up(host));
    hosts_[host].node.reset();
    hosts_[host].original.reset();
    for (Client& client : hosts_[host].clients) client.is_attached = false;
}

bool GossiperlWorld::is_up(HostIndex host) const {
    return hosts_[host].node != nullptr || hosts_[host].original != nullptr;
}

// -- Inputs of daemons --

void GossiperlWorld::wake(HostIndex index) {
    Host& host = hosts_[index];
    if (host.original && host.original->deadline() <= now_) {
        host.original->advance(now_, seconds(index));
        drain_original(index);
    }
    if (host.node && host.clock.when(host.node->deadline()) <= now_) {
        host.node->advance(host.clock.at(now_), wall(index));
        drain(index);
    }
}

void GossiperlWorld::deliver(Network::Arrival arrival) {
    Host& host = hosts_[arrival.to];
    const Datagram& datagram = arrival.datagram;
    if (host.original) {
        host.original->receive(now_, seconds(arrival.to), datagram.from, datagram.bytes);
        drain_original(arrival.to);
    } else if (host.node) {
        auto letter = host.envelopes->open(datagram.bytes);
        if (!letter) return;
        host.node->receive(host.clock.at(now_), wall(arrival.to), Node::Via::overlay, datagram.from,
                           std::move(*letter));
        drain(arrival.to);
    }
}

void GossiperlWorld::deliver(Loop loop) {
    Host& host = hosts_[loop.host];
    if (loop.to == Network::endpoint_of(loop.host)) {
        if (!host.node) return;
        auto letter = host.envelopes->open(loop.bytes);
        assert(letter && "clients of the simulator speak well");
        host.node->receive(host.clock.at(now_), wall(loop.host),
                           config_.is_multicast ? Node::Via::clients : Node::Via::overlay,
                           loop.from, std::move(*letter));
        drain(loop.host);
        return;
    }
    for (Client& client : host.clients) {
        if (client_address(client.port) != loop.to || !client.is_running) continue;
        const auto letter = client_envelopes_.open(loop.bytes);
        assert(letter);
        hear(loop.host, client, *letter);
    }
}

// -- What daemons do --

void GossiperlWorld::drain(HostIndex index) {
    Host& host = hosts_[index];
    host.node->check_invariants();
    while (std::optional<Node::Action> action = host.node->poll()) {
        std::visit(Overloaded{
                       [&](Node::Send& send) { transmit(index, std::move(send)); },
                       [&](Node::MemberChanged& change) {
                           if (change.is_local) return;
                           changes_.push_back({now_, index, change.event, std::move(change.name)});
                       },
                       [&](const Node::MessageSeen& message) {
                           if (host.seen.insert(message.letter.id).second) return;
                           violate("message_seen_twice",
                                   fmt::format("{} at {}", message.letter.id, name_of(index)));
                       },
                       [](const Node::Persist&) {},
                   },
                   *action);
    }
}

void GossiperlWorld::transmit(HostIndex index, Node::Send send) {
    Host& host = hosts_[index];
    Bytes bytes = host.envelopes->seal(send.letter);
    watch(index, send, bytes.size());
    if (gossiperl::is_client_address(send.to)) {
        loops_.push_back({index, Network::endpoint_of(index), send.to, std::move(bytes)});
        return;
    }
    carry(index, send.to, std::move(bytes));
}

void GossiperlWorld::watch(HostIndex index, const Node::Send& send, std::size_t bytes) {
    const Message& message = send.letter.message;
    const bool is_message = std::holds_alternative<Application>(message);
    if (gossiperl::is_client_address(send.to)) {
        if (!is_message && bytes > kOldClientDatagramBytesMax) {
            violate("client_buffer", fmt::format("{} bytes of {} to a client of {}", bytes,
                                                 payload_type(message), name_of(index)));
        }
        return;
    }
    if (crashes_originals(message)) {
        violate("peer_crash", fmt::format("{} of {} to {}", payload_type(message), name_of(index),
                                          to_string(send.to)));
    }
    if (const auto* list = std::get_if<DigestSubscriptions>(&message)) {
        for (const DigestSubscription& entry : list->subscriptions) {
            if (!is_member_event(entry.event_type)) continue;
            violate("member_event_told",
                    fmt::format("{} tells of {}", name_of(index), entry.event_type));
        }
    }
    ++hosts_[index].sent[is_message ? "message" : std::string(payload_type(message))];
    if (is_message) ++hosts_[index].copies[send.letter.id];
}

/// The group is everybody, the sender included: multicast loops.
void GossiperlWorld::carry(HostIndex from, const Endpoint& to, Bytes bytes) {
    const Endpoint source = Network::endpoint_of(from);
    if (to != group()) {
        network_.send(now_, {source, to, std::move(bytes)});
        return;
    }
    for (HostIndex host = 0; host < hosts_.size(); ++host) {
        network_.send(now_, {source, Network::endpoint_of(host), bytes});
    }
}

void GossiperlWorld::drain_original(HostIndex index) {
    for (OriginalDaemon::Out& out : hosts_[index].original->take_out()) {
        carry(index, out.to, std::move(out.datagram));
    }
}

// -- Clients --

std::size_t GossiperlWorld::attach(HostIndex index, std::vector<std::string> event_types) {
    Host& host = hosts_[index];
    assert(!host.is_original);
    Client client;
    client.name = fmt::format("client{}.{}", index, host.clients.size());
    client.port = static_cast<std::uint16_t>(kFirstClientPort + host.clients.size());
    client.event_types = std::move(event_types);
    client.next_digest = now_;
    host.clients.push_back(std::move(client));
    return host.clients.size() - 1;
}

void GossiperlWorld::wake_clients(HostIndex index) {
    for (Client& client : hosts_[index].clients) {
        if (!client.is_running || client.next_digest > now_) continue;
        client.next_digest = now_ + 2s;
        say(index, client,
            {client::uuid_text(random_),
             Digest{client.name, client.port, seconds(index), "keepalive", "mine"}});
    }
}

void GossiperlWorld::say(HostIndex host, const Client& client, Letter letter) {
    loops_.push_back({host, client_address(client.port), Network::endpoint_of(host),
                      client_envelopes_.seal(letter)});
}

void GossiperlWorld::hear(HostIndex host, Client& client, const Letter& letter) {
    std::visit(
        Overloaded{
            [&](const DigestAck&) {
                if (std::exchange(client.is_attached, true)) return;
                say(host, client,
                    {client::uuid_text(random_),
                     DigestSubscribe{client.name, seconds(host), "subscribe", client.event_types,
                                     "mine"}});
            },
            [&](const DigestEvent& event) {
                client.events.push_back(event.event_type + " " + event.event_object);
            },
            [&](const DigestForwardedAck& ack) { client.published_acked.insert(ack.reply_id); },
            [&](const Application&) {
                ++client.received[letter.id];
                if (!client.is_acknowledging) return;
                say(host, client,
                    {client::uuid_text(random_),
                     DigestForwardedAck{client.name, letter.id, "mine"}});
            },
            [](const DigestSubscribeAck&) {},
            [&](const auto&) {
                violate("client_confused",
                        fmt::format("{} got a {}", client.name, payload_type(letter.message)));
            },
        },
        letter.message);
}

std::string GossiperlWorld::publish(HostIndex host, const std::string& type, std::size_t bytes) {
    std::string id = client::uuid_text(random_);
    Bytes payload(bytes, static_cast<std::uint8_t>(bytes));
    if (hosts_[host].is_original) {
        hosts_[host].original->publish(now_, id, type, std::move(payload));
        drain_original(host);
        return id;
    }
    Client stranger;
    stranger.port = kFirstClientPort - 1;  // Nobody has to attach to publish.
    say(host, stranger, make_application(id, type, std::move(payload)));
    return id;
}

// -- Questions --

bool GossiperlWorld::has_converged() const {
    for (HostIndex i = 0; i < config_.ours; ++i) {
        if (!hosts_[i].node) continue;
        std::size_t reachable = 0;
        for (const Node::MemberInfo& member : hosts_[i].node->members(hosts_[i].clock.at(now_))) {
            if (member.is_local || member.is_self) continue;
            if (member.reachability == client::Reachability::reachable) ++reachable;
        }
        std::size_t running = 0;
        for (HostIndex j = 0; j < hosts_.size(); ++j) running += j != i && is_up(j) ? 1 : 0;
        if (reachable != running) return false;
    }
    return true;
}

bool GossiperlWorld::all_know_subscriptions(std::size_t count) const {
    for (HostIndex i = 0; i < config_.ours; ++i) {
        if (!hosts_[i].node) continue;
        const auto all = hosts_[i].node->subscriptions(hosts_[i].clock.at(now_));
        const auto others = std::ranges::count_if(
            all, [&](const Node::Subscription& s) { return s.origin != name_of(i); });
        if (static_cast<std::size_t>(others) != count) return false;
    }
    return true;
}

std::uint64_t GossiperlWorld::sent(HostIndex host, std::string_view payload_type) const {
    const auto found = hosts_[host].sent.find(payload_type);
    return found == hosts_[host].sent.end() ? 0 : found->second;
}

std::uint64_t GossiperlWorld::copies(HostIndex host, const std::string& id) const {
    const auto found = hosts_[host].copies.find(id);
    return found == hosts_[host].copies.end() ? 0 : found->second;
}

void GossiperlWorld::violate(std::string property, std::string text) {
    violations_.push_back({now_, std::move(property), std::move(text)});
}

std::string GossiperlWorld::report() const {
    std::string text;
    for (const Violation& violation : violations_) {
        text += fmt::format("{} {}\n", violation.property, violation.text);
    }
    return text;
}

}  // namespace grapevine::sim
