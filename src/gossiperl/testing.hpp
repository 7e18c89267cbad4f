#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "gossiperl/node.hpp"
#include "wire/gossiperl/codec.hpp"

namespace grapevine::gossiperl::testing {

using namespace wire::gossiperl;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

inline constexpr const char* kSecret = "overlay secret";
/// What our wall clock shows at the zero of our time.
inline constexpr std::int64_t kEpoch = 1'700'000'000;

/// Peers are 10.0.0.number, and we are number 1; all on port 6666.
inline Endpoint host(std::uint8_t number, std::uint16_t port = 6666) {
    return Endpoint::v4(10, 0, 0, number, port);
}
inline Endpoint local(std::uint16_t port) {
    return Endpoint::v4(127, 0, 0, 1, port);
}
inline std::string ip(std::uint8_t number) {
    return ip_to_string(host(number));
}

inline NodeConfig config() {
    NodeConfig config;
    config.member_name = "us";
    config.secret = kSecret;
    config.bind = Endpoint::v4(0, 0, 0, 0, 6666);
    config.own_addresses = {host(1)};
    config.seeds = {host(200)};
    return config;
}

inline NodeConfig multicast_config() {
    NodeConfig config = testing::config();
    config.group = Endpoint::v4(239, 1, 1, 1, 6666);
    return config;
}

/// A node after its first round, its driver, and everything it did since the last `clear`.
class Bench {
public:
    explicit Bench(NodeConfig config = testing::config(), std::uint64_t seed = 1)
        : node(std::move(config), {}, Instant{}, seed) {
        run_until(now);
        clear();
    }

    [[nodiscard]] WallTime wall() const {
        return {
            kEpoch * 1000 +
            std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count()};
    }
    /// What our clock shows, in seconds.
    [[nodiscard]] std::int64_t clock() const { return wall().unix_ms / 1000; }

    void hear(const Endpoint& from, Message message, std::string id = "envelope",
              Node::Via via = Node::Via::overlay) {
        node.receive(now, wall(), via, from, Letter{std::move(id), std::move(message)});
        drain();
    }
    void publish(Letter letter) {
        node.publish(now, wall(), std::move(letter));
        drain();
    }
    /// Turns the wheel until `until`.
    void run_until(Instant until) {
        while (node.deadline() <= until) {
            now = std::max(now, node.deadline());
            node.advance(now, wall());
            drain();
        }
        now = until;
    }
    void run_for(Duration span) { run_until(now + span); }
    void clear() {
        sends.clear();
        changes.clear();
        changed_at.clear();
        seen.clear();
    }
    void drain() {
        node.check_invariants();
        while (std::optional<Node::Action> action = node.poll()) {
            if (auto* send = std::get_if<Node::Send>(&*action)) {
                const auto* digest = std::get_if<Digest>(&send->letter.message);
                if (digest != nullptr) latest_id = digest->id;
                sends.push_back(std::move(*send));
            }
            if (auto* seen_message = std::get_if<Node::MessageSeen>(&*action)) {
                seen.push_back(*seen_message);
            }
            if (auto* change = std::get_if<Node::MemberChanged>(&*action)) {
                changes.push_back(std::string(client::to_string(change->event)) + " " +
                                  change->name);
                changed_at.push_back(now);
            }
        }
    }

    // -- What others say --
    void digest(std::uint8_t from, const std::string& name, std::int64_t skew = 0) {
        hear(host(from), Digest{name, 6666, clock() + skew, "d-" + name, kSecret});
    }
    /// An answer to our latest digest.
    void answer(std::uint8_t from, const std::string& name, std::vector<DigestMember> members,
                std::int64_t skew = 0) {
        hear(host(from), DigestAck{name, clock() + skew, latest_id, std::move(members)});
    }
    void subscriptions(std::uint8_t from, const std::string& name,
                       std::vector<DigestSubscription> list, std::int64_t skew = 0) {
        hear(host(from), DigestSubscriptions{name, clock() + skew, latest_id, std::move(list)});
    }
    /// A daemon that is known, and has a listener for `type`.
    void subscriber(std::uint8_t from, const std::string& name, const std::string& type) {
        digest(from, name);
        subscriptions(from, name, {{type, name, name, clock()}});
    }
    void attach(std::uint16_t port, const std::string& name,
                const std::vector<std::string>& types = {}) {
        hear(local(port), Digest{name, port, clock(), "d", "client secret"});
        if (types.empty()) return;
        hear(local(port), DigestSubscribe{name, clock(), "s", types, "client secret"});
    }

    // -- What it did --
    template <typename T>
    [[nodiscard]] std::vector<std::pair<Endpoint, T>> sent() const {
        std::vector<std::pair<Endpoint, T>> found;
        for (const Node::Send& send : sends) {
            if (const T* message = std::get_if<T>(&send.letter.message)) {
                found.emplace_back(send.to, *message);
            }
        }
        return found;
    }
    [[nodiscard]] std::vector<std::string> names() const {
        std::vector<std::string> list;
        for (const Node::MemberInfo& member : node.members(now)) list.push_back(member.name);
        return list;
    }
    [[nodiscard]] const Node::MemberInfo* find(const std::string& name) {
        infos_ = node.members(now);
        const auto found = std::ranges::find(infos_, name, &Node::MemberInfo::name);
        return found == infos_.end() ? nullptr : &*found;
    }

    Node node;
    Instant now{};
    std::vector<Node::Send> sends;
    std::vector<std::string> changes;  ///< "member_in a"
    std::vector<Instant> changed_at;
    std::vector<Node::MessageSeen> seen;
    std::string latest_id;  ///< Of our latest digest; survives `clear`.

private:
    std::vector<Node::MemberInfo> infos_;
};

}  // namespace grapevine::gossiperl::testing
