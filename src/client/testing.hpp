#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client/sessions.hpp"

// A daemon's client port without bytes, for tests: gives inputs, drains, checks, and sorts what
// came out.
namespace grapevine::client::testing {

using namespace std::chrono_literals;
using namespace wire::gossiperl;

inline Instant at(Duration since_start) {
    return Instant{} + since_start;
}
inline Endpoint loopback(std::uint16_t port) {
    return Endpoint::v4(127, 0, 0, 1, port);
}
/// The time of day when the machine's time is `now`.
inline WallTime wall_at(Instant now) {
    return {1'400'000'000'900 +
            std::chrono::duration_cast<std::chrono::milliseconds>(now - Instant{}).count()};
}

/// Times unlike the defaults, and unlike each other: 4 s, then 3 s, and 10 s in all.
inline SessionSettings test_settings() {
    SessionSettings settings;
    settings.own_name = "daemon";
    settings.times = {4s, 3s, 10s};
    settings.redelivery = {5s, 0};
    settings.own_port = 6666;
    return settings;
}

inline Letter message(std::string id, std::string type = "order") {
    const std::string text = "envelope of " + id;
    return {std::move(id),
            Application{std::move(type), std::make_shared<const Bytes>(text.begin(), text.end()),
                        std::make_shared<const Bytes>(Bytes{1, 2, 3})}};
}

class Port {
public:
    explicit Port(SessionSettings settings = test_settings(),
                  const std::vector<SavedSession>& saved = {})
        : sessions(std::move(settings), saved, Instant{}, 1) {
        drain();
    }

    /// What came out of the last input, in order.
    struct Outputs {
        std::vector<Sessions::Send> sends;
        std::vector<Sessions::Published> published;
        std::vector<Liveness::Change> changes;
        std::vector<Sessions::Persist> persists;
        [[nodiscard]] bool is_empty() const {
            return sends.empty() && published.empty() && changes.empty() && persists.empty();
        }
    };

    Port& receive(const Endpoint& from, Message what, std::string id = "envelope") {
        return receive(from, Letter{std::move(id), std::move(what)});
    }
    Port& receive(const Endpoint& from, Letter letter) {
        sessions.receive(now, wall_at(now), from, std::move(letter));
        return drain();
    }
    /// Lets time pass until `to`, with a wake-up at every deadline on the way, and keeps what came
    /// out of all of them.
    Port& run_until(Instant to) {
        Outputs all;
        while (sessions.deadline() <= to) {
            now = std::max(now, sessions.deadline());
            sessions.advance(now, wall_at(now));
            drain();
            append(all);
        }
        now = to;
        sessions.advance(now, wall_at(now));
        drain();
        append(all);
        out = std::move(all);
        return *this;
    }
    Port& deliver(const Letter& letter) {
        sessions.deliver(now, letter);
        return drain();
    }
    Port& member_changed(MemberEvent event, std::string_view name) {
        sessions.member_changed(now, wall_at(now), event, name);
        return drain();
    }

    // -- What clients do; each listens at loopback:port under a name, its secret is "s-NAME" --
    Port& attach(const std::string& name, std::uint16_t port) {
        return receive(loopback(port), Digest{name, port, 0, "d1", "s-" + name});
    }
    Port& subscribe(const std::string& name, std::uint16_t port, std::vector<std::string> types) {
        return receive(loopback(port),
                       DigestSubscribe{name, 0, "u1", std::move(types), "s-" + name});
    }
    Port& unsubscribe(const std::string& name, std::uint16_t port, std::vector<std::string> types) {
        return receive(loopback(port),
                       DigestUnsubscribe{name, 0, "u2", std::move(types), "s-" + name});
    }
    Port& leave(const std::string& name, std::uint16_t port) {
        return receive(loopback(port), DigestExit{name, 0, "s-" + name});
    }
    Port& acknowledge(const std::string& name, std::uint16_t port, const std::string& id) {
        return receive(loopback(port), DigestForwardedAck{name, id, "s-" + name});
    }

    /// Of the last input: what was sent to this address, as the message it is.
    template <typename T>
    [[nodiscard]] std::vector<T> sent(std::uint16_t port) const {
        std::vector<T> result;
        for (const auto& [to, letter] : out.sends) {
            const T* what = std::get_if<T>(&letter.message);
            if (what != nullptr && to == loopback(port)) result.push_back(*what);
        }
        return result;
    }
    /// Of the last input: the ids of the application messages sent to this address.
    [[nodiscard]] std::vector<std::string> copies(std::uint16_t port) const {
        std::vector<std::string> ids;
        for (const auto& [to, letter] : out.sends) {
            const bool is_copy = std::holds_alternative<Application>(letter.message);
            if (is_copy && to == loopback(port)) ids.push_back(letter.id);
        }
        return ids;
    }
    /// Of the last input: the member events told to this address, such as "member_in a".
    [[nodiscard]] std::vector<std::string> told(std::uint16_t port) const {
        std::vector<std::string> result;
        for (const DigestEvent& event : sent<DigestEvent>(port)) {
            result.push_back(event.event_type + " " + event.event_object);
        }
        return result;
    }
    [[nodiscard]] const Sessions::Counters& counters() const { return sessions.counters(); }

    Sessions sessions;
    Outputs out;
    Instant now{};

private:
    Port& drain() {
        out = {};
        while (auto action = sessions.poll()) {
            if (auto* send = std::get_if<Sessions::Send>(&*action)) {
                out.sends.push_back(std::move(*send));
            } else if (auto* published = std::get_if<Sessions::Published>(&*action)) {
                out.published.push_back(std::move(*published));
            } else if (auto* changed = std::get_if<Sessions::Changed>(&*action)) {
                out.changes.push_back({changed->event, changed->name});
            } else {
                out.persists.push_back(std::move(std::get<Sessions::Persist>(*action)));
            }
        }
        sessions.check_invariants();
        return *this;
    }
    void append(Outputs& all) {
        const auto move_to = []<typename T>(std::vector<T>& from, std::vector<T>& to) {
            std::move(from.begin(), from.end(), std::back_inserter(to));
        };
        move_to(out.sends, all.sends);
        move_to(out.published, all.published);
        move_to(out.changes, all.changes);
        move_to(out.persists, all.persists);
    }
};

using Changes = std::vector<Liveness::Change>;
using Texts = std::vector<std::string>;

}  // namespace grapevine::client::testing
