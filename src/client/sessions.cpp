#include "client/sessions.hpp"

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

#include "base/limits.hpp"
#include "client/datagram_size.hpp"
#include "client/uuid.hpp"

namespace grapevine::client {

using namespace wire::gossiperl;

namespace {

/// In place of the overlay's secret, which the original tells to every publisher. Clients ignore
/// the text, but some refuse an acknowledgement without one.
constexpr std::string_view kAckSecret = "local";

/// As long as any of those that we make.
constexpr const char* kSomeUuid = "00000000-0000-4000-8000-000000000000";

std::int64_t unix_seconds(WallTime wall) {
    return wall.unix_ms / 1000;
}

bool is_readable_by_clients(const Letter& letter) {
    return datagram_bytes(letter) <= kOldClientDatagramBytesMax;
}

}  // namespace

Sessions::Sessions(SessionSettings settings, const std::vector<SavedSession>& saved, Instant now,
                   std::uint64_t seed)
    : settings_(std::move(settings)),
      liveness_(settings_.times),
      redelivery_(settings_.redelivery),
      random_(seed) {
    for (const SavedSession& session : saved) restore(session, now);
}

void Sessions::restore(const SavedSession& saved, Instant now) {
    if (saved.name.empty() || saved.name == settings_.own_name || saved.address.port == 0) return;
    if (sessions_.contains(saved.name) || !can_attach(saved.name, saved.secret)) return;
    Session& session = sessions_[saved.name];
    session.secret = saved.secret;
    session.address = saved.address;
    add_types(saved.name, session, saved.event_types);
    (void)liveness_.heard(now, saved.name, now);
}

// -- Inputs ---------------------------------------------------------------------------------------

void Sessions::receive(Instant now, WallTime wall, const Endpoint& from, Letter letter) {
    assert(outbox_.is_empty());
    const Arrival arrival{now, wall, from};
    if (std::holds_alternative<Application>(letter.message)) {
        take_application(arrival, std::move(letter));
        return;
    }
    std::visit([&](const auto& message) { take(arrival, message); }, letter.message);
}

void Sessions::take(const Arrival& arrival, const Digest& digest) {
    constexpr std::int32_t kPortMax = std::numeric_limits<std::uint16_t>::max();
    const bool is_port = digest.port > 0 && digest.port <= kPortMax;
    if (digest.name.empty() || digest.name == settings_.own_name || !is_port) {
        ++counters_.refused_field;
        return;
    }
    Letter ack = in_envelope(digest_ack(arrival, digest));
    if (!is_readable_by_clients(ack)) {
        ++counters_.refused_limit;
        return;
    }
    Endpoint address = arrival.from;
    address.port = static_cast<std::uint16_t>(digest.port);
    const auto found = sessions_.find(digest.name);
    const bool is_new = found == sessions_.end();
    if (is_new && !can_attach(digest.name, digest.secret)) {
        ++counters_.refused_limit;
        return;
    }
    if (!is_new && found->second.secret != digest.secret) {
        ++counters_.refused_secret;
        return;
    }
    ++counters_.digests;
    // Before anything that may wait for a disk: the client counts the seconds.
    send(address, std::move(ack));
    Session& session = is_new ? sessions_[digest.name] : found->second;
    if (is_new) session.secret = digest.secret;
    if (session.address != address) {
        session.address = address;
        redelivery_.move(digest.name, address);
        persist(digest.name, session);
    }
    report(arrival.wall, liveness_.heard(arrival.now, digest.name, arrival.now));
}

void Sessions::take(const Arrival& arrival, const DigestExit& exit) {
    const auto session = find_proven(exit.name, exit.secret);
    if (session == sessions_.end()) return;
    report(arrival.wall, liveness_.remove(exit.name));
}

void Sessions::take(const Arrival& arrival, const DigestSubscribe& subscribe) {
    const auto found = find_proven(subscribe.name, subscribe.secret);
    if (found == sessions_.end()) return;
    Session& session = found->second;
    const std::size_t types_before = session.event_types.size();
    if (!add_types(subscribe.name, session, subscribe.event_types)) {
        ++counters_.refused_limit;
        return;
    }
    Letter ack = in_envelope(
        DigestSubscribeAck{unix_seconds(arrival.wall), subscribe.id, subscribe.event_types});
    if (!is_readable_by_clients(ack)) ++counters_.long_acks;
    send(session.address, std::move(ack));
    if (session.event_types.size() != types_before) persist(subscribe.name, session);
}

void Sessions::take(const Arrival& arrival, const DigestUnsubscribe& unsubscribe) {
    const auto found = find_proven(unsubscribe.name, unsubscribe.secret);
    if (found == sessions_.end()) return;
    Session& session = found->second;
    const std::size_t types_before = session.event_types.size();
    for (const std::string& type : unsubscribe.event_types) {
        const auto subscribers = subscribers_.find(type);
        if (subscribers == subscribers_.end()) continue;
        if (subscribers->second.erase(unsubscribe.name) == 0) continue;
        if (subscribers->second.empty()) subscribers_.erase(subscribers);
        std::erase(session.event_types, type);
        redelivery_.stop(unsubscribe.name, type);
    }
    Letter ack = in_envelope(
        DigestUnsubscribeAck{unix_seconds(arrival.wall), unsubscribe.id, unsubscribe.event_types});
    if (!is_readable_by_clients(ack)) ++counters_.long_acks;
    send(session.address, std::move(ack));
    if (session.event_types.size() != types_before) persist(unsubscribe.name, session);
}

void Sessions::take(const Arrival&, const DigestForwardedAck& ack) {
    if (find_proven(ack.name, ack.secret) == sessions_.end()) return;
    // Nothing waits for the second acknowledgement of two copies: ordinary, and no news.
    if (redelivery_.acknowledge(ack.name, ack.reply_id)) ++counters_.acknowledged;
}

void Sessions::take_application(const Arrival& arrival, Letter letter) {
    Letter ack =
        in_envelope(DigestForwardedAck{settings_.own_name, letter.id, std::string(kAckSecret)});
    if (!is_readable_by_clients(ack)) {
        ++counters_.refused_limit;
        return;
    }
    send(arrival.from, std::move(ack));
    if (!seen_.insert(letter.id)) {
        ++counters_.published_again;
        return;
    }
    ++counters_.published;
    if (settings_.is_local_delivery) deliver_except(arrival.now, letter, arrival.from);
    outbox_.push(Published{arrival.from, std::move(letter)});
}

void Sessions::member_changed(Instant, WallTime wall, MemberEvent event, std::string_view name) {
    assert(outbox_.is_empty());
    tell(wall, event, name);
}

void Sessions::deliver(Instant now, const Letter& letter) {
    assert(outbox_.is_empty());
    if (seen_.insert(letter.id)) deliver_except(now, letter, std::nullopt);
}

void Sessions::advance(Instant now, WallTime wall) {
    assert(outbox_.is_empty());
    report(wall, liveness_.advance(now));
    redelivery_.advance(now);
    while (auto due = redelivery_.poll()) {
        ++counters_.redelivered;
        send(due->to, std::move(due->letter));
    }
}

void Sessions::change(SessionSettings settings) {
    assert(outbox_.is_empty());
    settings_ = std::move(settings);
    liveness_.set_times(settings_.times);
    redelivery_.set_rules(settings_.redelivery);
}

// -- Who is attached ------------------------------------------------------------------------------

Sessions::ByName::iterator Sessions::find_proven(std::string_view name, std::string_view secret) {
    const auto found = sessions_.find(name);
    if (found == sessions_.end()) {
        ++counters_.refused_unknown;
    } else if (found->second.secret != secret) {
        ++counters_.refused_secret;
        return sessions_.end();
    }
    return found;
}

bool Sessions::can_attach(std::string_view name, std::string_view secret) const {
    if (sessions_.size() >= kLocalClientsMax || secret.size() > kOldTextBytesMax) return false;
    // Others must be able to read of it: the longest that is ever said of a member.
    const DigestEvent event{std::string(to_string(MemberEvent::unreachable)), std::string(name), 0};
    return is_readable_by_clients({kSomeUuid, event});
}

/// All of them or, if that is too many or too long, none.
bool Sessions::add_types(const std::string& name, Session& session,
                         const std::vector<std::string>& types) {
    std::vector<std::string> fresh;
    std::set<std::string_view> mentioned;
    for (const std::string& type : types) {
        if (type.size() > kOldTextBytesMax) return false;
        const auto subscribers = subscribers_.find(type);
        if (subscribers != subscribers_.end() && subscribers->second.contains(name)) continue;
        if (mentioned.insert(type).second) fresh.push_back(type);
    }
    if (session.event_types.size() + fresh.size() > kClientSubscriptionsMax) return false;
    for (std::string& type : fresh) {
        subscribers_[type].insert(name);
        session.event_types.push_back(std::move(type));
    }
    return true;
}

void Sessions::forget(const std::string& name) {
    const auto found = sessions_.find(name);
    assert(found != sessions_.end());
    for (const std::string& type : found->second.event_types) {
        const auto subscribers = subscribers_.find(type);
        subscribers->second.erase(name);
        if (subscribers->second.empty()) subscribers_.erase(subscribers);
    }
    redelivery_.stop_all(name);
    sessions_.erase(found);
    outbox_.push(Persist{name, std::nullopt});
}

void Sessions::persist(const std::string& name, const Session& session) {
    outbox_.push(
        Persist{name, SavedSession{name, session.secret, session.address, session.event_types}});
}

// -- What is said ---------------------------------------------------------------------------------

DigestAck Sessions::digest_ack(const Arrival& arrival, const Digest& digest) const {
    const std::int64_t heartbeat = unix_seconds(arrival.wall);
    // The address at which this client sees us. Only ourselves, because the list counts against
    // what it can read.
    const DigestMember ourselves{settings_.own_name,
                                 arrival.from.is_v4() ? "127.0.0.1" : ip_to_string(arrival.from),
                                 settings_.own_port, heartbeat};
    return {settings_.own_name, heartbeat, digest.id, {ourselves}};
}

void Sessions::report(WallTime wall, const std::vector<Liveness::Change>& changes) {
    for (const auto& [event, name] : changes) {
        const bool is_gone = event == MemberEvent::drop || event == MemberEvent::out;
        // Before anybody is told, so that nobody is told of its own end.
        if (is_gone && sessions_.contains(name)) forget(name);
        outbox_.push(Changed{event, name});
        tell(wall, event, name);
    }
}

void Sessions::tell(WallTime wall, MemberEvent event, std::string_view name) {
    const auto subscribers = subscribers_.find(to_string(event));
    if (subscribers == subscribers_.end()) return;
    for (const std::string& subscriber : subscribers->second) {
        Letter letter = in_envelope(
            DigestEvent{std::string(to_string(event)), std::string(name), unix_seconds(wall)});
        if (!is_readable_by_clients(letter)) {
            ++counters_.events_unsaid;
            return;
        }
        ++counters_.events;
        send(sessions_.find(subscriber)->second.address, std::move(letter));
    }
}

void Sessions::deliver_except(Instant now, const Letter& letter,
                              const std::optional<Endpoint>& publisher) {
    const auto* application = std::get_if<Application>(&letter.message);
    assert(application != nullptr && "only messages of applications are delivered");
    const auto subscribers = subscribers_.find(application->type);
    if (subscribers == subscribers_.end()) return;
    for (const std::string& subscriber : subscribers->second) {
        const Endpoint& address = sessions_.find(subscriber)->second.address;
        if (publisher == address) continue;
        ++counters_.delivered;
        redelivery_.start(now, subscriber, address, letter);
        send(address, letter);
    }
}

void Sessions::send(const Endpoint& to, Letter letter) {
    outbox_.push(Send{to, std::move(letter)});
}

Letter Sessions::in_envelope(Message message) {
    return {uuid_text(random_), std::move(message)};
}

// -- Outputs and questions ------------------------------------------------------------------------

std::optional<Sessions::Action> Sessions::poll() {
    return outbox_.pop();
}

Instant Sessions::deadline() const {
    return std::min(liveness_.deadline(), redelivery_.deadline());
}

std::vector<Sessions::Client> Sessions::clients() const {
    std::vector<Client> result;
    for (const auto& [name, session] : sessions_) {
        const Liveness::Life* life = liveness_.find(name);
        result.push_back(
            {name, session.address, life->reachability, life->last_heard, session.event_types});
    }
    return result;
}

std::vector<std::string> Sessions::event_types() const {
    std::vector<std::string> result;
    for (const auto& [type, subscribers] : subscribers_) result.push_back(type);
    return result;
}

void Sessions::check_invariants() const {
    liveness_.check_invariants();
    redelivery_.check_invariants();
    seen_.check_invariants();
    assert(sessions_.size() <= kLocalClientsMax);
    assert(sessions_.size() == liveness_.size());
    std::size_t subscriptions = 0;
    for (const auto& [name, session] : sessions_) {
        assert(!name.empty() && session.address.port != 0);
        assert(liveness_.find(name) != nullptr);
        assert(session.event_types.size() <= kClientSubscriptionsMax);
        subscriptions += session.event_types.size();
    }
    for (const auto& [type, names] : subscribers_) {
        assert(!names.empty());
        subscriptions -= names.size();
        for (const std::string& name : names) {
            const auto session = sessions_.find(name);
            assert(session != sessions_.end());
            assert(std::ranges::count(session->second.event_types, type) == 1);
        }
    }
    assert(subscriptions == 0);
    for (const std::string& subscriber : redelivery_.subscribers()) {
        assert(sessions_.contains(subscriber) && "nothing is sent to who is gone");
    }
}

}  // namespace grapevine::client
