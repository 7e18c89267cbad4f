#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/checksum.hpp"
#include "base/overloaded.hpp"
#include "base/random.hpp"
#include "protocol/state/map.hpp"
#include "wire/size.hpp"

// Shared maps that talk to each other without a node around them: for tests.
namespace grapevine::protocol {

inline constexpr std::uint64_t kTestDayMs = 24U * 3600U * 1000U;
inline constexpr std::uint64_t kTestStartMs = 1'700'000'000'000;

inline StateHash test_hash(const wire::StateSalt& salt, ByteView bytes) {
    const std::uint64_t low = mix64(fnv1a(bytes) ^ salt.random ^ salt.created.value());
    return {mix64(low + 1), low};
}

/// Some maps, a network that loses and cuts, and time that only `run` moves. Every `kRound` each
/// member pings a random other that it reaches.
class MapNetwork {
public:
    static constexpr Duration kStep = std::chrono::milliseconds(10);
    static constexpr Duration kRound = std::chrono::milliseconds(200);

    struct Member {
        std::unique_ptr<SharedMap> map;
        std::map<std::string, Bytes> disk;
        SharedMap::Meta meta;
        bool is_up = true;
        int side = 0;  ///< Only those of one side hear each other.
        std::int64_t skew_ms = 0;
        std::uint64_t reloads = 0;
        std::uint64_t resets = 0;
        std::set<std::string> changed;
        std::uint64_t sent_bytes = 0;
        std::size_t largest_section = 0;
    };

    MapNetwork(std::size_t count, std::uint64_t seed, double loss = 0,
               Duration grace = std::chrono::hours(24))
        : random_(seed), loss_(loss), grace_(grace) {
        for (std::size_t index = 0; index < count; ++index) {
            members_.emplace_back();
            start(index);
        }
    }

    Member& at(std::size_t index) { return members_[index]; }
    SharedMap& map(std::size_t index) { return *members_[index].map; }
    std::size_t size() const { return members_.size(); }
    Random& random() { return random_; }
    void set_loss(double loss) { loss_ = loss; }
    void lose_spreads(bool is_lost) { are_spreads_lost_ = is_lost; }
    /// Nobody passes messages while the time is moved by so much: long absences, cheaply.
    void sleep(Duration duration) { now_ += duration; }
    std::uint64_t copies() const { return copies_; }

    Moment moment(std::size_t index) const {
        const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now_);
        return {Instant{} + now_,
                kTestStartMs + static_cast<std::uint64_t>(ms.count() + members_[index].skew_ms)};
    }

    void put(std::size_t index, const std::string& key, const std::string& value,
             SharedMap::PutOptions options = {}) {
        const auto outcome = map(index).put(moment(index), key, value, options);
        assert(outcome);
        drain(index);
    }
    void erase(std::size_t index, const std::string& key) {
        (void)map(index).erase(moment(index), key, std::nullopt);
        drain(index);
    }
    void count(std::size_t index, const std::string& key, std::int64_t change) {
        const auto outcome = map(index).count(moment(index), key, change);
        assert(outcome);
        drain(index);
    }
    void change_set(std::size_t index, const std::string& key,
                    const std::vector<std::string>& added,
                    const std::vector<std::string>& removed) {
        const auto outcome = map(index).change_set(moment(index), key, added, removed);
        assert(outcome);
        drain(index);
    }
    std::optional<StateEntry> find(std::size_t index, const std::string& key) {
        return map(index).find(moment(index), key);
    }
    std::string value(std::size_t index, const std::string& key) {
        const auto entry = find(index, key);
        return entry ? entry->value : "nothing";
    }

    void stop(std::size_t index) { members_[index].is_up = false; }
    /// With what it has on disk.
    void start(std::size_t index) {
        Member& member = members_[index];
        member.is_up = true;
        member.map = std::make_unique<SharedMap>(
            MemberId(index + 1), kRound, grace_, test_hash,
            [this, index] { return view_of(index); }, random_.next());
        member.map->restore(member.meta);
        for (const auto& [id, cell] : member.disk) {
            member.map->restore(cell);
        }
    }

    void run(Duration duration) {
        const Duration end = now_ + duration;
        while (now_ < end) {
            now_ += kStep;
            deliver();
            for (std::size_t index = 0; index < members_.size(); ++index) {
                if (!members_[index].is_up) continue;
                map(index).advance(moment(index));
                drain(index);
            }
            if (now_ >= next_round_) {
                next_round_ = now_ + kRound;
                ping_all();
            }
        }
    }
    /// Long times, in steps of ten minutes of which a few seconds are played.
    void run_long(Duration duration) {
        const Duration end = now_ + duration;
        while (now_ < end) {
            run(std::chrono::seconds(3));
            now_ += std::chrono::minutes(10);
        }
        run(std::chrono::seconds(3));
    }
    /// Until all that are up hold the same, or for so long.
    bool converge(Duration limit) {
        const Duration end = now_ + limit;
        while (now_ < end) {
            run(kRound);
            if (is_equal()) return true;
        }
        return false;
    }
    bool is_equal() {
        std::optional<std::uint64_t> summary;
        for (Member& member : members_) {
            if (!member.is_up) continue;
            if (summary && member.map->summary() != *summary) return false;
            summary = member.map->summary();
        }
        return true;
    }

private:
    struct Message {
        std::size_t from = 0;
        std::size_t to = 0;
        std::variant<wire::Section, Bytes> what;  ///< Or a spread.
    };

    SharedMap::View view_of(std::size_t index) const {
        SharedMap::View view{0, 0};
        for (std::size_t other = 0; other < members_.size(); ++other) {
            if (!reaches(index, other) && index != other) continue;
            ++view.members;
            if (other < index) ++view.rank;
        }
        return view;
    }
    bool reaches(std::size_t from, std::size_t to) const {
        return members_[from].is_up && members_[to].is_up &&
               members_[from].side == members_[to].side;
    }

    void ping_all() {
        for (std::size_t index = 0; index < members_.size(); ++index) {
            const auto peer = static_cast<std::size_t>(random_.below(members_.size()));
            if (peer == index || !reaches(index, peer)) continue;
            map(peer).compare(moment(peer), MemberId(index + 1), map(index).summary());
            drain(peer);
        }
    }

    void drain(std::size_t index) {
        Member& member = members_[index];
        while (auto action = member.map->poll()) {
            std::visit(Overloaded{
                           [&](SharedMap::Send& send) {
                               const std::size_t size = wire::encoded_size(send.section);
                               member.sent_bytes += size;
                               member.largest_section = std::max(member.largest_section, size);
                               post({index, send.to.value() - 1, std::move(send.section)});
                           },
                           [&](SharedMap::Spread& spread) {
                               if (are_spreads_lost_) return;
                               for (std::size_t to = 0; to < members_.size(); ++to) {
                                   if (to != index) post({index, to, spread.body});
                               }
                           },
                           [&](SharedMap::Persist& persist) {
                               if (persist.is_reset) member.disk.clear();
                               for (auto& write : persist.writes) {
                                   if (write.cell) {
                                       member.disk[write.id] = *write.cell;
                                   } else {
                                       member.disk.erase(write.id);
                                   }
                               }
                               if (persist.is_meta_changed) member.meta = member.map->meta();
                           },
                           [&](SharedMap::Changed& changed) {
                               member.changed.insert(changed.keys.begin(), changed.keys.end());
                           },
                           [&](SharedMap::Reloaded& reloaded) {
                               ++member.reloads;
                               member.resets +=
                                   reloaded.reason == SharedMap::Reloaded::Reason::reset ? 1 : 0;
                           },
                           [&](SharedMap::WantCopy& want) {
                               wanted_.emplace_back(index, want.from.value() - 1);
                           },
                           [&](SharedMap::Fetch& fetch) {
                               asked_.push_back({index, fetch.from.value() - 1, fetch.body});
                           },
                       },
                       *action);
        }
    }

    void post(Message message) { queue_.push_back(std::move(message)); }

    void deliver() {
        std::deque<Message> due;
        due.swap(queue_);
        for (Message& message : due) {
            if (!reaches(message.from, message.to) || random_.chance(loss_)) continue;
            SharedMap& to = map(message.to);
            const Moment at = moment(message.to);
            const MemberId from(message.from + 1);
            if (const auto* body = std::get_if<Bytes>(&message.what)) {
                to.take_spread(at, from, *body);
            } else {
                std::visit(
                    [&]<typename T>(const T& section) {
                        if constexpr (requires { to.handle(at, from, section); }) {
                            to.handle(at, from, section);
                        }
                    },
                    std::get<wire::Section>(message.what));
            }
            drain(message.to);
        }
        auto asked = std::exchange(asked_, {});
        for (const auto& [by, from, body] : asked) {
            if (!members_[by].is_up) continue;
            const Bytes answer = map(from).answer_fetch(body);
            map(by).fetched(moment(by),
                            reaches(from, by) ? std::optional<ByteView>(answer) : std::nullopt);
            drain(by);
        }
        auto wanted = std::exchange(wanted_, {});
        for (const auto& [by, from] : wanted) copy(by, from);
    }

    void copy(std::size_t by, std::size_t from) {
        if (!members_[by].is_up) return;
        std::optional<wire::StatePosition> next = wire::kStateBegin;
        while (next && reaches(from, by)) {
            const auto page = map(from).copy_page(*next, 4096);
            const bool is_right = map(by).take_copy(moment(by), page.body);
            assert(is_right);
            drain(by);
            next = page.next;
        }
        ++copies_;
        map(by).copy_ended(moment(by), !next);
        drain(by);
    }

    std::vector<Member> members_;
    Random random_;
    double loss_;
    Duration grace_;
    Duration now_ = std::chrono::seconds(10);
    Duration next_round_{};
    std::deque<Message> queue_;
    struct Asked {
        std::size_t by = 0;
        std::size_t from = 0;
        Bytes body;
    };
    std::vector<Asked> asked_;
    std::vector<std::pair<std::size_t, std::size_t>> wanted_;
    std::uint64_t copies_ = 0;
    bool are_spreads_lost_ = false;
};

}  // namespace grapevine::protocol
