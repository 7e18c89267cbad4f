#include "overlay/client_port.hpp"

#include <gtest/gtest.h>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/limits.hpp"
#include "base/overloaded.hpp"
#include "wire/gossiperl/codec.hpp"

namespace grapevine::overlay {
namespace {

using namespace std::chrono_literals;
using namespace wire::gossiperl;
using Kind = protocol::MemberChange::Kind;
using Publisher = ClientPort::Publisher;
using wire::Status;
using Texts = std::vector<std::string>;

constexpr std::string_view kKey = "a key of text";
constexpr MemberId kSelf{1};
constexpr MemberId kOther{2};
const Texts kAllEvents{"member_in",   "member_quarantine", "member_unreachable",
                       "member_drop", "member_out",        "member_rejoin"};

Instant at(Duration since_start) {
    return Instant{} + since_start;
}
Endpoint loopback(std::uint16_t port) {
    return Endpoint::v4(127, 0, 0, 1, port);
}
OldEnvelopes::Secret secret(std::uint8_t byte) {
    OldEnvelopes::Secret result{};
    result.fill(byte);
    return result;
}

protocol::MemberChange change(Kind kind, Status status, std::string name = "other",
                              MemberId member = kOther) {
    wire::MemberRecord record;
    record.member = member;
    record.name = std::move(name);
    return {kind, {std::make_shared<const wire::MemberRecord>(record), status, {}, {}}};
}

protocol::Event event(std::string topic, Bytes payload = {1, 2, 3}, std::uint64_t sequence = 1) {
    return {{kOther, Epoch{7}},
            EventSequence{sequence},
            WallTime{1},
            std::move(topic),
            std::make_shared<const Bytes>(std::move(payload))};
}

ClientPort::Settings settings_of(std::string_view key, bool is_local_delivery) {
    ClientPort::Settings settings;
    settings.symmetric_key = key;
    settings.sessions.own_name = "daemon";
    settings.sessions.own_port = 10'471;
    settings.sessions.is_local_delivery = is_local_delivery;
    return settings;
}

/// A client port and clients with a library of bytes: they seal what they say, and open what they
/// hear.
class Bench {
public:
    explicit Bench(bool is_local_delivery = false)
        : port(settings_of(kKey, is_local_delivery), kSelf, {{}, secret(1), 1}, Instant{}),
          library_(kKey, secret(2)) {}

    Bench& say(std::uint16_t from, Message message, std::string id = "envelope") {
        return say(from, Letter{std::move(id), std::move(message)});
    }
    Bench& say(std::uint16_t from, const Letter& letter) {
        return receive(loopback(from), library_.seal(letter));
    }
    Bench& receive(const Endpoint& from, const Bytes& datagram) {
        port.receive(now, wall, from, datagram);
        return drain();
    }
    Bench& attach(const std::string& name, std::uint16_t at_port) {
        return say(at_port, Digest{name, at_port, 0, "d", "s-" + name});
    }
    Bench& subscribe(const std::string& name, std::uint16_t at_port, Texts types) {
        return say(at_port, DigestSubscribe{name, 0, "u", std::move(types), "s-" + name});
    }
    Bench& tell(const protocol::MemberChange& what) {
        port.member_changed(now, wall, what);
        return drain();
    }
    Bench& tell(const protocol::Event& what, Publisher publisher = Publisher::anybody) {
        port.event(now, what, publisher);
        return drain();
    }

    /// What a client heard by the last input, as "type" or, of events, "type subject".
    [[nodiscard]] Texts heard(std::uint16_t at_port) const {
        Texts result;
        for (const auto& [to, letter] : letters) {
            if (to != loopback(at_port)) continue;
            const auto* said = std::get_if<DigestEvent>(&letter.message);
            result.push_back(said != nullptr ? said->event_type + " " + said->event_object
                                             : std::string(payload_type(letter.message)));
        }
        return result;
    }

    ClientPort port;
    Instant now{};
    WallTime wall{1'400'000'000'000};
    std::vector<std::pair<Endpoint, Letter>> letters;
    std::vector<ClientPort::Transmit> datagrams;
    std::vector<ClientPort::Publish> published;
    std::vector<std::string> changes;
    std::vector<ClientPort::Persist> persists;

private:
    Bench& drain() {
        letters.clear();
        datagrams.clear();
        published.clear();
        changes.clear();
        persists.clear();
        while (auto action = port.poll()) {
            std::visit(Overloaded{
                           [&](ClientPort::Transmit& send) {
                               letters.emplace_back(send.to, library_.open(send.bytes).value());
                               datagrams.push_back(send);
                           },
                           [&](ClientPort::Publish& publish) { published.push_back(publish); },
                           [&](ClientPort::ClientChanged& changed) {
                               changes.push_back(std::string(client::to_string(changed.event)) +
                                                 " " + changed.name);
                           },
                           [&](ClientPort::Persist& persist) { persists.push_back(persist); },
                       },
                       *action);
        }
        port.check_invariants();
        return *this;
    }

    OldEnvelopes library_;
};

Bench with_watcher() {
    Bench bench;
    bench.attach("watcher", 5001).subscribe("watcher", 5001, kAllEvents);
    return bench;
}

// -- Clients --------------------------------------------------------------------------------------

TEST(ClientPort, a_digest_is_answered_within_the_buffer_of_every_client) {
    Bench bench;
    bench.attach("a", 5001);
    EXPECT_EQ(bench.heard(5001), Texts{"digestAck"});
    const auto ack = std::get<DigestAck>(bench.letters[0].second.message);
    EXPECT_EQ(ack.name, "daemon");
    EXPECT_EQ(ack.heartbeat, 1'400'000'000);
    EXPECT_EQ(ack.reply_id, "d");
    EXPECT_LE(bench.datagrams[0].bytes.size(), kOldClientDatagramBytesMax);
    EXPECT_EQ(bench.changes, Texts{"member_in a"});
    ASSERT_EQ(bench.persists.size(), 1U);
    EXPECT_EQ(bench.persists[0].name, "a");
}

TEST(ClientPort, what_is_not_from_loopback_is_not_even_opened) {
    Bench bench;
    OldEnvelopes library(kKey, secret(3));
    const Bytes digest = library.seal({"e", Digest{"a", 5001, 0, "d", "s"}});
    for (const char* stranger : {"10.0.0.1:5001", "[fe80::1%2]:5001", "[2001:db8::1]:5001"}) {
        bench.receive(Endpoint::parse(stranger).value(), digest);
        EXPECT_TRUE(bench.letters.empty());
    }
    EXPECT_EQ(bench.port.counters().dropped_source, 3U);
    EXPECT_EQ(bench.port.envelopes().counters().datagrams_received, 0U);
    EXPECT_EQ(bench.port.sessions().size(), 0U);
}

TEST(ClientPort, loopback_is_loopback_in_any_notation) {
    for (const char* here : {"127.0.0.1:5001", "[::1]:5001", "[::ffff:127.0.0.1]:5001"}) {
        Bench bench;
        OldEnvelopes library(kKey, secret(3));
        bench.receive(Endpoint::parse(here).value(),
                      library.seal({"e", Digest{"a", 5001, 0, "d", "s"}}));
        EXPECT_EQ(bench.letters.size(), 1U) << here;
    }
}

TEST(ClientPort, garbage_and_other_keys_are_counted_and_met_with_silence) {
    Bench bench;
    OldEnvelopes stranger("another key", secret(3));
    bench.receive(loopback(5001), Bytes(31));
    bench.receive(loopback(5001), Bytes(64));
    bench.receive(loopback(5001), stranger.seal({"e", Digest{"a", 5001, 0, "d", "s"}}));
    EXPECT_TRUE(bench.letters.empty());
    EXPECT_EQ(bench.port.envelopes().counters().dropped_size, 1U);
    EXPECT_EQ(bench.port.envelopes().counters().dropped_undecodable, 2U);
}

TEST(ClientPort, a_new_key_is_the_only_one) {
    Bench bench;
    bench.port.change(settings_of("new", false));
    bench.attach("a", 5001);
    EXPECT_TRUE(bench.letters.empty());
    OldEnvelopes library("new", secret(3));
    bench.port.receive(bench.now, bench.wall, loopback(5001),
                       library.seal({"e", Digest{"a", 5001, 0, "d", "s"}}));
    EXPECT_TRUE(bench.port.poll());
}

TEST(ClientPort, sessions_are_restored) {
    ClientPort port(settings_of(kKey, false), kSelf,
                    {{{"a", "s", loopback(5001), {"order"}}}, secret(1), 1}, Instant{});
    EXPECT_TRUE(port.sessions().has("a"));
    EXPECT_FALSE(port.poll());
    EXPECT_NE(port.deadline(), kNever);
}

TEST(ClientPort, silent_clients_are_dropped_by_its_clock) {
    Bench bench;
    bench.attach("a", 5001);
    EXPECT_EQ(bench.port.deadline(), at(20s));
    bench.port.advance(at(180s), bench.wall);
    std::size_t changes = 0;
    while (const auto action = bench.port.poll()) {
        changes += std::holds_alternative<ClientPort::ClientChanged>(*action) ? 1 : 0;
    }
    EXPECT_EQ(changes, 4U) << "quarantine, unreachable, drop, out";
    EXPECT_EQ(bench.port.sessions().size(), 0U);
}

// -- Events of clients ----------------------------------------------------------------------------

TEST(ClientPort, what_a_client_publishes_is_an_event_of_its_type_and_bytes) {
    Bench bench;
    const Bytes payload{0, 1, 2, 0xff};
    bench.say(5001, make_application("m1", "orderPlaced", payload));
    ASSERT_EQ(bench.published.size(), 1U);
    EXPECT_EQ(bench.published[0].topic, "orderPlaced");
    EXPECT_EQ(bench.published[0].payload, payload);
    EXPECT_EQ(bench.heard(5001), Texts{"digestForwardedAck"});
}

TEST(ClientPort, copies_are_acknowledged_and_published_once) {
    Bench bench;
    std::size_t published = 0;
    for (int copy = 0; copy < 3; ++copy) {
        bench.say(5001, make_application("m1", "order", Bytes{0}));
        EXPECT_EQ(bench.heard(5001), Texts{"digestForwardedAck"});
        published += bench.published.size();
    }
    EXPECT_EQ(published, 1U);
}

TEST(ClientPort, a_type_that_is_no_topic_is_met_with_silence) {
    Bench bench;
    bench.say(5001, make_application("m1", std::string(kTopicBytesMax + 1, 'x'), Bytes{0}));
    EXPECT_TRUE(bench.letters.empty());
    bench.say(5001, make_application("m2", "two\nlines", Bytes{0}));
    EXPECT_TRUE(bench.letters.empty());
    EXPECT_TRUE(bench.published.empty());
    EXPECT_EQ(bench.port.counters().refused_topic, 2U);
    bench.say(5001, make_application("m3", std::string(kTopicBytesMax, 'x'), Bytes{0}));
    EXPECT_EQ(bench.published.size(), 1U);
}

TEST(ClientPort, what_clients_here_published_is_not_delivered_here) {
    Bench bench;
    bench.attach("b", 5002).subscribe("b", 5002, {"order"});
    bench.say(5001, make_application("m1", "order", Bytes{0}));
    EXPECT_TRUE(bench.heard(5002).empty());
    bench.tell(event("order"), Publisher::client_here);
    EXPECT_TRUE(bench.heard(5002).empty());
}

TEST(ClientPort, with_local_delivery_clients_here_hear_it_once_and_as_it_was_published) {
    Bench bench(true);
    bench.attach("a", 5001).subscribe("a", 5001, {"order"});
    bench.attach("b", 5002).subscribe("b", 5002, {"order"});
    bench.say(5001, make_application("m1", "order", Bytes{0}));
    EXPECT_EQ(bench.heard(5001), Texts{"digestForwardedAck"});
    EXPECT_EQ(bench.heard(5002), Texts{"order"});
    EXPECT_EQ(bench.published.size(), 1U);
    bench.tell(event("order"), Publisher::client_here);
    EXPECT_TRUE(bench.letters.empty());
}

// -- Events of the overlay ------------------------------------------------------------------------

TEST(ClientPort, an_event_goes_to_the_subscribers_of_exactly_its_topic) {
    Bench bench;
    bench.attach("a", 5001).subscribe("a", 5001, {"orders.eu"});
    bench.attach("b", 5002).subscribe("b", 5002, {"orders", "orders.*", ">"});
    bench.tell(event("orders.eu", {9, 8, 7}));
    EXPECT_TRUE(bench.heard(5002).empty());
    ASSERT_EQ(bench.heard(5001), Texts{"orders.eu"});
    EXPECT_EQ(*std::get<Application>(bench.letters[0].second.message).payload, (Bytes{9, 8, 7}));
}

TEST(ClientPort, an_empty_payload_and_every_byte_pass) {
    Bench bench;
    bench.attach("a", 5001).subscribe("a", 5001, {"t"});
    Bytes all;
    for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<std::uint8_t>(byte));
    bench.tell(event("t", all, 1));
    EXPECT_EQ(*std::get<Application>(bench.letters.at(0).second.message).payload, all);
    bench.tell(event("t", {}, 2));
    ASSERT_EQ(bench.heard(5001), Texts{"t"});
    EXPECT_TRUE(std::get<Application>(bench.letters[0].second.message).payload->empty());
}

TEST(ClientPort, an_event_is_sent_again_until_it_is_acknowledged) {
    Bench bench;
    bench.attach("a", 5001).subscribe("a", 5001, {"t"}).tell(event("t"));
    const std::string id = bench.letters.at(0).second.id;
    EXPECT_TRUE(bench.port.sessions().redelivery().is_pending("a", id));
    bench.say(5001, DigestForwardedAck{"a", id, "s-a"});
    EXPECT_EQ(bench.port.sessions().redelivery().pending(), 0U);
}

TEST(ClientPort, an_event_has_the_same_id_on_every_host) {
    Texts ids;
    for (int host = 0; host < 2; ++host) {
        Bench bench;
        bench.attach("a", 5001).subscribe("a", 5001, {"t"}).tell(event("t"));
        ids.push_back(bench.letters.at(0).second.id);
    }
    EXPECT_EQ(ids[0], ids[1]);
    EXPECT_EQ(ids[0], envelope_id(event("t")));
    EXPECT_EQ(ids[0].size(), 36U);
}

TEST(ClientPort, publisher_epoch_and_sequence_make_the_id) {
    protocol::Event one = event("t");
    std::set<std::string> ids{envelope_id(one)};
    one.sequence = EventSequence{2};
    ids.insert(envelope_id(one));
    one.stream.epoch = Epoch{8};
    ids.insert(envelope_id(one));
    one.stream.publisher = MemberId{3};
    ids.insert(envelope_id(one));
    EXPECT_EQ(ids.size(), 4U);
}

TEST(ClientPort, an_event_called_like_a_message_of_the_protocol_reaches_no_client) {
    Bench bench;
    bench.attach("a", 5001).subscribe("a", 5001, {"digest", "digestError"});
    bench.tell(event("digest")).tell(event("digestError", {}, 2));
    EXPECT_TRUE(bench.letters.empty());
    EXPECT_EQ(bench.port.counters().unsaid_type, 2U);
}

TEST(ClientPort, an_event_that_fits_no_datagram_reaches_no_client) {
    Bench bench;
    bench.attach("a", 5001).subscribe("a", 5001, {"t"});
    std::size_t size = 48'900;
    std::uint64_t sequence = 0;
    while (!bench.tell(event("t", Bytes(size), ++sequence)).letters.empty()) ++size;
    EXPECT_EQ(bench.port.counters().unsaid_size, 1U);
    EXPECT_EQ(bench.port.envelopes().counters().oversize, 0U);
    bench.tell(event("t", Bytes(kEventPayloadBytesMax), ++sequence));
    EXPECT_EQ(bench.port.counters().unsaid_size, 2U);
    bench.tell(event("t", Bytes(size - 1), ++sequence));
    EXPECT_GT(bench.datagrams.at(0).bytes.size(), kOldDatagramBytesMax - 32);
}

TEST(ClientPort, an_event_that_nobody_wants_costs_nothing) {
    Bench bench;
    bench.tell(event("digest")).tell(event("t", Bytes(kEventPayloadBytesMax)));
    EXPECT_EQ(bench.port.counters().unsaid_type, 0U);
    EXPECT_EQ(bench.port.counters().unsaid_size, 0U);
}

// -- Members --------------------------------------------------------------------------------------

TEST(ClientPort, the_life_of_a_member_is_told_in_the_old_words) {
    Bench bench = with_watcher();
    const auto expect = [&](Kind kind, Status status, const Texts& events) {
        EXPECT_EQ(bench.tell(change(kind, status)).heard(5001), events);
    };
    expect(Kind::joined, Status::alive, {"member_in other"});
    expect(Kind::updated, Status::alive, {});
    expect(Kind::suspected, Status::suspect, {"member_quarantine other"});
    expect(Kind::updated, Status::suspect, {});
    expect(Kind::cleared, Status::alive, {"member_rejoin other"});
    expect(Kind::suspected, Status::suspect, {"member_quarantine other"});
    expect(Kind::died, Status::dead,
           {"member_unreachable other", "member_drop other", "member_out other"});
    expect(Kind::forgotten, Status::dead, {});
    expect(Kind::joined, Status::alive, {"member_in other"});
    expect(Kind::left, Status::left, {"member_out other"});
    expect(Kind::forgotten, Status::left, {});
}

TEST(ClientPort, a_death_without_suspicion_skips_no_step) {
    Bench bench = with_watcher();
    bench.tell(change(Kind::joined, Status::alive));
    EXPECT_EQ(bench.tell(change(Kind::died, Status::dead)).heard(5001),
              (Texts{"member_quarantine other", "member_unreachable other", "member_drop other",
                     "member_out other"}));
}

TEST(ClientPort, who_returns_from_the_dead_comes_in_anew) {
    Bench bench = with_watcher();
    bench.tell(change(Kind::joined, Status::alive)).tell(change(Kind::died, Status::dead));
    EXPECT_EQ(bench.tell(change(Kind::returned, Status::alive)).heard(5001),
              Texts{"member_in other"});
}

TEST(ClientPort, who_returns_as_a_suspect_comes_in_and_is_quarantined_once) {
    Bench bench = with_watcher();
    EXPECT_EQ(bench.tell(change(Kind::returned, Status::suspect)).heard(5001),
              (Texts{"member_in other", "member_quarantine other"}));
    EXPECT_TRUE(bench.tell(change(Kind::suspected, Status::suspect)).heard(5001).empty());
}

TEST(ClientPort, the_dead_whom_nobody_knew_are_not_told) {
    Bench bench = with_watcher();
    bench.tell(change(Kind::left, Status::left));
    EXPECT_TRUE(bench.letters.empty());
    bench.tell(change(Kind::died, Status::dead));
    EXPECT_TRUE(bench.letters.empty());
}

TEST(ClientPort, a_goodbye_after_a_death_is_not_a_second_end) {
    Bench bench = with_watcher();
    bench.tell(change(Kind::joined, Status::alive)).tell(change(Kind::died, Status::dead));
    EXPECT_TRUE(bench.tell(change(Kind::left, Status::left)).letters.empty());
}

TEST(ClientPort, who_is_forgotten_while_there_goes_out) {
    Bench bench = with_watcher();
    bench.tell(change(Kind::joined, Status::alive));
    EXPECT_EQ(bench.tell(change(Kind::forgotten, Status::alive)).heard(5001),
              Texts{"member_out other"});
}

TEST(ClientPort, a_new_name_is_another_member) {
    Bench bench = with_watcher();
    bench.tell(change(Kind::joined, Status::alive, "old"));
    EXPECT_EQ(bench.tell(change(Kind::updated, Status::alive, "new")).heard(5001),
              (Texts{"member_out old", "member_in new"}));
}

TEST(ClientPort, of_ourselves_nothing_is_told) {
    Bench bench = with_watcher();
    bench.tell(change(Kind::updated, Status::alive, "daemon", kSelf));
    EXPECT_TRUE(bench.letters.empty());
    bench.tell(change(Kind::left, Status::left, "daemon", kSelf));
    EXPECT_TRUE(bench.letters.empty());
}

TEST(ClientPort, clients_hear_of_each_other_by_the_same_words) {
    Bench bench = with_watcher();
    bench.attach("b", 5002);
    EXPECT_EQ(bench.heard(5001), Texts{"member_in b"});
}

TEST(ClientPortDeath, an_input_before_the_outputs_are_drained_is_a_bug_of_the_driver) {
    Bench bench;
    OldEnvelopes library(kKey, secret(3));
    bench.port.receive(bench.now, bench.wall, loopback(5001),
                       library.seal({"e", Digest{"a", 5001, 0, "d", "s"}}));
    EXPECT_DEATH(bench.port.advance(bench.now, bench.wall), "outbox_");
    EXPECT_DEATH(bench.port.event(bench.now, event("t"), Publisher::anybody), "outbox_");
    EXPECT_DEATH(
        bench.port.member_changed(bench.now, bench.wall, change(Kind::joined, Status::alive)),
        "outbox_");
}

}  // namespace
}  // namespace grapevine::overlay
