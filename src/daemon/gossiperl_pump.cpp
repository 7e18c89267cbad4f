#include "daemon/gossiperl_pump.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include "base/checksum.hpp"
#include "base/limits.hpp"
#include "base/overloaded.hpp"
#include "daemon/gossiperl_settings.hpp"
#include "daemon/gossiperl_views.hpp"
#include "daemon/overlay_spec.hpp"
#include "daemon/saved_sessions.hpp"
#include "runtime/clock.hpp"
#include "runtime/log.hpp"
#include "runtime/os_random.hpp"

namespace grapevine::daemon {
namespace {

using gossiperl::Node;
using std::chrono::duration_cast;
using std::chrono::milliseconds;

constexpr Duration kRejoinInterval = std::chrono::seconds(30);

/// Members of the old protocol have names only; the same name has the same id on every host.
std::string id_of(std::string_view name) {
    return fmt::format("{:016x}", fnv1a(as_bytes(name)));
}

/// In the words of native overlays, so that one set of tools shows both.
std::string_view status_of(client::Reachability reachability) {
    switch (reachability) {
        case client::Reachability::reachable:
            return "alive";
        case client::Reachability::quarantine:
            return "suspect";
        case client::Reachability::unreachable:
            return "dead";
    }
    return "unknown";
}

/// `drop` is always followed by `out`, and both are one departure to a native subscriber.
std::string_view kind_of(client::MemberEvent event) {
    switch (event) {
        case client::MemberEvent::in:
            return "joined";
        case client::MemberEvent::quarantine:
            return "suspected";
        case client::MemberEvent::unreachable:
            return "died";
        case client::MemberEvent::rejoin:
            return "returned";
        case client::MemberEvent::drop:
            return "forgotten";
        case client::MemberEvent::out:
            return "left";
    }
    return "unknown";
}

/// What an application may send: the protocol's own types are for daemons and clients alone.
Outcome<void> check_message(const std::string& topic, const Bytes& payload) {
    if (topic.empty() || topic.size() > kTopicBytesMax ||
        wire::gossiperl::is_internal_type(topic)) {
        return std::unexpected(Refusal{
            Refusal::Code::invalid,
            fmt::format("'{}' cannot be the type of a message", printable(topic)),
            fmt::format("use 1 to {} bytes, and none of the protocol's own types", kTopicBytesMax),
            "topic"});
    }
    if (payload.size() > kOldPayloadBytesMax) {
        return std::unexpected(Refusal{
            Refusal::Code::over_limit,
            fmt::format("{} bytes do not fit a datagram of the gossiperl protocol", payload.size()),
            fmt::format("send at most {} bytes", kOldPayloadBytesMax), "payload"});
    }
    return {};
}

}  // namespace

GossiperlPump::GossiperlPump(runtime::Loop& loop, std::string name, Sinks sinks)
    : loop_(loop),
      name_(std::move(name)),
      sinks_(std::move(sinks)),
      timer_(loop,
             [this] {
                 overlay_->advance(loop_.now(), runtime::wall_now());
                 drain();
             }),
      rejoin_timer_(loop, [this] { rejoin(); }) {}

GossiperlPump::~GossiperlPump() = default;

// -- Beginning --

Outcome<std::unique_ptr<OverlayPump>> GossiperlPump::open(
    runtime::Loop& loop, const std::string& name, control::gossiperl::Settings settings,
    std::vector<client::SavedSession> sessions, Sinks sinks) {
    std::unique_ptr<GossiperlPump> pump(new GossiperlPump(loop, name, std::move(sinks)));
    pump->settings_ = GV_TRY(completed(name, std::move(settings)));
    GV_TRY_VOID(pump->open_sockets());
    pump->start(std::move(sessions));
    runtime::log::warn("overlay",
                       "'{}' speaks the gossiperl protocol: datagrams are encrypted but not "
                       "authenticated, recorded ones can be replayed, and whoever has the key can "
                       "speak for any member; see docs/guide/gossiperl.md",
                       name);
    return pump;
}

Outcome<runtime::UdpSocket> GossiperlPump::bind(const runtime::UdpOptions& options, Via via) {
    return runtime::UdpSocket::open(
        loop_, options,
        {[this, via](std::span<const runtime::Received> datagrams) { on_received(via, datagrams); },
         // The old protocol has no use for it: silence is judged by time alone.
         [](const Endpoint&) {}});
}

Outcome<void> GossiperlPump::open_sockets() {
    runtime::UdpOptions options;
    options.bind = bind_of(settings_);
    options.receive_buffer_bytes = static_cast<int>(settings_.incoming_data_buffer_size);
    options.send_buffer_bytes = static_cast<int>(settings_.outgoing_data_buffer_size);
    options.datagram_bytes_max = kOldDatagramBytesMax;
    runtime::UdpOptions clients = options;
    if (settings_.multicast) {
        runtime::MulticastGroup group;
        group.address = group_of(settings_);
        if (!options.bind.is_unspecified()) group.interface_address = options.bind;
        group.hops = static_cast<int>(settings_.multicast->ttl);
        options.group = group;
    }
    socket_.emplace(GV_TRY(bind(options, Via::overlay)));
    settings_.port = socket_->bound().port;
    if (!settings_.multicast) return {};
    if (settings_.multicast->local_port == 0) settings_.multicast->local_port = settings_.port + 1;
    clients.bind =
        options.bind.is_v4() ? Endpoint::v4(127, 0, 0, 1, 0) : *Endpoint::parse("[::1]:0");
    clients.bind.port = static_cast<std::uint16_t>(settings_.multicast->local_port);
    client_socket_.emplace(GV_TRY(bind(clients, Via::clients)));
    rejoin_timer_.arm(loop_.now() + kRejoinInterval);
    return {};
}

/// Interfaces come and go, and nobody tells us.
void GossiperlPump::rejoin() {
    if (const auto joined = socket_->rejoin(); !joined) {
        runtime::log::warn("overlay", "'{}': {}", name_, describe(joined.error()));
    }
    rejoin_timer_.arm(loop_.now() + kRejoinInterval);
}

overlay::GossiperlOverlay::Settings GossiperlPump::overlay_settings() const {
    return {settings_.symmetric_key, node_config_of(settings_, bound())};
}

void GossiperlPump::start(std::vector<client::SavedSession> sessions) {
    overlay::GossiperlOverlay::Start start;
    start.sessions = std::move(sessions);
    runtime::os_random(start.iv_secret);
    start.seed = runtime::os_random_seed();
    overlay_.emplace(overlay_settings(), std::move(start), loop_.now());
    overlay_->advance(loop_.now(), runtime::wall_now());
    drain();
    if (!sinks_.statistics) return;
    statistics_feed_.emplace(
        loop_, [this] { return overlay_->take_new_statistics(); }, sinks_.statistics);
}

const Endpoint& GossiperlPump::bound() const {
    return socket_->bound();
}

// -- Inputs --

void GossiperlPump::on_received(Via via, std::span<const runtime::Received> datagrams) {
    const Instant now = loop_.now();
    const WallTime wall = runtime::wall_now();
    for (const runtime::Received& datagram : datagrams) {
        overlay_->receive(now, wall, via, datagram.from, datagram.bytes);
        drain();
    }
}

Outcome<control::PublishReceipt> GossiperlPump::publish(control::Publish wanted) {
    GV_TRY_VOID(check_message(wanted.topic, wanted.payload));
    if (wanted.is_traced || !wanted.after.empty()) {
        return std::unexpected(
            Refusal{Refusal::Code::conflict,
                    "the gossiperl protocol knows no traces and no order between messages",
                    "publish without them, or in an overlay with protocol = \"grapevine\"",
                    wanted.is_traced ? "trace" : "after"});
    }
    overlay_->publish(loop_.now(), runtime::wall_now(), std::move(wanted.topic),
                      std::move(wanted.payload));
    drain();
    return control::PublishReceipt{id_of(*settings_.member_name), 0, passed_};
}

Outcome<void> GossiperlPump::send_digest(const std::string& type, Bytes payload,
                                         const std::optional<std::string>& recipient) {
    if (!recipient) {
        if (auto published = publish({{}, type, std::move(payload)}); !published) {
            return std::unexpected(published.error());
        }
        return {};
    }
    GV_TRY_VOID(check_message(type, payload));
    const auto to = Endpoint::parse(*recipient);
    if (!to || to->port == 0) {
        return std::unexpected(
            Refusal{Refusal::Code::invalid,
                    fmt::format("'{}' is not an IP address with a port", printable(*recipient)),
                    "write one such as 192.0.2.7:6666", "recipient"});
    }
    overlay_->send_to(loop_.now(), *to, type, std::move(payload));
    drain();
    return {};
}

void GossiperlPump::change(const control::OverlaySpec&, const control::OverlaySpec& after) {
    auto next = completed(name_, *after.gossiperl);
    if (!next) return;  // Checked by the host before; an interface may have vanished since.
    next->member_name = settings_.member_name;
    next->port = settings_.port;
    if (next->multicast) next->multicast->local_port = settings_.multicast->local_port;
    settings_ = std::move(*next);
    overlay_->change(loop_.now(), overlay_settings());
    drain();
}

void GossiperlPump::leave(std::function<void()> done) {
    overlay_->leave(loop_.now(), runtime::wall_now());
    drain();
    done();
}

// -- Outputs --

void GossiperlPump::drain() {
    while (auto action = overlay_->poll()) {
        std::visit(
            Overloaded{
                [&](overlay::GossiperlOverlay::Transmit& transmit) {
                    auto& socket =
                        transmit.via == Via::clients && client_socket_ ? *client_socket_ : *socket_;
                    socket.queue({transmit.to, std::move(transmit.bytes)});
                },
                [&](Node::MemberChanged& changed) { note(changed); },
                [&](Node::MessageSeen& seen) { note(seen); },
                [&](Node::Persist& write) {
                    const auto written =
                        sinks_.persist(save_session(name_, write.name, write.session));
                    if (!written) {
                        runtime::log::error("store", "{}: {}", name_, describe(written.error()));
                    }
                },
            },
            *action);
    }
    socket_->flush();
    if (client_socket_) client_socket_->flush();
    timer_.arm(overlay_->deadline());
    if (!news_.empty()) sinks_.news(std::exchange(news_, {}));
}

void GossiperlPump::note(const Node::MemberChanged& changed) {
    control::MemberView view;
    view.id = id_of(changed.name);
    view.name = changed.name;
    if (const auto known = member(changed.name)) view = *known;
    news_.push_back({0, runtime::wall_now(),
                     control::LogItem::Member{std::string(kind_of(changed.event)), view}});
}

void GossiperlPump::note(const Node::MessageSeen& seen) {
    const auto& message = std::get<wire::gossiperl::Application>(seen.letter.message);
    control::LogItem::Event event;
    event.publisher = id_of(seen.from.empty() ? *settings_.member_name : seen.from);
    // The old protocol numbers nothing: this is the order in which messages passed here.
    event.sequence = ++passed_;
    event.published_at = runtime::wall_now();
    event.topic = message.type;
    event.payload = message.payload;
    news_.push_back({0, event.published_at, std::move(event)});
}

// -- Questions --

std::int64_t GossiperlPump::heartbeat_of(Instant last_heard) const {
    const auto age = duration_cast<milliseconds>(loop_.now() - last_heard).count();
    return (runtime::wall_now().unix_ms - age) / 1000;
}

std::vector<control::MemberView> GossiperlPump::members() const {
    std::vector<control::MemberView> views;
    const Instant now = loop_.now();
    for (const Node::MemberInfo& info : overlay_->node().members(now)) {
        control::MemberView view;
        view.id = id_of(info.name);
        view.name = info.name;
        view.status = status_of(info.reachability);
        view.addresses = {to_string(info.address)};
        view.labels = {{"kind", info.is_local ? "client" : "daemon"}};
        view.status_age_ms = duration_cast<milliseconds>(now - info.last_heard).count();
        view.is_self = info.is_self;
        views.push_back(std::move(view));
    }
    return views;
}

Outcome<control::MemberView> GossiperlPump::member(const std::string& member) const {
    for (control::MemberView& view : members()) {
        if (view.name == member || view.id == member) return std::move(view);
    }
    return std::unexpected(
        Refusal{Refusal::Code::not_found,
                fmt::format("no member has the name or id '{}'", printable(member)),
                "list them with: grapevine members", "member"});
}

Outcome<std::vector<control::gossiperl::MemberView>> GossiperlPump::old_members() const {
    std::vector<control::gossiperl::MemberView> views;
    for (const Node::MemberInfo& info : overlay_->node().members(loop_.now())) {
        views.push_back({info.name, std::string(client::to_string(info.reachability)),
                         ip_to_string(info.address), info.address.port,
                         heartbeat_of(info.last_heard)});
    }
    return views;
}

Outcome<std::vector<control::gossiperl::SubscriptionView>> GossiperlPump::old_subscriptions()
    const {
    std::vector<control::gossiperl::SubscriptionView> views;
    for (const Node::Subscription& entry : overlay_->node().subscriptions(loop_.now())) {
        views.push_back(
            {entry.event_type, entry.member_name, entry.origin, heartbeat_of(entry.heartbeat)});
    }
    return views;
}

Outcome<control::gossiperl::Settings> GossiperlPump::old_settings() const {
    return settings_;
}

Outcome<control::gossiperl::StatisticsView> GossiperlPump::statistics(
    const std::string& window) const {
    return overlay::view_of(overlay_->statistics(), loop_.now(), window);
}

control::OverlayView GossiperlPump::view() const {
    control::OverlayView view;
    view.name = name_;
    view.protocol = "gossiperl";
    view.id = id_of(*settings_.member_name);
    view.member_name = *settings_.member_name;
    view.bind = to_string(bound());
    view.seeds = settings_.racks.at(settings_.rack_name);
    view.cipher = "aes-256-cbc";
    for (const control::MemberView& member : members()) {
        if (member.status == "alive") ++view.members_alive;
        if (member.status == "suspect") ++view.members_suspect;
        if (member.status == "dead") ++view.members_dead;
    }
    view.counters = counters_of(*overlay_);
    return view;
}

}  // namespace grapevine::daemon
