#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "protocol/neighbours.hpp"
#include "protocol/rumor/events.hpp"
#include "wire/size.hpp"

// A small virtual network for tests of `Events` alone: many machines, one clock, and datagrams that
// are lost, doubled, delayed (hence reordered) and cut off by partitions, all from one seed. The
// simulator (sim/) does the same for whole daemons and their bytes.
namespace grapevine::protocol::test {

/// Everybody there is, without oneself.
class FixedPeers final : public Peers {
public:
    void set(std::vector<MemberId> members) { members_ = std::move(members); }
    std::size_t peer_count() const override { return members_.size(); }
    std::vector<MemberId> pick(Random& random, std::size_t count,
                               MemberId except = kNobody) const override {
        std::vector<MemberId> chosen = members_;
        std::erase(chosen, except);
        random.shuffle(std::span(chosen));
        if (chosen.size() > count) chosen.resize(count);
        return chosen;
    }
    std::vector<MemberId> neighbours(std::size_t count) const override {
        return ring_neighbours(self, members_, count);
    }
    MemberId self{};

private:
    std::vector<MemberId> members_;
};

class EventNetwork {
public:
    struct Faults {
        double loss = 0;
        double duplication = 0;
        Duration delay_min = std::chrono::milliseconds(1);
        Duration delay_max = std::chrono::milliseconds(8);
    };
    struct Told {
        std::vector<SharedEvent> events;
        std::vector<Events::Gap> gaps;
        /// Per stream, the sequence that must come next: order and "each once" are asserted here.
        std::map<wire::StreamId, std::uint64_t> next;
        std::uint64_t disorder = 0;
        std::set<EventKey> flagged;  ///< Told although what they depend on was not.
        /// Since its publishing, of each event told.
        std::vector<Duration> took;
    };
    struct Node {
        MemberId id;
        FixedPeers peers;
        std::unique_ptr<Events> events;
        Told told;
        bool is_up = true;
    };

    Faults faults;
    ProtocolConfig config;
    /// Says whether a datagram is cut off; asked for each.
    std::function<bool(MemberId from, MemberId to)> is_cut = [](MemberId, MemberId) {
        return false;
    };
    /// Says whether this very section is lost, besides `faults.loss`.
    std::function<bool(MemberId to, const wire::Section&)> is_lost =
        [](MemberId, const wire::Section&) { return false; };
    std::uint64_t bytes_sent = 0;
    std::uint64_t fragment_bytes_delivered = 0;  ///< Payload that arrived, first or again.
    std::uint64_t fragments_delivered = 0;
    std::uint64_t others_delivered = 0;  ///< Sections that are no fragments.

    EventNetwork(std::size_t count, std::uint64_t seed, ProtocolConfig protocol = {})
        : config(std::move(protocol)), random_(seed) {
        for (std::size_t index = 0; index < count; ++index) add();
    }

    /// A node that starts now; everybody knows it at once.
    Node& add(Events::Replay replay = Events::Replay::retained) {
        const MemberId id{nodes_.size() + 1};
        auto node = std::make_unique<Node>();
        node->id = id;
        node->peers.self = id;
        node->events =
            std::make_unique<Events>(id, Epoch{1}, config, node->peers, random_.next(), replay);
        nodes_.push_back(std::move(node));
        refresh_peers();
        for (auto& other : nodes_) {
            if (other->id == id || !other->is_up) continue;
            other->events->peer_joined(now_, id);
            drain(*other);
            nodes_.back()->events->peer_joined(now_, other->id);
            drain(*nodes_.back());
        }
        return *nodes_.back();
    }

    void crash(MemberId id) {
        at(id).is_up = false;
        refresh_peers();
        for (auto& other : nodes_) {
            if (!other->is_up) continue;
            other->events->peer_left(now_, id);
            drain(*other);
        }
    }

    /// Starts `id` anew with an empty memory and the next epoch.
    void restart(MemberId id, Epoch epoch) {
        Node& node = at(id);
        node.is_up = true;
        node.told = {};
        node.events = std::make_unique<Events>(id, epoch, config, node.peers, random_.next());
        refresh_peers();
        for (auto& other : nodes_) {
            if (other->id == id || !other->is_up) continue;
            other->events->peer_joined(now_, id);
            drain(*other);
            node.events->peer_joined(now_, other->id);
            drain(node);
        }
    }

    Node& at(MemberId id) { return *nodes_.at(id.value() - 1); }
    Node& at(std::uint64_t id) { return at(MemberId{id}); }
    std::vector<std::unique_ptr<Node>>& nodes() { return nodes_; }
    Instant now() const { return now_; }
    Random& random() { return random_; }

    EventSequence publish(std::uint64_t id, std::string topic, Bytes payload,
                          PublishOptions options = {}) {
        Node& node = at(id);
        const auto sequence =
            node.events->publish(now_, WallTime{now_.time_since_epoch().count()}, std::move(topic),
                                 std::move(payload), std::move(options));
        assert(sequence.has_value());
        drain(node);
        return *sequence;
    }

    void run_for(Duration duration) {
        const Instant end = now_ + duration;
        while (step(end)) {
        }
        now_ = end;
    }

    /// Runs until `is_done` or for at most `duration`; whether it was done.
    bool run_until(const std::function<bool()>& is_done, Duration duration) {
        const Instant end = now_ + duration;
        while (!is_done()) {
            if (!step(end)) {
                now_ = end;
                return is_done();
            }
        }
        return true;
    }

    /// A ping's worth of anti-entropy: two members compare their summaries.
    void compare(std::uint64_t a, std::uint64_t b) {
        if (at(a).events->summary() == at(b).events->summary()) return;
        at(a).events->peer_differs(now_, MemberId{b});
        drain(at(a));
    }

private:
    struct Datagram {
        Instant at;
        std::uint64_t order;
        MemberId from;
        MemberId to;
        wire::Section section;
    };
    struct Later {
        bool operator()(const Datagram& a, const Datagram& b) const {
            return std::pair(a.at, a.order) > std::pair(b.at, b.order);
        }
    };

    void refresh_peers() {
        for (auto& node : nodes_) {
            std::vector<MemberId> members;
            for (const auto& other : nodes_) {
                if (other->is_up && other->id != node->id) members.push_back(other->id);
            }
            node->peers.set(std::move(members));
        }
    }

    bool step(Instant end) {
        Instant next = datagrams_.empty() ? kNever : datagrams_.top().at;
        Node* waking = nullptr;
        for (auto& node : nodes_) {
            if (!node->is_up || node->events->deadline() >= next) continue;
            next = node->events->deadline();
            waking = node.get();
        }
        if (next > end) return false;
        now_ = std::max(now_, next);
        if (waking != nullptr) {
            waking->events->advance(now_);
            drain(*waking);
            return true;
        }
        const Datagram datagram = datagrams_.top();
        datagrams_.pop();
        Node& to = at(datagram.to);
        if (!to.is_up || is_cut(datagram.from, datagram.to)) return true;
        if (const auto* fragment = std::get_if<wire::EventFragment>(&datagram.section)) {
            fragment_bytes_delivered += fragment->payload.size;
            ++fragments_delivered;
        } else {
            ++others_delivered;
        }
        std::visit(
            [&](const auto& section) {
                if constexpr (requires { to.events->handle(now_, datagram.from, section); }) {
                    to.events->handle(now_, datagram.from, section);
                }
            },
            datagram.section);
        drain(to);
        return true;
    }

    void drain(Node& node) {
        while (auto action = node.events->poll()) {
            if (const auto* send = std::get_if<Events::Send>(&*action)) {
                transmit(node.id, *send);
            } else if (const auto* deliver = std::get_if<Events::Deliver>(&*action)) {
                tell(node.told, deliver->event->stream, deliver->event->sequence.value(), 1);
                node.told.events.push_back(deliver->event);
                if (deliver->is_causal_unknown) {
                    node.told.flagged.insert({deliver->event->stream, deliver->event->sequence});
                }
                const Instant published{Duration(deliver->event->published_at.unix_ms)};
                node.told.took.push_back(now_ - published);
            } else {
                const auto& gap = std::get<Events::Gap>(*action);
                tell(node.told, gap.stream, gap.first.value(),
                     gap.last.value() - gap.first.value() + 1);
                node.told.gaps.push_back(gap);
            }
        }
        node.events->check_invariants();
    }

    static void tell(Told& told, wire::StreamId stream, std::uint64_t first, std::uint64_t count) {
        const auto [next, is_new] = told.next.try_emplace(stream, first);
        if (!is_new && next->second != first) ++told.disorder;
        next->second = first + count;
    }

    void transmit(MemberId from, const Events::Send& send) {
        bytes_sent += wire::encoded_size(send.section);
        if (is_cut(from, send.to) || is_lost(send.to, send.section)) return;
        const int copies = random_.chance(faults.duplication) ? 2 : 1;
        for (int copy = 0; copy < copies; ++copy) {
            if (random_.chance(faults.loss)) continue;
            const auto spread =
                static_cast<std::uint64_t>((faults.delay_max - faults.delay_min).count()) + 1;
            const Duration delay =
                faults.delay_min + Duration(static_cast<std::int64_t>(random_.below(spread)));
            datagrams_.push({now_ + delay, ++order_, from, send.to, send.section});
        }
    }

    Random random_;
    Instant now_{};
    std::uint64_t order_ = 0;
    std::vector<std::unique_ptr<Node>> nodes_;
    std::priority_queue<Datagram, std::vector<Datagram>, Later> datagrams_;
};

}  // namespace grapevine::protocol::test
