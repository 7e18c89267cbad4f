#include "daemon/pump.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/core.h>
#include <span>
#include <utility>

#include "base/overloaded.hpp"
#include "daemon/definitions.hpp"
#include "daemon/gossiperl_views.hpp"
#include "daemon/interfaces.hpp"
#include "daemon/views.hpp"
#include "overlay/record_cache.hpp"
#include "runtime/clock.hpp"
#include "runtime/log.hpp"

namespace grapevine::daemon {
namespace {

constexpr Duration kFarewellPoll = std::chrono::milliseconds(20);

}  // namespace

Pump::Pump(runtime::Loop& loop, runtime::Resolver& resolver, Sinks sinks)
    : loop_(loop),
      resolver_(resolver),
      sinks_(std::move(sinks)),
      started_at_(loop.now()),
      started_wall_(runtime::wall_now()),
      publishes_(loop,
                 {[this](Instant now) { return publish_at(now); }, [this] { overlay_->held_up(); },
                  [this](control::Publish wanted) { return publish(std::move(wanted)); },
                  [this](Instant now) { return pressure_of(*overlay_, now); }}),
      timer_(loop, [this] { on_timer(); }),
      farewell_timer_(loop, [] {}),
      record_ages_(started_at_),
      self_(std::make_shared<Pump*>(this)) {}

Pump::~Pump() {
    *self_ = nullptr;
    for (auto& [number, done] : std::exchange(gathering_, {})) {
        done(std::unexpected(Refusal{Refusal::Code::unavailable,
                                     "the overlay ended before all had answered",
                                     "ask again when it is running", "overlay"}));
    }
    for (auto& [number, run] : std::exchange(queries_, {})) run.break_off();
    for (auto& [run, waiting] : std::exchange(estimating_, {})) {
        waiting.done(std::unexpected(Refusal{Refusal::Code::unavailable,
                                             "the overlay ended before the estimate was made",
                                             "ask again when it is running", "overlay"}));
    }
}

Outcome<std::unique_ptr<Pump>> Pump::open(runtime::Loop& loop, runtime::Resolver& resolver,
                                          const Endpoint& bind, overlay::Settings settings,
                                          overlay::Start start, Sinks sinks) {
    std::unique_ptr<Pump> pump(new Pump(loop, resolver, std::move(sinks)));
    runtime::UdpOptions options;
    options.bind = bind;
    auto socket = runtime::UdpSocket::open(
        loop, options,
        {[pump = pump.get()](std::span<const runtime::Received> datagrams) {
             pump->on_received(datagrams);
         },
         [pump = pump.get()](const Endpoint& to) { pump->on_unreachable(to); }});
    if (!socket) return std::unexpected(socket.error());
    pump->socket_.emplace(std::move(*socket));

    pump->are_addresses_ours_ = settings.addresses.empty();
    if (settings.addresses.empty()) settings.addresses = reachable_addresses(pump->bound());
    for (Endpoint& address : settings.addresses) {
        if (address.port == 0) address.port = pump->bound().port;
    }
    settings.summarise = pump->summarise();
    const std::vector<Endpoint> groups = settings.groups;
    const std::string name = settings.name;
    pump->overlay_ = std::make_unique<overlay::Overlay>(std::move(settings), std::move(start),
                                                        std::make_shared<overlay::RecordCache>());
    // Identity and incarnation are the first writes. Without them on disk we must not say a word.
    if (auto written = pump->drain(); !written) return std::unexpected(written.error());
    pump->tell_wall(loop.now());
    if (!groups.empty()) {
        pump->groups_.emplace(
            loop, name, bind, groups,
            GroupSockets::Handlers{[pump = pump.get()](const Endpoint& from, ByteView bytes) {
                                       pump->on_announcement(from, bytes);
                                   },
                                   [pump = pump.get()] { pump->follow_addresses(); }});
    }
    pump->open_copies();
    pump->overlay_->advance(loop.now());
    if (auto written = pump->drain(); !written) return std::unexpected(written.error());
    if (pump->sinks_.statistics) {
        pump->statistics_feed_.emplace(
            loop, [pump = pump.get()] { return pump->statistics_.take_new(); },
            pump->sinks_.statistics);
    }
    return pump;
}

Outcome<void> Pump::open_clients(Clients clients) {
    overlay::ClientPort::Settings settings;
    settings.symmetric_key = std::move(clients.symmetric_key);
    settings.sessions.own_name = overlay_->settings().member_name;
    settings.sessions.is_local_delivery = clients.is_local_delivery;
    ClientDoor::Sinks sinks;
    sinks.persist = sinks_.persist;
    sinks.publish = [this](std::string topic, Bytes payload) {
        const auto published = overlay_->publish(loop_.now(), runtime::wall_now(), std::move(topic),
                                                 std::move(payload));
        if (!published) {
            // The client has its acknowledgement already: the old protocol gives it at once.
            runtime::log::warn("overlay", "'{}': a client's message was not published: {}",
                               overlay_->settings().name, describe(published.error()));
        }
        (void)drain();
    };
    sinks.heard = [this] { tell_interest(); };
    clients_ = GV_TRY(ClientDoor::open(loop_, overlay_->settings().name, clients.port,
                                       std::move(settings), overlay_->node().membership().self(),
                                       std::move(clients.saved), std::move(sinks)));
    runtime::log::info("overlay", "'{}' serves old clients on {}", overlay_->settings().name,
                       to_string(clients_->bound()));
    tell_interest();
    return {};
}

const Endpoint& Pump::bound() const {
    return socket_->bound();
}

// -- Inputs --

void Pump::on_received(std::span<const runtime::Received> datagrams) {
    const Instant now = loop_.now();
    tell_wall(now);
    for (const runtime::Received& datagram : datagrams) {
        statistics_.count(now, "datagram", overlay::Statistics::Direction::in,
                          datagram.bytes.size());
        overlay_->receive(now, datagram.from, datagram.bytes);
        // A failed write has been logged; the network must not wait for a disk.
        (void)perform(now);
    }
    settle();
}

void Pump::on_unreachable(const Endpoint& to) {
    overlay_->unreachable(loop_.now(), to);
    (void)drain();
}

void Pump::on_announcement(const Endpoint& from, ByteView bytes) {
    overlay_->announcement(loop_.now(), from, bytes);
    (void)drain();
}

// A host that finds its network by itself may have found another one meanwhile.
void Pump::follow_addresses() {
    if (!are_addresses_ours_) return;
    auto addresses = reachable_addresses(bound());
    const overlay::Settings& settings = overlay_->settings();
    if (addresses == settings.addresses) return;
    runtime::log::info("overlay", "'{}' is now at {}", settings.name, to_string(addresses.front()));
    overlay_->change_self(loop_.now(), settings.member_name, settings.labels, std::move(addresses));
    (void)drain();
}

void Pump::on_timer() {
    overlay_->advance(loop_.now());
    (void)drain();
}

void Pump::publish_in_turn(control::Publish wanted, Published done) {
    publishes_.publish(std::move(wanted), std::move(done));
}

// Not before our own network has taken what we have given it: what does not fit into the queue of
// the socket is lost, and repaired by others at their expense.
Instant Pump::publish_at(Instant now) {
    constexpr Duration kSendPause = std::chrono::milliseconds(2);
    if (socket_->waiting() > kSendQueueDatagramsMax / 2) return now + kSendPause;
    return overlay_->publish_at(now);
}

Outcome<control::KeyValue> Pump::set_record(const std::string& key, const std::string& value) {
    const auto version = overlay_->set_record(loop_.now(), key, value);
    auto written = drain();
    if (!version) return std::unexpected(version.error());
    if (!written) return std::unexpected(written.error());
    return control::KeyValue{key, value, version->value()};
}

Outcome<void> Pump::erase_record(const std::string& key) {
    const auto version = overlay_->erase_record(loop_.now(), key);
    auto written = drain();
    if (!version) return std::unexpected(version.error());
    return written;
}

Outcome<void> Pump::forget(const std::string& member) {
    const MemberId id = GV_TRY(find(member));
    auto outcome = overlay_->forget(loop_.now(), id);
    (void)drain();
    return outcome;
}

Outcome<void> Pump::join(const std::vector<std::string>& seeds) {
    overlay_->join(loop_.now(), seeds);
    (void)drain();
    return {};
}

void Pump::change(const control::OverlaySpec& before, const control::OverlaySpec& after) {
    overlay::Settings settings = settings_of(after);
    if (before.keys != after.keys) {
        overlay_->set_keys(loop_.now(), std::move(settings.keys));
        copies_->use_keys(overlay_->copy_keys());
    }
    (void)drain();
    if (before.seeds != after.seeds) (void)join(settings.seeds);
    if (before.member_name == after.member_name && before.labels == after.labels &&
        before.advertise == after.advertise) {
        return;
    }
    if (after.advertise) are_addresses_ours_ = false;
    overlay_->change_self(
        loop_.now(), std::move(settings.member_name), std::move(settings.labels),
        after.advertise ? std::move(settings.addresses) : overlay_->settings().addresses);
    (void)drain();
}

void Pump::leave(std::function<void()> done) {
    overlay_->leave(loop_.now());
    (void)drain();
    wait_for_farewell(loop_.now() + kFarewellMax, std::move(done));
}

void Pump::wait_for_farewell(Instant until, std::function<void()> done) {
    const bool is_told = overlay_->node().rumors().hot_count() == 0 ||
                         overlay_->node().membership().peer_count() == 0;
    if (is_told || loop_.now() >= until) {
        done();
        return;
    }
    farewell_timer_ = runtime::Timer(loop_, [this, until, done = std::move(done)]() mutable {
        // The timer that holds this function is replaced in the call: keep what it captured.
        auto next = std::move(done);
        wait_for_farewell(until, std::move(next));
    });
    farewell_timer_.arm(loop_.now() + kFarewellPoll);
}

// -- Outputs --

Outcome<void> Pump::drain() {
    auto result = perform(loop_.now());
    settle();
    return result;
}

void Pump::settle() {
    socket_->flush();
    arm();
    if (!news_.empty()) sinks_.news(std::exchange(news_, {}));
}

// While events flow, each moves the deadline a little further away. To wake up a little early once
// is harmless, and cheaper than to set the timer a thousand times a second.
void Pump::arm() {
    constexpr Duration kEarlyMax = std::chrono::milliseconds(20);
    const Instant deadline = overlay_->deadline();
    const bool is_close = armed_at_ <= deadline && deadline - armed_at_ < kEarlyMax;
    if (timer_.is_armed() && is_close) return;
    armed_at_ = deadline;
    timer_.arm(deadline);
}

Outcome<void> Pump::perform(Instant now) {
    Outcome<void> result;
    while (auto action = overlay_->poll()) {
        std::visit(
            Overloaded{
                [&](overlay::Overlay::Transmit& transmit) {
                    statistics_.count(now, "datagram", overlay::Statistics::Direction::out,
                                      transmit.bytes.size());
                    socket_->queue({transmit.to, std::move(transmit.bytes)});
                },
                [&](overlay::Overlay::Announce& announce) {
                    if (groups_) groups_->send(announce.bytes);
                },
                [&](overlay::Overlay::Persist& write) {
                    auto written = persist(write.batch);
                    if (!written && result) result = std::move(written);
                },
                [&](overlay::Overlay::Resolve& wanted) { resolve(wanted.name); },
                [&](overlay::Overlay::MemberChanged& changed) {
                    if (clients_) clients_->member_changed(changed.change);
                    if (changed.change.kind == protocol::MemberChange::Kind::forgotten) {
                        record_ages_.forget(changed.change.member.record->member);
                    }
                    note(control::LogItem::Member{std::string(kind_text(changed.change.kind)),
                                                  view_of_member(changed.change.member)});
                },
                [&](overlay::Overlay::PathChanged& changed) {
                    const auto* member = overlay_->node().membership().find(changed.member);
                    if (member == nullptr) return;
                    note(control::LogItem::Member{"path", view_of_member(*member)});
                    runtime::log::info("overlay", "'{}': the path to {} is {}",
                                       overlay_->settings().name, member->record->name,
                                       to_string(changed.path));
                },
                [&](overlay::Overlay::MembersChanged& together) {
                    control::LogItem::Members members;
                    members.kind = kind_text(together.changes.front().kind);
                    for (const protocol::MemberChange& change : together.changes) {
                        if (clients_) clients_->member_changed(change);
                        members.members.push_back(view_of_member(change.member));
                    }
                    note(std::move(members));
                },
                [&](const overlay::Overlay::ViewSettled& view) {
                    note(control::LogItem::View{view.size,
                                                fmt::format("{:016x}", view.fingerprint)});
                },
                [&](overlay::Overlay::RecordChanged& changed) {
                    record_ages_.changed(now, changed.member, changed.items);
                    control::LogItem::Record record{
                        id_text(changed.member), {}, changed.version.value()};
                    for (wire::StateItem& item : changed.items) {
                        record.changes.emplace_back(std::move(item.key),
                                                    item.is_tombstone
                                                        ? std::nullopt
                                                        : std::optional(std::move(item.value)));
                    }
                    note(std::move(record));
                },
                [&](overlay::Overlay::EventDelivered& delivered) {
                    const protocol::Event& event = *delivered.event;
                    tell_clients(event);
                    note(log_item_of(delivered));
                },
                [&](const overlay::Overlay::LiarFound& liar) {
                    runtime::log::warn("overlay", "{}: member {} sends false votes",
                                       overlay_->settings().name, id_text(liar.member));
                },
                [&](overlay::Overlay::EventGap& gap) {
                    note(control::LogItem::Gap{id_text(gap.stream.publisher),
                                               gap.stream.epoch.value(), gap.first.value(),
                                               gap.last.value(), gap.stream.channel});
                },
                [&](overlay::Overlay::Gathered& gathered) { on_gathered(std::move(gathered)); },
                [&](const overlay::Overlay::StateChanged& changed) { note_state(changed); },
                [&](const overlay::Overlay::StateReloaded& reloaded) { note_reload(reloaded); },
                [&](const overlay::Overlay::CopyWanted& wanted) {
                    copies_->fetch(wanted.addresses);
                },
                [&](overlay::Overlay::Answered& answered) { on_answered(answered); },
                [&](overlay::Overlay::Asked& asked) { on_asked(std::move(asked)); },
                [&](const overlay::Overlay::KeysChanged& changed) { keys_changed(changed); },
                [&](const overlay::Overlay::ConfigChanged& changed) { config_changed(changed); },
                [&](const overlay::Overlay::Estimated& told) { on_estimated(told); },
            },
            *action);
    }
    return result;
}

bool Pump::is_refill(const protocol::Event& event) const {
    constexpr Duration kRefillMax = std::chrono::seconds(10);
    return loop_.now() < started_at_ + kRefillMax && event.published_at < started_wall_;
}

void Pump::tell_clients(const protocol::Event& event) {
    if (!clients_ || is_refill(event)) return;
    const bool is_ours = event.stream.publisher == overlay_->node().membership().self();
    clients_->event(event, is_ours && !is_publishing_for_others_
                               ? overlay::ClientPort::Publisher::client_here
                               : overlay::ClientPort::Publisher::anybody);
}

Outcome<void> Pump::persist(const storage::Batch& batch) {
    auto written = save(batch);
    if (!written && !is_store_failing_) {
        runtime::log::error("store", "{}: {}", overlay_ ? overlay_->settings().name : "start",
                            describe(written.error()));
    } else if (written && is_store_failing_) {
        runtime::log::info("store", "{}: writing works again", overlay_->settings().name);
    }
    is_store_failing_ = !written;
    return written;
}

void Pump::resolve(const std::string& name) {
    resolver_.resolve(name, loop_,
                      [self = self_, name](const Outcome<std::vector<Endpoint>>& found) {
                          Pump* pump = *self;
                          if (pump == nullptr) return;
                          if (!found) {
                              runtime::log::warn("discovery", "{}", describe(found.error()));
                          }
                          pump->overlay_->resolved(pump->loop_.now(), name,
                                                   found ? *found : std::vector<Endpoint>{});
                          (void)pump->drain();
                      });
}

void Pump::note(control::LogItem::What what) {
    news_.push_back({0, runtime::wall_now(), std::move(what)});
}

// -- Questions --

Outcome<MemberId> Pump::find(const std::string& member) const {
    const auto& membership = overlay_->node().membership();
    std::uint64_t number = 0;
    const auto [end, failure] =
        std::from_chars(member.data(), member.data() + member.size(), number, 16);
    const bool is_id = member.size() == 16 && failure == std::errc() && *end == '\0';
    if (is_id && membership.find(MemberId(number)) != nullptr) return MemberId(number);

    std::vector<MemberId> alive;
    std::vector<MemberId> others;
    membership.for_each([&](const protocol::Member& known) {
        if (known.record->name != member) return;
        const bool is_alive =
            known.status == wire::Status::alive || known.status == wire::Status::suspect;
        (is_alive ? alive : others).push_back(known.record->member);
    });
    // A name may have belonged to somebody before: the living one is meant, if there is one.
    const auto& named = alive.empty() ? others : alive;
    if (named.size() == 1) return named.front();
    if (named.empty()) {
        return std::unexpected(Refusal{Refusal::Code::not_found,
                                       fmt::format("no member has the name or id '{}'", member),
                                       "list them with: grapevine members", "member"});
    }
    return std::unexpected(Refusal{
        Refusal::Code::conflict, fmt::format("{} members have the name '{}'", named.size(), member),
        "give the id of the one that is meant; grapevine members shows them", "member"});
}

Outcome<control::MemberView> Pump::member(const std::string& member) const {
    const auto& membership = overlay_->node().membership();
    const MemberId id = GV_TRY(find(member));
    return view_of_member(*membership.find(id));
}

Outcome<control::RecordView> Pump::record(const std::string& member) const {
    const MemberId id =
        member.empty() ? overlay_->node().membership().self() : GV_TRY(find(member));
    return view_of(id, overlay_->node().records().find(id));
}

std::vector<control::MemberView> Pump::members() const {
    const auto& membership = overlay_->node().membership();
    std::vector<control::MemberView> views;
    views.reserve(membership.member_count());
    membership.for_each(
        [&](const protocol::Member& member) { views.push_back(view_of_member(member)); });
    return views;
}

Outcome<control::gossiperl::StatisticsView> Pump::statistics(const std::string& window) const {
    return overlay::view_of(statistics_, loop_.now(), window);
}

control::OverlayView Pump::view() const {
    control::OverlayView view = view_of(*overlay_);
    view.bind = to_string(bound());
    const auto& socket = socket_->counters();
    view.counters.emplace_back("socket_send_overflow_total", socket.send_overflow);
    view.counters.emplace_back("socket_send_failed_total", socket.send_failed);
    view.counters.emplace_back("socket_unreachable_total", socket.unreachable);
    view.counters.emplace_back("socket_oversize_total", socket.received_oversize);
    if (clients_) add_counters(view.counters, clients_->port().sessions());
    view.pressure = pressure_of(*overlay_, loop_.now());
    view.counters.emplace_back("publish_limit", view.pressure ? view.pressure->limit : 0);
    view.counters.emplace_back("members_left_behind",
                               overlay_->node().events().left_behind(loop_.now()) +
                                   overlay_->node().channels().left_behind(loop_.now()));
    view.counters.emplace_back("publishes_waiting", publishes_.size());
    view.counters.emplace_back("publishes_delayed_total", publishes_.counters().delayed);
    view.counters.emplace_back("publishes_refused_total", publishes_.counters().refused);
    view.counters.emplace_back("multicast_interfaces", groups_ ? groups_->interface_count() : 0);
    return view;
}

}  // namespace grapevine::daemon
