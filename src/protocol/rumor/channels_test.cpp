// Networks of `Channels` machines alone: what they write into their records reaches the others a
// moment later, as gossip would bring it; datagrams are lost.

#include "protocol/rumor/channels.hpp"

#include <gtest/gtest.h>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "protocol/state/reserved_keys.hpp"

namespace grapevine::protocol {
namespace {

using namespace std::chrono_literals;

constexpr Duration kGossip = 300ms;

class Network {
public:
    struct Host {
        MemberId id;
        Record record;
        std::unique_ptr<Channels> channels;
        std::vector<SharedEvent> told;
        std::vector<Events::Gap> gaps;
        std::uint64_t fragments = 0;  ///< That reached it.
        bool is_up = true;
    };

    double loss = 0;

    explicit Network(std::uint64_t seed) : random_(seed) {}

    Host& add(std::vector<std::string> marked = {}) {
        auto host = std::make_unique<Host>();
        host->id = MemberId{hosts_.size() + 1};
        hosts_.push_back(std::move(host));
        start(*hosts_.back(), Epoch{1}, std::move(marked));
        return *hosts_.back();
    }
    void restart(std::uint64_t id, Epoch epoch, std::vector<std::string> marked) {
        at(id).told.clear();
        start(at(id), epoch, std::move(marked));
        for (auto& other : hosts_) know(at(id), *other);
    }
    Host& at(std::uint64_t id) { return *hosts_.at(id - 1); }
    std::vector<std::unique_ptr<Host>>& hosts() { return hosts_; }
    Instant now() const { return now_; }

    void want(std::uint64_t id, const std::vector<std::string>& patterns) {
        at(id).channels->set_interest(now_, patterns);
        drain(at(id));
    }
    void crash(std::uint64_t id) {
        at(id).is_up = false;
        for (auto& other : hosts_) {
            if (!other->is_up) continue;
            other->channels->note_member(now_, MemberId{id}, false);
            drain(*other);
        }
    }
    EventKey publish(std::uint64_t id, const std::string& topic, PublishOptions options = {}) {
        Channels& channels = *at(id).channels;
        const std::uint32_t channel = channels.channel_of(topic);
        const auto sequence =
            channels.publish(now_, WallTime{0}, channel, topic, Bytes(50, 7), std::move(options));
        EXPECT_TRUE(sequence.has_value());
        drain(at(id));
        return {{MemberId{id}, Epoch{1}, channel}, *sequence};
    }
    void run_for(Duration duration) {
        const Instant end = now_ + duration;
        while (step(end)) {
        }
        now_ = end;
    }
    std::uint64_t fragments() const {
        std::uint64_t sum = 0;
        for (const auto& host : hosts_) sum += host->fragments;
        return sum;
    }
    std::uint64_t others = 0;  ///< Sections that arrived and are no fragments.

private:
    struct Datagram {
        MemberId from;
        MemberId to;
        std::optional<wire::Section> section;  ///< None: the record of `from`.
    };

    void start(Host& host, Epoch epoch, std::vector<std::string> marked) {
        host.channels = std::make_unique<Channels>(host.id, epoch, ProtocolConfig{},
                                                   std::move(marked), host.record, random_.next(),
                                                   [](const EventKey&) { return true; });
        host.is_up = true;
    }
    void know(Host& host, const Host& other) {
        if (&host == &other || !host.is_up) return;
        host.channels->note_record(now_, other.id, other.is_up, other.record);
        drain(host);
    }
    bool step(Instant end) {
        Instant next = datagrams_.empty() ? kNever : datagrams_.begin()->first;
        Host* waking = nullptr;
        for (auto& host : hosts_) {
            if (!host->is_up || host->channels->deadline() >= next) continue;
            next = host->channels->deadline();
            waking = host.get();
        }
        if (next > end) return false;
        now_ = std::max(now_, next);
        if (waking != nullptr) {
            waking->channels->advance(now_);
            EXPECT_GT(waking->channels->deadline(), now_);
            drain(*waking);
            return true;
        }
        const Datagram datagram = datagrams_.begin()->second;
        datagrams_.erase(datagrams_.begin());
        Host& to = at(datagram.to.value());
        if (!to.is_up) return true;
        if (!datagram.section) {
            know(to, at(datagram.from.value()));
            return true;
        }
        ++(std::holds_alternative<wire::EventFragment>(*datagram.section) ? to.fragments : others);
        to.channels->handle(now_, datagram.from, *datagram.section);
        drain(to);
        return true;
    }
    void drain(Host& host) {
        while (auto action = host.channels->poll()) {
            if (auto* send = std::get_if<Events::Send>(&*action)) {
                EXPECT_NE(send->to, host.id);
                EXPECT_NE(Channels::channel_of(send->section), 0U);
                if (random_.chance(loss)) continue;
                const Duration delay = 1ms + Duration(random_.below(8'000'000));
                datagrams_.emplace(now_ + delay, Datagram{host.id, send->to, send->section});
            } else if (auto* told = std::get_if<Events::Deliver>(&*action)) {
                host.told.push_back(told->event);
            } else if (auto* gap = std::get_if<Events::Gap>(&*action)) {
                host.gaps.push_back(*gap);
            } else {
                const auto& write = std::get<Channels::Write>(*action);
                write_record(host, write);
            }
        }
        host.channels->check_invariants();
    }
    void write_record(Host& host, const Channels::Write& write) {
        wire::StateItem& item = host.record.items[std::string(write.key)];
        item.value = write.value;
        item.is_tombstone = write.value.empty();
        for (const auto& other : hosts_) {
            datagrams_.emplace(now_ + kGossip, Datagram{host.id, other->id, std::nullopt});
        }
    }

    Random random_;
    Instant now_{};
    std::vector<std::unique_ptr<Host>> hosts_;
    std::multimap<Instant, Datagram> datagrams_;
};

/// The sequences of one publisher's events, as they were told.
std::vector<std::uint64_t> told_of(const Network::Host& host, std::uint64_t publisher) {
    std::vector<std::uint64_t> sequences;
    for (const SharedEvent& event : host.told) {
        if (event->stream.publisher == MemberId{publisher}) {
            sequences.push_back(event->sequence.value());
        }
    }
    return sequences;
}

std::vector<std::uint64_t> count_from_to(std::uint64_t first, std::uint64_t last) {
    std::vector<std::uint64_t> numbers;
    for (std::uint64_t number = first; number <= last; ++number) numbers.push_back(number);
    return numbers;
}

/// Ten members; 1 and 2 mark metrics, and 3 to 6 read them.
std::unique_ptr<Network> ten_members(std::uint64_t seed) {
    auto network = std::make_unique<Network>(seed);
    for (int id = 1; id <= 10; ++id) {
        network->add(id <= 2 ? std::vector<std::string>{"metrics.>"} : std::vector<std::string>{});
    }
    network->run_for(1s);
    for (std::uint64_t id = 3; id <= 6; ++id) network->want(id, {"metrics.cpu.*", "other"});
    network->run_for(15s);
    return network;
}

TEST(Channels, bring_everything_in_order_to_those_who_want_it_and_nothing_to_others) {
    for (const double loss : {0.0, 0.1, 0.3}) {
        for (std::uint64_t seed = 1; seed <= 5; ++seed) {
            const auto network = ten_members(seed);
            network->loss = loss;
            for (int round = 0; round < 40; ++round) {
                network->publish(1, "metrics.cpu.a");
                network->publish(2, "metrics.memory");
                network->run_for(50ms);
            }
            network->run_for(30s);
            for (std::uint64_t id = 3; id <= 6; ++id) {
                EXPECT_EQ(told_of(network->at(id), 1), count_from_to(1, 40)) << loss << seed;
                EXPECT_EQ(told_of(network->at(id), 2), count_from_to(1, 40)) << loss << seed;
                EXPECT_TRUE(network->at(id).gaps.empty());
            }
            // The publishers want nothing: of each other they hear nothing either.
            for (const std::uint64_t id : {1, 2, 7, 8, 9, 10}) {
                EXPECT_EQ(network->at(id).fragments, 0U);
            }
            EXPECT_EQ(told_of(network->at(1), 1), count_from_to(1, 40));
            EXPECT_TRUE(told_of(network->at(1), 2).empty());
            EXPECT_EQ(network->at(7).channels->count(), 0U);
        }
    }
}

TEST(Channels, cost_one_copy_per_subscriber) {
    const auto network = ten_members(1);
    for (int event = 0; event < 20; ++event) network->publish(1, "metrics.x");
    network->run_for(5s);
    const std::uint64_t before = network->fragments();
    for (int event = 0; event < 100; ++event) {
        network->publish(1, "metrics.x");
        network->run_for(20ms);
    }
    network->run_for(2s);
    EXPECT_EQ(network->fragments() - before, 400U);
}

TEST(Channels, a_lost_last_event_comes_to_an_only_subscriber) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        Network network(seed);
        network.add({"a.>"});
        network.add();
        network.want(2, {"a.b"});
        network.run_for(10s);
        network.publish(1, "a.b");
        network.run_for(1s);
        network.loss = 1;
        network.publish(1, "a.b");
        network.run_for(100ms);
        network.loss = 0;
        network.run_for(5s);
        EXPECT_EQ(told_of(network.at(2), 1), count_from_to(1, 2));
    }
}

TEST(Channels, the_first_event_of_a_publisher_is_not_lost_in_silence) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        Network network(seed);
        network.add({"a.>"});
        network.add();
        network.want(2, {"a.b"});
        network.run_for(60s);
        network.loss = 1;
        network.publish(1, "a.b");
        network.run_for(10ms);
        network.loss = 0;
        network.publish(1, "a.b");
        network.run_for(5s);
        EXPECT_EQ(told_of(network.at(2), 1), count_from_to(1, 2));
    }
}

TEST(Channels, late_interest_begins_with_what_is_published_after_it) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        Network network(seed);
        network.add({"a.>"});
        network.add();
        network.add();
        network.want(2, {"a.b"});
        network.run_for(10s);
        for (int event = 0; event < 5; ++event) network.publish(1, "a.b");
        network.run_for(60s);
        network.want(3, {">"});
        network.run_for(10s);
        for (int event = 0; event < 5; ++event) network.publish(1, "a.b");
        network.run_for(10s);
        EXPECT_EQ(told_of(network.at(2), 1), count_from_to(1, 10));
        EXPECT_EQ(told_of(network.at(3), 1), count_from_to(6, 10));
        EXPECT_TRUE(network.at(3).gaps.empty());
    }
}

TEST(Channels, interest_that_ends_is_kept_for_a_while_and_then_withdrawn) {
    const auto network = ten_members(1);
    const auto& told = network->at(3).record.items.at(std::string(kInterestKey));
    network->want(3, {});
    network->run_for(9s);
    EXPECT_FALSE(told.is_tombstone);
    network->publish(1, "metrics.x");
    network->run_for(2s);
    EXPECT_TRUE(told.is_tombstone);
    network->run_for(10s);
    EXPECT_EQ(network->at(3).channels->count(), 0U);
    network->publish(1, "metrics.x");
    network->run_for(5s);
    EXPECT_EQ(told_of(network->at(3), 1), count_from_to(1, 1));
    EXPECT_EQ(network->at(3).fragments, 1U);
    network->want(3, {"metrics.x"});
    network->run_for(10s);
    network->publish(1, "metrics.x");
    network->run_for(5s);
    EXPECT_EQ(told_of(network->at(3), 1), (std::vector<std::uint64_t>{1, 3}));
}

TEST(Channels, a_subscriber_that_comes_back_at_once_misses_nothing) {
    const auto network = ten_members(1);
    network->want(3, {});
    network->run_for(5s);
    network->publish(1, "metrics.x");
    network->want(3, {"metrics.cpu.*"});
    network->run_for(30s);
    network->publish(1, "metrics.x");
    network->run_for(5s);
    EXPECT_EQ(told_of(network->at(3), 1), count_from_to(1, 2));
}

TEST(Channels, a_publisher_that_stops_reading_goes_on_publishing_its_stream) {
    const auto network = ten_members(1);
    network->want(1, {"metrics.>"});
    network->run_for(5s);
    network->publish(1, "metrics.x");
    network->publish(2, "metrics.x");
    network->run_for(5s);
    EXPECT_EQ(told_of(network->at(1), 2), count_from_to(1, 1));
    const std::uint64_t before = network->at(1).fragments;
    network->want(1, {});
    network->run_for(20s);
    network->publish(1, "metrics.x");
    network->publish(2, "metrics.x");
    network->run_for(20s);
    EXPECT_EQ(told_of(network->at(1), 2), count_from_to(1, 1));
    EXPECT_EQ(network->at(1).fragments, before);
    EXPECT_EQ(told_of(network->at(4), 1), count_from_to(1, 2));
    EXPECT_EQ(told_of(network->at(4), 2), count_from_to(1, 2));
}

TEST(Channels, subscribers_repair_what_a_dead_publisher_cannot) {
    const auto network = ten_members(1);
    network->publish(1, "metrics.x");
    network->run_for(2s);
    network->loss = 0.7;
    for (int event = 0; event < 10; ++event) network->publish(1, "metrics.x");
    network->run_for(300ms);
    network->loss = 0;
    network->crash(1);
    // Two holes of a publisher out of reach, each of which takes half a minute to be given up.
    network->run_for(120s);
    for (std::uint64_t id = 4; id <= 6; ++id) {
        EXPECT_EQ(told_of(network->at(id), 1), told_of(network->at(3), 1));
    }
    EXPECT_FALSE(told_of(network->at(3), 1).empty());
}

TEST(Channels, without_marks_interest_is_told_to_nobody) {
    Network network(1);
    for (int id = 1; id <= 5; ++id) network.add();
    for (std::uint64_t id = 1; id <= 5; ++id) network.want(id, {">", "a.b"});
    network.run_for(30s);
    for (const auto& host : network.hosts()) EXPECT_TRUE(host->record.items.empty());
    EXPECT_EQ(network.others, 0U);
}

TEST(Channels, marks_and_interest_of_an_earlier_life_are_withdrawn) {
    const auto network = ten_members(1);
    network->restart(1, Epoch{2}, {});
    network->restart(3, Epoch{2}, {});
    network->run_for(5s);
    EXPECT_TRUE(network->at(1).record.items.at(std::string(kChannelsKey)).is_tombstone);
    EXPECT_TRUE(network->at(3).record.items.at(std::string(kInterestKey)).is_tombstone);
}

TEST(Channels, the_first_pattern_that_matches_decides) {
    Network network(1);
    const Channels& channels = *network.add({"a.b", "a.>"}).channels;
    EXPECT_EQ(channels.channel_of("a.b"), Channels::number_of("a.b"));
    EXPECT_EQ(channels.channel_of("a.c"), Channels::number_of("a.>"));
    EXPECT_EQ(channels.channel_of("b"), 0U);
    EXPECT_NE(Channels::number_of("a.b"), 0U);
    EXPECT_NE(Channels::number_of("a.b"), Channels::number_of("a.>"));
}

TEST(Channels, more_patterns_than_a_member_may_tell_become_one) {
    Network network(1);
    network.add({"a.>"});
    network.add();
    network.run_for(1s);
    std::vector<std::string> patterns;
    for (std::size_t at = 0; at < kInterestPatternsMax; ++at) {
        patterns.push_back("a." + std::to_string(at));
    }
    network.want(2, patterns);
    const std::string& told = network.at(2).record.items.at(std::string(kInterestKey)).value;
    EXPECT_EQ(std::ranges::count(told, '\n') + 1, std::ptrdiff_t{kInterestPatternsMax});
    patterns.push_back("a.more");
    network.want(2, patterns);
    EXPECT_EQ(told, ">");
}

TEST(Channels, patterns_that_do_not_fit_a_value_become_one) {
    Network network(1);
    network.add({"a.>"});
    network.add();
    network.run_for(1s);
    std::vector<std::string> patterns;
    for (std::size_t at = 0; at < 8; ++at) {
        patterns.push_back("a." + std::string(100, static_cast<char>('a' + at)));
    }
    network.want(2, patterns);
    EXPECT_EQ(network.at(2).record.items.at(std::string(kInterestKey)).value, ">");
}

TEST(Channels, beyond_the_limit_are_left_out_until_there_is_room) {
    Network network(1);
    constexpr std::size_t kLimit = Channels::kInterestChannelsMax;
    for (std::size_t at = 0; at <= kLimit; ++at) network.add({"a." + std::to_string(at)});
    const std::uint64_t reader = network.add().id.value();
    std::vector<std::string> patterns;
    for (std::size_t at = 0; at <= kLimit; ++at) patterns.push_back("a." + std::to_string(at));
    network.want(reader, patterns);
    network.run_for(5s);
    EXPECT_EQ(network.at(reader).channels->count(), kLimit);
    EXPECT_EQ(network.at(reader).channels->left_out(), 1U);
    // One that we are in ends: the other takes its place.
    for (const std::string& pattern : patterns) {
        if (network.at(reader).channels->find(Channels::number_of(pattern)) == nullptr) continue;
        std::erase(patterns, pattern);
        break;
    }
    network.want(reader, patterns);
    network.run_for(25s);
    EXPECT_EQ(network.at(reader).channels->count(), kLimit);
    EXPECT_EQ(network.at(reader).channels->left_out(), 0U);
}

TEST(Channels, of_a_member_no_more_patterns_are_read_than_it_may_tell) {
    Network network(1);
    Channels& channels = *network.add().channels;
    Record record;
    std::string marks;
    for (std::size_t at = 0; at <= kSubscriberTopicsMax; ++at) {
        marks += "a." + std::to_string(at) + "\n\n";
    }
    marks += std::string(kTopicBytesMax + 1, 'a');
    record.items[std::string(kChannelsKey)].value = marks;
    channels.set_interest(network.now(), {"a." + std::to_string(kSubscriberTopicsMax - 1)});
    channels.note_record(network.now(), MemberId{9}, true, record);
    EXPECT_EQ(channels.count(), 1U);
    channels.set_interest(network.now(), {"a." + std::to_string(kSubscriberTopicsMax)});
    EXPECT_EQ(channels.find(Channels::number_of("a." + std::to_string(kSubscriberTopicsMax))),
              nullptr);
}

TEST(Channels, sections_of_a_foreign_channel_are_dropped_and_counted) {
    Network network(1);
    Channels& channels = *network.add().channels;
    channels.handle(network.now(), MemberId{2},
                    wire::EventFrontier{
                        true, {{{MemberId{2}, Epoch{1}, 77}, EventSequence{1}, EventSequence{4}}}});
    EXPECT_FALSE(channels.poll().has_value());
    EXPECT_EQ(channels.counters().dropped_foreign, 1U);
}

}  // namespace
}  // namespace grapevine::protocol
